"""Pairs of a limit order and a stop, of which one only can trade: alone, or once a first order is filled."""

import pytest

from engine import commands
from engine.events import (
    AnyEvent,
    CancelRejected,
    ListReported,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
    OrderTriggered,
    Trade,
)
from engine.reject import RejectReason
from engine.rules import Rules
from engine.snapshot import capture, restore, state_hash
from engine.terms import Terms
from engine.values import (
    BUY,
    SELL,
    Contingency,
    ListStage,
    OffsetUnit,
    OrderStatus,
    OrderType,
    Place,
    Side,
    TimeInForce,
    TriggerSource,
)
from tests.engine.builders import DAY, GTC, IOC, SYMBOL, Venue, all_of, only
from tests.engine.invariants import check_state

OCO, OTO = Contingency
STOP, STOP_LIMIT, TRAILING = OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP


@pytest.fixture
def venue() -> Venue:
    """The last trade was at 100; bids of 10 at 98 and 90, offers of 10 at 102 and 110."""
    venue = Venue(accounts=("A", "B", "C", "MAKER"))
    venue.apply(commands.SetRules(SYMBOL, Rules(stop_protection_bps=1_000)))
    trade_at(venue, 100)
    for price in (98, 90):
        venue.buy(10, price, "MAKER", cl_ord_id=f"bid{price}")
    for price in (102, 110):
        venue.sell(10, price, "MAKER", cl_ord_id=f"offer{price}")
    return venue


def trade_at(venue: Venue, price: int) -> list[AnyEvent]:
    """Let one lot trade between the best prices; return what follows."""
    venue.sell(1, price, "B")
    return venue.buy(1, price, "C")


def stop_leg(
    venue: Venue, side: Side, qty: int, stop_price: int, price: int = 0, cl_ord_id: str = "stop", tif: TimeInForce = GTC
) -> commands.NewOrder:
    return venue.leg(
        side,
        qty,
        price,
        order_type=STOP_LIMIT if price else STOP,
        time_in_force=tif,
        cl_ord_id=cl_ord_id,
        terms=Terms(trigger=TriggerSource.LAST, stop_price=stop_price),
    )


def limit_leg(venue: Venue, side: Side, qty: int, price: int) -> commands.NewOrder:
    return venue.leg(side, qty, price, cl_ord_id="limit")


def sell_pair(venue: Venue, limit: int = 105, stop: int = 95, qty: int = 5) -> list[AnyEvent]:
    """Take the profit at 105, or stop the loss at 95."""
    return venue.order_list(OCO, limit_leg(venue, SELL, qty, limit), stop_leg(venue, SELL, qty, stop))


def bracket(venue: Venue) -> list[AnyEvent]:
    """Buy at 99 and, once that is done, sell at 105 or, if the price falls to 95, at market."""
    buy = venue.leg(BUY, 5, 99, cl_ord_id="buy")
    return venue.order_list(OTO, buy, limit_leg(venue, SELL, 5, 105), stop_leg(venue, SELL, 5, 95))


def told(events: list[AnyEvent]) -> list[tuple[str, str]]:
    """Return what happened to the orders of the list: which, and how."""
    seen = []
    for event in events:
        if isinstance(event, OrderAccepted):
            seen.append((event.cl_ord_id, f"accepted {event.status.name}"))
        elif isinstance(event, OrderCanceled):
            seen.append((event.cl_ord_id, event.reason.name))
        elif isinstance(event, OrderTriggered):
            seen.append((event.cl_ord_id, "triggered"))
        elif isinstance(event, Trade):
            seen += [(cl_ord_id, f"traded {event.qty}") for cl_ord_id in (event.maker_cl_ord_id, event.taker_cl_ord_id)]
        elif isinstance(event, ListReported):
            seen.append((event.list_id, event.report.name))
    return [(who, what) for who, what in seen if who in {"L", "limit", "stop", "buy", "limit2", "stop2"}]


def refusal(events: list[AnyEvent]) -> int:
    assert len(events) == 1
    return only(ListReported, events).reason


# ------------------------------------------------------------------------------------------------------ entry


