"""Control as a client has it: a socket, a hello, requests and answers; and as one who does not keep to that."""

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from engine import control_server
from engine.commands import ClockTick, Credit, NewOrder, OpenAccount, ProvisionSession, SetCredentials, SetRules
from engine.control import HELLO, Answer, Done, Failed, StaffCommand, ask
from engine.control_server import ControlServer
from engine.errors import ControlError, SocketError
from engine.events import CommandRejected, FundsRefused, RulesSet
from engine.exchange import Exchange
from engine.frames import encode_value
from engine.journal import Journal, JournalReader
from engine.overview import FollowerShown, FollowersShown, ShowFollowers, ShowVenue, VenueShown
from engine.profile import Credentials
from engine.recovery import recover
from engine.reject import RejectReason
from engine.rules import Rules
from engine.sequencer import Sequencer
from engine.values import LIMIT, Phase, Side
from tests.engine.builders import DAY, SYMBOL, add_asset, add_instrument
from tests.engine.slow_disk import SlowDisk
from tests.engine.waiting import PATIENCE_S, turns, until

RULES = SetRules(SYMBOL, Rules(stop_protection_bps=7), "mira", "as agreed")


class ControlledVenue:
    """A venue that only journals and takes what staff commands."""

    def __init__(self, data: Path) -> None:
        self.sequencer = Sequencer(Exchange(), Journal(data / "journal"))
        self.path = data / "control.sock"
        self.control = ControlServer(self.sequencer, self.path)
        self.sequencer.on_commit = self.control.committed

    async def start(self) -> None:
        self.sequencer.start()
        await self.control.start()
        for command in (add_asset("BTC", 3), add_asset("USD", 5), add_instrument()):
            self.sequencer.submit(command)
        await self.sequencer.flushed()

    async def stop(self) -> None:
        await self.control.stop()
        await self.sequencer.stop()
        self.sequencer.journal.close()

    async def ask(self, request: Any) -> Answer:
        return await asyncio.to_thread(ask, self.path, request, timeout_s=PATIENCE_S)

    async def connect(self, hello: bytes = HELLO) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_unix_connection(self.path)
        writer.write(hello)
        return reader, writer


@pytest.fixture
async def venue(tmp_path: Path) -> AsyncIterator[ControlledVenue]:
    venue = ControlledVenue(tmp_path)
    await venue.start()
    try:
        yield venue
    finally:
        await venue.stop()


def message(request: Any) -> bytes:
    payload = encode_value(request)
    return struct.pack("<I", len(payload)) + payload


async def answer_in(reader: asyncio.StreamReader) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        (length,) = struct.unpack("<I", await reader.readexactly(4))
        return msgspec.msgpack.decode(await reader.readexactly(length), type=Answer)


# ------------------------------------------------------------------------------------------------ what staff gets


async def test_a_command_is_answered_with_its_record(venue: ControlledVenue) -> None:
    answer = await venue.ask(RULES)
    assert isinstance(answer, Done)
    assert answer.events == (RulesSet(SYMBOL, RULES.rules, "mira", "as agreed"),)
    record = list(JournalReader(venue.sequencer.journal.directory).records())[-1]
    assert (record.sequence, record.time_ns, record.events) == (answer.sequence, answer.time_ns, answer.events)
    assert record.command == RULES


async def test_what_the_exchange_refuses_is_on_record_too(venue: ControlledVenue) -> None:
    answer = await venue.ask(msgspec.structs.replace(RULES, symbol="X/Y"))
    assert isinstance(answer, Done)
    assert answer.events == (CommandRejected("rules: unknown instrument X/Y"),)


