"""One triggers the other: the rest of a list waits, unfunded, until its first order is filled in full."""

import pytest

from engine import commands
from engine.events import (
    AnyEvent,
    CancelRejected,
    ListReported,
    ListRequestRejected,
    MassCanceled,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
    OrderStatusReported,
    Trade,
    TradingDayEnded,
)
from engine.reject import RejectReason
from engine.snapshot import capture, restore, state_hash
from engine.terms import Terms
from engine.values import (
    BUY,
    MARKET,
    SELL,
    CancelReason,
    Contingency,
    ListReport,
    ListStage,
    OrderStatus,
    Place,
    PostOnly,
)
from tests.engine.builders import DAY, GTD, IOC, SYMBOL, Venue, all_of, only
from tests.engine.invariants import check_state

OTO = Contingency.ONE_TRIGGERS_OTHER
OCO = Contingency.ONE_CANCELS_OTHER


def buy_then_sell(venue: Venue, *, list_id: str = "L", qty: int = 5) -> list[AnyEvent]:
    """Buy at 100 and, once that is done, sell at 110."""
    buy = venue.leg(BUY, qty, 100, cl_ord_id="buy")
    return venue.order_list(OTO, buy, venue.leg(SELL, qty, 110, cl_ord_id="sell"), list_id=list_id)


def told(events: list[AnyEvent]) -> list[tuple[str, str, str]]:
    """Return what happened to which order, in order: its ClOrdID, what, and the status or reason."""
    seen = []
    for event in events:
        if isinstance(event, OrderAccepted):
            seen.append((event.cl_ord_id, "accepted", event.status.name))
        elif isinstance(event, OrderCanceled):
            seen.append((event.cl_ord_id, "canceled", event.reason.name))
        elif isinstance(event, Trade):
            seen.append((event.maker_cl_ord_id, "trade", event.taker_cl_ord_id))
        elif isinstance(event, ListReported):
            seen.append((event.list_id, "list", event.report.name))
    return seen


def refused(events: list[AnyEvent]) -> tuple[RejectReason, list[int]]:
    """Return why a list was refused, and the reason of each order."""
    assert len(events) == 1
    report = only(ListReported, events)
    assert report.report is ListReport.ENTERED
    assert report.is_done
    assert all(order.status is OrderStatus.REJECTED for order in report.orders)
    return next(reason for reason in RejectReason if reason == report.reason), [order.reason for order in report.orders]


# ------------------------------------------------------------------------------------------------------ entry


def test_the_first_order_acts_and_the_others_wait() -> None:
    venue = Venue()
    events = buy_then_sell(venue)
    assert told(events) == [
        ("L", "list", "ENTERED"),
        ("sell", "accepted", "PENDING_NEW"),
        ("buy", "accepted", "NEW"),
    ]
    assert venue.bids() == [(100, ["buy"])]
    assert venue.asks() == []
    assert venue.open_order("sell").place is Place.LIST
    check_state(venue.state)


def test_orders_have_numbers_as_they_stand_in_the_list() -> None:
    venue = Venue()
    buy_then_sell(venue)
    assert venue.open_order("sell").order_id == venue.open_order("buy").order_id + 1


def test_each_order_tells_its_list() -> None:
    accepted = all_of(OrderAccepted, buy_then_sell(Venue()))
    assert [event.terms and event.terms.list_id for event in accepted] == ["L", "L"]


def test_the_report_on_entry_has_every_order() -> None:
    report = only(ListReported, buy_then_sell(Venue()))
    assert (report.session, report.contingency, report.is_done, report.reason) == ("A", OTO, False, 0)
    assert [(order.cl_ord_id, order.status, order.leaves_qty) for order in report.orders] == [
        ("buy", OrderStatus.NEW, 5),
        ("sell", OrderStatus.PENDING_NEW, 5),
    ]


def test_what_waits_reserves_nothing() -> None:
    venue = Venue(funds=500)
    buy_then_sell(venue, qty=5)
    assert venue.balance("A", "USD") == (0, 500)
    assert venue.balance("A", "BTC") == (500, 0)


def test_an_order_that_waits_may_need_what_the_first_will_bring() -> None:
    venue = Venue(accounts=("B",))
    venue.apply(commands.OpenAccount("A"))
    venue.apply(commands.ProvisionSession("A", ("A",), "hash"))
    venue.credit("A", "USD", 500)
    buy_then_sell(venue)
    venue.sell(5, 100)
    assert venue.asks() == [(110, ["sell"])]
    assert venue.balance("A", "BTC") == (0, 5)
    check_state(venue.state)


