"""Orders as their owners change them: enter, cancel, replace, mass cancel. Each is refused whole or done whole."""

from engine.admission import passive_price, why_not
from engine.commands import CancelOrder, MassCancel, NewOrder, ReplaceOrder
from engine.events import (
    AnyEvent,
    CancelRejected,
    MassCanceled,
    OrderAccepted,
    OrderRejected,
    OrderReplaced,
)
from engine.matching import trade_and_rest
from engine.order import FEE_SCALE, Order
from engine.queries import status_of
from engine.reject import RejectReason, unknown_session
from engine.settlement import accepted, cancel
from engine.state import Session, State
from engine.values import (
    AMOUNT_MAX,
    BUY,
    FILL_OR_KILL,
    GOOD_TILL_DATE,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    MARKET,
    MARKET_TO_LIMIT,
    PENDING_NEW,
    PRICE_MAX,
    REQUESTED,
    CancelReason,
    MassCancelScope,
    OrderStatus,
    Place,
)


def new_order(  # noqa: C901, PLR0911, PLR0912, PLR0915 - one check after another, in the order of reasons
    state: State, command: NewOrder
) -> list[AnyEvent]:
    """Accept an order, reserve what it may cost, and let it trade or rest."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    account = session.permitted.get(command.account)
    if account is None:
        return _rejected(command, RejectReason.UNKNOWN_ACCOUNT)
    cl_ord_id = command.cl_ord_id
    if cl_ord_id in account.cl_ord_ids or cl_ord_id in account.earlier_cl_ord_ids:
        if command.possible_resend:
            return [status_of(state, session, command)]
        return _rejected(command, RejectReason.DUPLICATE_CL_ORD_ID)
    book = state.books.get(command.symbol)
    if book is None:
        return _rejected(command, RejectReason.UNKNOWN_INSTRUMENT)
    instrument, side, order_type, qty, price = (
        book.instrument,
        command.side,
        command.order_type,
        command.qty,
        command.price,
    )
    if not 0 < qty <= instrument.order_qty_max:
        return _rejected(command, RejectReason.QUANTITY_OUT_OF_RANGE)
    terms = command.terms
    if terms is not None or command.time_in_force is GOOD_TILL_DATE:
        reason = why_not(state, command)
        if reason is not None:
            return _rejected(command, reason)
    if order_type is not LIMIT:
        if price:
            return _rejected(command, RejectReason.MARKET_ORDER_NEEDS_NO_PRICE)
        opposite = book.opposite(side)
        if opposite.best is None:
            return _rejected(command, RejectReason.NO_LIQUIDITY)
        if order_type is MARKET_TO_LIMIT:
            price = opposite.best.price
    if order_type is MARKET:
        notional = 0
        if side is BUY:
            notional = book.asks.cost(qty, book.asks.market_bound(terms)) * instrument.notional_per_tick_lot
    else:
        if not 0 < price <= PRICE_MAX:
            return _rejected(command, RejectReason.PRICE_OUT_OF_RANGE)
        if terms is not None and terms.post_only:
            price = passive_price(book, side, price, terms.post_only)
            if not price:
                return _rejected(command, RejectReason.POST_ONLY_WOULD_TRADE)
        notional = qty * price * instrument.notional_per_tick_lot
        if notional > AMOUNT_MAX:
            return _rejected(command, RejectReason.NOTIONAL_TOO_LARGE)
    holdings = account.holdings
    if side is BUY:
        backing, proceeds = holdings[instrument.quote], holdings[instrument.base]
        reserved = notional - (-notional * instrument.reserve_fee_bps // FEE_SCALE)  # round_fee, without the call
    else:
        backing, proceeds = holdings[instrument.base], holdings[instrument.quote]
        reserved = qty * instrument.base_per_lot
    if reserved > backing.available:
        return _rejected(command, RejectReason.INSUFFICIENT_FUNDS)
    backing.available -= reserved
    backing.reserved += reserved

    state.last_order_id = order_id = state.last_order_id + 1
    order = Order(
        order_id,
        command.session,
        command.account,
        cl_ord_id,
        instrument,
        side,
        order_type,
        command.time_in_force,
        qty,
        price,
        backing,
        proceeds,
    )
    order.reserved = reserved
    account.orders[order_id] = order
    account.cl_ord_ids[cl_ord_id] = order_id
    if terms is not None:
        order.terms = terms
        if terms.effective_ns > state.time_ns:
            order.status = PENDING_NEW
            order.place = Place.SCHEDULED
            state.due.add(order, terms.effective_ns)
            return [accepted(order)]
        if terms.expire_ns:
            state.due.add(order, terms.expire_ns)
    events: list[AnyEvent] = [
        OrderAccepted(
            command.session,
            command.account,
            order_id,
            cl_ord_id,
            command.symbol,
            side,
            order_type,
            command.time_in_force,
            qty,
            price,
            terms,
        )
    ]
    trade_and_rest(state, order, book, events)
    return events


def cancel_order(state: State, command: CancelOrder) -> list[AnyEvent]:
    """Cancel what is left of an order."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    found = _find(state, session, command)
    if not isinstance(found, Order):
        return found
    session.permitted[command.account].cl_ord_ids[command.cl_ord_id] = found.order_id
    return [cancel(state, found, REQUESTED, command)]


