"""Orders that wait for a price: stops and take-profits."""

import pytest

from engine.commands import SetIndexPrice
from engine.events import (
    AnyEvent,
    CommandRejected,
    IndexPriceSet,
    MassCanceled,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrderStatusReported,
    OrderTriggered,
    Trade,
)
from engine.reject import RejectReason
from engine.rules import Rules
from engine.snapshot import capture, restore, state_hash
from engine.terms import Terms
from engine.values import (
    BUY,
    LIMIT,
    MARKET,
    NEW,
    PENDING_NEW,
    SELL,
    CancelReason,
    OffsetUnit,
    OrderStatus,
    OrderType,
    Phase,
    Place,
    PostOnly,
    Side,
    TimeInForce,
    TriggerSource,
)
from tests.engine.builders import DAY, FOK, GTC, GTD, IOC, SYMBOL, Venue, all_of, only
from tests.engine.invariants import check_state
from tests.engine.market import index_at, market, trade_at, triggered

STOP, STOP_LIMIT = OrderType.STOP, OrderType.STOP_LIMIT
TAKE_PROFIT, TAKE_PROFIT_LIMIT = OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT


@pytest.fixture
def venue() -> Venue:
    return market()


def wait(
    venue: Venue,
    side: Side,
    order_type: OrderType,
    stop_price: int,
    price: int = 0,
    *,
    qty: int = 5,
    account: str = "A",
    time_in_force: TimeInForce = GTC,
    cl_ord_id: str = "",
    **terms: int,
) -> list[AnyEvent]:
    asked = Terms(**{"trigger": TriggerSource.LAST, "stop_price": stop_price, **terms})  # type: ignore[arg-type]
    return venue.order(
        account,
        side,
        qty,
        price,
        order_type=order_type,
        time_in_force=time_in_force,
        cl_ord_id=cl_ord_id,
        terms=asked,
    )


# ------------------------------------------------------------------------------------------------- how they fire


@pytest.mark.parametrize(
    ("side", "order_type", "stop_price", "short_of_it"),
    (
        (BUY, STOP, 1005, 1004),
        (SELL, STOP, 995, 996),
        (BUY, TAKE_PROFIT, 995, 996),
        (SELL, TAKE_PROFIT, 1005, 1004),
    ),
)
def test_order_waits_until_the_last_price_is_at_its_stop(
    venue: Venue, side: Side, order_type: OrderType, stop_price: int, short_of_it: int
) -> None:
    accepted = only(OrderAccepted, wait(venue, side, order_type, stop_price, cl_ord_id="x"))
    assert accepted.status is NEW
    assert venue.open_order("x").place is Place.TRIGGERS
    check_state(venue.state)
    assert trade_at(venue, short_of_it) == []
    fired, trade = trade_at(venue, stop_price)
    assert triggered([fired]) == ["x"]
    assert (only(Trade, [trade]).taker_cl_ord_id, only(Trade, [trade]).qty) == ("x", 5)
    check_state(venue.state)


def test_stop_with_a_limit_then_acts_as_a_limit_order(venue: Venue) -> None:
    wait(venue, BUY, STOP_LIMIT, 1005, 1010, qty=15, cl_ord_id="x")
    fired, trade = trade_at(venue, 1005)
    assert only(OrderTriggered, [fired]).price == 1010
    assert only(Trade, [trade]).price == 1010
    assert venue.bids()[0] == (1010, ["x"])
    assert venue.state.books[SYMBOL].watchers == 0


def test_triggered_order_queues_behind_all_that_rest_at_its_price(venue: Venue) -> None:
    wait(venue, SELL, STOP_LIMIT, 995, 1010, cl_ord_id="x")
    venue.sell(1, 1010, "C", cl_ord_id="later, but there")
    trade_at(venue, 995)
    assert venue.asks()[0][1][-2:] == ["later, but there", "x"]


