from fractions import Fraction
from math import ceil

import pytest

from engine.events import OrderAccepted, OrderCanceled, Trade
from engine.state import FINISHED_ORDERS_KEPT
from engine.values import BUY, LIMIT, SELL, CancelReason, OrderStatus
from tests.engine.builders import DAY, FOK, GTC, IOC, SYMBOL, Venue, all_of, only
from tests.engine.invariants import check_state


def test_best_price_trades_first_and_at_one_price_the_oldest() -> None:
    venue = Venue()
    venue.sell(1, 101, cl_ord_id="dear")
    venue.sell(1, 100, cl_ord_id="old")
    venue.sell(1, 100, cl_ord_id="new")
    trades = all_of(Trade, venue.buy(3, 101))
    assert [(trade.maker_cl_ord_id, trade.price) for trade in trades] == [("old", 100), ("new", 100), ("dear", 101)]


def test_trade_is_at_the_resting_orders_price() -> None:
    venue = Venue()
    venue.buy(1, 105)
    assert only(Trade, venue.sell(1, 95)).price == 105
    venue.sell(1, 95)
    assert only(Trade, venue.buy(1, 105)).price == 95


def test_one_event_tells_both_sides_of_a_trade() -> None:
    venue = Venue(maker_bps=-10, taker_bps=25)
    venue.sell(7, 100, cl_ord_id="ask", time_in_force=DAY)
    venue.buy(3, 100)
    trade = only(Trade, venue.buy(5, 101, cl_ord_id="bid"))
    assert trade == Trade(
        trade_id=2,
        symbol=SYMBOL,
        price=100,
        qty=4,
        notional=400,
        maker_session="B",
        maker_account="B",
        maker_order_id=1,
        maker_cl_ord_id="ask",
        maker_order_type=LIMIT,
        maker_time_in_force=DAY,
        maker_order_qty=7,
        maker_order_price=100,
        maker_leaves_qty=0,
        maker_cum_qty=7,
        maker_cum_notional=700,
        maker_fee=0,
        taker_session="A",
        taker_account="A",
        taker_order_id=3,
        taker_cl_ord_id="bid",
        taker_side=BUY,
        taker_order_type=LIMIT,
        taker_time_in_force=GTC,
        taker_order_qty=5,
        taker_order_price=101,
        taker_leaves_qty=1,
        taker_cum_qty=4,
        taker_cum_notional=400,
        taker_fee=1,
        rpt_seq=3,
        maker_released=4,
        taker_released=405,
        maker_fee_ppm=-1000,
        taker_fee_ppm=2500,
    )


def test_rest_of_a_limit_order_rests_at_its_own_price() -> None:
    venue = Venue()
    venue.sell(2, 100)
    venue.buy(5, 103, cl_ord_id="bid")
    assert venue.bids() == [(103, ["bid"])]
    assert venue.open_order("bid").leaves_qty == 3
    assert venue.open_order("bid").status is OrderStatus.PARTIALLY_FILLED
    assert venue.balance("A", "USD") == (10**9 - 200 - 309, 309)


def test_book_does_not_trade_through_the_limit() -> None:
    venue = Venue()
    venue.sell(1, 100)
    venue.sell(1, 101)
    assert len(all_of(Trade, venue.buy(2, 100))) == 1
    assert (venue.bids()[0][0], venue.asks()[0][0]) == (100, 101)


def test_money_and_goods_change_hands_and_fees_go_to_the_venue() -> None:
    venue = Venue(maker_bps=20, taker_bps=30)
    venue.sell(10, 100)
    venue.buy(10, 100)
    assert venue.balance("A", "BTC") == (10**9 + 10, 0)
    assert venue.balance("A", "USD") == (10**9 - 1000 - 3, 0)
    assert venue.balance("B", "BTC") == (10**9 - 10, 0)
    assert venue.balance("B", "USD") == (10**9 + 1000 - 2, 0)
    assert venue.state.fees == {"BTC": 0, "USD": 5}


def test_fee_is_rounded_once_for_an_order_and_not_once_for_a_fill() -> None:
    """Thirty fills of 1 tick x 1 lot at 25 bp: each alone would round 0.0025 up to 1."""
    venue = Venue(maker_bps=0, taker_bps=25)
    for _ in range(30):
        venue.sell(1, 100)
    trades = all_of(Trade, venue.buy(30, 100))
    assert sum(trade.taker_fee for trade in trades) == ceil(Fraction(30 * 100 * 25, 10_000)) == 8
    assert {trade.taker_fee for trade in trades} == {0, 1}


