"""What must hold of the orders that wait for a price."""

from collections.abc import Iterator

from engine.book import Book
from engine.heap import Node
from engine.order import Order
from engine.phases import PHASES
from engine.trailing import Trail, distance
from engine.triggers import Watch, is_reached, rises, terms_of
from engine.values import CONTINUOUS, OrderType


def check_triggers(book: Book) -> list[Order]:
    """Return the orders of a book that wait for a price or for their turn, having checked that they wait rightly."""
    triggers = book.triggers
    orders = [
        *check_watch(triggers.last, book.last_price),
        *check_watch(triggers.index, book.index_price),
        *triggers.triggered.values(),
    ]
    assert all(order_id == order.order_id for order_id, order in triggers.triggered.items())
    assert all(order.instrument is book.instrument and order.cum_qty == 0 for order in orders)
    assert not triggers.triggered or book.phase is not CONTINUOUS
    assert book.watchers == len(orders) + len(book.pegs or ()) + PHASES[book.phase].is_auction
    return orders


def check_watch(watch: Watch, price: int) -> list[Order]:
    fixed = [*watch._rising.values(), *watch._falling.values()]
    for sign, waiting in ((1, watch._rising), (-1, watch._falling)):
        for (level, order_id), order in waiting.items():
            terms = terms_of(order)
            assert (level, order_id) == (sign * terms.stop_price, order.order_id)
            assert order.order_type is not OrderType.TRAILING_STOP
            assert rises(order.side, order.order_type) is (sign == 1)
            assert not price or not is_reached(order.side, order.order_type, terms.stop_price, price)
    return [*fixed, *check_trail(watch.buying, price), *check_trail(watch.selling, price)]


def check_trail(trail: Trail, price: int) -> list[Order]:
    groups = list(trail._groups.values())
    assert [group.first_entry for group in groups] == list(trail._groups)
    marks = [group.mark for group in groups]
    assert marks == sorted(set(marks), reverse=True)
    assert not groups or marks[-1] >= price * trail.sign
    assert sorted(trail._by_stop) == sorted((-group.stop, group.first_entry) for group in groups)
    orders = []
    for group in groups:
        nodes = [*_nodes(group.in_ticks), *_nodes(group.in_basis_points)]
        stops = [group.mark - distance(node.terms, group.mark * trail.sign) for node in nodes]
        assert group.stop == max(stops) < price * trail.sign
        for node in nodes:
            assert trail._group(node) is group
            assert trail._nodes[node.order.order_id] is node
            asked = terms_of(node.order)
            assert (asked.offset, asked.offset_unit) == (node.terms.offset, node.terms.offset_unit)
            assert asked.stop_price == 0
            orders.append(node.order)
    assert len(orders) == len(trail)
    return orders


def _nodes(root: Node | None) -> Iterator[Node]:
    """Yield what is in a heap, having checked that it is one."""
    assert root is None or (root.before is None and root.sibling is None)
    stack = [] if root is None else [root]
    while stack:
        node = stack.pop()
        yield node
        before, child = node, node.child
        while child is not None:
            assert child.before is before
            assert child.key >= node.key
            stack.append(child)
            before, child = child, child.sibling
