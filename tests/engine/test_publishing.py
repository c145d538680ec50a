"""RptSeq: which events take a number, and when. That the numbered events alone give the book, every `Venue` checks."""

import hashlib
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.commands import AnyCommand, BustTrade, SetIndexPrice
from engine.events import (
    AnyEvent,
    AuctionEnded,
    IndexPriceSet,
    IndicativePrice,
    OrderAccepted,
    OrderCanceled,
    OrderDecremented,
    OrderReplaced,
    OrderTriggered,
    PhaseChanged,
    PublicEvent,
    Trade,
    TradeAmended,
)
from engine.exchange import Exchange
from engine.frames import encode_frame, encode_value
from engine.journal import Journal
from engine.recovery import JOURNAL, SNAPSHOTS, recover
from engine.snapshot import MAGIC, capture, read_snapshot, restore, write_snapshot
from engine.terms import Terms
from engine.values import (
    BUY,
    LIMIT,
    MARKET,
    PEGGED,
    SELL,
    Contingency,
    OffsetUnit,
    OrderType,
    PegReference,
    Phase,
    SelfTrade,
    TriggerSource,
)
from tests.engine.builders import AT_CLOSE, DAY, IOC, SYMBOL, Venue, add_instrument, all_of, only
from tests.engine.workload import tape

STOP_AT_105 = Terms(trigger=TriggerSource.LAST, stop_price=105)


@pytest.fixture
def venue() -> Venue:
    """One trade at 100, which has taken the numbers 1 (the bid) and 2."""
    venue = Venue()
    venue.buy(1, 100)
    venue.sell(1, 100)
    return venue


def numbers(events: list[AnyEvent]) -> list[int]:
    """Return the number of each event that may have one."""
    return [event.rpt_seq for event in events if isinstance(event, PublicEvent)]


def test_an_order_that_rests_takes_one_number_and_a_trade_one_for_both_sides() -> None:
    venue = Venue()
    assert numbers(venue.buy(5, 100)) == [1]
    assert numbers(venue.sell(2, 100)) == [0, 2]
    assert numbers(venue.sell(3, 100)) == [0, 3]


def test_what_is_left_of_an_order_is_numbered_after_its_trades_though_it_is_told_first(venue: Venue) -> None:
    venue.sell(2, 101)
    venue.sell(2, 102)
    events = venue.buy(7, 103)
    assert numbers(events) == [7, 5, 6]
    accepted = only(OrderAccepted, events)
    assert (accepted.qty, accepted.displayed_qty) == (7, 3)


@pytest.mark.parametrize(
    ("order_type", "price", "terms"),
    (
        (OrderType.STOP, 0, STOP_AT_105),
        (LIMIT, 90, Terms(effective_ns=10**12)),
        (PEGGED, 90, Terms(peg=PegReference.PRIMARY, offset_unit=OffsetUnit.TICKS)),
    ),
)
def test_what_is_not_displayed_takes_none(venue: Venue, order_type: OrderType, price: int, terms: Terms) -> None:
    venue.buy(1, 95)
    accepted = only(OrderAccepted, venue.order("A", BUY, 5, price, order_type=order_type, terms=terms, cl_ord_id="x"))
    assert (accepted.rpt_seq, accepted.displayed_qty) == (0, 0)
    replaced = venue.replace("x", 4, price, order_type=order_type, terms=terms, cl_ord_id="y")
    assert only(OrderReplaced, replaced).rpt_seq == 0
    assert only(OrderCanceled, venue.cancel("y")).rpt_seq == 0


def test_orders_that_trade_at_once_or_not_at_all_take_none(venue: Venue) -> None:
    venue.sell(1, 101)
    assert numbers(venue.buy(3, 101, time_in_force=IOC)) == [0, 4, 0]
    assert numbers(venue.buy(3, 101, time_in_force=IOC)) == [0, 0]
    venue.sell(1, 101)
    assert numbers(venue.market(BUY, 3)) == [0, 6, 0]


def test_orders_for_an_auction_off_the_book_take_none(venue: Venue) -> None:
    assert numbers(venue.buy(1, 100, time_in_force=AT_CLOSE, cl_ord_id="x")) == [0]
    assert numbers(venue.cancel("x")) == [0]


def test_a_cancel_on_the_book_takes_one() -> None:
    venue = Venue()
    venue.buy(1, 100, cl_ord_id="x")
    venue.buy(1, 100, time_in_force=DAY)
    assert numbers(venue.cancel("x")) == [3]
    assert numbers(venue.end_day(20_270_101)) == [4]


def test_a_replace_says_whether_the_order_kept_its_priority() -> None:
    venue = Venue()
    venue.buy(5, 100, cl_ord_id="a")
    smaller = only(OrderReplaced, venue.replace("a", 3, 100, cl_ord_id="b"))
    assert (smaller.rpt_seq, smaller.kept_priority, smaller.displayed_qty) == (2, True, 3)
    larger = only(OrderReplaced, venue.replace("b", 4, 100, cl_ord_id="c"))
    assert (larger.rpt_seq, larger.kept_priority, larger.displayed_qty) == (3, False, 4)


def test_a_replaced_order_that_trades_tells_last_what_is_left_of_it(venue: Venue) -> None:
    venue.sell(2, 101)
    venue.buy(5, 99, cl_ord_id="a")
    events = venue.replace("a", 6, 101, cl_ord_id="b")
    assert numbers(events) == [6, 5]
    assert only(OrderReplaced, events).displayed_qty == 4
    venue.sell(9, 103)
    filled = venue.replace("b", 6, 103, cl_ord_id="c")
    assert numbers(filled) == [9, 8]
    assert only(OrderReplaced, filled).displayed_qty == 0


