"""A schedule: at which times of the day, on which days of the week, an instrument's phase changes. Pure arithmetic.

Times are UTC; days have 86,400 seconds, as the clock that stamps commands has it.
"""

from typing import Final

from engine.rules import ScheduledPhase
from engine.values import Phase

SECOND_NS: Final = 1_000_000_000
DAY_S: Final = 86_400
_DAY_NS: Final = DAY_S * SECOND_NS
_WEEK: Final = 7
_EPOCH_WEEKDAY: Final = 3
"""The first of January 1970 was a Thursday; Monday counts 0."""

Schedule = tuple[ScheduledPhase, ...]


def next_change(schedule: Schedule, after_ns: int) -> tuple[int, Phase]:
    """Return when, later than `after_ns`, the phase changes next, and to which. There must be a schedule."""
    today = after_ns // _DAY_NS
    coming = [
        (time_ns, change.phase)
        for day in range(today, today + _WEEK + 1)
        for change in schedule
        if _is_on(change, day) and (time_ns := day * _DAY_NS + change.at_s * SECOND_NS) > after_ns
    ]
    return min(coming)


def phase_at(schedule: Schedule, time_ns: int) -> Phase:
    """Return the phase to which the last change until a time led. There must be a schedule."""
    today = time_ns // _DAY_NS
    past = [
        (changed_ns, change.phase)
        for day in range(today - _WEEK, today + 1)
        for change in schedule
        if _is_on(change, day) and (changed_ns := day * _DAY_NS + change.at_s * SECOND_NS) <= time_ns
    ]
    return max(past)[1]


def flaw_of(schedule: Schedule) -> str:
    """Return what is wrong with a schedule, or an empty text."""
    taken: set[tuple[int, int]] = set()
    for change in schedule:
        if not 0 <= change.at_s < DAY_S or not 0 < change.weekdays < 1 << _WEEK:
            return "a change is at 0 to 86399 seconds of the day, on some days of the week"
        if change.phase in {Phase.HALT, Phase.VOLATILITY_AUCTION}:
            return f"{change.phase.name} is not for a schedule"
        for weekday in range(_WEEK):
            if change.weekdays >> weekday & 1:
                if (change.at_s, weekday) in taken:
                    return "two changes at the same time"
                taken.add((change.at_s, weekday))
    return ""


def _is_on(change: ScheduledPhase, day: int) -> bool:
    return bool(change.weekdays >> (day + _EPOCH_WEEKDAY) % _WEEK & 1)
