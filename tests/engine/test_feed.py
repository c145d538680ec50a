import asyncio
import hashlib
import logging
import os
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.errors import FeedError, SocketError
from engine.exchange import Exchange
from engine.feed import CHUNK_BYTES, HELLO, NAME_BYTES, NAMED_HELLO, Follower, follow, follow_frames
from engine.feed_server import FeedServer
from engine.frames import Record, encode_frame, encode_value
from engine.journal import MAGIC, Journal, JournalReader
from engine.overview import FollowerShown
from engine.recovery import recover
from engine.sequencer import Sequencer
from tests.engine.builders import add_asset
from tests.engine.slow_disk import SlowDisk
from tests.engine.waiting import PATIENCE_S, turns, until
from tests.engine.workload import tape


class FeedingVenue:
    """A venue that only journals and feeds."""

    def __init__(self, data: Path, journal: Journal) -> None:
        self.journal = journal
        recovered = recover(data)
        self.journal.open_at(recovered.sequence, recovered.last_segment, recovered.end_offset)
        self.sequencer = Sequencer(recovered.exchange, self.journal)
        self.path = data / "feed.sock"
        self.feed = FeedServer(self.sequencer, self.path)
        self.sequencer.on_commit = self.feed.committed

    async def start(self) -> None:
        self.sequencer.start()
        await self.feed.start()

    async def stop(self) -> None:
        await self.feed.stop()
        await self.sequencer.stop()
        self.journal.close()

    async def trade(self, records: int) -> None:
        """Commit as many records, in batches of different sizes."""
        for number in range(records):
            self.sequencer.submit(add_asset(f"A{self.sequencer.sequence + 1}"))
            if number % 7 == 0:
                await asyncio.sleep(0)
            if number % 30 == 0:
                await self.sequencer.flushed()
        await self.sequencer.flushed()


@asynccontextmanager
async def feeding(data: Path, *, segment_bytes: int = 64 * 1024 * 1024) -> AsyncIterator[FeedingVenue]:
    venue = FeedingVenue(data, Journal(data / "journal", segment_bytes=segment_bytes))
    await venue.start()
    try:
        yield venue
    finally:
        await venue.stop()


@pytest.fixture
async def venue(tmp_path: Path) -> AsyncIterator[FeedingVenue]:
    async with feeding(tmp_path) as venue:
        yield venue


async def take(path: Path, first: int, last: int, *, reconnect: bool = True) -> list[Record]:
    """Follow from one record through another."""
    records: list[Record] = []
    async with asyncio.timeout(PATIENCE_S), aclosing(follow(path, first, reconnect=reconnect)) as feed:
        async for record in feed:
            records.append(record)
            if record.sequence == last:
                break
    return records


def sequences(records: list[Record]) -> list[int]:
    return [record.sequence for record in records]


# ---------------------------------------------------------------------------------------------------- follow


@pytest.mark.parametrize("first", (1, 2, 99, 100))
async def test_follower_gets_history_from_any_record_on(venue: FeedingVenue, first: int) -> None:
    await venue.trade(100)
    records = await take(venue.path, first, 100)
    assert records == list(JournalReader(venue.journal.directory).records(first))
    assert sequences(records) == list(range(first, 101))


async def test_follower_gets_history_and_then_what_is_committed(venue: FeedingVenue) -> None:
    await venue.trade(50)
    following = asyncio.create_task(take(venue.path, 20, 300))
    await until(lambda: venue.feed.followers)
    await venue.trade(250)
    assert sequences(await following) == list(range(20, 301))


async def test_follower_of_an_empty_venue_waits_for_its_first_record(venue: FeedingVenue) -> None:
    following = asyncio.create_task(take(venue.path, 1, 3))
    await until(lambda: venue.feed.followers)
    await venue.trade(3)
    assert sequences(await following) == [1, 2, 3]


async def test_follower_that_has_everything_waits_for_the_next(venue: FeedingVenue) -> None:
    await venue.trade(10)
    following = asyncio.create_task(take(venue.path, 11, 12))
    await until(lambda: venue.feed.followers)
    await venue.trade(2)
    assert sequences(await following) == [11, 12]