def test_both_orders_are_live(venue: Venue) -> None:
    assert told(sell_pair(venue)) == [("L", "ENTERED"), ("stop", "accepted NEW"), ("limit", "accepted NEW")]
    assert venue.open_order("limit").place is Place.BOOK
    assert venue.open_order("stop").place is Place.TRIGGERS
    check_state(venue.state)


def test_a_pair_reserves_once_for_the_dearer_order(venue: Venue) -> None:
    pair = limit_leg(venue, BUY, 5, 95), stop_leg(venue, BUY, 4, 110, 120)
    venue.order_list(OCO, *pair)
    assert venue.balance("A", "USD")[1] == max(5 * 95, 4 * 120)
    check_state(venue.state)
    venue.cancel_list()
    assert venue.balance("A", "USD") == (10**9, 0)


def test_funds_for_one_order_are_enough_for_a_pair(venue: Venue) -> None:
    for asset in ("BTC", "USD"):
        holding = venue.holding("A", asset)
        venue.state.credited[asset] -= holding.available - 5
        holding.available = 5
    assert len(all_of(OrderAccepted, sell_pair(venue))) == 2
    assert venue.balance("A", "BTC") == (0, 5)
    check_state(venue.state)


@pytest.mark.parametrize(
    ("limit", "stop", "reason"),
    (
        (95, 105, RejectReason.PAIR_PRICES),
        (105, 105, RejectReason.PAIR_PRICES),
        (98, 95, RejectReason.PAIR_PRICES),
        (105, 100, RejectReason.STOP_PRICE_REACHED),
        (105, 101, RejectReason.STOP_PRICE_REACHED),
        (99, 98, 0),
    ),
)
def test_limit_and_stop_are_on_both_sides_of_the_market(venue: Venue, limit: int, stop: int, reason: int) -> None:
    assert only(ListReported, sell_pair(venue, limit, stop)).reason == reason
    check_state(venue.state)


def test_buying_the_sides_are_the_other_way_round(venue: Venue) -> None:
    wrong = limit_leg(venue, BUY, 5, 105), stop_leg(venue, BUY, 5, 95)
    assert refusal(venue.order_list(OCO, *wrong)) == RejectReason.PAIR_PRICES
    right = limit_leg(venue, BUY, 5, 95), stop_leg(venue, BUY, 5, 105)
    assert len(all_of(OrderAccepted, venue.order_list(OCO, *right))) == 2


def test_a_pair_is_of_one_side(venue: Venue) -> None:
    pair = limit_leg(venue, SELL, 5, 105), stop_leg(venue, BUY, 5, 105)
    assert refusal(venue.order_list(OCO, *pair)) == RejectReason.LIST_MISMATCH


def test_a_pair_is_a_limit_order_that_rests_and_a_stop(venue: Venue) -> None:
    stop = stop_leg(venue, SELL, 5, 95)
    for other in (
        stop_leg(venue, SELL, 5, 94, cl_ord_id="stop2"),
        venue.leg(SELL, 5, 105, time_in_force=IOC),
        venue.leg(SELL, 5, 105, terms=Terms(min_qty=1)),
    ):
        assert refusal(venue.order_list(OCO, other, stop)) == RejectReason.PAIR_TYPES
    take_profit = venue.leg(
        SELL, 5, 0, order_type=OrderType.TAKE_PROFIT, terms=Terms(trigger=TriggerSource.LAST, stop_price=105)
    )
    assert refusal(venue.order_list(OCO, limit_leg(venue, SELL, 5, 108), take_profit)) == RejectReason.PAIR_TYPES


def test_a_trailing_stop_may_be_in_a_pair(venue: Venue) -> None:
    trailing = venue.leg(
        SELL,
        5,
        0,
        order_type=TRAILING,
        cl_ord_id="stop",
        terms=Terms(trigger=TriggerSource.LAST, offset_unit=OffsetUnit.TICKS, offset=3),
    )
    venue.order_list(OCO, limit_leg(venue, SELL, 5, 108), trailing)
    check_state(venue.state)
    trade_at(venue, 101)
    check_state(venue.state)
    assert told(venue.sell(1, 98, "B")) == [
        ("limit", "PARTNER_TRIGGERED"),
        ("stop", "triggered"),
        ("stop", "traded 5"),
        ("L", "DONE"),
    ]
    check_state(venue.state)


