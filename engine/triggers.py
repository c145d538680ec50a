"""Orders of one book that wait for a price: which of them a price reaches, and in which order.

An order is triggered by a price at or beyond its StopPx: as the price rises, a stop that buys and a take-profit that
sells; as it falls, the others. Fixed ones are in sorted maps, so that each comes, goes and is found in logarithmic
time; trailing ones are in `engine.trailing`. A price triggers its orders in the order in which they were reached on the
way: by StopPx, then by OrderID. What is triggered is no longer dependent on the price: it waits for its turn to act.
"""

from collections import OrderedDict
from typing import Final

from msgspec.structs import replace
from sortedcontainers import SortedDict

from engine.order import Order
from engine.terms import Terms
from engine.trailing import Trail
from engine.values import BUY, SELL, OrderType, Price, Side, TriggerSource

TRIGGERED_TYPES: Final = frozenset(
    (
        OrderType.STOP,
        OrderType.STOP_LIMIT,
        OrderType.TAKE_PROFIT,
        OrderType.TAKE_PROFIT_LIMIT,
        OrderType.TRAILING_STOP,
    )
)
"""The types of order that wait for a price."""
LIMITED_TYPES: Final = frozenset((OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT))
"""Those of them that have a price of their own."""
UNLIMITED_TYPES: Final = frozenset((OrderType.STOP, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP))
"""Those of them that trade at once when they are triggered, within the stop protection, and never rest."""
_TAKE_PROFITS: Final = frozenset((OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT))


def rises(side: Side, order_type: OrderType) -> bool:
    """Tell whether it takes a rising price to trigger an order."""
    return (side is BUY) != (order_type in _TAKE_PROFITS)


def is_reached(side: Side, order_type: OrderType, stop_price: Price, price: Price) -> bool:
    """Tell whether a price triggers an order."""
    return price >= stop_price if rises(side, order_type) else price <= stop_price


class Watch:
    """The orders that wait for one price: the last trade's, or the index. Promises: the present one triggers none."""

    __slots__ = ("_falling", "_rising", "buying", "selling")

    def __init__(self) -> None:
        self._rising: SortedDict[tuple[int, int], Order] = SortedDict()
        """By StopPx and OrderID."""
        self._falling: SortedDict[tuple[int, int], Order] = SortedDict()
        """By minus StopPx, and OrderID."""
        self.buying = Trail(BUY)
        self.selling = Trail(SELL)

    def __len__(self) -> int:
        return len(self._rising) + len(self._falling) + len(self.buying) + len(self.selling)

    def add(self, order: Order, terms: Terms, mark: Price) -> None:
        """Let an order wait; a trailing one from `mark` on."""
        if order.order_type is OrderType.TRAILING_STOP:
            self.trail(order).add(order, terms, mark)
        elif rises(order.side, order.order_type):
            self._rising[terms.stop_price, order.order_id] = order
        else:
            self._falling[-terms.stop_price, order.order_id] = order

    def remove(self, order: Order, terms: Terms) -> None:
        """Forget an order, which has these terms."""
        if order.order_type is OrderType.TRAILING_STOP:
            self.trail(order).remove(order)
        elif rises(order.side, order.order_type):
            del self._rising[terms.stop_price, order.order_id]
        else:
            del self._falling[-terms.stop_price, order.order_id]

    def trail(self, order: Order) -> Trail:
        """Return where an order of its side trails."""
        return self.buying if order.side is BUY else self.selling

    def move(self, price: Price) -> list[tuple[int, int, Order]]:
        """Take notice of a price. Return what it triggers, in order, and forget that.

        Each comes with its StopPx (minus it, if it takes a falling price to trigger it) and its OrderID.
        """
        reached: list[tuple[int, int, Order]] = []
        _reach(self._rising, price, reached)
        _reach(self._falling, -price, reached)
        self.buying.move(price, reached)
        self.selling.move(price, reached)
        if len(reached) > 1:
            reached.sort(key=_first_reached)
        return reached


class Triggers:
    """All orders of a book that wait for a price, and those that have been triggered and wait for their turn."""

    __slots__ = ("index", "last", "triggered")

    def __init__(self) -> None:
        self.last = Watch()
        self.index = Watch()
        self.triggered: OrderedDict[int, Order] = OrderedDict()
        """By OrderID, first the one to act first."""

    def add(self, order: Order, mark: Price) -> None:
        """Let an order wait for its price; a trailing one from `mark` on."""
        terms = terms_of(order)
        self._watch(terms).add(order, terms, mark)

    def remove(self, order: Order) -> None:
        """Forget an order, which waits for its price or for its turn."""
        if order.order_id in self.triggered:
            del self.triggered[order.order_id]
        else:
            terms = terms_of(order)
            self._watch(terms).remove(order, terms)

    def change(self, order: Order, terms: Terms) -> None:
        """Let a trailing order go on with other terms, and keep its mark."""
        self._watch(terms).trail(order).change(order, terms)

    def trail(self, order: Order) -> Trail | None:
        """Return where a trailing order that waits for its price trails, None for any other order."""
        trail = self._watch(terms_of(order)).trail(order)
        return trail if order in trail else None

    def shown_terms(self, order: Order) -> Terms:
        """Return the terms of an order that waits: a trailing one's with the StopPx that it has now."""
        trail = self.trail(order)
        terms = terms_of(order)
        return terms if trail is None else replace(terms, stop_price=trail.stop_price(order))

    def on_last(self, price: Price) -> None:
        """Take notice of the price of a trade."""
        self._trigger(self.last.move(price))

    def on_index(self, price: Price) -> None:
        """Take notice of an index price."""
        self._trigger(self.index.move(price))

    def _trigger(self, reached: list[tuple[int, int, Order]]) -> None:
        for level, order_id, order in reached:
            if order.order_type is OrderType.TRAILING_STOP:
                order.terms = replace(terms_of(order), stop_price=abs(level))
            self.triggered[order_id] = order

    def _watch(self, terms: Terms) -> Watch:
        return self.index if terms.trigger is TriggerSource.INDEX else self.last


def terms_of(order: Order) -> Terms:
    """Return the terms of an order that waits for a price."""
    terms = order.terms
    assert terms is not None, "what waits for a price has terms"
    return terms


def _reach(waiting: "SortedDict[tuple[int, int], Order]", level: int, reached: list[tuple[int, int, Order]]) -> None:
    """Take out the orders up to `level`."""
    while waiting:
        (stop, order_id), order = waiting.peekitem(0)
        if stop > level:
            return
        waiting.popitem(0)
        reached.append((stop, order_id, order))


def _first_reached(entry: tuple[int, int, Order]) -> tuple[int, int]:
    return entry[0], entry[1]
