"""What staff may ask the venue to show: the state of trading as it is now. Asking changes nothing and is not journaled.

Prices are ticks and quantities lots; the increments that make numbers of them go along.
"""

import msgspec

from engine.book import Book, BookSide
from engine.state import State
from engine.values import Phase, Price, Qty


class ShowVenue(msgspec.Struct, tag=1001, frozen=True, array_like=True):
    """Ask for the state of trading in all instruments."""


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


class VenueShown(msgspec.Struct, tag="venue", frozen=True, array_like=True):
    """The state of trading after record `sequence`, whose time was `time_ns`."""

    sequence: int
    time_ns: int
    instruments: tuple[InstrumentShown, ...]


def show_venue(state: State, sequence: int) -> VenueShown:
    """Return the state of trading after record `sequence`."""
    return VenueShown(sequence, state.time_ns, tuple(_instrument_shown(book) for book in state.books.values()))


def _instrument_shown(book: Book) -> InstrumentShown:
    instrument, bid, ask = book.instrument, book.bids.best, book.asks.best
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
    )


def _resting(side: BookSide) -> int:
    return sum(level.order_count for level in side)