# -------------------------------------------------------------------------------------------- fill and trigger


def test_a_fill_cancels_the_stop_before_it_is_booked(venue: Venue) -> None:
    sell_pair(venue, limit=101)
    assert told(venue.buy(5, 101, "C")) == [("stop", "PARTNER_FILLED"), ("limit", "traded 5"), ("L", "DONE")]
    check_state(venue.state)


def test_so_does_a_part_of_a_fill_and_the_rest_stays(venue: Venue) -> None:
    sell_pair(venue, limit=101)
    assert told(venue.buy(2, 101, "C")) == [("stop", "PARTNER_FILLED"), ("limit", "traded 2")]
    assert venue.open_order("limit").leaves_qty == 3
    assert venue.balance("A", "BTC")[1] == 3
    check_state(venue.state)
    assert told(venue.buy(3, 101, "C")) == [("limit", "traded 3"), ("L", "DONE")]


def test_a_trigger_cancels_the_limit_order_before_the_stop_acts(venue: Venue) -> None:
    sell_pair(venue, stop=99)
    assert told(trade_at(venue, 99)) == [
        ("limit", "PARTNER_TRIGGERED"),
        ("stop", "triggered"),
        ("stop", "traded 5"),
        ("L", "DONE"),
    ]
    check_state(venue.state)


def test_a_triggered_buy_has_the_funds_that_it_needs(venue: Venue) -> None:
    venue.order_list(OCO, limit_leg(venue, BUY, 5, 99), stop_leg(venue, BUY, 4, 101, 120))
    assert venue.balance("A", "USD")[1] == max(5 * 99, 4 * 120)
    trade_at(venue, 101)
    assert venue.state.accounts["A"].orders == {}
    assert venue.balance("A", "USD") == (10**9 - 4 * 102, 0)
    check_state(venue.state)


def test_the_one_trade_that_fills_the_limit_order_may_have_triggered_the_stop_of_another_pair(venue: Venue) -> None:
    sell_pair(venue, limit=101, stop=95)
    other = (
        venue.leg(BUY, 5, 97, "B"),
        venue.leg(BUY, 5, 0, "B", order_type=STOP, terms=Terms(trigger=TriggerSource.LAST, stop_price=101)),
    )
    venue.order_list(OCO, *other, list_id="M")
    events = venue.buy(5, 101, "C")
    assert told(events)[:2] == [("stop", "PARTNER_FILLED"), ("limit", "traded 5")]
    assert len(all_of(OrderTriggered, events)) == 1
    check_state(venue.state)


# -------------------------------------------------------------------------------------------- cancel and expiry


@pytest.mark.parametrize(("one", "other"), (("limit", "stop"), ("stop", "limit")))
def test_cancelling_one_cancels_the_other(venue: Venue, one: str, other: str) -> None:
    sell_pair(venue)
    assert told(venue.cancel(one, cl_ord_id="c", side=SELL)) == [(other, "PARTNER_CANCELED"), ("L", "DONE")]
    assert venue.balance("A", "BTC") == (10**9, 0)
    check_state(venue.state)


def test_one_that_expires_takes_the_other_along(venue: Venue) -> None:
    venue.order_list(OCO, limit_leg(venue, SELL, 5, 105), stop_leg(venue, SELL, 5, 95, tif=DAY))
    assert told(venue.end_day(20261123)) == [("stop", "END_OF_DAY"), ("limit", "PARTNER_CANCELED"), ("L", "DONE")]
    check_state(venue.state)


def test_a_mass_cancel_takes_both(venue: Venue) -> None:
    sell_pair(venue)
    assert told(venue.mass_cancel()) == [("limit", "MASS_CANCEL"), ("stop", "MASS_CANCEL"), ("L", "DONE")]


# ----------------------------------------------------------------------------------------------------- replaces