# ------------------------------------------------------------------------------------------------- a fill


def test_a_full_fill_lets_the_others_enter_in_the_same_record() -> None:
    venue = Venue()
    buy_then_sell(venue)
    events = venue.sell(5, 100, cl_ord_id="x")
    assert told(events) == [
        ("x", "accepted", "NEW"),
        ("buy", "trade", "x"),
        ("sell", "accepted", "NEW"),
    ]
    assert venue.asks() == [(110, ["sell"])]
    check_state(venue.state)


def test_a_part_of_a_fill_does_not() -> None:
    venue = Venue()
    buy_then_sell(venue)
    venue.sell(4, 100)
    assert venue.open_order("sell").place is Place.LIST
    venue.sell(1, 100)
    assert venue.open_order("sell").place is Place.BOOK


def test_the_first_order_may_be_filled_on_entry() -> None:
    venue = Venue()
    venue.sell(5, 99, cl_ord_id="x")
    assert told(buy_then_sell(venue)) == [
        ("L", "list", "ENTERED"),
        ("sell", "accepted", "PENDING_NEW"),
        ("buy", "accepted", "NEW"),
        ("x", "trade", "buy"),
        ("sell", "accepted", "NEW"),
    ]


def test_what_enters_may_trade_at_once_and_end_the_list() -> None:
    venue = Venue()
    venue.order_list(OTO, venue.leg(BUY, 5, 100, cl_ord_id="buy"), venue.leg(SELL, 5, 90, cl_ord_id="sell"))
    venue.buy(9, 95, "C", cl_ord_id="bid")
    assert told(venue.sell(5, 100, cl_ord_id="x")) == [
        ("x", "accepted", "NEW"),
        ("buy", "trade", "x"),
        ("sell", "accepted", "NEW"),
        ("bid", "trade", "sell"),
        ("L", "list", "DONE"),
    ]
    check_state(venue.state)


def test_one_list_may_release_another() -> None:
    venue = Venue()
    buy_then_sell(venue)
    second = [venue.leg(BUY, 5, 110, "B", cl_ord_id="b1"), venue.leg(SELL, 5, 120, "B", cl_ord_id="b2")]
    venue.order_list(OTO, *second, list_id="M")
    # The bid at 110 goes first; what it lets in is too dear for anybody.
    assert told(venue.sell(10, 100, "C", cl_ord_id="x")) == [
        ("x", "accepted", "NEW"),
        ("b1", "trade", "x"),
        ("buy", "trade", "x"),
        ("b2", "accepted", "NEW"),
        ("sell", "accepted", "NEW"),
    ]
    check_state(venue.state)


def test_a_market_order_may_wait_and_needs_no_market_until_then() -> None:
    venue = Venue()
    sale = venue.leg(SELL, 5, 0, order_type=MARKET, time_in_force=IOC, cl_ord_id="sell")
    venue.order_list(OTO, venue.leg(BUY, 5, 100, cl_ord_id="buy"), sale)
    venue.buy(2, 90, "C", cl_ord_id="bid")
    events = venue.sell(5, 100, cl_ord_id="x")
    assert told(events)[2:] == [
        ("sell", "accepted", "NEW"),
        ("bid", "trade", "sell"),
        ("sell", "canceled", "IMMEDIATE_REMAINDER"),
        ("L", "list", "DONE"),
    ]


def test_what_cannot_enter_is_cancelled_with_the_reason() -> None:
    venue = Venue(accounts=("B",))
    venue.apply(commands.OpenAccount("A"))
    venue.apply(commands.ProvisionSession("A", ("A",), "hash"))
    venue.credit("A", "USD", 500)
    venue.order_list(OTO, venue.leg(BUY, 5, 100), venue.leg(SELL, 6, 110, cl_ord_id="sell"))
    events = venue.sell(5, 100)
    canceled = only(OrderCanceled, events)
    assert (canceled.cl_ord_id, canceled.reason) == ("sell", CancelReason.NOT_ENTERED)
    assert canceled.refusal == RejectReason.INSUFFICIENT_FUNDS
    assert only(ListReported, events).report is ListReport.DONE
    check_state(venue.state)


