"""Drop copy: who gets copies of which reports, as they happen, later, and after every kind of end."""

from pathlib import Path
from typing import Any

import pytest

from engine import commands
from engine.profile import CopyScope, SessionProfile, SessionRole, Throttle
from fixgw.codec import Message
from tests.fixgw.house import QUICK_HASH, Broker, House

OF_THE_MOMENT = frozenset(("34", "49", "52", "56", "43", "122", "97"))


async def provision(house: House, name: str = "COPY", **scope: Any) -> None:
    """Have a drop-copy session."""
    profile = SessionProfile(SessionRole.DROP_COPY, copies=CopyScope(**scope))
    house.sequencer.submit(commands.ProvisionSession(name, (), QUICK_HASH, profile=profile))
    await house.settle()


async def copier(house: House, name: str = "COPY", **scope: Any) -> Broker:
    """Have a drop-copy session, and log on."""
    await provision(house, name, **scope)
    return await Broker(house, name).log_on()


async def trade(house: House) -> tuple[Broker, Broker]:
    """BROKER2 sells into BROKER1's bid; return them."""
    buyer, seller = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    buyer.order("bid", "1")
    await house.settle()
    seller.order("hit", "2")
    await house.settle()
    return buyer, seller


def kinds(messages: list[Message]) -> list[tuple[str, str, str]]:
    """Return of each copy: ExecType, whose it is, and its ClOrdID."""
    return [(m.fields["150"], m.fields["115"], m.fields["11"]) for m in messages if m.msg_type == "8"]


def bodies(messages: list[Message], *but: str) -> list[dict[str, str]]:
    return [
        {tag: value for tag, value in message.fields.items() if tag not in OF_THE_MOMENT and tag not in but}
        for message in messages
        if message.msg_type == "8"
    ]


async def test_copies_of_an_account_are_its_reports_at_once(house: House) -> None:
    copy = await copier(house, accounts=("BROKER1-A",))
    buyer, _ = await trade(house)
    copies = await copy.heard_now()
    assert kinds(copies) == [("0", "BROKER1", "bid"), ("F", "BROKER1", "bid")]
    assert bodies(copies, "115", "797") == bodies(await buyer.heard_now())
    assert all(message.fields["797"] == "Y" for message in copies)


async def test_clearing_members_copies_are_of_all_accounts_of_its_firms_both_sides_of_a_trade(house: House) -> None:
    copy = await copier(house, firms=("BROKER1-A", "BROKER2-A"))
    await trade(house)
    assert kinds(await copy.heard_now()) == [
        ("0", "BROKER1", "bid"),
        ("0", "BROKER2", "hit"),
        ("F", "BROKER1", "bid"),
        ("F", "BROKER2", "hit"),
    ]


async def test_fills_only_is_fills_busts_and_corrections(house: House) -> None:
    copy = await copier(house, accounts=("BROKER2-A",), fills_only=True)
    await trade(house)
    house.sequencer.submit(commands.BustTrade(1, "mira", "a wrong price"))
    assert kinds(await copy.heard_now()) == [("F", "BROKER2", "hit"), ("H", "BROKER2", "hit")]


async def test_cancels_by_another_session_rejects_and_refused_cancels_are_copied_once(house: House) -> None:
    house.sequencer.submit(commands.ProvisionSession("DESK", ("BROKER1-A",), QUICK_HASH))
    copy = await copier(house, accounts=("BROKER1-A",))
    broker, desk = await Broker(house).log_on(), await Broker(house, "DESK").log_on()
    broker.order("one")
    broker.order("one")
    await house.settle()
    desk.say("F", "11=two|41=one|55=BTC/USD|54=1|60=20261118-11:06:40|")
    await house.settle()
    desk.say("F", "11=three|41=one|55=BTC/USD|54=1|60=20261118-11:06:40|")
    new, rejected, canceled, refused = await copy.heard_now()
    assert kinds([new, rejected, canceled]) == [
        ("0", "BROKER1", "one"),
        ("8", "BROKER1", "one"),
        ("4", "BROKER1", "two"),
    ]
    assert (refused.msg_type, refused.fields["115"], refused.fields["11"]) == ("9", "DESK", "three")


async def test_what_the_gateway_refuses_of_orders_is_copied_and_messages_that_are_no_orders_are_not(
    house: House,
) -> None:
    copy = await copier(house, accounts=("BROKER1-A",))
    broker = await Broker(house).log_on()
    broker.order("off", price="100.001")
    broker.say("F", "11=odd|41=off|55=BTC/USD|54=5|60=20261118-11:06:40|")
    broker.order("malformed", price="dear")
    broker.say("V", "262=R|263=0|264=1|267=1|269=0|146=1|55=BTC/USD|")
    told, copies = await broker.heard_now(), await copy.heard_now()
    assert [message.msg_type for message in told] == ["8", "9", "3", "j"]
    assert [(m.msg_type, m.fields["115"], m.fields["11"]) for m in copies] == [
        ("8", "BROKER1", "off"),
        ("9", "BROKER1", "odd"),
    ]
    assert bodies(copies, "115", "797") == bodies(told)
    copy.say("2", "7=2|16=0|")
    assert [m.fields["11"] for m in await copy.heard_now()] == ["off", "odd"]


