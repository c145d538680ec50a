from collections.abc import Callable

import pytest

from engine import commands
from engine.events import AnyEvent
from engine.reject import RejectReason
from engine.rules import Limits, Rules
from engine.terms import Terms
from engine.values import (
    BUY,
    MARKET,
    PEGGED,
    PRICE_MAX,
    SELL,
    Contingency,
    OffsetUnit,
    OrderType,
    PegReference,
    Phase,
    PostOnly,
    Scope,
    TriggerSource,
)
from tests.engine.builders import AT_OPEN, GTD, IOC, SYMBOL, Venue

Request = Callable[[Venue], list[AnyEvent]]


def ruled(rules: Rules) -> Request:
    """Buy 4 at 120 where these are the rules."""
    return lambda v: v.apply(commands.SetRules(SYMBOL, rules)) and v.buy(4, 120)


def limited(scope: Scope, limits: Limits) -> Request:
    return lambda v: v.apply(commands.SetLimits(scope, "A", limits)) and v.buy(4, 120)


def blocked(scope: Scope) -> Request:
    return lambda v: v.apply(commands.Block(scope, "A", "staff", "a test")) and v.buy(4, 120)


POST_ONLY = Terms(post_only=PostOnly.REJECT)
PEG = Terms(peg=PegReference.PRIMARY)
FAR_PEG = Terms(peg=PegReference.PRIMARY, offset_unit=OffsetUnit.TICKS, offset=PRICE_MAX + 1)
STOP, LAST = OrderType.STOP, TriggerSource.LAST


def stop(venue: Venue, terms: Terms, order_type: OrderType = STOP) -> list[AnyEvent]:
    return venue.order("A", SELL, 1, 0, order_type=order_type, terms=terms)


OCO, OTO = Contingency
EFFECTIVE = Terms(effective_ns=10**9)


def refused_with_list(venue: Venue) -> list[AnyEvent]:
    (report,) = venue.order_list(OTO, venue.leg(BUY, 1, 1), venue.leg(SELL, 0, 1), list_id="M")
    return list(getattr(report, "orders", ()))[:1]


def hold(venue: Venue, amount: int = 5) -> list[AnyEvent]:
    return venue.apply(commands.HoldWithdrawal("A", "USD", amount, "W-1", "staff", ""))


def settle(venue: Venue, amount: int = 5) -> list[AnyEvent]:
    return venue.apply(commands.SettleWithdrawal("W-1", amount, "staff", ""))


def release(venue: Venue) -> list[AnyEvent]:
    return venue.apply(commands.ReleaseWithdrawal("W-1", "staff", ""))


def withdrawals_blocked(scope: Scope) -> Request:
    return lambda v: v.apply(commands.BlockWithdrawals(scope, "A", "staff", "a test")) and hold(v)


def ambiguous_list(venue: Venue) -> list[AnyEvent]:
    venue.order_list(OTO, venue.leg(BUY, 1, 1, "B"), venue.leg(BUY, 1, 1, "B"))
    venue.apply(commands.ProvisionSession("A", ("A", "B"), "hash"))
    return venue.query_list()


