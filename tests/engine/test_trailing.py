"""Trailing stops: where they stand, when they fire, and that they cost nothing as they follow."""

import random

import pytest
from msgspec.structs import replace

from engine import heap, trailing
from engine.events import CancelRejected, OrderAccepted, OrderCanceled, OrderReplaced, OrderStatusReported
from engine.reject import RejectReason
from engine.snapshot import capture, restore, state_hash
from engine.terms import Terms
from engine.trailing import Trail
from engine.values import BUY, SELL, OffsetUnit, OrderType, Side, TriggerSource
from tests.engine.builders import SYMBOL, Venue, only
from tests.engine.invariants import check_state
from tests.engine.market import index_at, market, trade_at, triggered
from tests.engine.trigger_invariants import check_trail

TRAILING = OrderType.TRAILING_STOP
TICKS, BASIS_POINTS = OffsetUnit.TICKS, OffsetUnit.BASIS_POINTS


@pytest.fixture
def venue() -> Venue:
    return market()


def trail(
    venue: Venue, side: Side, offset: int, unit: OffsetUnit = TICKS, *, cl_ord_id: str = "x", **terms: int
) -> OrderAccepted:
    asked = Terms(offset=offset, offset_unit=unit, **{"trigger": TriggerSource.LAST, **terms})  # type: ignore[arg-type]
    return only(OrderAccepted, venue.order("A", side, 5, 0, order_type=TRAILING, terms=asked, cl_ord_id=cl_ord_id))


def stop_of(venue: Venue, cl_ord_id: str = "x", side: Side = SELL) -> int:
    event = only(OrderStatusReported, venue.query(cl_ord_id, side=side))
    assert event.terms is not None
    return event.terms.stop_price


def test_sale_follows_the_highest_price_and_fires_so_far_below_it(venue: Venue) -> None:
    accepted = trail(venue, SELL, 6)
    assert accepted.terms is not None
    assert accepted.terms.stop_price == 994
    for price, stop in ((1004, 998), (1001, 998), (999, 998), (1008, 1002)):
        assert trade_at(venue, price) == []
        assert stop_of(venue) == stop
        check_state(venue.state)
    fired, *_ = trade_at(venue, 1002)
    assert triggered([fired]) == ["x"]
    assert getattr(fired, "terms", Terms()).stop_price == 1002


def test_purchase_follows_the_lowest_price_and_frees_what_it_no_longer_needs(venue: Venue) -> None:
    trail(venue, BUY, 100, BASIS_POINTS)
    assert stop_of(venue, side=BUY) == 1010
    assert venue.balance("A", "USD")[1] == 5 * (1010 + 50)
    trade_at(venue, 992)
    assert stop_of(venue, side=BUY) == 992 + 9
    before = venue.balance("A", "USD")[0]
    assert triggered(trade_at(venue, 1001)) == ["x"]
    assert venue.balance("A", "USD") == (before + 5 * 1060 - 5 * 1010, 0)


def test_trail_may_follow_the_index(venue: Venue) -> None:
    index_at(venue, 500)
    trail(venue, SELL, 5, trigger=TriggerSource.INDEX)
    assert triggered(trade_at(venue, 991)) == []
    index_at(venue, 510, 2)
    assert stop_of(venue) == 505
    assert triggered(index_at(venue, 505, 3)) == ["x"]


def test_replace_of_the_trail_keeps_the_mark(venue: Venue) -> None:
    trail(venue, SELL, 6)
    trade_at(venue, 1008)
    trade_at(venue, 1005)
    terms = Terms(trigger=TriggerSource.LAST, offset=4, offset_unit=TICKS)
    event = only(OrderReplaced, venue.replace("x", 7, 0, side=SELL, order_type=TRAILING, terms=terms, cl_ord_id="y"))
    assert event.terms is not None
    assert (event.qty, event.leaves_qty, event.terms.stop_price) == (7, 7, 1004)
    check_state(venue.state)
    nearer = replace(terms, offset=3)
    refused = only(CancelRejected, venue.replace("y", 7, 0, side=SELL, order_type=TRAILING, terms=nearer))
    assert refused.reason is RejectReason.STOP_PRICE_REACHED
    fixed = Terms(trigger=TriggerSource.LAST, stop_price=1001)
    only(OrderReplaced, venue.replace("y", 7, 0, side=SELL, order_type=OrderType.STOP, terms=fixed, cl_ord_id="z"))
    check_state(venue.state)
    assert triggered(trade_at(venue, 1001)) == ["z"]


