"""Icebergs: the whole quantity rests, the market sees a part of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.book import Level
from engine.events import (
    AnyEvent,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrderReplaced,
    OrderStatusReported,
    Trade,
)
from engine.iceberg import mixed, next_part
from engine.reject import RejectReason
from engine.snapshot import capture, restore, state_hash
from engine.terms import Terms
from engine.values import BUY, LIMIT, MARKET, MARKET_TO_LIMIT, SELL, OrderType, Phase, PostOnly, Side, TimeInForce
from tests.engine.builders import DAY, FOK, GTC, IOC, SYMBOL, Venue, all_of, only
from tests.engine.invariants import check_state

TEN_AT_A_TIME = Terms(display_qty=10)
BAD_RANGE = RejectReason.DISPLAY_RANGE_MISMATCH
RANDOM = Terms(display_qty=10, display_low_qty=5, display_high_qty=15, display_seed=2**62 + 1)


@pytest.fixture
def venue() -> Venue:
    """An iceberg of 100 that displays 10, and behind it a bid of 20."""
    venue = Venue()
    venue.order("A", BUY, 100, 50, terms=TEN_AT_A_TIME, cl_ord_id="ice")
    venue.buy(20, 50, cl_ord_id="plain")
    return venue


def best(venue: Venue, side: Side = BUY) -> Level:
    level = venue.state.books[SYMBOL].side(side).best
    assert level is not None
    return level


def makers(events: list[AnyEvent]) -> list[tuple[str, int]]:
    return [(trade.maker_cl_ord_id, trade.qty) for trade in all_of(Trade, events)]


def test_level_holds_the_whole_and_shows_the_part(venue: Venue) -> None:
    assert (best(venue).total_qty, best(venue).displayed_qty) == (120, 30)
    check_state(venue.state)


def test_next_part_shows_behind_all_others_at_the_price(venue: Venue) -> None:
    assert makers(venue.sell(10, 50)) == [("ice", 10)]
    assert venue.bids() == [(50, ["plain", "ice"])]
    assert (best(venue).total_qty, best(venue).displayed_qty) == (110, 30)
    check_state(venue.state)


def test_part_that_is_not_used_up_keeps_its_place_and_is_not_filled_up(venue: Venue) -> None:
    (trade,) = all_of(Trade, venue.sell(4, 50))
    assert (trade.maker_leaves_qty, trade.maker_hidden_qty) == (96, 90)
    assert venue.bids() == [(50, ["ice", "plain"])]
    assert best(venue).displayed_qty == 26
    check_state(venue.state)


def test_large_order_takes_displayed_orders_first_and_then_part_after_part(venue: Venue) -> None:
    events = venue.sell(45, 50)
    assert makers(events) == [("ice", 10), ("plain", 20), ("ice", 10), ("ice", 5)]
    assert [trade.maker_hidden_qty for trade in all_of(Trade, events) if trade.maker_cl_ord_id == "ice"] == [80, 70, 70]
    check_state(venue.state)


def test_last_part_is_what_is_left() -> None:
    venue = Venue()
    venue.order("A", BUY, 25, 50, terms=TEN_AT_A_TIME, cl_ord_id="ice")
    assert makers(venue.sell(21, 50)) == [("ice", 10), ("ice", 10), ("ice", 1)]
    assert (best(venue).total_qty, best(venue).displayed_qty) == (4, 4)
    check_state(venue.state)
    assert makers(venue.sell(4, 50)) == [("ice", 4)]
    assert venue.bids() == []


def test_two_icebergs_take_turns() -> None:
    venue = Venue()
    for cl_ord_id in ("x", "y"):
        venue.order("A", BUY, 30, 50, terms=TEN_AT_A_TIME, cl_ord_id=cl_ord_id)
    assert makers(venue.sell(45, 50)) == [("x", 10), ("y", 10), ("x", 10), ("y", 10), ("x", 5)]
    assert venue.bids() == [(50, ["x", "y"])]
    check_state(venue.state)


def test_iceberg_that_comes_in_trades_with_all_of_it_and_shows_a_part_of_what_is_left() -> None:
    venue = Venue()
    venue.sell(70, 50, cl_ord_id="sale")
    assert makers(venue.order("A", BUY, 95, 50, terms=TEN_AT_A_TIME)) == [("sale", 70)]
    assert (best(venue).total_qty, best(venue).displayed_qty) == (25, 10)
    check_state(venue.state)


def test_fill_or_kill_minimum_and_market_cost_count_the_whole_quantity(venue: Venue) -> None:
    assert all_of(OrderCanceled, venue.sell(120, 50, time_in_force=FOK)) == []
    venue.order("B", SELL, 100, 60, terms=TEN_AT_A_TIME)
    only(Trade, venue.order("A", BUY, 10, 60, time_in_force=IOC, terms=Terms(min_qty=10)))
    assert all_of(OrderCanceled, venue.order("A", BUY, 90, 60, time_in_force=IOC, terms=Terms(min_qty=90))) == []
    venue.order("B", SELL, 100, 60, terms=TEN_AT_A_TIME)
    before = venue.balance("C", "USD")
    venue.market(BUY, 100)
    assert venue.balance("C", "USD") == (before[0] - 6_000, before[1])


def test_cancelled_iceberg_takes_what_it_hid_with_it(venue: Venue) -> None:
    venue.cancel("ice")
    assert (best(venue).total_qty, best(venue).displayed_qty) == (20, 20)
    check_state(venue.state)


def test_market_to_limit_order_may_show_a_part_of_what_rests() -> None:
    venue = Venue()
    venue.sell(10, 50)
    venue.order("A", BUY, 40, 0, order_type=MARKET_TO_LIMIT, terms=TEN_AT_A_TIME)
    assert (best(venue).total_qty, best(venue).displayed_qty) == (30, 10)


def test_status_tells_what_is_hidden(venue: Venue) -> None:
    venue.sell(4, 50)
    status = only(OrderStatusReported, venue.query("ice"))
    assert (status.leaves_qty, status.hidden_qty) == (96, 90)


def test_snapshot_keeps_what_is_displayed_and_what_is_hidden(venue: Venue) -> None:
    venue.sell(34, 50)
    image = capture(venue.state, 1)
    again = restore(image)
    assert state_hash(again, 1) == state_hash(venue.state, 1)
    check_state(again)
    level = again.books[SYMBOL].bids.best
    assert level is not None
    assert (level.total_qty, level.displayed_qty) == (best(venue).total_qty, best(venue).displayed_qty) == (86, 6)


# ----------------------------------------------------------------------------------------------- random parts


def test_parts_after_the_first_are_of_random_size_between_the_two_bounds() -> None:
    venue = Venue()
    venue.order("A", BUY, 500, 50, terms=RANDOM, cl_ord_id="ice")
    parts = [qty for _, qty in makers(venue.sell(400, 50))]
    assert parts[0] == 10
    assert all(5 <= part <= 15 for part in parts[:-1])
    assert len(set(parts)) > 5
    check_state(venue.state)


def test_parts_depend_on_the_seed_and_on_nothing_that_others_know() -> None:
    def parts(seed: int) -> list[tuple[str, int]]:
        venue = Venue()
        terms = Terms(display_qty=10, display_low_qty=5, display_high_qty=15, display_seed=seed)
        venue.order("A", BUY, 500, 50, terms=terms, cl_ord_id="ice")
        return makers(venue.sell(400, 50))

    assert parts(1) == parts(1) != parts(2)


@given(seed=st.integers(0, 2**63 - 1), order_id=st.integers(1, 2**40), low=st.integers(1, 99), width=st.integers(0, 99))
def test_random_part_is_always_between_its_bounds(seed: int, order_id: int, low: int, width: int) -> None:
    terms = Terms(display_qty=1, display_low_qty=low, display_high_qty=low + width, display_seed=seed)
    assert low <= next_part(terms, order_id, 7) <= low + width


def test_random_sizes_are_spread_evenly() -> None:
    terms = Terms(display_qty=1, display_low_qty=1, display_high_qty=10, display_seed=7)
    counts = [0] * 11
    for cum_qty in range(10_000):
        counts[next_part(terms, 1, cum_qty)] += 1
    assert counts[0] == 0
    assert all(800 < count < 1200 for count in counts[1:])


def test_mixing_is_splitmix64() -> None:
    """The first outputs of the reference implementation for the seed 1234567 (prng.di.unimi.it/splitmix64.c)."""
    state, outputs = 1234567, []
    for _ in range(3):
        outputs.append(mixed(state))
        state = (state + 0x9E3779B97F4A7C15) % 2**64
    assert outputs == [6457827717110365317, 3203168211198807973, 9817491932198370423]


# -------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("order_type", "time_in_force", "terms", "reason"),
    (
        (LIMIT, IOC, TEN_AT_A_TIME, RejectReason.DISPLAY_MUST_REST),
        (LIMIT, FOK, TEN_AT_A_TIME, RejectReason.DISPLAY_MUST_REST),
        (MARKET, DAY, TEN_AT_A_TIME, RejectReason.DISPLAY_MUST_REST),
        (LIMIT, DAY, Terms(display_qty=-1), RejectReason.DISPLAY_OUT_OF_RANGE),
        (LIMIT, DAY, Terms(display_qty=101), RejectReason.DISPLAY_OUT_OF_RANGE),
        (LIMIT, DAY, Terms(display_low_qty=1, display_high_qty=2), RejectReason.DISPLAY_OUT_OF_RANGE),
        (LIMIT, DAY, Terms(display_qty=1, display_low_qty=1), BAD_RANGE),
        (LIMIT, DAY, Terms(display_qty=1, display_high_qty=1), BAD_RANGE),
        (LIMIT, DAY, Terms(display_qty=1, display_low_qty=3, display_high_qty=2), BAD_RANGE),
        (LIMIT, DAY, Terms(display_qty=1, display_low_qty=-1, display_high_qty=2), BAD_RANGE),
        (
            LIMIT,
            DAY,
            Terms(display_qty=1, display_low_qty=1, display_high_qty=101),
            RejectReason.DISPLAY_RANGE_MISMATCH,
        ),
    ),
)
def test_iceberg_that_cannot_be_is_refused(
    order_type: OrderType, time_in_force: TimeInForce, terms: Terms, reason: RejectReason
) -> None:
    venue = Venue()
    venue.sell(5, 60)
    price = 50 if order_type is LIMIT else 0
    events = venue.order("A", BUY, 100, price, order_type=order_type, time_in_force=time_in_force, terms=terms)
    assert only(OrderRejected, events).reason is reason


def test_post_only_and_scheduled_orders_may_be_icebergs() -> None:
    venue = Venue()
    only(OrderAccepted, venue.order("A", BUY, 40, 50, terms=Terms(display_qty=10, post_only=PostOnly.REJECT)))
    only(OrderAccepted, venue.order("A", BUY, 40, 50, terms=Terms(display_qty=10, effective_ns=9_000)))
    check_state(venue.state)
    venue.tick(9_000)
    assert (best(venue).total_qty, best(venue).displayed_qty) == (80, 20)
    check_state(venue.state)


# ---------------------------------------------------------------------------------------------------- replace


def test_smaller_quantity_comes_off_what_is_hidden_first(venue: Venue) -> None:
    venue.sell(4, 50)
    event = only(OrderReplaced, venue.replace("ice", 30, 50, cl_ord_id="less", terms=TEN_AT_A_TIME))
    assert (event.leaves_qty, event.hidden_qty) == (26, 20)
    assert venue.bids() == [(50, ["less", "plain"])]
    event = only(OrderReplaced, venue.replace("less", 10, 50, cl_ord_id="least", terms=TEN_AT_A_TIME))
    assert (event.leaves_qty, event.hidden_qty) == (6, 0)
    assert venue.bids() == [(50, ["least", "plain"])]
    check_state(venue.state)


def test_smaller_part_is_displayed_at_once_and_in_place(venue: Venue) -> None:
    event = only(OrderReplaced, venue.replace("ice", 100, 50, cl_ord_id="new", terms=Terms(display_qty=3)))
    assert event.hidden_qty == 97
    assert venue.bids() == [(50, ["new", "plain"])]
    assert makers(venue.sell(4, 50)) == [("new", 3), ("plain", 1)]
    check_state(venue.state)


def test_plain_order_may_become_an_iceberg_in_place_but_not_the_other_way_round(venue: Venue) -> None:
    venue.replace("plain", 20, 50, cl_ord_id="ice 2", terms=Terms(display_qty=5))
    assert best(venue).displayed_qty == 15
    assert venue.bids() == [(50, ["ice", "ice 2"])]
    venue.replace("ice", 100, 50, cl_ord_id="whole", time_in_force=GTC)
    assert venue.bids() == [(50, ["ice 2", "whole"])]
    assert (best(venue).total_qty, best(venue).displayed_qty) == (120, 105)
    check_state(venue.state)


def test_iceberg_that_loses_its_place_begins_with_a_part_as_if_new(venue: Venue) -> None:
    venue.sell(4, 50)
    event = only(OrderReplaced, venue.replace("ice", 100, 51, cl_ord_id="new", terms=TEN_AT_A_TIME))
    assert (event.leaves_qty, event.hidden_qty) == (96, 0)
    assert (best(venue).price, best(venue).total_qty, best(venue).displayed_qty) == (51, 96, 10)
    check_state(venue.state)


# ---------------------------------------------------------------------------------------------------- auction


def test_whole_quantity_takes_part_in_an_auction_and_what_is_left_shows_a_part_in_its_place() -> None:
    venue = Venue()
    venue.phase(Phase.OPENING_AUCTION)
    venue.order("A", BUY, 100, 50, terms=TEN_AT_A_TIME, cl_ord_id="ice")
    venue.buy(20, 50, cl_ord_id="plain")
    venue.sell(45, 50)
    assert makers(venue.phase(Phase.CONTINUOUS)) == [("ice", 45)]
    assert venue.bids() == [(50, ["ice", "plain"])]
    assert (best(venue).total_qty, best(venue).displayed_qty) == (75, 30)
    check_state(venue.state)