def test_a_post_only_order_is_held_to_the_market_when_it_enters() -> None:
    venue = Venue()
    venue.buy(9, 109, "C")
    post_only = venue.leg(SELL, 5, 105, cl_ord_id="sell", terms=Terms(post_only=PostOnly.REJECT))
    venue.order_list(OTO, venue.leg(BUY, 5, 110, time_in_force=DAY), post_only)
    canceled = only(OrderCanceled, venue.sell(5, 110))
    assert (canceled.cl_ord_id, canceled.refusal) == ("sell", RejectReason.POST_ONLY_WOULD_TRADE)


# ------------------------------------------------------------------------------------------- cancel and expiry


def test_cancelling_the_first_order_cancels_the_list() -> None:
    venue = Venue()
    buy_then_sell(venue)
    assert told(venue.cancel("buy", cl_ord_id="c")) == [
        ("c", "canceled", "REQUESTED"),
        ("sell", "canceled", "NOT_RELEASED"),
        ("L", "list", "DONE"),
    ]
    check_state(venue.state)


def test_cancelling_an_order_that_waits_cancels_the_list() -> None:
    venue = Venue()
    buy_then_sell(venue)
    assert told(venue.cancel("sell", cl_ord_id="c", side=SELL)) == [
        ("c", "canceled", "REQUESTED"),
        ("buy", "canceled", "LIST_BROKEN"),
        ("L", "list", "DONE"),
    ]
    check_state(venue.state)


