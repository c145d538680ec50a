"""Checks on an order's size and price by an instrument's rules, and by the limits of its account and firm."""

from typing import Any

import pytest

from engine import commands
from engine.events import AnyEvent, CancelRejected, CommandRejected, LimitsSet, OrderCanceled, OrderRejected, Trade
from engine.reject import RejectReason
from engine.rules import NO_LIMITS, Limits, Rules
from engine.snapshot import capture, restore, state_hash
from engine.terms import Terms
from engine.values import (
    BUY,
    MARKET,
    MARKET_TO_LIMIT,
    SELL,
    CancelReason,
    OrderType,
    PostOnly,
    Scope,
    Side,
    TriggerSource,
)
from tests.engine.builders import DAY, FOK, IOC, SYMBOL, Venue, all_of, only
from tests.engine.invariants import check_state


def ruled(**rules: Any) -> Venue:
    """Return a venue whose instrument has these rules."""
    venue = Venue()
    venue.apply(commands.SetRules(SYMBOL, Rules(**rules)))
    return venue


def limited(limits: Limits, scope: Scope = Scope.ACCOUNT) -> Venue:
    """Return a venue that holds A to these limits."""
    venue = Venue()
    only(LimitsSet, venue.apply(commands.SetLimits(scope, "A", limits)))
    return venue


def refusal(events: list[AnyEvent]) -> int:
    """Return why the order or replace was refused, 0 if it was not."""
    return next((event.reason for event in events if isinstance(event, OrderRejected | CancelRejected)), 0)


# Rules of the instrument: size


@pytest.mark.parametrize(
    ("rules", "qty", "price", "reason"),
    (
        ({"order_qty_min": 5}, 4, 100, RejectReason.ORDER_QTY_BELOW_RULE),
        ({"order_qty_min": 5}, 5, 100, 0),
        ({"order_qty_max": 5}, 6, 100, RejectReason.ORDER_QTY_ABOVE_RULE),
        ({"order_qty_max": 5}, 5, 100, 0),
        ({"order_notional_min": 500}, 5, 99, RejectReason.ORDER_NOTIONAL_BELOW_RULE),
        ({"order_notional_min": 500}, 5, 100, 0),
        ({"order_notional_max": 500}, 5, 101, RejectReason.ORDER_NOTIONAL_ABOVE_RULE),
        ({"order_notional_max": 500}, 5, 100, 0),
    ),
)
def test_size_is_within_the_rules_at_entry_and_at_a_replace(
    rules: dict[str, int], qty: int, price: int, reason: int
) -> None:
    venue = ruled(**rules)
    assert refusal(venue.buy(qty, price)) == reason
    venue.buy(5, 100, cl_ord_id="x")
    assert refusal(venue.replace("x", qty, price)) == reason
    check_state(venue.state)


def test_market_order_is_worth_what_it_finds_and_the_rest_the_reference_price() -> None:
    venue = ruled(order_notional_max=1_000)
    venue.sell(5, 100)
    venue.sell(5, 110)
    assert refusal(venue.market(BUY, 10)) == RejectReason.ORDER_NOTIONAL_ABOVE_RULE  # 500 + 550
    assert refusal(venue.market(BUY, 9)) == 0  # 500 + 440
    assert venue.state.books[SYMBOL].last_price == 110
    assert refusal(venue.market(BUY, 10)) == RejectReason.ORDER_NOTIONAL_ABOVE_RULE  # 110 + 9 at 110
    assert refusal(venue.market(BUY, 9)) == 0


def test_stop_without_a_limit_is_worth_its_stop_price() -> None:
    venue = ruled(order_notional_max=1_000)
    venue.sell(1, 50)
    venue.buy(1, 50)
    for qty, reason in ((11, RejectReason.ORDER_NOTIONAL_ABOVE_RULE), (10, 0)):
        terms = Terms(trigger=TriggerSource.LAST, stop_price=100)
        assert refusal(venue.order("A", BUY, qty, 0, order_type=OrderType.STOP, terms=terms)) == reason


def test_order_for_an_amount_is_worth_the_amount() -> None:
    venue = ruled(order_notional_max=800, order_qty_max=9)
    venue.sell(8, 100)
    venue.sell(8, 100)
    cases = ((1_000, RejectReason.ORDER_QTY_ABOVE_RULE), (801, RejectReason.ORDER_NOTIONAL_ABOVE_RULE), (800, 0))
    for amount, reason in cases:
        assert refusal(venue.order("A", BUY, 0, 0, order_type=MARKET, terms=Terms(cash_amount=amount))) == reason


