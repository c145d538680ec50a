from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgw.errors import InvalidTimestamp
from fixgw.timestamps import format_utc, parse_utc

SECOND_NS = 1_000_000_000

moments = st.datetimes(timezones=st.just(UTC))


def test_an_instant_is_written_with_microseconds() -> None:
    assert format_utc(parse_utc("20261123-03:12:25") + 123_456_789) == "20261123-03:12:25.123456"


def test_the_epoch_is_zero() -> None:
    assert parse_utc("19700101-00:00:00") == 0
    assert format_utc(0) == "19700101-00:00:00.000000"


@pytest.mark.parametrize(
    ("fraction", "expected_ns"),
    (("", 0), (".123", 123_000_000), (".123456", 123_456_000), (".123456789", 123_456_789), (".000000001", 1)),
)
def test_fractions_of_0_3_6_and_9_digits_are_read_exactly(fraction: str, expected_ns: int) -> None:
    assert parse_utc("20261123-03:12:25" + fraction) % SECOND_NS == expected_ns


@given(moments)
def test_writing_and_reading_give_the_same_microsecond(moment: datetime) -> None:
    since_epoch = moment - datetime(1970, 1, 1, tzinfo=UTC)
    time_ns = since_epoch // timedelta(microseconds=1) * 1_000
    text = format_utc(time_ns)
    assert text == f"{moment.year:04d}{moment:%m%d-%H:%M:%S.%f}"
    assert parse_utc(text) == time_ns


@given(st.integers(-62_135_596_800 * SECOND_NS, 253_402_300_800 * SECOND_NS - 1))
def test_writing_truncates_to_the_microsecond_before(time_ns: int) -> None:
    assert 0 <= time_ns - parse_utc(format_utc(time_ns)) < 1_000


def test_a_leap_second_is_the_first_second_of_the_next_day() -> None:
    assert parse_utc("20161231-23:59:60.500") == parse_utc("20170101-00:00:00.500")


@pytest.mark.parametrize(
    "text",
    (
        "",
        "20261123",
        "20261123-03:12",
        "20261123-03:12:25.",
        "20261123-03:12:25.1",
        "20261123-03:12:25.12",
        "20261123-03:12:25.1234",
        "20261123-03:12:25.1234567890",
        "20261123-03:12:25,123",
        "20261123-03:12:25.12a",
        "20261123-03:12:25.+12",
        "20261123-03:12:25.1_2",
        "20261123-03:12:25.²²²",
        "20261123-03:12:25Z",
        "20261123 03:12:25",
        "2026-11-23-03:12",
        "20261123-3:12:25",
        "20261323-03:12:25",
        "20261131-03:12:25",
        "20270229-03:12:25",
        "00001123-03:12:25",
        "20261123-24:00:00",
        "20261123-03:60:25",
        "20261123-03:12:60",
        "20261123-23:59:61",
        " 20261123-03:12:25",
        "٢٠٢٦١١٢٣-03:12:25",
        "20261123-03:12:25\n",
    ),
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidTimestamp):
        parse_utc(text)


@given(st.text(max_size=30))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        parse_utc(text)
    except InvalidTimestamp as error:
        assert error.value in text


@pytest.mark.parametrize("second", (-62_135_596_801, 253_402_300_800, 10**30))
def test_an_instant_outside_the_years_of_the_calendar_cannot_be_written(second: int) -> None:
    with pytest.raises(InvalidTimestamp):
        format_utc(second * SECOND_NS)
