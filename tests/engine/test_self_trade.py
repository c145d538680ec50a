"""Self-trade prevention: what becomes of two orders of one owner that would trade with each other."""

import pytest

from engine.commands import OpenAccount, ProvisionSession, SetSelfTrade
from engine.events import AnyEvent, CommandRejected, OrderCanceled, OrderDecremented, OrderRejected, SelfTradeSet, Trade
from engine.reject import RejectReason
from engine.rules import SelfTradeRule
from engine.terms import Terms
from engine.values import (
    BUY,
    LIMIT,
    MARKET,
    PEGGED,
    SELL,
    CancelReason,
    OrderType,
    PegReference,
    SelfTrade,
    SelfTradeScope,
    Side,
    TimeInForce,
)
from tests.engine.builders import FOK, GTC, Venue, all_of, only

NEWEST, OLDEST = SelfTrade.CANCEL_NEWEST, SelfTrade.CANCEL_OLDEST
BOTH, DECREMENT = SelfTrade.CANCEL_BOTH, SelfTrade.DECREMENT


@pytest.fixture
def venue() -> Venue:
    """A and B are of one firm, C is of another."""
    venue = Venue(accounts=("C",))
    for account in ("A", "B"):
        venue.apply(OpenAccount(account, "FIRM"))
        venue.apply(ProvisionSession(account, (account,), "hash"))
        venue.credit(account, "BTC", 10**9)
        venue.credit(account, "USD", 10**9)
    return venue


def order(
    venue: Venue,
    side: Side,
    qty: int,
    price: int,
    mode: SelfTrade = SelfTrade.DEFAULT,
    *,
    account: str = "A",
    group: str = "",
    order_type: OrderType = LIMIT,
    time_in_force: TimeInForce = GTC,
    min_qty: int = 0,
) -> list[AnyEvent]:
    terms = Terms(self_trade=mode, self_trade_group=group, min_qty=min_qty)
    return venue.order(account, side, qty, price, order_type=order_type, time_in_force=time_in_force, terms=terms)


def outcome(events: list[AnyEvent]) -> list[tuple[str, int, int, int]]:
    """Return what happened: OrderID, the quantity that it was about, and the other order."""
    told = []
    for event in events:
        if isinstance(event, Trade):
            told.append(("trade", event.taker_order_id, event.qty, event.maker_order_id))
        elif isinstance(event, OrderCanceled) and event.reason is CancelReason.SELF_TRADE:
            told.append(("cancel", event.order_id, event.prevented_qty, event.counter_order_id))
        elif isinstance(event, OrderDecremented):
            told.append(("decrement", event.order_id, event.prevented_qty, event.counter_order_id))
    return told


@pytest.mark.parametrize(
    ("mode", "expected"),
    (
        (SelfTrade.DEFAULT, [("trade", 4, 3, 1), ("trade", 4, 4, 2), ("trade", 4, 3, 3)]),
        (SelfTrade.NONE, [("trade", 4, 3, 1), ("trade", 4, 4, 2), ("trade", 4, 3, 3)]),
        (NEWEST, [("trade", 4, 3, 1), ("cancel", 4, 4, 2)]),
        (OLDEST, [("trade", 4, 3, 1), ("cancel", 2, 4, 4), ("trade", 4, 5, 3)]),
        (BOTH, [("trade", 4, 3, 1), ("cancel", 2, 4, 4), ("cancel", 4, 4, 2)]),
        (DECREMENT, [("trade", 4, 3, 1), ("cancel", 2, 4, 4), ("decrement", 4, 4, 2), ("trade", 4, 3, 3)]),
    ),
)
def test_order_that_meets_one_of_its_account(
    venue: Venue, mode: SelfTrade, expected: list[tuple[str, int, int, int]]
) -> None:
    """It buys ten: three of C's come first, then four of its own, then five of C's again."""
    venue.sell(3, 100, "C")
    venue.sell(4, 100, "A")
    venue.sell(5, 101, "C")
    assert outcome(order(venue, BUY, 10, 101, mode)) == expected


