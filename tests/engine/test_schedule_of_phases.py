"""Schedules, lengths and random ends of phases, and indicative prices: what the clock does to an instrument."""

import pytest

from engine import commands
from engine.events import AnyEvent, AuctionEnded, CommandRejected, IndicativePrice, PhaseChanged, ScheduleSet, Trade
from engine.exchange import Exchange
from engine.rules import Rules, ScheduledPhase
from engine.schedule import DAY_S, SECOND_NS, next_change, phase_at
from engine.snapshot import capture, restore, state_hash
from engine.values import Phase
from tests.engine.builders import SYMBOL, Venue, all_of, only
from tests.engine.invariants import check_state

HOUR_S = 3_600
MONDAY_NS = 4 * DAY_S * SECOND_NS
"""1970-01-05."""
WEEKDAYS = 0b0011111
EXCHANGE_DAY = (
    ScheduledPhase(7 * HOUR_S, Phase.PRE_OPEN, WEEKDAYS),
    ScheduledPhase(8 * HOUR_S, Phase.OPENING_AUCTION, WEEKDAYS),
    ScheduledPhase(9 * HOUR_S, Phase.CONTINUOUS, WEEKDAYS),
    ScheduledPhase(17 * HOUR_S, Phase.CLOSING_AUCTION, WEEKDAYS),
    ScheduledPhase(18 * HOUR_S, Phase.CLOSED, WEEKDAYS),
)


def at(hour: float, day: int = 0) -> int:
    """Return the time of an hour, so many days after that Monday."""
    return MONDAY_NS + day * DAY_S * SECOND_NS + int(hour * HOUR_S * SECOND_NS)


def exchange_like(hour: float = 6, rules: Rules | None = None) -> Venue:
    """Return a venue with that schedule, on Monday at an hour."""
    venue = Venue()
    venue.apply(commands.SetRules(SYMBOL, rules or Rules(reference_price=100)))
    venue.now_ns = at(hour) - 1
    only(ScheduleSet, venue.apply(commands.SetSchedule(SYMBOL, EXCHANGE_DAY)))
    return venue


def phases(events: list[AnyEvent]) -> list[Phase]:
    return [changed.phase for changed in all_of(PhaseChanged, events)]


def phase_of(venue: Venue) -> Phase:
    return venue.state.books[SYMBOL].phase


# Arithmetic


def test_next_change_is_the_first_after_a_time() -> None:
    assert next_change(EXCHANGE_DAY, at(6)) == (at(7), Phase.PRE_OPEN)
    assert next_change(EXCHANGE_DAY, at(7)) == (at(8), Phase.OPENING_AUCTION)
    assert next_change(EXCHANGE_DAY, at(18, day=4)) == (at(7, day=7), Phase.PRE_OPEN), "Friday, and the Monday after"


def test_phase_at_a_time_is_that_of_the_last_change() -> None:
    assert phase_at(EXCHANGE_DAY, at(8.5)) is Phase.OPENING_AUCTION
    assert phase_at(EXCHANGE_DAY, at(9)) is Phase.CONTINUOUS
    assert phase_at(EXCHANGE_DAY, at(12, day=6)) is Phase.CLOSED, "Sunday"
    weekly = (ScheduledPhase(0, Phase.CLOSED, 1),)
    assert next_change(weekly, at(0)) == (at(0, day=7), Phase.CLOSED)


@pytest.mark.parametrize(
    ("change", "flaw"),
    (
        (ScheduledPhase(DAY_S, Phase.CLOSED), "0 to 86399"),
        (ScheduledPhase(0, Phase.CLOSED, 0), "some days"),
        (ScheduledPhase(0, Phase.CLOSED, 128), "some days"),
        (ScheduledPhase(0, Phase.HALT), "HALT is not for a schedule"),
        (EXCHANGE_DAY[0], "two changes at the same time"),
    ),
)
def test_a_schedule_with_a_flaw_is_refused(change: ScheduledPhase, flaw: str) -> None:
    venue = Venue()
    events = venue.apply(commands.SetSchedule(SYMBOL, (*EXCHANGE_DAY, change)))
    assert flaw in only(CommandRejected, events).text


# The clock


def test_a_schedule_brings_the_phase_of_now_at_once_and_the_others_in_their_time() -> None:
    venue = exchange_like()
    assert phase_of(venue) is Phase.CLOSED
    assert phases(venue.tick(at(8))) == [Phase.PRE_OPEN, Phase.OPENING_AUCTION]
    assert phases(venue.tick(at(8.9))) == []
    assert phases(venue.tick(at(12))) == [Phase.CONTINUOUS]
    check_state(venue.state)


