"""Snapshots over the feed: a follower begins with one and goes on from there, and takes none that it cannot use."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from engine import feed as feed_module
from engine.errors import FeedError
from engine.exchange import Exchange
from engine.feed import SEQUENCE, SNAPSHOT_HELLO, newest_snapshot
from engine.images import StateImage
from engine.snapshot import capture, restore, snapshots, state_hash, write_snapshot
from tests.engine.test_feed import FeedingVenue, feeding
from tests.engine.waiting import PATIENCE_S, turns, until

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def venue(tmp_path: Path) -> AsyncIterator[FeedingVenue]:
    async with feeding(tmp_path) as venue:
        yield venue


async def newest(path: Path, told: list[str] | None = None) -> StateImage | None:
    async with asyncio.timeout(PATIENCE_S):
        return await newest_snapshot(path, tell=None if told is None else told.append)


def save(venue: FeedingVenue) -> Path:
    """Write a snapshot of the venue as it stands."""
    sequencer = venue.sequencer
    return write_snapshot(venue.feed.snapshots, sequencer.exchange.state, sequencer.sequence)


def open_snapshots() -> list[str]:
    """Return the snapshot files that this process has open."""
    found = []
    for file in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(str(file.readlink()).removesuffix(" (deleted)"))
    return [path for path in found if path.endswith(".snapshot")]


@asynccontextmanager
async def somebody(path: Path, talk: Talk) -> AsyncIterator[None]:
    """Let somebody listen in place of the venue."""

    writers: list[asyncio.StreamWriter] = []

    async def heard(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await reader.readexactly(len(SNAPSHOT_HELLO) + SEQUENCE.size)
        with suppress(ConnectionError):
            await talk(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_unix_server(heard, path)
    try:
        yield
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await turns()


async def test_a_follower_begins_with_the_newest_snapshot(venue: FeedingVenue) -> None:
    await venue.trade(100)
    save(venue)
    await venue.trade(50)
    save(venue)
    image = await newest(venue.path)
    assert image is not None
    assert image.sequence == 150
    assert state_hash(restore(image), 150) == state_hash(venue.sequencer.exchange.state, 150)


async def test_a_venue_without_a_snapshot_says_so(venue: FeedingVenue) -> None:
    await venue.trade(10)
    assert await newest(venue.path) is None


async def test_a_snapshot_of_many_pieces_comes_whole(venue: FeedingVenue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.feed_server.CHUNK_BYTES", 100)
    monkeypatch.setattr("engine.feed.CHUNK_BYTES", 64)
    await venue.trade(100)
    save(venue)
    image = await newest(venue.path)
    assert image is not None
    assert image == capture(restore(image), 100)


async def test_a_damaged_snapshot_is_told_and_the_one_before_it_taken(venue: FeedingVenue) -> None:
    await venue.trade(10)
    save(venue)
    await venue.trade(10)
    path = save(venue)
    path.write_bytes(path.read_bytes()[:-1])
    told: list[str] = []
    image = await newest(venue.path, told)
    assert image is not None
    assert image.sequence == 10
    assert [text.endswith("feed.sock: snapshot 20: damaged, or of another version") for text in told] == [True]
    (only,) = [each for each in snapshots(venue.feed.snapshots) if each != path]
    only.write_bytes(b"")
    assert await newest(venue.path, told) is None


async def test_no_snapshot_is_sent_of_what_is_not_committed(venue: FeedingVenue) -> None:
    """It could not be followed from: nothing is fed of what is not committed."""
    await venue.trade(10)
    save(venue)
    write_snapshot(venue.feed.snapshots, Exchange().state, 11)
    image = await newest(venue.path)
    assert image is not None
    assert image.sequence == 10


async def test_no_snapshot_is_sent_that_no_follower_takes(venue: FeedingVenue, monkeypatch: pytest.MonkeyPatch) -> None:
    await venue.trade(10)
    save(venue)
    monkeypatch.setattr("engine.feed_server.SNAPSHOT_BYTES_MAX", 10)
    assert await newest(venue.path) is None
    assert open_snapshots() == []


async def test_a_snapshot_that_is_deleted_while_it_is_sent_comes_whole(
    venue: FeedingVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.feed_server.CHUNK_BYTES", 100)
    await venue.trade(3_000)
    path = save(venue)
    reader, writer = await asyncio.open_unix_connection(venue.path, limit=100)
    writer.write(SNAPSHOT_HELLO + SEQUENCE.pack(3_000))
    size = int((await reader.readline()).split()[2])
    path.unlink()
    async with asyncio.timeout(PATIENCE_S):
        assert len(await reader.read(-1)) == size > 10_000
    writer.transport.abort()
    await until(lambda: not venue.feed.followers)
    assert open_snapshots() == []


async def test_who_says_more_than_the_hello_is_hung_up_on(venue: FeedingVenue) -> None:
    await venue.trade(10)
    reader, writer = await asyncio.open_unix_connection(venue.path)
    writer.write(SNAPSHOT_HELLO + SEQUENCE.pack(10) + b"more")
    async with asyncio.timeout(PATIENCE_S):
        assert (await reader.readline()).startswith(b"ERROR this is the feed of a journal")
    writer.transport.abort()


@pytest.mark.parametrize(
    ("answer", "why"),
    (
        (b"SNAPSHOT 5 99999999999999\n", "offers a snapshot of record 5 with 99999999999999 bytes, which cannot be"),
        (b"SNAPSHOT 5 0\n", "offers a snapshot of record 5 with 0 bytes, which cannot be"),
        (b"SNAPSHOT 0 5\n", "offers a snapshot of record 0 with 5 bytes, which cannot be"),
        (b"SNAPSHOT five\n", "who listens here is not a feed"),
        (b"x" * 300_000 + b"\n", "who listens here is not a feed"),
        (b"ERROR not today\n", "asked for a snapshot: not today"),
    ),
)
async def test_an_answer_that_cannot_be_is_not_taken(tmp_path: Path, answer: bytes, why: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await reader.read()

    async with somebody(tmp_path / "feed.sock", talk):
        with pytest.raises(FeedError, match=why):
            await newest(tmp_path / "feed.sock")


async def test_the_same_damaged_snapshot_offered_again_is_not_taken_again(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SNAPSHOT 5 3\nabc")
        await reader.read()

    async with somebody(tmp_path / "feed.sock", talk):
        with pytest.raises(FeedError, match="offers a snapshot of record 5"):
            await newest(tmp_path / "feed.sock", [])


async def test_a_snapshot_that_breaks_off_is_asked_for_again(venue: FeedingVenue, tmp_path: Path) -> None:
    await venue.trade(10)
    data = save(venue).read_bytes()
    times = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal times
        times += 1
        writer.write(b"SNAPSHOT 10 %d\n" % len(data))
        writer.write(data if times == 3 else data[:-times])
        await writer.drain()

    told: list[str] = []
    async with somebody(tmp_path / "other.sock", talk):
        image = await newest(tmp_path / "other.sock", told)
    assert image is not None
    assert (image.sequence, times) == (10, 3)
    assert told == [f"{tmp_path}/other.sock: it hung up"] * 2


async def test_a_snapshot_that_stops_coming_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "ANSWER_S", 0.01)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SNAPSHOT 10 1000\nabc")
        await reader.read()

    told: list[str] = []
    async with somebody(tmp_path / "feed.sock", talk):
        asking = asyncio.create_task(newest(tmp_path / "feed.sock", told))
        await until(lambda: told)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    assert told[0].endswith("feed.sock: no answer in time")


async def test_so_many_followers_are_served_and_no_more(venue: FeedingVenue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.feed_server.FOLLOWERS_MAX", 2)
    kept = [await asyncio.open_unix_connection(venue.path) for _ in range(2)]
    await until(lambda: len(venue.feed.followers) == 2)
    with pytest.raises(FeedError, match="2 followers are there already"):
        await newest(venue.path)
    for _, writer in kept:
        writer.transport.abort()
    await until(lambda: not venue.feed.followers)
    assert await newest(venue.path) is None
