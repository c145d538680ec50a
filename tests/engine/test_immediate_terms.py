"""What an order asks of the moment it comes: a minimum quantity, a limit to slippage, the best price, a deadline."""

import pytest

from engine.events import CancelRejected, OrderAccepted, OrderCanceled, OrderRejected, OrderReplaced, Trade
from engine.reject import RejectReason
from engine.snapshot import capture, restore
from engine.terms import Terms
from engine.values import (
    BUY,
    LIMIT,
    MARKET,
    MARKET_TO_LIMIT,
    SELL,
    CancelReason,
    OffsetUnit,
    OrderType,
    PostOnly,
    Side,
    TimeInForce,
)
from tests.engine.builders import FOK, GTC, IOC, Venue, all_of, only
from tests.engine.invariants import check_state


@pytest.fixture
def venue() -> Venue:
    """Offers of 5 at 1000, 1010 and 1020, bids of 5 at 990, 980 and 970."""
    venue = Venue()
    for step in range(3):
        venue.sell(5, 1000 + 10 * step)
        venue.buy(5, 990 - 10 * step, "B")
    return venue


def traded(events: list[object]) -> list[tuple[int, int]]:
    return [(event.qty, event.price) for event in events if isinstance(event, Trade)]


# ------------------------------------------------------------------------------------------- minimum quantity


@pytest.mark.parametrize("time_in_force", (GTC, IOC))
@pytest.mark.parametrize("min_qty", (1, 9, 10))
def test_order_trades_if_its_minimum_can(venue: Venue, time_in_force: TimeInForce, min_qty: int) -> None:
    events = venue.order("A", BUY, 12, 1010, time_in_force=time_in_force, terms=Terms(min_qty=min_qty))
    assert traded([*events]) == [(5, 1000), (5, 1010)]
    assert (len(venue.bids()) == 4) is (time_in_force is GTC)
    check_state(venue.state)


@pytest.mark.parametrize("time_in_force", (GTC, IOC))
@pytest.mark.parametrize("price", (1010, 995))
def test_order_whose_minimum_cannot_trade_is_cancelled_whole(
    venue: Venue, time_in_force: TimeInForce, price: int
) -> None:
    events = venue.order("A", BUY, 12, price, time_in_force=time_in_force, terms=Terms(min_qty=11))
    assert traded([*events]) == []
    canceled = only(OrderCanceled, events)
    assert (canceled.reason, canceled.cum_qty) == (CancelReason.NOT_FILLABLE, 0)
    assert venue.balance("A", "USD")[1] == 0


def test_market_order_may_have_a_minimum(venue: Venue) -> None:
    events = venue.order("A", BUY, 20, 0, order_type=MARKET, terms=Terms(min_qty=15))
    assert traded([*events]) == [(5, 1000), (5, 1010), (5, 1020)]
    events = venue.order("A", SELL, 20, 0, order_type=MARKET, terms=Terms(min_qty=16))
    assert only(OrderCanceled, events).reason is CancelReason.NOT_FILLABLE


@pytest.mark.parametrize(
    ("terms", "time_in_force"),
    (
        (Terms(min_qty=13), GTC),
        (Terms(min_qty=-1), GTC),
        (Terms(min_qty=12), FOK),
        (Terms(min_qty=1, post_only=PostOnly.REJECT), GTC),
    ),
)
def test_minimum_that_does_not_fit_is_refused(venue: Venue, terms: Terms, time_in_force: TimeInForce) -> None:
    event = only(OrderRejected, venue.order("A", BUY, 12, 900, time_in_force=time_in_force, terms=terms))
    assert event.reason is RejectReason.MIN_QTY_MISMATCH


def test_replace_has_no_minimum(venue: Venue) -> None:
    venue.buy(5, 900, cl_ord_id="x")
    event = only(CancelRejected, venue.replace("x", 5, 901, terms=Terms(min_qty=1)))
    assert event.reason is RejectReason.MIN_QTY_MISMATCH


# --------------------------------------------------------------------------------------------------- slippage


@pytest.mark.parametrize(
    ("side", "unit", "slippage", "qty"),
    (
        (BUY, OffsetUnit.TICKS, 0, 5),
        (BUY, OffsetUnit.PRICE, 9, 5),
        (BUY, OffsetUnit.TICKS, 10, 10),
        (BUY, OffsetUnit.BASIS_POINTS, 99, 5),
        (BUY, OffsetUnit.BASIS_POINTS, 100, 10),
        (BUY, OffsetUnit.BASIS_POINTS, 10_000, 15),
        (SELL, OffsetUnit.TICKS, 9, 5),
        (SELL, OffsetUnit.TICKS, 10, 10),
        (SELL, OffsetUnit.BASIS_POINTS, 101, 5),
        (SELL, OffsetUnit.BASIS_POINTS, 102, 10),
        (SELL, OffsetUnit.BASIS_POINTS, 10_000, 15),
    ),
)
def test_market_order_trades_no_further_than_its_slippage(
    venue: Venue, side: Side, unit: OffsetUnit, slippage: int, qty: int
) -> None:
    terms = Terms(slippage_unit=unit, slippage_max=slippage)
    events = venue.order("A", side, 20, 0, order_type=MARKET, terms=terms)
    assert sum(trade.qty for trade in all_of(Trade, events)) == qty
    assert only(OrderCanceled, events).reason is CancelReason.IMMEDIATE_REMAINDER
    check_state(venue.state)


