"""The order book of one instrument: two sides of price levels, each level a queue.

Resting and removing an order take constant time on an existing level; a level comes and goes in logarithmic time.
"""

from collections.abc import Iterator

from sortedcontainers import SortedList

from engine.day_statistics import DayStatistics
from engine.iceberg import next_part
from engine.instrument import Instrument
from engine.order import Order
from engine.pegs import Pegs
from engine.rules import NO_RULES, Rules
from engine.terms import Terms
from engine.timetable import Timetable
from engine.triggers import Triggers
from engine.values import AMOUNT_MAX, BUY, CONTINUOUS, NOWHERE, ON_BOOK, SELL, OffsetUnit, Phase, Price, Qty, Side


class Level:
    """All resting orders at one price, oldest first.

    `key` is the price with the sign of its side: the smaller, the better for who trades against it.
    Promises: `total_qty` is the sum of the orders' leaves quantities, `hidden_qty` of what of them icebergs do not
    display; an order is on one level only.
    """

    __slots__ = ("head", "hidden_qty", "key", "order_count", "price", "tail", "total_qty")

    def __init__(self, price: Price, key: int) -> None:
        self.price = price
        self.key = key
        self.total_qty: Qty = 0
        self.hidden_qty: Qty = 0
        self.order_count = 0
        self.head: Order | None = None
        self.tail: Order | None = None

    @property
    def displayed_qty(self) -> Qty:
        """What the market sees."""
        return self.total_qty - self.hidden_qty

    def __iter__(self) -> Iterator[Order]:
        """Yield the orders, oldest first."""
        order = self.head
        while order is not None:
            yield order
            order = order.behind


class BookSide:
    """The levels of one side, best first. `sign` makes the best price the smallest key on either side."""

    __slots__ = ("best", "keys", "levels", "side", "sign")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.sign = 1 if side is SELL else -1
        self.levels: dict[Price, Level] = {}
        self.keys: SortedList[int] = SortedList()
        self.best: Level | None = None

    def __iter__(self) -> Iterator[Level]:
        """Yield the levels, best first."""
        for key in self.keys:
            yield self.levels[key * self.sign]

    def rest(self, order: Order) -> None:
        """Queue an order behind all others at its price; of an iceberg the first part shows."""
        price = order.price
        level = self.levels.get(price)
        if level is None:
            key = price * self.sign
            level = self.levels[price] = Level(price, key)
            self.keys.add(key)
            if self.best is None or key < self.best.key:
                self.best = level
        tail = level.tail
        if tail is None:
            level.head = order
        else:
            tail.behind = order
            order.ahead = tail
        level.tail = order
        level.order_count += 1
        level.total_qty += order.leaves_qty
        order.place = ON_BOOK
        terms = order.terms
        if terms is not None and terms.display_qty:
            self.show(order, terms.display_qty)

    def put_back(self, order: Order) -> None:
        """Queue an order ahead of all others at its price, as one that has been taken from there and not filled."""
        self.rest(order)
        level = self.levels[order.price]
        head, ahead = level.head, order.ahead
        if ahead is None or head is None:
            return
        level.tail = ahead
        ahead.behind = order.ahead = None
        order.behind, head.ahead = head, order
        level.head = order

    def remove(self, order: Order) -> None:
        """Take a resting order out, wherever in its queue it stands."""
        level = self.levels[order.price]
        ahead, behind = order.ahead, order.behind
        if ahead is None:
            level.head = behind
        else:
            ahead.behind = behind
        if behind is None:
            level.tail = ahead
        else:
            behind.ahead = ahead
        order.ahead = order.behind = None
        order.place = NOWHERE
        level.total_qty -= order.leaves_qty
        if order.hidden_qty:
            level.hidden_qty -= order.hidden_qty
            order.hidden_qty = 0
        level.order_count -= 1
        if not level.order_count:
            self._drop(level)

    def take(self, order: Order, qty: Qty) -> None:
        """Take a traded quantity off a resting order, which leaves the book with the last of it.

        If that uses up what an iceberg displays, its next part shows behind all others at the price.
        """
        if qty == order.leaves_qty:
            self.remove(order)
            order.leaves_qty = 0
            return
        self.levels[order.price].total_qty -= qty
        order.leaves_qty -= qty
        if order.hidden_qty and order.hidden_qty >= order.leaves_qty:
            assert order.terms is not None, "an iceberg has terms"
            self.remove(order)
            self.rest(order)
            self.show(order, next_part(order.terms, order.order_id, order.cum_qty + order.busted_qty))

    def reduce(self, order: Order, qty: Qty) -> None:
        """Take `qty` off a resting order, of what it does not display first; it keeps its place."""
        self.levels[order.price].total_qty -= qty
        order.leaves_qty -= qty
        if order.hidden_qty:
            self.show(order, order.leaves_qty + qty - order.hidden_qty)

    def show(self, order: Order, qty: Qty) -> None:
        """Let the market see `qty` of a resting order, or all of it if that is less."""
        hidden_qty = max(order.leaves_qty - qty, 0)
        self.levels[order.price].hidden_qty += hidden_qty - order.hidden_qty
        order.hidden_qty = hidden_qty

    def qty_within(self, bound: int) -> Qty:
        """Return the quantity at prices whose key is at most `bound`."""
        total = 0
        for key in self.keys:
            if key > bound:
                break
            total += self.levels[key * self.sign].total_qty
        return total

    def market_bound(self, terms: Terms | None) -> int:
        """Return the largest key at which a market order with these terms may trade; there must be a best price."""
        best = self.best
        if terms is None or not terms.slippage_unit or best is None:
            return AMOUNT_MAX
        if terms.slippage_unit is OffsetUnit.BASIS_POINTS:
            return best.key + best.price * terms.slippage_max // 10_000
        return best.key + terms.slippage_max

    def within(self, qty: Qty, bound: int) -> Iterator[tuple[Qty, Price]]:
        """Yield quantity and price, level by level, of taking `qty`, or what there is, within keys up to `bound`."""
        for level in self:
            if level.key > bound or not qty:
                return
            taken = min(qty, level.total_qty)
            yield taken, level.price
            qty -= taken

    def _drop(self, level: Level) -> None:
        del self.levels[level.price]
        keys = self.keys
        if level is self.best:
            del keys[0]
            self.best = self.levels[keys[0] * self.sign] if keys else None
        else:
            keys.remove(level.key)


