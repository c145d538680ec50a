from engine import commands
from engine.events import (
    MassCanceled,
    OrderCanceled,
)
from engine.reject import RejectReason
from engine.values import (
    BUY,
    LIMIT,
    SELL,
    CancelReason,
    MassCancelScope,
)
from tests.engine.builders import GTC, SYMBOL, Venue, add_instrument, only


def test_cancel_gives_back_what_was_reserved() -> None:
    venue = Venue(maker_bps=5, taker_bps=25)
    before = venue.balance("A", "USD")
    venue.buy(5, 100, cl_ord_id="x")
    assert venue.balance("A", "USD") == (before[0] - 502, 502)
    event = only(OrderCanceled, venue.cancel("x", cl_ord_id="c"))
    assert event == OrderCanceled(
        *("A", "A", "A", 1, "c", "x", SYMBOL, BUY, LIMIT, GTC, 5, 100, 0, 0, CancelReason.REQUESTED),
        rpt_seq=2,
        released=502,
    )
    assert venue.balance("A", "USD") == before
    assert venue.bids() == []


def test_cancel_tells_what_was_filled_before() -> None:
    venue = Venue()
    venue.buy(5, 100, cl_ord_id="x")
    venue.sell(2, 100)
    event = only(OrderCanceled, venue.cancel("x"))
    assert (event.cum_qty, event.cum_notional, event.qty) == (2, 200, 5)


def test_another_session_of_the_account_may_cancel_and_both_are_named() -> None:
    venue = Venue()
    venue.apply(commands.ProvisionSession("desk", ("B", "A"), ""))
    venue.buy(5, 100, cl_ord_id="x")
    event = only(OrderCanceled, venue.cancel("x", session="desk"))
    assert (event.session, event.requester) == ("A", "desk")


# ----------------------------------------------------------------------------------------------- mass cancel


def test_mass_cancel_takes_all_orders_of_the_sessions_accounts_oldest_first() -> None:
    venue = Venue()
    venue.apply(commands.ProvisionSession("desk", ("B", "A"), ""))
    for account in ("A", "B", "C"):
        venue.buy(1, 100, account, cl_ord_id=f"{account}1")
        venue.sell(1, 200, account, cl_ord_id=f"{account}2")
    events = venue.mass_cancel("desk")
    canceled = [event for event in events if isinstance(event, OrderCanceled)]
    assert [event.cl_ord_id for event in canceled] == ["A1", "A2", "B1", "B2"]
    assert all(event.reason is CancelReason.MASS_CANCEL and event.orig_cl_ord_id == "" for event in canceled)
    answer = only(MassCanceled, events)
    assert answer is events[-1]
    assert answer.orig_cl_ord_ids == ("A1", "A2", "B1", "B2")
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


def test_mass_cancel_of_one_account_leaves_the_sessions_others() -> None:
    venue = Venue()
    venue.apply(commands.ProvisionSession("desk", ("B", "A"), ""))
    venue.buy(1, 100, "A", cl_ord_id="a")
    venue.buy(1, 100, "B", cl_ord_id="b")
    answer = only(MassCanceled, venue.mass_cancel("desk", account="A"))
    assert answer.orig_cl_ord_ids == ("a",)
    answer = only(MassCanceled, venue.mass_cancel("desk", account="C"))
    assert (answer.reason, answer.order_ids) == (RejectReason.UNKNOWN_ACCOUNT, ())
    assert venue.bids() == [(100, ["b"])]


def test_mass_cancel_of_a_session_takes_what_it_has_entered_itself() -> None:
    venue = Venue()
    venue.apply(commands.ProvisionSession("desk", ("B", "A"), ""))
    venue.order("A", BUY, 1, 100, cl_ord_id="a")
    venue.order("A", BUY, 1, 100, session="desk", cl_ord_id="desk-a")
    venue.order("B", SELL, 1, 200, session="desk", cl_ord_id="desk-b")
    answer = only(MassCanceled, venue.mass_cancel("desk", scope=MassCancelScope.SESSION, side=BUY))
    assert answer.orig_cl_ord_ids == ("desk-a",)
    answer = only(MassCanceled, venue.mass_cancel("desk", scope=MassCancelScope.SESSION, account="B"))
    assert answer.orig_cl_ord_ids == ("desk-b",)
    assert venue.bids() == [(100, ["a"])]


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
