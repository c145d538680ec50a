"""Values: text to send, and patterns for what comes."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from backoffice.cli.qa.values import (
    BadValue,
    Scope,
    described,
    duration_s,
    expand,
    match,
    parse_value,
    wire_bytes,
    wire_text,
)

KNOWN = {"order": "17", "text": "a|b*c", "A.sender": "BROKER1"}


def here() -> Scope:
    return Scope(KNOWN.__getitem__, datetime.now(UTC))


def sent(text: str) -> str:
    return expand(parse_value(text), here())


def captured(pattern: str, text: str) -> dict[str, str] | None:
    return match(parse_value(pattern, is_pattern=True), text, here())


@pytest.mark.parametrize(
    ("written", "text"),
    (
        ("plain text", "plain text"),
        ("o-{order}", "o-17"),
        ("{order+1}", "18"),
        ("{order-18}", "-1"),
        ("{A.sender}-A", "BROKER1-A"),
        ("{text}", "a|b*c"),
        (r"a\|b\*\{c\}\\d\x01", "a|b*{c}\\d\x01"),
        ("*", "*"),
        ("*{order}", "*17"),
        ("/slashes/", "/slashes/"),
        ("nowhere", "nowhere"),
        ("", ""),
    ),
)
def test_value_is_sent_as_what_it_stands_for(written: str, text: str) -> None:
    assert sent(written) == text


@pytest.mark.parametrize(
    ("written", "offset_s", "pattern"),
    (
        ("now", 0, r"\d{8}-\d\d:\d\d:\d\d\.\d{3}"),
        ("now-130s", -130, r"\d{8}-\d\d:\d\d:\d\d\.\d{3}"),
        ("now+2d:s", 172_800, r"\d{8}-\d\d:\d\d:\d\d"),
        ("now-1h:us", -3_600, r"\d{8}-\d\d:\d\d:\d\d\.\d{6}"),
        ("now:ns", 0, r"\d{8}-\d\d:\d\d:\d\d\.\d{9}"),
        ("today+1d", 86_400, r"\d{8}"),
    ),
)
def test_time_is_that_of_sending_with_an_offset(written: str, offset_s: int, pattern: str) -> None:
    before, text, after = datetime.now(UTC), sent(written), datetime.now(UTC)
    assert re.fullmatch(pattern, text)
    form = "%Y%m%d-%H:%M:%S" if "-" in text else "%Y%m%d"
    times = [f"{moment + timedelta(seconds=offset_s):{form}}" for moment in (before, after)]
    assert times[0] <= text[: len(times[0])] <= times[1]


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    (
        ("0", "0", {}),
        ("0", "00", None),
        ("*", "anything", {}),
        ("*", "", {}),
        ("T*-0", "T45-0", {}),
        ("T*-0", "T45-1", None),
        ("T*{trade}-*{side}", "T45-1", {"trade": "45", "side": "1"}),
        ("[1018]*", "[1018] post-only", {}),
        ("{order}", "17", {}),
        ("{order}", "18", None),
        ("{text}", "a|b*c", {}),
        (r"/\d+/", "123", {}),
        (r"/\d+/", "123a", None),
        (r"/{order}-(?P<count>\d{2})/", "17-42", {"count": "42"}),
        (r"/{text}/", "a|b*c", {}),
        ("/a(?P<rest>b)?/", "a", {"rest": ""}),
        ("right", "right", {}),
        ("*{line}", "two\nlines", {"line": "two\nlines"}),
    ),
)
def test_pattern_matches_the_whole_text(pattern: str, text: str, found: dict[str, str] | None) -> None:
    assert captured(pattern, text) == found


@pytest.mark.parametrize("pattern", ("T*{trade}-0", "*", "/a+/", "x"))
def test_pattern_is_shown_as_it_is_written(pattern: str) -> None:
    assert described(parse_value(pattern, is_pattern=True), here()) == pattern


def test_pattern_is_shown_with_its_variables_filled_in() -> None:
    for written, shown in (("{order}-*", "17-*"), ("/{order}+/", "/17+/")):
        assert described(parse_value(written, is_pattern=True), here()) == shown


@pytest.mark.parametrize(
    ("written", "what"),
    (
        ("a{", "belongs to no name"),
        ("{1}", "belongs to no name"),
        ("a}", "belongs to no name"),
        ("\\q", "stands before nothing"),
        ("/(/", "no regular expression"),
        ("/(a)/", "without a name"),
        ("today:ms", "has no precision"),
    ),
)
def test_value_that_cannot_be_read_says_why(written: str, what: str) -> None:
    with pytest.raises(BadValue, match=what):
        parse_value(written, is_pattern=True)


def test_text_has_no_number_added() -> None:
    with pytest.raises(BadValue, match="and no number"):
        sent("{text+1}")


@pytest.mark.parametrize(("text", "seconds"), (("2s", 2.0), ("500ms", 0.5), ("10m", 600.0), ("1.5s", 1.5)))
def test_duration_has_a_unit(text: str, seconds: float) -> None:
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ("", "2", "s", "2 s", "-1s", "11m", "1h", "9999999999s"))
def test_duration_is_bounded_and_well_formed(text: str) -> None:
    with pytest.raises(BadValue):
        duration_s(text)


def test_every_byte_has_a_text_and_comes_back() -> None:
    every = bytes(range(256))
    assert wire_bytes(wire_text(every)) == every
    assert wire_bytes(sent(r"\xff\x00é")) == b"\xff\x00" + "é".encode()
