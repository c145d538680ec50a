import pytest

from engine.events import (
    CancelRejected,
    OrderReplaced,
    Trade,
)
from engine.reject import RejectReason
from engine.values import (
    AMOUNT_MAX,
    BUY,
    MARKET,
    PRICE_MAX,
    SELL,
    OrderStatus,
)
from tests.engine.builders import DAY, FOK, IOC, Venue, add_instrument, only
from tests.engine.invariants import check_state


@pytest.fixture
def queue() -> Venue:
    """Three bids at 100: first, second, third."""
    venue = Venue()
    for cl_ord_id in ("first", "second", "third"):
        venue.buy(10, 100, cl_ord_id=cl_ord_id)
    return venue


def test_smaller_replace_keeps_priority(queue: Venue) -> None:
    event = only(OrderReplaced, queue.replace("first", 4, 100, cl_ord_id="new"))
    assert (event.qty, event.leaves_qty, event.orig_cl_ord_id, event.cl_ord_id) == (4, 4, "first", "new")
    assert queue.bids() == [(100, ["new", "second", "third"])]


def test_equal_replace_keeps_priority(queue: Venue) -> None:
    queue.replace("first", 10, 100, cl_ord_id="new", time_in_force=DAY)
    assert queue.bids() == [(100, ["new", "second", "third"])]
    assert queue.open_order("new").time_in_force is DAY


def test_larger_replace_loses_priority(queue: Venue) -> None:
    queue.replace("first", 11, 100, cl_ord_id="new")
    assert queue.bids() == [(100, ["second", "third", "new"])]


def test_replace_at_another_price_loses_priority_there_and_back(queue: Venue) -> None:
    queue.replace("first", 10, 99, cl_ord_id="down")
    assert queue.bids() == [(100, ["second", "third"]), (99, ["down"])]
    queue.replace("down", 10, 100, cl_ord_id="back")
    assert queue.bids() == [(100, ["second", "third", "back"])]


def test_replace_of_a_partly_filled_order_counts_what_was_filled(queue: Venue) -> None:
    queue.sell(6, 100)
    event = only(OrderReplaced, queue.replace("first", 8, 100, cl_ord_id="new"))
    assert (event.qty, event.leaves_qty, event.cum_qty) == (8, 2, 6)
    assert queue.bids()[0] == (100, ["new", "second", "third"])
    only(OrderReplaced, queue.replace("new", 12, 100, cl_ord_id="more"))
    assert queue.open_order("more").leaves_qty == 6
    assert queue.bids()[0] == (100, ["second", "third", "more"])


def test_replace_to_what_has_been_filled_is_refused(queue: Venue) -> None:
    queue.sell(6, 100)
    for qty in (6, 5):
        event = only(CancelRejected, queue.replace("first", qty, 100))
        assert (event.reason, event.is_replace) == (RejectReason.QUANTITY_NOT_ABOVE_FILLED, True)
        assert event.status is OrderStatus.PARTIALLY_FILLED


def test_replace_that_crosses_trades_at_once(queue: Venue) -> None:
    queue.sell(3, 105)
    events = queue.replace("first", 10, 105, cl_ord_id="new")
    assert [type(event) for event in events] == [OrderReplaced, Trade]
    trade = only(Trade, events)
    assert (trade.price, trade.qty, trade.taker_cl_ord_id, trade.taker_leaves_qty) == (105, 3, "new", 7)
    assert queue.bids() == [(105, ["new"]), (100, ["second", "third"])]


def test_replace_reserves_the_difference() -> None:
    venue = Venue(accounts=("A",), funds=1000)
    venue.buy(5, 100, cl_ord_id="x")
    assert only(CancelRejected, venue.replace("x", 11, 100)).reason is RejectReason.INSUFFICIENT_FUNDS
    venue.replace("x", 10, 100, cl_ord_id="y")
    assert venue.balance("A", "USD") == (0, 1000)
    venue.replace("y", 3, 100, cl_ord_id="z")
    assert venue.balance("A", "USD") == (700, 300)


@pytest.mark.parametrize(
    ("changes", "reason"),
    (
        ({"order_type": MARKET}, RejectReason.CANNOT_REPLACE_THUS),
        ({"time_in_force": IOC}, RejectReason.CANNOT_REPLACE_THUS),
        ({"time_in_force": FOK}, RejectReason.CANNOT_REPLACE_THUS),
        ({"qty": 0}, RejectReason.QUANTITY_OUT_OF_RANGE),
        ({"qty": 10**6 + 1}, RejectReason.QUANTITY_OUT_OF_RANGE),
        ({"price": 0}, RejectReason.PRICE_OUT_OF_RANGE),
        ({"price": PRICE_MAX + 1}, RejectReason.PRICE_OUT_OF_RANGE),
        ({"qty": 1000, "price": PRICE_MAX}, RejectReason.NOTIONAL_TOO_LARGE),
        ({"qty": 1000, "price": 10**7}, RejectReason.INSUFFICIENT_FUNDS),
    ),
)
def test_terms_that_cannot_be_are_refused(queue: Venue, changes: dict[str, int], reason: RejectReason) -> None:
    event = only(CancelRejected, queue.replace("first", **{"qty": 10, "price": 100, **changes}))  # type: ignore[arg-type]
    assert event.reason is reason
    assert queue.bids() == [(100, ["first", "second", "third"])]
    check_state(queue.state)


def test_order_that_is_replaced_again_and_again_never_outgrows_the_journal() -> None:
    """Each time the order is worth the largest amount, and trades for a part of it: what it has traded adds up."""
    venue = Venue(accounts=("A",), funds=0)
    venue.apply(add_instrument(symbol="BIG", price_increment=2**9))
    venue.credit("A", "USD", 2**62)
    venue.credit("A", "BTC", 100)
    venue.order("A", SELL, 2, 2**52, symbol="BIG", cl_ord_id="s2")
    for qty in range(3, 120):
        venue.order("A", BUY, 1, 2**53 // (qty - 1), symbol="BIG")
        events = venue.replace(f"s{qty - 1}", qty, 2**53 // qty, symbol="BIG", side=SELL, cl_ord_id=f"s{qty}")
        if isinstance(events[0], CancelRejected):
            assert events[0].reason is RejectReason.NOTIONAL_TOO_LARGE
            break
    order = venue.state.find_order(venue.state.accounts["A"], 1)
    assert order is not None
    assert order.cum_notional <= 3 * AMOUNT_MAX < 2**64
    check_state(venue.state)