def test_a_first_order_that_was_filled_in_part_does_not_let_the_others_in() -> None:
    venue = Venue()
    buy_then_sell(venue)
    venue.sell(4, 100)
    events = venue.cancel("buy")
    assert told(events)[1:] == [("sell", "canceled", "NOT_RELEASED"), ("L", "list", "DONE")]
    report = only(ListReported, events)
    assert [(o.cum_qty, o.canceled_qty, o.cum_notional) for o in report.orders] == [(4, 1, 4000 // 10), (0, 5, 0)]


def test_an_immediate_first_order_that_is_not_filled_ends_the_list() -> None:
    venue = Venue()
    venue.sell(4, 100, cl_ord_id="x")
    first = venue.leg(BUY, 5, 100, time_in_force=IOC, cl_ord_id="buy")
    assert told(venue.order_list(OTO, first, venue.leg(SELL, 5, 110, cl_ord_id="sell")))[2:] == [
        ("buy", "accepted", "NEW"),
        ("x", "trade", "buy"),
        ("buy", "canceled", "IMMEDIATE_REMAINDER"),
        ("sell", "canceled", "NOT_RELEASED"),
        ("L", "list", "DONE"),
    ]
    check_state(venue.state)


def test_once_released_an_order_stands_alone() -> None:
    venue = Venue()
    buy_then_sell(venue)
    venue.sell(5, 100)
    assert told(venue.cancel("sell", cl_ord_id="c", side=SELL)) == [
        ("c", "canceled", "REQUESTED"),
        ("L", "list", "DONE"),
    ]


def test_a_list_is_cancelled_by_its_name() -> None:
    venue = Venue()
    buy_then_sell(venue)
    assert told(venue.cancel_list()) == [
        ("buy", "canceled", "LIST_CANCELED"),
        ("sell", "canceled", "LIST_CANCELED"),
        ("L", "list", "DONE"),
    ]
    check_state(venue.state)


def test_who_cancels_anothers_list_is_told_beside_its_owner() -> None:
    venue = Venue()
    venue.apply(commands.ProvisionSession("D", ("A",), "hash"))
    buy_then_sell(venue)
    reports = all_of(ListReported, venue.cancel_list(session="D"))
    assert [(r.session, r.report, r.is_done) for r in reports] == [
        ("D", ListReport.ASKED, True),
        ("A", ListReport.DONE, True),
    ]


def test_a_mass_cancel_takes_the_whole_list() -> None:
    venue = Venue()
    buy_then_sell(venue)
    events = venue.mass_cancel()
    assert only(MassCanceled, events).order_ids == (1, 2)
    assert told(events)[:2] == [("buy", "canceled", "MASS_CANCEL"), ("sell", "canceled", "MASS_CANCEL")]
    assert told(events)[-1] == ("L", "list", "DONE")
    check_state(venue.state)


def test_a_mass_cancel_of_one_side_brings_the_other_along() -> None:
    venue = Venue()
    buy_then_sell(venue)
    assert told(venue.mass_cancel(side=SELL))[:2] == [
        ("sell", "canceled", "MASS_CANCEL"),
        ("buy", "canceled", "LIST_BROKEN"),
    ]


def test_the_end_of_the_day_ends_a_list_of_day_orders() -> None:
    venue = Venue()
    legs = [venue.leg(BUY, 5, 100, time_in_force=DAY), venue.leg(SELL, 5, 110, time_in_force=DAY)]
    venue.order_list(OTO, *legs)
    events = venue.end_day(20261123)
    assert [event.reason for event in all_of(OrderCanceled, events)] == [CancelReason.END_OF_DAY] * 2
    only(TradingDayEnded, events)
    assert only(ListReported, events).report is ListReport.DONE


def test_an_order_may_expire_while_it_waits() -> None:
    venue = Venue()
    sale = venue.leg(SELL, 5, 110, time_in_force=GTD, cl_ord_id="sell", terms=Terms(expire_ns=5_000))
    venue.order_list(OTO, venue.leg(BUY, 5, 100, cl_ord_id="buy"), sale)
    check_state(venue.state)
    assert told(venue.tick(5_000)) == [
        ("sell", "canceled", "EXPIRE_TIME"),
        ("buy", "canceled", "LIST_BROKEN"),
        ("L", "list", "DONE"),
    ]
    check_state(venue.state)


def test_an_order_that_has_entered_expires_at_its_time() -> None:
    venue = Venue()
    sale = venue.leg(SELL, 5, 110, time_in_force=GTD, cl_ord_id="sell", terms=Terms(expire_ns=5_000))
    venue.order_list(OTO, venue.leg(BUY, 5, 100), sale)
    venue.sell(5, 100)
    check_state(venue.state)
    assert told(venue.tick(5_000)) == [("sell", "canceled", "EXPIRE_TIME"), ("L", "list", "DONE")]


# --------------------------------------------------------------------------------------------------- refusals


def test_a_list_is_refused_whole_and_says_which_order_is_at_fault() -> None:
    venue = Venue()
    events = venue.order_list(OTO, venue.leg(BUY, 5, 100), venue.leg(SELL, 0, 110))
    assert refused(events) == (
        RejectReason.QUANTITY_OUT_OF_RANGE,
        [RejectReason.REFUSED_WITH_LIST, RejectReason.QUANTITY_OUT_OF_RANGE],
    )
    assert venue.state.last_order_id == 0
    assert venue.balance("A", "USD") == (10**9, 0)
    check_state(venue.state)


def test_without_funds_for_the_first_order_nothing_is_entered() -> None:
    venue = Venue(funds=499)
    assert refused(buy_then_sell(venue)) == (
        RejectReason.INSUFFICIENT_FUNDS,
        [RejectReason.INSUFFICIENT_FUNDS, RejectReason.REFUSED_WITH_LIST],
    )
    assert venue.state.last_order_id == 0
    assert venue.balance("A", "USD") == (499, 0)
    check_state(venue.state)


def test_an_id_may_not_come_twice_in_a_list() -> None:
    venue = Venue()
    events = venue.order_list(OTO, venue.leg(BUY, 5, 100, cl_ord_id="x"), venue.leg(SELL, 5, 110, cl_ord_id="x"))
    assert refused(events) == (
        RejectReason.DUPLICATE_CL_ORD_ID,
        [RejectReason.REFUSED_WITH_LIST, RejectReason.DUPLICATE_CL_ORD_ID],
    )
    venue.buy(1, 100, cl_ord_id="x")


def test_a_refused_list_uses_up_no_ids() -> None:
    venue = Venue()
    venue.order_list(OTO, venue.leg(BUY, 5, 100, cl_ord_id="buy"), venue.leg(SELL, 5, 0, cl_ord_id="sell"))
    assert len(all_of(OrderAccepted, buy_then_sell(venue))) == 2


@pytest.mark.parametrize("count", (0, 1, 4))
def test_a_list_has_two_or_three_orders(count: int) -> None:
    venue = Venue()
    legs = [venue.leg(BUY, 5, 100 - number) for number in range(count)]
    assert refused(venue.order_list(OTO, *legs, session="A"))[0] is RejectReason.LIST_SIZE


def test_one_cancels_other_has_two_orders() -> None:
    venue = Venue()
    assert refused(venue.order_list(OCO, *(venue.leg(BUY, 5, 100) for _ in range(3))))[0] is RejectReason.LIST_SIZE


def test_a_list_is_of_one_account_and_one_instrument() -> None:
    venue = Venue()
    venue.apply(commands.ProvisionSession("A", ("A", "B"), "hash"))
    assert refused(venue.order_list(OTO, venue.leg(BUY, 5, 100), venue.leg(SELL, 5, 110, "B")))[0] is (
        RejectReason.LIST_MISMATCH
    )
    other = venue.leg(SELL, 5, 110, symbol="ETH/USD")
    assert refused(venue.order_list(OTO, venue.leg(BUY, 5, 100), other))[0] is RejectReason.LIST_MISMATCH


def test_accounts_and_instruments_must_be_known() -> None:
    venue = Venue()
    foreign = [venue.leg(side, 5, 100, "B") for side in (BUY, SELL)]
    assert refused(venue.order_list(OTO, *foreign, session="A"))[0] is RejectReason.UNKNOWN_ACCOUNT
    unknown = [venue.leg(side, 5, 100, symbol="ETH/USD") for side in (BUY, SELL)]
    assert refused(venue.order_list(OTO, *unknown))[0] is RejectReason.UNKNOWN_INSTRUMENT


def test_no_order_of_a_list_starts_at_a_time() -> None:
    venue = Venue()
    later = venue.leg(SELL, 5, 110, terms=Terms(effective_ns=10**6))
    assert refused(venue.order_list(OTO, venue.leg(BUY, 5, 100), later))[0] is RejectReason.LIST_TERMS


def test_two_limit_orders_are_no_pair() -> None:
    venue = Venue()
    pair = [venue.leg(SELL, 5, 110), venue.leg(SELL, 5, 90)]
    assert refused(venue.order_list(OCO, *pair))[0] is RejectReason.PAIR_TYPES
    assert refused(venue.order_list(OTO, venue.leg(BUY, 5, 100), *pair))[0] is RejectReason.PAIR_TYPES


def test_a_list_has_a_name_of_its_own() -> None:
    venue = Venue()
    buy_then_sell(venue)
    legs = [venue.leg(BUY, 5, 100), venue.leg(SELL, 5, 110)]
    assert refused(venue.order_list(OTO, *legs))[0] is RejectReason.DUPLICATE_LIST_ID


def test_a_name_is_remembered_on_its_day_and_the_next() -> None:
    venue = Venue()
    buy_then_sell(venue)
    venue.cancel_list()
    for day in (20261123, 20261124):
        legs = [venue.leg(BUY, 5, 100), venue.leg(SELL, 5, 110)]
        assert refused(venue.order_list(OTO, *legs))[0] is RejectReason.DUPLICATE_LIST_ID
        venue.end_day(day)
    assert len(all_of(OrderAccepted, buy_then_sell(venue))) == 2


def test_a_list_that_may_be_a_repetition_is_answered_with_its_state() -> None:
    venue = Venue()
    buy_then_sell(venue)
    legs = [venue.leg(BUY, 5, 100, cl_ord_id="buy"), venue.leg(SELL, 5, 110, cl_ord_id="sell")]
    report = only(ListReported, venue.order_list(OTO, *legs, possible_resend=True))
    assert (report.report, report.is_done, report.reason) == (ListReport.ASKED, False, 0)
    assert [order.cl_ord_id for order in report.orders] == ["buy", "sell"]


# --------------------------------------------------------------------------------------------------- questions


def test_the_state_of_a_list_is_told_long_after_it_is_done() -> None:
    venue = Venue()
    buy_then_sell(venue)
    venue.sell(5, 100)
    assert [o.status for o in only(ListReported, venue.query_list()).orders] == [OrderStatus.FILLED, OrderStatus.NEW]
    venue.buy(5, 110, "C")
    report = only(ListReported, venue.query_list())
    assert (report.report, report.is_done) == (ListReport.ASKED, True)
    assert [(o.cum_qty, o.cum_notional) for o in report.orders] == [(5, 500), (5, 550)]


def test_a_list_that_there_is_not_can_be_neither_cancelled_nor_asked_for() -> None:
    venue = Venue()
    buy_then_sell(venue)
    rejected = only(ListRequestRejected, venue.cancel_list("other"))
    assert (rejected.reason, rejected.is_cancel, rejected.list_id) == (RejectReason.UNKNOWN_LIST, True, "other")
    rejected = only(ListRequestRejected, venue.query_list(session="B"))
    assert (rejected.reason, rejected.is_cancel) == (RejectReason.UNKNOWN_LIST, False)
    venue.cancel_list()
    assert only(ListRequestRejected, venue.cancel_list()).reason is RejectReason.LIST_DONE


def test_a_name_that_two_accounts_use_means_neither() -> None:
    venue = Venue()
    for account in ("A", "B"):
        venue.order_list(OTO, venue.leg(BUY, 5, 100, account), venue.leg(SELL, 5, 110, account))
    venue.apply(commands.ProvisionSession("A", ("A", "B"), "hash"))
    assert only(ListRequestRejected, venue.cancel_list()).reason is RejectReason.LIST_AMBIGUOUS


def test_what_waits_is_among_the_open_orders() -> None:
    venue = Venue()
    buy_then_sell(venue)
    reports = all_of(OrderStatusReported, venue.query_all())
    assert [(r.cl_ord_id, r.status) for r in reports] == [
        ("buy", OrderStatus.NEW),
        ("sell", OrderStatus.PENDING_NEW),
    ]


# ---------------------------------------------------------------------------------------------------- snapshots


def test_a_snapshot_keeps_what_binds_the_orders() -> None:
    venue = Venue()
    buy_then_sell(venue, list_id="waiting")
    image = capture(venue.state, 9)
    venue.exchange.state = venue.state = restore(image)
    assert state_hash(venue.state, 9) == state_hash(restore(image), 9)
    check_state(venue.state)
    assert told(venue.sell(5, 100, cl_ord_id="x"))[-1] == ("sell", "accepted", "NEW")
    assert venue.state.accounts["A"].lists["waiting"].stage is ListStage.LOOSE


def test_a_snapshot_keeps_finished_orders_of_a_list_that_are_forgotten_elsewhere() -> None:
    venue = Venue()
    buy_then_sell(venue)
    venue.sell(5, 100)
    venue.state.finished.clear()
    venue.state.finished_order_ids.clear()
    image = capture(venue.state, 9)
    venue.exchange.state = venue.state = restore(image)
    assert capture(venue.state, 9) == image
    report = only(ListReported, venue.query_list())
    assert [order.status for order in report.orders] == [OrderStatus.FILLED, OrderStatus.NEW]
    assert venue.open_order("sell").instrument.symbol == SYMBOL


# ----------------------------------------------------------------------------------------------------- replaces


def test_an_order_that_waits_is_replaced_where_it_waits() -> None:
    venue = Venue()
    buy_then_sell(venue)
    replaced = only(OrderReplaced, venue.replace("sell", 4, 120, cl_ord_id="sell2", side=SELL))
    assert (replaced.status, replaced.qty, replaced.leaves_qty, replaced.price) == (OrderStatus.PENDING_NEW, 4, 4, 120)
    assert replaced.terms == Terms(list_id="L")
    check_state(venue.state)
    venue.sell(5, 100)
    assert venue.asks() == [(120, ["sell2"])]
    assert venue.balance("A", "BTC") == (10**9 + 5 - 4, 4)
    check_state(venue.state)


def test_an_order_that_waits_may_be_given_another_expiry() -> None:
    venue = Venue()
    buy_then_sell(venue)
    terms = Terms(expire_ns=5_000)
    venue.replace("sell", 5, 110, cl_ord_id="sell2", side=SELL, time_in_force=GTD, terms=terms)
    check_state(venue.state)
    assert told(venue.tick(5_000))[0] == ("sell2", "canceled", "EXPIRE_TIME")


def test_the_first_order_is_replaced_like_any_other_and_what_waits_for_it_still_does() -> None:
    venue = Venue()
    buy_then_sell(venue)
    venue.replace("buy", 6, 101, cl_ord_id="buy2")
    check_state(venue.state)
    venue.sell(5, 101)
    assert venue.open_order("sell").place is Place.LIST
    venue.sell(1, 101)
    assert venue.asks() == [(110, ["sell"])]


def test_a_replace_may_fill_the_first_order_and_so_let_the_others_in() -> None:
    venue = Venue()
    venue.sell(5, 105, cl_ord_id="x")
    buy_then_sell(venue)
    events = venue.replace("buy", 5, 105, cl_ord_id="buy2")
    assert told(events) == [("x", "trade", "buy2"), ("sell", "accepted", "NEW")]
    check_state(venue.state)


def test_a_replaced_order_of_a_list_gets_no_start_of_its_own() -> None:
    venue = Venue()
    buy_then_sell(venue)
    rejected = only(CancelRejected, venue.replace("sell", 5, 110, side=SELL, terms=Terms(effective_ns=10**6)))
    assert rejected.reason is RejectReason.LIST_TERMS
