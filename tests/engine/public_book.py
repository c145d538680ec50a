"""The public's view of the instruments, from numbered events alone: naive lists, held against the engine's books.

Events are applied in the order of their numbers, which for each instrument must follow each other without a gap.
"""

from collections.abc import Iterable

from engine.book import BookSide
from engine.events import (
    AnyEvent,
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
from engine.state import State
from engine.terms import Terms
from engine.values import BUY, CONTINUOUS, Side


class Displayed:
    """An order as the public sees it."""

    def __init__(self, order_id: int, side: Side, price: int, qty: int) -> None:
        self.order_id = order_id
        self.side = side
        self.price = price
        self.qty = qty


class PublicBook:
    """One instrument: its displayed orders, oldest first, its index price."""

    def __init__(self) -> None:
        self.rpt_seq = 0
        self.orders: list[Displayed] = []
        self.index_price = 0

    def side(self, side: Side) -> list[tuple[int, int, int]]:
        """Return OrderID, price and displayed quantity of each order of a side, the first to trade first."""
        orders = [order for order in self.orders if order.side is side]
        orders.sort(key=lambda order: -order.price if side is BUY else order.price)  # which keeps them in their queues
        return [(order.order_id, order.price, order.qty) for order in orders]

    def apply(self, event: PublicEvent) -> None:
        match event:
            case OrderAccepted() | OrderTriggered():
                assert event.displayed_qty > 0
                self._rest(event.order_id, event.side, event.price, event.displayed_qty)
            case OrderReplaced():
                self._replace(event)
            case OrderCanceled():
                self.orders.remove(self._order(event.order_id))
            case OrderDecremented():
                self._order(event.order_id).qty = event.leaves_qty - event.hidden_qty
            case Trade():
                if event.phase is CONTINUOUS:
                    self._trade(event)
                else:
                    self._trade_in_auction(event.maker_order_id, event.maker_leaves_qty, event.maker_terms)
                    self._trade_in_auction(event.taker_order_id, event.taker_leaves_qty, event.taker_terms)
            case IndexPriceSet():
                self.index_price = event.price
            case _:
                assert isinstance(event, PhaseChanged | AuctionEnded | IndicativePrice | TradeAmended)

    def _order(self, order_id: int) -> Displayed:
        (found,) = (order for order in self.orders if order.order_id == order_id)
        return found

    def _rest(self, order_id: int, side: Side, price: int, qty: int) -> None:
        assert all(order.order_id != order_id for order in self.orders)
        self.orders.append(Displayed(order_id, side, price, qty))

    def _forget(self, order_id: int) -> None:
        self.orders = [order for order in self.orders if order.order_id != order_id]

    def _replace(self, event: OrderReplaced) -> None:
        if event.kept_priority:
            order = self._order(event.order_id)
            assert event.price == order.price
            assert event.displayed_qty == event.leaves_qty - event.hidden_qty <= order.qty
            order.qty = event.displayed_qty
            return
        self._forget(event.order_id)
        if event.displayed_qty:
            self._rest(event.order_id, event.side, event.price, event.displayed_qty)

    def _trade(self, event: Trade) -> None:
        """Take from the maker. The next part of an iceberg shows behind all others.

        A taker that was replaced to take has left the book before.
        """
        self._forget(event.taker_order_id)
        for maker in self.orders:
            if maker.order_id == event.maker_order_id:
                assert event.price == maker.price
                maker.qty -= event.qty
                assert maker.qty >= 0
                if not maker.qty:
                    self._forget(maker.order_id)
                    if event.maker_leaves_qty:
                        shown_qty = event.maker_leaves_qty - event.maker_hidden_qty
                        self._rest(maker.order_id, maker.side, maker.price, shown_qty)
                return

    def _trade_in_auction(self, order_id: int, leaves_qty: int, terms: Terms | None) -> None:
        """An iceberg trades with all that it has, and then shows a first part again, where it stood."""
        for order in self.orders:
            if order.order_id == order_id:
                order.qty = min(leaves_qty, terms.display_qty) if terms and terms.display_qty else leaves_qty
                if not order.qty:
                    self._forget(order_id)
                return


class Public:
    """All instruments."""

    def __init__(self) -> None:
        self.books: dict[str, PublicBook] = {}

    def follow(self, events: Iterable[AnyEvent]) -> None:
        """Apply what came of a command."""
        numbered = [event for event in events if isinstance(event, PublicEvent) and event.rpt_seq]
        for event in sorted(numbered, key=lambda event: event.rpt_seq):
            book = self.books.setdefault(event.symbol, PublicBook())
            book.rpt_seq += 1
            assert event.rpt_seq == book.rpt_seq, "a gap, or a number twice"
            book.apply(event)

    def check(self, state: State) -> None:
        """Hold what the public has against what the engine has."""
        for symbol, book in state.books.items():
            seen = self.books.setdefault(symbol, PublicBook())
            assert seen.rpt_seq == book.rpt_seq
            assert seen.side(BUY) == displayed(book.bids)
            assert seen.side(Side.SELL) == displayed(book.asks)
            assert seen.index_price == book.index_price


def displayed(side: BookSide) -> list[tuple[int, int, int]]:
    """Return what the market sees of one side."""
    return [(order.order_id, order.price, order.leaves_qty - order.hidden_qty) for level in side for order in level]
