"""Where the records come from: history from the journal's files where they are at hand, what is new from the feed.

The files may hold more than is committed, which a power cut could take back; so they are read as far only as the feed
says. Which journal it is, its first record tells: a database that followed one journal must never follow another.
"""

import hashlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.errors import Conflict, NotFound
from backoffice.projector.tables import Position
from engine.errors import FeedError
from engine.feed import Arrived, Follower, follow_frames
from engine.frames import Frame, encode_frame
from engine.journal import JournalReader
from engine.recovery import JOURNAL
from engine.remote import Source

NAME: Final = "back office"
HISTORY: Final = 20_000
"""Who is so many records behind reads them from the files."""
_log = structlog.get_logger("projector")


async def arrivals(feed: Source, data: Path, from_sequence: int, taken: Callable[[], int]) -> AsyncGenerator[Arrived]:
    """Yield the frames from `from_sequence` on, together as they come; of a venue on this host, whose files are there.

    `taken` returns what the venue is told, the last record that is in the database.

    First comes none, when the venue has answered. A connection that breaks is made again. It ends when so much is
    missing that the files are to be read; the last that came says how far. Raise an `EngineError` if the record cannot
    be followed.
    """
    sequence = from_sequence
    async with aclosing(follow_frames(feed, sequence, tell=_tell, follower=Follower(NAME, taken))) as following:
        async for arrived in following:
            yield arrived
            if arrived.frames:
                sequence = arrived.frames[-1].sequence + 1
            if arrived.committed - sequence > HISTORY and isinstance(feed, Path) and (data / JOURNAL).is_dir():
                return


async def identity(feed: Source) -> str:
    """Return what tells this journal from all others: the hash of its first record. Wait until there is one."""
    async with aclosing(follow_frames(feed, 1, tell=_tell)) as following:
        async for arrived in following:
            if arrived.frames:
                return identity_of(arrived.frames[0])
    raise FeedError(f"{feed}: ended")


def check_files(data: Path, position: Position) -> None:
    """Raise `NotFound` if a data directory has no journal, `Conflict` if another than a database has followed."""
    first = next(JournalReader(data / JOURNAL).frames(), None)
    if first is None:
        raise NotFound(f"{data}: has no journal; name the directory of the venue's files, on its host")
    if identity_of(first) != position.journal:
        raise Conflict(f"{data}: holds another journal than the one that the database has followed")


async def check_at_hand(session: AsyncSession, data: Path) -> None:
    """Do as `check_files` where a journal is at hand and the database has followed one: a venue may be elsewhere."""
    position = (await session.scalars(select(Position))).one_or_none()
    if position is not None and (data / JOURNAL).is_dir():
        check_files(data, position)


def identity_of(first: Frame) -> str:
    """Return the identity of the journal with this first record."""
    assert first.sequence == 1, "another one tells nothing"
    return hashlib.sha256(encode_frame(first.sequence, first.durable, first.payload)).hexdigest()


def _tell(reason: str) -> None:
    _log.debug("waiting for the venue", reason=reason)
