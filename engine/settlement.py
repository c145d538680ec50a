"""Settlement: what a fill or a cancel does to orders and to funds, exact to the last unit."""

from engine.book import Book
from engine.commands import CancelOrder
from engine.events import AnyEvent, OrderAccepted, OrderCanceled, Trade
from engine.fee_rates import FEE_SCALE
from engine.order import Order
from engine.places import shown_terms, withdraw
from engine.reject import RejectReason
from engine.state import FINISHED_ORDERS_KEPT, State
from engine.values import (
    BUY,
    CANCELED,
    CONTINUOUS,
    EXPIRED,
    EXPIRIES,
    FILLED,
    MARKET,
    ON_BOOK,
    PARTIALLY_FILLED,
    REQUESTED,
    Amount,
    CancelReason,
    ListStage,
    OrderStatus,
    Price,
    Qty,
)


def fill(state: State, book: Book, maker: Order, taker: Order, price: Price, qty: Qty, events: list[AnyEvent]) -> None:
    """Book a trade of two orders, the maker's quantity of which has been taken off already."""
    if maker.order_list is not None:
        part(state, maker, CancelReason.PARTNER_FILLED, events, qty)
    if taker.order_list is not None:
        part(state, taker, CancelReason.PARTNER_FILLED, events)
    instrument = book.instrument
    book.last_price = price
    if book.watchers:
        book.triggers.on_last(price)
        state.restless[instrument.symbol] = book
    notional = qty * price * instrument.notional_per_tick_lot
    taker.leaves_qty -= qty
    phase = book.phase
    if phase is CONTINUOUS:
        maker_ppm, taker_ppm = maker.fees.maker_ppm, taker.fees.taker_ppm
    else:  # In auctions both pay as makers, and get no rebate.
        maker_ppm, taker_ppm = max(maker.fees.maker_ppm, 0), max(taker.fees.maker_ppm, 0)
    maker_reserved, taker_reserved = maker.reserved, taker.reserved
    maker_fee = _settle(maker, qty, notional, maker_ppm)
    taker_fee = _settle(taker, qty, notional, taker_ppm)
    state.fees[instrument.quote] += maker_fee + taker_fee
    state.last_trade_id += 1
    book.rpt_seq = rpt_seq = book.rpt_seq + 1  # next_rpt_seq, without the call
    book.told_ns = time_ns = state.time_ns
    trade = Trade(
        state.last_trade_id,
        instrument.symbol,
        price,
        qty,
        notional,
        maker.session,
        maker.account,
        maker.order_id,
        maker.cl_ord_id,
        maker.order_type,
        maker.time_in_force,
        maker.qty,
        maker.price,
        maker.leaves_qty,
        maker.cum_qty,
        maker.cum_notional,
        maker_fee,
        taker.session,
        taker.account,
        taker.order_id,
        taker.cl_ord_id,
        taker.side,
        taker.order_type,
        taker.time_in_force,
        taker.qty,
        taker.price,
        taker.leaves_qty,
        taker.cum_qty,
        taker.cum_notional,
        taker_fee,
        maker.terms,
        taker.terms,
        maker.hidden_qty,
        phase,
        rpt_seq,
        maker_reserved - maker.reserved,
        taker_reserved - taker.reserved,
        maker_ppm,
        taker_ppm,
    )
    state.trades.append(trade)
    state.trade_times.append(time_ns)
    book.day.trade(trade, time_ns)
    events.append(trade)
    if not maker.leaves_qty:
        finish(state, maker, FILLED)


def _settle(order: Order, qty: Qty, notional: Amount, fee_ppm: int) -> Amount:
    """Book one side of a trade against the order's account and return the fee it pays."""
    instrument, backing, proceeds = order.instrument, order.backing, order.proceeds
    order.status = PARTIALLY_FILLED
    order.cum_qty += qty
    order.cum_notional += notional
    fee_raw = order.fee_raw
    order.fee_raw = fee_raw_now = fee_raw + notional * fee_ppm
    fee = -fee_raw // FEE_SCALE - -fee_raw_now // FEE_SCALE  # the one less the other, rounded up without calls
    base_amount = qty * instrument.base_per_lot
    if order.side is BUY:
        if not order.leaves_qty:
            reserved = 0
        elif order.order_type is MARKET:
            reserved = order.reserved - notional - fee
        else:
            reserved = order.reserve_needed(order.leaves_qty, order.price)
        released = order.reserved - reserved
        order.reserved = reserved
        backing.reserved -= released
        backing.available += released - notional - fee
        proceeds.available += base_amount
    else:
        order.reserved -= base_amount
        backing.reserved -= base_amount
        proceeds.available += notional - fee
    return fee