class Book:
    """The two sides of one instrument, and what is known of its market."""

    __slots__ = (
        "asks",
        "auction_price",
        "bids",
        "day",
        "for_auction",
        "index_price",
        "index_time_ns",
        "instrument",
        "last_price",
        "pegs",
        "phase",
        "rpt_seq",
        "rules",
        "security_status_to",
        "session_status_to",
        "timetable",
        "told_ns",
        "triggers",
        "watchers",
    )

    def __init__(self, instrument: Instrument, time_ns: int = 0) -> None:
        """`time_ns`: when the instrument came, nanoseconds since the epoch."""
        self.instrument = instrument
        self.bids = BookSide(BUY)
        self.asks = BookSide(SELL)
        self.rules: Rules = NO_RULES
        self.phase: Phase = CONTINUOUS
        self.last_price: Price = 0
        """Of the last trade, 0 before the first."""
        self.index_price: Price = 0
        """What the house gave as the index, 0 before the first time."""
        self.auction_price: Price = 0
        """Of the last auction that had one, 0 before the first."""
        self.for_auction: dict[int, Order] = {}
        """Orders that wait for an auction off the ladders, by OrderID, in the order of their time."""
        self.pegs: Pegs | None = None
        """The pegged orders, as long as there are any."""
        self.timetable = Timetable(instrument.symbol)
        self.security_status_to: dict[str, None] = {}
        """Sessions that are told of changes by SecurityStatus"""
        self.session_status_to: dict[str, None] = {}
        """and by TradingSessionStatus; dicts because they keep their order."""
        self.index_time_ns = 0
        """When the house's source had that price, nanoseconds since the epoch."""
        self.triggers = Triggers()
        self.watchers = 0
        """How many orders wait for a price of this book, or follow one."""
        self.rpt_seq = 0
        """The number of the last public change, 0 before the first,"""
        self.told_ns = time_ns
        """and when that was; before the first, when the instrument came."""
        self.day = DayStatistics()

    def side(self, side: Side) -> BookSide:
        """Return where orders of `side` rest."""
        return self.bids if side is BUY else self.asks

    def opposite(self, side: Side) -> BookSide:
        """Return what orders of `side` trade against."""
        return self.asks if side is BUY else self.bids

    def next_rpt_seq(self, time_ns: int) -> int:
        """Count one more change of what the public sees, of that time, and return its number."""
        self.rpt_seq += 1
        self.told_ns = time_ns
        return self.rpt_seq

    def market_price(self, side: Side) -> Price:
        """Return what an order of `side` is held against, by price or by worth, 0 if there is nothing.

        The last trade's price, else the other side's best, else what the rules say.
        """
        best = self.opposite(side).best
        return self.last_price or (best.price if best is not None else self.rules.reference_price)

    def fat_finger_bound(self, side: Side) -> Price:
        """Return the worst price at which an order of `side` may act: the highest for a buy, the lowest for a sale."""
        reference = self.market_price(side)
        distance = reference * self.rules.fat_finger_bps // 10_000
        if not distance:
            return AMOUNT_MAX if side is BUY else 0
        return reference + distance if side is BUY else reference - distance

    def market_bound(self, side: Side, terms: Terms | None) -> int:
        """Return the largest key of the other side at which a market order of `side` may trade."""
        opposite = self.opposite(side)
        bound = opposite.market_bound(terms)
        if not self.rules.fat_finger_bps:
            return bound
        return min(bound, self.fat_finger_bound(side) * opposite.sign)