def test_any_command_finds_the_phase_of_its_time() -> None:
    venue = exchange_like(8)
    venue.buy(1, 101)
    venue.now_ns = at(9) - 1
    events = venue.sell(2, 100)
    assert only(AuctionEnded, events).price == 0, "the auction was over before the sale"
    assert only(Trade, events).price == 101


def test_without_a_schedule_again_an_instrument_trades_around_the_clock() -> None:
    venue = exchange_like()
    assert phases(venue.apply(commands.SetSchedule(SYMBOL, ()))) == [Phase.CONTINUOUS]
    assert venue.state.due.next_ns > at(10**6)


def test_a_halt_by_staff_holds_until_staff_lift_it() -> None:
    venue = exchange_like(10)
    venue.phase(Phase.HALT)
    assert phases(venue.tick(at(17.5))) == []
    assert phases(venue.phase(Phase.CLOSING_AUCTION)) == [Phase.CLOSING_AUCTION]
    assert phases(venue.tick(at(18))) == [Phase.CLOSED]


def test_trading_resumes_with_an_auction_of_the_length_that_staff_give() -> None:
    venue = Venue()
    venue.phase(Phase.HALT)
    started = only(PhaseChanged, venue.phase(Phase.VOLATILITY_AUCTION, lasts_ms=60_000))
    assert started.ends_ns == venue.now_ns + 60 * SECOND_NS
    venue.buy(1, 100)
    venue.sell(1, 100)
    ended = venue.tick(started.ends_ns)
    assert phases(ended) == [Phase.CONTINUOUS]
    assert only(Trade, ended).price == 100


def test_a_length_is_for_auctions_alone() -> None:
    venue = Venue()
    for phase, lasts_ms in ((Phase.HALT, 5), (Phase.PRE_OPEN, 5), (Phase.OPENING_AUCTION, -1)):
        assert "lasts" in only(CommandRejected, venue.phase(phase, lasts_ms=lasts_ms)).text


def test_an_auction_ends_at_a_random_moment_that_the_seed_decides() -> None:
    ends = set()
    for seed in range(20):
        rules = Rules(auction_random_end_ms=30_000, auction_seed=seed)
        venue = exchange_like(8, rules)
        assert phases(venue.tick(at(9))) in ([], [Phase.CONTINUOUS])
        ends_ns = venue.state.books[SYMBOL].timetable.ends_ns or at(9)
        assert at(9) <= ends_ns <= at(9) + 30 * SECOND_NS
        assert phase_of(venue) is (Phase.OPENING_AUCTION if ends_ns > at(9) else Phase.CONTINUOUS)
        venue.tick(ends_ns)
        assert phase_of(venue) is Phase.CONTINUOUS
        ends.add(ends_ns)
    assert len(ends) > 15


# Indicative prices


def test_an_indicative_price_is_published_when_it_has_changed_and_so_often_at_most() -> None:
    venue = Venue()
    venue.apply(commands.SetRules(SYMBOL, Rules(indicative_every_ms=100)))
    venue.phase(Phase.OPENING_AUCTION)
    venue.buy(5, 101, cl_ord_id="bid")
    assert not all_of(IndicativePrice, venue.sell(3, 99))
    later = venue.now_ns + SECOND_NS
    told = only(IndicativePrice, venue.tick(later))
    assert (told.price, told.qty, told.surplus) == (101, 3, 2)
    assert venue.tick(later + SECOND_NS) == [], "nothing has changed"
    venue.buy(1, 90)
    assert venue.tick(later + 2 * SECOND_NS) == [], "orders have, the price has not"
    venue.replace("bid", 4, 101)
    assert only(IndicativePrice, venue.tick(later + 3 * SECOND_NS)).surplus == 1
    venue.mass_cancel()
    assert only(IndicativePrice, venue.tick(later + 4 * SECOND_NS)).price == 0


def test_a_snapshot_in_the_middle_of_an_auction_goes_on_like_the_venue() -> None:
    venue = exchange_like(8, Rules(auction_random_end_ms=30_000, auction_seed=7))
    venue.buy(1, 101)
    venue.sell(1, 99)
    again = Exchange(restore(capture(venue.state, 7)))
    check_state(again.state)
    assert state_hash(again.state, 7) == state_hash(venue.state, 7)
    assert again.apply(commands.ClockTick(), at(10)) == venue.exchange.apply(commands.ClockTick(), at(10))
    assert state_hash(again.state, 8) == state_hash(venue.state, 8)