def part(state: State, order: Order, reason: CancelReason, events: list[AnyEvent], traded_qty: Qty = 0) -> None:
    """Cancel the other order of a pair, if `order` is of one, before this one trades or is triggered.

    `traded_qty` is what has been taken off its leaves quantity already and is not booked yet.
    """
    order_list = order.order_list
    partner = None if order_list is None else order_list.partner(order)
    if order_list is None or partner is None:
        return
    order_list.stage = ListStage.LOOSE
    # The pair has reserved once for both; now that is this order's alone.
    order.reserved += partner.reserved
    partner.reserved = 0
    spare = give_back(order, order.leaves_qty + traded_qty)
    events.append(cancel(state, partner, reason, spare=spare))


def give_back(order: Order, open_qty: Qty) -> Amount:
    """Give back what an order reserves beyond what `open_qty` may cost at its price, and return how much that is."""
    spare = order.reserved - order.reserve_needed(open_qty, order.price)
    if spare <= 0:
        return 0
    order.reserved -= spare
    order.backing.reserved -= spare
    order.backing.available += spare
    return spare


def finish(state: State, order: Order, status: OrderStatus) -> None:
    """Close an order that no longer rests: give back what it still reserves, remember it for a while."""
    order.status = status
    if order.terms is not None:
        state.due.remove(order)
        order_list = order.order_list
        if order_list is not None:
            order_list.note_closed(order, status)
            state.unsettled.append(order_list)
            symbol = order.instrument.symbol
            state.restless[symbol] = state.books[symbol]
    order_id = order.order_id
    account = state.accounts[order.account]
    del account.orders[order_id]
    account.firm_guard.open_orders -= 1
    reserved = order.reserved
    if reserved:
        backing = order.backing
        backing.reserved -= reserved
        backing.available += reserved
        order.reserved = 0
    finished = state.finished
    finished[order_id] = order
    state.finished_order_ids.append(order_id)
    if len(finished) > FINISHED_ORDERS_KEPT:
        del finished[state.finished_order_ids.popleft()]


def accepted(state: State, order: Order, reserved: Amount) -> OrderAccepted:
    """Return the event that tells of an order for which nothing has happened yet but that funds were reserved."""
    return OrderAccepted(
        order.session,
        order.account,
        order.order_id,
        order.cl_ord_id,
        order.instrument.symbol,
        order.side,
        order.order_type,
        order.time_in_force,
        order.qty,
        order.price,
        shown_terms(state, order),
        order.status,
        reserved=reserved,
    )


def cancel(
    state: State,
    order: Order,
    reason: CancelReason,
    request: CancelOrder | None = None,
    refusal: RejectReason | None = None,
    spare: Amount = 0,
) -> OrderCanceled:
    """Take an open order out of wherever it is, and close it; `refusal` says what it could not do, if that is why.

    `spare` has been set free elsewhere, as it goes.
    """
    terms = order.terms if order.terms is None else shown_terms(state, order)
    rpt_seq = 0
    if order.place is ON_BOOK:
        book = state.books[order.instrument.symbol]
        book.rpt_seq = rpt_seq = book.rpt_seq + 1
        book.told_ns = state.time_ns
    withdraw(state, order)
    order.leaves_qty = 0
    released = order.reserved + spare
    finish(state, order, EXPIRED if reason is not REQUESTED and reason in EXPIRIES else CANCELED)
    if request is None:
        requester, cl_ord_id, orig_cl_ord_id = order.session, order.cl_ord_id, ""
    else:
        requester, cl_ord_id, orig_cl_ord_id = request.session, request.cl_ord_id, order.cl_ord_id
    return OrderCanceled(
        order.session,
        requester,
        order.account,
        order.order_id,
        cl_ord_id,
        orig_cl_ord_id,
        order.instrument.symbol,
        order.side,
        order.order_type,
        order.time_in_force,
        order.qty,
        order.price,
        order.cum_qty,
        order.cum_notional,
        reason,
        terms,
        0,
        0,
        refusal or 0,
        rpt_seq,
        released,
    )
