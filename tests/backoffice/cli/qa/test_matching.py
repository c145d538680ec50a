"""Messages held against what is expected of them."""

from datetime import UTC, datetime

import pytest

from backoffice.cli.qa.items import items_of
from backoffice.cli.qa.matching import Comparison, Expected, compare
from backoffice.cli.qa.statements import Field, Others, Without
from backoffice.cli.qa.values import Scope, parse_value

HEADER = "8=FIX.4.4|9=5|35=8|49=S|56=C|34=7|52=20261127-10:00:00|"


def comparison(
    written: str, received: str, *, msg_type: str = "8", is_ordered: bool = False, ignored: str = ""
) -> Comparison:
    items = items_of(written, is_pattern=True)
    expected = Expected(
        parse_value(msg_type, is_pattern=True),
        tuple(item for item in items if isinstance(item, Field)),
        tuple(item for item in items if isinstance(item, Without)),
        any(isinstance(item, Others) for item in items),
        is_ordered,
        frozenset(ignored.split()),
    )
    pairs = [pair.partition("=") for pair in f"{HEADER}{received}|10=000".split("|") if pair]
    return compare(
        expected, [(tag, value) for tag, _, value in pairs], Scope({"order": "17"}.__getitem__, datetime.now(UTC))
    )


def differences(written: str, received: str, **options: object) -> list[tuple[str, str | None, str | None]]:
    rows = comparison(written, received, **options).rows  # type: ignore[arg-type]
    return [(row.tag, row.expected, row.received) for row in rows if row.differs]


@pytest.mark.parametrize(
    ("written", "received"),
    (
        ("37=1|39=0", "37=1|39=0"),
        ("39=0|37=1", "37=1|39=0"),
        ("37={order}|39=*", "37=17|39=8"),
        ("38=0.25|44=67250", "38=0.250000|44=67250.00"),
        ("14=0", "14=0.000000"),
        ("211=-0.50", "211=-0.5"),
        ("39=0|...", "37=1|39=0|58=hello"),
        ("39=0|!58|...", "37=1|39=0"),
        ("39=0|?58=x*", "39=0"),
        ("58=", "58="),
        ("39=0|?58=x*", "39=0|58=xyz"),
        ("39=/0|8/|58=/a|b|(?:c|d)/", "39=8|58=d"),
        ("58=/a|39=0", "58=/a|39=0"),
        ("137=1|139=4|137=2|139=5", "137=1|139=4|137=2|139=5"),
        ("34=7|52=2026*|49=S", "58=x|34=7"[5:]),
        ("", ""),
    ),
)
def test_message_is_as_expected(written: str, received: str) -> None:
    assert differences(written, received) == []


@pytest.mark.parametrize(
    ("written", "received", "found"),
    (
        ("39=0", "39=8", [("39", "0", "8")]),
        ("39=0|58=x", "39=0", [("58", "x", None)]),
        ("39=0", "39=0|58=x", [("58", None, "x")]),
        ("39=0|!58|...", "39=0|58=x", [("58", None, "x")]),
        ("37={order}", "37=18", [("37", "17", "18")]),
        ("34=8", "", [("34", "8", "7")]),
        ("?58=x", "58=y", [("58", "x", "y")]),
        ("58=", "58=y", [("58", "", "y")]),
        ("58=", "", [("58", "", None)]),
        ("38=0.25", "38=0.26", [("38", "0.25", "0.26")]),
        ("38=x", "38=y", [("38", "x", "y")]),
        ("11=1", "11=1.0", [("11", "1", "1.0")]),
        ("137=1|137=2", "137=2|137=1", [("137", "1", "2"), ("137", "2", "1")]),
        ("137=1", "137=1|137=2", [("137", None, "2")]),
        ("137=1|137=2", "137=1", [("137", "2", None)]),
    ),
)
def test_each_field_that_differs_is_named(
    written: str, received: str, found: list[tuple[str, str | None, str | None]]
) -> None:
    assert differences(written, received) == found


def test_type_of_message_comes_first() -> None:
    found = comparison("39=0", "39=1", msg_type="9")
    assert found.first_difference is not None
    assert (found.first_difference.tag, found.first_difference.expected) == ("35", "9")
    assert differences("39=0", "39=0", msg_type="*") == []


def test_what_is_captured_counts_within_the_same_message() -> None:
    assert comparison("11=*{id}|41={id}", "11=a|41=a").captured == {"id": "a"}
    assert differences("11=*{id}|41={id}", "11=a|41=b") == [("41", "a", "b")]


def test_fields_to_ignore_count_if_they_are_named() -> None:
    assert differences("39=0", "39=0|1128=9|57=", ignored="1128 57") == []
    assert differences("39=0|1128=8", "39=0|1128=9", ignored="1128") == [("1128", "8", "9")]


@pytest.mark.parametrize(
    ("written", "received", "found"),
    (
        ("37=1|39=0|58=x", "37=1|39=0|58=x", []),
        ("37=1|58=x|...", "37=1|39=0|58=x", []),
        ("37=1|?39=0|58=x", "37=1|58=x", []),
        ("37=1|?39=0|58=x", "37=1|58=x|39=0", ["58"]),
        ("37=1|39=0|58=x", "37=1|58=x|39=0", ["58"]),
        ("39=0|37=1", "37=1|39=0", ["37"]),
        ("34=7|37=1", "37=1", []),
    ),
)
def test_order_of_fields_counts_if_asked_for(written: str, received: str, found: list[str]) -> None:
    assert [tag for tag, _, _ in differences(written, received, is_ordered=True)] == found
