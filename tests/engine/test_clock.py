"""Good-till-date orders, and what else happens by the clock."""

import pytest

from engine import commands
from engine.events import CancelRejected, OrderAccepted, OrderCanceled, OrderRejected, OrderReplaced, Trade
from engine.reject import RejectReason
from engine.snapshot import capture, restore
from engine.terms import Terms
from engine.values import BUY, MARKET, SELL, CancelReason, OrderStatus, TimeInForce
from tests.engine.builders import DAY, FOK, GTC, GTD, IOC, Venue, all_of, only
from tests.engine.invariants import check_state

LATER = 5_000


def until(time_ns: int) -> Terms:
    return Terms(expire_ns=time_ns)


def test_order_expires_at_its_time() -> None:
    venue = Venue()
    before = venue.balance("A", "USD")
    accepted = only(OrderAccepted, venue.order("A", BUY, 5, 100, time_in_force=GTD, terms=until(LATER), cl_ord_id="x"))
    assert accepted.terms == until(LATER)
    assert venue.tick(LATER - 1) == []
    event = only(OrderCanceled, venue.tick(LATER))
    assert (event.cl_ord_id, event.reason, event.terms) == ("x", CancelReason.EXPIRE_TIME, until(LATER))
    assert venue.balance("A", "USD") == before
    assert only(CancelRejected, venue.cancel("x")).status is OrderStatus.EXPIRED
    check_state(venue.state)


def test_nothing_trades_after_its_time_however_late_the_tick() -> None:
    venue = Venue()
    venue.order("A", BUY, 5, 100, time_in_force=GTD, terms=until(LATER))
    venue.now_ns = LATER
    events = venue.sell(5, 100)
    assert [type(event) for event in events] == [OrderCanceled, OrderAccepted]


def test_orders_expire_in_order_of_time_and_then_of_age() -> None:
    venue = Venue()
    for cl_ord_id, time_ns in (("a", LATER + 2), ("b", LATER), ("c", LATER + 2), ("d", LATER + 1), ("e", LATER + 3)):
        venue.order("A", BUY, 1, 100, time_in_force=GTD, terms=until(time_ns), cl_ord_id=cl_ord_id)
    expired = all_of(OrderCanceled, venue.tick(LATER + 2))
    assert [event.cl_ord_id for event in expired] == ["b", "d", "a", "c"]
    assert venue.state.due.next_ns == LATER + 3


def test_order_that_is_gone_is_not_due_any_more() -> None:
    venue = Venue()
    for cl_ord_id in ("filled", "cancelled", "replaced", "mass"):
        venue.order("A", BUY, 1, 100, time_in_force=GTD, terms=until(LATER), cl_ord_id=cl_ord_id)
    venue.sell(1, 100)
    venue.cancel("cancelled")
    venue.replace("replaced", 1, 100)
    venue.mass_cancel()
    assert len(venue.state.due) == 0
    assert venue.tick(LATER) == []


def test_replace_may_give_another_time() -> None:
    venue = Venue()
    venue.buy(5, 100, cl_ord_id="x")
    event = only(OrderReplaced, venue.replace("x", 5, 100, time_in_force=GTD, terms=until(LATER), cl_ord_id="y"))
    assert (event.time_in_force, event.terms) == (GTD, until(LATER))
    venue.replace("y", 5, 100, time_in_force=GTD, terms=until(LATER + 5), cl_ord_id="z")
    assert venue.tick(LATER) == []
    assert only(OrderCanceled, venue.tick(LATER + 5)).cl_ord_id == "z"
    venue.buy(5, 100, cl_ord_id="w")
    refused = only(CancelRejected, venue.replace("w", 5, 100, time_in_force=GTD, terms=until(1)))
    assert refused.reason is RejectReason.EXPIRED_ON_ARRIVAL


def test_expired_order_is_refused_on_arrival() -> None:
    venue = Venue()
    for terms in (until(1), until(venue.now_ns + 1), until(-1)):
        event = only(OrderRejected, venue.order("A", BUY, 5, 100, time_in_force=GTD, terms=terms))
        assert event.reason is RejectReason.EXPIRED_ON_ARRIVAL
        venue.now_ns -= 1
    only(OrderAccepted, venue.order("A", BUY, 5, 100, time_in_force=GTD, terms=until(venue.now_ns + 2)))


@pytest.mark.parametrize(
    ("time_in_force", "terms"),
    (
        (GTD, None),
        (GTD, Terms()),
        (GTD, Terms(expire_ns=LATER, expire_day=20260102)),
        *((time_in_force, until(LATER)) for time_in_force in (DAY, GTC, IOC, FOK)),
        (GTC, Terms(expire_day=20260102)),
    ),
)
def test_good_till_date_and_it_alone_has_one_expiry(time_in_force: TimeInForce, terms: Terms | None) -> None:
    event = only(OrderRejected, Venue().order("A", BUY, 5, 100, time_in_force=time_in_force, terms=terms))
    assert event.reason is RejectReason.EXPIRY_MISMATCH


def test_order_good_till_a_day_expires_with_its_end() -> None:
    venue = Venue()
    for day in (20260102, 20260103, 20260105):
        terms = Terms(expire_day=day)
        venue.order("A", BUY, 1, 100, time_in_force=GTD, terms=terms, cl_ord_id=str(day))
    assert only(OrderCanceled, venue.end_day(20260102)).cl_ord_id == "20260102"
    expired = only(OrderCanceled, venue.end_day(20260104))
    assert (expired.cl_ord_id, expired.reason) == ("20260103", CancelReason.END_OF_DAY)
    late = only(OrderRejected, venue.order("A", BUY, 1, 1, time_in_force=GTD, terms=Terms(expire_day=20260104)))
    assert late.reason is RejectReason.EXPIRED_ON_ARRIVAL


def test_market_order_good_till_date_is_gone_before() -> None:
    venue = Venue()
    venue.sell(2, 100)
    events = venue.order("A", BUY, 5, 0, order_type=MARKET, time_in_force=GTD, terms=until(LATER))
    assert only(Trade, events).qty == 2
    assert only(OrderCanceled, events).reason is CancelReason.IMMEDIATE_REMAINDER
    assert len(venue.state.due) == 0


def test_snapshot_keeps_what_is_due() -> None:
    venue = Venue()
    venue.order("A", BUY, 5, 100, time_in_force=GTD, terms=until(LATER), cl_ord_id="x")
    venue.order("B", SELL, 5, 110, time_in_force=GTD, terms=until(LATER + 1), cl_ord_id="y")
    venue.exchange.state = venue.state = restore(capture(venue.state, 1))
    check_state(venue.state)
    assert only(OrderCanceled, venue.tick(LATER)).cl_ord_id == "x"
    assert only(OrderCanceled, venue.tick(LATER + 1)).cl_ord_id == "y"


def test_time_of_a_refused_command_counts_too() -> None:
    venue = Venue()
    venue.order("A", BUY, 5, 100, time_in_force=GTD, terms=until(LATER))
    venue.now_ns = LATER
    assert len(venue.apply(commands.OpenAccount("A"))) == 2
