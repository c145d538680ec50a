"""Holds a message against what a script expects, field by field.

Fields are compared in any order, save that those with the same tag are taken one after the other, as the entries of a
repeating group have them; or in the order of the script, if it asks for that. What the other side may choose without
telling anything (BeginString, BodyLength, CheckSum, CompIDs, MsgSeqNum, SendingTime) counts only if the script names
it. Decimal numbers are compared as numbers: 0.25 is 0.250000.
"""

import re
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Final

import msgspec

from backoffice.cli.qa.names import is_number
from backoffice.cli.qa.statements import Field, Without
from backoffice.cli.qa.values import Scope, Value, described, match

UNASKED: Final = frozenset(("8", "9", "10", "34", "49", "52", "56", "1180", "1181"))
"""Fields that count only if the script names them."""

_DECIMAL: Final = re.compile(r"(-?)0*(\d+?)(?:\.(\d*?)0*)?")


class Row(msgspec.Struct, frozen=True):
    """A field as it was expected and as it came; None: not at all."""

    tag: str
    expected: str | None
    received: str | None
    written: str | None
    """The pattern, as the script has it; None if the script does not name the field."""
    differs: bool
    why: str = ""
    """In what, if the values do not show it."""
    is_optional: bool = False
    is_open: bool = False
    """The script takes it as it comes, or knows it from before: it may be another one next time."""


class Expected(msgspec.Struct, frozen=True):
    """What a script expects, its variables that hold fields already put in."""

    msg_type: Value
    fields: tuple[Field, ...]
    without: tuple[Without, ...]
    others: bool
    """Other fields may be there."""
    is_ordered: bool
    ignored: frozenset[str]


class Comparison(msgspec.Struct, frozen=True):
    """All fields of both sides; the MsgType first, then as the script has them, then what else came."""

    rows: tuple[Row, ...]
    captured: dict[str, str]

    @property
    def first_difference(self) -> Row | None:
        return next((row for row in self.rows if row.differs), None)


Fields = Sequence[tuple[str, str]]
"""Tags and values in the order of the wire."""


def compare(expected: Expected, received: Fields, scope: Scope) -> Comparison:
    """Return how a message compares with what was expected, and what was captured of it."""
    captured: dict[str, str] = {}

    def look_up(name: str) -> str:
        return captured[name] if name in captured else scope.lookup(name)

    inner = Scope(look_up, scope.now)
    values: defaultdict[str, deque[str]] = defaultdict(deque)
    for tag, value in received:
        values[tag].append(value)
    msg_type = values["35"].popleft() if values["35"] else ""
    rows = [_held("35", expected.msg_type, msg_type, inner, captured)]
    for field in expected.fields:
        queue = values[field.tag]
        came = queue.popleft() if queue else None
        row = _held(field.tag, field.value, came, inner, captured)
        if field.is_optional:
            row = msgspec.structs.replace(row, is_optional=True, differs=row.differs and came is not None)
        rows.append(row)
    stated = {field.tag for field in expected.fields}
    absent = {item.tag for item in expected.without}
    for tag, queue in values.items():
        for value in queue:
            if tag in absent or tag in stated or not (tag in UNASKED or tag in expected.ignored):
                surplus = tag in absent or (not expected.others and tag not in UNASKED)
                rows.append(Row(tag, None, value, None, differs=surplus))
    if expected.is_ordered and not any(row.differs for row in rows):
        rows = _in_order(rows, [tag for tag, _ in received if tag != "35"])
    return Comparison(tuple(rows), captured)


def _held(tag: str, value: Value, received: str | None, scope: Scope, captured: dict[str, str]) -> Row:
    expected = described(value, scope)
    found = None if received is None else match(value, received, scope)
    captured |= found or {}
    is_same = found is not None or (is_number(tag) and _canonical(expected) == _canonical(received) is not None)
    return Row(tag, expected, received, value.written, differs=not is_same, is_open=not value.is_plain)


def _canonical(text: str | None) -> str | None:
    """Return a decimal number without zeros that say nothing, or None if it is none."""
    number = _DECIMAL.fullmatch(text or "")
    if number is None:
        return None
    sign, whole, fraction = number.groups()
    digits = whole + (f".{fraction}" if fraction else "")
    return digits if digits == "0" else sign + digits


def _in_order(rows: list[Row], received: list[str]) -> list[Row]:
    """Return the rows, the first one marked whose field comes too early or too late."""
    left, before = iter(received), "35"
    for number, row in enumerate(rows):
        if row.tag == "35" or row.written is None or row.received is None:
            continue
        if row.tag not in left:
            marked = msgspec.structs.replace(row, differs=True, why=f"does not come after {before}")
            return [*rows[:number], marked, *rows[number + 1 :]]
        before = row.tag
    return rows