def test_a_replaced_order_that_is_cancelled_before_it_rests_is_told_gone_by_the_replace() -> None:
    venue = Venue()
    venue.sell(1, 101, account="A")
    terms = Terms(self_trade=SelfTrade.CANCEL_NEWEST)
    venue.order("A", BUY, 1, 99, cl_ord_id="a")
    events = venue.replace("a", 1, 101, cl_ord_id="b", terms=terms)
    assert (only(OrderReplaced, events).rpt_seq, only(OrderReplaced, events).displayed_qty) == (3, 0)
    assert only(OrderCanceled, events).rpt_seq == 0


def test_an_iceberg_tells_its_first_part_and_its_trades_the_later_ones() -> None:
    venue = Venue()
    iceberg = venue.order("A", BUY, 25, 100, terms=Terms(display_qty=10))
    assert (only(OrderAccepted, iceberg).rpt_seq, only(OrderAccepted, iceberg).displayed_qty) == (1, 10)
    assert numbers(venue.sell(10, 100)) == [0, 2]


def test_a_decrement_takes_one_for_the_order_on_the_book() -> None:
    venue = Venue()
    venue.buy(5, 100)
    events = venue.order("A", SELL, 2, 100, terms=Terms(self_trade=SelfTrade.DECREMENT))
    assert only(OrderDecremented, events).rpt_seq == 2
    assert only(OrderCanceled, events).rpt_seq == 0


def test_an_order_that_is_triggered_and_rests_tells_it_by_its_trigger(venue: Venue) -> None:
    terms = Terms(trigger=TriggerSource.LAST, stop_price=105)
    assert numbers(venue.order("A", BUY, 5, 106, order_type=OrderType.STOP_LIMIT, terms=terms)) == [0]
    venue.sell(1, 105)
    events = venue.buy(1, 105, account="C")
    triggered = only(OrderTriggered, events)
    assert (only(Trade, events).rpt_seq, triggered.rpt_seq, triggered.displayed_qty) == (4, 5, 5)


def test_an_order_that_is_released_or_started_tells_it_by_being_accepted_again() -> None:
    venue = Venue()
    waiting = venue.order("A", BUY, 1, 90, terms=Terms(effective_ns=10_000))
    assert numbers(waiting) == [0]
    assert numbers(venue.tick(10_000)) == [1]
    legs = venue.leg(BUY, 1, 100), venue.leg(SELL, 1, 110)
    assert numbers(venue.order_list(Contingency.ONE_TRIGGERS_OTHER, *legs)) == [0, 2]
    events = venue.sell(1, 100)
    assert [event.rpt_seq for event in all_of(OrderAccepted, events)] == [0, 4]


def test_phases_auctions_index_prices_and_busts_take_one_each(venue: Venue) -> None:
    events = venue.phase(Phase.CLOSING_AUCTION)
    assert only(PhaseChanged, events).rpt_seq == 3
    venue.buy(3, 101)
    venue.order("B", SELL, 2, 0, order_type=MARKET)
    assert only(IndicativePrice, venue.tick(venue.now_ns + 10**9)).rpt_seq == 5
    ended = venue.phase(Phase.CONTINUOUS)
    assert [type(event) for event in ended] == [AuctionEnded, Trade, PhaseChanged]
    assert numbers(ended) == [6, 7, 8]
    assert only(IndexPriceSet, venue.apply(SetIndexPrice(SYMBOL, 100, "a source", 1))).rpt_seq == 9
    assert only(TradeAmended, venue.apply(BustTrade(1, "staff", "a mistake"))).rpt_seq == 10


def test_each_instrument_counts_for_itself(venue: Venue) -> None:
    venue.apply(add_instrument(symbol="BTC/USD2"))
    assert only(OrderAccepted, venue.order("A", BUY, 1, 100, symbol="BTC/USD2")).rpt_seq == 1
    assert only(OrderAccepted, venue.order("A", BUY, 1, 90)).rpt_seq == 3


def test_numbers_go_on_after_a_snapshot(venue: Venue) -> None:
    venue.exchange = Exchange(restore(capture(venue.state, 1)))
    assert numbers(venue.buy(1, 100)) == [3]


def test_a_snapshot_without_what_market_data_begins_with_is_passed_over_for_a_whole_replay(tmp_path: Path) -> None:
    """It cannot tell how the day has gone so far, and that must be what any replay gives."""
    commands: list[AnyCommand] = list(tape(seed=3, length=400))
    exchange = Exchange()
    journal = Journal(tmp_path / JOURNAL)
    for sequence, command in enumerate(commands, start=1):
        events = exchange.apply(command, sequence)
        frame = encode_frame(sequence, 0, encode_value((sequence, sequence, command, events)))
        journal.append(frame, sequence, sequence)
        if sequence == 300:
            path = write_snapshot(tmp_path / SNAPSHOTS, exchange.state, sequence)
            image = read_snapshot(path)
            without = [replace(shown, day=None) for shown in image.instruments]
            body = encode_value(replace(image, instruments=without))
            path.write_bytes(MAGIC + hashlib.sha256(body).digest() + body)
    journal.close()
    recovered = recover(tmp_path)
    assert recovered.replayed == 400
    assert "kept no statistics of the day" in recovered.unusable_snapshots[0]
    assert recovered.exchange.state.books[SYMBOL].rpt_seq == exchange.state.books[SYMBOL].rpt_seq > 100
