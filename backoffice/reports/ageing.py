"""How many of each kind there are, by age: less than a day, one to three, three to seven, more."""

from collections.abc import Iterable
from typing import Final

from backoffice.times import DAY_NS

_BOUNDS_NS: Final = (DAY_NS, 3 * DAY_NS, 7 * DAY_NS)
BUCKETS: Final = ("< 1 d", "1-3 d", "3-7 d", "> 7 d")


def by_age(since: Iterable[tuple[str, int]], now_ns: int) -> list[tuple[str, list[int]]]:
    """Return the kinds that there are, sorted, with how many are in each of `BUCKETS`. `since`: kind, and from when."""
    found: dict[str, list[int]] = {}
    for kind, since_ns in since:
        age_ns = now_ns - since_ns
        found.setdefault(kind, [0] * len(BUCKETS))[sum(age_ns >= bound for bound in _BOUNDS_NS)] += 1
    return sorted(found.items())
