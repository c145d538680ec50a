"""Periods that statements are about: a day, a month or a year of UTC, written as ISO 8601 has them."""

import datetime as dt
import re
from typing import Final

import msgspec

from backoffice.times import EPOCH, start_of

_PERIOD: Final = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", re.ASCII)


class Period(msgspec.Struct, frozen=True):
    """A day, a month or a year."""

    text: str
    from_ns: int
    """Its first nanosecond,"""
    until_ns: int
    """and the first that is not in it."""


def period_of(text: str) -> Period:
    """Return a period: 2026-11-28, 2026-11 or 2026. Raise `ValueError`."""
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no period; write 2026-11, 2026-11-28 or 2026")
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        first = dt.date(year or 0, month or 1, day or 1)
        if day:
            after = first + dt.timedelta(days=1)
        elif month:
            after = dt.date(first.year + month // 12, month % 12 + 1, 1)
        else:
            after = dt.date(first.year + 1, 1, 1)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no period of the calendar") from None
    if first < EPOCH:
        raise ValueError(f"{text!r} is before 1970")
    return Period(text, start_of(first), start_of(after))
