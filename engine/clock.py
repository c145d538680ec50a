"""What happens by the clock alone: good-till-date orders expire.

The clock is the time stamped on commands. Before any command is carried out, all that is due by its time happens, in
the order of time and then of OrderID; so nothing trades after its time, however late a `ClockTick` comes.
"""

from engine.commands import ClockTick
from engine.events import AnyEvent
from engine.matching import cancel
from engine.state import State
from engine.values import CancelReason


def act_on_due(state: State) -> list[AnyEvent]:
    """Do all that is due by now, and return what happened."""
    events: list[AnyEvent] = []
    due = state.due
    while due.next_ns <= state.time_ns:
        events.append(cancel(state, due.first(), CancelReason.EXPIRE_TIME))
    return events


def clock_tick(_state: State, _command: ClockTick) -> list[AnyEvent]:
    """Do nothing: what was due has happened."""
    return []
