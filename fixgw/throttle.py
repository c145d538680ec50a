"""The throttle: how many messages a session may send, held in two buckets, of orders and of questions.

A bucket holds `burst` messages at most, and gets `per_s` more each second. It is counted in billionths of a message, so
that it is exact to the nanosecond in integers. Cancels are free. What comes over the limit is refused, and the session
goes on; a session that has been refused very often of late is read no further for a moment, so that its refusals cost
the others, and the journal, no more than a bounded share. TCP tells the client to wait.

A session that wants to be warned is told once when a bucket is down to a fifth, and again only after it was half full.
"""

from typing import Final

from engine.profile import Throttle
from fixgw.codec import Message
from fixgw.session import Answer
from fixgw.support import LIST, LIST_COUNT_TAG

WARNED_AT: Final = 5
"""A warning comes when no more than one part in so many is left."""
REFUSALS_PER_S: Final = 1_000
REFUSALS_BURST: Final = 100
"""More refusals than these make a session wait."""
_MESSAGE: Final = 1_000_000_000
"""One message, as buckets count."""
_ORDERS: Final = frozenset(("D", "G", LIST))
_FREE: Final = frozenset(("F", "q", "K"))
_LISTED: Final = {"2": 2, "3": 3}
"""How many orders a list can have."""


class Bucket:
    """So many messages at once, so many a second; `per_s` 0 for any number. Begins full."""

    __slots__ = ("_is_warned", "_level", "_time_ns", "burst", "per_s")

    def __init__(self, per_s: int, burst: int, time_ns: int) -> None:
        self.per_s = per_s
        self.burst = burst
        self._level = burst * _MESSAGE
        self._time_ns = time_ns
        self._is_warned = False

    def take(self, count: int, time_ns: int) -> bool:
        """Take `count` messages out, if they are there; more than the bucket holds are taken when it is full."""
        if not self.per_s:
            return True
        self._fill(time_ns)
        if self._level < min(count, self.burst) * _MESSAGE:
            return False
        self._level -= count * _MESSAGE
        return True

    def left(self, time_ns: int) -> int:
        """Return how many messages there are."""
        self._fill(time_ns)
        return max(0, self._level // _MESSAGE)

    def is_running_low(self, time_ns: int) -> bool:
        """Tell whether to warn of it: it is nearly empty, and was half full since that was told last."""
        if not self.per_s:
            return False
        self._fill(time_ns)
        full = self.burst * _MESSAGE
        if self._level * 2 >= full:
            self._is_warned = False
        is_new = not self._is_warned and self._level * WARNED_AT <= full
        self._is_warned = self._is_warned or is_new
        return is_new

    def _fill(self, time_ns: int) -> None:
        self._level = min(self.burst * _MESSAGE, self._level + (time_ns - self._time_ns) * self.per_s)
        self._time_ns = time_ns


def limits_text(limits: Throttle, orders_left: int, queries_left: int) -> str:
    """Return limits, and what is left, as a UserResponse has them."""
    orders = _limit_text(limits.orders_per_s, limits.orders_burst, orders_left)
    return f"orders: {orders}; queries: {_limit_text(limits.queries_per_s, limits.queries_burst, queries_left)}"


def _limit_text(per_s: int, burst: int, left: int) -> str:
    return f"{per_s}/s, at most {burst} at once, {left} left now" if per_s else "no limit"


class SessionThrottle:
    """One session's buckets. They outlive its connections: to log on again fills none."""

    __slots__ = ("_refusals", "limits", "orders", "queries")

    def __init__(self, limits: Throttle, time_ns: int) -> None:
        self.limits = limits
        self.orders = Bucket(limits.orders_per_s, limits.orders_burst, time_ns)
        self.queries = Bucket(limits.queries_per_s, limits.queries_burst, time_ns)
        self._refusals = Bucket(REFUSALS_PER_S, REFUSALS_BURST, time_ns)

    def excess(self, message: Message, time_ns: int) -> str:
        """Return the limit that a message is over, as a text; nothing if it is within it."""
        msg_type = message.msg_type
        if msg_type in _FREE:
            return ""
        if msg_type in _ORDERS:
            bucket, what = self.orders, "orders"
            count = _LISTED.get(message.fields.get(LIST_COUNT_TAG, ""), 1) if msg_type == LIST else 1
        else:
            bucket, what, count = self.queries, "queries", 1
        return "" if bucket.take(count, time_ns) else f"{bucket.per_s} {what}/s, at most {bucket.burst} at once"

    def warning(self, time_ns: int) -> Answer | None:
        """Return a News that a bucket is running low, if the session is to be told so now."""
        orders, queries = self.orders, self.queries
        is_low = orders.is_running_low(time_ns)
        if not (queries.is_running_low(time_ns) or is_low):
            return None
        text = limits_text(self.limits, orders.left(time_ns), queries.left(time_ns))
        return "B", f"148=limits are near\x0133=1\x0158={text}\x01"

    def may_be_refused(self, time_ns: int) -> bool:
        """Count a refusal, and tell whether the session may send more at once."""
        return self._refusals.take(1, time_ns)