def test_cancel_shows_where_the_stop_stood(venue: Venue) -> None:
    trail(venue, SELL, 6)
    trade_at(venue, 1004)
    event = only(OrderCanceled, venue.cancel("x", side=SELL))
    assert event.terms is not None
    assert event.terms.stop_price == 998
    assert venue.state.books[SYMBOL].watchers == 0


def test_snapshot_keeps_the_marks(venue: Venue) -> None:
    for number, price in enumerate((1008, 1004, 1001, 1006)):
        trade_at(venue, price)
        trail(venue, SELL, 12, cl_ord_id=f"s{number}")
        trail(venue, BUY, 150, BASIS_POINTS, cl_ord_id=f"b{number}")
    stops = [stop_of(venue, f"s{number}") for number in range(4)]
    before = state_hash(venue.state, 1)
    venue.exchange.state = venue.state = restore(capture(venue.state, 1))
    check_state(venue.state)
    assert state_hash(venue.state, 1) == before
    assert [stop_of(venue, f"s{number}") for number in range(4)] == stops


@pytest.mark.parametrize("side", (BUY, SELL))
@pytest.mark.parametrize("walk", ("random", "away", "to and fro"))
def test_nothing_is_done_for_each_order_as_the_price_moves(
    monkeypatch: pytest.MonkeyPatch, side: Side, walk: str
) -> None:
    """Counted, not timed: links of heaps, for twice as many orders and prices no more than a little over twice."""
    assert links(monkeypatch, side, walk, 4_000) < 2.5 * links(monkeypatch, side, walk, 2_000) + 100


def links(monkeypatch: pytest.MonkeyPatch, side: Side, walk: str, count: int) -> int:
    made = 0
    link = heap._link

    def counting(one: heap.Node, other: heap.Node) -> heap.Node:
        nonlocal made
        made += 1
        return link(one, other)

    venue = Venue(funds=10**12)
    venue.sell(1, 50_000)
    venue.buy(1, 50_000)
    orders = []
    for number in range(count):
        terms = Terms(
            trigger=TriggerSource.LAST, offset=20_000 + number % 97, offset_unit=(TICKS, BASIS_POINTS)[number % 2]
        )
        venue.order("A", side, 1, 0, order_type=TRAILING, terms=replace(terms, offset=min(terms.offset, 9_000)))
    orders = list(venue.state.accounts["A"].orders.values())
    rng = random.Random(1)
    kept, price = Trail(side), 50_000
    with monkeypatch.context() as patched:
        patched.setattr(heap, "_link", counting)
        for number, order in enumerate(orders):
            if walk == "random":
                price += rng.randint(-5, 5)
            elif walk == "away":
                price -= kept.sign
            else:
                price += 40 if number % 2 else -40
            kept.move(price, [])
            assert order.terms is not None
            kept.add(order, order.terms, price)
            if number % 3 == 0:
                kept.remove(order)
        for _ in range(count):
            price += rng.randint(-9, 9)
            kept.move(price, [])
    assert len(kept) > count // 2
    return made


def test_orders_leave_from_anywhere_and_the_heap_stays_one() -> None:
    venue = Venue(funds=10**12)
    venue.sell(1, 50_000)
    venue.buy(1, 50_000)
    rng = random.Random(2)
    for _ in range(300):
        unit = rng.choice((TICKS, BASIS_POINTS))
        terms = Terms(trigger=TriggerSource.LAST, offset=rng.randint(1, 40), offset_unit=unit)
        venue.order("A", SELL, 1, 0, order_type=TRAILING, terms=terms)
    watch = venue.state.books[SYMBOL].triggers.last
    for order in rng.sample(list(venue.state.accounts["A"].orders.values()), 290):
        venue.cancel("", order_id=order.order_id, side=SELL)
        check_trail(watch.selling, 50_000)
    assert len(watch.selling) == 10


def test_distance_is_at_least_one_tick() -> None:
    assert trailing.distance(Terms(offset=1, offset_unit=BASIS_POINTS), 100) == 1
