"""Follows the venue: brings the database up to date, and keeps it so until it is told to stop.

Who is far behind catches up from the journal's files first. Then two tasks take turns: one reads what comes, and waits
when enough has; the other writes all that is there as one batch.
"""

import asyncio
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from backoffice.database import Database
from backoffice.errors import Conflict
from backoffice.projector.batch import Batch
from backoffice.projector.catching_up import catch_up
from backoffice.projector.deriving import BATCH_RECORDS
from backoffice.projector.projector import Projector
from backoffice.projector.rows import Rows, decode_record
from backoffice.projector.source import arrivals, identity
from backoffice.times import SECOND_NS
from engine.feed import Arrived, unknown_record
from engine.frames import Frame
from engine.journal import JournalReader
from engine.recovery import JOURNAL
from engine.remote import Source

EVERY_S: Final = 0.1
"""What comes so soon after a batch waits for the next: each costs the disk a sync, and trading wants it too."""
LOG_EVERY_S: Final = 60.0
LATE_S: Final = 1.0
"""Whoever is so far behind the venue says so."""
_WAITING: Final = 8
"""So many arrivals at most wait while a batch is written."""

_log = structlog.get_logger("projector")


class Following:
    """How far the database is, while the venue is followed."""

    def __init__(self, database: Database, feed: Source, data: Path) -> None:
        """`data`: where the journal's files are, if the venue is on this host."""
        self.sequence = 0
        """The last record in the database."""
        self.lag_s = 0.0
        """How old the last record was when it was in the database."""
        self.is_up_to_date = asyncio.Event()
        """Set once all is in the database that was committed when it began."""
        self.is_certain = asyncio.Event()
        """Set once the database is known to follow this very venue."""
        self._database = database
        self._feed = feed
        self._data = data
        self._logged_at = 0.0
        self._waiting: asyncio.Queue[Arrived] = asyncio.Queue(_WAITING)

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until `stop` is set; the batch at hand is the last.

        Raise an `EngineError` or `BackOfficeError` if it cannot go on; what is in the database is sound all the same.
        """
        stopping = asyncio.create_task(stop.wait())
        opening = asyncio.create_task(self._open())
        tasks: list[asyncio.Task[Any]] = [stopping, opening]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            while opening.done() and not stop.is_set():
                projector = opening.result()
                reading = asyncio.create_task(self._read(projector))
                writing = asyncio.create_task(self._write(projector, reading, stop))
                tasks += [reading, writing]
                await asyncio.wait((reading, writing), return_when=asyncio.FIRST_COMPLETED)
                behind = reading.result() if reading.done() else 0
                await writing
                if behind and not stop.is_set():
                    await self._catch_up(projector, behind, stop)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        _log.info("stopped", sequence=self.sequence)

    async def _open(self) -> Projector:
        projector = await Projector.open(self._database, await identity(self._feed))
        self.sequence = projector.sequence
        if not projector.sequence:
            self.is_certain.set()
        _log.info("following the journal", sequence=projector.sequence)
        return projector

    async def _catch_up(self, projector: Projector, committed: int, stop: asyncio.Event) -> None:
        """Take in what the files have through the record `committed`."""
        journal = self._data / JOURNAL
        if projector.sequence:
            self._check(next(JournalReader(journal).frames(projector.sequence)), projector)
        async with aclosing(catch_up(projector, journal, committed)) as batches:
            async for batch in batches:
                self._note(batch)
                if stop.is_set():
                    return

    async def _read(self, projector: Projector) -> int:
        """Read what comes; end where the files have so much more that it is to be read there, and return how far."""
        # The record where the database stands comes again, and must be the one that it was.
        last, committed = projector.sequence, 0
        async with aclosing(arrivals(self._feed, self._data, max(last, 1), lambda: self.sequence)) as arriving:
            async for arrived in arriving:
                frames, committed = arrived.frames, arrived.committed
                if last and frames:
                    self._check(frames[0], projector)
                    last, frames = 0, frames[1:]
                await self._waiting.put(Arrived(frames, committed))
        return committed

    def _check(self, frame: Frame, projector: Projector) -> None:
        if decode_record(frame.payload).time_ns != projector.time_ns:
            raise Conflict(
                f"record {frame.sequence} is another one than the database has followed: the journal has gone back and "
                "taken another course; derive everything again, into an empty database"
            )
        self.is_certain.set()

    async def _write(self, projector: Projector, reading: asyncio.Task[int], stop: asyncio.Event) -> None:
        """Write what is read, until no more is, or `stop` is set."""
        waiting = self._waiting
        while not stop.is_set():
            try:
                async with asyncio.timeout(EVERY_S):
                    arrived = await waiting.get()
            except TimeoutError:
                if reading.done():
                    return
                continue
            rows = projector.rows()
            self._add(rows, arrived)
            while rows.records < BATCH_RECORDS and not waiting.empty():
                arrived = waiting.get_nowait()
                self._add(rows, arrived)
                await asyncio.sleep(0)
            if rows.records:
                batch = rows.batch()
                await projector.write(batch)
                self._note(batch)
            if self.sequence >= arrived.committed and not self.is_up_to_date.is_set():
                self.is_up_to_date.set()
                _log.info("up to date", sequence=self.sequence)
            if waiting.empty():
                await asyncio.sleep(EVERY_S)

    def _add(self, rows: Rows, arrived: Arrived) -> None:
        for frame in arrived.frames:
            try:
                record = decode_record(frame.payload)
            except msgspec.MsgspecError as error:
                raise unknown_record(self._feed, frame.sequence, error) from error
            rows.add(record)

    def _note(self, batch: Batch) -> None:
        """Take note that a batch is in the database; say how late it is, at times."""
        self.sequence = batch.sequence
        self.lag_s = (time.time_ns() - batch.time_ns) / SECOND_NS
        now = time.monotonic()
        is_late = self.is_up_to_date.is_set() and self.lag_s > LATE_S
        if now - self._logged_at > (LATE_S if is_late else LOG_EVERY_S):
            self._logged_at = now
            say = _log.warning if is_late else _log.info
            say("in the database", sequence=batch.sequence, records=batch.records, lag_s=round(self.lag_s, 3))