async def test_a_named_follower_is_shown_with_what_it_has_taken_in(
    venue: FeedingVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.feed.TAKEN_EVERY_S", 0.0)
    await venue.trade(10)
    taken = [3]
    follower = Follower("books", lambda: taken[0])
    async with (
        asyncio.timeout(PATIENCE_S),
        aclosing(follow_frames(venue.path, 4, follower=follower)) as arrivals,
        aclosing(follow(venue.path, 11)) as unnamed,
    ):
        await anext(arrivals)
        following = asyncio.create_task(anext(unnamed))
        await until(lambda: len(venue.feed.followers) == 2)
        for taken[0] in (3, 7, 10):
            await until(lambda: venue.feed.shown() == (FollowerShown("books", taken[0]),))
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    await until(lambda: not venue.feed.followers)
    assert venue.feed.shown() == ()


async def test_a_record_is_taken_in_when_the_next_is_asked_for(
    venue: FeedingVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.feed.TAKEN_EVERY_S", 0.0)
    await venue.trade(5)
    async with asyncio.timeout(PATIENCE_S), aclosing(follow(venue.path, 1, name="tail")) as records:
        for sequence in range(1, 6):
            await anext(records)
            await until(lambda: venue.feed.shown() == (FollowerShown("tail", sequence - 1),))  # noqa: B023


async def test_what_a_follower_says_may_come_in_pieces(venue: FeedingVenue) -> None:
    await venue.trade(300)
    reader, writer = await asyncio.open_unix_connection(venue.path)
    said = NAMED_HELLO + struct.pack("<Q", 301) + b"slow".ljust(NAME_BYTES) + struct.pack("<QQ", 5, 299)
    for byte in said[:-3]:
        writer.write(bytes((byte,)))
        await writer.drain()
        await turns()
    assert await reader.readline() == b"OK 300\n"
    await until(lambda: venue.feed.shown() == (FollowerShown("slow", 5),))
    writer.write(said[-3:])
    await until(lambda: venue.feed.shown() == (FollowerShown("slow", 299),))
    writer.close()


async def test_who_has_what_is_not_there_is_hung_up_on(venue: FeedingVenue) -> None:
    await venue.trade(3)
    reader, writer = await asyncio.open_unix_connection(venue.path)
    writer.write(NAMED_HELLO + struct.pack("<Q", 4) + b"fast".ljust(NAME_BYTES))
    assert await reader.readline() == b"OK 3\n"
    writer.write(struct.pack("<Q", 4))
    with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
        await reader.readexactly(1)
    writer.close()


@pytest.mark.parametrize("name", (b" " * NAME_BYTES, b"\x1b[31m".ljust(NAME_BYTES), b"\xc3\xa4".ljust(NAME_BYTES)))
async def test_a_name_that_cannot_be_shown_is_refused(venue: FeedingVenue, name: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(venue.path)
    writer.write(NAMED_HELLO + struct.pack("<Q", 1) + name)
    assert await reader.read() == b"ERROR a follower's name is of printable ASCII\n"
    assert venue.feed.shown() == ()
    writer.close()


async def test_many_followers_get_the_same_across_segments(tmp_path: Path) -> None:
    async with feeding(tmp_path, segment_bytes=1_000) as venue:
        await venue.trade(100)
        following = [asyncio.create_task(take(venue.path, first, 400)) for first in (1, 30, 99, 101)]
        await venue.trade(300)
        for task, first in zip(following, (1, 30, 99, 101), strict=True):
            assert sequences(await task) == list(range(first, 401))
        assert len(JournalReader(venue.journal.directory).segments()) > 5


async def test_nothing_is_fed_before_it_is_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SlowDisk(monkeypatch)
    async with feeding(tmp_path) as venue:
        venue.sequencer.submit(add_asset("A1"))
        following = asyncio.create_task(take(venue.path, 1, 1))
        await until(lambda: disk.written and venue.feed.followers)
        await turns()
        assert not following.done()
        disk.be_fast()
        assert sequences(await following) == [1]


async def test_records_of_any_size_are_fed(venue: FeedingVenue) -> None:
    for number, size in enumerate((1, CHUNK_BYTES - 100, CHUNK_BYTES + 1, 5 * CHUNK_BYTES, 1)):
        venue.sequencer.submit(add_asset(f"{number}" * size, 99))
    await venue.sequencer.flushed()
    records = await take(venue.path, 1, 5)
    assert records == list(JournalReader(venue.journal.directory).records())


async def test_follower_in_another_process_gets_every_byte(tmp_path: Path) -> None:
    async with feeding(tmp_path, segment_bytes=100_000) as venue:
        following = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.engine.follower",
            str(venue.path),
            "1",
            "3000",
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        for number, command in enumerate(tape(seed=3, length=3_000)):
            venue.sequencer.submit(command)
            if number % 20 == 0:
                await asyncio.sleep(0)
        await venue.sequencer.flushed()
        async with asyncio.timeout(PATIENCE_S):
            output, _ = await following.communicate()
        digest = hashlib.sha256()
        for record in JournalReader(venue.journal.directory).records():
            digest.update(encode_value(record))
        assert output.decode().strip() == digest.hexdigest()


# ---------------------------------------------------------------------------------------------------- restart


async def test_follower_misses_nothing_when_the_venue_restarts(tmp_path: Path) -> None:
    received: list[int] = []

    async def follow_for_ever() -> None:
        async for record in follow(tmp_path / "feed.sock"):
            received.append(record.sequence)  # noqa: PERF401 - it never ends

    following = asyncio.create_task(follow_for_ever())
    for expected in (40, 0, 120):  # The second time the venue may be gone before the follower has anything.
        async with feeding(tmp_path, segment_bytes=2_000) as venue:
            await venue.trade(40)
            await until(lambda: len(received) >= expected)  # noqa: B023 - it is called at once
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert received == list(range(1, 121))


async def test_follower_that_restarts_goes_on_with_the_next_record(venue: FeedingVenue) -> None:
    await venue.trade(100)
    received: list[int] = []
    for last in (1, 7, 50, 100):
        received += sequences(await take(venue.path, len(received) + 1, last))
    assert received == list(range(1, 101))
    await until(lambda: not venue.feed.followers)


async def test_without_reconnect_a_broken_connection_is_an_error(venue: FeedingVenue) -> None:
    await venue.trade(5)
    following = asyncio.create_task(take(venue.path, 1, 99, reconnect=False))
    await until(lambda: venue.feed.followers)
    await venue.feed.stop()
    with pytest.raises(FeedError, match=r"feed.sock: the feed broke off before record \d"):
        await following


async def test_stop_is_silent(venue: FeedingVenue, caplog: pytest.LogCaptureFixture) -> None:
    """Found by reading: tasks cancelled within asyncio's streams left a traceback in the log at each stop."""
    seen: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context))
    await venue.trade(5)
    following = asyncio.create_task(take(venue.path, 1, 99))
    strangers = [socket.socket(socket.AF_UNIX) for _ in range(2)]
    for stranger in strangers:
        stranger.connect(str(venue.path))
    await until(lambda: len(venue.feed.followers) == 3)
    with caplog.at_level(logging.DEBUG, logger="asyncio"):
        await venue.feed.stop()
        await turns()
    assert not venue.path.exists()
    assert not venue.feed.followers
    assert seen == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    following.cancel()
    for stranger in strangers:
        stranger.close()
    await venue.feed.stop()


# ------------------------------------------------------------------------------------------- slow and strange


async def test_slow_follower_costs_no_memory_and_gets_everything(tmp_path: Path) -> None:
    async with feeding(tmp_path, segment_bytes=1_000_000) as venue:
        reader, writer = await asyncio.open_unix_connection(venue.path, limit=1)
        writer.write(HELLO + struct.pack("<Q", 1))
        assert await reader.readexactly(5) == b"OK 0\n"
        total = 40
        for number in range(total):  # 100 KB each, 4 MB in all
            venue.sequencer.submit(add_asset(str(number % 10) * 50_000, 99))
            await venue.sequencer.flushed()
            (follower,) = venue.feed.followers
            transport = follower._transport
            assert transport is not None
            assert transport.get_write_buffer_size() <= 3 * CHUNK_BYTES
        assert sequences(await take(venue.path, 1, total)) == list(range(1, total + 1)), "others are not held up"
        segments = JournalReader(venue.journal.directory).segments()
        expected = b"".join(segment.path.read_bytes().removeprefix(MAGIC) for segment in segments)
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.readexactly(len(expected)) == expected
        writer.close()


@pytest.mark.parametrize("first", (0, 102, 2**63))
async def test_record_that_is_not_there_is_refused_with_what_is(venue: FeedingVenue, first: int) -> None:
    await venue.trade(100)
    with pytest.raises(FeedError, match=f"asked for record {first}: the journal has records 1 to 100"):
        await take(venue.path, first, first)
    await until(lambda: not venue.feed.followers)


async def test_journal_taken_away_ends_the_connection_and_is_reported(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context))
    async with feeding(tmp_path) as venue:
        following = asyncio.create_task(take(venue.path, 1, 1, reconnect=False))
        await until(lambda: any(follower._following for follower in venue.feed.followers))
        venue.sequencer.on_commit = lambda: None
        await venue.trade(1)
        for segment in JournalReader(venue.journal.directory).segments():
            segment.path.unlink()
        for follower in list(venue.feed.followers):
            follower.send()
        with pytest.raises(FeedError, match="broke off before record 1"):
            await following
    assert [str(context["exception"]) for context in seen] == [f"{venue.journal.path} is gone"]