def test_larger_resting_order_is_decremented_and_keeps_its_place(venue: Venue) -> None:
    venue.sell(10, 100, "A", cl_ord_id="a")
    venue.sell(1, 100, "C", cl_ord_id="c")
    events = order(venue, BUY, 4, 100, DECREMENT)
    assert outcome(events) == [("decrement", 1, 4, 3), ("cancel", 3, 4, 1)]
    told = only(OrderDecremented, events)
    assert (told.qty, told.leaves_qty, told.cum_qty) == (6, 6, 0)
    assert venue.balance("A", "BTC")[1] == 6
    assert venue.asks() == [(100, ["a", "c"])]


def test_equal_orders_are_both_cancelled_by_decrement(venue: Venue) -> None:
    venue.sell(4, 100, "A")
    assert outcome(order(venue, BUY, 4, 100, DECREMENT)) == [("cancel", 1, 4, 2), ("cancel", 2, 4, 1)]


def test_decremented_buyer_gets_the_funds_back(venue: Venue) -> None:
    venue.sell(4, 100, "A")
    order(venue, BUY, 10, 100, DECREMENT)
    assert venue.balance("A", "USD")[1] == 600


def test_the_order_that_comes_decides(venue: Venue) -> None:
    order(venue, SELL, 4, 100, NEWEST)
    assert outcome(venue.buy(4, 100, "A")) == [("trade", 2, 4, 1)]


def test_other_accounts_of_the_firm_are_others_unless_the_house_says_so(venue: Venue) -> None:
    venue.sell(4, 100, "B")
    assert outcome(order(venue, BUY, 1, 100, NEWEST)) == [("trade", 2, 1, 1)]
    venue.apply(SetSelfTrade("A", "", SelfTradeRule(SelfTrade.DEFAULT, SelfTradeScope.FIRM)))
    assert outcome(order(venue, BUY, 1, 100, NEWEST)) == [("cancel", 3, 1, 1)]
    assert outcome(order(venue, BUY, 1, 100, NEWEST, account="C")) == [("trade", 4, 1, 1)]


def test_house_sets_defaults_of_accounts_and_sessions(venue: Venue) -> None:
    told = venue.apply(SetSelfTrade("A", "", SelfTradeRule(NEWEST), "staff", "asked for"))
    assert told == [SelfTradeSet("A", "", SelfTradeRule(NEWEST), "staff", "asked for")]
    venue.sell(9, 100, "A")
    assert outcome(venue.buy(1, 100, "A")) == [("cancel", 2, 1, 1)]
    assert outcome(order(venue, BUY, 1, 100, SelfTrade.NONE)) == [("trade", 3, 1, 1)]
    venue.apply(SetSelfTrade("", "A", SelfTradeRule(OLDEST)))
    assert outcome(venue.buy(1, 100, "A")) == [("cancel", 1, 1, 4)]
    venue.apply(SetSelfTrade("", "A", SelfTradeRule()))
    venue.apply(SetSelfTrade("A", "", SelfTradeRule()))
    assert venue.state.self_trade_accounts == venue.state.self_trade_sessions == {}


@pytest.mark.parametrize(("account", "session"), (("", ""), ("A", "A"), ("NOBODY", ""), ("", "NOBODY")))
def test_default_is_for_an_account_or_a_session_that_there_is(venue: Venue, account: str, session: str) -> None:
    only(CommandRejected, venue.apply(SetSelfTrade(account, session, SelfTradeRule(NEWEST))))


@pytest.mark.parametrize(
    ("account", "group", "is_own"),
    (("A", "1", True), ("B", "1", True), ("A", "2", False), ("A", "", False), ("C", "1", False)),
)
def test_group_is_one_owner_within_the_firm(venue: Venue, account: str, group: str, is_own: bool) -> None:
    """Without a mode the resting order goes. What another firm calls its group is its own affair."""
    order(venue, SELL, 4, 100, account=account, group=group)
    expected = ("cancel", 1, 4, 2) if is_own else ("trade", 2, 4, 1)
    assert outcome(order(venue, BUY, 4, 100, group="1")) == [expected]


