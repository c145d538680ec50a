"""Lists: orders that depend on each other, entered all or none.

One cancels the other (OCO): a limit order and a stop, of which one only can trade; funds are reserved once, for the
dearer of the two. One triggers the other (OTO): an order, and one or two more that wait, unfunded, until it is filled
in full; two of them are a pair like that of an OCO from then on. What binds the orders at a moment is the list's stage:

| stage | what happens | what follows | next stage |
|---|---|---|---|
| WAITING | the first order is filled | | RELEASED |
| WAITING | an order is closed otherwise | the others are cancelled | LOOSE |
| RELEASED | | the others enter | PAIRED if there are two, else LOOSE |
| PAIRED | one of the two is to trade, or is triggered | the other is cancelled before that | LOOSE |
| PAIRED | one of the two is closed otherwise | the other is cancelled | LOOSE |
| any | the last order is closed | the list is reported | DONE |

A fill or a trigger parts a pair on the spot (`settlement.part`); all else follows once the command, or whatever else
closed an order, has been carried out: then `settle` is called, before any other order acts.
"""

from typing import Final

from msgspec.structs import replace

from engine.account import Account
from engine.book import Book
from engine.commands import CancelOrderList, NewOrder, NewOrderList, QueryOrderList, ReplaceOrder
from engine.entry import admit, fund
from engine.events import AnyEvent, ListedOrder, ListReported, ListRequestRejected
from engine.order import Order, OrderList
from engine.phases import would_trade
from engine.places import withdraw
from engine.reject import RejectReason, unknown_session
from engine.settlement import accepted, cancel
from engine.starting import start
from engine.state import Session, State
from engine.terms import Terms, of_list
from engine.triggering import why_not_waiting
from engine.values import (
    CANCELED,
    EXPIRED,
    FILL_OR_KILL,
    FILLED,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    PENDING_NEW,
    SELL,
    CancelReason,
    Contingency,
    ListReport,
    ListStage,
    OrderStatus,
    OrderType,
    Place,
)

_SIZES: Final = {Contingency.ONE_CANCELS_OTHER: (2,), Contingency.ONE_TRIGGERS_OTHER: (2, 3)}
_SIZE_WITH_PAIR: Final = 3
"""An order and a pair."""
_CLOSED: Final = frozenset((FILLED, CANCELED, EXPIRED))
_STOPS: Final = frozenset((OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP))
_THE_LIST: Final = -1
"""Stands for the list itself, where the number of one of its orders would stand."""


# ------------------------------------------------------------------------------------------------- commands


def new_order_list(state: State, command: NewOrderList) -> list[AnyEvent]:
    """Accept all orders of a list, and let those act that wait for no other; or refuse all."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    reason = _why_not(session, command)
    if reason is not None:
        known = _find(session, command.list_id)
        if reason is RejectReason.DUPLICATE_LIST_ID and command.possible_resend and isinstance(known, OrderList):
            return [_reported(known, command.session, ListReport.ASKED)]
        return [_refused(command, _THE_LIST, reason)]
    account = session.permitted[command.orders[0].account]
    orders: list[Order] = []
    for number, entered in enumerate(command.orders):
        admitted = _admit(state, account, entered, command.list_id)
        if not isinstance(admitted, Order):
            _take_back(state, account, orders)
            return [_refused(command, number, admitted)]
        orders.append(admitted)
    is_pair = command.contingency is Contingency.ONE_CANCELS_OTHER
    working = orders if is_pair else orders[:1]
    book = state.books[command.orders[0].symbol]
    refusal = _reached(state, book, working, is_pair=is_pair) or _fund(state, book, working)
    if refusal is not None:
        _take_back(state, account, orders)
        return [_refused(command, orders.index(refusal[0]), refusal[1])]

    order_list = account.lists[command.list_id] = OrderList(
        command.list_id,
        command.session,
        account.account,
        command.contingency,
        ListStage.PAIRED if is_pair else ListStage.WAITING,
        tuple(orders),
    )
    for order in orders:
        order.order_list = order_list
    waiting = [order for order in orders if order not in working]
    for order in waiting:
        assert order.terms is not None, "an order of a list names it"
        order.status, order.place = PENDING_NEW, Place.LIST
        if order.terms.expire_ns:
            state.due.add(order, order.terms.expire_ns)
    events: list[AnyEvent] = [_reported(order_list, command.session, ListReport.ENTERED)]
    events += [accepted(state, order, 0) for order in waiting]
    _start(state, working, book, events)
    return events


def cancel_order_list(state: State, command: CancelOrderList) -> list[AnyEvent]:
    """Cancel what is open of a list."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    found = _find(session, command.list_id)
    if not isinstance(found, OrderList):
        return [_request_rejected(command, found)]
    if found.stage is ListStage.DONE:
        return [_request_rejected(command, RejectReason.LIST_DONE)]
    events: list[AnyEvent] = []
    _cancel_all(state, found, CancelReason.LIST_CANCELED, events)
    if command.session != found.session:  # who entered the list is told when it is settled
        events.append(_reported(found, command.session, ListReport.ASKED))
    return events


