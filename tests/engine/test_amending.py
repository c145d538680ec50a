"""Busts and corrections: the money goes back exactly, nothing else is undone."""

from collections import deque

import pytest

from engine.commands import AnyCommand, BustTrade, CorrectTrade
from engine.events import AnyEvent, CommandRejected, Trade, TradeAmended
from engine.snapshot import capture, restore, state_hash
from engine.values import AMOUNT_MAX, BUY, CANCELED, FILLED, NEW, PARTIALLY_FILLED, SELL, OrderStatus
from tests.engine.builders import DAY, Venue, all_of, only
from tests.engine.invariants import check_amendments, check_state

FUNDS = 10**9


class StaffedVenue(Venue):
    def bust(self, trade_id: int) -> list[AnyEvent]:
        return self.apply(BustTrade(trade_id, "mira", "a wrong price"))

    def correct(self, trade_id: int, price: int, qty: int) -> list[AnyEvent]:
        return self.apply(CorrectTrade(trade_id, price, qty, "mira", "a wrong price"))

    def apply(self, command: AnyCommand) -> list[AnyEvent]:
        events = super().apply(command)
        check_state(self.state)
        check_amendments(self.state)
        return events

    def money(self) -> dict[str, tuple[int, int]]:
        return {
            account: (self.balance(account, "BTC")[0], self.balance(account, "USD")[0])
            for account in self.state.accounts
        }


@pytest.fixture
def venue() -> StaffedVenue:
    return StaffedVenue(maker_bps=2, taker_bps=10)


def refusal(events: list[AnyEvent]) -> str:
    return only(CommandRejected, events).text


def test_a_bust_gives_back_what_was_paid_and_received_and_the_fees(venue: StaffedVenue) -> None:
    before = venue.money()
    venue.sell(100, 5_000, "B")
    venue.buy(100, 5_000, "A")
    assert venue.state.fees["USD"] == 100 + 500
    event = only(TradeAmended, venue.bust(1))
    assert venue.money() == before
    assert venue.state.fees["USD"] == 0
    assert (event.qty, event.notional, event.maker_fee, event.taker_fee) == (0, 0, 0, 0)
    assert (event.previous_qty, event.previous_notional) == (100, 500_000)
    assert (event.maker_previous_fee, event.taker_previous_fee) == (100, 500)
    assert (event.by, event.why) == ("mira", "a wrong price")


def test_a_busted_quantity_is_neither_filled_nor_open(venue: StaffedVenue) -> None:
    venue.sell(100, 5_000, "B", cl_ord_id="maker")
    venue.buy(30, 5_000, "A")
    venue.buy(20, 5_000, "A")
    event = only(TradeAmended, venue.bust(1))
    order = venue.open_order("maker", "B")
    assert (order.cum_qty, order.leaves_qty, order.busted_qty, order.status) == (20, 50, 30, PARTIALLY_FILLED)
    assert (event.maker_cum_qty, event.maker_leaves_qty, event.maker_cum_notional) == (20, 50, 100_000)
    venue.bust(2)
    assert (order.cum_qty, order.leaves_qty, order.status) == (0, 50, NEW)
    assert venue.asks() == [(5_000, ["maker"])]


def test_a_filled_order_that_lost_a_trade_is_cancelled_for_the_rest(venue: StaffedVenue) -> None:
    venue.sell(100, 5_000, "B")
    venue.buy(100, 5_000, "A", cl_ord_id="taker")
    event = only(TradeAmended, venue.bust(1))
    assert (event.taker_status, event.taker_cum_qty, event.taker_leaves_qty) == (CANCELED, 0, 0)
    assert venue.bids() == venue.asks() == []


def test_a_replace_counts_what_was_busted(venue: StaffedVenue) -> None:
    venue.sell(100, 5_000, "B", cl_ord_id="maker")
    venue.buy(30, 5_000, "A")
    venue.bust(1)
    venue.replace("maker", 90, 5_000, "B", side=SELL)
    assert venue.state.accounts["B"].orders[1].leaves_qty == 60
    venue.replace("maker", 40, 5_100, "B", side=SELL)
    assert venue.state.accounts["B"].orders[1].leaves_qty == 10
    assert [event.reason for event in venue.replace("maker", 30, 5_000, "B", side=SELL)] == [1013]  # type: ignore[union-attr]


