"""Keeps a new connection of QuickFIX's apart from one that is just ending: both could have the same descriptor.

QuickFIX closes a connection's socket and looks at the descriptor once more, on the connection's thread, before that
thread ends. If the system has given its number to a connection that came meanwhile, it takes the newcomer's first bytes
away. So while a connection ends no other is let in, which the acceptor's thread waits for when it tells us of one; and
none ends while that thread is on its way back to where it waits for the next, as that is when it is given the number.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

ENDS_WITHIN_S: Final = 2.0
"""How long a newcomer waits at the most."""
_BACK_WITHIN_S: Final = 0.02
"""How long the acceptor's thread may take to wait for the next connection."""
_STRANGER_ENDS_WITHIN_S: Final = 0.02
"""How long one of no session may take, of whose end nobody tells."""
_POLL_S: Final = 0.001


class Endings:
    """The connections that are ending. Called on QuickFIX's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._remains: dict[str, Callable[[], bool]] = {}
        self._let_in_s = float("-inf")
        """When, on the monotonic clock, a connection was last let in."""
        self._stranger_s = float("-inf")
        """When one of no session was last turned away."""

    def begin(self, comp_id: str, remains: Callable[[], bool]) -> None:
        """Note that the connection of a session is about to be closed; `remains` tells whether it has a thread yet."""
        with self._lock:
            self._remains[comp_id] = remains
        self._wait_for_acceptor()

    def begin_stranger(self) -> None:
        """Note the same of a connection of no session."""
        self._stranger_s = float("inf")
        self._wait_for_acceptor()
        self._stranger_s = time.monotonic()

    def let_in(self) -> None:
        """Return when a new connection may begin."""
        deadline_s = time.monotonic() + ENDS_WITHIN_S
        while not self._may_come(deadline_s):
            time.sleep(_POLL_S)

    def _may_come(self, deadline_s: float) -> bool:
        with self._lock:
            now_s = time.monotonic()
            self._remains = {comp_id: remains for comp_id, remains in self._remains.items() if remains()}
            nobody_ends = not self._remains and now_s >= self._stranger_s + _STRANGER_ENDS_WITHIN_S
            if nobody_ends or now_s >= deadline_s:
                self._let_in_s = now_s
                return True
            return False

    def _wait_for_acceptor(self) -> None:
        while (wait_s := self._let_in_s + _BACK_WITHIN_S - time.monotonic()) > 0:
            time.sleep(wait_s)