async def test_record_whose_segment_was_taken_away_is_refused(tmp_path: Path) -> None:
    async with feeding(tmp_path, segment_bytes=1_000) as venue:
        await venue.trade(100)
        JournalReader(venue.journal.directory).segments()[0].path.unlink()
        with pytest.raises(FeedError, match=r"asked for record 1: .* holds no record 1"):
            await take(venue.path, 1, 1)


@pytest.mark.parametrize(
    "hello", (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100, b"FONDACO FEED 2\n" + b"\0" * 8, HELLO + b"\1" + b"\0" * 8)
)
async def test_stranger_is_told_what_listens_here(venue: FeedingVenue, hello: bytes) -> None:
    await venue.trade(1)
    reader, writer = await asyncio.open_unix_connection(venue.path)
    writer.write(hello)
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.read() == b"ERROR this is the feed of a journal, and not what you say hello to\n"
    writer.close()
    await until(lambda: not venue.feed.followers)
    assert sequences(await take(venue.path, 1, 1)) == [1]


async def test_hello_may_come_in_pieces(venue: FeedingVenue) -> None:
    await venue.trade(1)
    reader, writer = await asyncio.open_unix_connection(venue.path)
    for byte in HELLO + struct.pack("<Q", 1):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0)
    assert await reader.readline() == b"OK %d\n" % venue.sequencer.committed
    writer.close()


