"""An entry of a list, whatever list it is on."""

import datetime as dt
import hashlib
from enum import StrEnum
from typing import Final

import msgspec

NAMES_MAX: Final = 1_000
"""Names of one entry; those with most have some hundreds."""
NAME_CHARS_MAX: Final = 1_000
ENTRIES_MAX: Final = 500_000
FILE_BYTES_MAX: Final = 512 * 1024 * 1024


class Kind(StrEnum):
    """What somebody or something on a list is, and what our subjects are."""

    PERSON = "person"
    ENTITY = "entity"
    VESSEL = "vessel"
    AIRCRAFT = "aircraft"


class Birth(msgspec.Struct, frozen=True, array_like=True):
    """A date of birth as far as it is known: no earlier than the first day, no later than the last."""

    first: dt.date
    last: dt.date

    def years_from(self, other: "Birth") -> int:
        """Return how many whole years are between two, 0 if they may be the same day."""
        gap = max(self.first, other.first) - min(self.last, other.last)
        return max(gap.days, 0) // 365

    def is_apart_from(self, other: "Birth") -> bool:
        """Return whether they cannot be the same day."""
        return max(self.first, other.first) > min(self.last, other.last)


class Entry(msgspec.Struct, frozen=True):
    """Somebody on a list. `id` is the list's own; it stays when the entry changes."""

    id: str
    kind: Kind
    names: tuple[str, ...]
    """The main one first."""
    weak_names: tuple[str, ...] = ()
    """Names that the list itself calls weak: nicknames, and such as many have."""
    births: tuple[Birth, ...] = ()
    countries: tuple[str, ...] = ()
    """Of nationality, residence or registration, by ISO 3166-1."""
    programs: tuple[str, ...] = ()
    """Why it is listed, in the list's own words."""

    def digest(self) -> str:
        """Return a hash of all that stands in the entry: another one if any of it has changed."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


class Subject(msgspec.Struct, frozen=True):
    """Somebody who is screened."""

    kind: Kind
    names: tuple[str, ...]
    birth: Birth | None = None
    countries: tuple[str, ...] = ()

    def digest(self) -> str:
        """Return a hash of all that screening looks at."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


def day(date: dt.date) -> Birth:
    """Return a date of birth that is known to the day."""
    return Birth(date, date)


def years(first: int, last: int) -> Birth:
    """Return a date of birth of which only the year is known, or the years that it is between."""
    return Birth(dt.date(first, 1, 1), dt.date(last, 12, 31))


def month(year: int, number: int) -> Birth:
    """Return a date of birth that is known to the month."""
    following = dt.date(year + number // 12, number % 12 + 1, 1)
    return Birth(dt.date(year, number, 1), following - dt.timedelta(days=1))
