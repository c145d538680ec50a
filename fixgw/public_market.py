"""One instrument as the public sees it, and the entries that tell of its changes.

It is made of the numbered events alone, applied in the order of their numbers (`engine.publishing`). Entries for single
orders are put into words only while somebody wants them. What has changed since the last publication gathers here:
`entries`, in order, and the prices whose levels are `touched`; `published` begins anew.
"""

from typing import Final

from engine.book import Book
from engine.events import (
    AuctionEnded,
    IndexPriceSet,
    IndicativePrice,
    OrderAccepted,
    OrderCanceled,
    OrderDecremented,
    OrderReplaced,
    OrderTriggered,
    PhaseChanged,
    PublicEvent,
    Trade,
    TradeAmended,
)
from engine.terms import Terms
from engine.values import BUY, CONTINUOUS, Price, Qty, Side
from fixgw.instruments import InstrumentText
from fixgw.market_entries import (
    BID,
    CHANGE,
    DELETE,
    INDEX,
    LETTER,
    NEW,
    NOTHING,
    OFFER,
    TRADE,
    Kinds,
    action,
    aggressor,
    auction_phase,
    indicated,
    priced,
)
from fixgw.timestamps import format_utc

Entry = tuple[Kinds, str]
"""The type of an entry, and its text in an X."""

_DATE_CHARS: Final = 8


class Displayed:
    """An order as the market sees it."""

    __slots__ = ("price", "qty", "side")

    def __init__(self, side: Side, price: Price, qty: Qty) -> None:
        self.side = side
        self.price = price
        self.qty = qty