@pytest.mark.parametrize(("mode", "most"), ((NEWEST, 3), (BOTH, 3), (OLDEST, 8), (DECREMENT, 6)))
def test_min_qty_counts_what_would_trade(venue: Venue, mode: SelfTrade, most: int) -> None:
    """Ten are to be bought: there are three of C's, then four of A's own, then five of C's."""
    for min_qty in (most + 1, most):
        venue.sell(3, 100, "C")
        venue.sell(4, 100, "A")
        venue.sell(5, 101, "C")
        events = order(venue, BUY, 10, 101, mode, min_qty=min_qty)
        traded = sum(trade.qty for trade in all_of(Trade, events))
        assert traded == (0 if min_qty > most else most)
        for account in ("A", "C"):
            venue.mass_cancel(account)


def test_fill_or_kill_that_is_killed_leaves_ones_own_order_alone(venue: Venue) -> None:
    venue.sell(4, 100, "A", cl_ord_id="a")
    venue.sell(5, 101, "C")
    for mode, qty in ((NEWEST, 5), (BOTH, 5), (OLDEST, 6), (DECREMENT, 5)):
        events = order(venue, BUY, qty, 101, mode, time_in_force=FOK)
        assert only(OrderCanceled, events).reason is CancelReason.NOT_FILLABLE
    assert outcome(order(venue, BUY, 5, 101, OLDEST, time_in_force=FOK)) == [("cancel", 1, 4, 7), ("trade", 7, 5, 2)]


def test_market_order_is_funded_for_what_would_trade(venue: Venue) -> None:
    """It passes over its own offer at 100, and has to pay 110."""
    for account, funds, is_enough in (("POOR", 5 * 110 - 1, False), ("RICH", 5 * 110, True)):
        venue.open(account, funds)
        venue.credit(account, "BTC", 5)
        venue.sell(5, 100, account)
        venue.sell(5, 110, "C")
        events = order(venue, BUY, 5, 0, OLDEST, account=account, order_type=MARKET)
        if is_enough:
            assert [trade.price for trade in all_of(Trade, events)] == [110]
        else:
            assert only(OrderRejected, events).reason == RejectReason.INSUFFICIENT_FUNDS
        venue.mass_cancel(account)
        venue.mass_cancel("C")


def test_iceberg_of_ones_own_is_dealt_with_whole(venue: Venue) -> None:
    venue.order("A", SELL, 9, 100, terms=Terms(display_qty=2))
    venue.sell(5, 100, "C")
    assert outcome(order(venue, BUY, 5, 100, OLDEST)) == [("cancel", 1, 5, 3), ("trade", 3, 5, 2)]


def test_what_icebergs_hide_comes_after_ones_own_order(venue: Venue) -> None:
    """C shows two, then stands A's own order, then the rest of C's."""
    venue.order("C", SELL, 9, 100, terms=Terms(display_qty=2))
    venue.sell(1, 100, "A")
    events = order(venue, BUY, 5, 100, NEWEST, min_qty=3)
    assert only(OrderCanceled, events).reason is CancelReason.NOT_FILLABLE
    assert outcome(order(venue, BUY, 5, 100, NEWEST, min_qty=2)) == [("trade", 4, 2, 1), ("cancel", 4, 1, 2)]


def test_pegs_of_one_owner_do_not_trade_either(venue: Venue) -> None:
    venue.buy(1, 100, "C")
    venue.sell(1, 106, "C")
    peg = Terms(peg=PegReference.MIDPOINT)
    venue.order("A", SELL, 5, 103, order_type=PEGGED, terms=peg)
    peg = Terms(peg=PegReference.MIDPOINT, self_trade=NEWEST)
    events = venue.order("A", BUY, 5, 103, order_type=PEGGED, terms=peg)
    assert outcome(events) == [("cancel", 4, 5, 3)]