def test_a_correction_is_as_if_the_trade_had_been_made_so(venue: StaffedVenue) -> None:
    venue.sell(100, 5_000, "B")
    venue.buy(100, 5_000, "A")
    event = only(TradeAmended, venue.correct(1, 4_900, 80))
    twin = StaffedVenue(maker_bps=2, taker_bps=10)
    twin.sell(80, 4_900, "B")
    twin.buy(80, 4_900, "A")
    assert venue.money() == twin.money()
    assert venue.state.fees == twin.state.fees
    assert (event.price, event.qty, event.notional) == (4_900, 80, 392_000)
    assert (event.previous_price, event.previous_qty) == (5_000, 100)
    assert (event.maker_status, event.maker_cum_qty, event.maker_cum_notional) == (CANCELED, 80, 392_000)


def test_a_corrected_trade_may_be_corrected_again_up_to_its_first_quantity_and_busted(venue: StaffedVenue) -> None:
    before = venue.money()
    venue.sell(100, 5_000, "B")
    venue.buy(100, 5_000, "A")
    after = venue.money()
    venue.correct(1, 4_900, 80)
    event = only(TradeAmended, venue.correct(1, 5_000, 100))
    assert venue.money() == after
    assert (event.maker_status, event.taker_status) == (FILLED, FILLED)
    venue.correct(1, 4_000, 100)
    venue.bust(1)
    assert venue.money() == before


@pytest.mark.parametrize("command", ("bust", "correct"))
def test_a_busted_trade_cannot_be_amended_again(venue: StaffedVenue, command: str) -> None:
    venue.sell(100, 5_000, "B")
    venue.buy(100, 5_000, "A")
    venue.bust(1)
    again = venue.bust(1) if command == "bust" else venue.correct(1, 5_000, 1)
    assert refusal(again) == "trade 1 was busted before"


@pytest.mark.parametrize(
    ("trade_id", "price", "qty", "text"),
    (
        (0, 1, 1, "trade 0 is unknown, or older than the venue keeps trades"),
        (2, 1, 1, "trade 2 is unknown, or older than the venue keeps trades"),
        (-1, 1, 1, "trade -1 is unknown, or older than the venue keeps trades"),
        (1, 0, 100, "trade 1 cannot have that price: a price is above zero and within the venue's largest"),
        (1, 2**62, 100, "trade 1 cannot have that price: a price is above zero and within the venue's largest"),
        (1, 2**53, 100, None),
        (1, 5_000, 101, "trade 1 was of 0.100, and cannot be corrected to 0.101; bust it instead of zero"),
        (1, 5_000, 0, "trade 1 was of 0.100, and cannot be corrected to 0.000; bust it instead of zero"),
        (1, 5_000, 100, "trade 1 has that price and quantity already"),
    ),
)
def test_corrections_that_cannot_be_are_refused(
    venue: StaffedVenue, trade_id: int, price: int, qty: int, text: str | None
) -> None:
    venue.sell(100, 5_000, "B")
    venue.buy(100, 5_000, "A")
    before = state_hash(venue.state, 0)
    said = refusal(venue.correct(trade_id, price, qty))
    assert text is None or said == text
    venue.state.time_ns -= 1
    assert state_hash(venue.state, 0) == before


def test_a_notional_beyond_what_the_venue_can_hold_is_refused(venue: StaffedVenue) -> None:
    venue.sell(10**6, 100, "B")
    venue.buy(10**6, 100, "A")
    price = AMOUNT_MAX // 10**6 + 1
    assert refusal(venue.correct(1, price, 10**6)) == "trade 1 would be of a notional beyond what the venue can hold"


def test_what_has_been_spent_since_cannot_be_given_back() -> None:
    venue = StaffedVenue(funds=0)
    venue.credit("A", "USD", 500_000)
    venue.credit("B", "BTC", 100)
    venue.sell(100, 5_000, "B")
    venue.buy(100, 5_000, "A")
    venue.sell(60, 6_000, "A", cl_ord_id="ask")
    says = "would have to give back 100 of BTC's smallest units and has 40 available"
    assert refusal(venue.bust(1)) == f"trade 1 cannot be amended: account A {says}"
    assert "account B would have to give back 100000 of USD" not in refusal(venue.bust(1))
    assert "account A would have to give back 100000 of USD" in refusal(venue.correct(1, 6_000, 100))
    venue.cancel("ask", side=SELL)
    only(TradeAmended, venue.bust(1))


