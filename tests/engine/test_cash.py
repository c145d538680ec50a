"""Market orders for an amount of the quote asset, in place of a quantity."""

import pytest

from engine.events import AnyEvent, CancelRejected, OrderAccepted, OrderCanceled, OrderRejected, Trade
from engine.reject import RejectReason
from engine.terms import Terms
from engine.values import BUY, LIMIT, MARKET, SELL, CancelReason, OffsetUnit, OrderType, Side, TimeInForce
from tests.engine.builders import DAY, FOK, GTC, IOC, Venue, add_asset, add_instrument, all_of, only
from tests.engine.invariants import check_state


def spend(venue: Venue, amount: int, side: Side = BUY, time_in_force: TimeInForce = DAY) -> list[AnyEvent]:
    terms = Terms(cash_amount=amount)
    return venue.order("C", side, 0, 0, order_type=MARKET, time_in_force=time_in_force, terms=terms)


@pytest.fixture
def venue() -> Venue:
    """Offers: 2 lots at 100, 3 at 110. Bids: 2 lots at 90, 3 at 80. A taker pays 1 %."""
    venue = Venue(taker_bps=100)
    for side, prices in ((SELL, (100, 110)), (BUY, (90, 80))):
        for qty, price in zip((2, 3), prices, strict=True):
            venue.order("A", side, qty, price)
    return venue


def test_buyer_gets_the_whole_lots_that_the_amount_pays_for_with_the_fee(venue: Venue) -> None:
    """Two lots at 100 and two at 110 come to 420, and 4.2 of fee, rounded up."""
    before = venue.balance("C", "USD")
    events = spend(venue, 425)
    assert only(OrderAccepted, events).qty == 4
    last = all_of(Trade, events)[-1]
    assert (last.taker_order_qty, last.taker_cum_qty, last.taker_leaves_qty) == (4, 4, 0)
    assert venue.balance("C", "USD") == (before[0] - 425, 0)
    check_state(venue.state)


def test_amount_that_lacks_one_unit_buys_a_lot_less_and_the_rest_is_given_back(venue: Venue) -> None:
    before = venue.balance("C", "USD")
    assert only(OrderAccepted, spend(venue, 424)).qty == 3
    assert venue.balance("C", "USD") == (before[0] - 310 - 4, 0)
    assert venue.balance("C", "BTC")[0] == 10**9 + 3
    check_state(venue.state)


def test_seller_gives_the_whole_lots_that_are_worth_the_amount_before_the_fee(venue: Venue) -> None:
    before = venue.balance("C", "USD")
    events = spend(venue, 339, SELL)
    assert only(OrderAccepted, events).qty == 3
    assert sum(trade.notional for trade in all_of(Trade, events)) == 2 * 90 + 80
    assert venue.balance("C", "USD") == (before[0] + 260 - 3, 0)
    assert venue.balance("C", "BTC") == (10**9 - 3, 0)
    check_state(venue.state)


