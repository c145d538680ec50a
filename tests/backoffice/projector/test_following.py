"""The projector follows a venue: from its files, then from its feed, over breaks of either side."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from backoffice.database import Database
from backoffice.errors import Conflict
from backoffice.projector import source
from backoffice.projector.following import Following
from backoffice.projector.tables import OrderRow, Position, TradeRow
from engine.feed_server import FeedServer
from engine.journal import Journal
from engine.recovery import JOURNAL, recover
from engine.sequencer import Sequencer
from tests.backoffice.projector.journaled import Journaled, journal
from tests.engine.waiting import PATIENCE_S

FEED = "feed.sock"


@asynccontextmanager
async def feeding(data: Path) -> AsyncIterator[None]:
    """Serve the feed of the journal in a data directory."""
    writer = Journal(data / JOURNAL)
    recovered = recover(data)
    writer.open_at(recovered.sequence, recovered.last_segment, recovered.end_offset)
    feed = FeedServer(Sequencer(recovered.exchange, writer), data / FEED)
    await feed.start()
    try:
        yield
    finally:
        await feed.stop()
        writer.close()


@asynccontextmanager
async def following(database: Database, data: Path) -> AsyncIterator[Following]:
    """Follow while the block runs, and stop as the back office does."""
    stop = asyncio.Event()
    follower = Following(database, data / FEED, data)
    running = asyncio.create_task(follower.run(stop))
    try:
        yield follower
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE_S):
            await running


async def counted(database: Database) -> tuple[int, int, int]:
    async with database.reading() as session:
        sequence = await session.scalar(select(Position.sequence)) or 0
        orders = await session.scalar(select(func.count()).select_from(OrderRow)) or 0
        return sequence, orders, await session.scalar(select(func.count()).select_from(TradeRow)) or 0


@pytest.fixture(scope="module")
def journaled() -> Journaled:
    return Journaled(seed=6, length=1_000)


@pytest.mark.parametrize("history", (100, 10**6), ids=("from the files", "from the feed"))
async def test_all_that_is_committed_comes_into_the_database(
    database: Database, tmp_path: Path, journaled: Journaled, history: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "HISTORY", history)
    journal(tmp_path, journaled)
    async with feeding(tmp_path), following(database, tmp_path) as follower, asyncio.timeout(PATIENCE_S):
        await follower.is_up_to_date.wait()
    state = journaled.state
    assert await counted(database) == (len(journaled.payloads), state.last_order_id, state.last_trade_id)


async def test_after_a_stop_it_goes_on_where_the_database_stands(
    database: Database, tmp_path: Path, journaled: Journaled
) -> None:
    middle = len(journaled.payloads) // 2
    journal(tmp_path, journaled, last=middle)
    for first in (0, middle + 1):
        if first:
            journal(tmp_path, journaled, first=first)
        async with feeding(tmp_path), following(database, tmp_path) as follower, asyncio.timeout(PATIENCE_S):
            await follower.is_up_to_date.wait()
    state = journaled.state
    assert await counted(database) == (len(journaled.payloads), state.last_order_id, state.last_trade_id)


async def test_it_waits_for_a_venue_that_is_not_there_yet(
    database: Database, tmp_path: Path, journaled: Journaled
) -> None:
    async with following(database, tmp_path) as follower, asyncio.timeout(PATIENCE_S):
        await asyncio.sleep(0)
        journal(tmp_path, journaled)
        async with feeding(tmp_path):
            await follower.is_up_to_date.wait()
    assert (await counted(database))[0] == len(journaled.payloads)


async def test_it_stops_while_it_waits_for_a_venue(database: Database, tmp_path: Path) -> None:
    async with following(database, tmp_path):
        await asyncio.sleep(0)
    assert await counted(database) == (0, 0, 0)


async def test_a_journal_that_took_another_course_is_refused(
    database: Database, tmp_path: Path, journaled: Journaled
) -> None:
    """As after a backup was restored, and the venue went on from it."""
    common = 400
    (tmp_path / "one").mkdir()
    journal(tmp_path / "one", journaled)
    async with (
        feeding(tmp_path / "one"),
        following(database, tmp_path / "one") as follower,
        asyncio.timeout(PATIENCE_S),
    ):
        await follower.is_up_to_date.wait()
    other = Journaled(seed=6, length=3_000, diverging_at=common)
    (tmp_path / "other").mkdir()
    journal(tmp_path / "other", other)
    async with feeding(tmp_path / "other"), asyncio.timeout(PATIENCE_S):
        with pytest.raises(Conflict, match="another one than the database has followed"):
            await Following(database, tmp_path / "other" / FEED, tmp_path / "other").run(asyncio.Event())
