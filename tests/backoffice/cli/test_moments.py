"""Moments: records by number, times in ISO 8601."""

import datetime as dt

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from backoffice.cli.moments import AsOf, as_of, month_of, time_of
from backoffice.cli.shown import time_text


@pytest.mark.parametrize(
    ("text", "time_ns"),
    (
        ("1970-01-01", 0),
        ("1970-01-01T00:01", 60_000_000_000),
        ("1970-01-01 00:00:01", 1_000_000_000),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T01:00:00.5+01:00", 500_000_000),
    ),
)
def test_a_time_is_nanoseconds_since_the_epoch(text: str, time_ns: int) -> None:
    assert time_of(text) == time_ns


@given(st.integers(0, 2**62))
def test_a_time_that_was_printed_is_read_again(time_ns: int) -> None:
    assert time_of(time_text(time_ns)) == time_ns


@pytest.mark.parametrize(
    "text", ("", "now", "2026-13-01", "2026-02-30", "2026-11-28T25:00", "2026-11-28T10:00:00.1234567890", "٢٠٢٦-11-28")
)
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no time; write 2026-11-28 or"):
        time_of(text)


@pytest.mark.parametrize(
    "text", ("0001-01-01", "1969-12-31T23:59:59", "1970-01-01T00:30+01:00", "2262-01-01", "9999-12-31")
)
def test_a_time_that_nothing_can_be_of_is_told(text: str) -> None:
    for read in (time_of, as_of):
        with pytest.raises(typer.BadParameter, match="is before 1970 or after 2261"):
            read(text)
    assert time_of("2261-12-31T23:59:59.999999999") < 2**63


def test_a_month_is_its_first_day() -> None:
    assert month_of("2026-11") == dt.date(2026, 11, 1)


@pytest.mark.parametrize("text", ("", "2026", "2026-13", "2026-1", "1969-12", "9999-12", "2026-11-28", "٢٠٢٦-11"))
def test_what_is_no_month_is_told(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no month; write 2026-11"):
        month_of(text)


def test_a_moment_is_a_record_or_a_time() -> None:
    assert as_of("12345") == AsOf(sequence=12_345)
    assert as_of("12,345") == AsOf(sequence=12_345)
    assert as_of("1970-01-02") == AsOf(time_ns=86_400_000_000_000)
    for text in ("-1", "1" * 19, "1.5", "12,34", "1,2345", "yesterday"):
        with pytest.raises(typer.BadParameter, match="is no record and no time"):
            as_of(text)
