"""Periods as people write them."""

import pytest

from backoffice.reports.period import period_of
from backoffice.times import DAY_NS


@pytest.mark.parametrize(
    ("text", "days"), (("2026-11", 30), ("2026-12", 31), ("2028-02", 29), ("2026", 365), ("2026-11-28", 1))
)
def test_a_period_is_as_long_as_the_calendar_has_it(text: str, days: int) -> None:
    period = period_of(text)
    assert period.until_ns - period.from_ns == days * DAY_NS


def test_periods_follow_one_another() -> None:
    assert period_of("2026-12").until_ns == period_of("2027").from_ns == period_of("2027-01-01").from_ns
    assert period_of("1970").from_ns == 0


@pytest.mark.parametrize(
    "text", ("", "2026-13", "2026-02-29", "26-11", "1969", "0000", "9999", "2026-11-28T00", "١٩٩٩")
)
def test_what_is_no_period_is_told_so(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no period|before 1970"):
        period_of(text)
