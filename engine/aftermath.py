"""What follows from a command: prices have moved, and orders that wait for a price act in turn, until all is quiet.

Only books that somebody watches are looked at, so that plain orders pay nothing for it. What follows for the lists of
orders that have been closed comes before all else. Orders are triggered in the order in which prices reached them, one
at a time; what one of them trades may trigger others, which queue behind those triggered before. An order is triggered
once, so that there is an end to it.
"""

from engine import lists
from engine.book import Book
from engine.events import AnyEvent
from engine.state import State
from engine.taking import meet
from engine.transitions import expect_indication
from engine.triggering import trigger
from engine.values import CONTINUOUS


def settle(state: State, events: list[AnyEvent]) -> None:
    """Let all that waits for a price act, one order at a time, appending what happens."""
    restless = state.restless
    while restless:
        lists.settle(state, events)
        symbol = next(iter(restless))
        book = restless.pop(symbol)
        _trigger_in_turn(state, book, events)
        meet(state, book, events)
        if book.phase is not CONTINUOUS:
            expect_indication(state, book)


def _trigger_in_turn(state: State, book: Book, events: list[AnyEvent]) -> None:
    """Let the orders act that have been triggered. Outside continuous trading they wait."""
    triggered = book.triggers.triggered
    while triggered and book.phase is CONTINUOUS:
        trigger(state, next(iter(triggered.values())), book, events)
        lists.settle(state, events)