async def test_a_deposit_whose_answer_was_lost_is_booked_once_though_both_sides_begin_again(tmp_path: Path) -> None:
    credit = Credit("A", "USD", 5, "D-1", "treasury", "received")
    venue = ControlledVenue(tmp_path)
    await venue.start()
    venue.sequencer.submit(OpenAccount("A"))
    reader, writer = await venue.connect(HELLO + message(credit))
    assert await reader.readline() == b"OK\n"
    writer.transport.abort()
    await until(lambda: venue.sequencer.sequence == 5)
    await venue.stop()
    exchange = recover(tmp_path).exchange
    assert exchange.state.credited == {"BTC": 0, "USD": 5}
    (event,) = exchange.apply(credit, 1)
    assert isinstance(event, FundsRefused)
    assert event.reason == RejectReason.ALREADY_DONE


async def test_a_deposit_that_nobody_signs_does_not_come_over_control(venue: ControlledVenue) -> None:
    assert await venue.ask(Credit("A", "USD", 5, "D-1")) == Failed("who asks for it is missing")


async def test_an_answer_waits_until_its_record_is_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SlowDisk(monkeypatch)
    disk.is_slow = False
    venue = ControlledVenue(tmp_path)
    await venue.start()
    disk.is_slow = True
    reader, writer = await venue.connect(HELLO + message(RULES) + message(ShowVenue()))
    assert await reader.readline() == b"OK\n"
    answer = asyncio.create_task(answer_in(reader))
    await until(lambda: venue.sequencer.sequence == 4)
    await turns()
    assert not answer.done()
    disk.be_fast()
    assert (await answer).sequence == 4
    assert (await answer_in(reader)).sequence == 4
    writer.close()
    await venue.stop()


async def test_followers_are_shown(tmp_path: Path) -> None:
    followers = (FollowerShown("back office", 3),)
    venue = ControlledVenue(tmp_path)
    venue.control = ControlServer(venue.sequencer, venue.path, followers=lambda: followers)
    venue.sequencer.on_commit = venue.control.committed
    await venue.start()
    assert await venue.ask(ShowFollowers()) == FollowersShown(venue.sequencer.committed, followers)
    await venue.stop()


async def test_the_state_of_trading_is_shown_and_not_journaled(venue: ControlledVenue) -> None:
    answer = await venue.ask(ShowVenue())
    assert isinstance(answer, VenueShown)
    (shown,) = answer.instruments
    assert (shown.symbol, shown.phase, shown.last_price, shown.bid_qty) == (SYMBOL, Phase.CONTINUOUS, 0, 0)
    assert venue.sequencer.sequence == answer.sequence == 3


async def test_one_connection_may_ask_many_times_at_once(venue: ControlledVenue) -> None:
    reader, writer = await venue.connect(HELLO + (message(ShowVenue()) + message(RULES)) * 500)
    assert await reader.readline() == b"OK\n"
    answers = [await answer_in(reader) for _ in range(1_000)]
    assert [type(answer) for answer in answers] == [VenueShown, Done] * 500
    assert [answer.sequence for answer in answers[1::2]] == list(range(4, 504))
    writer.close()


async def test_an_answer_has_so_many_events_and_says_how_many_it_lacks(
    venue: ControlledVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_server, "EVENTS_MAX", 0)
    answer = await venue.ask(RULES)
    assert isinstance(answer, Done)
    assert (answer.events, answer.events_left_out) == ((), 1)


async def test_a_stop_answers_what_was_asked(venue: ControlledVenue) -> None:
    reader, writer = await venue.connect(HELLO + message(RULES))
    assert await reader.readline() == b"OK\n"
    await venue.stop()
    assert (await answer_in(reader)).sequence == 4
    writer.close()
    assert not venue.path.exists()


# ------------------------------------------------------------------------------------------------ what is not taken


@pytest.mark.parametrize(
    "request_",
    (
        ClockTick(),
        NewOrder("A", 1, "A", "1", SYMBOL, Side.BUY, LIMIT, DAY, 1, 1),
        [18, SYMBOL],
        [18, SYMBOL, [5], "mira", "why", "and more", 1.5, None][:3],
        {"type": 18},
        [18, 1, [500], "mira", "why"],
        [18, SYMBOL, ["500"], "mira", "why"],
        7,
        None,
    ),
)
async def test_only_the_listed_commands_are_taken(venue: ControlledVenue, request_: Any) -> None:
    answer = await venue.ask(request_)
    assert isinstance(answer, Failed)
    assert "\n" not in answer.text
    assert venue.sequencer.sequence == 3


