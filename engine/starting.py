"""How an accepted order begins: it waits for its time, or acts at once."""

from engine.book import Book
from engine.events import AnyEvent
from engine.matching import trade_and_rest
from engine.order import Order
from engine.settlement import accepted
from engine.state import State
from engine.values import NEW, PENDING_NEW, Place


def begin(state: State, order: Order, book: Book, events: list[AnyEvent]) -> None:
    """Let an order, which is nowhere yet, wait for its time if that is still to come; else start it."""
    terms = order.terms
    if terms is not None and terms.effective_ns > state.time_ns:
        order.status = PENDING_NEW
        order.place = Place.SCHEDULED
        state.due.add(order, terms.effective_ns)
        events.append(accepted(order))
    else:
        start(state, order, book, events)


def start(state: State, order: Order, book: Book, events: list[AnyEvent]) -> None:
    """Let an order, which is nowhere, act: it trades what it can, and then rests."""
    terms = order.terms
    if terms is not None and terms.expire_ns:
        state.due.add(order, terms.expire_ns)
    order.status = NEW
    events.append(accepted(order))
    trade_and_rest(state, order, book, events)
