"""A venue that only journals and takes what staff commands, run beside the command line under test."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, TypeVar

import pytest
from sqlalchemy import update

from backoffice.database import Database
from backoffice.database.database import address_of
from backoffice.projector.source import identity_of
from backoffice.projector.tables import Position
from engine.commands import AnyCommand
from engine.control import SOCKET
from engine.control_server import ControlServer
from engine.events import AnyEvent
from engine.exchange import Exchange
from engine.journal import Journal, JournalReader
from engine.recovery import JOURNAL
from engine.sequencer import Sequencer
from tests.backoffice.cli.command_line import DEADLINE_S, SANDBOX, error_line, fondaco_here
from tests.backoffice.cli.conftest import COMMANDS

T = TypeVar("T")


class CommandedVenue:
    """The venue on a loop of its own, and the command line that commands it."""

    def __init__(self, directory: Path) -> None:
        self.data = directory / "data"
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)

    def start(self) -> None:
        self._thread.start()
        self._run(self._start())
        for command in COMMANDS:
            self.apply(command)

    def stop(self) -> None:
        self._run(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def apply(self, command: AnyCommand) -> list[AnyEvent]:
        """Have a command carried out that does not come over control."""
        return self._run(self._apply(command))

    def be_followed(self, database_url: str) -> None:
        """Let this be the venue that a database has followed."""
        first = next(JournalReader(self.data / JOURNAL).frames())

        async def put() -> None:
            async with Database(address_of(database_url, self.data)) as database, database.writing() as session:
                await session.execute(update(Position).values(journal=identity_of(first)))

        asyncio.run(put())

    def fondaco(self, *arguments: object) -> str:
        """Return what a command of `fondaco venue` prints, which must succeed."""
        finished = self.run("venue", *arguments)
        assert (finished.returncode, finished.stderr) == (0, ""), finished
        return finished.stdout

    def refusal(self, *arguments: object) -> str:
        """Return the one line with which a command of `fondaco venue` fails."""
        return error_line(self.run("venue", *arguments))

    def run(self, *arguments: object) -> CompletedProcess[str]:
        """Run a command on this venue."""
        return fondaco_here(*arguments, "--config", SANDBOX, "--data", self.data)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(DEADLINE_S)

    async def _start(self) -> None:
        self.sequencer = Sequencer(Exchange(), Journal(self.data / JOURNAL))
        self.control = ControlServer(self.sequencer, self.data / SOCKET)
        self.sequencer.on_commit = self.control.committed
        self.sequencer.start()
        await self.control.start()

    async def _stop(self) -> None:
        await self.control.stop()
        await self.sequencer.stop()
        self.sequencer.journal.close()

    async def _apply(self, command: AnyCommand) -> list[AnyEvent]:
        self.sequencer.begin_batch()
        events = self.sequencer.submit(command)
        await self.sequencer.flushed()
        return events


@contextmanager
def commanded_venue(directory: Path) -> Iterator[CommandedVenue]:
    """Run a venue whose files are in `data` there."""
    venue = CommandedVenue(directory)
    venue.start()
    try:
        yield venue
    finally:
        venue.stop()


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[CommandedVenue]:
    with commanded_venue(tmp_path) as venue:
        yield venue
