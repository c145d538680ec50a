"""Times: nanoseconds since the epoch, in UTC. How long the units are, which day a time is of, and when a day begins."""

import datetime as dt
from typing import Final

SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS
HOUR_NS: Final = 60 * MINUTE_NS
DAY_NS: Final = 24 * HOUR_NS
EPOCH: Final = dt.date(1970, 1, 1)


def day_of(time_ns: int) -> dt.date:
    """Return the day that a time is of."""
    return EPOCH + dt.timedelta(days=time_ns // DAY_NS)


def start_of(day: dt.date) -> int:
    """Return the first nanosecond of a day."""
    return (day - EPOCH).days * DAY_NS