@pytest.mark.parametrize("by", ("", "  "))
async def test_a_command_names_who_asks_for_it(venue: ControlledVenue, by: str) -> None:
    assert await venue.ask(msgspec.structs.replace(RULES, by=by)) == Failed("who asks for it is missing")


@pytest.mark.parametrize("why", ("a\x01b", "line\nline", "x" * 201, "€", "\x7f"))
async def test_texts_are_short_and_printable_as_they_go_into_fix_messages(venue: ControlledVenue, why: str) -> None:
    answer = await venue.ask(msgspec.structs.replace(RULES, why=why))
    assert answer == Failed("why must be at most 200 printable characters of Latin-1")


@pytest.mark.parametrize(
    "command",
    (
        SetCredentials("A", "secret", by="mira", why="a mistake"),
        ProvisionSession("A", ("A",), "secret", by="mira", why="a mistake"),
        ProvisionSession("A", ("A",), "", credentials=Credentials("secret"), by="mira", why="a mistake"),
    ),
)
async def test_a_password_as_itself_is_not_put_on_record(venue: ControlledVenue, command: StaffCommand) -> None:
    assert await venue.ask(command) == Failed("a password is kept as an argon2id hash, never as itself")
    assert venue.sequencer.sequence == 3


async def test_a_number_that_the_journal_cannot_hold_is_refused(venue: ControlledVenue) -> None:
    raw = msgspec.msgpack.encode([18, SYMBOL, [2**64 - 1], "mira", "why"])
    reader, writer = await venue.connect(HELLO + struct.pack("<I", len(raw)) + raw)
    await reader.readline()
    answer = await answer_in(reader)
    assert isinstance(answer, Failed) or isinstance(answer.events[0], CommandRejected)
    assert venue.sequencer.failure is None
    writer.close()


@pytest.mark.parametrize("name", [command.__name__ for command in (get_args(StaffCommand) or (StaffCommand,))])
def test_every_staff_command_says_who_and_why(name: str) -> None:
    command = next(c for c in (get_args(StaffCommand) or (StaffCommand,)) if c.__name__ == name)
    assert {"by", "why"} <= set(command.__struct_fields__)


# --------------------------------------------------------------------------------------------- who does not keep to it


@pytest.mark.parametrize(
    ("said", "answer"),
    (
        (b"GET / HTTP/1.1\r\n", b"ERROR this is the control of a venue, and not what you say hello to\n"),
        (HELLO + b"\0\0\0\0", b"OK\nERROR a request has 1 to 65536 bytes, not 0\n"),
        (HELLO + b"\xff\xff\xff\xff", b"OK\nERROR a request has 1 to 65536 bytes, not 4294967295\n"),
    ),
)
async def test_a_stranger_is_told_why_and_hung_up_on(venue: ControlledVenue, said: bytes, answer: bytes) -> None:
    reader, writer = await venue.connect(said)
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.read() == answer
    writer.close()


