"""A Logon with ResetSeqNumFlag=Y within a session lets both sides begin again, and loses nothing."""

import pytest

from engine import commands
from engine.journal import JournalReader
from engine.recovery import JOURNAL
from tests.fixgw.house import Broker, House, numbers, sleep

RESET = "98=0|108=30|141=Y|"


def begin_again(broker: Broker, fields: str = RESET) -> None:
    broker.next_out = 1
    broker.say("A", fields, number=1)


async def done(house: House, broker: Broker, msg_type: str = "A") -> list[str]:
    """Return the MsgTypes of all that is said until the Logon has been dealt with."""
    heard = broker.hear()
    while not broker.wire.is_lost and not any(message.msg_type == msg_type for message in heard):
        await sleep()
        await house.settle()
        heard += broker.hear()
    return [message.msg_type for message in heard]


async def ended(house: House, broker: Broker) -> None:
    """Return when the session has been ended with a Logout."""
    assert await done(house, broker, "5") == ["5"]
    while not broker.wire.is_lost:
        await sleep()


async def test_both_sides_begin_again_at_one(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.order("a")
    assert numbers(await broker.heard_now()) == [2]
    begin_again(broker)
    assert await done(house, broker) == ["A"]
    logon = broker.heard[-1]
    assert (logon.fields["34"], logon.fields["141"]) == ("1", "Y")
    broker.order("b")
    broker.say("1", "112=X|")
    assert numbers(await broker.heard_now()) == [2, 3]
    assert house.sequencer.exchange.state.sessions["BROKER1"].is_connected


async def test_what_was_said_before_is_answered_before_and_what_was_said_behind_after(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.wire.is_reading = False
    broker.order("a")
    broker.say("1", "112=before|")
    begin_again(broker)
    broker.say("1", "112=behind|")
    broker.order("b")
    broker.wire.resume_reading()
    assert (await done(house, broker))[:3] == ["8", "0", "A"]
    await house.settle()
    broker.hear()
    assert [(m.msg_type, m.fields["34"], m.fields.get("112")) for m in broker.heard[-5:]] == [
        ("8", "2", None),
        ("0", "3", "before"),
        ("A", "1", None),
        ("0", "2", "behind"),
        ("8", "3", None),
    ]


async def test_report_that_the_client_has_not_been_sent_comes_under_a_new_number(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.order("a")
    await broker.heard_now()
    house.outbound().pause()
    other = await Broker(house, "BROKER2").log_on()
    other.order("b", side="2")
    await house.settle()
    assert broker.hear() == []
    begin_again(broker)
    assert await done(house, broker) == ["A", "8"]
    fill = broker.heard[-1]
    assert (fill.fields["34"], fill.fields["150"], "43" in fill.fields) == ("2", "F", False)


async def test_logon_of_someone_else_ends_the_session_and_resets_nothing(house: House) -> None:
    broker = await Broker(house).log_on()
    begin_again(broker, f"{RESET}554=wrong|")
    await ended(house, broker)
    await Broker(house).log_on(number=2)
    assert house.acceptor.sessions["BROKER1"].next_in == 3


@pytest.mark.parametrize("fields", ("98=0|108=0|141=Y|", "98=1|108=30|141=Y|"))
async def test_logon_that_cannot_be_accepted_ends_the_session_and_resets_nothing(house: House, fields: str) -> None:
    broker = await Broker(house).log_on()
    begin_again(broker, fields)
    await ended(house, broker)
    await Broker(house).log_on(number=2)
    assert house.acceptor.sessions["BROKER1"].next_in == 3


async def test_session_that_is_suspended_meanwhile_does_not_begin_again(house: House) -> None:
    broker = await Broker(house).log_on()
    begin_again(broker)
    house.sequencer.submit(commands.SuspendSession("BROKER1", "mira", "late"))
    await ended(house, broker)
    assert broker.heard[-1].fields["58"] == "the session is suspended"


@pytest.mark.parametrize("rounds", range(8))
async def test_logout_that_staff_order_meanwhile_comes_behind_the_logon(house: House, rounds: int) -> None:
    broker = await Broker(house).log_on()
    begin_again(broker)
    for _ in range(rounds):
        await sleep()
    house.sequencer.submit(commands.LogOutSession("BROKER1", "mira", "noisy"))
    heard = await done(house, broker)
    heard += [] if "5" in heard else await done(house, broker, "5")
    assert heard == ["A", "5"]
    assert broker.heard[-1].fields["58"] == "logged out by the venue"
    broker.say("5")
    await house.settle()
    assert broker.wire.is_lost


async def test_logout_that_staff_order_while_the_first_logon_resets_comes_behind_it(house: House) -> None:
    broker = Broker(house)
    broker.say("A", RESET)
    while "BROKER1" not in house.acceptor.bound:
        await sleep()
    house.acceptor.bound["BROKER1"].log_out("logged out by the venue")
    assert await done(house, broker, "5") == ["A", "5"]


async def test_session_that_is_suspended_while_its_logon_resets_has_none_of_its_orders_taken(house: House) -> None:
    broker = Broker(house)
    broker.wire.is_reading = False
    broker.say("A", RESET)
    broker.order("BEHIND")
    broker.wire.resume_reading()
    while "BROKER1" not in house.acceptor.bound:
        await sleep()
    house.acceptor.bound["BROKER1"].log_out("the session is suspended", at_once=True)
    assert await done(house, broker, "5") == ["A", "5"]
    broker.order("LATER")
    await house.settle()
    assert broker.wire.is_lost
    journaled = [frame.payload for frame in JournalReader(house.data / JOURNAL).frames(1)]
    assert not [payload for payload in journaled if b"BEHIND" in payload or b"LATER" in payload]


async def test_client_that_is_gone_meanwhile_may_come_again(house: House) -> None:
    broker = await Broker(house).log_on()
    begin_again(broker)
    broker.wire.break_off()
    await house.settle()
    again = await Broker(house).log_on("141=Y|")
    again.say("1", "112=X|")
    assert numbers(await again.heard_now()) == [2]


async def test_client_that_does_not_read_is_still_given_time_and_no_memory(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.wire.limit = 0
    broker.say("1", "112=X|")
    await house.settle()
    assert broker.wire.is_paused
    begin_again(broker)
    for _ in range(20):
        await sleep()
        await house.sequencer.flushed()
    written = len(broker.wire.unread)
    for number in range(10):
        broker.order(f"a{number}")
    await house.sequencer.flushed()
    assert len(broker.wire.unread) == written
    broker.wire.limit = 1_000_000
    await done(house, broker, "8")
    broker.hear()
    assert sum(message.msg_type == "8" for message in broker.heard) == 10
