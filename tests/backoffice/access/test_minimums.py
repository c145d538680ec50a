"""What is owed for a month, day by day: what there is to round or to cut goes in the firm's favour."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.access.fees import Fees, FeeTier
from backoffice.access.minimums import Agreed, Assigned, Owed, Version, owed
from backoffice.times import DAY_NS

BEGUN_NS = 20_758 * DAY_NS
"""2026-11-01."""
OVER_NS = BEGUN_NS + 30 * DAY_NS
QUOTES = {"BTC/USD": "USD", "ETH/USD": "USD", "BTC/EUR": "EUR"}


def at(day: int, hour: int = 0) -> int:
    """Return when a day of November, and an hour of it, begins."""
    return BEGUN_NS + (day - 1) * DAY_NS + hour * DAY_NS // 24


def version(number: int, minimum: int, from_ns: int = 0, asset: str = "USD") -> Version:
    return Version(number, Fees(asset, (FeeTier(0, 0, 1),), minimum), from_ns)


def assigned(schedule: str = "basic", symbol: str = "", from_ns: int = 0) -> Assigned:
    return Assigned(symbol, schedule, from_ns)


def november(
    *all_assigned: Assigned,
    basic: Sequence[Version] = (version(1, 100_000),),
    from_ns: int = 0,
    until_ns: int | None = None,
) -> list[Owed]:
    versions = {"basic": basic, "other": [version(1, 30_000)]}
    agreed = Agreed(all_assigned or (assigned(),), versions, QUOTES, from_ns, until_ns)
    return list(owed(agreed, BEGUN_NS, OVER_NS))


def symbols(found: Owed, day: int) -> set[str]:
    return set(found.days[day - 1].symbols)


def test_a_whole_month_has_its_whole_minimum() -> None:
    (one,) = november()
    assert (one.minimum, one.monthly, one.days_counted, one.asset) == (100_000, 100_000, 30, "USD")
    assert symbols(one, 1) == symbols(one, 30) == {"BTC/USD", "ETH/USD"}


def test_the_day_on_which_it_begins_is_free_and_its_fees_count() -> None:
    (one,) = november(assigned(from_ns=at(16, 12)))
    assert (one.days_counted, one.minimum) == (14, 46_666)
    assert [bool(symbols(one, day)) for day in (15, 16, 17)] == [False, True, True]


@pytest.mark.parametrize(
    ("versions", "minimum"),
    (
        ((version(1, 30_000), version(2, 60_000, at(11))), 10 * 1_000 + 20 * 2_000),
        ((version(1, 30_000), version(2, 60_000, at(11, 1))), 11 * 1_000 + 19 * 2_000),
        ((version(1, 60_000), version(2, 30_000, at(11, 1))), 10 * 2_000 + 20 * 1_000),
        ((version(1, 60_000), version(2, 0, at(11))), 10 * 2_000),
        ((version(1, 30_000), version(2, 60_000, OVER_NS)), 30_000),
        ((version(1, 60_000), version(2, 30_000, 0)), 30_000),
    ),
)
def test_a_day_has_the_lowest_minimum_that_held_in_it(versions: Sequence[Version], minimum: int) -> None:
    (one,) = november(basic=versions)
    assert one.minimum == minimum


def test_who_changes_schedules_owes_each_for_its_days() -> None:
    basic, other = november(assigned(), assigned("other", from_ns=at(11, 6)))
    assert (basic.schedule, basic.days_counted, basic.minimum) == ("basic", 10, 33_333)
    assert (other.schedule, other.days_counted, other.minimum) == ("other", 19, 19_000)
    assert symbols(basic, 11) == symbols(other, 11) == {"BTC/USD", "ETH/USD"}
    assert (symbols(basic, 12), symbols(other, 10)) == (set(), set())


def test_an_instrument_of_its_own_counts_for_its_schedule_alone() -> None:
    basic, other = november(assigned(), assigned("other", symbol="ETH/USD"))
    assert (symbols(basic, 5), symbols(other, 5)) == ({"BTC/USD"}, {"ETH/USD"})


def test_nothing_is_owed_before_the_first_account_nor_when_the_client_is_gone() -> None:
    (one,) = november(from_ns=at(11, 1), until_ns=at(21, 1))
    assert (one.days_counted, one.minimum) == (9, 30_000)
    assert november(from_ns=OVER_NS) == []


@pytest.mark.parametrize("basic", ((), (version(1, 0),), (version(1, 100_000, OVER_NS),), (version(1, 29, at(30)),)))
def test_a_schedule_that_asks_for_nothing_is_left_out(basic: Sequence[Version]) -> None:
    assert november(basic=basic) == []


@given(
    st.lists(st.integers(BEGUN_NS - DAY_NS, OVER_NS + DAY_NS), max_size=5),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(BEGUN_NS - DAY_NS, OVER_NS)), min_size=1, max_size=4),
)
def test_nobody_owes_more_than_the_time_that_each_minimum_held(
    changes_ns: list[int], minimums: list[tuple[int, int]]
) -> None:
    all_assigned = [
        assigned(("basic", "other")[number % 2], from_ns=at) for number, at in enumerate(sorted(changes_ns))
    ]
    rising = sorted(minimums, key=lambda each: each[1])
    basic = [version(number, minimum, from_ns) for number, (minimum, from_ns) in enumerate(rising, 1)]
    edges = sorted({BEGUN_NS, OVER_NS, *(each for each in (*changes_ns, *(of for _, of in rising)))})
    exact = dict.fromkeys(("basic", "other"), 0)
    for from_ns, until_ns in itertools.pairwise(edges):
        by = next((each.schedule for each in reversed(all_assigned) if each.from_ns <= from_ns), None)
        held = {"basic": basic, "other": [version(1, 30_000)]}.get(by or "", [])
        minimum = next((each.fees.monthly_minimum for each in reversed(held) if each.from_ns <= from_ns), 0)
        if by is not None and BEGUN_NS <= from_ns < OVER_NS:
            exact[by] += minimum * (until_ns - from_ns)
    for one in november(*all_assigned, basic=basic) if all_assigned else []:
        assert one.minimum * (OVER_NS - BEGUN_NS) <= exact[one.schedule]
        assert one.minimum <= one.monthly