async def test_another_users_process_is_not_heard(venue: ControlledVenue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.control_server.os.geteuid", lambda: 4_711)
    monkeypatch.setattr("engine.control_server._ROOT", 4_712)
    with pytest.raises(ControlError, match="the venue refuses: another user's process is not heard here"):
        await venue.ask(RULES)
    assert venue.sequencer.sequence == 3


async def test_only_our_own_user_may_connect(venue: ControlledVenue) -> None:
    assert venue.path.stat().st_mode & 0o777 == 0o600


async def test_no_more_than_so_many_connections_are_kept(venue: ControlledVenue) -> None:
    kept = [await venue.connect() for _ in range(control_server.CONNECTIONS_MAX)]
    for reader, _ in kept:
        assert await reader.readline() == b"OK\n"
    with pytest.raises(ControlError, match="16 connections are there already"):
        await venue.ask(RULES)
    kept[0][1].close()
    await until(lambda: len(venue.control.clients) < control_server.CONNECTIONS_MAX)
    assert isinstance(await venue.ask(RULES), Done)
    for _, writer in kept:
        writer.close()


@pytest.mark.parametrize("said", (b"", HELLO, HELLO + b"\x10\0\0\0abc"))
async def test_who_says_no_more_is_cut_off(
    venue: ControlledVenue, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(control_server, "IDLE_S", 0.01)
    reader, writer = await venue.connect(said)
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.read() in (b"", b"OK\n")
    writer.close()


async def test_who_does_not_read_is_not_read_from(venue: ControlledVenue) -> None:
    client = socket.socket(socket.AF_UNIX)
    client.setblocking(False)
    client.connect(str(venue.path))
    requests = HELLO + message(ShowVenue()) * 10_000
    sent = 0
    for _ in range(2_000):
        await asyncio.sleep(0)
        try:
            sent = (sent + client.send(requests[sent:])) % len(requests) or len(HELLO)
        except BlockingIOError:
            await turns()
    (served,) = venue.control.clients
    assert len(served._unread) < 512 * 1024
    assert served._transport is not None
    assert served._transport.get_write_buffer_size() < 1024
    client.close()
    await until(lambda: not venue.control.clients)


async def test_bytes_may_come_one_by_one(venue: ControlledVenue) -> None:
    reader, writer = await venue.connect(b"")
    for byte in HELLO + message(RULES) + message(RULES):
        writer.write(bytes((byte,)))
        await asyncio.sleep(0)
    assert await reader.readline() == b"OK\n"
    assert [(await answer_in(reader)).sequence for _ in range(2)] == [4, 5]
    writer.close()


async def test_who_leaves_before_the_answer_leaves_nothing(
    venue: ControlledVenue, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        _, writer = await venue.connect(HELLO + message(RULES))
        await until(lambda: venue.sequencer.sequence == 4)
        writer.transport.abort()
        await until(lambda: not venue.control.clients)
        await venue.sequencer.flushed()
    assert not caplog.records


# ---------------------------------------------------------------------------------------------------- the client


async def test_the_client_says_that_no_venue_is_there(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="no venue listens here"):
        ask(tmp_path / "control.sock", RULES)
    with pytest.raises(SocketError, match="longer than the 107 bytes"):
        ask(tmp_path / ("x" * 108), RULES)


@pytest.mark.parametrize(
    ("said", "error"),
    (
        (b"", "the venue hung up"),
        (b"HTTP/1.1 200 OK\n", "who listens here is not a venue's control"),
        (b"OK\n", "broke off before it answered; its journal tells what was done"),
        (b"OK\n\x10\0\0\0abc", "broke off before it answered"),
        (b"OK\n\xff\xff\xff\xff", "broke off before it answered"),
        (b"OK\n\x01\0\0\0\x07", "not one that this version knows"),
    ),
)
async def test_the_client_trusts_nothing(tmp_path: Path, said: bytes, error: str) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(HELLO))
        writer.write(said)
        if said.startswith(b"OK"):
            await reader.readexactly(5)
        writer.close()

    path = tmp_path / "control.sock"
    server = await asyncio.start_unix_server(speak, path)
    async with server:
        with pytest.raises(ControlError, match=error):
            await asyncio.to_thread(ask, path, ShowVenue(), timeout_s=PATIENCE_S)


def test_control_runs_on_uvloop_too(tmp_path: Path) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def once() -> None:
        venue = ControlledVenue(tmp_path)
        await venue.start()
        assert isinstance(await venue.ask(RULES), Done)
        reader, writer = await venue.connect(HELLO + message(ShowVenue()) * 100)
        assert await reader.readline() == b"OK\n"
        assert [(await answer_in(reader)).sequence for _ in range(100)] == [4] * 100
        writer.close()
        await venue.stop()

    loop_factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(once())