def test_either_order_may_be_replaced_and_the_pair_goes_on(venue: Venue) -> None:
    sell_pair(venue)
    venue.replace("limit", 6, 106, cl_ord_id="limit2", side=SELL)
    check_state(venue.state)
    assert venue.balance("A", "BTC")[1] == 6
    terms = Terms(trigger=TriggerSource.LAST, stop_price=97)
    replaced = only(
        OrderReplaced,
        venue.replace("stop", 8, 0, cl_ord_id="stop2", side=SELL, order_type=STOP, terms=terms),
    )
    assert replaced.terms is not None
    assert (replaced.terms.stop_price, replaced.terms.list_id) == (97, "L")
    check_state(venue.state)
    assert venue.balance("A", "BTC")[1] == 8
    assert told(venue.cancel("limit2", cl_ord_id="c", side=SELL)) == [
        ("stop2", "PARTNER_CANCELED"),
        ("L", "DONE"),
    ]
    check_state(venue.state)


def test_a_replace_keeps_limit_and_stop_apart(venue: Venue) -> None:
    sell_pair(venue)
    rejected = only(CancelRejected, venue.replace("limit", 5, 95, side=SELL))
    assert rejected.reason is RejectReason.PAIR_PRICES
    terms = Terms(trigger=TriggerSource.LAST, stop_price=105)
    rejected = only(CancelRejected, venue.replace("stop", 5, 0, side=SELL, order_type=STOP, terms=terms))
    assert rejected.reason is RejectReason.PAIR_PRICES
    check_state(venue.state)


def test_a_replace_needs_funds_for_the_dearer_order_only(venue: Venue) -> None:
    venue.order_list(OCO, limit_leg(venue, BUY, 5, 95), stop_leg(venue, BUY, 5, 105, 120))
    assert venue.balance("A", "USD")[1] == 600
    venue.replace("limit", 6, 96, cl_ord_id="limit2")
    assert venue.balance("A", "USD")[1] == 600
    venue.replace("limit2", 7, 96, cl_ord_id="limit3")
    assert venue.balance("A", "USD")[1] == 672
    terms = Terms(trigger=TriggerSource.LAST, stop_price=105)
    venue.replace("stop", 4, 110, cl_ord_id="stop2", order_type=STOP_LIMIT, terms=terms)
    assert venue.balance("A", "USD")[1] == 672
    venue.replace("limit3", 1, 96, cl_ord_id="limit4")
    assert venue.balance("A", "USD")[1] == 440
    check_state(venue.state)


def test_a_replaced_limit_order_may_trade_at_once_and_the_stop_is_gone(venue: Venue) -> None:
    sell_pair(venue)
    events = venue.replace("limit", 5, 98, cl_ord_id="limit2", side=SELL)
    assert told(events) == [("stop", "PARTNER_FILLED"), ("limit2", "traded 5"), ("L", "DONE")]
    check_state(venue.state)


# ------------------------------------------------------------------------------------------- a first, then a pair


def test_a_pair_waits_for_the_first_order(venue: Venue) -> None:
    assert told(bracket(venue)) == [
        ("L", "ENTERED"),
        ("limit", "accepted PENDING_NEW"),
        ("stop", "accepted PENDING_NEW"),
        ("buy", "accepted NEW"),
    ]
    assert told(venue.sell(5, 99, "C")) == [
        ("buy", "traded 5"),
        ("stop", "accepted NEW"),
        ("limit", "accepted NEW"),
    ]
    assert venue.state.accounts["A"].lists["L"].stage is ListStage.PAIRED
    assert venue.balance("A", "BTC")[1] == 5
    check_state(venue.state)
    assert told(venue.buy(25, 105, "C"))[:2] == [("stop", "PARTNER_FILLED"), ("limit", "traded 5")]


def test_a_pair_enters_although_the_market_has_moved_past_its_stop(venue: Venue) -> None:
    """The order that it protects is filled: the stop is triggered at once rather than refused."""
    buy = venue.leg(BUY, 5, 99, cl_ord_id="buy")
    venue.order_list(OTO, buy, limit_leg(venue, SELL, 5, 105), stop_leg(venue, SELL, 5, 99))
    assert told(venue.sell(5, 99, "C")) == [
        ("buy", "traded 5"),
        ("stop", "accepted NEW"),
        ("limit", "accepted NEW"),
        ("limit", "PARTNER_TRIGGERED"),
        ("stop", "triggered"),
        ("stop", "traded 5"),
        ("L", "DONE"),
    ]
    check_state(venue.state)


