"""Connections and their sessions, on wires of memory: who is let in, who is hung up on, and when."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from fixgw.codec import SOH, encode
from fixgw.session import SessionState
from tests.fixgw.house import Broker, House, Wire, numbers, sleep


async def gone(wire: Wire) -> bool:
    for _ in range(50):
        await sleep()
    return wire.is_lost


async def test_1b_second_connection_of_a_session_is_hung_up_on(house: House) -> None:
    broker, second = await Broker(house).log_on(), Broker(house)
    second.say("A", "98=0|108=30|")
    assert await gone(second.wire)
    assert second.hear() == []
    broker.say("1", "112=X|")
    assert numbers(await broker.heard_now()) == [2]


@pytest.mark.parametrize("header", ("49=NOBODY|56=FONDACO|", "49=BROKER1|56=OTHER|", "56=FONDACO|"))
async def test_1c_logon_of_unknown_parties_is_hung_up_on(house: House, header: str) -> None:
    wire = house.connect()
    wire.put(encode(f"35=A|{header}34=1|52=20261118-11:06:40|98=0|108=30|".replace("|", SOH)))
    assert await gone(wire)
    assert wire.unread == b""


@pytest.mark.parametrize("data", (b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 100, b"8=FIX.4.4\x019=5\x0135=A\x0110=000\x01"))
async def test_connection_that_begins_with_garbage_is_hung_up_on(house: House, data: bytes) -> None:
    wire = house.connect()
    wire.put(data)
    assert await gone(wire)


async def test_1e_connection_that_begins_with_another_message_is_hung_up_on(house: House) -> None:
    broker = Broker(house)
    broker.say("1", "112=X|")
    assert await gone(broker.wire)
    assert broker.hear() == []


async def test_logon_may_come_in_pieces(house: House) -> None:
    broker = Broker(house)
    logon = encode("35=A|49=BROKER1|56=FONDACO|34=1|52=20261118-11:06:40|98=0|108=30|".replace("|", SOH))
    for byte in logon:
        broker.wire.put(bytes([byte]))
    await house.settle()
    assert numbers(await broker.heard_now()) == [1]


async def test_what_comes_right_behind_the_logon_is_taken_after_it(house: House) -> None:
    broker = Broker(house)
    logon = encode("35=A|49=BROKER1|56=FONDACO|34=1|52=20261118-11:06:40|98=0|108=30|".replace("|", SOH))
    ping = encode("35=1|49=BROKER1|56=FONDACO|34=2|52=20261118-11:06:40|112=X|".replace("|", SOH))
    broker.wire.put(logon + ping)
    broker.wire.put(ping)
    for _ in range(20):
        await sleep()
    heard = await broker.heard_now()
    assert [message.msg_type for message in heard] == ["A", "0", "5"]
    assert heard[-1].fields["58"] == "MsgSeqNum too low, expecting 3 but received 2"


async def test_connection_without_a_logon_is_hung_up_on_after_a_while(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    timers: list[float] = []
    loop = asyncio.get_running_loop()
    call_later = loop.call_later

    def at_once(delay: float, call: Callable[..., None], reason: str) -> asyncio.TimerHandle:
        timers.append(delay)
        return call_later(0, call, reason)

    monkeypatch.setattr(loop, "call_later", at_once)
    wire = house.connect()
    assert await gone(wire)
    assert timers == [house.acceptor.settings.logon_timeout_s]


async def test_reader_that_reads_nothing_for_too_long_is_cut_off(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = await Broker(house).log_on()
    loop = asyncio.get_running_loop()
    call_later = loop.call_later
    monkeypatch.setattr(loop, "call_later", lambda _delay, *what: call_later(0, *what))
    broker.wire.limit = 1
    broker.order("O1")
    await house.sequencer.flushed()
    assert await gone(broker.wire)
    assert house.acceptor.sessions["BROKER1"].state is SessionState.AWAITING_LOGON


async def test_reader_that_catches_up_in_time_is_not_cut_off(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.wire.limit = 1
    broker.order("O1")
    await house.sequencer.flushed()
    timer = broker.wire.connection._slow_timer
    assert timer is not None
    broker.wire.limit = 10_000
    broker.hear()
    assert timer.cancelled()
    broker.say("1", "112=X|")
    assert numbers(await broker.heard_now()) == [3]


async def test_broken_connection_leaves_the_session_to_the_next(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.wire.break_off()
    assert house.acceptor.bound == {}
    await broker.log_on()
    assert [message.msg_type for message in broker.heard] == ["A", "A"]


async def test_logon_whose_connection_breaks_while_its_password_is_checked_binds_nothing(house: House) -> None:
    broker = Broker(house)
    broker.say("A", "98=0|108=30|")
    broker.wire.break_off()
    for _ in range(20):
        await sleep()
    assert house.acceptor.bound == {}
    await broker.log_on()
    assert [message.msg_type for message in broker.heard][:1] == ["A"]


async def test_logout_closes_the_connection_when_it_has_been_answered(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.order("O1")
    broker.say("5")
    heard = await broker.heard_now()
    assert [message.msg_type for message in heard] == ["8", "5"]
    assert await gone(broker.wire)


async def test_messages_behind_the_one_that_ends_the_session_are_not_taken(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.wire.is_reading = False
    broker.say("5")
    broker.order("LATE")
    broker.wire.resume_reading()
    await house.settle()
    assert house.sequencer.exchange.state.accounts["BROKER1-A"].orders == {}


async def test_silence_ends_a_session(house: House) -> None:
    broker = await Broker(house).log_on()
    for _ in range(63):
        house.pass_time(1)
    heard = await broker.heard_now()
    assert [message.msg_type for message in heard] == ["0", "1", "5"]
    assert await gone(broker.wire)


async def test_each_session_has_its_own_clock_and_sequence(house: House) -> None:
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    house.pass_time(20)
    broker.say("1", "112=X|")
    house.pass_time(15)
    assert numbers(await broker.heard_now()) == [2]
    assert [m.msg_type for m in await other.heard_now()] == ["0"]


async def test_too_many_strangers_make_room_for_the_next(house: House) -> None:
    house.acceptor.settings = msgspec.structs.replace(house.acceptor.settings, connections_max=3)
    broker = await Broker(house).log_on()
    strangers = [house.connect() for _ in range(5)]
    await gone(strangers[0])
    assert [wire.is_lost for wire in strangers] == [True, True, True, False, False]
    assert not broker.wire.is_lost


async def test_venue_that_closes_says_goodbye(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.wire.connection.log_out("the venue is closing")
    (logout,) = await broker.heard_now()
    assert (logout.msg_type, logout.fields["58"]) == ("5", "the venue is closing")
    broker.order("IN-FLIGHT")
    assert [m.fields.get("150") for m in await broker.heard_now()] == ["0"]
    broker.say("5")
    assert await gone(broker.wire)
