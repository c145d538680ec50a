"""A session that is set up for it gets what it missed and its open orders after each Logon, and hears when that is all.

Reports of fills, states of orders, and the News at the end: each once, in order, whatever happens in between.
"""

import pytest

from engine.commands import ProvisionSession
from engine.profile import SessionProfile
from engine.queries import REPORTS_MAX
from fixgw.codec import Message
from tests.fixgw.house import QUICK_HASH, Broker, House, numbers, sleep
from tests.fixgw.venue import NOW


@pytest.fixture
async def broker(house: House) -> Broker:
    """A session that was told of two open orders, and is gone."""
    broker = await Broker(house).log_on()
    for name in ("A", "B"):
        broker.order(name)
    await broker.heard_now()
    await set_up(house, broker)
    return broker


async def set_up(house: House, broker: Broker) -> None:
    """Let a session have what it is owed without asking, from its next Logon on."""
    broker.wire.break_off()
    broker.heard.clear()
    profile = SessionProfile(recovers_unasked=True)
    house.sequencer.submit(ProvisionSession("BROKER1", ("BROKER1-A",), QUICK_HASH, profile=profile))
    await house.settle()


def told(messages: list[Message]) -> str:
    """Return what was told: `A1`, `8xF3:A` for a fill of A that comes again as number 3, `B4:0/2` for a News."""
    words = []
    for message in messages:
        fields = message.fields
        word = message.msg_type + "x" * (fields.get("43") == "Y") + fields.get("150", "") + fields["34"]
        if message.msg_type == "B":
            assert (fields["148"], fields["33"]) == ("recovery complete", "1")
            missed, _, _, orders, _, _ = fields["58"].split(" ")
            word += f":{missed}/{orders}"
        words.append(f"{word}:{fields['11']}" if "11" in fields else word)
    return " ".join(words)


async def heard(broker: Broker) -> str:
    """Return all that came after the Logon, which is part of it."""
    await broker.heard_now()
    while any(not task.done() for task in broker.house.gateway._catching_up.values()):
        await sleep()
        await broker.heard_now()
    await broker.heard_now()
    return told(broker.heard)


async def sell(house: House, count: int = 1) -> None:
    """Let another broker's orders be filled by what is open."""
    other = await Broker(house, "BROKER2").log_on()
    for number in range(count):
        other.order(f"S{number}", side="2")
    await other.heard_now()
    other.wire.break_off()


async def test_open_orders_come_one_by_one_and_a_news_says_that_this_is_all(broker: Broker) -> None:
    await broker.log_on()
    assert await heard(broker) == "A4 8I5:A 8I6:B B7:0/2"
    first, second = broker.heard[1].fields, broker.heard[2].fields
    assert (first["39"], first["584"], first["911"], first["912"]) == ("0", "recovery", "2", "N")
    assert second["912"] == "Y"


async def test_what_was_missed_comes_before_under_its_own_numbers(house: House, broker: Broker) -> None:
    await sell(house)
    await broker.log_on()
    assert await heard(broker) == "A5 8xF4:A 4x5 8I6:B B7:1/1"


async def test_logon_that_says_what_it_expects_gets_it_from_there(house: House, broker: Broker) -> None:
    await sell(house)
    await broker.log_on("789=2|")
    assert await heard(broker) == "A5 8x02:A 8x03:B 8xF4:A 8I6:B B7:3/1"


async def test_after_a_reset_the_same_comes_under_new_numbers(house: House, broker: Broker) -> None:
    await sell(house)
    await broker.log_on("141=Y|")
    assert await heard(broker) == "A1 8F2:A 8I3:B B4:1/1"


async def test_gap_in_what_the_broker_has_sent_is_asked_for_beside_it(house: House, broker: Broker) -> None:
    await sell(house)
    await broker.log_on(number=house.acceptor.sessions["BROKER1"].next_in + 5)
    assert sorted((await heard(broker)).split(" ")) == ["26", "4x5", "8I7:B", "8xF4:A", "A5", "B8:1/1"]


async def test_session_without_open_orders_hears_that_it_has_none(house: House) -> None:
    broker = Broker(house)
    await set_up(house, broker)
    await broker.log_on()
    assert await heard(broker) == "A1 B2:0/0"


async def test_session_that_is_not_set_up_for_it_gets_nothing_unasked(house: House) -> None:
    other = await Broker(house, "BROKER2").log_on()
    other.order("S", side="2")
    await other.heard_now()
    other.wire.break_off()
    other.heard.clear()
    await other.log_on()
    assert await heard(other) == "A3"


async def test_all_of_it_can_be_asked_for_again(broker: Broker) -> None:
    await broker.log_on()
    await heard(broker)
    broker.say("2", "7=5|16=0|")
    assert told(await broker.heard_now()) == "8xI5:A 8xI6:B Bx7:0/2"


async def test_very_many_orders_come_in_pages_and_the_broker_trades_meanwhile(house: House) -> None:
    broker = await Broker(house).log_on()
    count = 2 * REPORTS_MAX + 10
    for number in range(count):
        broker.order(f"O{number}", qty="0.000001")
    await broker.heard_now()
    await set_up(house, broker)
    await broker.log_on()
    broker.say("1", "112=X|")
    await heard(broker)
    states = [message.fields for message in broker.heard if message.fields.get("150") == "I"]
    assert [fields["11"] for fields in states] == [f"O{number}" for number in range(count)]
    assert [fields["912"] for fields in states] == [*["N"] * (count - 1), "Y"]
    assert {fields["911"] for fields in states} == {str(count)}
    assert told(broker.heard[-1:]).endswith(f":0/{count}")
    assert "0" in {message.msg_type for message in broker.heard}, "the answer to the TestRequest is among them"
    assert numbers(broker.heard) == list(range(count + 2, 2 * count + 5))


async def test_broker_that_drops_in_the_middle_begins_anew(house: House) -> None:
    broker = await Broker(house).log_on()
    count = 3 * REPORTS_MAX
    for number in range(count):
        broker.order(f"O{number}", qty="0.000001")
    await broker.heard_now()
    await set_up(house, broker)
    await broker.log_on()
    broker.wire.break_off()
    await house.settle()
    records = house.sequencer.sequence
    await house.settle()
    assert house.sequencer.sequence == records, "nothing goes on for a broker that is not there"
    broker.heard.clear()
    await broker.log_on()
    await heard(broker)
    states = [message for message in broker.heard if message.fields.get("150") == "I"]
    assert len({message.fields["11"] for message in states}) == count
    assert told(broker.heard[-1:]).endswith(f"/{count}")


async def test_what_was_told_and_not_sent_survives_a_kill(house: House, broker: Broker) -> None:
    await sell(house)
    await house.kill()
    house = broker.house = await house.restarted()
    await broker.log_on(number=house.acceptor.sessions["BROKER1"].next_in)
    report = [word for word in (await heard(broker)).split(" ") if not word.startswith(("A", "4"))]
    assert [word[:3] for word in report] == ["8xF", "8I" + report[1][2], "B" + report[2][1:3]]
    assert report[2].endswith(":1/1")
    await house.stop()


async def test_order_that_ends_while_its_broker_is_away_is_no_open_order(house: House, broker: Broker) -> None:
    await sell(house, 2)
    await broker.log_on()
    assert await heard(broker) == "A6 8xF4:A 8xF5:B 4x6 B7:2/0"
    broker.say("F", f"11=C|41=A|55=BTC/USD|54=1|60={NOW}|")
    assert told(await broker.heard_now()) == "98:C"