def test_orders_fire_as_the_price_reaches_them_on_its_way_and_by_entry_at_one_stop(venue: Venue) -> None:
    for cl_ord_id, stop_price in (("far", 1008), ("near", 1002), ("middle", 1005), ("middle too", 1005)):
        wait(venue, BUY, STOP_LIMIT, stop_price, 980, qty=1, cl_ord_id=cl_ord_id)
    assert triggered(trade_at(venue, 1009)) == ["near", "middle", "middle too", "far"]
    for cl_ord_id, stop_price in (("a", 1001), ("b", 1004), ("c", 1002)):
        wait(venue, SELL, STOP_LIMIT, stop_price, 1050, qty=1, cl_ord_id=cl_ord_id)
    assert triggered(trade_at(venue, 1000)) == ["b", "c", "a"]


def test_what_a_triggered_order_trades_triggers_others_after_those_before_it(venue: Venue) -> None:
    wait(venue, BUY, STOP, 1005, qty=20, cl_ord_id="first")  # It trades up to 1020.
    wait(venue, BUY, STOP, 1006, qty=1, cl_ord_id="second")
    wait(venue, BUY, STOP, 1015, qty=1, cl_ord_id="third")
    wait(venue, SELL, TAKE_PROFIT, 1015, qty=1, cl_ord_id="fourth")
    wait(venue, BUY, STOP, 1090, qty=1, cl_ord_id="not yet")
    events = trade_at(venue, 1006)
    assert triggered(events) == ["first", "second", "third", "fourth"]
    assert [trade.price for trade in all_of(Trade, events)] == [1010, 1020, 1030, 1030, 990]
    check_state(venue.state)


def test_price_that_was_reached_and_left_again_has_triggered(venue: Venue) -> None:
    """A taker that begins beyond the stop on one side ends on the other: both prices have been there."""
    venue.sell(1, 991, "MAKER")
    wait(venue, SELL, STOP_LIMIT, 995, 1100, qty=1, cl_ord_id="down")
    wait(venue, BUY, STOP_LIMIT, 1005, 900, qty=1, cl_ord_id="up")
    assert triggered(venue.buy(2, 1010, "C")) == ["down", "up"]


def test_order_whose_price_has_come_is_not_taken_back_when_another_moves_the_price(venue: Venue) -> None:
    wait(venue, SELL, TAKE_PROFIT, 1005, qty=1, cl_ord_id="sells down to 990")
    wait(venue, BUY, STOP, 1006, qty=1, cl_ord_id="was reached")
    assert triggered(trade_at(venue, 1006)) == ["sells down to 990", "was reached"]


# ---------------------------------------------------------------------------------------- protection and funds


def test_stop_without_a_limit_trades_within_the_protection_and_the_rest_is_cancelled(venue: Venue) -> None:
    venue.apply_rules(Rules(stop_protection_bps=150))
    event = only(OrderAccepted, wait(venue, BUY, STOP, 1005, qty=50, cl_ord_id="x"))
    assert event.price == 1005 + 15
    events = trade_at(venue, 1005)
    assert [trade.price for trade in all_of(Trade, events)] == [1010, 1020]
    canceled = only(OrderCanceled, events)
    assert (canceled.reason, canceled.cum_qty) == (CancelReason.IMMEDIATE_REMAINDER, 20)
    wait(venue, SELL, STOP, 995, qty=50)
    assert only(OrderCanceled, trade_at(venue, 995)).cum_qty == 10


def test_stop_reserves_what_it_may_cost_and_frees_the_rest_when_it_is_done(venue: Venue) -> None:
    before = venue.balance("A", "USD")
    wait(venue, BUY, STOP, 1005, qty=5)
    assert venue.balance("A", "USD")[1] == 5 * (1005 + 50)
    trade_at(venue, 1005)
    assert venue.balance("A", "USD") == (before[0] - 5 * 1010, 0)
    wait(venue, SELL, STOP, 995, qty=5, account="C")
    assert venue.balance("C", "BTC")[1] == 5


