"""Requests on an order that is already there: which one is meant, and how such a request is refused."""

from engine.commands import CancelOrder, ReplaceOrder
from engine.events import AnyEvent, CancelRejected
from engine.order import Order
from engine.reject import RejectReason
from engine.state import Session, State
from engine.values import OrderStatus


def find(state: State, session: Session, command: CancelOrder | ReplaceOrder) -> Order | list[AnyEvent]:
    """Return the open order that a request means, or the answer that says why there is none."""
    account = session.permitted.get(command.account)
    if account is None:
        return refused(command, None, RejectReason.UNKNOWN_ACCOUNT)
    orig_cl_ord_id, named_id = command.orig_cl_ord_id, command.order_id
    order_id = account.order_id_of(orig_cl_ord_id) if orig_cl_ord_id else named_id
    if not order_id:
        return refused(command, None, RejectReason.UNKNOWN_ORDER)
    if named_id and named_id != order_id:
        return refused(command, None, RejectReason.ORDER_ID_MISMATCH)
    order = account.orders.get(order_id)
    if order is None:
        finished = state.find_order(account, order_id)
        known = finished is not None or orig_cl_ord_id
        return refused(command, finished, RejectReason.ORDER_FINISHED if known else RejectReason.UNKNOWN_ORDER)
    cl_ord_id = command.cl_ord_id
    if cl_ord_id in account.cl_ord_ids or cl_ord_id in account.earlier_cl_ord_ids:
        return refused(command, order, RejectReason.DUPLICATE_CL_ORD_ID)
    if command.symbol != order.instrument.symbol:
        return refused(command, order, RejectReason.INSTRUMENT_MISMATCH)
    if command.side is not order.side:
        return refused(command, order, RejectReason.SIDE_MISMATCH)
    return order


def refused(command: CancelOrder | ReplaceOrder, order: Order | None, reason: RejectReason) -> list[AnyEvent]:
    """Return the answer to a request that is not carried out; `order` is the one it meant, if there is one."""
    return [
        CancelRejected(
            command.session,
            command.account,
            order.order_id if order else 0,
            command.cl_ord_id,
            command.orig_cl_ord_id,
            order.status if order else OrderStatus.REJECTED,
            isinstance(command, ReplaceOrder),
            reason,
            reason.text,
        )
    ]
