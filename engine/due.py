"""What the clock will act upon: which is next, and when.

An order, a session or whatever else has a time comes, goes and is found in logarithmic time, so that orders cancelled
long before their time leave nothing.
"""

from typing import Final

from sortedcontainers import SortedDict

NEVER: Final = 2**63 - 1
"""A time that does not come: nanoseconds since the epoch, in the year 2262."""

DueKey = tuple[int, int, str]
"""What is due first among all that is due at one time: kind, number, name."""


class Timed:
    """Something that the clock may act upon, once at a time."""

    __slots__ = ("due_ns",)

    due_ns: int
    """When the clock acts upon it next, nanoseconds since the epoch, 0 if it does not; kept by `Due`."""

    def due_key(self) -> DueKey:
        """Return what tells it from all else that is due, and orders it among what is due at the same time."""
        raise NotImplementedError


class Due:
    """All that has a time, by that time; `next_ns` is the earliest, or `NEVER`."""

    __slots__ = ("_items", "next_ns")

    def __init__(self) -> None:
        self._items: SortedDict[tuple[int, DueKey], Timed] = SortedDict()
        self.next_ns = NEVER

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: Timed, time_ns: int) -> None:
        """Note that something, which must not be due otherwise, is due at a time."""
        assert not item.due_ns, "a thing is due once"
        item.due_ns = time_ns
        self._items[time_ns, item.due_key()] = item
        self.next_ns = min(self.next_ns, time_ns)

    def remove(self, item: Timed) -> None:
        """Forget something; also what is not due."""
        if not item.due_ns:
            return
        del self._items[item.due_ns, item.due_key()]
        item.due_ns = 0
        self.next_ns = self._items.peekitem(0)[0][0] if self._items else NEVER

    def first(self) -> Timed:
        """Return what is due next; there must be something."""
        return self._items.peekitem(0)[1]

    def items(self) -> list[Timed]:
        """Return all that is due at some time, the next first."""
        return list(self._items.values())
