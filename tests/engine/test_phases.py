"""Trading phases: what an instrument takes in each, what becomes of orders, and the auction that ends a call."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import commands
from engine.events import (
    AuctionEnded,
    CancelRejected,
    CommandRejected,
    OrderCanceled,
    OrderRejected,
    OrderTriggered,
    PhaseChanged,
    Trade,
)
from engine.phases import PHASES, Trading
from engine.reject import RejectReason
from engine.rules import Rules
from engine.snapshot import capture, restore, state_hash
from engine.terms import Terms
from engine.values import (
    BUY,
    LIMIT,
    MARKET,
    MARKET_TO_LIMIT,
    SELL,
    CancelReason,
    OrderType,
    Phase,
    Place,
    PostOnly,
    Side,
    TimeInForce,
    TriggerSource,
)
from tests.engine.builders import AT_CLOSE, AT_OPEN, DAY, FOK, GTC, IOC, SYMBOL, Venue, all_of, only
from tests.engine.invariants import check_state

GATHERING: Final = [phase for phase, rule in PHASES.items() if rule.trading is Trading.GATHER]
WAITING: Final = [phase for phase, rule in PHASES.items() if rule.trading is Trading.WAIT]


def reason_of(venue: Venue, **kind: object) -> int | None:
    """Return why an order to buy at 100 is refused, None if it is not."""
    price = 0 if kind.get("order_type", LIMIT) is not LIMIT else 100
    rejected = all_of(OrderRejected, venue.order("A", BUY, 1, price, **kind))  # type: ignore[arg-type]
    return rejected[0].reason if rejected else None


def quoted(phase: Phase = Phase.CONTINUOUS) -> Venue:
    """Return a venue in a phase, whose instrument was last traded at 100 and has asks at 102."""
    venue = Venue()
    venue.sell(1, 100)
    venue.buy(1, 100)
    venue.sell(5, 102)
    if phase is not Phase.CONTINUOUS:
        venue.phase(phase)
    return venue


# What each phase takes


@pytest.mark.parametrize("phase", Phase)
def test_what_a_phase_takes_is_what_its_row_says(phase: Phase) -> None:
    rule = PHASES[phase]
    venue = quoted(phase)
    assert (reason_of(venue) is None) == rule.new
    assert (reason_of(venue, order_type=MARKET, time_in_force=DAY) is None) == rule.market
    assert (reason_of(venue, time_in_force=IOC) is None) == rule.immediate
    assert (reason_of(venue, time_in_force=FOK) is None) == rule.immediate
    assert (reason_of(venue, terms=Terms(min_qty=1)) is None) == rule.immediate
    assert (reason_of(venue, terms=Terms(post_only=PostOnly.REJECT)) is None) == rule.post_only
    assert (reason_of(venue, time_in_force=AT_OPEN) is None) == rule.auction_only
    assert (reason_of(venue, time_in_force=AT_CLOSE) is None) == rule.auction_only
    check_state(venue.state)


@pytest.mark.parametrize("phase", Phase)
def test_replaces_are_taken_where_the_row_says_and_cancels_always(phase: Phase) -> None:
    venue = quoted()
    venue.buy(3, 99, cl_ord_id="bid")
    if phase is not Phase.CONTINUOUS:
        venue.phase(phase)
    events = venue.replace("bid", 2, 99, cl_ord_id="smaller")
    assert (not all_of(CancelRejected, events)) == PHASES[phase].replace
    if not PHASES[phase].replace:
        assert only(CancelRejected, events).reason == RejectReason.NO_REPLACES_IN_PHASE
    only(OrderCanceled, venue.cancel("bid"))


@pytest.mark.parametrize(
    ("phase", "kind", "reason"),
    (
        (Phase.HALT, {}, RejectReason.NO_ORDERS_IN_PHASE),
        (Phase.CLOSED, {"order_type": MARKET}, RejectReason.NO_ORDERS_IN_PHASE),
        (Phase.POST_ONLY, {"order_type": MARKET}, RejectReason.NO_MARKET_ORDERS_IN_PHASE),
        (Phase.PRE_OPEN, {"order_type": MARKET_TO_LIMIT}, RejectReason.NO_MARKET_ORDERS_IN_PHASE),
        (Phase.PRE_OPEN, {"time_in_force": IOC}, RejectReason.NO_IMMEDIATE_ORDERS_IN_PHASE),
        (Phase.PRE_OPEN, {"terms": Terms(post_only=PostOnly.SLIDE)}, RejectReason.NO_POST_ONLY_IN_PHASE),
        (
            Phase.CONTINUOUS,
            {"time_in_force": AT_OPEN, "terms": Terms(min_qty=1)},
            RejectReason.AUCTION_ONLY_MISMATCH,
        ),
        (
            Phase.CONTINUOUS,
            {"time_in_force": AT_CLOSE, "order_type": MARKET_TO_LIMIT},
            RejectReason.AUCTION_ONLY_MISMATCH,
        ),
    ),
)
def test_a_refusal_says_what_the_phase_does_not_take(
    phase: Phase, kind: dict[str, object], reason: RejectReason
) -> None:
    assert reason_of(quoted(phase), **kind) == reason


def test_where_orders_rest_only_what_does_not_trade_is_taken() -> None:
    venue = quoted(Phase.POST_ONLY)
    assert reason_of(venue) is None
    assert only(OrderRejected, venue.buy(1, 102)).reason == RejectReason.POST_ONLY_WOULD_TRADE
    venue.buy(1, 99, cl_ord_id="bid")
    assert only(CancelRejected, venue.replace("bid", 1, 102)).reason == RejectReason.POST_ONLY_WOULD_TRADE
    slid = venue.order("A", BUY, 1, 105, terms=Terms(post_only=PostOnly.SLIDE))
    assert not all_of(OrderRejected, slid)
    assert venue.bids()[0][0] == 101


def test_a_scheduled_order_that_would_trade_when_nothing_does_is_cancelled_at_its_start() -> None:
    venue = quoted()
    start_ns = venue.now_ns + 100
    venue.order("A", BUY, 1, 102, cl_ord_id="timed", terms=Terms(effective_ns=start_ns))
    venue.phase(Phase.POST_ONLY)
    assert only(OrderCanceled, venue.tick(start_ns)).reason is CancelReason.PHASE


# From one phase to another


def test_a_change_of_phase_is_told_with_who_asked_and_why() -> None:
    venue = Venue()
    changed = only(PhaseChanged, venue.phase(Phase.HALT))
    assert (changed.phase, changed.before, changed.by, changed.why) == (Phase.HALT, Phase.CONTINUOUS, "staff", "test")
    assert "already" in only(CommandRejected, venue.phase(Phase.HALT)).text
    assert "unknown" in only(CommandRejected, venue.phase(Phase.HALT, symbol="XRP/USD")).text


@pytest.mark.parametrize("phase", WAITING)
def test_what_rests_stays_through_a_phase_in_which_orders_wait(phase: Phase) -> None:
    venue = quoted(phase)
    venue.phase(Phase.CONTINUOUS)
    assert venue.asks()[0][0] == 102
    assert only(Trade, venue.buy(1, 102)).price == 102


@pytest.mark.parametrize("phase", GATHERING)
def test_orders_gather_without_trading_and_the_end_uncrosses_them_at_one_price(phase: Phase) -> None:
    venue = Venue()
    venue.phase(phase)
    assert not all_of(Trade, venue.buy(4, 202) + venue.buy(2, 201) + venue.sell(3, 199) + venue.sell(2, 198))
    assert venue.bids()[0][0] > venue.asks()[0][0]
    events = venue.phase(Phase.CONTINUOUS)
    ended = only(AuctionEnded, events)
    assert (ended.price, ended.qty, ended.surplus) == (201, 5, 1)
    assert [(trade.price, trade.qty) for trade in all_of(Trade, events)] == [(201, 2), (201, 2), (201, 1)]
    assert all(trade.phase is phase for trade in all_of(Trade, events))
    assert (venue.bids(), venue.asks()) == ([(201, [venue.bids()[0][1][0]])], [])
    assert venue.state.books[SYMBOL].auction_price == venue.state.books[SYMBOL].last_price == 201
    check_state(venue.state)


def test_a_call_without_overlap_ends_without_a_price() -> None:
    venue = Venue()
    venue.phase(Phase.OPENING_AUCTION)
    venue.buy(1, 99)
    assert only(AuctionEnded, venue.phase(Phase.CONTINUOUS)).price == 0


def test_an_auction_that_is_halted_is_held_when_trading_resumes() -> None:
    venue = Venue()
    venue.phase(Phase.OPENING_AUCTION)
    venue.buy(1, 101)
    venue.sell(1, 99)
    assert not all_of(AuctionEnded, venue.phase(Phase.HALT))
    assert only(Trade, venue.phase(Phase.CONTINUOUS)).qty == 1


def test_market_orders_of_an_auction_that_was_halted_end_when_trading_resumes_even_if_nothing_trades() -> None:
    venue = Venue()
    venue.apply_rules(Rules(reference_price=100))
    venue.phase(Phase.VOLATILITY_AUCTION, lasts_ms=1_000)
    venue.sell(5, 150)
    venue.market(BUY, 2)
    venue.order("A", BUY, 1, 90, time_in_force=AT_CLOSE, cl_ord_id="at the close")
    venue.phase(Phase.HALT)
    assert only(OrderCanceled, venue.phase(Phase.CONTINUOUS)).reason is CancelReason.AUCTION_OVER
    assert venue.balance("C", "USD") == (10**9, 0)
    assert venue.open_order("at the close").place is Place.AUCTION
    check_state(venue.state)


def test_a_call_that_another_follows_goes_on_in_it() -> None:
    venue = Venue()
    venue.phase(Phase.VOLATILITY_AUCTION)
    venue.buy(1, 101)
    venue.sell(1, 99)
    assert not all_of(AuctionEnded, venue.phase(Phase.CLOSING_AUCTION))
    assert only(Trade, venue.phase(Phase.CLOSED)).qty == 1


# Who gets what of an auction


def test_an_order_that_goes_further_than_a_market_order_may_trades_before_it() -> None:
    venue = quoted(Phase.VOLATILITY_AUCTION)
    venue.order("C", BUY, 5, 0, order_type=MARKET, time_in_force=DAY)
    venue.buy(5, 111, cl_ord_id="further")
    assert only(Trade, venue.phase(Phase.CONTINUOUS)).taker_cl_ord_id == "further"


def test_market_orders_trade_first_and_what_is_left_of_them_is_cancelled() -> None:
    venue = quoted(Phase.VOLATILITY_AUCTION)
    venue.buy(2, 105, cl_ord_id="limit")
    venue.order("C", BUY, 4, 0, order_type=MARKET, time_in_force=DAY, cl_ord_id="first")
    venue.order("C", BUY, 9, 0, order_type=MARKET, time_in_force=DAY, cl_ord_id="second")
    events = venue.phase(Phase.CONTINUOUS)
    trades = all_of(Trade, events)
    assert [(trade.taker_cl_ord_id, trade.qty, trade.price) for trade in trades] == [
        ("first", 4, 105),
        ("second", 1, 105),
    ]
    assert only(OrderCanceled, events).reason is CancelReason.AUCTION_OVER
    assert venue.open_order("limit").leaves_qty == 2
    check_state(venue.state)


def test_a_market_order_needs_a_reference_and_reserves_up_to_its_worst_price() -> None:
    venue = Venue()
    venue.phase(Phase.PRE_OPEN)
    assert reason_of(venue, order_type=MARKET) == RejectReason.NO_REFERENCE_PRICE
    venue.apply(commands.SetRules(SYMBOL, Rules(reference_price=200, auction_protection_bps=500)))
    venue.order("A", BUY, 10, 0, order_type=MARKET)
    assert venue.balance("A", "USD")[1] == 10 * 210
    venue.sell(10, 211)
    assert only(AuctionEnded, venue.phase(Phase.CONTINUOUS)).qty == 0
    assert venue.balance("A", "USD")[1] == 0


def test_buyers_get_back_what_the_auction_price_saves_them() -> None:
    venue = Venue()
    venue.phase(Phase.OPENING_AUCTION)
    venue.buy(10, 120)
    venue.sell(10, 80)
    venue.sell(1, 90, account="C")
    before = venue.balance("A", "USD")[0] + 1200
    venue.phase(Phase.CONTINUOUS)
    assert venue.balance("A", "USD") == (before - 10 * 80, 0)


def test_both_sides_pay_the_makers_fee_and_nobody_a_rebate() -> None:
    for maker_bps, fee in ((10, 1), (-10, 0)):
        venue = Venue(maker_bps=maker_bps, taker_bps=50)
        venue.phase(Phase.OPENING_AUCTION)
        venue.buy(10, 100)
        venue.sell(10, 100)
        trade = only(Trade, venue.phase(Phase.CONTINUOUS))
        assert (trade.maker_fee, trade.taker_fee) == (fee, fee)
        check_state(venue.state)


def test_at_one_price_time_decides_and_who_is_filled_in_part_stays_first() -> None:
    venue = Venue()
    venue.phase(Phase.OPENING_AUCTION)
    for cl_ord_id in ("one", "two", "three"):
        venue.buy(4, 100, cl_ord_id=cl_ord_id)
    venue.sell(6, 100)
    venue.phase(Phase.CONTINUOUS)
    assert venue.bids() == [(100, ["two", "three"])]
    assert venue.open_order("two").leaves_qty == 2
    check_state(venue.state)


def test_stops_fire_after_an_auction_by_its_price() -> None:
    venue = quoted(Phase.VOLATILITY_AUCTION)
    stop = Terms(trigger=TriggerSource.LAST, stop_price=101)
    venue.order("C", BUY, 2, 0, order_type=OrderType.STOP, terms=stop, cl_ord_id="stop")
    venue.buy(1, 101)
    venue.sell(1, 101)
    assert not all_of(OrderTriggered, venue.tick())
    events = venue.phase(Phase.CONTINUOUS)
    assert [type(event) for event in events] == [AuctionEnded, Trade, PhaseChanged, OrderTriggered, Trade]
    first, second = all_of(Trade, events)
    assert (first.price, first.phase) == (101, Phase.VOLATILITY_AUCTION)
    assert (second.price, second.taker_cl_ord_id, second.phase) == (102, "stop", Phase.CONTINUOUS)
    check_state(venue.state)


# Orders for an auction alone


@pytest.mark.parametrize(
    ("time_in_force", "own", "other"),
    ((AT_OPEN, Phase.OPENING_AUCTION, Phase.CLOSING_AUCTION), (AT_CLOSE, Phase.CLOSING_AUCTION, Phase.OPENING_AUCTION)),
)
def test_an_order_for_an_auction_alone_waits_for_it_off_the_book(
    time_in_force: TimeInForce, own: Phase, other: Phase
) -> None:
    venue = Venue()
    venue.order("A", BUY, 5, 100, time_in_force=time_in_force, cl_ord_id="mine")
    assert venue.open_order("mine").place is Place.AUCTION
    assert not all_of(Trade, venue.sell(2, 100))
    venue.phase(other)
    assert not all_of(Trade, venue.phase(Phase.CONTINUOUS))
    venue.phase(own)
    events = venue.phase(Phase.CONTINUOUS)
    assert only(Trade, events).qty == 2
    assert only(OrderCanceled, events).reason is CancelReason.AUCTION_OVER
    check_state(venue.state)


def test_at_one_price_the_books_orders_come_before_those_for_the_auction_alone() -> None:
    venue = Venue()
    venue.order("A", BUY, 5, 100, time_in_force=AT_OPEN)
    venue.phase(Phase.OPENING_AUCTION)
    venue.buy(5, 100, account="C")
    venue.sell(5, 100)
    assert only(Trade, venue.phase(Phase.CONTINUOUS)).maker_account == "C"


def test_an_order_for_an_auction_alone_can_be_replaced_and_cancelled_as_it_waits() -> None:
    venue = Venue()
    venue.order("A", BUY, 5, 100, time_in_force=AT_CLOSE, cl_ord_id="one")
    venue.order("A", BUY, 5, 100, time_in_force=AT_CLOSE, cl_ord_id="two")
    assert not all_of(CancelRejected, venue.replace("one", 7, 101, cl_ord_id="three", time_in_force=AT_CLOSE))
    assert venue.balance("A", "USD")[1] == 7 * 101 + 5 * 100
    assert [order.cl_ord_id for order in venue.state.books[SYMBOL].for_auction.values()] == ["two", "three"]
    refused = only(CancelRejected, venue.replace("two", 5, 100, time_in_force=GTC))
    assert refused.reason == RejectReason.CANNOT_REPLACE_THUS
    only(OrderCanceled, venue.cancel("two"))
    check_state(venue.state)


def test_a_snapshot_holds_what_waits_for_an_auction() -> None:
    venue = quoted()
    venue.phase(Phase.VOLATILITY_AUCTION)
    venue.order("A", BUY, 5, 0, order_type=MARKET)
    venue.order("A", BUY, 5, 100, time_in_force=AT_CLOSE)
    venue.buy(3, 103)
    again = restore(capture(venue.state, 7))
    check_state(again)
    assert state_hash(again, 7) == state_hash(venue.state, 7)


# An auction of whatever gathers

orders = st.lists(
    st.tuples(
        st.sampled_from("ABC"),
        st.sampled_from((BUY, SELL)),
        st.integers(1, 9),
        st.integers(90, 110),
        st.sampled_from((LIMIT, LIMIT, LIMIT, MARKET)),
        st.sampled_from((GTC, GTC, GTC, AT_OPEN, AT_CLOSE)),
    ),
    max_size=25,
)


@given(orders, st.integers(90, 110))
def test_an_auction_fills_by_price_and_time_at_one_price_and_leaves_no_overlap(
    tape: list[tuple[str, Side, int, int, OrderType, TimeInForce]], reference: int
) -> None:
    venue = Venue(maker_bps=7, taker_bps=20)
    venue.apply(commands.SetRules(SYMBOL, Rules(reference_price=reference)))
    venue.phase(Phase.OPENING_AUCTION)
    for account, side, qty, price, order_type, time_in_force in tape:
        venue.order(
            account,
            side,
            qty,
            price if order_type is LIMIT else 0,
            order_type=order_type,
            time_in_force=time_in_force,
        )
    check_state(venue.state)
    before = {order.order_id: (order, order.leaves_qty) for order in venue.state.open_orders("ABC")}
    events = venue.phase(Phase.CONTINUOUS)
    check_state(venue.state)
    ended = only(AuctionEnded, events)
    trades = all_of(Trade, events)
    assert sum(trade.qty for trade in trades) == ended.qty
    assert {trade.price for trade in trades} <= {ended.price}
    for side, sign in ((BUY, -1), (SELL, 1)):
        queue = [
            (order, qty) for order, qty in before.values() if order.side is side and order.time_in_force is not AT_CLOSE
        ]
        queue.sort(
            key=lambda entry: (
                sign * entry[0].price,
                entry[0].order_type is not MARKET,
                entry[0].time_in_force is AT_OPEN and entry[0].order_type is not MARKET,
                entry[0].order_id,
            )
        )
        left = ended.qty
        for order, qty in queue:
            expected = min(left, qty) if order.price * sign <= ended.price * sign else 0
            assert order.cum_qty == expected
            left -= expected
        assert left == 0
