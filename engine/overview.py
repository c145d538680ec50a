"""What staff may ask the venue to show: the state of trading as it is now. Asking changes nothing and is not journaled.

Prices are ticks and quantities lots; the increments that make numbers of them go along.
"""

import msgspec

from engine.book import Book, BookSide
from engine.commands import Block
from engine.events import Trade
from engine.guarding import blocks
from engine.phases import PHASES
from engine.state import State
from engine.uncross import indication
from engine.values import Phase, Price, Qty


class ShowVenue(msgspec.Struct, tag=1001, frozen=True, array_like=True):
    """Ask for the state of trading in all instruments, and for what is blocked."""


class ShowTrade(msgspec.Struct, tag=1002, frozen=True, array_like=True):
    """Ask for a trade, which must be one of those that the venue keeps."""

    trade_id: int


class InstrumentShown(msgspec.Struct, frozen=True, array_like=True):
    """Trading in one instrument; a price or quantity of 0 stands for none."""

    symbol: str
    price_increment: int
    price_decimals: int
    qty_increment: int
    qty_decimals: int
    phase: Phase
    last_price: Price
    index_price: Price
    bid_price: Price
    bid_qty: Qty
    ask_price: Price
    ask_qty: Qty
    resting_orders: int
    indicative_price: Price = 0
    """What the auction would come to now,"""
    indicative_qty: Qty = 0
    """and how much would trade in it."""
    phase_ends_ns: int = 0
    """When the phase ends by the clock, nanoseconds since the epoch; 0 if that is not known."""


class VenueShown(msgspec.Struct, tag="venue", frozen=True, array_like=True):
    """The state of trading after record `sequence`, whose time was `time_ns`."""

    sequence: int
    time_ns: int
    instruments: tuple[InstrumentShown, ...]
    blocks: tuple[Block, ...] = ()
    """What blocked whom: firms first, then accounts and sessions."""
    assets: dict[str, int] = {}
    """Decimals by asset."""


class TradeShown(msgspec.Struct, tag="trade", frozen=True, array_like=True):
    """A trade as it was made, and its price and quantity now: a quantity of 0 says that it was busted."""

    sequence: int
    trade: Trade
    price: Price
    qty: Qty


def show_venue(state: State, sequence: int) -> VenueShown:
    """Return the state of trading after record `sequence`."""
    return VenueShown(
        sequence,
        state.time_ns,
        tuple(_instrument_shown(book) for book in state.books.values()),
        tuple(blocks(state)),
        dict(state.assets),
    )


def show_trade(state: State, sequence: int, trade_id: int) -> TradeShown | None:
    """Return a trade as it stands after record `sequence`, None if the venue does not keep it."""
    trade = state.find_trade(trade_id)
    if trade is None:
        return None
    now = state.amendments.get(trade_id)
    return TradeShown(sequence, trade, now.price if now else trade.price, now.qty if now else trade.qty)


def _instrument_shown(book: Book) -> InstrumentShown:
    instrument, bid, ask = book.instrument, book.bids.best, book.asks.best
    indicated = indication(book) if PHASES[book.phase].is_auction else None
    return InstrumentShown(
        instrument.symbol,
        instrument.price_increment,
        instrument.price_decimals,
        instrument.qty_increment,
        instrument.qty_decimals,
        book.phase,
        book.last_price,
        book.index_price,
        bid.price if bid else 0,
        bid.total_qty if bid else 0,
        ask.price if ask else 0,
        ask.total_qty if ask else 0,
        _resting(book.bids) + _resting(book.asks),
        indicated.price if indicated else 0,
        indicated.qty if indicated else 0,
        book.timetable.ends_ns,
    )


def _resting(side: BookSide) -> int:
    return sum(level.order_count for level in side)
