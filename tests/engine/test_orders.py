import pytest

from engine import commands
from engine.events import (
    CancelRejected,
    MassCanceled,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrderReplaced,
    OrderStatusReported,
    Trade,
)
from engine.reject import RejectReason
from engine.values import (
    AMOUNT_MAX,
    BUY,
    LIMIT,
    MARKET,
    PRICE_MAX,
    SELL,
    CancelReason,
    MassCancelScope,
    OrderStatus,
    TimeInForce,
)
from tests.engine.builders import DAY, FOK, GTC, IOC, SYMBOL, Venue, add_instrument, only
from tests.engine.invariants import check_state

# ----------------------------------------------------------------------------------------------------- enter


def test_accepted_order_tells_all_that_was_entered() -> None:
    venue = Venue()
    assert venue.buy(5, 100, cl_ord_id="x", time_in_force=DAY) == [
        OrderAccepted("A", "A", 1, "x", SYMBOL, BUY, LIMIT, DAY, 5, 100)
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


# ---------------------------------------------------------------------------------------------------- cancel


def test_cancel_gives_back_what_was_reserved() -> None:
    venue = Venue(maker_bps=5, taker_bps=25)
    before = venue.balance("A", "USD")
    venue.buy(5, 100, cl_ord_id="x")
    assert venue.balance("A", "USD") == (before[0] - 502, 502)
    event = only(OrderCanceled, venue.cancel("x", cl_ord_id="c"))
    assert event == OrderCanceled(
        "A", "A", "A", 1, "c", "x", SYMBOL, BUY, LIMIT, GTC, 5, 100, 0, 0, CancelReason.REQUESTED
    )
    assert venue.balance("A", "USD") == before
    assert venue.bids() == []


def test_cancel_tells_what_was_filled_before() -> None:
    venue = Venue()
    venue.buy(5, 100, cl_ord_id="x")
    venue.sell(2, 100)
    event = only(OrderCanceled, venue.cancel("x"))
    assert (event.cum_qty, event.cum_notional, event.qty) == (2, 200, 5)


def test_order_is_found_by_order_id_alone() -> None:
    venue = Venue()
    venue.buy(5, 100, cl_ord_id="x")
    assert only(OrderCanceled, venue.cancel("", order_id=1)).orig_cl_ord_id == "x"


def test_order_id_of_another_account_is_unknown() -> None:
    venue = Venue()
    venue.buy(5, 100, "B")
    event = only(CancelRejected, venue.cancel("", order_id=1))
    assert (event.reason, event.order_id) == (RejectReason.UNKNOWN_ORDER, 0)
    venue.mass_cancel("B")
    assert only(CancelRejected, venue.cancel("", order_id=1)).reason is RejectReason.UNKNOWN_ORDER


def test_another_session_of_the_account_may_cancel_and_both_are_named() -> None:
    venue = Venue()
    venue.apply(commands.ProvisionSession("desk", ("B", "A"), ""))
    venue.buy(5, 100, cl_ord_id="x")
    event = only(OrderCanceled, venue.cancel("x", session="desk"))
    assert (event.session, event.requester) == ("A", "desk")


def test_cancel_that_comes_too_late_tells_the_state() -> None:
    venue = Venue()
    venue.buy(5, 100, cl_ord_id="x")
    venue.sell(5, 100)
    event = only(CancelRejected, venue.cancel("x"))
    assert (event.reason, event.status, event.order_id) == (RejectReason.ORDER_FINISHED, OrderStatus.FILLED, 1)
    assert not event.is_replace


@pytest.mark.parametrize(
    ("request_with", "reason"),
    (
        ({"orig_cl_ord_id": "x", "account": "nobody"}, RejectReason.UNKNOWN_ACCOUNT),
        ({"orig_cl_ord_id": "x", "account": "B"}, RejectReason.UNKNOWN_ACCOUNT),
        ({"orig_cl_ord_id": "other"}, RejectReason.UNKNOWN_ORDER),
        ({"orig_cl_ord_id": "", "order_id": 99}, RejectReason.UNKNOWN_ORDER),
        ({"orig_cl_ord_id": "", "order_id": 0}, RejectReason.UNKNOWN_ORDER),
        ({"orig_cl_ord_id": "x", "order_id": 2}, RejectReason.ORDER_ID_MISMATCH),
        ({"orig_cl_ord_id": "x", "cl_ord_id": "x"}, RejectReason.DUPLICATE_CL_ORD_ID),
        ({"orig_cl_ord_id": "x", "symbol": "ETH/USD"}, RejectReason.INSTRUMENT_MISMATCH),
        ({"orig_cl_ord_id": "x", "side": SELL}, RejectReason.SIDE_MISMATCH),
    ),
)
@pytest.mark.parametrize("is_replace", (False, True))
def test_request_that_does_not_fit_is_refused_and_the_order_stays(
    request_with: dict[str, object], reason: RejectReason, is_replace: bool
) -> None:
    venue = Venue()
    venue.buy(5, 100, cl_ord_id="x")
    arguments = {"account": "A", "session": "A", **request_with}
    events = venue.replace(qty=4, price=90, **arguments) if is_replace else venue.cancel(**arguments)  # type: ignore[arg-type]
    event = only(CancelRejected, events)
    assert (event.reason, event.text, event.is_replace) == (reason, reason.text, is_replace)
    assert venue.bids() == [(100, ["x"])]
    check_state(venue.state)


# --------------------------------------------------------------------------------------------------- replace


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


# ----------------------------------------------------------------------------------------------- mass cancel


def test_mass_cancel_takes_all_orders_of_the_sessions_accounts_oldest_first() -> None:
    venue = Venue()
    venue.apply(commands.ProvisionSession("desk", ("B", "A"), ""))
    for account in ("A", "B", "C"):
        venue.buy(1, 100, account, cl_ord_id=f"{account}1")
        venue.sell(1, 200, account, cl_ord_id=f"{account}2")
    events = venue.mass_cancel("desk")
    canceled = [event for event in events if isinstance(event, OrderCanceled)]
    assert [event.cl_ord_id for event in canceled] == ["B1", "B2", "A1", "A2"]
    assert all(event.reason is CancelReason.MASS_CANCEL and event.orig_cl_ord_id == "" for event in canceled)
    answer = only(MassCanceled, events)
    assert answer is events[-1]
    assert answer.orig_cl_ord_ids == ("B1", "B2", "A1", "A2")
    assert (answer.order_ids, answer.reason) == (tuple(event.order_id for event in canceled), 0)
    assert venue.bids() == [(100, ["C1"])]


def test_mass_cancel_of_one_instrument_and_side_leaves_the_rest() -> None:
    venue = Venue()
    venue.apply(add_instrument(symbol="BTC/EUR"))
    venue.buy(1, 100, cl_ord_id="bid")
    venue.sell(1, 200, "A", cl_ord_id="ask")
    venue.order("A", BUY, 1, 100, symbol="BTC/EUR", cl_ord_id="other")
    answer = only(MassCanceled, venue.mass_cancel(scope=MassCancelScope.INSTRUMENT, symbol=SYMBOL, side=BUY))
    assert answer.orig_cl_ord_ids == ("bid",)
    assert only(MassCanceled, venue.mass_cancel(side=SELL)).orig_cl_ord_ids == ("ask",)
    assert only(MassCanceled, venue.mass_cancel()).orig_cl_ord_ids == ("other",)


def test_mass_cancel_of_nothing_is_done_too() -> None:
    venue = Venue()
    assert only(MassCanceled, venue.mass_cancel()).order_ids == ()


def test_mass_cancel_of_an_unknown_instrument_is_refused() -> None:
    venue = Venue()
    venue.buy(1, 100)
    answer = only(MassCanceled, venue.mass_cancel(scope=MassCancelScope.INSTRUMENT, symbol="XRP/USD"))
    assert answer.reason == RejectReason.UNKNOWN_INSTRUMENT
    assert answer.text == "unknown instrument"
    assert len(venue.bids()) == 1