def test_stop_that_cannot_be_paid_for_is_refused() -> None:
    venue = Venue(funds=1_000)
    venue.sell(1, 100)
    venue.buy(1, 100)
    event = only(OrderRejected, wait(venue, BUY, STOP, 101, qty=9))
    assert event.reason is RejectReason.INSUFFICIENT_FUNDS
    only(OrderAccepted, wait(venue, BUY, STOP, 101, qty=8))


def test_later_rules_do_not_make_a_waiting_stop_dearer(venue: Venue) -> None:
    wait(venue, BUY, STOP, 1005, cl_ord_id="x")
    venue.apply_rules(Rules(stop_protection_bps=5_000))
    assert only(OrderTriggered, trade_at(venue, 1005)).price == 1055


def test_stop_that_finds_nobody_is_cancelled() -> None:
    venue = Venue()
    venue.sell(1, 100)
    venue.buy(1, 100)
    wait(venue, BUY, STOP, 101)
    venue.sell(1, 101)
    event = only(OrderCanceled, venue.buy(1, 101))
    assert (event.reason, venue.balance("A", "USD")[1]) == (CancelReason.IMMEDIATE_REMAINDER, 0)


# ------------------------------------------------------------------------------------------------- index price


def test_index_price_triggers_what_waits_for_it_and_nothing_else(venue: Venue) -> None:
    index_at(venue, 1000)
    wait(venue, BUY, STOP_LIMIT, 1005, 900, cl_ord_id="index", trigger=TriggerSource.INDEX)
    wait(venue, BUY, STOP_LIMIT, 1005, 900, cl_ord_id="last")
    assert triggered(trade_at(venue, 1005)) == ["last"]
    rpt_seq = venue.state.books[SYMBOL].rpt_seq
    events = index_at(venue, 1005, 2)
    assert events[0] == IndexPriceSet(SYMBOL, 1005, "a source", 2, rpt_seq + 1)
    assert triggered(events) == ["index"]
    assert venue.state.books[SYMBOL].index_price == 1005


@pytest.mark.parametrize(
    ("symbol", "price", "source_time_ns", "text"),
    (
        ("X", 5, 9, "index price: unknown instrument X"),
        (SYMBOL, 0, 9, "BTC/USD: an index price of 0 ticks is out of range"),
        (SYMBOL, 2**53 + 1, 9, "BTC/USD: an index price of 9007199254740993 ticks is out of range"),
        (SYMBOL, 5, 7, "BTC/USD: a later index price is known"),
    ),
)
def test_index_price_that_cannot_be_is_refused(
    venue: Venue, symbol: str, price: int, source_time_ns: int, text: str
) -> None:
    index_at(venue, 1000, 8)
    assert venue.apply(SetIndexPrice(symbol, price, "", source_time_ns)) == [CommandRejected(text)]
    assert venue.state.books[SYMBOL].index_price == 1000


# ------------------------------------------------------------------------------------- while and until they wait


def test_waiting_order_is_cancelled_like_any_other(venue: Venue) -> None:
    before = venue.balance("A", "USD")
    for cl_ord_id in ("x", "y", "z"):
        wait(venue, BUY, STOP, 1005, cl_ord_id=cl_ord_id, time_in_force=DAY if cl_ord_id == "z" else GTC)
    only(OrderCanceled, venue.cancel("x"))
    check_state(venue.state)
    assert only(OrderCanceled, venue.end_day(20260102)).cl_ord_id == "z"
    assert only(MassCanceled, venue.mass_cancel()).orig_cl_ord_ids == ("y",)
    assert trade_at(venue, 1005) == []
    assert venue.balance("A", "USD") == before
    assert venue.state.books[SYMBOL].watchers == 0


