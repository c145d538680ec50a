"""Pairing heaps of trailing orders: they meld in constant time; orders leave from anywhere in O(log n), amortised.

A heap is its root, the node with the smallest key, or None. Source: Fredman, Sedgewick, Sleator, Tarjan, "The pairing
heap: a new form of self-adjusting heap", Algorithmica 1 (1986).
"""

from engine.order import Order
from engine.terms import Terms


class Node:
    """An order in a heap, by the offset of its terms. `entry` is for whoever keeps the heap."""

    __slots__ = ("before", "child", "entry", "key", "order", "sibling", "terms")

    def __init__(self, order: Order, terms: Terms, entry: int) -> None:
        self.order = order
        self.terms = terms
        self.key = terms.offset
        self.entry = entry
        self.child: Node | None = None
        self.sibling: Node | None = None
        self.before: Node | None = None
        """The sibling before it, or for a first child its parent; None for a root."""


def meld(one: Node | None, other: Node | None) -> Node | None:
    """Return the heap of all that is in two heaps."""
    if one is None:
        return other
    if other is None:
        return one
    return _link(one, other)


def without(root: Node, node: Node) -> Node | None:
    """Return the heap `root` without one of its nodes."""
    child, before, sibling = node.child, node.before, node.sibling
    node.child = node.before = node.sibling = None
    rest = _meld_siblings(child)
    if before is None:
        assert node is root, "a node that is not in another heap"
        return rest
    if before.child is node:
        before.child = sibling
    else:
        before.sibling = sibling
    if sibling is not None:
        sibling.before = before
    return meld(root, rest)


def _link(one: Node, other: Node) -> Node:
    """Make the root with the larger key the other's first child, and return the other."""
    if other.key < one.key:
        one, other = other, one
    first = one.child
    other.sibling = first
    if first is not None:
        first.before = other
    other.before = one
    one.child = other
    return one


def _meld_siblings(first: Node | None) -> Node | None:
    """Return the heap of a row of siblings whose parent is gone: melded by pairs, then from the last to the first."""
    pairs: list[Node] = []
    node = first
    while node is not None:
        other = node.sibling
        node.before = node.sibling = None
        if other is None:
            pairs.append(node)
            break
        following = other.sibling
        other.before = other.sibling = None
        pairs.append(_link(node, other))
        node = following
    root: Node | None = None
    while pairs:
        root = meld(root, pairs.pop())
    return root
