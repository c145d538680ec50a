"""Where an open order is, and how it is taken out from there. An open order is in exactly one place."""

from engine.book import Book
from engine.order import Order
from engine.pegs import Pegs
from engine.state import State
from engine.terms import Terms
from engine.values import BUY, ON_BOOK, Place


def withdraw(state: State, order: Order) -> None:
    """Take an open order out of its place; also one that is nowhere, as it is being dealt with."""
    place = order.place
    if place is ON_BOOK:
        symbol = order.instrument.symbol
        book = state.books[symbol]
        (book.bids if order.side is BUY else book.asks).remove(order)
        if book.watchers:
            state.restless[symbol] = book
    elif place is Place.AUCTION:
        book = state.books[order.instrument.symbol]
        del book.for_auction[order.order_id]
        order.place = Place.NOWHERE
        if book.watchers:
            state.restless[order.instrument.symbol] = book
    elif place is Place.PEGS:
        book = state.books[order.instrument.symbol]
        assert book.pegs is not None, "it is there"
        book.pegs.remove(order)
        book.watchers -= 1
        if not book.pegs:
            book.pegs = None
    elif place is Place.SCHEDULED:
        state.due.remove(order)
        order.place = Place.NOWHERE
    elif place is Place.TRIGGERS:
        book = state.books[order.instrument.symbol]
        book.triggers.remove(order)
        book.watchers -= 1
        order.place = Place.NOWHERE
    elif place is Place.LIST:
        order.place = Place.NOWHERE


def rest_pegged(state: State, order: Order, book: Book) -> None:
    """Put a pegged order, which is nowhere, behind all others; where it meets another one, they trade afterwards."""
    if book.pegs is None:
        book.pegs = Pegs()
    book.pegs.rest(order)
    book.watchers += 1
    state.restless[order.instrument.symbol] = book


def shown_terms(state: State, order: Order) -> Terms | None:
    """Return an order's terms as a report shows them: those of a trailing stop with the StopPx that it has now."""
    if order.place is Place.TRIGGERS:
        return state.books[order.instrument.symbol].triggers.shown_terms(order)
    return order.terms
