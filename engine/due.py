"""Orders that the clock will act upon: which is next, and when.

An order comes, goes and is found in logarithmic time, so that orders cancelled long before their time leave nothing.
"""

from typing import Final

from sortedcontainers import SortedDict

from engine.order import Order

NEVER: Final = 2**63 - 1
"""A time that does not come: nanoseconds since the epoch, in the year 2262."""


class Due:
    """Open orders by the time at which something happens to them; `next_ns` is the earliest, or `NEVER`."""

    __slots__ = ("_orders", "next_ns")

    def __init__(self) -> None:
        self._orders: SortedDict[tuple[int, int], Order] = SortedDict()
        """By time and OrderID."""
        self.next_ns = NEVER

    def __len__(self) -> int:
        return len(self._orders)

    def add(self, order: Order, time_ns: int) -> None:
        """Note that an order, which must not be due otherwise, is due at a time."""
        assert not order.due_ns, "an order is due once"
        order.due_ns = time_ns
        self._orders[time_ns, order.order_id] = order
        self.next_ns = min(self.next_ns, time_ns)

    def remove(self, order: Order) -> None:
        """Forget an order; also one that is not due."""
        if not order.due_ns:
            return
        del self._orders[order.due_ns, order.order_id]
        order.due_ns = 0
        self.next_ns = self._orders.peekitem(0)[0][0] if self._orders else NEVER

    def first(self) -> Order:
        """Return the order that is due next; there must be one."""
        return self._orders.peekitem(0)[1]