@pytest.mark.parametrize("price", ("100", "100.001"))
async def test_refusal_of_a_claim_to_an_account_is_not_copied_to_those_who_watch_it(house: House, price: str) -> None:
    copy = await copier(house, accounts=("BROKER2-A",))
    broker = await Broker(house).log_on()
    broker.say("D", f"1=BROKER2-A|11=claim|55=BTC/USD|54=1|60=20261118-11:06:40|38=1|40=2|44={price}|59=1|")
    broker.say("F", "1=BROKER2-A|11=other|41=claim|55=BTC/USD|54=1|60=20261118-11:06:40|")
    assert [m.msg_type for m in await broker.heard_now()] == ["8", "9"]
    assert await copy.heard_now() == []


async def test_fills_only_has_no_refusals(house: House) -> None:
    copy = await copier(house, accounts=("BROKER1-A",), fills_only=True)
    (await Broker(house).log_on()).order("off", price="100.001")
    assert await copy.heard_now() == []


async def test_refusal_of_an_order_of_the_copys_own_is_no_copy(house: House) -> None:
    throttle = Throttle(orders_per_s=1, orders_burst=1)
    profile = SessionProfile(SessionRole.DROP_COPY, throttle=throttle, copies=CopyScope(("BROKER1-A",)))
    house.sequencer.submit(commands.ProvisionSession("COPY", (), QUICK_HASH, profile=profile))
    await house.settle()
    copy = await Broker(house, "COPY").log_on()
    copy.order("one")
    copy.order("two")
    business_reject, over_limit = await copy.heard_now()
    assert (business_reject.msg_type, over_limit.msg_type) == ("j", "8")
    assert not over_limit.fields.keys() & {"115", "797"}


async def test_what_happened_while_it_was_away_is_owed_and_sent_when_asked_for(house: House) -> None:
    await provision(house, accounts=("BROKER1-A",))
    await trade(house)
    copy = await Broker(house, "COPY").log_on("789=1|")
    await copy.heard_now()
    assert kinds(copy.heard) == [("0", "BROKER1", "bid"), ("F", "BROKER1", "bid")]
    copy.say("2", "7=1|16=0|")
    again = await copy.heard_now()
    assert kinds(again) == [("0", "BROKER1", "bid"), ("F", "BROKER1", "bid")]
    assert all(message.fields["43"] == "Y" for message in again if message.msg_type == "8")


async def test_scope_holds_from_when_it_is_set(house: House) -> None:
    copy = await copier(house, accounts=("BROKER1-A",))
    buyer, _ = await trade(house)
    await provision(house, accounts=("BROKER2-A",))
    buyer.order("later")
    assert kinds(await copy.heard_now()) == [("0", "BROKER1", "bid"), ("F", "BROKER1", "bid")]


async def test_account_opened_later_belongs_to_its_firm(house: House) -> None:
    copy = await copier(house, firms=("BROKER1-A",))
    submit = house.sequencer.submit
    submit(commands.OpenAccount("BROKER1-B", "BROKER1-A"))
    submit(commands.Credit("BROKER1-B", "USD", 10**15, "a deposit"))
    submit(commands.ProvisionSession("DESK", ("BROKER1-B",), QUICK_HASH))
    await house.settle()
    (await Broker(house, "DESK").log_on()).order("desk")
    assert kinds(await copy.heard_now()) == [("0", "DESK", "desk")]


@pytest.mark.parametrize("boot", ("boot 1", "boot 2"))
async def test_nothing_is_lost_or_copied_by_a_later_scope_after_a_crash(tmp_path: Path, boot: str) -> None:
    house = await House(tmp_path / "venue").start()
    await provision(house, accounts=("BROKER1-A",))
    buyer, seller = await trade(house)
    await provision(house, accounts=("BROKER2-A",))
    seller.order("late", "2", price="200")
    buyer.order("later", price="50")
    await house.settle()
    await house.kill()
    house = await house.restarted(boot)
    copy = await Broker(house, "COPY").log_on("789=1|")
    await copy.heard_now()
    assert kinds(copy.heard) == [("0", "BROKER1", "bid"), ("F", "BROKER1", "bid"), ("0", "BROKER2", "late")]
    await house.stop()


async def test_drop_copy_session_enters_no_orders(house: House) -> None:
    copy = await copier(house, accounts=("BROKER1-A",))
    copy.order("mine")
    (answer,) = await copy.heard_now()
    assert (answer.msg_type, answer.fields["380"]) == ("j", "6")
