"""Triggered orders: stops, take-profits and trailing stops. What they may ask for, how they wait, how they act.

Such an order waits off the book for the price of the last trade, or for the index, to reach its StopPx. Then it enters
the book as a new arrival. One without a limit of its own trades no further from its StopPx than the stop protection of
the instrument allows, so that what it can cost is known and reserved from the beginning; what is left is cancelled.
Source: "stop with protection" of CME Globex.
"""

from engine.book import Book
from engine.commands import NewOrder, ReplaceOrder
from engine.events import AnyEvent, OrderTriggered
from engine.matching import trade_and_rest
from engine.order import Order
from engine.places import withdraw
from engine.publishing import publish
from engine.reject import RejectReason
from engine.settlement import give_back, part
from engine.state import State
from engine.terms import Terms
from engine.trailing import distance
from engine.triggers import TRIGGERED_TYPES, UNLIMITED_TYPES, is_reached, terms_of
from engine.values import (
    BASIS_POINTS,
    BUY,
    FILL_OR_KILL,
    IMMEDIATE_OR_CANCEL,
    PRICE_MAX,
    Amount,
    CancelReason,
    OffsetUnit,
    OrderType,
    Place,
    Price,
    Side,
    TriggerSource,
)


def why_not_triggered(command: NewOrder | ReplaceOrder, terms: Terms) -> RejectReason | None:
    """Return the first reason for which what an order asks of a trigger does not fit together, None if it does."""
    order_type = command.order_type
    is_trailing = order_type is OrderType.TRAILING_STOP
    if (terms.trigger is not TriggerSource.NONE) != (order_type in TRIGGERED_TYPES):
        return RejectReason.TRIGGER_MISMATCH
    if not terms.trigger:
        return RejectReason.TRIGGER_MISMATCH if terms.stop_price else None
    if (terms.offset_unit is not OffsetUnit.NONE) != is_trailing:
        return RejectReason.TRAIL_MISMATCH
    if is_trailing:
        if terms.stop_price:
            return RejectReason.TRIGGER_MISMATCH
        largest = BASIS_POINTS - 1 if terms.offset_unit is OffsetUnit.BASIS_POINTS else PRICE_MAX
        if not 0 < terms.offset <= largest:
            return RejectReason.TRAIL_MISMATCH
    elif not 0 < terms.stop_price <= PRICE_MAX:
        return RejectReason.STOP_PRICE_OUT_OF_RANGE
    if order_type in UNLIMITED_TYPES and command.time_in_force in (IMMEDIATE_OR_CANCEL, FILL_OR_KILL):
        return RejectReason.STOP_TRADES_AT_ONCE
    return None


def why_not_waiting(
    book: Book, side: Side, order_type: OrderType, terms: Terms, mark: Price = 0
) -> RejectReason | None:
    """Return the reason for which an order cannot wait for its price as the market stands, None if it can.

    A trailing one may have a mark already.
    """
    price = watched_price(book, terms)
    if not price:
        is_index = terms.trigger is TriggerSource.INDEX
        return RejectReason.NO_INDEX_PRICE if is_index else RejectReason.NO_LAST_PRICE
    if order_type is OrderType.TRAILING_STOP:
        stop_price = trailed_from(mark or price, side, terms)
        if not 0 < stop_price <= PRICE_MAX:
            return RejectReason.TRAIL_TOO_LONG
    else:
        stop_price = terms.stop_price
    return RejectReason.STOP_PRICE_REACHED if is_reached(side, order_type, stop_price, price) else None


def watched_price(book: Book, terms: Terms) -> Price:
    """Return the present price that an order with these terms watches, 0 if there is none yet."""
    return book.index_price if terms.trigger is TriggerSource.INDEX else book.last_price


def trailed_from(mark: Price, side: Side, terms: Terms) -> Price:
    """Return the StopPx of a trailing order whose mark is `mark`."""
    return mark + distance(terms, mark) if side is BUY else mark - distance(terms, mark)


def worst_triggered_price(
    book: Book, side: Side, order_type: OrderType, price: Price, terms: Terms, mark: Price = 0
) -> Price:
    """Return the worst price at which a triggered order may trade: its limit, or what the stop protection leaves.

    A trailing one may have a mark already.
    """
    if order_type not in UNLIMITED_TYPES:
        return price
    if order_type is OrderType.TRAILING_STOP:
        return _protected(book, side, trailed_from(mark or watched_price(book, terms), side, terms))
    return _protected(book, side, terms.stop_price)


def wait_for_price(state: State, order: Order, book: Book) -> None:
    """Let an order, which is nowhere, wait for its price; if that has been reached already, for its turn."""
    terms = terms_of(order)
    price = watched_price(book, terms)
    order.place = Place.TRIGGERS
    book.watchers += 1
    if (
        order.order_type is not OrderType.TRAILING_STOP
        and price
        and is_reached(order.side, order.order_type, terms.stop_price, price)
    ):
        book.triggers.triggered[order.order_id] = order
        state.restless[order.instrument.symbol] = book
    else:
        book.triggers.add(order, price)


def trigger(state: State, order: Order, book: Book, events: list[AnyEvent]) -> None:
    """Let an order whose turn has come enter the book; the other order of its pair, if it has one, is cancelled."""
    withdraw(state, order)
    part(state, order, CancelReason.PARTNER_TRIGGERED, events)
    released = _bring_protection_along(order, book) if order.order_type is OrderType.TRAILING_STOP else 0
    told_at = len(events)
    events.append(
        OrderTriggered(
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
            order.terms,
            released=released,
        )
    )
    trade_and_rest(state, order, book, events)
    publish(state, book, order, events, told_at)


def _protected(book: Book, side: Side, stop_price: Price) -> Price:
    """Return the worst price that the stop protection allows, rounded towards the StopPx; 0 for none."""
    protection = stop_price * book.rules.stop_protection_bps // BASIS_POINTS
    return stop_price + protection if side is BUY else stop_price - protection


def _bring_protection_along(order: Order, book: Book) -> Amount:
    """Give a trailing stop the worst price that goes with its StopPx, never one worse than before.

    Set free what it need not reserve any more, and return how much that is.
    """
    price = _protected(book, order.side, terms_of(order).stop_price)
    if order.side is not BUY:
        order.price = max(order.price, price)
        return 0
    order.price = min(order.price, price)
    return give_back(order, order.leaves_qty)