async def test_follower_that_goes_on_talking_is_cut_off(venue: FeedingVenue) -> None:
    reader, writer = await asyncio.open_unix_connection(venue.path)
    writer.write(HELLO + struct.pack("<Q", 1))
    assert await reader.readline() == b"OK 0\n"
    writer.write(b"more")
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.read() == b""
    writer.close()


async def test_stranger_that_says_nothing_is_cut_off(venue: FeedingVenue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.feed_server._HELLO_S", 0.0)
    reader, writer = await asyncio.open_unix_connection(venue.path)
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.read() == b""
    writer.close()


async def test_follower_that_leaves_is_noticed_at_once(venue: FeedingVenue) -> None:
    """And not with the next commit, which may be hours away."""
    await venue.trade(1)
    await take(venue.path, 1, 1)
    await until(lambda: not venue.feed.followers)


async def test_journal_that_cannot_be_read_ends_the_connection_and_is_reported(
    venue: FeedingVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context))
    await venue.trade(1)
    following = asyncio.create_task(take(venue.path, 2, 2, reconnect=False))
    await until(lambda: any(follower._following for follower in venue.feed.followers))

    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("engine.feed_server.os.pread", fail)
        await venue.trade(1)
    with pytest.raises(FeedError, match="broke off before record 2"):
        await following
    assert [context["message"] for context in seen] == ["the feed cannot read the journal"]


# ------------------------------------------------------------------------------------------- the follower's side


@asynccontextmanager
async def answering(path: Path, answer: bytes) -> AsyncIterator[None]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(HELLO) + 8)
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, path)
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


FRAME = encode_frame(1, 0, encode_value((1, 1, add_asset("A1"), ())))