def test_new_rules_let_open_orders_be() -> None:
    venue = Venue()
    venue.buy(10, 100, cl_ord_id="x")
    venue.apply(commands.SetRules(SYMBOL, Rules(order_qty_max=5)))
    assert venue.bids() == [(100, ["x"])]
    assert refusal(venue.replace("x", 9, 100)) == RejectReason.ORDER_QTY_ABOVE_RULE
    venue.apply(commands.SetRules(SYMBOL, Rules()))
    assert refusal(venue.replace("x", 9, 100)) == 0


@pytest.mark.parametrize(
    ("rules", "text"),
    (
        ({"fat_finger_bps": 10_000}, "BTC/USD: fat_finger_bps must be 0 to 9999"),
        ({"order_qty_min": 3, "order_qty_max": 2}, "BTC/USD: order_qty_min is above order_qty_max"),
        (
            {"order_notional_min": -1},
            "BTC/USD: order_notional_min and order_notional_max must be 0 to 4611686018427387904",
        ),
        ({"reference_price": -1}, "BTC/USD: reference_price must be 0 to 9007199254740992"),
    ),
)
def test_rules_that_contradict_themselves_are_refused(rules: dict[str, Any], text: str) -> None:
    venue = Venue()
    assert only(CommandRejected, venue.apply(commands.SetRules(SYMBOL, Rules(**rules)))).text == text


# Rules of the instrument: fat finger


@pytest.mark.parametrize(
    ("side", "price", "is_refused"),
    (
        (BUY, 1_050, False),
        (BUY, 1_051, True),
        (BUY, 1, False),
        (SELL, 950, False),
        (SELL, 949, True),
        (SELL, 9_000, False),
    ),
)
def test_price_is_not_too_far_beyond_the_last(side: Side, price: int, is_refused: bool) -> None:
    venue = ruled(fat_finger_bps=500)
    venue.sell(1, 1_000)
    venue.buy(1, 1_000)
    expected = RejectReason.PRICE_TOO_FAR if is_refused else 0
    assert refusal(venue.order("C", side, 1, price)) == expected
    venue.order("C", side, 1, 1_000, cl_ord_id="x")
    assert refusal(venue.replace("x", 1, price, "C", side=side)) == expected


def test_before_the_first_trade_the_reference_is_the_best_price_to_trade_with_or_what_the_rules_say() -> None:
    venue = ruled(fat_finger_bps=500, reference_price=100)
    assert refusal(venue.buy(1, 106)) == RejectReason.PRICE_TOO_FAR
    assert refusal(venue.buy(1, 105)) == 0
    assert refusal(venue.sell(1, 99)) == RejectReason.PRICE_TOO_FAR  # 105 less 5 % is 99.75, to whole ticks 100
    assert refusal(venue.sell(1, 100)) == 0
    unknown = ruled(fat_finger_bps=500)
    assert refusal(unknown.buy(1, 10**6)) == 0


def test_market_order_trades_within_the_bound_and_no_further() -> None:
    venue = ruled(fat_finger_bps=500, reference_price=100)
    venue.sell(5, 100)
    venue.sell(5, 104)
    venue.sell(5, 106)
    events = venue.market(BUY, 12)
    assert [(trade.price, trade.qty) for trade in all_of(Trade, events)] == [(100, 5), (104, 5)]
    assert only(OrderCanceled, events).reason is CancelReason.IMMEDIATE_REMAINDER
    assert refusal(venue.market(BUY, 1)) == 0, "106 is within 5 % of the last price, 104"
    check_state(venue.state)


def test_market_order_is_refused_where_even_the_best_price_is_too_far() -> None:
    for order_type in (MARKET, MARKET_TO_LIMIT):
        venue = ruled(fat_finger_bps=500)
        venue.sell(1, 100)
        venue.buy(1, 100)
        venue.sell(5, 106)
        assert refusal(venue.order("C", BUY, 1, 0, order_type=order_type)) == RejectReason.PRICE_TOO_FAR
        check_state(venue.state)


def test_market_sale_is_bound_below() -> None:
    venue = ruled(fat_finger_bps=500, reference_price=100)
    venue.buy(5, 100)
    venue.buy(5, 94)
    events = venue.market(SELL, 10)
    assert [(trade.price, trade.qty) for trade in all_of(Trade, events)] == [(100, 5)]
    assert only(OrderCanceled, events).cum_qty == 5


def test_post_only_order_cannot_pay_too_much() -> None:
    venue = ruled(fat_finger_bps=500)
    venue.sell(5, 100)
    assert refusal(venue.order("C", BUY, 1, 200, terms=Terms(post_only=PostOnly.SLIDE))) == 0
    assert venue.bids()[0][0] == 99


# Limits of accounts and firms


