"""Cancel on disconnect over FIX: what Logon and order ask for, and the reports that come after the next Logon."""

import pytest

from engine import commands
from engine.journal import JournalReader
from engine.session_events import SessionDown, SessionUp
from engine.values import CancelOnDisconnect
from fixgw.codec import Message
from tests.fixgw.house import QUICK_HASH, Broker, House, numbers

GRACE_MS = 5_000


def give_grace(house: House, on_disconnect: CancelOnDisconnect = CancelOnDisconnect.NONE) -> None:
    """Let BROKER1 be gone for a while, and what is to happen then if its Logon does not say."""
    house.sequencer.begin_batch()
    house.sequencer.submit(commands.ProvisionSession("BROKER1", ("BROKER1-A",), QUICK_HASH, on_disconnect, GRACE_MS))


async def pass_time(house: House, milliseconds: int) -> None:
    """Let the clock go on, and do what is due by then."""
    house.now_ns += milliseconds * 1_000_000
    house.sequencer.begin_batch()
    house.sequencer.submit(commands.ClockTick())
    await house.settle()


def canceled(messages: list[Message]) -> list[str]:
    """Return the ClOrdIDs of the orders that are told to be cancelled, each as it has to be."""
    reports = [message for message in messages if message.fields.get("150") == "4"]
    for report in reports:
        assert report.fields["58"] == "cancelled on disconnect"
        assert report.fields["378"] == "7"
        assert report.fields["39"] == "4"
        assert "41" not in report.fields
    return [report.fields["11"] for report in reports]


async def missed(broker: Broker) -> list[str]:
    """Log on again and ask for what was missed; return which cancels were among it."""
    expected = len(broker.heard) + 1
    await broker.log_on(f"789={expected}|")
    await broker.heard_now()
    return canceled(broker.heard[expected - 1 :])


async def test_orders_of_a_session_go_with_it_and_it_is_told_after_its_next_logon(house: House) -> None:
    broker = await Broker(house).log_on("8013=S|")
    assert broker.heard[-1].fields["8013"] == "S"
    broker.order("a")
    broker.order("b")
    await broker.heard_now()
    broker.wire.break_off()
    await house.settle()
    assert not house.sequencer.exchange.state.accounts["BROKER1-A"].orders
    assert await missed(broker) == ["a", "b"]


async def test_graceful_logout_is_a_disconnect(house: House) -> None:
    broker = await Broker(house).log_on("8013=Y|")
    broker.order("a")
    broker.say("5")
    await broker.heard_now()
    assert broker.wire.is_lost
    assert await missed(broker) == ["a"]


@pytest.mark.parametrize("asked", ("", "8013=N|"))
async def test_orders_stay_unless_asked_otherwise(house: House, asked: str) -> None:
    broker = await Broker(house).log_on(asked)
    assert broker.heard[-1].fields.get("8013", "") == asked[5:6]
    broker.order("a")
    broker.wire.break_off()
    assert await missed(broker) == []
    assert len(house.sequencer.exchange.state.accounts["BROKER1-A"].orders) == 1


async def test_logon_that_does_not_say_gets_what_the_settings_say(house: House) -> None:
    give_grace(house, CancelOnDisconnect.ACCOUNTS)
    await Broker(house).log_on()
    assert house.sequencer.exchange.state.sessions["BROKER1"].on_disconnect is CancelOnDisconnect.ACCOUNTS


async def test_session_that_is_back_within_its_grace_keeps_its_orders(house: House) -> None:
    give_grace(house)
    broker = await Broker(house).log_on("8013=S|")
    broker.order("a")
    broker.wire.break_off()
    await pass_time(house, GRACE_MS - 1)
    assert await missed(broker) == []
    await pass_time(house, 10 * GRACE_MS)
    assert canceled(await broker.heard_now()) == []


async def test_grace_ends_at_its_time(house: House) -> None:
    give_grace(house)
    broker = await Broker(house).log_on("8013=S|")
    broker.order("a")
    await broker.heard_now()
    broker.wire.break_off()
    await pass_time(house, GRACE_MS)
    assert await missed(broker) == ["a"]


