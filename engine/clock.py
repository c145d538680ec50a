"""What happens by the clock alone: orders start and expire, absent sessions lose theirs, phases of trading change.

The clock is the time stamped on commands. Before any command is carried out, all that is due by its time happens, in
the order of time and then of OrderID; so nothing trades after its time, however late a `ClockTick` comes.
"""

from engine import aftermath
from engine.commands import ClockTick
from engine.disconnecting import cancel_orders_of
from engine.events import AnyEvent
from engine.order import Order
from engine.places import withdraw
from engine.settlement import cancel
from engine.starting import start
from engine.state import Session, State
from engine.timetable import Timetable
from engine.transitions import act_on_time
from engine.values import CancelReason, Place


def act_on_due(state: State) -> list[AnyEvent]:
    """Do all that is due by now, and return what happened."""
    events: list[AnyEvent] = []
    due = state.due
    while due.next_ns <= state.time_ns:
        item = due.first()
        if isinstance(item, Order):
            _act_on_order(state, item, events)
        elif isinstance(item, Session):
            cancel_orders_of(state, item, events)
        else:
            assert isinstance(item, Timetable), "nothing else has a time"
            act_on_time(state, state.books[item.symbol], events)
        if state.restless:
            aftermath.settle(state, events)
    return events


def _act_on_order(state: State, order: Order, events: list[AnyEvent]) -> None:
    if order.place is Place.SCHEDULED:
        withdraw(state, order)
        start(state, order, state.books[order.instrument.symbol], events)
    else:
        events.append(cancel(state, order, CancelReason.EXPIRE_TIME))


def clock_tick(_state: State, _command: ClockTick) -> list[AnyEvent]:
    """Do nothing: what was due has happened."""
    return []