def test_book_that_gives_less_than_the_amount_leaves_a_remainder_counted_at_the_best_price(venue: Venue) -> None:
    before = venue.balance("C", "USD")
    events = spend(venue, 1_000)
    accepted, canceled = only(OrderAccepted, events), only(OrderCanceled, events)
    left = 1_000 - 530 - 6
    assert (accepted.qty, left // 101) == (5 + 4, 4)
    assert (canceled.qty, canceled.cum_qty, canceled.reason) == (9, 5, CancelReason.IMMEDIATE_REMAINDER)
    assert venue.balance("C", "USD") == (before[0] - 530 - 6, 0)
    check_state(venue.state)


def test_fill_or_kill_for_an_amount_trades_all_of_it_or_nothing(venue: Venue) -> None:
    canceled = only(OrderCanceled, spend(venue, 1_000, time_in_force=FOK))
    assert (canceled.cum_qty, canceled.reason) == (0, CancelReason.NOT_FILLABLE)
    assert len(all_of(Trade, spend(venue, 425, time_in_force=FOK))) == 2


def test_slippage_limit_bounds_what_an_amount_buys(venue: Venue) -> None:
    terms = Terms(cash_amount=1_000, slippage_unit=OffsetUnit.TICKS, slippage_max=5)
    events = venue.order("C", BUY, 0, 0, order_type=MARKET, terms=terms)
    assert (only(OrderAccepted, events).qty, only(OrderCanceled, events).cum_qty) == (2 + 7, 2)


def test_buyer_needs_the_whole_amount_and_seller_what_it_comes_to(venue: Venue) -> None:
    for side in (BUY, SELL):
        event = only(OrderRejected, spend(venue, 10**9 * 100, side))
        assert event.reason is RejectReason.QUANTITY_OUT_OF_RANGE
    venue.apply(add_asset("EUR", 5))
    venue.apply(add_instrument(symbol="BTC/EUR", quote="EUR", order_qty_max=2**53))
    for account, asset, amount in (("C", "EUR", 424), ("A", "EUR", 2**40)):
        venue.credit(account, asset, amount)
    venue.order("A", SELL, 10, 100, symbol="BTC/EUR")
    venue.order("A", BUY, 10, 1, symbol="BTC/EUR")
    for side, amount in ((BUY, 425), (SELL, 10**9 + 4)):
        terms = Terms(cash_amount=amount)
        event = only(OrderRejected, venue.order("C", side, 0, 0, order_type=MARKET, symbol="BTC/EUR", terms=terms))
        assert event.reason is RejectReason.INSUFFICIENT_FUNDS
    check_state(venue.state)


def test_amount_below_the_price_of_a_lot_and_its_fee_is_refused(venue: Venue) -> None:
    assert only(OrderRejected, spend(venue, 100)).reason is RejectReason.CASH_BELOW_ONE_LOT
    assert only(OrderAccepted, spend(venue, 101)).qty == 1


def test_amount_needs_a_book(venue: Venue) -> None:
    venue.mass_cancel("A")
    assert only(OrderRejected, spend(venue, 100)).reason is RejectReason.NO_LIQUIDITY


@pytest.mark.parametrize(
    ("order_type", "time_in_force", "qty", "price", "terms", "reason"),
    (
        (LIMIT, IOC, 0, 100, Terms(cash_amount=500), RejectReason.CASH_MISMATCH),
        (LIMIT, GTC, 5, 100, Terms(cash_amount=500), RejectReason.CASH_MISMATCH),
        (MARKET, DAY, 5, 0, Terms(cash_amount=500), RejectReason.CASH_MISMATCH),
        (MARKET, DAY, 0, 0, Terms(cash_amount=500, min_qty=1), RejectReason.CASH_MISMATCH),
        (MARKET, DAY, 0, 0, Terms(cash_amount=-1), RejectReason.CASH_OUT_OF_RANGE),
        (MARKET, DAY, 0, 0, Terms(cash_amount=2**62 + 1), RejectReason.CASH_OUT_OF_RANGE),
        (MARKET, DAY, 0, 0, Terms(min_qty=1), RejectReason.QUANTITY_OUT_OF_RANGE),
    ),
)
def test_amount_that_does_not_fit_is_refused(
    venue: Venue,
    order_type: OrderType,
    time_in_force: TimeInForce,
    qty: int,
    price: int,
    terms: Terms,
    reason: RejectReason,
) -> None:
    events = venue.order("C", BUY, qty, price, order_type=order_type, time_in_force=time_in_force, terms=terms)
    assert only(OrderRejected, events).reason is reason
    check_state(venue.state)


def test_order_is_not_replaced_by_one_for_an_amount(venue: Venue) -> None:
    venue.buy(5, 50, cl_ord_id="x")
    event = only(CancelRejected, venue.replace("x", 0, 50, terms=Terms(cash_amount=100)))
    assert event.reason is RejectReason.CASH_MISMATCH
