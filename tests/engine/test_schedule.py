"""Orders that wait for their start."""

import pytest

from engine.events import (
    CancelRejected,
    MassCanceled,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrderReplaced,
    Trade,
)
from engine.reject import RejectReason
from engine.snapshot import capture, restore
from engine.terms import Terms
from engine.values import BUY, LIMIT, MARKET, NEW, PENDING_NEW, SELL, OrderType, PostOnly, TimeInForce
from tests.engine.builders import DAY, FOK, GTC, GTD, IOC, Venue, all_of, only
from tests.engine.invariants import check_state

START = 5_000
WAITS = Terms(effective_ns=START)


def test_order_waits_off_the_book_and_then_acts_as_if_entered_at_its_time() -> None:
    venue = Venue()
    venue.sell(3, 100)
    assert only(OrderAccepted, venue.order("A", BUY, 5, 100, terms=WAITS, cl_ord_id="x")).status is PENDING_NEW
    assert venue.bids() == []
    assert venue.balance("A", "USD")[1] == 500
    check_state(venue.state)
    accepted, trade = venue.tick(START)
    assert (type(accepted), getattr(accepted, "status", None)) == (OrderAccepted, NEW)
    assert (type(trade), venue.bids()) == (Trade, [(100, ["x"])])
    check_state(venue.state)


def test_start_in_the_past_is_at_once() -> None:
    venue = Venue()
    venue.now_ns = START
    event = only(OrderAccepted, venue.order("A", BUY, 5, 100, terms=WAITS, cl_ord_id="x"))
    assert (event.status, venue.bids()) == (NEW, [(100, ["x"])])
    check_state(venue.state)


def test_orders_that_start_together_start_in_the_order_of_entry_and_before_the_command() -> None:
    venue = Venue()
    for cl_ord_id in ("a", "b"):
        venue.order("A", BUY, 1, 100, terms=WAITS, cl_ord_id=cl_ord_id)
    venue.now_ns = START
    venue.buy(1, 100, cl_ord_id="c")
    assert venue.bids() == [(100, ["a", "b", "c"])]


@pytest.mark.parametrize("time_in_force", (IOC, FOK))
def test_immediate_order_is_immediate_when_it_starts(time_in_force: TimeInForce) -> None:
    venue = Venue()
    assert all_of(OrderCanceled, venue.order("A", BUY, 5, 100, time_in_force=time_in_force, terms=WAITS)) == []
    only(OrderCanceled, venue.tick(START))
    assert venue.balance("A", "USD")[1] == 0


def test_waiting_order_is_cancelled_like_any_other() -> None:
    venue = Venue()
    before = venue.balance("A", "USD")
    for cl_ord_id in ("x", "y"):
        venue.order("A", BUY, 5, 100, terms=WAITS, cl_ord_id=cl_ord_id)
    only(OrderCanceled, venue.cancel("x"))
    assert only(MassCanceled, venue.mass_cancel()).orig_cl_ord_ids == ("y",)
    venue.order("A", BUY, 5, 100, time_in_force=DAY, terms=WAITS)
    only(OrderCanceled, venue.end_day(20260102))
    assert venue.tick(START) == []
    assert venue.balance("A", "USD") == before


def test_waiting_order_may_be_replaced_and_waits_on_until_the_time_that_is_stated_anew() -> None:
    venue = Venue()
    venue.order("A", BUY, 5, 100, terms=WAITS, cl_ord_id="x")
    later = Terms(effective_ns=START + 10, min_qty=2)
    event = only(OrderReplaced, venue.replace("x", 4, 90, cl_ord_id="y", time_in_force=IOC, terms=later))
    assert (event.status, event.qty, event.price, event.leaves_qty) == (PENDING_NEW, 4, 90, 4)
    assert venue.balance("A", "USD")[1] == 360
    check_state(venue.state)
    assert venue.tick(START) == []
    venue.sell(3, 90)
    assert [type(event) for event in venue.tick(START + 10)] == [OrderAccepted, Trade, OrderCanceled]


@pytest.mark.parametrize("terms", (None, Terms(effective_ns=1)))
def test_waiting_order_replaced_without_a_time_to_come_starts_at_once(terms: Terms | None) -> None:
    venue = Venue()
    venue.sell(3, 100)
    venue.order("A", BUY, 5, 99, terms=WAITS, cl_ord_id="x")
    replaced, accepted, trade = venue.replace("x", 5, 100, cl_ord_id="y", terms=terms)
    assert (type(replaced), getattr(replaced, "status", None)) == (OrderReplaced, PENDING_NEW)
    assert (type(accepted), getattr(accepted, "status", None)) == (OrderAccepted, NEW)
    assert (type(trade), venue.bids()) == (Trade, [(100, ["y"])])
    check_state(venue.state)
    assert venue.tick(START) == []


def test_order_that_has_started_takes_no_other_start_but_may_repeat_its_own() -> None:
    venue = Venue()
    venue.order("A", BUY, 5, 100, terms=WAITS, cl_ord_id="x")
    venue.tick(START)
    event = only(CancelRejected, venue.replace("x", 4, 100, terms=Terms(effective_ns=START + 100)))
    assert event.reason is RejectReason.SCHEDULE_MISMATCH
    only(OrderReplaced, venue.replace("x", 4, 100, cl_ord_id="y", terms=WAITS))
    assert venue.bids() == [(100, ["y"])]
    check_state(venue.state)


def test_order_that_starts_and_expires_does_both() -> None:
    venue = Venue()
    terms = Terms(effective_ns=START, expire_ns=START + 10)
    venue.order("A", BUY, 5, 100, time_in_force=GTD, terms=terms)
    only(OrderAccepted, venue.tick(START))
    only(OrderCanceled, venue.tick(START + 10))
    venue.order("A", BUY, 5, 100, time_in_force=GTD, terms=Terms(effective_ns=6_000, expire_ns=6_001))
    assert [type(event) for event in venue.tick(7_000)] == [OrderAccepted, OrderCanceled]


@pytest.mark.parametrize(
    ("order_type", "time_in_force", "terms"),
    (
        (MARKET, GTC, WAITS),
        (LIMIT, GTC, Terms(effective_ns=START, post_only=PostOnly.REJECT)),
        (LIMIT, GTD, Terms(effective_ns=START, expire_ns=START)),
    ),
)
def test_schedule_that_does_not_fit_is_refused(order_type: OrderType, time_in_force: TimeInForce, terms: Terms) -> None:
    price = 100 if order_type is LIMIT else 0
    events = Venue().order("A", BUY, 5, price, order_type=order_type, time_in_force=time_in_force, terms=terms)
    assert only(OrderRejected, events).reason is RejectReason.SCHEDULE_MISMATCH


def test_snapshot_keeps_what_waits() -> None:
    venue = Venue()
    venue.order("B", SELL, 5, 100, terms=WAITS, cl_ord_id="x")
    venue.exchange.state = venue.state = restore(capture(venue.state, 1))
    check_state(venue.state)
    only(OrderAccepted, venue.tick(START))
    assert venue.asks() == [(100, ["x"])]