def test_a_limit_order_of_a_pair_may_trade_as_it_enters(venue: Venue) -> None:
    buy = venue.leg(BUY, 5, 102, cl_ord_id="buy")
    pair = limit_leg(venue, SELL, 5, 98), stop_leg(venue, SELL, 5, 95)
    assert told(venue.order_list(OTO, buy, *pair))[4:] == [
        ("buy", "traded 5"),
        ("stop", "accepted NEW"),
        ("limit", "accepted NEW"),
        ("stop", "PARTNER_FILLED"),
        ("limit", "traded 5"),
        ("L", "DONE"),
    ]
    check_state(venue.state)


def test_a_pair_for_which_funds_are_missing_is_cancelled(venue: Venue) -> None:
    buy = venue.leg(BUY, 5, 99, cl_ord_id="buy")
    venue.order_list(OTO, buy, limit_leg(venue, SELL, 5, 105), stop_leg(venue, SELL, 6, 95))
    venue.order("A", SELL, 10**6, 1000)
    venue.state.credited["BTC"] -= 10**9 - 10**6
    venue.holding("A", "BTC").available = 0
    events = venue.sell(5, 99, "C")
    assert told(events)[1:] == [("limit", "PARTNER_CANCELED"), ("stop", "NOT_ENTERED"), ("L", "DONE")]
    assert all_of(OrderCanceled, events)[1].refusal == RejectReason.INSUFFICIENT_FUNDS
    check_state(venue.state)


def test_a_pair_that_waits_is_replaced_and_kept_apart(venue: Venue) -> None:
    bracket(venue)
    venue.replace("limit", 5, 104, cl_ord_id="limit2", side=SELL)
    terms = Terms(trigger=TriggerSource.LAST, stop_price=103)
    replaced = only(
        OrderReplaced, venue.replace("stop", 5, 0, cl_ord_id="stop2", side=SELL, order_type=STOP, terms=terms)
    )
    assert replaced.status is OrderStatus.PENDING_NEW
    assert only(CancelRejected, venue.replace("limit2", 5, 103, side=SELL)).reason is RejectReason.PAIR_PRICES
    check_state(venue.state)


def test_cancelling_one_that_waits_cancels_all(venue: Venue) -> None:
    bracket(venue)
    assert told(venue.cancel("stop", cl_ord_id="c", side=SELL)) == [
        ("buy", "LIST_BROKEN"),
        ("limit", "LIST_BROKEN"),
        ("L", "DONE"),
    ]


def test_a_snapshot_keeps_a_pair(venue: Venue) -> None:
    sell_pair(venue, limit=101)
    image = capture(venue.state, 9)
    venue.exchange.state = venue.state = restore(image)
    assert state_hash(venue.state, 9) == state_hash(restore(image), 9)
    check_state(venue.state)
    assert told(venue.buy(5, 101, "C")) == [("stop", "PARTNER_FILLED"), ("limit", "traded 5"), ("L", "DONE")]


def test_the_first_order_may_be_a_stop_and_so_may_what_waits_for_it(venue: Venue) -> None:
    first = stop_leg(venue, BUY, 5, 101, cl_ord_id="buy")
    venue.order_list(OTO, first, stop_leg(venue, SELL, 5, 95))
    check_state(venue.state)
    assert venue.open_order("stop").place is Place.LIST
    assert told(trade_at(venue, 101)) == [("buy", "triggered"), ("buy", "traded 5"), ("stop", "accepted NEW")]
    assert venue.open_order("stop").place is Place.TRIGGERS
    check_state(venue.state)


def test_a_first_order_that_expires_while_it_waits_for_its_price_ends_the_list(venue: Venue) -> None:
    first = stop_leg(venue, BUY, 5, 101, cl_ord_id="buy", tif=DAY)
    venue.order_list(OTO, first, limit_leg(venue, SELL, 5, 105))
    assert told(venue.end_day(20261123)) == [("buy", "END_OF_DAY"), ("limit", "NOT_RELEASED"), ("L", "DONE")]