@pytest.mark.parametrize("scope", (Scope.ACCOUNT, Scope.FIRM))
@pytest.mark.parametrize(
    ("limits", "qty", "price", "reason", "firm_reason"),
    (
        (Limits(order_base_max={"BTC": 5}), 6, 1, RejectReason.ACCOUNT_ORDER_QTY, RejectReason.FIRM_ORDER_QTY),
        (Limits(order_base_max={"BTC": 5}), 5, 9_999, 0, 0),
        (Limits(order_base_max={"USD": 5}), 6, 1, 0, 0),
        (
            Limits(order_notional_max={"USD": 500}),
            5,
            101,
            RejectReason.ACCOUNT_ORDER_NOTIONAL,
            RejectReason.FIRM_ORDER_NOTIONAL,
        ),
        (Limits(order_notional_max={"USD": 500}), 5, 100, 0, 0),
        (Limits(order_notional_max={"BTC": 500}), 5, 101, 0, 0),
    ),
)
def test_order_is_within_the_limits_of_its_account_and_firm(
    scope: Scope, limits: Limits, qty: int, price: int, reason: int, firm_reason: int
) -> None:
    venue = limited(limits, scope)
    expected = firm_reason if scope is Scope.FIRM else reason
    assert refusal(venue.buy(qty, price)) == expected
    assert refusal(venue.order("A", SELL, qty, price)) == expected
    venue.buy(1, 1, cl_ord_id="x")
    assert refusal(venue.replace("x", qty, price)) == expected
    assert refusal(venue.buy(qty, price, "B")) == 0, "others have no limits"


def test_account_has_so_many_open_orders_and_no_more() -> None:
    venue = limited(Limits(open_orders_max=2))
    venue.buy(1, 100, cl_ord_id="x")
    venue.buy(1, 100, cl_ord_id="y")
    assert refusal(venue.buy(1, 100)) == RejectReason.ACCOUNT_OPEN_ORDERS
    assert refusal(venue.replace("x", 2, 101)) == 0
    assert refusal(venue.buy(1, 100, time_in_force=IOC)) == 0, "what cannot stay is not one too many"
    assert refusal(venue.buy(1, 100, time_in_force=FOK)) == 0
    venue.cancel("y")
    assert refusal(venue.buy(1, 100)) == 0
    venue.sell(2, 101)
    assert refusal(venue.buy(1, 100)) == 0, "x is filled"
    check_state(venue.state)


def test_open_orders_of_a_firm_are_those_of_all_its_accounts() -> None:
    venue = Venue(accounts=())
    for account in ("A", "B"):
        venue.apply(commands.OpenAccount(account, "FIRM"))
        venue.apply(commands.ProvisionSession(account, (account,), "hash"))
        venue.credit(account, "USD", 10_000)
    venue.buy(1, 100, "A")
    venue.buy(1, 100, "B", DAY)
    venue.apply(commands.SetLimits(Scope.FIRM, "FIRM", Limits(open_orders_max=2)))
    assert refusal(venue.buy(1, 100, "A")) == RejectReason.FIRM_OPEN_ORDERS
    restored = restore(capture(venue.state, 1))
    assert restored.firms["FIRM"].open_orders == 2
    assert restored.guarded
    venue.end_day(20261123)
    assert refusal(venue.buy(1, 100, "A")) == 0
    check_state(venue.state)


def test_limits_replace_those_before_and_are_in_the_snapshot() -> None:
    venue = limited(Limits(open_orders_max=1, order_base_max={"BTC": 5}))
    restored = restore(capture(venue.state, 1))
    assert restored.accounts["A"].guard.limits == Limits(1, {"BTC": 5})
    assert state_hash(restored, 1) == state_hash(venue.state, 1)
    event = only(LimitsSet, venue.apply(commands.SetLimits(Scope.ACCOUNT, "A", Limits(), "alice", "reviewed")))
    assert (event.by, event.why) == ("alice", "reviewed")
    assert venue.state.accounts["A"].guard.limits is NO_LIMITS
    assert not venue.state.guarded


@pytest.mark.parametrize(
    ("command", "text"),
    (
        (commands.SetLimits(Scope.ACCOUNT, "X", Limits()), "limits: unknown account X"),
        (commands.SetLimits(Scope.FIRM, "X", Limits()), "limits: unknown firm X"),
        (commands.SetLimits(Scope.SESSION, "A", Limits()), "limits: a session has none; its accounts and firm have"),
        (commands.SetLimits(Scope.FIRM, "A", Limits(-1)), "limits of A: open_orders_max must not be negative"),
        (commands.SetLimits(Scope.FIRM, "A", Limits(0, {"EUR": 1})), "limits of A: unknown asset EUR"),
        (
            commands.SetLimits(Scope.FIRM, "A", Limits(0, {}, {"USD": 0})),
            "limits of A: the maximum in USD must be 1 to 4611686018427387904 smallest units",
        ),
    ),
)
def test_limits_that_make_no_sense_are_refused(command: commands.SetLimits, text: str) -> None:
    assert only(CommandRejected, Venue().apply(command)).text == text
