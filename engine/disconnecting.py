"""Cancel on disconnect: what becomes of orders when the session that entered them is gone.

A session that has logged on has said, or its settings do, which orders are to go with it: none, its own, or all of its
accounts. When it is gone it has its grace to come back; then the clock acts, as for all that has a time. An order may
ask for itself to be kept, or to be cancelled whatever its session has said.
"""

from engine.commands import SessionConnected, SessionDisconnected
from engine.events import AnyEvent
from engine.guarding import cancel_each, orders_of_session
from engine.order import Order
from engine.reject import unknown_session
from engine.session_events import SessionDown, SessionUp
from engine.state import Session, State
from engine.values import CancelOnDisconnect, CancelReason, OnDisconnect

_NS_PER_MS = 1_000_000


def session_connected(state: State, command: SessionConnected) -> list[AnyEvent]:
    """Note that a session is there, and what it wants; what it came back for in time is kept."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    state.due.remove(session)
    session.is_connected = True
    session.on_disconnect = command.on_disconnect
    return [SessionUp(command.session, command.on_disconnect)]


def session_disconnected(state: State, command: SessionDisconnected) -> list[AnyEvent]:
    """Note that a session is gone, and cancel, now or after its grace, what is to go with it."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    if not session.is_connected:
        return []
    session.is_connected = False
    cancel_ns = state.time_ns + session.grace_ms * _NS_PER_MS
    events: list[AnyEvent] = [SessionDown(command.session, session.on_disconnect, cancel_ns)]
    if session.grace_ms:
        state.due.add(session, cancel_ns)
    else:
        cancel_orders_of(state, session, events)
    return events


def cancel_orders_of(state: State, session: Session, events: list[AnyEvent]) -> None:
    """Cancel what is to go with a session that is gone."""
    state.due.remove(session)
    orders = {order.order_id: order for order in orders_of_session(state, session.session)}
    if session.on_disconnect is CancelOnDisconnect.ACCOUNTS:
        orders.update((order.order_id, order) for order in state.open_orders(session.accounts))
    going = [order for order in orders.values() if _goes(order, session)]
    cancel_each(state, going, CancelReason.DISCONNECTED, events)


def _goes(order: Order, session: Session) -> bool:
    asked = OnDisconnect.AS_SESSION if order.terms is None else order.terms.on_disconnect
    if asked is OnDisconnect.AS_SESSION:
        return session.on_disconnect is not CancelOnDisconnect.NONE
    return asked is OnDisconnect.CANCEL