async def test_session_that_is_back_too_late_hears_of_the_cancels_behind_its_logon(house: House) -> None:
    """Nobody has ticked meanwhile: the Logon itself finds the grace to be over."""
    give_grace(house)
    broker = await Broker(house).log_on("8013=S|")
    broker.order("a")
    await broker.heard_now()
    broker.wire.break_off()
    house.now_ns += GRACE_MS * 1_000_000
    expected = len(broker.heard) + 1
    await broker.log_on()
    assert numbers(broker.heard)[-1] == expected + 1, "the cancel has a number of its own, before that of our Logon"
    broker.say("2", f"7={expected}|16=0|")
    assert canceled(await broker.heard_now()) == ["a"]


@pytest.mark.parametrize(("instruction", "asked", "goes"), (("H", "Y", False), ("Q", "N", True), ("Q", "S", True)))
async def test_order_may_ask_for_itself(house: House, instruction: str, asked: str, *, goes: bool) -> None:
    broker = await Broker(house).log_on(f"8013={asked}|")
    fields = f"11=a|55=BTC/USD|54=1|60=20261118-11:06:40|38=1|40=2|44=100|59=1|18={instruction}|"
    broker.say("D", fields)
    (report,) = await broker.heard_now()
    assert report.fields["18"] == instruction
    broker.wire.break_off()
    assert await missed(broker) == (["a"] if goes else [])


@pytest.mark.parametrize("how", ("stop", "kill"))
async def test_restart_of_the_venue_is_a_disconnect_and_the_grace_begins_anew(house: House, how: str) -> None:
    give_grace(house)
    broker = await Broker(house).log_on("8013=S|")
    broker.order("a")
    await broker.heard_now()
    await (house.stop() if how == "stop" else house.kill())
    house.now_ns += 10 * GRACE_MS * 1_000_000
    again = await house.restarted()
    await pass_time(again, GRACE_MS - 1)
    assert len(again.sequencer.exchange.state.accounts["BROKER1-A"].orders) == 1
    await pass_time(again, 1)
    assert not again.sequencer.exchange.state.accounts["BROKER1-A"].orders
    broker.house = again
    await broker.log_on("8013=S|")
    broker.say("2", "7=1|16=0|")
    assert canceled(await broker.heard_now()) == ["a"]
    await again.stop()


@pytest.mark.parametrize("how", ("stop", "kill"))
async def test_grace_goes_on_over_a_restart(house: House, how: str) -> None:
    """The session was gone before the venue was."""
    give_grace(house)
    broker = await Broker(house).log_on("8013=S|")
    broker.order("a")
    await broker.heard_now()
    broker.wire.break_off()
    await pass_time(house, 1)
    await (house.stop() if how == "stop" else house.kill())
    house.now_ns += GRACE_MS * 1_000_000
    again = await house.restarted()
    await pass_time(again, 0)
    assert not again.sequencer.exchange.state.accounts["BROKER1-A"].orders
    await again.stop()


async def test_journal_tells_when_sessions_came_and_went(house: House) -> None:
    broker = await Broker(house).log_on("8013=S|")
    broker.wire.break_off()
    await broker.log_on("141=Y|8013=Y|")
    await house.settle()
    events = [event for record in JournalReader(house.journal.directory).records() for event in record.events]
    told = [event for event in events if isinstance(event, SessionUp | SessionDown)]
    assert [(type(event), event.on_disconnect) for event in told] == [
        (SessionUp, CancelOnDisconnect.SESSION),
        (SessionDown, CancelOnDisconnect.SESSION),
        (SessionUp, CancelOnDisconnect.ACCOUNTS),
    ]


async def test_logon_that_is_refused_is_no_connection(house: House) -> None:
    broker = await Broker(house).log_on("8013=X|")
    assert broker.heard[-1].fields["58"] == (
        "CancelOrdersOnDisconnect(8013) must be S (the session's orders), Y (its accounts' orders) or N (none)"
    )
    assert not house.sequencer.exchange.state.sessions["BROKER1"].is_connected