def test_market_buy_needs_funds_only_as_far_as_it_may_go(venue: Venue) -> None:
    terms = Terms(slippage_unit=OffsetUnit.TICKS, slippage_max=10)
    venue.state.accounts["A"].holdings["USD"].available = 10_050
    only(OrderRejected, venue.order("A", BUY, 15, 0, order_type=MARKET))
    assert traded([*venue.order("A", BUY, 15, 0, order_type=MARKET, terms=terms)]) == [(5, 1000), (5, 1010)]
    assert venue.balance("A", "USD") == (0, 0)


def test_fill_or_kill_market_order_fills_within_its_slippage_or_not_at_all(venue: Venue) -> None:
    terms = Terms(slippage_unit=OffsetUnit.TICKS, slippage_max=10)
    events = venue.order("A", BUY, 11, 0, order_type=MARKET, time_in_force=FOK, terms=terms)
    assert only(OrderCanceled, events).reason is CancelReason.NOT_FILLABLE
    events = venue.order("A", BUY, 10, 0, order_type=MARKET, time_in_force=FOK, terms=terms)
    assert traded([*events]) == [(5, 1000), (5, 1010)]


@pytest.mark.parametrize(
    ("order_type", "unit", "slippage"),
    (
        (LIMIT, OffsetUnit.TICKS, 1),
        (MARKET_TO_LIMIT, OffsetUnit.TICKS, 1),
        (MARKET, OffsetUnit.TICKS, -1),
        (MARKET, OffsetUnit.BASIS_POINTS, 10_001),
        (MARKET, OffsetUnit.PRICE, 2**53 + 1),
    ),
)
def test_slippage_that_does_not_fit_is_refused(
    venue: Venue, order_type: OrderType, unit: OffsetUnit, slippage: int
) -> None:
    price = 900 if order_type is LIMIT else 0
    terms = Terms(slippage_unit=unit, slippage_max=slippage)
    event = only(OrderRejected, venue.order("A", BUY, 1, price, order_type=order_type, terms=terms))
    assert event.reason is RejectReason.SLIPPAGE_MISMATCH


# -------------------------------------------------------------------------------------------- market to limit


@pytest.mark.parametrize(("side", "price"), ((BUY, 1000), (SELL, 990)))
def test_market_to_limit_takes_the_best_price_and_rests_there(venue: Venue, side: Side, price: int) -> None:
    events = venue.order("A", side, 8, 0, order_type=MARKET_TO_LIMIT, cl_ord_id="x")
    accepted = only(OrderAccepted, events)
    assert (accepted.order_type, accepted.price) == (MARKET_TO_LIMIT, price)
    assert traded([*events]) == [(5, price)]
    order = venue.open_order("x")
    assert (order.price, order.leaves_qty) == (price, 3)
    check_state(venue.state)
    again = restore(capture(venue.state, 1))
    check_state(again)


def test_market_to_limit_without_a_price_to_take_is_refused() -> None:
    event = only(OrderRejected, Venue().order("A", BUY, 1, 0, order_type=MARKET_TO_LIMIT))
    assert event.reason is RejectReason.NO_LIQUIDITY


def test_market_to_limit_carries_no_price_and_is_not_post_only(venue: Venue) -> None:
    event = only(OrderRejected, venue.order("A", BUY, 1, 1000, order_type=MARKET_TO_LIMIT))
    assert event.reason is RejectReason.MARKET_ORDER_NEEDS_NO_PRICE
    terms = Terms(post_only=PostOnly.SLIDE)
    event = only(OrderRejected, venue.order("A", BUY, 1, 0, order_type=MARKET_TO_LIMIT, terms=terms))
    assert event.reason is RejectReason.POST_ONLY_MUST_REST


@pytest.mark.parametrize("time_in_force", (IOC, FOK))
def test_immediate_market_to_limit_does_not_rest(venue: Venue, time_in_force: TimeInForce) -> None:
    events = venue.order("A", BUY, 8, 0, order_type=MARKET_TO_LIMIT, time_in_force=time_in_force)
    assert traded([*events]) == ([(5, 1000)] if time_in_force is IOC else [])
    only(OrderCanceled, events)


def test_what_rests_of_market_to_limit_is_replaced_as_a_limit_order(venue: Venue) -> None:
    venue.order("A", BUY, 8, 0, order_type=MARKET_TO_LIMIT, cl_ord_id="x")
    event = only(CancelRejected, venue.replace("x", 9, 0, order_type=MARKET_TO_LIMIT))
    assert event.reason is RejectReason.CANNOT_REPLACE_THUS
    replaced = only(OrderReplaced, venue.replace("x", 9, 995))
    assert (replaced.order_type, replaced.price) == (LIMIT, 995)


# --------------------------------------------------------------------------------------------------- deadline


def test_order_is_taken_until_its_deadline_and_refused_after(venue: Venue) -> None:
    venue.now_ns = 4_999
    only(OrderAccepted, venue.order("A", BUY, 1, 900, terms=Terms(valid_until_ns=5_000), cl_ord_id="x"))
    event = only(OrderRejected, venue.order("A", BUY, 1, 900, terms=Terms(valid_until_ns=5_000)))
    assert event.reason is RejectReason.DEADLINE_PASSED
    late = only(CancelRejected, venue.replace("x", 1, 901, terms=Terms(valid_until_ns=5_000)))
    assert late.reason is RejectReason.DEADLINE_PASSED
    assert venue.tick(6_000) == []
    assert venue.open_order("x").price == 900
