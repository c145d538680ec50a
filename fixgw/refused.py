"""The log of connections that came to nothing: probes, strangers, wrong credentials. A flood of them is a few lines.

The first of a kind is logged at once; those that follow within `EVERY_NS` are counted, and told of by one line after
that. A kind is a reason and a session that exists, so that what is held is bounded by what the venue knows.
"""

from typing import Final

import structlog

EVERY_NS: Final = 10_000_000_000
KINDS_MAX: Final = 10_000

_log = structlog.get_logger("fix")


class RefusedLog:
    """Logs what was refused, and how often. Time is passed in, nanoseconds of a clock that never jumps."""

    __slots__ = ("_kinds",)

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str, str], tuple[int, int, str]] = {}
        """When a kind was logged last, how many have come since, and from where the last of them."""

    def note(self, event: str, peer: str, reason: str, now_ns: int, session: str = "") -> None:
        """Log, or count, something that was refused. `session` is that of the venue that it named, if any."""
        kind = (event, reason, session)
        known = self._kinds.get(kind)
        if known is not None:
            logged_ns, count, _ = known
            self._kinds[kind] = (logged_ns, count + 1, peer)
        elif len(self._kinds) < KINDS_MAX:
            self._kinds[kind] = (now_ns, 0, peer)
            _write(kind, peer, 1)

    def flush(self, now_ns: int) -> None:
        """Log how many have come of each kind that was logged long enough ago."""
        for kind, (logged_ns, count, peer) in list(self._kinds.items()):
            if now_ns - logged_ns < EVERY_NS:
                continue
            if count:
                _write(kind, peer, count)
                self._kinds[kind] = (now_ns, 0, peer)
            else:
                del self._kinds[kind]


def _write(kind: tuple[str, str, str], peer: str, count: int) -> None:
    event, reason, session = kind
    more = ({"session": session} if session else {}) | ({"count": count} if count > 1 else {})
    _log.warning(event, peer=peer, reason=reason, **more)
