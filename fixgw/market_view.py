"""A view of one instrument: what all who asked for the same get, put into words once.

A view is by order (the full book, order by order), or by price: levels, all or the best ones. Levels and statistics are
told as they stand when there is an update, trades and orders each change for itself. A view with an interval gathers
for so long; another one is told whatever a publication brings.

Each update says which numbers it covers, FirstBookUpdateID(25043) to LastBookUpdateID(25044), so that also who sees a
part of the market can tell that nothing is missing: the first is at most one more than the last that was known.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, Protocol

from engine.book import BookSide
from engine.values import Price, Qty
from fixgw.market_entries import (
    BID,
    DELETE,
    INDEX,
    LETTER,
    OFFER,
    ORDERS,
    STATISTICS,
    TRADE,
    Kinds,
    action,
    aggressor,
    auction_phase,
    indicated,
    priced,
    statistics,
)
from fixgw.market_messages import SNAPSHOT, UPDATE, Part, parts_of
from fixgw.public_market import PublicMarket
from fixgw.timestamps import format_utc

DEPTH_MAX: Final = 100
"""How many of the best levels can be asked for, if not all."""

Level = tuple[Qty, int]
"""What is displayed at a price, and by how many orders."""

_DATE_CHARS: Final = 8


class Asked(NamedTuple):
    """What a view shows: which types of entries of which instrument, and how."""

    symbol: str
    kinds: Kinds
    depth: int
    """How many levels of each side; 0: all."""
    by_order: bool
    interval_ms: int
    """How long changes are gathered before they are told; 0: not at all."""
    is_refresh: bool
    """Each update is a whole snapshot."""


class Receiver(Protocol):
    """Who is sent market data."""

    def send(self, subscription: "Subscription", parts: list[Part]) -> None:
        """Send an update of what was subscribed to, with the next flush."""

    def flush(self) -> None:
        """Let what has been said leave."""


class Subscription:
    """One instrument of a request with updates."""

    __slots__ = ("is_once", "is_over", "is_stale", "receiver", "request_id", "view", "why_snapshot")

    def __init__(self, view: "View", receiver: Receiver, request_id: str) -> None:
        self.view = view
        self.receiver = receiver
        self.request_id = request_id
        self.is_stale = False
        """The receiver has missed updates, and will be sent a snapshot first."""
        self.is_once = False
        """It is over with its snapshot."""
        self.is_over = False
        self.why_snapshot = ""
        """Fields that tell why it gets a snapshot that it has not asked for."""

    @property
    def key(self) -> tuple[str, str]:
        """MDReqID and instrument."""
        return self.request_id, self.view.asked.symbol


class View:
    """What is shown of one instrument. Promises: snapshot and updates together give what is there, at each update."""

    __slots__ = (
        "_asks",
        "_bids",
        "_entries",
        "_listed",
        "_snapshot",
        "_snapshot_of",
        "_statistics",
        "_statistics_version",
        "_through",
        "_touched_asks",
        "_touched_bids",
        "asked",
        "is_due",
        "market",
        "subscriptions",
    )

    def __init__(self, market: PublicMarket, asked: Asked) -> None:
        self.market = market
        self.asked = asked
        self.subscriptions: dict[Subscription, None] = {}
        self.is_due = False
        """The end of the interval is awaited."""
        self._listed: Kinds = asked.kinds if asked.by_order else asked.kinds & ~ORDERS
        """Types of which each change is told."""
        self._entries: list[str] = []
        self._touched_bids: set[Price] = set()
        self._touched_asks: set[Price] = set()
        self._bids: dict[Price, Level] = {}
        self._asks: dict[Price, Level] = {}
        """The levels as they were told last."""
        self._statistics: dict[Kinds, str] = {}
        self._statistics_version = -1
        self._through = market.rpt_seq
        self._snapshot: list[Part] = []
        self._snapshot_of = (-1, -1)
        self._catch_up()

    @property
    def wanted(self) -> Kinds:
        """The types of which the market must keep each change."""
        return self._listed

    def take(self) -> None:
        """Take over what has changed in the market since its last publication."""
        market, listed = self.market, self._listed
        if market.entries and listed:
            self._entries += [text for kind, text in market.entries if kind & listed]
        if not self.asked.by_order:
            if self.asked.kinds & BID:
                self._touched_bids |= market.touched_bids
            if self.asked.kinds & OFFER:
                self._touched_asks |= market.touched_asks

    def update(self) -> list[Part]:
        """Return the messages that tell of all that was taken over, none if there is nothing to tell."""
        self._snapshot = []
        self._snapshot_of = (-1, -1)
        entries, self._entries = self._entries, []
        entries += self._level_entries()
        if self.asked.kinds & STATISTICS and self.market.statistics_version != self._statistics_version:
            entries += self._statistics_entries()
        if not entries:
            return []
        if self.asked.is_refresh:
            return self.snapshot()
        first, self._through = self._through + 1, self.market.rpt_seq
        return parts_of(UPDATE, f"25043={min(first, self._through)}\x0125044={self._through}\x01", entries)

    def snapshot(self) -> list[Part]:
        """Return the messages that tell all that is there, as it stood at the last publication."""
        now = (self.market.rpt_seq, self.market.statistics_version)
        if self._snapshot_of != now:
            head = f"55={self.market.symbol}\x0183={self.market.rpt_seq}\x01779={self.market.time}\x01"
            self._snapshot = parts_of(SNAPSHOT, head, list(self._all()))
            self._snapshot_of = now
        return self._snapshot

    # Levels

    def _catch_up(self) -> None:
        """Take what is there for told, as a snapshot tells it."""
        book = self.market.book
        if not self.asked.by_order:
            if self.asked.kinds & BID:
                self._bids = dict(_levels(book.bids, self.asked.depth))
            if self.asked.kinds & OFFER:
                self._asks = dict(_levels(book.asks, self.asked.depth))
        if self.asked.kinds & STATISTICS:
            self._statistics_entries()

    def _level_entries(self) -> list[str]:
        entries: list[str] = []
        book = self.market.book
        if self._touched_bids:
            self._bids = self._side_entries(entries, book.bids, self._bids, self._touched_bids, "0")
            self._touched_bids = set()
        if self._touched_asks:
            self._asks = self._side_entries(entries, book.asks, self._asks, self._touched_asks, "1")
            self._touched_asks = set()
        return entries

    def _side_entries(
        self, entries: list[str], side: BookSide, told: dict[Price, Level], touched: set[Price], letter: str
    ) -> dict[Price, Level]:
        """Add the entries for what differs from what was told, and return what is told now."""
        depth = self.asked.depth
        if not depth:
            for price in sorted(touched):
                level = side.levels.get(price)
                now = (level.displayed_qty, level.order_count) if level is not None else None
                self._add_level(entries, letter, price, told.pop(price, None), now)
                if now is not None:
                    told[price] = now
            return told
        if len(told) == depth and side.sign * next(reversed(told)) < min(price * side.sign for price in touched):
            return told  # All that has changed lies behind.
        best = dict(_levels(side, depth))
        for price, was in told.items():
            if price not in best:
                self._add_level(entries, letter, price, was, None)
        for price, now in best.items():
            self._add_level(entries, letter, price, told.get(price), now)
        return best

    def _add_level(self, entries: list[str], letter: str, price: Price, was: Level | None, now: Level | None) -> None:
        if was == now:
            return
        market = self.market
        what = action(was, now)
        size = f"271={market.text.qty_text[now[0]]}\x01346={now[1]}\x01" if now is not None else ""
        entries.append(
            f"279={what}\x01269={letter}\x0155={market.symbol}\x01270={market.text.price_text[price]}\x01{size}"
            f"83={market.rpt_seq}\x01"
        )

    def _statistics_entries(self) -> list[str]:
        entries = []
        market = self.market
        self._statistics_version = market.statistics_version
        now = statistics(market.book.day, self.asked.kinds, market.text)
        for kind, value in now.items():
            was = self._statistics.get(kind, "")
            if value != was:
                what = action(was, value)
                shown = "" if what is DELETE else value
                entries.append(
                    f"279={what}\x01269={LETTER[kind]}\x0155={market.symbol}\x01{shown}83={market.rpt_seq}\x01"
                )
        self._statistics = now
        return entries

    # All that is there

    def _all(self) -> Iterator[str]:
        market, asked = self.market, self.asked
        kinds, text = asked.kinds, market.text
        if kinds & BID:
            yield from self._shown(market.book.bids, "0")
        if kinds & OFFER:
            yield from self._shown(market.book.asks, "1")
        last = market.book.day.last
        if kinds & TRADE and last is not None:
            time = format_utc(market.book.day.last_ns)
            yield (
                f"269=2\x01270={text.price_text[last.price]}\x01271={text.qty_text[last.qty]}\x01"
                f"272={time[:_DATE_CHARS]}\x01273={time[_DATE_CHARS + 1 :]}\x01"
                f"{auction_phase(market.symbol, last.phase)}1003={last.trade_id}\x01{aggressor(last)}"
            )
        if kinds & INDEX and market.index_price:
            yield f"269=3\x01{priced(text.price_text, market.index_price)}"
        for kind, (value, condition) in indicated(market.indicative, text).items():
            if kinds & kind and value:
                yield f"269={LETTER[kind]}\x01{value}{condition}"
        if kinds & STATISTICS:
            for kind, value in statistics(market.book.day, kinds, text).items():
                if value:
                    yield f"269={LETTER[kind]}\x01{value}"

    def _shown(self, side: BookSide, letter: str) -> Iterator[str]:
        """Yield the orders, or the levels, of a side, best first."""
        prices, quantities = self.market.text.price_text, self.market.text.qty_text
        if self.asked.by_order:
            for level in side:
                head = f"269={letter}\x01270={prices[level.price]}\x01271="
                for order in level:
                    yield f"{head}{quantities[order.leaves_qty - order.hidden_qty]}\x0137={order.order_id}\x01"
        else:
            for price, (qty, order_count) in _levels(side, self.asked.depth):
                yield f"269={letter}\x01270={prices[price]}\x01271={quantities[qty]}\x01346={order_count}\x01"


def _levels(side: BookSide, depth: int) -> Iterable[tuple[Price, Level]]:
    """Yield the best levels of a side, best first; all if `depth` is 0."""
    for place, level in enumerate(side, start=1):
        yield level.price, (level.displayed_qty, level.order_count)
        if place == depth:
            return