def query_order_list(state: State, command: QueryOrderList) -> list[AnyEvent]:
    """Answer with the state of a list."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    found = _find(session, command.list_id)
    if not isinstance(found, OrderList):
        return [_request_rejected(command, found)]
    return [_reported(found, command.session, ListReport.ASKED)]


# ------------------------------------------------------------------------------------------------- settling


def settle(state: State, events: list[AnyEvent]) -> None:
    """Do what follows for the lists of which orders have been closed, in that order."""
    while state.unsettled:
        order_list = state.unsettled.popleft()
        orders = order_list.orders
        if order_list.stage is ListStage.WAITING:
            is_first = _is_closed(orders[0])
            _cancel_all(state, order_list, CancelReason.NOT_RELEASED if is_first else CancelReason.LIST_BROKEN, events)
        elif order_list.stage is ListStage.RELEASED:
            _release(state, order_list, events)
        elif order_list.stage is ListStage.PAIRED:
            _cancel_all(state, order_list, CancelReason.PARTNER_CANCELED, events)
        if order_list.stage is not ListStage.DONE and all(map(_is_closed, orders)):
            order_list.stage = ListStage.DONE
            events.append(_reported(order_list, order_list.session, ListReport.DONE))


def _release(state: State, order_list: OrderList, events: list[AnyEvent]) -> None:
    """Let the orders enter that have waited for the first; one for which there are no funds is cancelled."""
    orders = list(order_list.orders[1:])
    book = state.books[orders[0].instrument.symbol]
    for order in orders:
        withdraw(state, order)
        state.due.remove(order)
    refusal = _fund(state, book, orders)
    order_list.stage = ListStage.LOOSE
    if refusal is None:
        if len(orders) > 1:
            order_list.stage = ListStage.PAIRED
        _start(state, orders, book, events)
        return
    for order in orders:
        if order is refusal[0]:
            events.append(cancel(state, order, CancelReason.NOT_ENTERED, refusal=refusal[1]))
        else:
            events.append(cancel(state, order, CancelReason.PARTNER_CANCELED))


def _cancel_all(state: State, order_list: OrderList, reason: CancelReason, events: list[AnyEvent]) -> None:
    order_list.stage = ListStage.LOOSE
    events += [cancel(state, order, reason) for order in order_list.orders if not _is_closed(order)]


def _start(state: State, orders: list[Order], book: Book, events: list[AnyEvent]) -> None:
    """Let orders act that are funded; of a pair the stop first, so that it is there when the limit order trades."""
    for order in sorted(orders, key=lambda order: order.order_type is LIMIT):
        if not _is_closed(order):
            start(state, order, book, events, order.reserved)


def _is_closed(order: Order) -> bool:
    return order.status in _CLOSED


# -------------------------------------------------------------------------------------------------- funding


def _reached(state: State, book: Book, orders: list[Order], *, is_pair: bool) -> tuple[Order, RejectReason] | None:
    """Say which order cannot begin as the market stands, as its price, or the limit of a pair, is reached already."""
    for order in orders:
        terms = order.terms
        if is_pair and order.order_type is LIMIT and would_trade(book, order.side, order.price):
            return order, RejectReason.PAIR_PRICES
        if terms is not None and terms.trigger and terms.effective_ns <= state.time_ns:
            reason = why_not_waiting(book, order.side, order.order_type, terms)
            if reason is not None:
                return order, reason
    return None


def _fund(state: State, book: Book, orders: list[Order]) -> tuple[Order, RejectReason] | None:
    """Reserve what an order, or the dearer order of a pair, may cost. Or say which of them cannot be had, and why."""
    first, second = orders[0], orders[-1]
    reason = fund(state, book, first)
    if reason is not None:
        return first, reason
    if second is first:
        return None
    alone = first.reserved
    _reserve(first, -alone)
    reason = fund(state, book, second)
    if reason is not None:
        return second, reason
    _reserve(first, max(0, alone - second.reserved))
    return None


def _reserve(order: Order, amount: int) -> None:
    """Reserve so much more for an order, less if it is negative; it must be there."""
    order.reserved += amount
    order.backing.reserved += amount
    order.backing.available -= amount


# ------------------------------------------------------------------------------------------------- admission


def _why_not(session: Session, command: NewOrderList) -> RejectReason | None:
    """Return the first reason for which a list cannot be as it is, whatever its orders are; None if it can."""
    orders = command.orders
    if len(orders) not in _SIZES[command.contingency]:
        return RejectReason.LIST_SIZE
    first = orders[0]
    account = session.permitted.get(first.account)
    if account is None:
        return RejectReason.UNKNOWN_ACCOUNT
    if command.list_id in account.lists:
        return RejectReason.DUPLICATE_LIST_ID
    if any((order.account, order.symbol) != (first.account, first.symbol) for order in orders):
        return RejectReason.LIST_MISMATCH
    if not all(_may_be_listed(order.terms) for order in orders):
        return RejectReason.LIST_TERMS
    is_pair = command.contingency is Contingency.ONE_CANCELS_OTHER or len(orders) == _SIZE_WITH_PAIR
    return _why_not_pair(orders[-2], orders[-1]) if is_pair else None


def why_not_replaced(order: Order, command: ReplaceOrder) -> RejectReason | None:
    """Return the first reason for which its list forbids an order to have other values, None if it does not."""
    order_list = order.order_list
    if order_list is None:
        return None
    if not _may_be_listed(command.terms):
        return RejectReason.LIST_TERMS
    is_pair = order_list.stage is ListStage.PAIRED or (
        order_list.stage is ListStage.WAITING and len(order_list.orders) == _SIZE_WITH_PAIR
    )
    first, second = order_list.orders[-2:]
    if not is_pair or order not in (first, second):
        return None
    return _why_not_pair(command, second if order is first else first)


def _may_be_listed(terms: Terms | None) -> bool:
    """Tell whether an order of a list may have these terms."""
    return terms is None or not (terms.effective_ns or terms.cash_amount)


def _why_not_pair(first: NewOrder | ReplaceOrder, second: NewOrder | Order) -> RejectReason | None:
    """Return the first reason for which two orders cannot be a pair, None if they can."""
    limit, stop = (first, second) if first.order_type is LIMIT else (second, first)
    if first.side is not second.side:
        return RejectReason.LIST_MISMATCH
    if limit.order_type is not LIMIT or not _may_rest(limit) or stop.order_type not in _STOPS:
        return RejectReason.PAIR_TYPES
    stop_price = 0 if stop.terms is None else stop.terms.stop_price
    # A trailing stop finds its StopPx when it enters: behind the market, as any stop.
    if stop_price and (limit.price <= stop_price if limit.side is SELL else limit.price >= stop_price):
        return RejectReason.PAIR_PRICES
    return None


def _may_rest(entered: NewOrder | ReplaceOrder | Order) -> bool:
    """Tell whether a limit order has not to trade on entry."""
    needs_some = entered.terms is not None and entered.terms.min_qty
    return entered.time_in_force not in (IMMEDIATE_OR_CANCEL, FILL_OR_KILL) and not needs_some


def _admit(state: State, account: Account, entered: NewOrder, list_id: str) -> Order | RejectReason:
    """Return an order of a list, open but neither funded nor anywhere; or say why it is refused."""
    if entered.cl_ord_id in account.cl_ord_ids or entered.cl_ord_id in account.earlier_cl_ord_ids:
        return RejectReason.DUPLICATE_CL_ORD_ID
    book = state.books.get(entered.symbol)
    if book is None:
        return RejectReason.UNKNOWN_INSTRUMENT
    return admit(state, account, book, replace(entered, terms=of_list(entered.terms, list_id)), funded=False)


def _take_back(state: State, account: Account, orders: list[Order]) -> None:
    """Undo the admission of orders that have not been funded, or whose funds have been given back."""
    for order in reversed(orders):
        _reserve(order, -order.reserved)
        del account.orders[order.order_id], account.cl_ord_ids[order.cl_ord_id]
        state.last_order_id -= 1
        account.firm_guard.open_orders -= 1


def _find(session: Session, list_id: str) -> OrderList | RejectReason:
    """Return the list that a session means, or say why there is none."""
    known = [account.lists[list_id] for account in session.permitted.values() if list_id in account.lists]
    if len(known) > 1:
        return RejectReason.LIST_AMBIGUOUS
    return known[0] if known else RejectReason.UNKNOWN_LIST


# ------------------------------------------------------------------------------------------------- reports


def _reported(order_list: OrderList, session: str, report: ListReport) -> ListReported:
    return ListReported(
        session,
        order_list.list_id,
        order_list.contingency,
        report,
        all(map(_is_closed, order_list.orders)),
        tuple(
            ListedOrder(
                order.cl_ord_id,
                order.instrument.symbol,
                order.status,
                order.leaves_qty,
                order.cum_qty,
                order.qty - order.cum_qty - order.busted_qty - order.leaves_qty,
                order.cum_notional,
            )
            for order in order_list.orders
        ),
    )


def _refused(command: NewOrderList, at_fault: int, reason: RejectReason) -> ListReported:
    """Return the refusal of a list for the order that is at fault, or for the list itself."""
    reasons = [
        reason if number == at_fault else RejectReason.REFUSED_WITH_LIST for number in range(len(command.orders))
    ]
    return ListReported(
        command.session,
        command.list_id,
        command.contingency,
        ListReport.ENTERED,
        is_done=True,
        orders=tuple(
            ListedOrder(entered.cl_ord_id, entered.symbol, OrderStatus.REJECTED, reason=why, text=why.text)
            for entered, why in zip(command.orders, reasons, strict=True)
        ),
        reason=reason,
        text=reason.text,
    )


def _request_rejected(command: CancelOrderList | QueryOrderList, reason: RejectReason) -> ListRequestRejected:
    return ListRequestRejected(
        command.session,
        command.msg_seq_num,
        command.list_id,
        isinstance(command, CancelOrderList),
        reason,
        reason.text,
    )
