"""Questions about orders, phases and balances. They change nothing but the session's place in its sequence."""

from bisect import bisect_right
from typing import Final

from engine.answer_events import BalanceReported, BalancesAnswered, PhaseReported
from engine.commands import NewOrder, QueryBalances, QueryOrder, QueryOrders, QueryPhase, QueryUser, RecoverSession
from engine.events import AnyEvent, OrderStatusReported
from engine.order import Order
from engine.places import shown_terms
from engine.reject import RejectReason, unknown_session
from engine.session_events import SessionRecovered, UserReported
from engine.state import Session, State
from engine.values import LIMIT, OrderStatus, Phase, Subscription, TimeInForce

REPORTS_MAX: Final = 1_000
"""No answer to a question for many orders has more reports; who asks for the rest goes on after the last of them."""
RECOVERY_ID: Final = "recovery"
"""The request that reports on open orders are for if nobody has asked for them."""


def query_order(state: State, command: QueryOrder) -> list[AnyEvent]:
    """Answer with the state of one order, open or finished lately."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    return [status_of(state, session, command)]


def query_orders(state: State, command: QueryOrders) -> list[AnyEvent]:
    """Answer with the state of each open order asked for, or once that there is none."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    if command.account and command.account not in session.permitted:
        return [_unknown(command, RejectReason.UNKNOWN_ACCOUNT)]
    if command.symbol and command.symbol not in state.books:
        return [_unknown(command, RejectReason.UNKNOWN_INSTRUMENT)]
    accounts = (command.account,) if command.account else session.accounts
    if not 0 <= command.reports_max <= REPORTS_MAX or command.after < 0:
        return [_unknown(command, RejectReason.PAGE_OUT_OF_RANGE)]
    orders = _page(state, accounts, command)
    if not orders:
        return [_unknown(command, RejectReason.NO_OPEN_ORDERS)]
    last = orders[-1]
    return [
        _status(state, command.session, order, command.request_id, total_reports=len(orders), last_report=order is last)
        for order in orders
    ]


