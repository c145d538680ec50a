"""The back office's process: what it does all the time, side by side on one loop.

async def task(stop: asyncio.Event) -> None: ...        # one of them: until `stop` is set, then it returns soon

A task that finds the database locked, full or away is begun again after a while, as often as it takes: whatever it did
is in the database or has not happened. Whatever else goes wrong ends the process, and with it the others.
"""

import asyncio
import fcntl
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

import structlog

from backoffice.database import Database
from backoffice.database.database import address_of, shown
from backoffice.database.migrating import check, upgrade, version_of
from backoffice.errors import BackOfficeError, Conflict, DatabaseFault
from backoffice.projector.following import Following
from config.settings import BackOffice
from engine.errors import EngineError
from engine.remote import Source

LOCK: Final = "backoffice.lock"
AGAIN_S: Final = 1.0
"""After how long a task is begun again."""

Task: TypeAlias = Callable[[asyncio.Event], Awaitable[None]]

_log = structlog.get_logger("back-office")


async def work(settings: BackOffice, data: Path, feed: Source, stop: asyncio.Event) -> None:
    """Do all that the back office of a venue does, until `stop` is set. It keeps its own files under `data`.

    A database that is empty is made first. Raise a `BackOfficeError` or `EngineError` if it cannot go on.
    """
    address = address_of(settings.database, data)
    with _alone(data):
        await _work(Database(address), data, feed, stop)
    _log.info("back office stopped")


async def _work(database: Database, data: Path, feed: Source, stop: asyncio.Event) -> None:
    async with database:
        if await version_of(database) is None:
            await upgrade(database)
            _log.info("a new database", database=shown(database.address))
        await check(database)
        await side_by_side({"projector": Following(database, feed, data).run}, stop)


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Let no other back office work with these files, on this machine. Others are held off by the database."""
    lock = os.open(data / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Conflict(f"{data / LOCK}: another back office is at work here; one is enough") from error
    else:
        yield
    finally:
        os.close(lock)


async def side_by_side(tasks: Mapping[str, Task], stop: asyncio.Event) -> None:
    """Run tasks until `stop` is set, or one of them cannot go on: then stop the others, and raise what it raised."""
    running = [asyncio.create_task(_keep_running(name, task, stop)) for name, task in tasks.items()]
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        stop.set()
        await asyncio.gather(*running, return_exceptions=True)
    for each in running:
        each.result()


async def _keep_running(name: str, task: Task, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await task(stop)
        except DatabaseFault as error:
            _log.error("the database fails; trying again", task=name, reason=str(error))
            await _either(stop.wait(), asyncio.sleep(AGAIN_S))
        except (BackOfficeError, EngineError) as error:
            _log.critical("cannot go on; stopping", task=name, reason=str(error))
            raise


async def _either(*awaited: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(each) for each in awaited]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