def test_a_trade_with_oneself_moves_the_fees_alone(venue: StaffedVenue) -> None:
    before = venue.money()
    venue.sell(100, 5_000, "A")
    venue.buy(100, 5_000, "A")
    venue.correct(1, 2_500, 100)
    assert before["A"][1] - venue.money()["A"][1] == 50 + 250
    venue.bust(1)
    assert venue.money() == before


def test_a_rebate_goes_back_to_the_venue() -> None:
    venue = StaffedVenue(maker_bps=-2, taker_bps=10)
    before = venue.money()
    venue.sell(100, 5_000, "B")
    venue.buy(100, 5_000, "A")
    assert venue.state.fees["USD"] == 400
    venue.correct(1, 2_500, 100)
    assert venue.state.fees["USD"] == 200
    venue.bust(1)
    assert venue.money() == before


def test_trades_are_kept_so_long_and_no_longer(venue: StaffedVenue) -> None:
    venue.state.trades = deque(maxlen=3)
    venue.state.trade_times = deque(maxlen=3)
    for _ in range(5):
        venue.sell(1, 100, "B")
        venue.buy(1, 100, "A")
    assert refusal(venue.bust(2)) == "trade 2 is unknown, or older than the venue keeps trades"
    assert [only(TradeAmended, venue.bust(trade_id)).trade_id for trade_id in (5, 3, 4)] == [5, 3, 4]
    venue.sell(1, 100, "B")
    venue.buy(1, 100, "A")
    venue.state.forget_old_amendments()
    assert list(venue.state.amendments) == [5, 4]
    assert len(venue.state.amended_orders) == 4


def test_an_order_that_is_forgotten_is_told_of_as_its_last_trade_left_it(venue: StaffedVenue) -> None:
    venue.sell(50, 100, "B", cl_ord_id="maker")
    for qty in (10, 20, 15):
        venue.buy(qty, 100, "A")
    venue.cancel("maker", "B", side=SELL)
    venue.state.finished.clear()
    venue.state.finished_order_ids.clear()
    event = only(TradeAmended, venue.bust(2))
    assert (event.maker_cum_qty, event.maker_cum_notional) == (25, 2_500)
    assert (event.maker_status, event.maker_leaves_qty, event.maker_cl_ord_id) == (OrderStatus.CANCELED, 0, "maker")
    event = only(TradeAmended, venue.bust(3))
    assert (event.maker_cum_qty, event.taker_cum_qty) == (10, 0)
    event = only(TradeAmended, venue.correct(1, 90, 10))
    assert (event.maker_cum_qty, event.maker_cum_notional) == (10, 900)


def test_a_snapshot_keeps_trades_and_what_became_of_them(venue: StaffedVenue) -> None:
    venue.sell(50, 100, "B", cl_ord_id="maker")
    for qty in (10, 20, 15):
        venue.buy(qty, 100, "A", time_in_force=DAY)
    venue.bust(1)
    venue.state.finished.clear()
    venue.state.finished_order_ids.clear()
    venue.correct(2, 90, 20)
    image = capture(venue.state, 7)
    restored = restore(image)
    assert state_hash(restored, 7) == state_hash(venue.state, 7)
    check_state(restored)
    assert restored.amended_orders[1] is restored.accounts["B"].orders[1]
    venue.exchange.state = venue.state = restored
    assert refusal(venue.bust(1)) == "trade 1 was busted before"
    event = only(TradeAmended, venue.bust(2))
    assert (event.previous_price, event.maker_cum_qty, event.taker_side) == (90, 15, BUY)


def test_every_trade_of_an_auction_or_a_sweep_can_be_found(venue: StaffedVenue) -> None:
    for price in range(100, 110):
        venue.sell(1, price, "B")
    trades = all_of(Trade, venue.buy(10, 110, "A"))
    for trade in reversed(trades):
        event = only(TradeAmended, venue.bust(trade.trade_id))
        assert event.previous_price == trade.price
    assert venue.state.fees["USD"] == 0
