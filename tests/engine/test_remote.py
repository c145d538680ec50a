"""The feed and control over TLS: real sockets, real certificates, and other sides that do not keep to anything."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from engine.commands import SetRules
from engine.control import Done, Failed, ask
from engine.control_server import ControlServer
from engine.errors import ControlError, FeedError
from engine.feed import CHUNK_BYTES, HELLO, SEQUENCE, follow, follow_frames
from engine.journal import MAGIC, JournalReader
from engine.remote import Place
from tests.engine.authorities import HOST, Authorities
from tests.engine.builders import SYMBOL, add_asset, add_instrument
from tests.engine.test_control import RULES
from tests.engine.test_feed import FeedingVenue, feeding, sequences
from tests.engine.waiting import PATIENCE_S, until

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class RemoteVenue:
    """A venue that feeds, and is controlled, over TLS too."""

    def __init__(self, venue: FeedingVenue, authorities: Authorities) -> None:
        self.inner = venue
        self.authorities = authorities
        self.noted: list[tuple[str, str, str]] = []
        venue.feed.note = self.note
        self.control = ControlServer(venue.sequencer, venue.path.with_name("control.sock"), note=self.note)
        self._servers: list[asyncio.Server] = []
        self.feed_port = self.control_port = 0

    def note(self, event: str, peer: str, reason: str) -> None:
        self.noted.append((event, peer, reason))

    async def start(self, *, fingerprints: frozenset[str] = frozenset(), certificate: str = "venue") -> None:
        venue = self.inner
        await self.control.start()
        venue.sequencer.on_commit = self._committed
        ports = []
        for make in (venue.feed.over_tls(fingerprints), self.control.over_tls(fingerprints)):
            server = await asyncio.get_running_loop().create_server(
                make, HOST, 0, ssl=self.authorities.venue(certificate)
            )
            self._servers.append(server)
            ports.append(server.sockets[0].getsockname()[1])
        self.feed_port, self.control_port = ports

    async def stop(self) -> None:
        for server in self._servers:
            server.close()
        await self.control.stop()

    def feed(self, name: str = "office", ca: str = "ca", host: str = HOST) -> Place:
        return self.authorities.place(self.feed_port, name, ca, host)

    async def ask(self, request: Any, name: str = "office", ca: str = "ca") -> Any:
        place = self.authorities.place(self.control_port, name, ca)
        return await asyncio.to_thread(ask, place, request, timeout_s=PATIENCE_S)

    def _committed(self) -> None:
        self.inner.feed.committed()
        self.control.committed()


@asynccontextmanager
async def remote_venue(
    data: Path, *, fingerprints: frozenset[str] = frozenset(), certificate: str = "venue"
) -> AsyncIterator[RemoteVenue]:
    async with feeding(data) as inner:
        venue = RemoteVenue(inner, Authorities(data))
        venue.authorities.issue("elsewhere", "", "venue.example", ca=venue.authorities.ca)
        await venue.start(fingerprints=fingerprints, certificate=certificate)
        try:
            yield venue
        finally:
            await venue.stop()


@pytest.fixture
async def venue(tmp_path: Path) -> AsyncIterator[RemoteVenue]:
    async with remote_venue(tmp_path) as venue:
        yield venue


async def take(source: Path | Place, first: int, last: int, *, reconnect: bool = False) -> list[int]:
    """Follow from one record through another, and return their sequences."""
    records = []
    async with asyncio.timeout(PATIENCE_S), aclosing(follow(source, first, reconnect=reconnect)) as feed:
        async for record in feed:
            records.append(record)
            if record.sequence == last:
                break
    return sequences(records)


@asynccontextmanager
async def somebody(talk: Talk, context: ssl.SSLContext | None) -> AsyncIterator[int]:
    """Let somebody listen who may not be the venue; yield the port."""

    async def heard(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(heard, HOST, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


# -------------------------------------------------------------------------------------------------- who is heard


async def test_a_follower_on_another_host_gets_history_and_what_comes(venue: RemoteVenue) -> None:
    await venue.inner.trade(50)
    following = asyncio.create_task(take(venue.feed(), 20, 300))
    await until(lambda: venue.inner.feed.followers)
    await venue.inner.trade(250)
    assert await following == list(range(20, 301))


async def test_control_puts_the_name_of_the_certificate_on_record_beside_who_asks(venue: RemoteVenue) -> None:
    for command in (add_asset("BTC", 3), add_asset("USD", 5), add_instrument()):
        venue.inner.sequencer.submit(command)
    done = await venue.ask(RULES)
    assert isinstance(done, Done)
    venue.authorities.issue("mira")
    assert isinstance(await venue.ask(RULES, "mira"), Done)
    reader = JournalReader(venue.inner.journal.directory)
    by = [record.command.by for record in reader.records(done.sequence) if hasattr(record.command, "by")]
    assert by == ["mira via office", "mira"]
    assert venue.inner.sequencer.exchange.state.books[SYMBOL].rules == RULES.rules


async def test_nobody_passes_for_another_ones_certificate(venue: RemoteVenue) -> None:
    for by, recorded in (("mira via desk", "mira via desk via office"), ("office", "office")):
        done = await venue.ask(replace(RULES, by=by))
        assert isinstance(done, Done)
        (record,) = JournalReader(venue.inner.journal.directory).records(done.sequence)
        assert isinstance(record.command, SetRules)
        assert record.command.by == recorded


async def test_who_asks_must_be_there_and_leave_room_for_the_certificates_name(venue: RemoteVenue) -> None:
    assert await venue.ask(replace(RULES, by=" ")) == Failed("who asks for it is missing")
    assert await venue.ask(replace(RULES, by="m" * 190)) == Failed(
        "by must be at most 200 printable characters of Latin-1"
    )


async def test_a_certificate_that_nobody_vouches_for_is_hung_up_on(venue: RemoteVenue) -> None:
    venue.authorities.issue("stranger", ca=venue.authorities.ca)
    with pytest.raises(FeedError, match="it hung up before it answered, as it does on a certificate that it does not"):
        await take(venue.feed("stranger"), 1, 1)
    with pytest.raises(ControlError, match="it hung up before it answered, as it does on a certificate that it does n"):
        await venue.ask(RULES, "stranger")
    assert venue.inner.sequencer.sequence == 0


async def test_who_shows_no_certificate_is_hung_up_on(venue: RemoteVenue) -> None:
    with pytest.raises(FeedError, match="it hung up before it answered"):
        await take(venue.feed(""), 1, 1)
    with pytest.raises(ControlError, match="it hung up before it answered"):
        await venue.ask(RULES, "")


async def test_a_venue_that_nobody_vouches_for_is_told_nothing(venue: RemoteVenue) -> None:
    with pytest.raises(FeedError, match="its certificate is not taken: "):
        await take(venue.feed(ca="peers"), 1, 1, reconnect=True)
    with pytest.raises(ControlError, match="its certificate is not taken: "):
        await venue.ask(RULES, ca="peers")


async def test_a_certificate_of_another_host_is_not_taken(tmp_path: Path) -> None:
    async with remote_venue(tmp_path, certificate="elsewhere") as venue:
        with pytest.raises(FeedError, match="its certificate is not taken: IP address mismatch"):
            await take(venue.feed(), 1, 1, reconnect=True)


async def test_pinned_certificates_are_heard_and_no_others(tmp_path: Path) -> None:
    authorities = Authorities(tmp_path)
    pinned = authorities.fingerprint("office")
    async with feeding(tmp_path) as inner:
        venue = RemoteVenue(inner, authorities)
        authorities.issue("other")
        await venue.start(fingerprints=frozenset((pinned,)))
        await inner.trade(3)
        assert await take(venue.feed(), 1, 3) == [1, 2, 3]
        with pytest.raises(FeedError, match="asked for record 1: the certificate is not one of those that may"):
            await take(venue.feed("other"), 1, 3)
        with pytest.raises(ControlError, match="the venue refuses: the certificate is not one of those that may"):
            await venue.ask(RULES, "other")
        assert venue.noted == [
            ("follower refused", "127.0.0.1 'other'", "the certificate is not one of those that may"),
            ("control refused", "127.0.0.1 'other'", "the certificate is not one of those that may"),
        ]
        await venue.stop()


@pytest.mark.parametrize("name", (None, " ", "Zoë", "a\nb"))
async def test_a_certificate_that_names_nobody_is_refused(venue: RemoteVenue, name: str | None) -> None:
    venue.authorities.issue("nobody", name)
    with pytest.raises(ControlError, match="the certificate has no common name in printable ASCII"):
        await venue.ask(RULES, "nobody")


async def test_a_plain_connection_is_not_heard(venue: RemoteVenue) -> None:
    reader, writer = await asyncio.open_connection(HOST, venue.feed_port)
    writer.write(HELLO + SEQUENCE.pack(1))
    async with asyncio.timeout(PATIENCE_S):
        try:
            heard = await reader.read()
        except ConnectionResetError:
            heard = b""
    assert b"OK" not in heard
    writer.transport.abort()
    assert venue.inner.feed.followers == set()


async def test_clients_from_other_hosts_take_no_place_of_those_on_this_one(venue: RemoteVenue) -> None:
    kept = [
        await asyncio.open_connection(HOST, venue.control_port, ssl=venue.authorities.peer()(), server_hostname=HOST)
        for _ in range(16)
    ]
    await until(lambda: len(venue.control.clients) == 16)
    with pytest.raises(ControlError, match="16 connections are there already"):
        await venue.ask(RULES)
    answer = await asyncio.to_thread(ask, venue.control.path, RULES, timeout_s=PATIENCE_S)
    assert isinstance(answer, Done)
    for _, writer in kept:
        writer.transport.abort()


# -------------------------------------------------------------------------- who does not keep to it, or is not there


async def test_a_hello_that_does_not_come_is_not_waited_for(
    venue: RemoteVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.feed_server._HELLO_S", 0.0)
    context = venue.authorities.peer()()
    reader, writer = await asyncio.open_connection(HOST, venue.feed_port, ssl=context, server_hostname=HOST)
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
    writer.transport.abort()
    assert venue.noted == [("follower refused", "127.0.0.1 'office'", "no hello in time")]


async def test_a_venue_that_is_not_there_is_told_of_and_waited_for(tmp_path: Path) -> None:
    authorities = Authorities(tmp_path)
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    told: list[str] = []
    frames = []

    async def wait_for_it() -> None:
        async with aclosing(follow_frames(authorities.place(port), 1, tell=told.append)) as arrivals:
            async for arrived in arrivals:
                frames.extend(arrived.frames)
                if len(frames) == 3:
                    return

    waiting = asyncio.create_task(wait_for_it())
    await until(lambda: told)
    assert told[0] == f"{HOST}:{port}: Connection refused"
    async with feeding(tmp_path) as venue:
        make = venue.feed.over_tls(frozenset())
        server = await asyncio.get_running_loop().create_server(make, HOST, port, ssl=authorities.venue())
        await venue.trade(3)
        async with asyncio.timeout(PATIENCE_S):
            await waiting
        server.close()
    assert [frame.sequence for frame in frames] == [1, 2, 3]


async def test_an_answer_that_does_not_come_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.feed.ANSWER_S", 0.01)
    authorities = Authorities(tmp_path)
    async with somebody(silent, authorities.venue()) as port:
        with pytest.raises(FeedError, match="no answer in time"):
            await take(authorities.place(port), 1, 1)
        with pytest.raises(ControlError, match="the venue does not listen: no answer in time"):
            await asyncio.to_thread(ask, authorities.place(port), RULES, timeout_s=0.5)


async def test_tls_that_is_not_agreed_on_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.remote.CONNECT_S", 0.1)
    authorities = Authorities(tmp_path)
    async with somebody(silent, None) as port:
        with pytest.raises(FeedError, match="no answer in time"):
            await take(authorities.place(port), 1, 1)
        with pytest.raises(ControlError, match="no connection to the venue's control: no answer in time"):
            await asyncio.to_thread(ask, authorities.place(port), RULES, timeout_s=PATIENCE_S)


async def test_who_speaks_no_tls_is_told_so(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await reader.read()

    authorities = Authorities(tmp_path)
    async with somebody(talk, None) as port:
        with pytest.raises(FeedError, match="no TLS: "):
            await take(authorities.place(port), 1, 1)


async def test_another_service_with_the_venues_certificate_is_told_from_it(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await reader.read()

    authorities = Authorities(tmp_path)
    async with somebody(talk, authorities.venue()) as port:
        with pytest.raises(FeedError, match="who listens here is not a feed"):
            await take(authorities.place(port), 1, 1)
        with pytest.raises(ControlError, match="who listens here is not a venue's control"):
            await asyncio.to_thread(ask, authorities.place(port), RULES, timeout_s=PATIENCE_S)


async def test_a_slow_follower_costs_no_memory_and_gets_everything(venue: RemoteVenue) -> None:
    context = venue.authorities.peer()()
    reader, writer = await asyncio.open_connection(HOST, venue.feed_port, limit=1, ssl=context, server_hostname=HOST)
    writer.write(HELLO + SEQUENCE.pack(1))
    assert await reader.readexactly(5) == b"OK 0\n"
    total = 80
    for number in range(total):  # 100 KB each, 8 MB in all
        venue.inner.sequencer.submit(add_asset(str(number % 10) * 50_000, 99))
        await venue.inner.sequencer.flushed()
        (follower,) = venue.inner.feed.followers
        assert follower._transport is not None
        assert follower._transport.get_write_buffer_size() <= 3 * CHUNK_BYTES
    assert await take(venue.inner.path, 1, total) == list(range(1, total + 1)), "others are not held up"
    segments = JournalReader(venue.inner.journal.directory).segments()
    expected = b"".join(segment.path.read_bytes().removeprefix(MAGIC) for segment in segments)
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.readexactly(len(expected)) == expected
    writer.transport.abort()


async def test_both_sides_ask_whether_the_other_is_still_there(venue: RemoteVenue) -> None:
    following = asyncio.create_task(take(venue.feed(), 1, 1))
    await until(lambda: venue.inner.feed.followers)
    (follower,) = venue.inner.feed.followers
    assert follower._transport is not None
    connection = follower._transport.get_extra_info("socket")
    assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert 0 < connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 30_000
    await venue.inner.trade(1)
    assert await following == [1]


async def test_a_renewed_certificate_is_shown_from_the_next_connection_on(venue: RemoteVenue) -> None:
    await venue.inner.trade(2)
    place = venue.feed()
    venue.authorities.issue("office", ca=venue.authorities.ca)
    with pytest.raises(FeedError, match="it hung up"):
        await take(place, 1, 2)
    venue.authorities.issue("office")
    assert await take(place, 1, 2) == [1, 2]