def replace_order(  # noqa: C901, PLR0911, PLR0912 - one check after another, in the order in which reasons are given
    state: State, command: ReplaceOrder
) -> list[AnyEvent]:
    """Give an order new terms. Unless only its quantity shrinks, it goes behind all others and may trade at once."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    found = _find(state, session, command)
    if not isinstance(found, Order):
        return found
    order, qty, price, terms = found, command.qty, command.price, command.terms
    if order.status is PENDING_NEW:
        return _cancel_rejected(command, order, RejectReason.ORDER_NOT_STARTED)
    instrument = order.instrument
    book = state.books[instrument.symbol]
    if command.order_type is not LIMIT or command.time_in_force in (IMMEDIATE_OR_CANCEL, FILL_OR_KILL):
        return _cancel_rejected(command, order, RejectReason.CANNOT_REPLACE_THUS)
    if terms is not None or command.time_in_force is GOOD_TILL_DATE:
        reason = why_not(state, command)
        if reason is not None:
            return _cancel_rejected(command, order, reason)
    if not 0 < qty <= instrument.order_qty_max:
        return _cancel_rejected(command, order, RejectReason.QUANTITY_OUT_OF_RANGE)
    if qty <= order.cum_qty:
        return _cancel_rejected(command, order, RejectReason.QUANTITY_NOT_ABOVE_FILLED)
    if not 0 < price <= PRICE_MAX:
        return _cancel_rejected(command, order, RejectReason.PRICE_OUT_OF_RANGE)
    if terms is not None and terms.post_only:
        price = passive_price(book, order.side, price, terms.post_only)
        if not price:
            return _cancel_rejected(command, order, RejectReason.POST_ONLY_WOULD_TRADE)
    leaves_qty = qty - order.cum_qty
    if order.cum_notional + leaves_qty * price * instrument.notional_per_tick_lot > AMOUNT_MAX:
        return _cancel_rejected(command, order, RejectReason.NOTIONAL_TOO_LARGE)
    backing = order.backing
    reserved = order.reserve_needed(leaves_qty, price)
    added = reserved - order.reserved
    if added > backing.available:
        return _cancel_rejected(command, order, RejectReason.INSUFFICIENT_FUNDS)
    backing.available -= added
    backing.reserved += added
    order.reserved = reserved

    side = book.side(order.side)
    keeps_priority = price == order.price and qty <= order.qty
    if keeps_priority:
        side.reduce(order, order.qty - qty)
    else:
        side.remove(order)
        order.leaves_qty = leaves_qty
    orig_cl_ord_id = order.cl_ord_id
    order.qty, order.price, order.time_in_force = qty, price, command.time_in_force
    order.order_type, order.terms = command.order_type, terms
    state.due.remove(order)
    if terms is not None and terms.expire_ns:
        state.due.add(order, terms.expire_ns)
    order.cl_ord_id = command.cl_ord_id
    session.permitted[command.account].cl_ord_ids[command.cl_ord_id] = order.order_id
    events: list[AnyEvent] = [
        OrderReplaced(
            order.session,
            command.session,
            order.account,
            order.order_id,
            command.cl_ord_id,
            orig_cl_ord_id,
            instrument.symbol,
            order.side,
            order.order_type,
            order.time_in_force,
            qty,
            price,
            order.leaves_qty,
            order.cum_qty,
            order.cum_notional,
            terms,
        )
    ]
    if not keeps_priority:
        trade_and_rest(state, order, book, events)
    return events


def mass_cancel(state: State, command: MassCancel) -> list[AnyEvent]:
    """Cancel the open orders of the session's accounts."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    if command.scope is MassCancelScope.INSTRUMENT and command.symbol not in state.books:
        return [_mass_canceled(command, [], RejectReason.UNKNOWN_INSTRUMENT)]
    orders = state.open_orders(session.accounts, command.symbol, command.side)
    events: list[AnyEvent] = [cancel(state, order, CancelReason.MASS_CANCEL) for order in orders]
    events.append(_mass_canceled(command, orders, None))
    return events