def test_waiting_order_expires_at_its_time(venue: Venue) -> None:
    wait(venue, BUY, STOP, 1005, time_in_force=GTD, expire_ns=9_000)
    assert only(OrderCanceled, venue.tick(9_000)).reason is CancelReason.EXPIRE_TIME
    check_state(venue.state)


def test_status_of_a_waiting_order_shows_its_stop(venue: Venue) -> None:
    wait(venue, SELL, STOP, 995, cl_ord_id="x")
    event = only(OrderStatusReported, venue.query("x", side=SELL))
    assert event.status is OrderStatus.NEW
    assert event.terms == Terms(trigger=TriggerSource.LAST, stop_price=995)


def test_scheduled_stop_waits_for_its_time_and_then_for_its_price(venue: Venue) -> None:
    assert only(OrderAccepted, wait(venue, BUY, STOP, 1005, cl_ord_id="x", effective_ns=9_000)).status is PENDING_NEW
    assert trade_at(venue, 1005) == []
    trade_at(venue, 1000)
    assert only(OrderAccepted, venue.tick(9_000)).status is NEW
    assert triggered(trade_at(venue, 1005)) == ["x"]


def test_scheduled_stop_whose_price_is_there_when_it_starts_fires_at_once(venue: Venue) -> None:
    wait(venue, BUY, STOP, 1005, cl_ord_id="x", effective_ns=9_000)
    trade_at(venue, 1006)
    assert [type(event) for event in venue.tick(9_000)] == [OrderAccepted, OrderTriggered, Trade]


@pytest.mark.parametrize(("time_in_force", "min_qty"), ((IOC, 0), (FOK, 0), (GTC, 15)))
def test_what_is_asked_of_entry_is_asked_when_a_stop_limit_fires(
    venue: Venue, time_in_force: TimeInForce, min_qty: int
) -> None:
    wait(venue, BUY, STOP_LIMIT, 1005, 1010, qty=15, time_in_force=time_in_force, min_qty=min_qty)
    event = only(OrderCanceled, trade_at(venue, 1005))
    assert event.cum_qty == (10 if time_in_force is IOC else 0)


def test_outside_continuous_trading_what_is_triggered_waits(venue: Venue) -> None:
    index_at(venue, 1000)
    for cl_ord_id in ("x", "y"):
        wait(venue, BUY, STOP, 1005, cl_ord_id=cl_ord_id, trigger=TriggerSource.INDEX)
    venue.state.books[SYMBOL].phase = Phase.HALT
    assert triggered(index_at(venue, 1005, 2)) == []
    venue.exchange.state = venue.state = restore(capture(venue.state, 1))
    check_state(venue.state)
    only(OrderCanceled, venue.cancel("x"))
    venue.state.books[SYMBOL].phase = Phase.CONTINUOUS
    assert triggered(index_at(venue, 1000, 3)) == ["y"]


# ------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("side", "order_type", "stop_price"),
    ((BUY, STOP, 1000), (BUY, STOP, 999), (SELL, STOP, 1000), (SELL, STOP, 1001), (BUY, TAKE_PROFIT, 1001)),
)
def test_stop_on_the_wrong_side_of_the_price_is_refused(
    venue: Venue, side: Side, order_type: OrderType, stop_price: int
) -> None:
    event = only(OrderRejected, wait(venue, side, order_type, stop_price))
    assert event.reason is RejectReason.STOP_PRICE_REACHED


def test_stop_needs_a_price_to_wait_from() -> None:
    venue = Venue()
    assert only(OrderRejected, wait(venue, BUY, STOP, 100)).reason is RejectReason.NO_LAST_PRICE
    event = only(OrderRejected, wait(venue, BUY, STOP, 100, trigger=TriggerSource.INDEX))
    assert event.reason is RejectReason.NO_INDEX_PRICE


_LAST = TriggerSource.LAST
_TRIGGERED = Terms(trigger=_LAST, stop_price=1005)


