"""Lock-out: how often a Logon may fail before the next one is not even looked at, and for how long it is not.

An attempt counts as failed from the moment it begins, and is forgiven when it succeeds, so that a thousand at once are
no way round the count. Tables hold the failures in a row:

    session and address    from `after` on, 1 s, twice as long after each further one, up to 15 minutes
    address                from 10 × `after` on, the same: who tries one session after another; names that are of no
                           session are counted apart, and lock out nothing but more of them
    session                from 10 × `after` on, up to 60 s: who tries one session from many addresses

From an address where a session has logged on since the start, only the first of them applies: nobody elsewhere, and no
neighbour with a wrong password, can lock a broker out of where it works from. An IPv6 address stands for its /64; where
no address is known, only the last of them applies. What is remembered is bounded: the address that was heard of longest
ago is forgotten first, and all failures after an hour.

Time is passed in, in nanoseconds of a clock that never jumps.
"""

from collections import OrderedDict
from typing import Final, Generic, TypeVar

SECOND_NS: Final = 1_000_000_000
FIRST_LOCK_NS: Final = SECOND_NS
LOCK_NS_MAX: Final = 900 * SECOND_NS
SESSION_LOCK_NS_MAX: Final = 60 * SECOND_NS
"""Short, as it meets who has not done anything too: a broker that comes from a new address."""
FORGOTTEN_AFTER_NS: Final = 3_600 * SECOND_NS
ENTRIES_MAX: Final = 10_000
MANY_TIMES: Final = 10
_DOUBLINGS_MAX: Final = 20

Key = TypeVar("Key")


class Failures(Generic[Key]):
    """Failures in a row by key, and until when each key is locked."""

    __slots__ = ("_after", "_entries", "_entries_max", "_lock_ns_max")

    def __init__(self, after: int, lock_ns_max: int, entries_max: int = ENTRIES_MAX) -> None:
        """`after`: how many failures lock."""
        self._after = after
        self._lock_ns_max = lock_ns_max
        self._entries_max = entries_max
        self._entries: OrderedDict[Key, tuple[int, int, int]] = OrderedDict()
        """Failures, until when locked, when last counted; the key counted last is the last."""

    def __len__(self) -> int:
        return len(self._entries)

    def is_locked(self, key: Key, now_ns: int) -> bool:
        """Tell whether an attempt would have to wait."""
        entry = self._entries.get(key)
        return entry is not None and now_ns < entry[1]

    def count(self, key: Key, now_ns: int) -> None:
        """Count an attempt as failed."""
        failures, _, last_ns = self._entries.pop(key, (0, 0, now_ns))
        failures = 1 if now_ns - last_ns > FORGOTTEN_AFTER_NS else failures + 1
        self._entries[key] = (failures, now_ns + self._lock_ns(failures), now_ns)
        if len(self._entries) > self._entries_max:
            self._entries.popitem(last=False)

    def forgive(self, key: Key) -> None:
        """Take one failure back."""
        entry = self._entries.get(key)
        if entry is not None:
            failures, locked_until_ns, last_ns = entry
            self._entries[key] = (failures - 1, locked_until_ns if failures > self._after else 0, last_ns)
            if failures == 1:
                del self._entries[key]

    def clear(self, key: Key) -> None:
        """Forget all failures."""
        self._entries.pop(key, None)

    def known(self) -> list[Key]:
        """Return what there are failures of."""
        return list(self._entries)

    def _lock_ns(self, failures: int) -> int:
        if failures < self._after:
            return 0
        return min(FIRST_LOCK_NS << min(failures - self._after, _DOUBLINGS_MAX), self._lock_ns_max)


class Lockout:
    """Which attempts to log on are looked at."""

    __slots__ = ("_addresses", "_at_home", "_no_sessions", "_pairs", "_sessions")

    def __init__(self, after: int) -> None:
        self._pairs: Failures[tuple[str, str]] = Failures(after, LOCK_NS_MAX)
        self._addresses: Failures[str] = Failures(after * MANY_TIMES, LOCK_NS_MAX)
        self._no_sessions: Failures[str] = Failures(after * MANY_TIMES, LOCK_NS_MAX)
        """By address."""
        self._sessions: Failures[str] = Failures(after * MANY_TIMES, SESSION_LOCK_NS_MAX)
        self._at_home: OrderedDict[tuple[str, str], None] = OrderedDict()
        """From where sessions have logged on."""

    def admits(self, session: str, address: str, now_ns: int) -> bool:
        """Tell whether an attempt may be looked at, and count it as failed until it is known to have succeeded.

        `session` is empty if there is none of that name, `address` if it is not known.
        """
        if not session:
            return _admits(self._no_sessions, address, now_ns)
        if not address:
            return _admits(self._sessions, session, now_ns)
        pair = (session, address)
        if self._pairs.is_locked(pair, now_ns):
            return False
        if pair not in self._at_home:
            if self._addresses.is_locked(address, now_ns) or self._sessions.is_locked(session, now_ns):
                return False
            self._addresses.count(address, now_ns)
            self._sessions.count(session, now_ns)
        self._pairs.count(pair, now_ns)
        return True

    def succeeded(self, session: str, address: str) -> None:
        """Note that an attempt was admitted, and right."""
        pair = (session, address)
        self._pairs.clear(pair)
        if not address:
            self._sessions.clear(session)
        elif pair not in self._at_home:
            self._addresses.forgive(address)
            self._sessions.forgive(session)
            self._at_home[pair] = None
            if len(self._at_home) > ENTRIES_MAX:
                self._at_home.popitem(last=False)
        else:
            self._at_home.move_to_end(pair)

    def lift(self, session: str) -> None:
        """Let a session try again at once: staff have given it other credentials."""
        self._sessions.clear(session)
        for pair in self._pairs.known():
            if pair[0] == session:
                self._pairs.clear(pair)


def _admits(failures: Failures[str], key: str, now_ns: int) -> bool:
    if failures.is_locked(key, now_ns):
        return False
    failures.count(key, now_ns)
    return True
