"""Replacing: an open order goes on with other values, all of them stated anew.

The quantity is the order's total. What has been filled by the time the request is carried out counts towards it, so
that a fill which crosses the request on its way never makes the order trade more than its owner meant.
"""

from engine.admission import passive_price, why_not
from engine.book import Book
from engine.commands import ReplaceOrder
from engine.events import AnyEvent, OrderReplaced
from engine.matching import trade_and_rest
from engine.order import Order
from engine.reject import RejectReason, unknown_session
from engine.requests import find, refused
from engine.state import State
from engine.values import (
    AMOUNT_MAX,
    FILL_OR_KILL,
    GOOD_TILL_DATE,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    PENDING_NEW,
    PRICE_MAX,
    Price,
    Qty,
)


def replace_order(state: State, command: ReplaceOrder) -> list[AnyEvent]:
    """Give an order new terms. Unless only its quantity shrinks, it goes behind all others and may trade at once."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    order = find(state, session, command)
    if not isinstance(order, Order):
        return order
    book = state.books[command.symbol]
    reason = _why_not(state, command, order)
    if reason is not None:
        return refused(command, order, reason)
    qty, price, terms = command.qty, command.price, command.terms
    if terms is not None and terms.post_only:
        price = passive_price(book, order.side, price, terms.post_only)
        if not price:
            return refused(command, order, RejectReason.POST_ONLY_WOULD_TRADE)
    reason = _reserve(order, qty - order.cum_qty, price)
    if reason is not None:
        return refused(command, order, reason)

    keeps_priority = _move(book, order, qty, price)
    orig_cl_ord_id = order.cl_ord_id
    order.qty, order.price, order.time_in_force = qty, price, command.time_in_force
    order.order_type, order.terms = command.order_type, terms
    state.due.remove(order)
    if terms is not None and terms.expire_ns:
        state.due.add(order, terms.expire_ns)
    order.cl_ord_id = command.cl_ord_id
    session.permitted[command.account].cl_ord_ids[command.cl_ord_id] = order.order_id
    events: list[AnyEvent] = [_replaced(command, order, orig_cl_ord_id)]
    if not keeps_priority:
        trade_and_rest(state, order, book, events)
    return events


def _why_not(state: State, command: ReplaceOrder, order: Order) -> RejectReason | None:
    """Return the first reason for which an order cannot have the values that are asked for, None if it can."""
    if order.status is PENDING_NEW:
        return RejectReason.ORDER_NOT_STARTED
    if command.order_type is not LIMIT or command.time_in_force in (IMMEDIATE_OR_CANCEL, FILL_OR_KILL):
        return RejectReason.CANNOT_REPLACE_THUS
    if command.terms is not None or command.time_in_force is GOOD_TILL_DATE:
        reason = why_not(state, command)
        if reason is not None:
            return reason
    if not 0 < command.qty <= order.instrument.order_qty_max:
        return RejectReason.QUANTITY_OUT_OF_RANGE
    if command.qty <= order.cum_qty:
        return RejectReason.QUANTITY_NOT_ABOVE_FILLED
    if not 0 < command.price <= PRICE_MAX:
        return RejectReason.PRICE_OUT_OF_RANGE
    return None


def _reserve(order: Order, leaves_qty: Qty, price: Price) -> RejectReason | None:
    """Reserve what the order may cost from now on; or say why that cannot be, and leave everything as it is."""
    if order.cum_notional + leaves_qty * price * order.instrument.notional_per_tick_lot > AMOUNT_MAX:
        return RejectReason.NOTIONAL_TOO_LARGE
    backing = order.backing
    reserved = order.reserve_needed(leaves_qty, price)
    added = reserved - order.reserved
    if added > backing.available:
        return RejectReason.INSUFFICIENT_FUNDS
    backing.available -= added
    backing.reserved += added
    order.reserved = reserved
    return None


def _move(book: Book, order: Order, qty: Qty, price: Price) -> bool:
    """Make a resting order's leaves quantity fit its new total; tell whether it may stay in its place for that."""
    side = book.side(order.side)
    if price == order.price and qty <= order.qty:
        side.reduce(order, order.qty - qty)
        return True
    side.remove(order)
    order.leaves_qty = qty - order.cum_qty
    return False


def _replaced(command: ReplaceOrder, order: Order, orig_cl_ord_id: str) -> OrderReplaced:
    return OrderReplaced(
        order.session,
        command.session,
        order.account,
        order.order_id,
        order.cl_ord_id,
        orig_cl_ord_id,
        order.instrument.symbol,
        order.side,
        order.order_type,
        order.time_in_force,
        order.qty,
        order.price,
        order.leaves_qty,
        order.cum_qty,
        order.cum_notional,
        order.terms,
    )
