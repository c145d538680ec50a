"""Replacing: an open order goes on with other values, all of them stated anew.

The quantity is the order's total. What has been filled by the time the request is carried out counts towards it, so
that a fill which crosses the request on its way never makes the order trade more than its owner meant.
"""

from engine.account import Account
from engine.admission import passive_price, why_not
from engine.book import Book, BookSide
from engine.commands import ReplaceOrder
from engine.events import AnyEvent, OrderReplaced
from engine.lists import why_not_replaced
from engine.order import Order
from engine.phases import is_auction_only, why_not_now
from engine.places import withdraw
from engine.protection import is_too_far, why_not_protected
from engine.reject import RejectReason, unknown_session
from engine.requests import find, refused
from engine.starting import act, expire_from_now_on, hold, start
from engine.state import State
from engine.terms import Terms, of_list
from engine.values import (
    AMOUNT_MAX,
    CONTINUOUS,
    FILL_OR_KILL,
    GOOD_TILL_DATE,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    MARKET,
    ON_BOOK,
    PEGGED,
    PENDING_NEW,
    PRICE_MAX,
    PegReference,
    Place,
    Price,
    Qty,
)


def replace_order(state: State, command: ReplaceOrder) -> list[AnyEvent]:
    """Give an order new values. It stays in its place if that is fair to all others; if not, it acts as if new."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    order = find(state, session, command)
    if not isinstance(order, Order):
        return order
    book = state.books[command.symbol]
    account = session.permitted[command.account]
    reason = _why_not(state, account, book, command, order) or why_not_replaced(order, command)
    if reason is not None:
        return refused(command, order, reason)
    qty, price, terms = command.qty, command.price, _terms(command, order)
    if terms is not None and terms.post_only and order.place is not Place.LIST:
        price = passive_price(book, order.side, price, terms.post_only)
        if not price:
            return refused(command, order, RejectReason.POST_ONLY_WOULD_TRADE)
    reason = _reserve(order, qty - order.cum_qty - order.busted_qty, price)
    if reason is not None:
        return refused(command, order, reason)

    stays = _keeps_priority(order, qty, price, terms)
    if stays:
        _shrink(book.side(order.side), order, qty, terms)
        if book.watchers:
            state.restless[command.symbol] = book
    else:
        withdraw(state, order)
        order.leaves_qty = qty - order.cum_qty - order.busted_qty
    orig_cl_ord_id, order.cl_ord_id = order.cl_ord_id, command.cl_ord_id
    session.permitted[command.account].cl_ord_ids[command.cl_ord_id] = order.order_id
    order.order_type, order.time_in_force, order.terms = command.order_type, command.time_in_force, terms
    order.qty, order.price = qty, price
    state.due.remove(order)
    events: list[AnyEvent] = [_replaced(command, order, orig_cl_ord_id)]
    if stays:
        expire_from_now_on(state, order)
    elif order.status is not PENDING_NEW:
        act(state, order, book, events)
    elif not hold(state, order):
        start(state, order, book, events)
    return events


def _why_not(state: State, account: Account, book: Book, command: ReplaceOrder, order: Order) -> RejectReason | None:
    """Return the first reason for which an order cannot have the values that are asked for, None if it can."""
    has_acted = order.status is not PENDING_NEW
    if (command.order_type is PEGGED) != (order.order_type is PEGGED):
        return RejectReason.PEG_STAYS_PEG
    if book.phase is not CONTINUOUS or order.place is Place.AUCTION or is_auction_only(command.time_in_force):
        reason = why_not_now(book, command)
        if reason is not None:
            return reason
        if order.order_type is MARKET or (
            order.time_in_force is not command.time_in_force
            and (order.place is Place.AUCTION or is_auction_only(command.time_in_force))
        ):
            return RejectReason.CANNOT_REPLACE_THUS
    is_immediate = command.time_in_force in (IMMEDIATE_OR_CANCEL, FILL_OR_KILL)
    if command.order_type not in (LIMIT, PEGGED) or (has_acted and is_immediate):
        return RejectReason.CANNOT_REPLACE_THUS
    if command.terms is not None or command.time_in_force is GOOD_TILL_DATE or command.order_type is PEGGED:
        reason = why_not(state, command, is_entry=not has_acted)
        if reason is not None:
            return reason
    if not 0 < command.qty <= order.instrument.order_qty_max:
        return RejectReason.QUANTITY_OUT_OF_RANGE
    if command.qty <= order.cum_qty + order.busted_qty:
        return RejectReason.QUANTITY_NOT_ABOVE_FILLED
    if not 0 < command.price <= PRICE_MAX and (command.price or command.order_type is not PEGGED):
        return RejectReason.PRICE_OUT_OF_RANGE
    if book.rules.fat_finger_bps and is_too_far(book, command.side, command.order_type, command.price, command.terms):
        return RejectReason.PRICE_TOO_FAR
    return why_not_protected(state, account, book, command) if state.guarded else None


def _terms(command: ReplaceOrder, order: Order) -> Terms | None:
    """Return the terms with which an order goes on: those of the request, and its list, if it is in one."""
    return command.terms if order.order_list is None else of_list(command.terms, order.order_list.list_id)


def _reserve(order: Order, leaves_qty: Qty, price: Price) -> RejectReason | None:
    """Reserve what the order, or the pair it is of, may cost from now on.

    Or say why that cannot be, and leave everything as it is.
    """
    if order.cum_notional + leaves_qty * price * order.instrument.notional_per_tick_lot > AMOUNT_MAX:
        return RejectReason.NOTIONAL_TOO_LARGE
    if order.place is Place.LIST:
        return None  # it is funded when it enters
    backing = order.backing
    reserved = order.reserve_needed(leaves_qty, price)
    held = order.reserved
    partner = None if order.order_list is None else order.order_list.partner(order)
    if partner is not None:
        reserved = max(reserved, partner.reserve_needed(partner.leaves_qty, partner.price))
        held += partner.reserved
    added = reserved - held
    if added > backing.available:
        return RejectReason.INSUFFICIENT_FUNDS
    backing.available -= added
    backing.reserved += added
    order.reserved = reserved
    if partner is not None:
        partner.reserved = 0
    return None


def _keeps_priority(order: Order, qty: Qty, price: Price, terms: Terms | None) -> bool:
    """Tell whether an order may stay where it is: it is in no queue, or asks for nothing more at its price.

    Source: the venue's rules of engagement, section "Cancel and replace", whose table a test holds this to.
    """
    return order.place is Place.LIST or (
        order.place in (ON_BOOK, Place.AUCTION, Place.PEGS)
        and price == order.price
        and qty <= order.qty
        and _displayed(qty, terms) <= _displayed(order.qty, order.terms)
        and _peg(terms) == _peg(order.terms)
    )


def _peg(terms: Terms | None) -> tuple[PegReference, int]:
    """Return what an order is pegged to, and at which distance."""
    return (PegReference.NONE, 0) if terms is None else (terms.peg, terms.offset)


def _displayed(qty: Qty, terms: Terms | None) -> Qty:
    """Return how much of an order for `qty` the market sees at a time."""
    return qty if terms is None or not terms.display_qty else terms.display_qty


def _shrink(side: BookSide, order: Order, qty: Qty, terms: Terms | None) -> None:
    """Make a resting order smaller where it stands, and let it display no more than its new terms say."""
    if order.place is not ON_BOOK:
        order.leaves_qty -= order.qty - qty
        return
    side.reduce(order, order.qty - qty)
    side.show(order, min(order.leaves_qty - order.hidden_qty, _displayed(qty, terms)))


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
        order.hidden_qty,
        order.status,
    )
