"""Entry: a new order is refused whole, or accepted, funded, and let act."""

from collections.abc import Iterable

from engine.account import Account
from engine.admission import has_reference, passive_price, why_not, why_not_priced
from engine.book import Book
from engine.cash import lots_at_entry
from engine.commands import NewOrder
from engine.events import AnyEvent, OrderAccepted, OrderRejected
from engine.fee_rates import FEE_SCALE
from engine.matching import trade_and_rest
from engine.order import Order, round_fee
from engine.phases import waits_for_auction, why_not_now, worst_price
from engine.protection import is_too_far, why_not_protected
from engine.publishing import publish
from engine.queries import status_of
from engine.reject import RejectReason, unknown_session
from engine.self_trade import prevention
from engine.starting import begin
from engine.state import State
from engine.taking import forecast, priced_pegs
from engine.terms import NO_TERMS, Terms
from engine.triggering import why_not_waiting, worst_triggered_price
from engine.triggers import TRIGGERED_TYPES
from engine.values import (
    AMOUNT_MAX,
    AT_THE_CLOSE,
    AT_THE_OPENING,
    BUY,
    CONTINUOUS,
    DAY,
    GOOD_TILL_CANCEL,
    GOOD_TILL_DATE,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    MARKET,
    MARKET_TO_LIMIT,
    NEW,
    ON_BOOK,
    PEGGED,
    PRICE_MAX,
    OrderType,
    Price,
    Qty,
)