class PublicMarket:
    """One instrument. Promises: after the events of a record, what is displayed here is what its book displays."""

    __slots__ = (
        "_head",
        "_orders",
        "_qty_text",
        "book",
        "entries",
        "index_price",
        "indicative",
        "rpt_seq",
        "statistics_version",
        "symbol",
        "text",
        "time",
        "touched_asks",
        "touched_bids",
        "wanted",
    )

    def __init__(self, book: Book, text: InstrumentText) -> None:
        """Begin with the book as it stands."""
        self.book = book
        self.text = text
        self.symbol = book.instrument.symbol
        self.rpt_seq = book.rpt_seq
        """The number of the last event."""
        self.wanted: Kinds = 0
        """Of these types entries are put into words: bids and offers, order by order, only if they are among them."""
        self.entries: list[Entry] = []
        """What has changed since the last publication, in order; levels and statistics aside."""
        self.touched_bids: set[Price] = set()
        self.touched_asks: set[Price] = set()
        """Prices at which what is displayed has changed since the last publication."""
        self.statistics_version = 0
        """Another one whenever the day's statistics may have changed."""
        self.index_price = book.index_price
        self.indicative = _indicative(book)
        """What the auction that is gathering would come to, if anything."""
        self._orders = {
            order.order_id: Displayed(order.side, level.price, order.leaves_qty - order.hidden_qty)
            for side in (book.bids, book.asks)
            for level in side
            for order in level
        }
        self._head = f"\x0155={self.symbol}\x01"
        self._qty_text = text.qty_text
        self.time = format_utc(book.told_ns)
        """Of the last event, or of when the instrument came."""

    @property
    def has_changed(self) -> bool:
        """Tell whether there may be something to publish."""
        return bool(self.entries or self.touched_bids or self.touched_asks)

    def published(self) -> None:
        """Gather anew."""
        self.entries = []
        self.touched_bids = set()
        self.touched_asks = set()

    def apply(self, event: PublicEvent, time: str) -> None:
        """Take in the next numbered event, of that time (UTCTimestamp)."""
        assert event.rpt_seq == self.rpt_seq + 1, "numbers have no gaps"
        self.rpt_seq = event.rpt_seq
        self.time = time
        if isinstance(event, OrderAccepted | OrderTriggered):
            self._rest(event.order_id, event.side, event.price, event.displayed_qty)
        elif isinstance(event, OrderCanceled):
            self._forget(event.order_id)
        elif isinstance(event, Trade):
            self._trade(event)
        elif isinstance(event, OrderReplaced):
            self._replace(event)
        elif isinstance(event, OrderDecremented):
            self._show(event.order_id, event.leaves_qty - event.hidden_qty)
        else:
            self._tell(event)

    def day_ended(self) -> None:
        """Note that a new trading day has begun."""
        self.statistics_version += 1

    # Orders

    def _rest(self, order_id: int, side: Side, price: Price, qty: Qty) -> None:
        """Show an order behind all others at its price."""
        order = self._orders[order_id] = Displayed(side, price, qty)
        self._changed(NEW, order_id, order)

    def _show(self, order_id: int, qty: Qty) -> None:
        """Show another quantity of an order where it stands, or nothing of it any more."""
        order = self._orders[order_id]
        order.qty = qty
        if qty:
            self._changed(CHANGE, order_id, order)
        else:
            self._forget(order_id)

    def _forget(self, order_id: int) -> None:
        self._changed(DELETE, order_id, self._orders.pop(order_id))

    def _replace(self, event: OrderReplaced) -> None:
        if event.kept_priority:
            self._show(event.order_id, event.displayed_qty)
            return
        if event.order_id in self._orders:
            self._forget(event.order_id)
        if event.displayed_qty:
            self._rest(event.order_id, event.side, event.price, event.displayed_qty)

    def _changed(self, what: str, order_id: int, order: Displayed) -> None:
        kind = BID if order.side is BUY else OFFER
        if kind is BID:
            self.touched_bids.add(order.price)
        else:
            self.touched_asks.add(order.price)
        if self.wanted & kind:
            qty = "" if what is DELETE else f"271={self._qty_text[order.qty]}\x01"
            price = self.text.price_text[order.price]
            text = (
                f"279={what}\x01269={LETTER[kind]}{self._head}270={price}\x01{qty}"
                f"273={self.time[_DATE_CHARS + 1 :]}\x0137={order_id}\x0183={self.rpt_seq}\x01"
            )
            self.entries.append((kind, text))

    # Trades

    def _trade(self, event: Trade) -> None:
        self.statistics_version += 1
        if self.wanted & TRADE:
            value = f"270={self.text.price_text[event.price]}\x01271={self._qty_text[event.qty]}\x01"
            condition = f"{auction_phase(self.symbol, event.phase)}1003={event.trade_id}\x01"
            self._add(TRADE, NEW, value, condition, aggressor(event))
        orders = self._orders
        if event.phase is not CONTINUOUS:
            self._trade_in_auction(event.maker_order_id, event.maker_leaves_qty, event.maker_terms)
            self._trade_in_auction(event.taker_order_id, event.taker_leaves_qty, event.taker_terms)
            return
        if event.taker_order_id in orders:  # It was replaced, and has left the book to take.
            self._forget(event.taker_order_id)
        maker_id = event.maker_order_id
        maker = orders.get(maker_id)
        if maker is None:
            return
        left_qty = maker.qty - event.qty
        self._show(maker_id, left_qty)
        if not left_qty and event.maker_leaves_qty:  # the next part of an iceberg
            self._rest(maker_id, maker.side, maker.price, event.maker_leaves_qty - event.maker_hidden_qty)

    def _trade_in_auction(self, order_id: int, leaves_qty: Qty, terms: Terms | None) -> None:
        """Let an order trade where it stands: an iceberg does so with all that it has, then shows a first part."""
        if order_id in self._orders:
            self._show(order_id, min(leaves_qty, terms.display_qty) if terms and terms.display_qty else leaves_qty)

    # What else there is

    def _tell(self, event: PublicEvent) -> None:
        if isinstance(event, IndexPriceSet):
            what = CHANGE if self.index_price else NEW
            self.index_price = event.price
            self._add(INDEX, what, priced(self.text.price_text, event.price))
        elif isinstance(event, IndicativePrice):
            self._indicate(event if event.price else None)
        elif isinstance(event, TradeAmended):
            self.statistics_version += 1
            price, qty = (event.price, event.qty) if event.qty else (event.previous_price, event.previous_qty)
            value = f"270={self.text.price_text[price]}\x01271={self._qty_text[qty]}\x01"
            self._add(TRADE, CHANGE if event.qty else DELETE, value, f"1003={event.trade_id}\x01")
        elif isinstance(event, AuctionEnded):
            self.statistics_version += 1
            self._indicate(None)
        else:
            assert isinstance(event, PhaseChanged), "there are no other numbered events"
            if self.indicative is not None and self.indicative.phase is not event.phase:
                self._indicate(None)

    def _indicate(self, event: IndicativePrice | None) -> None:
        """Tell what an auction would come to, or that there is nothing to tell any more."""
        was, now = indicated(self.indicative, self.text), indicated(event, self.text)
        self.indicative = event
        for kind, (value, condition) in now.items():
            if was[kind] != NOTHING or value:
                self._add(kind, action(was[kind] != NOTHING, value), value, condition)

    def _add(self, kind: Kinds, what: str, value: str, condition: str = "", more: str = "") -> None:
        if self.wanted & kind:
            time = self.time
            text = (
                f"279={what}\x01269={LETTER[kind]}{self._head}{value}272={time[:_DATE_CHARS]}\x01"
                f"273={time[_DATE_CHARS + 1 :]}\x01{condition}83={self.rpt_seq}\x01{more}"
            )
            self.entries.append((kind, text))


def _indicative(book: Book) -> IndicativePrice | None:
    """Return what was told last of the auction that is gathering, if that was a price."""
    price, qty, surplus = book.timetable.indicated
    return IndicativePrice(book.instrument.symbol, book.phase, price, qty, surplus) if price else None