@pytest.mark.parametrize(
    ("answer", "says"),
    (
        (b"HTTP/1.1 400 Bad Request\r\n", "who listens here is not a feed"),
        (b"x" * 1_000_000, "who listens here is not a feed"),
        (b"ERROR no\n", "asked for record 1: no"),
        (b"OK 1\n" + FRAME[:-1] + b"?", "the frame of record 1 is damaged"),
        (b"OK 1\n" + b"\xff" * 100, "the frame of record 1 is damaged"),
        (b"OK 1\n" + encode_frame(2, 0, b"payload"), "the frame of record 1 is damaged or out of order"),
        (b"OK 1\n" + encode_frame(1, 0, b"\x94\x01\x02\x03\x04"), "record 1 is not one that this version knows"),
        (b"OK 1\n" + FRAME, "broke off before record 2"),
        (b"OK 1\n" + FRAME[:-1], "broke off before record 1"),
        (b"OK 1", "broke off before record 1"),
    ),
)
async def test_follower_trusts_nothing(tmp_path: Path, answer: bytes, says: str) -> None:
    async with answering(tmp_path / "s", answer):
        with pytest.raises(FeedError, match=says):
            await take(tmp_path / "s", 1, 99, reconnect=False)


async def test_follower_waits_for_a_venue_that_is_not_there_yet(tmp_path: Path) -> None:
    following = asyncio.create_task(take(tmp_path / "feed.sock", 1, 2))
    await asyncio.sleep(0)
    async with feeding(tmp_path) as venue:
        await venue.trade(2)
        assert sequences(await following) == [1, 2]


async def test_follower_is_told_first_how_far_the_record_goes(venue: FeedingVenue) -> None:
    await venue.trade(3)
    async with asyncio.timeout(PATIENCE_S), aclosing(follow_frames(venue.path, 2)) as arrivals:
        assert await anext(arrivals) == ([], venue.sequencer.committed)
        arrived = await anext(arrivals)
    assert [frame.sequence for frame in arrived.frames] == list(range(2, venue.sequencer.committed + 1))


async def test_without_reconnect_an_absent_venue_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="broke off before record 1"):
        await take(tmp_path / "feed.sock", 1, 2, reconnect=False)


# ----------------------------------------------------------------------------------------------------- socket


async def test_path_too_long_for_a_socket_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / ("x" * (108 - len(os.fsencode(tmp_path)) - 1))
    assert len(os.fsencode(path)) == 108
    journal = Journal(tmp_path / "journal")
    feed = FeedServer(Sequencer(Exchange(), journal), path)
    with pytest.raises(SocketError, match="longer than the 107 bytes that a Unix socket's path may have"):
        await feed.start()
    with pytest.raises(SocketError, match="longer than the 107 bytes"):
        await take(path, 1, 1)
    await feed.stop()
    journal.close()


async def test_longest_path_of_a_socket_is_used(tmp_path: Path) -> None:
    async with feeding(tmp_path) as venue:
        feed = FeedServer(venue.sequencer, tmp_path / ("x" * (107 - len(os.fsencode(tmp_path)) - 1)))
        await feed.start()
        await venue.trade(1)
        assert sequences(await take(feed.path, 1, 1)) == [1]
        await feed.stop()


async def test_socket_left_behind_is_replaced_and_anything_else_is_not(tmp_path: Path) -> None:
    path = tmp_path / "feed.sock"
    left_behind = socket.socket(socket.AF_UNIX)
    left_behind.bind(str(path))
    left_behind.close()
    async with feeding(tmp_path) as venue:
        await venue.trade(1)
        assert sequences(await take(path, 1, 1)) == [1]
    path.write_text("precious")
    with pytest.raises(SocketError, match="something else is there; take it away"):
        async with feeding(tmp_path):
            pass
    assert path.read_text() == "precious"


async def test_only_our_own_user_may_connect(venue: FeedingVenue) -> None:
    assert venue.path.stat().st_mode & 0o777 == 0o600


async def test_directory_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    with pytest.raises(SocketError, match="cannot listen here"):
        await FeedServer(Sequencer(Exchange(), journal), tmp_path / "none" / "feed.sock").start()
    journal.close()


def test_feed_runs_on_uvloop_too(tmp_path: Path) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def scenario() -> None:
        async with feeding(tmp_path, segment_bytes=2_000) as venue:
            await venue.trade(100)
            following = asyncio.create_task(take(venue.path, 1, 200))
            await until(lambda: venue.feed.followers)
            await venue.trade(100)
            assert sequences(await following) == list(range(1, 201))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario())