def new_order(state: State, command: NewOrder) -> list[AnyEvent]:
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
    # Most orders are plain, and pay for nothing else: they are entered here, if nothing speaks against it. Whatever is
    # not plain, or is to be refused, goes the long way. What `admit` and `fund` look at must be in this condition.
    order_type, time_in_force, instrument = command.order_type, command.time_in_force, book.instrument
    side, qty, price = command.side, command.qty, command.price
    if (
        command.terms is None
        and order_type is LIMIT
        and (time_in_force is GOOD_TILL_CANCEL or time_in_force is DAY or time_in_force is IMMEDIATE_OR_CANCEL)
        and 0 < qty <= instrument.order_qty_max
        and 0 < price <= PRICE_MAX
        and book.phase is CONTINUOUS
        and not (state.guarded or book.rules.fat_finger_bps)
    ):
        holdings = account.holdings
        fees = account.fees.get(command.symbol, instrument.fees) if account.fees else instrument.fees
        notional = qty * price * instrument.notional_per_tick_lot
        if side is BUY:
            own, best = book.bids, book.asks.best
            may_trade = best is not None and best.price <= price
            backing, proceeds = holdings[instrument.quote], holdings[instrument.base]
            reserved = notional - (-notional * fees.reserve_ppm // FEE_SCALE)  # round_fee, without the call
        else:
            own, best = book.asks, book.bids.best
            may_trade = best is not None and best.price >= price
            backing, proceeds = holdings[instrument.base], holdings[instrument.quote]
            reserved = qty * instrument.base_per_lot
        if reserved <= backing.available and notional <= AMOUNT_MAX:
            backing.available -= reserved
            backing.reserved += reserved
            symbol, session_name, account_name = command.symbol, command.session, command.account
            state.last_order_id = order_id = state.last_order_id + 1
            order = Order(
                order_id,
                session_name,
                account_name,
                cl_ord_id,
                instrument,
                side,
                order_type,
                time_in_force,
                qty,
                price,
                backing,
                proceeds,
            )
            order.reserved = reserved
            order.fees = fees
            account.orders[order_id] = order
            account.firm_guard.open_orders += 1
            account.cl_ord_ids[cl_ord_id] = order_id
            rpt_seq = displayed_qty = 0
            if not (may_trade or book.watchers or time_in_force is IMMEDIATE_OR_CANCEL):
                own.rest(order)
                book.rpt_seq = rpt_seq = book.rpt_seq + 1
                book.told_ns = state.time_ns
                displayed_qty = qty
            events: list[AnyEvent] = [
                OrderAccepted(
                    session_name,
                    account_name,
                    order_id,
                    cl_ord_id,
                    symbol,
                    side,
                    order_type,
                    time_in_force,
                    qty,
                    price,
                    None,
                    NEW,
                    rpt_seq,
                    displayed_qty,
                    reserved,
                )
            ]
            if not rpt_seq:
                trade_and_rest(state, order, book, events)
                if order.place is ON_BOOK:
                    publish(state, book, order, events, 0)
            return events
    return _enter(state, account, book, command)


def _enter(state: State, account: Account, book: Book, command: NewOrder) -> list[AnyEvent]:
    """Enter an order, whatever it asks for, or refuse it."""
    order = admit(state, account, book, command)
    if not isinstance(order, Order):
        return _rejected(command, order)
    events: list[AnyEvent] = []
    begin(state, order, book, events)
    return events


def admit(  # noqa: C901, PLR0912 - one check after another, in the order of reasons
    state: State, account: Account, book: Book, command: NewOrder, *, funded: bool = True
) -> Order | RejectReason:
    """Return the order that a command enters, which is nowhere yet: open, and funded. Or say why it is refused.

    Not `funded`: it is to wait for another order, and what depends on the market and on funds is looked at later.
    """
    instrument, side, qty, price, terms = book.instrument, command.side, command.qty, command.price, command.terms
    order_type, time_in_force = command.order_type, command.time_in_force
    if not 0 < qty <= instrument.order_qty_max and (terms is None or not terms.cash_amount):
        return RejectReason.QUANTITY_OUT_OF_RANGE
    if terms is not None or time_in_force is GOOD_TILL_DATE or order_type is PEGGED:
        reason = why_not(state, command, is_entry=True)
        if reason is not None:
            return reason
    elif order_type is not LIMIT and order_type in TRIGGERED_TYPES:
        return RejectReason.TRIGGER_MISMATCH
    if book.phase is not CONTINUOUS or time_in_force is AT_THE_OPENING or time_in_force is AT_THE_CLOSE:
        reason = why_not_now(book, command)
        if reason is not None:
            return reason
        terms = terms or NO_TERMS
    reason = why_not_priced(order_type, price)
    if reason is not None:
        return reason
    if funded and terms is not None and terms.trigger and terms.effective_ns <= state.time_ns:
        reason = why_not_waiting(book, side, order_type, terms)
        if reason is not None:
            return reason
    if state.guarded:
        reason = why_not_protected(state, account, book, command)
        if reason is not None:
            return reason
    holdings = account.holdings
    if side is BUY:
        backing, proceeds = holdings[instrument.quote], holdings[instrument.base]
    else:
        backing, proceeds = holdings[instrument.base], holdings[instrument.quote]
    order_id = state.last_order_id + 1
    cl_ord_id = command.cl_ord_id
    order = Order(
        order_id,
        command.session,
        command.account,
        cl_ord_id,
        instrument,
        side,
        order_type,
        time_in_force,
        qty,
        price,
        backing,
        proceeds,
    )
    order.terms = terms
    order.fees = account.fees.get(command.symbol, order.fees)
    if funded:
        reason = fund(state, book, order)
        if reason is not None:
            return reason
    state.last_order_id = order_id
    account.orders[order_id] = order
    account.firm_guard.open_orders += 1
    account.cl_ord_ids[cl_ord_id] = order_id
    return order


def fund(state: State, book: Book, order: Order) -> RejectReason | None:
    """Give an order the price that it gets as the market stands, and reserve what it may cost. Or say why it cannot."""
    instrument, side, order_type, terms = book.instrument, order.side, order.order_type, order.terms
    if book.rules.fat_finger_bps and is_too_far(book, side, order_type, order.price, terms):
        return RejectReason.PRICE_TOO_FAR
    if terms is not None or order_type is not LIMIT:
        reason = _price(state, book, order)
        if reason is not None:
            return reason
    notional = 0
    if order_type is not MARKET or order.price:
        notional = order.qty * order.price * instrument.notional_per_tick_lot
        if notional > AMOUNT_MAX:
            return RejectReason.NOTIONAL_TOO_LARGE
    elif side is BUY:
        trades = _trades(state, book, order, order.qty)
        notional = sum(qty * price for qty, price in trades) * instrument.notional_per_tick_lot
    if side is not BUY:
        reserved = order.qty * instrument.base_per_lot
    elif terms is not None and terms.cash_amount:
        reserved = terms.cash_amount
    else:
        reserved = notional + round_fee(notional * order.fees.reserve_ppm)
    backing = order.backing
    if reserved > backing.available:
        return RejectReason.INSUFFICIENT_FUNDS
    backing.available -= reserved
    backing.reserved += reserved
    order.reserved = reserved
    return None


def _price(state: State, book: Book, order: Order) -> RejectReason | None:
    """Give an order the price, or the quantity, that depends on how the market stands. Or say why it cannot have it."""
    side, terms = order.side, order.terms
    if terms is not None and terms.trigger:
        return _price_triggered(book, order, terms)
    opposite = book.opposite(side)
    if order.order_type is MARKET and waits_for_auction(book, MARKET, order.time_in_force):
        order.price = worst_price(book, side)
        return None if order.price else RejectReason.NO_REFERENCE_PRICE
    if order.order_type is PEGGED:
        assert terms is not None, "a peg has a reference"
        return None if has_reference(book, side, terms.peg) else RejectReason.PEG_WITHOUT_REFERENCE
    if order.order_type is not LIMIT and opposite.best is None:
        return RejectReason.NO_LIQUIDITY
    if order.order_type is MARKET_TO_LIMIT and opposite.best is not None:
        order.price = opposite.best.price
    if terms is None:
        return None
    if terms.post_only:
        order.price = passive_price(book, side, order.price, terms.post_only)
        if not order.price:
            return RejectReason.POST_ONLY_WOULD_TRADE
    if terms.cash_amount:
        assert opposite.best is not None, "a market order finds a price"
        trades, best_price = _trades(state, book, order, AMOUNT_MAX), opposite.best.price
        order.qty = order.leaves_qty = lots_at_entry(trades, best_price, order, terms.cash_amount)
        if not 0 < order.qty <= book.instrument.order_qty_max:
            return RejectReason.QUANTITY_OUT_OF_RANGE if order.qty else RejectReason.CASH_BELOW_ONE_LOT
    return None


def _price_triggered(book: Book, order: Order, terms: Terms) -> RejectReason | None:
    """Give an order that waits for a price the worst price at which it may trade. Or say why it has none."""
    if order.order_type is OrderType.TRAILING_STOP:
        reason = why_not_waiting(book, order.side, order.order_type, terms)
        if reason is not None:
            return reason
    order.price = worst_triggered_price(book, order.side, order.order_type, order.price, terms)
    return RejectReason.PRICE_OUT_OF_RANGE if order.price > PRICE_MAX else None


def _trades(state: State, book: Book, order: Order, qty: Qty) -> Iterable[tuple[Qty, Price]]:
    """Return the quantities and prices for which a market order for `qty` would trade as the book is now."""
    terms, opposite = order.terms, book.opposite(order.side)
    bound, pegs = book.market_bound(order.side, terms), priced_pegs(book, terms)
    prevents = prevention(state, order.session, order.account, terms)
    if pegs is None and prevents is None:
        return opposite.within(qty, bound)
    return forecast(book, order.side, qty, bound, pegs, prevents)


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