REACHED_BY: dict[RejectReason, Request] = {
    RejectReason.UNKNOWN_INSTRUMENT: lambda v: v.order("A", BUY, 1, 1, symbol="XRP/USD"),
    RejectReason.UNKNOWN_ACCOUNT: lambda v: v.order("B", BUY, 1, 1, session="A"),
    RejectReason.DUPLICATE_CL_ORD_ID: lambda v: v.buy(1, 1, cl_ord_id="x"),
    RejectReason.QUANTITY_OUT_OF_RANGE: lambda v: v.buy(0, 1),
    RejectReason.PRICE_OUT_OF_RANGE: lambda v: v.buy(1, 0),
    RejectReason.NOTIONAL_TOO_LARGE: lambda v: v.sell(1000, 2**53),
    RejectReason.INSUFFICIENT_FUNDS: lambda v: v.buy(10**6, 10**6),
    RejectReason.NO_LIQUIDITY: lambda v: v.market(BUY, 1),
    RejectReason.UNKNOWN_ORDER: lambda v: v.cancel("y"),
    RejectReason.ORDER_FINISHED: lambda v: v.cancel("done"),
    RejectReason.INSTRUMENT_MISMATCH: lambda v: v.cancel("x", symbol="XRP/USD"),
    RejectReason.SIDE_MISMATCH: lambda v: v.cancel("x", side=SELL),
    RejectReason.QUANTITY_NOT_ABOVE_FILLED: lambda v: v.replace("x", 2, 100),
    RejectReason.MARKET_ORDER_NEEDS_NO_PRICE: lambda v: v.order("A", SELL, 1, 1, order_type=MARKET),
    RejectReason.CANNOT_REPLACE_THUS: lambda v: v.replace("x", 4, 100, order_type=MARKET),
    RejectReason.ORDER_ID_MISMATCH: lambda v: v.cancel("x", order_id=2),
    RejectReason.NO_OPEN_ORDERS: lambda v: v.query_all("C"),
    RejectReason.MIN_QTY_MISMATCH: lambda v: v.order("A", BUY, 1, 1, terms=Terms(min_qty=2)),
    RejectReason.SLIPPAGE_MISMATCH: lambda v: v.order("A", BUY, 1, 1, terms=Terms(slippage_unit=OffsetUnit.TICKS)),
    RejectReason.DEADLINE_PASSED: lambda v: v.order("A", BUY, 1, 1, terms=Terms(valid_until_ns=1)),
    RejectReason.SCHEDULE_MISMATCH: lambda v: v.order("A", BUY, 1, 0, order_type=MARKET, terms=Terms(effective_ns=9)),
    RejectReason.EXPIRY_MISMATCH: lambda v: v.order("A", BUY, 1, 1, time_in_force=GTD),
    RejectReason.EXPIRED_ON_ARRIVAL: lambda v: v.order("A", BUY, 1, 1, time_in_force=GTD, terms=Terms(expire_ns=1)),
    RejectReason.POST_ONLY_MUST_REST: lambda v: v.order("A", BUY, 1, 1, time_in_force=IOC, terms=POST_ONLY),
    RejectReason.DISPLAY_MUST_REST: lambda v: v.order("A", BUY, 9, 1, time_in_force=IOC, terms=Terms(display_qty=1)),
    RejectReason.DISPLAY_OUT_OF_RANGE: lambda v: v.order("A", BUY, 9, 1, terms=Terms(display_qty=10)),
    RejectReason.DISPLAY_RANGE_MISMATCH: lambda v: v.order("A", BUY, 9, 1, terms=Terms(display_low_qty=2)),
    RejectReason.DISPLAY_TOO_SMALL: lambda v: v.order("A", BUY, 101, 1, terms=Terms(display_qty=1)),
    RejectReason.CASH_MISMATCH: lambda v: v.order("A", BUY, 9, 1, terms=Terms(cash_amount=1)),
    RejectReason.CASH_OUT_OF_RANGE: lambda v: v.order("B", SELL, 0, 0, order_type=MARKET, terms=Terms(cash_amount=-1)),
    RejectReason.CASH_BELOW_ONE_LOT: lambda v: v.order("B", SELL, 0, 0, order_type=MARKET, terms=Terms(cash_amount=99)),
    RejectReason.PAGE_OUT_OF_RANGE: lambda v: v.query_all(reports_max=1_001),
    RejectReason.PEG_MISMATCH: lambda v: v.order("A", BUY, 1, 1, terms=PEG),
    RejectReason.PEG_MUST_REST: lambda v: v.order("A", BUY, 1, 1, order_type=PEGGED, time_in_force=IOC, terms=PEG),
    RejectReason.PEG_OFFSET_OUT_OF_RANGE: lambda v: v.order("A", SELL, 1, 1, order_type=PEGGED, terms=FAR_PEG),
    RejectReason.PEG_NEEDS_LIMIT: lambda v: v.order("A", BUY, 1, 0, order_type=PEGGED, terms=PEG),
    RejectReason.PEG_WITHOUT_REFERENCE: lambda v: v.order("A", SELL, 1, 0, order_type=PEGGED, terms=PEG),
    RejectReason.PEG_STAYS_PEG: lambda v: v.replace("x", 4, 100, order_type=PEGGED, terms=PEG),
    RejectReason.POST_ONLY_WOULD_TRADE: lambda v: v.order("B", SELL, 1, 100, terms=POST_ONLY),
    RejectReason.ORDER_QTY_BELOW_RULE: ruled(Rules(order_qty_min=5)),
    RejectReason.ORDER_QTY_ABOVE_RULE: ruled(Rules(order_qty_max=3)),
    RejectReason.ORDER_NOTIONAL_BELOW_RULE: ruled(Rules(order_notional_min=481)),
    RejectReason.ORDER_NOTIONAL_ABOVE_RULE: ruled(Rules(order_notional_max=479)),
    RejectReason.PRICE_TOO_FAR: ruled(Rules(fat_finger_bps=500)),
    RejectReason.ACCOUNT_OPEN_ORDERS: limited(Scope.ACCOUNT, Limits(open_orders_max=1)),
    RejectReason.ACCOUNT_ORDER_QTY: limited(Scope.ACCOUNT, Limits(order_base_max={"BTC": 3})),
    RejectReason.ACCOUNT_ORDER_NOTIONAL: limited(Scope.ACCOUNT, Limits(order_notional_max={"USD": 479})),
    RejectReason.FIRM_OPEN_ORDERS: limited(Scope.FIRM, Limits(open_orders_max=1)),
    RejectReason.FIRM_ORDER_QTY: limited(Scope.FIRM, Limits(order_base_max={"BTC": 3})),
    RejectReason.FIRM_ORDER_NOTIONAL: limited(Scope.FIRM, Limits(order_notional_max={"USD": 479})),
    RejectReason.SESSION_BLOCKED: blocked(Scope.SESSION),
    RejectReason.ACCOUNT_BLOCKED: blocked(Scope.ACCOUNT),
    RejectReason.FIRM_BLOCKED: blocked(Scope.FIRM),
    RejectReason.NO_ORDERS_IN_PHASE: lambda v: within(Phase.HALT, v).buy(1, 1),
    RejectReason.NO_REPLACES_IN_PHASE: lambda v: within(Phase.CANCEL_ONLY, v).replace("x", 3, 100),
    RejectReason.NO_MARKET_ORDERS_IN_PHASE: lambda v: within(Phase.POST_ONLY, v).market(BUY, 1),
    RejectReason.NO_IMMEDIATE_ORDERS_IN_PHASE: lambda v: within(Phase.PRE_OPEN, v).buy(1, 1, time_in_force=IOC),
    RejectReason.NO_POST_ONLY_IN_PHASE: lambda v: within(Phase.PRE_OPEN, v).order("A", BUY, 1, 1, terms=POST_ONLY),
    RejectReason.NO_REFERENCE_PRICE: lambda v: without_reference(v).market(BUY, 1, time_in_force=AT_OPEN),
    RejectReason.AUCTION_ONLY_MISMATCH: lambda v: v.order(
        "A", BUY, 1, 1, time_in_force=AT_OPEN, terms=Terms(min_qty=1)
    ),
    RejectReason.LIST_SIZE: lambda v: v.order_list(OTO, v.leg(BUY, 1, 1)),
    RejectReason.DUPLICATE_LIST_ID: lambda v: v.order_list(OTO, v.leg(BUY, 1, 1), v.leg(BUY, 1, 1)),
    RejectReason.LIST_MISMATCH: lambda v: v.order_list(OTO, v.leg(BUY, 1, 1), v.leg(BUY, 1, 1, "B"), list_id="M"),
    RejectReason.PAIR_TYPES: lambda v: v.order_list(OCO, v.leg(BUY, 1, 1), v.leg(BUY, 1, 1), list_id="M"),
    RejectReason.PAIR_PRICES: lambda v: v.order_list(
        OCO,
        v.leg(BUY, 1, 50),
        v.leg(BUY, 1, 0, order_type=OrderType.STOP, terms=Terms(trigger=TriggerSource.LAST, stop_price=40)),
        list_id="M",
    ),
    RejectReason.LIST_TERMS: lambda v: v.order_list(
        OTO, v.leg(BUY, 1, 1), v.leg(BUY, 1, 1, terms=EFFECTIVE), list_id="M"
    ),
    RejectReason.REFUSED_WITH_LIST: refused_with_list,
    RejectReason.UNKNOWN_LIST: lambda v: v.query_list("M"),
    RejectReason.LIST_DONE: lambda v: v.cancel_list("done"),
    RejectReason.LIST_AMBIGUOUS: ambiguous_list,
    RejectReason.STOP_PRICE_OUT_OF_RANGE: lambda v: stop(v, Terms(trigger=LAST)),
    RejectReason.TRIGGER_MISMATCH: lambda v: v.order("A", BUY, 1, 1, terms=Terms(stop_price=5)),
    RejectReason.TRAIL_MISMATCH: lambda v: stop(v, Terms(trigger=LAST), OrderType.TRAILING_STOP),
    RejectReason.TRAIL_TOO_LONG: lambda v: stop(
        v, Terms(trigger=LAST, offset=100, offset_unit=OffsetUnit.TICKS), OrderType.TRAILING_STOP
    ),
    RejectReason.NO_LAST_PRICE: lambda v: stop(Venue(), Terms(trigger=LAST, stop_price=5)),
    RejectReason.NO_INDEX_PRICE: lambda v: stop(v, Terms(trigger=TriggerSource.INDEX, stop_price=5)),
    RejectReason.STOP_PRICE_REACHED: lambda v: stop(v, Terms(trigger=LAST, stop_price=100)),
    RejectReason.STOP_TRADES_AT_ONCE: lambda v: v.order(
        "A", SELL, 1, 0, order_type=STOP, time_in_force=IOC, terms=Terms(trigger=LAST, stop_price=5)
    ),
    RejectReason.ALREADY_DONE: lambda v: hold(v) and hold(v),
    RejectReason.DONE_OTHERWISE: lambda v: hold(v) and hold(v, 6),
    RejectReason.REFERENCE_MISSING: lambda v: v.apply(commands.Credit("A", "USD", 5, "", "staff")),
    RejectReason.UNKNOWN_ASSET: lambda v: v.apply(commands.Credit("A", "EUR", 5, "D-1", "staff")),
    RejectReason.AMOUNT_OUT_OF_RANGE: lambda v: hold(v, 0),
    RejectReason.NOT_AVAILABLE: lambda v: hold(v, 10**9 + 1),
    RejectReason.SAME_ACCOUNT: lambda v: v.apply(commands.Transfer("A", "A", "USD", 5, "T-1", "staff", "")),
    RejectReason.ACCOUNT_WITHDRAWALS_BLOCKED: withdrawals_blocked(Scope.ACCOUNT),
    RejectReason.FIRM_WITHDRAWALS_BLOCKED: withdrawals_blocked(Scope.FIRM),
    RejectReason.UNKNOWN_WITHDRAWAL: release,
    RejectReason.WITHDRAWAL_CLOSED: lambda v: hold(v) and release(v) and settle(v),
    RejectReason.ABOVE_HELD: lambda v: hold(v) and settle(v, 6),
    RejectReason.TRIGGER_REPLACE_MISMATCH: lambda v: v.replace(
        "x", 5, 0, order_type=STOP, terms=Terms(trigger=LAST, stop_price=5)
    ),
}


