"""Replacing: an open order goes on with other values, all of them stated anew.

The quantity is the order's total. What has been filled by the time the request is carried out counts towards it, so
that a fill which crosses the request on its way never makes the order trade more than its owner meant.
"""

from engine.account import Account
from engine.admission import passive_price, why_not, why_not_priced
from engine.book import Book, BookSide
from engine.commands import ReplaceOrder
from engine.events import AnyEvent, OrderReplaced
from engine.lists import why_not_replaced
from engine.order import Order
from engine.phases import is_auction_only, why_not_now
from engine.places import shown_terms, withdraw
from engine.protection import is_too_far, why_not_protected
from engine.publishing import publish
from engine.reject import RejectReason, unknown_session
from engine.requests import find, refused
from engine.starting import act, expire_from_now_on, hold, start, wait
from engine.state import State
from engine.terms import Terms, of_list
from engine.triggering import why_not_waiting, worst_triggered_price
from engine.triggers import TRIGGERED_TYPES, terms_of
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
    Amount,
    OrderType,
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
    price, terms = command.price, _terms(command, order)
    mark = 0
    if terms is None or order.place is Place.LIST:
        pass  # Its price is its own, or found when it enters.
    elif terms.post_only:
        price = passive_price(book, order.side, price, terms.post_only)
        if not price:
            return refused(command, order, RejectReason.POST_ONLY_WOULD_TRADE)
    elif terms.trigger:
        mark = _kept_mark(book, order, command, terms)
        reason = _why_not_waiting(state, book, command, terms, mark)
        if reason is not None:
            return refused(command, order, reason)
        price = worst_triggered_price(book, order.side, command.order_type, price, terms, mark)
    available, fees = order.backing.available, order.fees
    order.fees = account.fees.get(command.symbol, order.instrument.fees)
    reason = _reserve(order, command.qty - order.cum_qty - order.busted_qty, price)
    if reason is not None:
        order.fees = fees
        return refused(command, order, reason)
    reserved = available - order.backing.available
    session.permitted[command.account].cl_ord_ids[command.cl_ord_id] = order.order_id
    return _go_on(state, book, order, command, price, reserved, trails_on=mark > 0)


def _go_on(
    state: State, book: Book, order: Order, command: ReplaceOrder, price: Price, reserved: Amount, *, trails_on: bool
) -> list[AnyEvent]:
    """Give an order its new values, and let it go on where it stands, or act. So much more has been reserved for it."""
    qty, terms = command.qty, _terms(command, order)
    stays = trails_on or _keeps_priority(order, qty, price, terms)
    was_displayed = order.place is ON_BOOK
    if trails_on and terms is not None:
        book.triggers.change(order, terms)
        order.leaves_qty = qty
    elif stays:
        _shrink(book.side(order.side), order, qty, terms)
        if book.watchers:
            state.restless[command.symbol] = book
    else:
        withdraw(state, order)
        order.leaves_qty = qty - order.cum_qty - order.busted_qty
    orig_cl_ord_id, order.cl_ord_id = order.cl_ord_id, command.cl_ord_id
    order.order_type, order.time_in_force, order.terms = command.order_type, command.time_in_force, terms
    order.qty, order.price = qty, price
    state.due.remove(order)
    has_begun = order.status is not PENDING_NEW
    if stays:
        expire_from_now_on(state, order)
    is_settled = stays or (has_begun and wait(state, order, book))
    rpt_seq = book.next_rpt_seq(state.time_ns) if stays and was_displayed else 0
    events: list[AnyEvent] = [_replaced(state, command, order, orig_cl_ord_id, rpt_seq, reserved)]
    if is_settled:
        return events
    if has_begun:
        act(state, order, book, events)
        publish(state, book, order, events, 0, was_displayed=was_displayed)
    elif not hold(state, order):
        start(state, order, book, events)
    return events


def _why_not(  # noqa: C901, PLR0911 - one check after another, in the order of reasons
    state: State, account: Account, book: Book, command: ReplaceOrder, order: Order
) -> RejectReason | None:
    """Return the first reason for which an order cannot have the values that are asked for, None if it can."""
    has_begun = order.status is not PENDING_NEW
    has_acted = has_begun and order.place is not Place.TRIGGERS
    order_type = command.order_type
    is_triggered = order_type is not LIMIT and order_type in TRIGGERED_TYPES
    if (order_type is PEGGED) != (order.order_type is PEGGED):
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
    if has_begun and is_triggered == has_acted:
        return RejectReason.TRIGGER_REPLACE_MISMATCH
    if not is_triggered and (order_type not in (LIMIT, PEGGED) or (has_acted and is_immediate)):
        return RejectReason.CANNOT_REPLACE_THUS
    if command.terms is not None or command.time_in_force is GOOD_TILL_DATE or command.order_type is PEGGED:
        reason = why_not(state, command, is_entry=not has_acted)
        if reason is not None:
            return reason
    elif is_triggered:
        return RejectReason.TRIGGER_MISMATCH
    if not 0 < command.qty <= order.instrument.order_qty_max:
        return RejectReason.QUANTITY_OUT_OF_RANGE
    if command.qty <= order.cum_qty + order.busted_qty:
        return RejectReason.QUANTITY_NOT_ABOVE_FILLED
    reason = why_not_priced(order_type, command.price)
    if reason is not None:
        return reason
    if book.rules.fat_finger_bps and is_too_far(book, command.side, command.order_type, command.price, command.terms):
        return RejectReason.PRICE_TOO_FAR
    return why_not_protected(state, account, book, command) if state.guarded else None


def _terms(command: ReplaceOrder, order: Order) -> Terms | None:
    """Return the terms with which an order goes on: those of the request, and its list, if it is in one."""
    return command.terms if order.order_list is None else of_list(command.terms, order.order_list.list_id)


def _kept_mark(book: Book, order: Order, command: ReplaceOrder, terms: Terms) -> Price:
    """Return the mark that an order goes on with, 0 if it does not: a trailing stop that goes on trailing keeps it."""
    if order.place is not Place.TRIGGERS or command.order_type is not OrderType.TRAILING_STOP:
        return 0
    trail = book.triggers.trail(order)
    return 0 if trail is None or terms.trigger is not terms_of(order).trigger else trail.mark(order)


def _why_not_waiting(state: State, book: Book, command: ReplaceOrder, terms: Terms, mark: Price) -> RejectReason | None:
    """Return the reason for which an order cannot wait for its price as the market stands, None if it can."""
    if terms.effective_ns > state.time_ns:
        return None
    return why_not_waiting(book, command.side, command.order_type, terms, mark)


def _reserve(order: Order, leaves_qty: Qty, price: Price) -> RejectReason | None:
    """Reserve what the order, or the pair it is of, may cost from now on.

    Or say why that cannot be, and leave everything as it is.
    """
    if price > PRICE_MAX:
        return RejectReason.PRICE_OUT_OF_RANGE
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


def _replaced(
    state: State, command: ReplaceOrder, order: Order, orig_cl_ord_id: str, rpt_seq: int, reserved: Amount
) -> OrderReplaced:
    """Return the event; with a number, if the order stays where it is on the book."""
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
        shown_terms(state, order),
        order.hidden_qty,
        order.status,
        rpt_seq > 0,
        rpt_seq,
        order.leaves_qty - order.hidden_qty if rpt_seq else 0,
        reserved,
    )