@pytest.mark.parametrize(
    ("order_type", "price", "time_in_force", "terms", "reason"),
    (
        (STOP, 0, GTC, None, RejectReason.TRIGGER_MISMATCH),
        (STOP_LIMIT, 1010, GTC, None, RejectReason.TRIGGER_MISMATCH),
        (STOP, 0, GTC, Terms(stop_price=1005), RejectReason.TRIGGER_MISMATCH),
        (LIMIT, 1010, GTC, _TRIGGERED, RejectReason.TRIGGER_MISMATCH),
        (LIMIT, 1010, GTC, Terms(stop_price=1005), RejectReason.TRIGGER_MISMATCH),
        (MARKET, 0, DAY, _TRIGGERED, RejectReason.TRIGGER_MISMATCH),
        (STOP, 0, GTC, Terms(trigger=_LAST), RejectReason.STOP_PRICE_OUT_OF_RANGE),
        (STOP, 0, GTC, Terms(trigger=_LAST, stop_price=-1), RejectReason.STOP_PRICE_OUT_OF_RANGE),
        (STOP, 0, GTC, Terms(trigger=_LAST, stop_price=2**53 + 1), RejectReason.STOP_PRICE_OUT_OF_RANGE),
        (STOP, 0, GTC, Terms(trigger=_LAST, stop_price=2**53), RejectReason.PRICE_OUT_OF_RANGE),
        (STOP, 1010, GTC, _TRIGGERED, RejectReason.MARKET_ORDER_NEEDS_NO_PRICE),
        (STOP_LIMIT, 0, GTC, _TRIGGERED, RejectReason.PRICE_OUT_OF_RANGE),
        (STOP, 0, IOC, _TRIGGERED, RejectReason.STOP_TRADES_AT_ONCE),
        (TAKE_PROFIT, 0, FOK, _TRIGGERED, RejectReason.STOP_TRADES_AT_ONCE),
        (
            STOP_LIMIT,
            1010,
            GTC,
            Terms(trigger=_LAST, stop_price=1005, post_only=PostOnly.REJECT),
            RejectReason.POST_ONLY_MUST_REST,
        ),
        (
            STOP,
            0,
            GTC,
            Terms(trigger=_LAST, stop_price=1005, offset=5, offset_unit=OffsetUnit.TICKS),
            RejectReason.TRAIL_MISMATCH,
        ),
        (
            STOP,
            0,
            GTC,
            Terms(trigger=_LAST, stop_price=1005, slippage_unit=OffsetUnit.TICKS),
            RejectReason.SLIPPAGE_MISMATCH,
        ),
        (STOP, 0, GTC, Terms(trigger=_LAST, stop_price=1005, min_qty=6), RejectReason.MIN_QTY_MISMATCH),
        (TAKE_PROFIT_LIMIT, 1010, GTD, _TRIGGERED, RejectReason.EXPIRY_MISMATCH),
    ),
)
def test_what_does_not_fit_together_is_refused(
    venue: Venue, order_type: OrderType, price: int, time_in_force: TimeInForce, terms: Terms, reason: RejectReason
) -> None:
    events = venue.order("A", BUY, 5, price, order_type=order_type, time_in_force=time_in_force, terms=terms)
    assert only(OrderRejected, events).reason is reason
    check_state(venue.state)


# ------------------------------------------------------------------------------------------------------ snapshot


def test_snapshot_keeps_what_waits(venue: Venue) -> None:
    wait(venue, BUY, STOP, 1005, cl_ord_id="x")
    wait(venue, SELL, STOP_LIMIT, 995, 994, cl_ord_id="y")
    before = state_hash(venue.state, 1)
    venue.exchange.state = venue.state = restore(capture(venue.state, 1))
    check_state(venue.state)
    assert state_hash(venue.state, 1) == before
    assert triggered(trade_at(venue, 1005)) == ["x"]
    assert triggered(trade_at(venue, 995)) == ["y"]