def within(phase: Phase, venue: Venue) -> Venue:
    """Return a venue whose instrument is in a phase now."""
    venue.phase(phase)
    return venue


def without_reference(venue: Venue) -> Venue:
    """Return a venue whose instrument has never been traded, nor given a reference price."""
    venue.state.books[SYMBOL].last_price = 0
    return venue


@pytest.mark.parametrize("reason", RejectReason, ids=lambda reason: reason.name)
def test_every_reason_is_given_for_something(reason: RejectReason) -> None:
    venue = Venue()
    venue.apply(commands.SetRules(SYMBOL, Rules(display_min_bps=100)))
    venue.buy(5, 100, cl_ord_id="x")
    venue.sell(2, 100)
    venue.buy(1, 90, cl_ord_id="done")
    venue.cancel("done")
    venue.order("A", BUY, 1, 1, terms=Terms(effective_ns=10**9), cl_ord_id="waits")
    venue.order_list(OTO, venue.leg(BUY, 1, 1), venue.leg(BUY, 1, 1))
    venue.order_list(OTO, venue.leg(BUY, 1, 1), venue.leg(BUY, 1, 1), list_id="done")
    venue.cancel_list("done")
    (event,) = REACHED_BY[reason](venue)
    assert getattr(event, "reason", None) == reason
    assert getattr(event, "text", None) == reason.text


