"""Moments as the command line is given them: a record of the journal by its number, a time in ISO 8601, a day, a month.

A time without a zone is UTC, a date is its first moment; up to nine digits after the point count.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Final, NamedTuple

import typer

from backoffice.times import SECOND_NS

_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?", re.ASCII
)
_MONTH: Final = re.compile(r"(19[7-9]|[2-8]\d\d)\d-(0[1-9]|1[0-2])", re.ASCII)
_RECORD: Final = re.compile(r"[0-9]{1,18}|[0-9]{1,3}(,[0-9]{3}){1,5}", re.ASCII)
_YEAR_MAX: Final = 2261
"""The last whole year whose nanoseconds since the epoch 64 bits hold."""
_END_S: Final = int(datetime(_YEAR_MAX + 1, 1, 1, tzinfo=UTC).timestamp())


class AsOf(NamedTuple):
    """A moment in the past: one of the two."""

    sequence: int | None = None
    """After this record."""
    time_ns: int | None = None
    """After all records up to this time, inclusive."""


def time_of(text: str) -> int:
    """Return a time in nanoseconds since the epoch. Raise `typer.BadParameter`."""
    time_ns = _time_ns(text)
    if time_ns is None:
        raise typer.BadParameter(f"{text!r} is no time; write 2026-11-28 or 2026-11-28T14:30:00Z")
    return time_ns


def day(text: str) -> date:
    """Return a day. Raise `typer.BadParameter`."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day; write 2026-11-28") from error


def day_or_none(text: str | None) -> date | None:
    """Return a day if there is one. Raise `typer.BadParameter`."""
    return None if text is None else day(text)


def month_of(text: str) -> date:
    """Return the first day of a month. Raise `typer.BadParameter`."""
    if _MONTH.fullmatch(text):
        return date(int(text[:4]), int(text[5:]), 1)
    raise typer.BadParameter(f"{text!r} is no month; write 2026-11")


def as_of(text: str) -> AsOf:
    """Return a moment. Raise `typer.BadParameter`."""
    if _RECORD.fullmatch(text):
        return AsOf(sequence=int(text.replace(",", "")))
    time_ns = _time_ns(text)
    if time_ns is None:
        raise typer.BadParameter(f"{text!r} is no record and no time; write 19824 or 2026-11-28T14:30:00Z")
    return AsOf(time_ns=time_ns)


AsOfOption = Annotated[
    AsOf | None,
    typer.Option(
        "--as-of",
        parser=as_of,
        metavar="RECORD|TIME",
        help="As it was after this record of the journal, or at this time (ISO 8601, UTC).",
        show_default="now",
    ),
]
SinceOption = Annotated[
    AsOf | None,
    typer.Option(
        "--since",
        parser=as_of,
        metavar="RECORD|TIME",
        help="What has changed since this record, or this time (ISO 8601, UTC).",
        show_default=False,
    ),
]
FromOption = Annotated[
    int | None,
    typer.Option(
        "--from", parser=time_of, metavar="TIME", help="From this time on (ISO 8601, UTC).", show_default="all"
    ),
]
UntilOption = Annotated[
    int | None, typer.Option("--until", parser=time_of, metavar="TIME", help="Before this time.", show_default="all")
]


def _time_ns(text: str) -> int | None:
    """Return a time, None if the text is none. Raise `typer.BadParameter` if nothing here can be of that time."""
    found = _TIME.fullmatch(text)
    if found is not None:
        date, clock, fraction, zone = found.groups()
        try:
            moment = datetime.fromisoformat(f"{date}T{clock or '00:00'}{zone or 'Z'}")
            seconds = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
        except (ValueError, OverflowError):
            pass
        else:
            if not 0 <= seconds < _END_S:
                raise typer.BadParameter(f"{text!r} is before 1970 or after {_YEAR_MAX}")
            return seconds * SECOND_NS + int((fraction or "").ljust(9, "0"))
    return None
