import pytest

from engine import commands
from engine.events import (
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrderStatusReported,
    Trade,
)
from engine.reject import RejectReason
from engine.values import (
    AMOUNT_MAX,
    BUY,
    LIMIT,
    PRICE_MAX,
    SELL,
    CancelReason,
    OrderStatus,
    TimeInForce,
)
from tests.engine.builders import DAY, FOK, GTC, IOC, SYMBOL, Venue, only
from tests.engine.invariants import check_state


def test_accepted_order_tells_all_that_was_entered() -> None:
    venue = Venue()
    assert venue.buy(5, 100, cl_ord_id="x", time_in_force=DAY) == [
        OrderAccepted("A", "A", 1, "x", SYMBOL, BUY, LIMIT, DAY, 5, 100, rpt_seq=1, displayed_qty=5, reserved=500)
    ]


def test_order_ids_count_accepted_orders_only() -> None:
    venue = Venue()
    assert only(OrderAccepted, venue.buy(5, 100)).order_id == 1
    only(OrderRejected, venue.buy(0, 100))
    assert only(OrderAccepted, venue.buy(5, 100)).order_id == 2


def test_refused_order_changes_nothing_but_the_place_in_the_sequence() -> None:
    venue = Venue(funds=100)
    before = venue.balance("A", "USD")
    event = only(OrderRejected, venue.buy(5, 100, cl_ord_id="x"))
    assert event == OrderRejected(
        "A", "A", "x", SYMBOL, BUY, LIMIT, GTC, 5, 100, RejectReason.INSUFFICIENT_FUNDS, event.text
    )
    assert venue.balance("A", "USD") == before
    assert venue.state.last_order_id == 0
    assert not venue.state.accounts["A"].cl_ord_ids
    assert venue.state.sessions["A"].last_in == len(venue.applied) - 1


def test_session_trades_only_for_its_accounts() -> None:
    venue = Venue()
    for account in ("B", "nobody"):
        event = only(OrderRejected, venue.order(account, BUY, 5, 100, session="A"))
        assert event.reason is RejectReason.UNKNOWN_ACCOUNT


def test_quantity_is_accepted_up_to_the_maximum() -> None:
    venue = Venue()
    only(OrderAccepted, venue.buy(10**6, 1))
    for qty in (-1, 0, 10**6 + 1, 2**62):
        assert only(OrderRejected, venue.buy(qty, 1)).reason is RejectReason.QUANTITY_OUT_OF_RANGE


def test_price_is_accepted_up_to_the_maximum() -> None:
    venue = Venue()
    only(OrderAccepted, venue.sell(1, PRICE_MAX))
    for price in (-1, 0, PRICE_MAX + 1, 2**62):
        assert only(OrderRejected, venue.sell(1, price)).reason is RejectReason.PRICE_OUT_OF_RANGE


def test_notional_is_accepted_up_to_the_largest_amount() -> None:
    venue = Venue()
    assert AMOUNT_MAX == 2**62
    only(OrderAccepted, venue.sell(2**9, 2**53))
    assert only(OrderRejected, venue.sell(2**9 + 1, 2**53)).reason is RejectReason.NOTIONAL_TOO_LARGE


def test_buy_may_spend_the_last_unit_and_no_more() -> None:
    venue = Venue(accounts=("A",), funds=0, maker_bps=1, taker_bps=30)
    venue.credit("A", "USD", 1000 + 3)
    only(OrderAccepted, venue.buy(10, 100))
    assert venue.balance("A", "USD") == (0, 1003)
    venue.mass_cancel()
    venue.credit("A", "USD", 1)
    assert only(OrderRejected, venue.buy(1, 1001)).reason is RejectReason.INSUFFICIENT_FUNDS


def test_sell_may_sell_the_last_unit_and_no_more() -> None:
    venue = Venue(accounts=("B",), funds=7)
    only(OrderAccepted, venue.sell(7, 100))
    assert venue.balance("B", "BTC") == (0, 7)
    assert only(OrderRejected, venue.sell(1, 100)).reason is RejectReason.INSUFFICIENT_FUNDS


def test_repetition_is_answered_with_the_state_of_the_order() -> None:
    venue = Venue()
    venue.buy(5, 100, cl_ord_id="x")
    venue.sell(2, 100)
    event = only(OrderStatusReported, venue.order("A", BUY, 5, 100, cl_ord_id="x", possible_resend=True))
    assert (event.order_id, event.cum_qty, event.leaves_qty) == (1, 2, 3)
    assert event.status is OrderStatus.PARTIALLY_FILLED
    only(OrderAccepted, venue.order("A", BUY, 5, 100, cl_ord_id="new", possible_resend=True))


# ---------------------------------------------------------------------------------------------------- market


def test_market_buy_reserves_what_the_book_asks_and_gives_back_what_is_left() -> None:
    venue = Venue(maker_bps=0, taker_bps=10)
    venue.sell(2, 100)
    venue.sell(3, 110)
    before = venue.holding("C", "USD").available
    events = venue.market(BUY, 4)
    spent = 2 * 100 + 2 * 110
    assert venue.balance("C", "USD") == (before - spent - 1, 0)
    assert sum(event.notional for event in events if isinstance(event, Trade)) == spent


def test_market_order_for_more_than_there_is_takes_all_and_is_cancelled_for_the_rest() -> None:
    venue = Venue()
    venue.sell(2, 100)
    canceled = only(OrderCanceled, venue.market(BUY, 5))
    assert (canceled.cum_qty, canceled.reason) == (2, CancelReason.IMMEDIATE_REMAINDER)
    assert venue.asks() == venue.bids() == []
    check_state(venue.state)


def test_market_buy_beyond_the_funds_is_refused_whole() -> None:
    venue = Venue(accounts=("B",))
    venue.apply(commands.OpenAccount("C"))
    venue.apply(commands.ProvisionSession("C", ("C",), ""))
    venue.credit("C", "USD", 299)
    venue.sell(2, 100)
    venue.sell(2, 101)
    assert only(OrderRejected, venue.market(BUY, 3)).reason is RejectReason.INSUFFICIENT_FUNDS
    venue.credit("C", "USD", 2)
    only(OrderAccepted, venue.market(BUY, 3))
    assert venue.balance("C", "USD") == (0, 0)


def test_market_sell_needs_only_what_it_sells() -> None:
    venue = Venue(accounts=("A",))
    venue.apply(commands.OpenAccount("C"))
    venue.apply(commands.ProvisionSession("C", ("C",), ""))
    venue.credit("C", "BTC", 3)
    venue.buy(2, 100)
    canceled = only(OrderCanceled, venue.market(SELL, 3))
    assert canceled.cum_qty == 2
    assert venue.balance("C", "BTC") == (1, 0)
    assert venue.balance("C", "USD") == (200, 0)


@pytest.mark.parametrize("time_in_force", (DAY, GTC, IOC, FOK))
def test_market_order_never_rests(time_in_force: TimeInForce) -> None:
    venue = Venue()
    venue.sell(2, 100)
    canceled = only(OrderCanceled, venue.market(BUY, 5, time_in_force=time_in_force))
    reason = CancelReason.NOT_FILLABLE if time_in_force is FOK else CancelReason.IMMEDIATE_REMAINDER
    assert canceled.reason is reason
    assert canceled.cum_qty == (0 if time_in_force is FOK else 2)
    check_state(venue.state)