@pytest.mark.parametrize("reason", RejectReason, ids=lambda reason: reason.name)
def test_reason_is_numbered_in_the_engines_band_and_says_what_is_wrong(reason: RejectReason) -> None:
    assert 1000 <= reason <= 1999
    assert reason.text
    assert reason.text[0].islower() or reason.text.startswith(("ClOrdID", "OrderID", "ListID"))


def test_the_first_check_that_fails_gives_the_reason() -> None:
    """The order of the checks is part of the rules: clients see it, and every replay must."""
    venue = Venue(funds=10)
    venue.buy(1, 1, cl_ord_id="x")
    wrong: dict[str, object] = {"cl_ord_id": "x", "symbol": "XRP/USD", "qty": 0, "price": 0, "session": "B"}
    right: dict[str, object] = {"cl_ord_id": "y", "symbol": SYMBOL, "qty": 100, "price": 100, "session": "A"}
    reasons = []
    for name in ("session", "cl_ord_id", "symbol", "qty", "price"):
        (event,) = venue.order("A", BUY, **wrong)  # type: ignore[arg-type]
        reasons.append(getattr(event, "reason", None))
        wrong[name] = right[name]
    (event,) = venue.order("A", BUY, **wrong)  # type: ignore[arg-type]
    assert [*reasons, getattr(event, "reason", None)] == [
        RejectReason.UNKNOWN_ACCOUNT,
        RejectReason.DUPLICATE_CL_ORD_ID,
        RejectReason.UNKNOWN_INSTRUMENT,
        RejectReason.QUANTITY_OUT_OF_RANGE,
        RejectReason.PRICE_OUT_OF_RANGE,
        RejectReason.INSUFFICIENT_FUNDS,
    ]
