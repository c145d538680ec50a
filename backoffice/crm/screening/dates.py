"""Dates of birth as lists write them: "07 Oct 1954", "circa 1961", "1960 to 1961", "1954-10-07", "Oct 1954".

What cannot be read is no date: the entry is screened by its names all the same.
"""

import datetime as dt
import re
from typing import Final

from backoffice.crm.screening.entry import Birth, day, month, years

_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_ABOUT: Final = re.compile(r"^(?:circa|ca\.?|c\.|approximately|about)\s+", re.IGNORECASE)
_BETWEEN: Final = re.compile(r"\s+(?:to|and|-)\s+|/", re.IGNORECASE)
_ABOUT_YEARS: Final = 1
"""How far off a date may be that is said to be about right."""


def birth_of(text: str) -> Birth | None:
    """Return a date of birth, or None if it cannot be read."""
    plain = _ABOUT.sub("", text.strip())
    if plain != text.strip():
        found = birth_of(plain)
        return found and about(found)
    parts = _BETWEEN.split(plain)
    if len(parts) == 2:
        first, last = _one(parts[0]), _one(parts[1])
        if first is None or last is None or first.first > last.last:
            return None
        return Birth(first.first, last.last)
    return _one(plain)


def about(birth: Birth) -> Birth:
    """Return a date of birth that is said to be only about right."""
    return years(max(birth.first.year - _ABOUT_YEARS, 1), min(birth.last.year + _ABOUT_YEARS, 9999))


def year_month_day(year: str, number: str, of_month: str) -> Birth | None:
    """Return a date given in parts, of which the later ones may be missing."""
    try:
        if not number:
            return years(int(year), int(year))
        if not of_month:
            return month(int(year), int(number))
        return day(dt.date(int(year), int(number), int(of_month)))
    except (ValueError, OverflowError):
        return None


def _one(text: str) -> Birth | None:
    parts = text.strip().split()
    if len(parts) == 1:
        return year_month_day(*[*text.strip().split("-"), "", ""][:3])
    number = _MONTHS.get(parts[-2][:3].lower()) if len(parts) in (2, 3) else None
    if number is None:
        return None
    return year_month_day(parts[-1], str(number), parts[0] if len(parts) == 3 else "")
