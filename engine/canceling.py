"""Cancel requests: of one order, or of many at once."""

from engine.commands import CancelOrder, MassCancel
from engine.events import AnyEvent, MassCanceled, OrderCanceled
from engine.guarding import cancel_each
from engine.order import Order
from engine.reject import RejectReason, unknown_session
from engine.requests import find
from engine.settlement import cancel
from engine.state import State
from engine.values import REQUESTED, CancelReason, MassCancelScope


def cancel_order(state: State, command: CancelOrder) -> list[AnyEvent]:
    """Cancel what is left of an order."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    found = find(state, session, command)
    if not isinstance(found, Order):
        return found
    session.permitted[command.account].cl_ord_ids[command.cl_ord_id] = found.order_id
    return [cancel(state, found, REQUESTED, command)]


def mass_cancel(state: State, command: MassCancel) -> list[AnyEvent]:
    """Cancel open orders of the session's accounts, all that the request means."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    if command.scope is MassCancelScope.INSTRUMENT and command.symbol not in state.books:
        return [_mass_canceled(command, [], RejectReason.UNKNOWN_INSTRUMENT)]
    if command.account and command.account not in session.permitted:
        return [_mass_canceled(command, [], RejectReason.UNKNOWN_ACCOUNT)]
    accounts = (command.account,) if command.account else session.accounts
    entered_by = command.session if command.scope is MassCancelScope.SESSION else ""
    events: list[AnyEvent] = []
    orders = state.open_orders(accounts, command.symbol, command.side, entered_by)
    cancel_each(state, orders, CancelReason.MASS_CANCEL, events)
    events.append(_mass_canceled(command, [event for event in events if isinstance(event, OrderCanceled)], None))
    return events


def _mass_canceled(command: MassCancel, canceled: list[OrderCanceled], reason: RejectReason | None) -> MassCanceled:
    return MassCanceled(
        command.session,
        command.cl_ord_id,
        command.scope,
        command.symbol,
        command.side,
        tuple(event.order_id for event in canceled),
        tuple(event.cl_ord_id for event in canceled),
        reason or 0,
        reason.text if reason else "",
    )
