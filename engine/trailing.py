"""Trailing stops: each follows the best price since its entry, at a distance, and none costs anything as it follows.

What an order needs of the past is its mark: for a sale the highest price since the order came, for a purchase the
lowest. Prices are held as levels, with the sign that makes a mark a maximum: the price for a sale, minus the price for
a purchase. Orders that came earlier have a mark at least as high, so orders of equal mark came one after another: they
are a group, found by bisection. When the price rises above the marks of the latest groups, these become one group with
that mark. Each group is melded into another once at most, so that a price costs O(log n) amortised, whatever follows
it.

Within a group the nearest order is reached first: a heap for those that keep a number of ticks, another for those that
keep basis points. Groups are ordered by their nearest order's stop, the level at which it is triggered.
"""

from typing import Final

from sortedcontainers import SortedDict

from engine.heap import Node, meld, without
from engine.order import Order
from engine.terms import Terms
from engine.values import SELL, OffsetUnit, Price, Side

_ONE: Final = 10_000
"""Basis points of one."""


def distance(terms: Terms, mark: Price) -> int:
    """Return how many ticks a trailing order with these terms keeps from its mark: at least one."""
    if terms.offset_unit is OffsetUnit.BASIS_POINTS:
        return max(1, mark * terms.offset // _ONE)
    return terms.offset


class Group:
    """Trailing orders with the same mark. Promises: not empty; `stop` is the highest of its orders' levels."""

    __slots__ = ("first_entry", "in_basis_points", "in_ticks", "mark", "stop")

    def __init__(self, first_entry: int, mark: int) -> None:
        self.first_entry = first_entry
        self.mark = mark
        self.stop = 0
        self.in_ticks: Node | None = None
        self.in_basis_points: Node | None = None


class Trail:
    """The trailing orders of one side of a book, for one source of prices.

    Promises: marks fall strictly from one group to the next, and the last is not below the present price's level.
    """

    __slots__ = ("_by_stop", "_groups", "_last_entry", "_nodes", "sign")

    def __init__(self, side: Side) -> None:
        self.sign = 1 if side is SELL else -1
        self._groups: SortedDict[int, Group] = SortedDict()
        """By the number of their first entry."""
        self._by_stop: SortedDict[tuple[int, int], Group] = SortedDict()
        """The same, by minus their stop, and first entry."""
        self._nodes: dict[int, Node] = {}
        """By OrderID."""
        self._last_entry = 0

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, order: Order) -> bool:
        return order.order_id in self._nodes

    def add(self, order: Order, terms: Terms, price: Price) -> None:
        """Let an order with these terms follow the price, which is its mark and not above the other orders'."""
        level = price * self.sign
        self._last_entry = entry = self._last_entry + 1
        group = self._groups.peekitem(-1)[1] if self._groups else None
        if group is None or group.mark != level:
            assert group is None or group.mark > level, "marks fall from one group to the next"
            group = self._groups[entry] = Group(entry, level)
        else:
            del self._by_stop[-group.stop, group.first_entry]
        self._join(group, Node(order, terms, entry))
        self._place(group)

    def remove(self, order: Order) -> None:
        """Forget an order."""
        node = self._nodes.pop(order.order_id)
        group = self._group(node)
        del self._by_stop[-group.stop, group.first_entry]
        self._leave(group, node)
        self._place(group)

    def change(self, order: Order, terms: Terms) -> None:
        """Give an order other terms; its mark stays."""
        node = self._nodes.pop(order.order_id)
        group = self._group(node)
        del self._by_stop[-group.stop, group.first_entry]
        self._leave(group, node)
        self._join(group, Node(order, terms, group.first_entry))
        self._place(group)

    def mark(self, order: Order) -> Price:
        """Return the best price since an order came."""
        return self._group(self._nodes[order.order_id]).mark * self.sign

    def stop_price(self, order: Order) -> Price:
        """Return the price at which an order would be triggered now."""
        node = self._nodes[order.order_id]
        mark = self._group(node).mark * self.sign
        return mark - distance(node.terms, mark) * self.sign

    def move(self, price: Price, reached: list[tuple[int, int, Order]]) -> None:
        """Take notice of a price. Append what it triggers, with minus the level and the OrderID, and forget that."""
        level = price * self.sign
        groups, by_stop = self._groups, self._by_stop
        if not groups:
            return
        if groups.peekitem(-1)[1].mark < level:
            self._raise_marks(level)
            return
        while by_stop:
            _, group = by_stop.peekitem(0)
            if group.stop < level:
                return
            by_stop.popitem(0)
            for node in self._nearest(group):
                stop = group.mark - distance(node.terms, group.mark * self.sign)
                if stop >= level:
                    self._leave(group, node)
                    del self._nodes[node.order.order_id]
                    reached.append((-stop, node.order.order_id, node.order))
            self._place(group)

    def _raise_marks(self, level: int) -> None:
        """Make one group of all whose mark is not above `level`, with that mark."""
        groups = self._groups
        in_ticks: Node | None = None
        in_basis_points: Node | None = None
        first_entry = 0
        while groups and groups.peekitem(-1)[1].mark <= level:
            first_entry, group = groups.popitem()
            del self._by_stop[-group.stop, first_entry]
            in_ticks = meld(in_ticks, group.in_ticks)
            in_basis_points = meld(in_basis_points, group.in_basis_points)
        merged = groups[first_entry] = Group(first_entry, level)
        merged.in_ticks, merged.in_basis_points = in_ticks, in_basis_points
        self._place(merged)

    def _group(self, node: Node) -> Group:
        """Return the group of a node: the last that began with it or before it."""
        groups = self._groups
        return groups.peekitem(groups.bisect_right(node.entry) - 1)[1]

    def _join(self, group: Group, node: Node) -> None:
        self._nodes[node.order.order_id] = node
        if node.terms.offset_unit is OffsetUnit.BASIS_POINTS:
            group.in_basis_points = meld(group.in_basis_points, node)
        else:
            group.in_ticks = meld(group.in_ticks, node)

    @staticmethod
    def _leave(group: Group, node: Node) -> None:
        if node.terms.offset_unit is OffsetUnit.BASIS_POINTS:
            assert group.in_basis_points is not None, "a node is in its group's heap"
            group.in_basis_points = without(group.in_basis_points, node)
        else:
            assert group.in_ticks is not None, "a node is in its group's heap"
            group.in_ticks = without(group.in_ticks, node)

    @staticmethod
    def _nearest(group: Group) -> list[Node]:
        """Return the nearest order of each unit."""
        return [node for node in (group.in_ticks, group.in_basis_points) if node is not None]

    def _place(self, group: Group) -> None:
        """Order a group, which is not among those by stop, by its nearest order's stop; drop it if it is empty."""
        nearest = self._nearest(group)
        if not nearest:
            del self._groups[group.first_entry]
            return
        mark = group.mark * self.sign
        group.stop = group.mark - min(distance(node.terms, mark) for node in nearest)
        self._by_stop[-group.stop, group.first_entry] = group
