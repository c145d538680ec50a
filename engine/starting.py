"""How an accepted order begins: it waits for its time, or acts at once."""

from engine.book import Book
from engine.events import AnyEvent
from engine.matching import trade_and_rest
from engine.order import Order
from engine.phases import gather, is_auction_only
from engine.places import rest_pegged
from engine.publishing import publish
from engine.settlement import accepted
from engine.state import State
from engine.triggering import wait_for_price
from engine.values import NEW, PEGGED, PENDING_NEW, Amount, Place


def begin(state: State, order: Order, book: Book, events: list[AnyEvent]) -> None:
    """Let an order, which is nowhere yet, wait for its time if that is still to come; else start it."""
    if hold(state, order):
        events.append(accepted(state, order, order.reserved))
    else:
        start(state, order, book, events, order.reserved)


def hold(state: State, order: Order) -> bool:
    """Let an order, which is nowhere, wait for its time; tell if it has to."""
    terms = order.terms
    if terms is None or terms.effective_ns <= state.time_ns:
        return False
    order.status = PENDING_NEW
    order.place = Place.SCHEDULED
    state.due.add(order, terms.effective_ns)
    return True


def start(state: State, order: Order, book: Book, events: list[AnyEvent], reserved: Amount = 0) -> None:
    """Let an order, which is nowhere, wait for its price, or act for the first time; and tell that it does.

    `reserved` is what has been reserved for it and not been told yet.
    """
    order.status = NEW
    waits = wait(state, order, book)
    told_at = len(events)
    events.append(accepted(state, order, reserved))
    if not waits:
        act(state, order, book, events)
        publish(state, book, order, events, told_at)


def wait(state: State, order: Order, book: Book) -> bool:
    """Let a live order, which is nowhere, wait for its price; tell if it has to."""
    terms = order.terms
    if terms is None or not terms.trigger:
        return False
    expire_from_now_on(state, order)
    wait_for_price(state, order, book)
    return True


def act(state: State, order: Order, book: Book, events: list[AnyEvent]) -> None:
    """Let a live order, which is nowhere, trade what it can; then it rests, until its time if it has one."""
    expire_from_now_on(state, order)
    if order.order_type is PEGGED:
        rest_pegged(state, order, book)
    elif is_auction_only(order.time_in_force):
        gather(state, order, book, events)
    else:
        trade_and_rest(state, order, book, events)


def expire_from_now_on(state: State, order: Order) -> None:
    """Let the clock know when an order expires, if it does at a time."""
    terms = order.terms
    if terms is not None and terms.expire_ns:
        state.due.add(order, terms.expire_ns)
