"""What follows from a command: prices have moved, and orders that wait for a price act in turn, until all is quiet.

Only books that somebody watches are looked at, so that plain orders pay nothing for it. What follows for the lists of
orders that have been closed comes before all else.
"""

from engine import lists
from engine.events import AnyEvent
from engine.state import State
from engine.taking import meet
from engine.transitions import expect_indication
from engine.values import CONTINUOUS


def settle(state: State, events: list[AnyEvent]) -> None:
    """Let all that waits for a price act, one order at a time, appending what happens."""
    while state.restless:
        lists.settle(state, events)
        _, book = state.restless.popitem()
        meet(state, book, events)
        if book.phase is not CONTINUOUS:
            expect_indication(state, book)