def _find(state: State, session: Session, command: CancelOrder | ReplaceOrder) -> Order | list[AnyEvent]:
    """Return the open order that a request means, or the answer that says why there is none."""
    account = session.permitted.get(command.account)
    if account is None:
        return _cancel_rejected(command, None, RejectReason.UNKNOWN_ACCOUNT)
    orig_cl_ord_id = command.orig_cl_ord_id
    order_id = account.order_id_of(orig_cl_ord_id) if orig_cl_ord_id else command.order_id
    if not order_id:
        return _cancel_rejected(command, None, RejectReason.UNKNOWN_ORDER)
    if command.order_id not in (0, order_id):
        return _cancel_rejected(command, None, RejectReason.ORDER_ID_MISMATCH)
    order = account.orders.get(order_id)
    if order is None:
        finished = state.find_order(account, order_id)
        known = finished is not None or orig_cl_ord_id
        return _cancel_rejected(command, finished, RejectReason.ORDER_FINISHED if known else RejectReason.UNKNOWN_ORDER)
    if command.cl_ord_id in account.cl_ord_ids or command.cl_ord_id in account.earlier_cl_ord_ids:
        return _cancel_rejected(command, order, RejectReason.DUPLICATE_CL_ORD_ID)
    if command.symbol != order.instrument.symbol:
        return _cancel_rejected(command, order, RejectReason.INSTRUMENT_MISMATCH)
    if command.side is not order.side:
        return _cancel_rejected(command, order, RejectReason.SIDE_MISMATCH)
    return order


def _rejected(command: NewOrder, reason: RejectReason) -> list[AnyEvent]:
    return [
        OrderRejected(
            command.session,
            command.account,
            command.cl_ord_id,
            command.symbol,
            command.side,
            command.order_type,
            command.time_in_force,
            command.qty,
            command.price,
            reason,
            reason.text,
            command.terms,
        )
    ]


def _cancel_rejected(command: CancelOrder | ReplaceOrder, order: Order | None, reason: RejectReason) -> list[AnyEvent]:
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


def _mass_canceled(command: MassCancel, orders: list[Order], reason: RejectReason | None) -> MassCanceled:
    return MassCanceled(
        command.session,
        command.cl_ord_id,
        command.scope,
        command.symbol,
        command.side,
        tuple(order.order_id for order in orders),
        tuple(order.cl_ord_id for order in orders),
        reason or 0,
        reason.text if reason else "",
    )
