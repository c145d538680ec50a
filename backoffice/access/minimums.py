"""What a firm is to pay at least in a month by a fee schedule: a function of what was agreed, day by day.

A day (UTC) counts if the firm traded by the schedule all day long, at the lowest minimum that held in it; not before
the firm had an account, nor when its client was gone. The minimum of the month is the sum of its days' minimums divided
by how many days it has, once, and rounded down. The fees of a day count towards it if the firm traded by the schedule
at any time of the day. So whatever there is to round, or to cut, is in the firm's favour.

A minimum of 1,000.00 that begins at noon of 16 November: 14 whole days follow, so 1,000.00 x 14 / 30 = 466.66 are owed;
and what was paid counts from the 16th on, also what was paid in its morning.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from backoffice.access.fees import Fees
from backoffice.times import DAY_NS


class Assigned(msgspec.Struct, frozen=True):
    """By which schedule a firm trades an instrument, or ("") all that have none of their own; from when on."""

    symbol: str
    schedule: str
    from_ns: int


class Version(msgspec.Struct, frozen=True):
    """A version of a schedule, and from when on it holds."""

    number: int
    fees: Fees
    from_ns: int


class Agreed(msgspec.Struct, frozen=True):
    """What holds between a firm and the venue. Of what begins at the same time the last holds."""

    assigned: Sequence[Assigned]
    versions: Mapping[str, Sequence[Version]]
    """By schedule; as the assignments in the order in which they begin."""
    quotes: Mapping[str, str]
    """The quote asset of each instrument."""
    from_ns: int
    """When the firm had its first account."""
    until_ns: int | None
    """When its client was gone."""


class Day(msgspec.Struct, frozen=True):
    """What a day is to a schedule."""

    minimum: int
    """That of a whole month; 0 if the day does not count."""
    symbols: frozenset[str]
    """The instruments whose fees of this day count."""


class Owed(msgspec.Struct, frozen=True):
    """What a firm owes at least in a month by a schedule, in its asset."""

    schedule: str
    version: int
    """The last that held in the month."""
    asset: str
    monthly: int
    """The highest that held in the month, as it is for a whole one."""
    days: Sequence[Day]

    @property
    def days_counted(self) -> int:
        return sum(day.minimum > 0 for day in self.days)

    @property
    def minimum(self) -> int:
        return sum(day.minimum for day in self.days) // len(self.days)


def owed(agreed: Agreed, from_ns: int, until_ns: int) -> Iterator[Owed]:
    """Yield what a firm owes for a month, by schedule; nothing of schedules by which nothing is owed."""
    for schedule in sorted({each.schedule for each in agreed.assigned}):
        versions = [each for each in agreed.versions.get(schedule, ()) if each.from_ns < until_ns]
        if not versions:
            continue
        days = [_day(agreed, schedule, versions, day_ns) for day_ns in range(from_ns, until_ns, DAY_NS)]
        last, monthly = versions[-1], max(day.minimum for day in days)
        found = Owed(schedule, last.number, last.fees.asset, monthly, days)
        if found.minimum:
            yield found


def _day(agreed: Agreed, schedule: str, versions: Sequence[Version], day_ns: int) -> Day:
    next_ns = day_ns + DAY_NS
    begins_ns = (*(each.from_ns for each in agreed.assigned), *(each.from_ns for each in versions))
    minimums, symbols = [], set[str]()
    for moment_ns in (day_ns, *(each for each in begins_ns if day_ns < each < next_ns)):
        by = {each.symbol: each.schedule for each in agreed.assigned if each.from_ns <= moment_ns}
        fees = next((each.fees for each in reversed(versions) if each.from_ns <= moment_ns), None)
        if fees is None or schedule not in by.values():
            minimums.append(0)
            continue
        minimums.append(fees.monthly_minimum)
        for symbol, quote in agreed.quotes.items():
            if quote == fees.asset and by.get(symbol, by.get("")) == schedule:
                symbols.add(symbol)
    if day_ns < agreed.from_ns or (agreed.until_ns is not None and agreed.until_ns < next_ns):
        minimums = [0]
    return Day(min(minimums), frozenset(symbols))
