"""FIX UTCTimestamp text ⇄ integer nanoseconds since the Unix epoch; exact, without floats.

Date and time of day are worked out once per second and remembered, for the last 4,096 seconds used; what
differs within a second is arithmetic.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from fixgw.errors import InvalidTimestamp

_SECOND_NS: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = _EPOCH.toordinal()
_SECOND: Final = re.compile("([0-9]{4})([0-9]{2})([0-9]{2})-([0-9]{2}):([0-9]{2}):([0-9]{2})")
_SECOND_CHARS: Final = len("20261123-03:12:25")

# Length of the fraction with its point → nanoseconds per unit of its last digit.
_UNIT_NS: Final = {len(".123"): 1_000_000, len(".123456"): 1_000, len(".123456789"): 1}


def format_utc(time_ns: int) -> str:
    """Return an instant (nanoseconds since the epoch) as UTCTimestamp with microseconds, truncated.

    Example: "20261123-03:12:25.123456". Raises InvalidTimestamp outside the years 1 to 9999.
    """
    second, fraction_ns = divmod(time_ns, _SECOND_NS)
    return f"{_second_text(second)}.{fraction_ns // 1_000:06d}"


def parse_utc(text: str) -> int:
    """Return the nanoseconds since the epoch that a UTCTimestamp says.

    Takes 0, 3, 6 or 9 digits of fraction. The leap second 23:59:60 is the first second of the next day, as in
    POSIX time. Raises InvalidTimestamp on all else, impossible dates and times included.
    """
    second_ns = _second_ns(text[:_SECOND_CHARS])
    fraction = text[_SECOND_CHARS:]
    if not fraction:
        return second_ns
    digits = fraction[1:]
    unit_ns = _UNIT_NS.get(len(fraction), 0)
    if not unit_ns or fraction[0] != "." or not (digits.isascii() and digits.isdigit()):
        raise InvalidTimestamp("not a UTCTimestamp", text)
    return second_ns + int(digits) * unit_ns


@lru_cache(maxsize=4096)
def _second_text(second: int) -> str:
    try:
        moment = _EPOCH + timedelta(seconds=second)
    except OverflowError:
        raise InvalidTimestamp("outside the years 1 to 9999", f"{second} s") from None
    return f"{moment.year:04d}{moment:%m%d-%H:%M:%S}"


@lru_cache(maxsize=4096)
def _second_ns(text: str) -> int:
    match = _SECOND.fullmatch(text)
    if match is None:
        raise InvalidTimestamp("not a UTCTimestamp", text)
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        days = datetime(year, month, day, hour, minute, tzinfo=UTC).toordinal() - _EPOCH_DAY
    except ValueError:
        raise InvalidTimestamp("not a date and time", text) from None
    if second > 59 and not (hour == 23 and minute == 59 and second == 60):
        raise InvalidTimestamp("not a second", text)
    return (days * 86_400 + hour * 3_600 + minute * 60 + second) * _SECOND_NS