def query_balances(state: State, command: QueryBalances) -> list[AnyEvent]:
    """Answer with what accounts have of each asset of which they have any."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    asked = (command.session, command.request_id, command.account, command.is_collateral)
    if command.account and command.account not in session.permitted:
        reason = RejectReason.UNKNOWN_ACCOUNT
        return [BalancesAnswered(*asked, 0, reason, reason.text)]
    found = [
        (account, asset, holding)
        for account in ((command.account,) if command.account else session.accounts)
        for asset, holding in state.accounts[account].holdings.items()
        if holding.total
    ]
    reports: list[AnyEvent] = [
        BalanceReported(
            command.session,
            command.request_id,
            account,
            command.is_collateral,
            asset,
            state.assets[asset],
            holding.available,
            holding.reserved,
            len(found),
            number == len(found),
            holding.held,
        )
        for number, (account, asset, holding) in enumerate(found, start=1)
    ]
    return [BalancesAnswered(*asked, len(found)), *reports]


def _page(state: State, accounts: tuple[str, ...], command: QueryOrders) -> list[Order]:
    """Return the orders of an answer: those asked for that come next after an OrderID, as many as it may have."""
    count_max = command.reports_max or REPORTS_MAX
    entered_by = command.session if command.is_own else ""
    found: list[Order] = []
    for name in accounts:
        orders = state.accounts[name].orders
        order_ids = list(orders)  # in the order of their numbers
        count = 0
        for order_id in order_ids[bisect_right(order_ids, command.after) :]:
            order = orders[order_id]
            if (
                command.symbol in ("", order.instrument.symbol)
                and command.side in (0, order.side)
                and entered_by in ("", order.session)
            ):
                found.append(order)
                count += 1
                if count == count_max:
                    break
    found.sort(key=_order_id)
    return found[:count_max]


def _order_id(order: Order) -> int:
    return order.order_id


def status_of(state: State, session: Session, command: QueryOrder | NewOrder) -> OrderStatusReported:
    """Return the state of the order that a query, or an order that may be a repetition, means."""
    account = session.permitted.get(command.account)
    if account is None:
        return _unknown(command, RejectReason.UNKNOWN_ACCOUNT)
    order_id, request_id = (command.order_id, command.request_id) if isinstance(command, QueryOrder) else (0, "")
    named = account.order_id_of(command.cl_ord_id)
    if order_id and command.cl_ord_id and order_id != named:
        return _unknown(command, RejectReason.UNKNOWN_ORDER)
    order = state.find_order(account, order_id or named)
    if order is None:
        return _unknown(command, RejectReason.ORDER_FINISHED if named else RejectReason.UNKNOWN_ORDER)
    if order.instrument.symbol != command.symbol:
        return _unknown(command, RejectReason.INSTRUMENT_MISMATCH)
    if order.side is not command.side:
        return _unknown(command, RejectReason.SIDE_MISMATCH)
    return _status(state, command.session, order, request_id)


def _status(
    state: State, session: str, order: Order, request_id: str, *, total_reports: int = 0, last_report: bool = False
) -> OrderStatusReported:
    return OrderStatusReported(
        session,
        order.account,
        order.order_id,
        order.cl_ord_id,
        order.instrument.symbol,
        order.side,
        order.order_type,
        order.time_in_force,
        order.qty,
        order.price,
        order.leaves_qty,
        order.cum_qty,
        order.cum_notional,
        order.status,
        0,
        "",
        request_id,
        is_mass_status=total_reports > 0,
        total_reports=total_reports,
        last_report=last_report,
        terms=shown_terms(state, order),
        hidden_qty=order.hidden_qty,
    )


def _unknown(command: QueryOrder | QueryOrders | NewOrder, reason: RejectReason) -> OrderStatusReported:
    is_mass_status = isinstance(command, QueryOrders)
    return OrderStatusReported(
        command.session,
        command.account,
        0,
        "" if isinstance(command, QueryOrders) else command.cl_ord_id,
        command.symbol,
        command.side,
        LIMIT,
        TimeInForce.DAY,
        0,
        0,
        0,
        0,
        0,
        OrderStatus.REJECTED,
        reason,
        reason.text,
        "" if isinstance(command, NewOrder) else command.request_id,
        is_mass_status=is_mass_status,
        total_reports=0,
        last_report=is_mass_status,
    )


def query_phase(state: State, command: QueryPhase) -> list[AnyEvent]:
    """Tell the phase of an instrument, or of each, and whether to go on telling."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    books = [book for symbol, book in state.books.items() if command.symbol in ("", symbol)]
    for book in books:
        told = book.security_status_to if command.is_security_status else book.session_status_to
        if command.subscription is Subscription.SUBSCRIBE:
            told[command.session] = None
        elif command.subscription is Subscription.UNSUBSCRIBE:
            told.pop(command.session, None)
    if not books:
        reason = RejectReason.UNKNOWN_INSTRUMENT
        return [
            PhaseReported(
                command.session,
                command.request_id,
                command.symbol,
                command.is_security_status,
                Phase.CLOSED,
                0,
                reason,
                reason.text,
            )
        ]
    if command.subscription is Subscription.UNSUBSCRIBE:
        return []
    return [
        PhaseReported(
            command.session,
            command.request_id,
            book.instrument.symbol,
            command.is_security_status,
            book.phase,
            book.last_price,
        )
        for book in books
    ]


def query_user(state: State, command: QueryUser) -> list[AnyEvent]:
    """Tell a session its limits; of other users nothing, not even whether there are such."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    if command.user != command.session:
        return [UserReported(command.session, command.request_id, command.user, is_known=False)]
    throttle, orders_left, queries_left = session.profile.throttle, command.orders_left, command.queries_left
    return [UserReported(command.session, command.request_id, command.user, True, throttle, orders_left, queries_left)]  # noqa: FBT003 - a field


def recover_session(state: State, command: RecoverSession) -> list[AnyEvent]:
    """Tell a session of its accounts' open orders, as many at a time as a question for them is answered with."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    page = QueryOrders(command.session, session.last_in, "", "", 0, RECOVERY_ID, after=command.after)
    orders = _page(state, session.accounts, page)
    rest = sum(_count_after(state.accounts[account].orders, command.after) for account in session.accounts)
    is_last = len(orders) == rest
    events: list[AnyEvent] = [
        _status(
            state,
            command.session,
            order,
            RECOVERY_ID,
            total_reports=command.told + rest,
            last_report=is_last and order is orders[-1],
        )
        for order in orders
    ]
    after = 0 if is_last else orders[-1].order_id
    events.append(SessionRecovered(command.session, command.missed, command.told + len(orders), after))
    return events


def _count_after(orders: dict[int, Order], after: int) -> int:
    order_ids = list(orders)
    return len(order_ids) - bisect_right(order_ids, after)