def test_rebate_is_rounded_against_the_maker() -> None:
    venue = Venue(maker_bps=-15, taker_bps=20)
    venue.sell(1, 1000)
    trade = only(Trade, venue.buy(1, 1000))
    assert (trade.maker_fee, trade.taker_fee) == (-1, 2)
    check_state(venue.state)


def test_rebate_of_a_buy_that_rests_is_paid_to_its_free_funds() -> None:
    venue = Venue(maker_bps=-100, taker_bps=100)
    venue.buy(1, 1000)
    assert venue.balance("A", "USD") == (10**9 - 1010, 1010)
    venue.sell(1, 1000)
    assert venue.balance("A", "USD") == (10**9 - 1000 + 10, 0)
    check_state(venue.state)


def test_better_price_gives_back_the_difference_at_once() -> None:
    venue = Venue()
    venue.sell(4, 90)
    venue.buy(10, 100)
    assert venue.balance("A", "USD") == (10**9 - 4 * 90 - 6 * 100, 600)


def test_account_may_trade_with_itself_and_neither_gains_nor_loses() -> None:
    venue = Venue()
    venue.sell(5, 100, "A")
    only(Trade, venue.buy(5, 100, "A"))
    assert venue.balance("A", "USD") == venue.balance("A", "BTC") == (10**9, 0)
    check_state(venue.state)


# ------------------------------------------------------------------------------------------------- immediate


def test_immediate_or_cancel_takes_what_there_is_and_cancels_the_rest() -> None:
    venue = Venue()
    venue.sell(2, 100)
    events = venue.buy(5, 100, time_in_force=IOC)
    assert [type(event) for event in events] == [OrderAccepted, Trade, OrderCanceled]
    canceled = only(OrderCanceled, events)
    assert (canceled.reason, canceled.cum_qty, canceled.cum_notional) == (CancelReason.IMMEDIATE_REMAINDER, 2, 200)
    assert venue.balance("A", "USD") == (10**9 - 200, 0)
    assert venue.bids() == []


def test_immediate_or_cancel_that_finds_nothing_is_cancelled() -> None:
    venue = Venue()
    venue.sell(2, 101)
    assert only(OrderCanceled, venue.buy(5, 100, time_in_force=IOC)).reason is CancelReason.IMMEDIATE_REMAINDER
    assert only(OrderCanceled, venue.sell(5, 100, time_in_force=IOC)).cum_qty == 0


@pytest.mark.parametrize("qty", (4, 5))
def test_fill_or_kill_fills_whole_when_it_can(qty: int) -> None:
    venue = Venue()
    venue.sell(2, 100)
    venue.sell(3, 101)
    events = venue.buy(qty, 101, time_in_force=FOK)
    assert sum(trade.qty for trade in all_of(Trade, events)) == qty
    assert not all_of(OrderCanceled, events)


def test_fill_or_kill_trades_nothing_when_it_cannot_fill_whole() -> None:
    venue = Venue()
    venue.sell(2, 100, cl_ord_id="near")
    venue.sell(3, 102, cl_ord_id="far")
    events = venue.buy(3, 101, time_in_force=FOK)
    assert only(OrderCanceled, events).reason is CancelReason.NOT_FILLABLE
    assert not all_of(Trade, events)
    assert venue.asks() == [(100, ["near"]), (102, ["far"])]
    assert venue.balance("A", "USD") == (10**9, 0)


def test_fill_or_kill_without_any_counterparty_is_cancelled() -> None:
    assert only(OrderCanceled, Venue().sell(3, 101, time_in_force=FOK)).reason is CancelReason.NOT_FILLABLE


# -------------------------------------------------------------------------------------------------- finished


def test_finished_orders_are_remembered_and_the_oldest_forgotten() -> None:
    venue = Venue()
    for number in range(FINISHED_ORDERS_KEPT + 2):
        venue.buy(1, 100, cl_ord_id=f"x{number}")
        venue.cancel(f"x{number}")
    remembered = list(range(3, FINISHED_ORDERS_KEPT + 3))
    assert list(venue.state.finished) == list(venue.state.finished_order_ids) == remembered


def test_filled_orders_leave_nothing_reserved() -> None:
    venue = Venue(maker_bps=3, taker_bps=7)
    venue.buy(3, 101)
    venue.buy(3, 99)
    venue.order("B", SELL, 6, 99)
    assert [venue.balance(account, asset)[1] for account in "AB" for asset in ("BTC", "USD")] == [0, 0, 0, 0]
    assert venue.bids() == venue.asks() == []
    check_state(venue.state)
