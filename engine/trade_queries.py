"""Questions about trades: those of a session's accounts, or of which it gets copies, among the trades that are kept.

An answer has so many reports at most, and so many trades are looked at for it at most, so that no question holds up
trading; who wants more goes on from where the answer says that it ended.
"""

from itertools import islice
from typing import Final

from engine.answer_events import TradeReported, TradesAnswered
from engine.commands import QueryTrades
from engine.events import AnyEvent, Trade
from engine.profile import SessionRole
from engine.queries import REPORTS_MAX
from engine.reject import RejectReason, unknown_session
from engine.state import Session, State
from engine.values import BUY, SELL

LOOKED_AT_MAX: Final = 20_000


def query_trades(state: State, command: QueryTrades) -> list[AnyEvent]:
    """Answer with the trades asked for, oldest first, one report for each side that is the session's to see."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    if command.symbol and command.symbol not in state.books:
        reason = RejectReason.UNKNOWN_INSTRUMENT
        return [TradesAnswered(command.session, command.request_id, command.is_all, 0, 0, reason, reason.text)]
    accounts = _accounts(state, session)
    found: list[tuple[Trade, int, int]] = []
    next_trade_id = 0
    first = _first(state, command)
    asked = zip(islice(state.trades, first, None), islice(state.trade_times, first, None), strict=True)
    for looked_at, (trade, time_ns) in enumerate(asked):
        if command.to_ns and time_ns > command.to_ns:
            break
        if looked_at >= LOOKED_AT_MAX or len(found) >= REPORTS_MAX - 1:
            next_trade_id = trade.trade_id
            break
        if command.symbol in ("", trade.symbol):
            if trade.maker_account in accounts and command.order_id in (0, trade.maker_order_id):
                found.append((trade, 0, time_ns))
            if trade.taker_account in accounts and command.order_id in (0, trade.taker_order_id):
                found.append((trade, 1, time_ns))
    count = len(found)
    reports: list[AnyEvent] = [
        _report(state, command, one, count, is_last=number == count) for number, one in enumerate(found, start=1)
    ]
    return [TradesAnswered(command.session, command.request_id, command.is_all, count, next_trade_id), *reports]


def _accounts(state: State, session: Session) -> frozenset[str]:
    """Return the accounts of which a session may see the trades."""
    if session.profile.role is not SessionRole.DROP_COPY:
        return frozenset(session.accounts)
    copies = session.profile.copies
    of_firms = (account.account for account in state.accounts.values() if account.firm in copies.firms)
    return frozenset((*copies.accounts, *of_firms))


def _first(state: State, command: QueryTrades) -> int:
    """Return how many of the trades that are kept come before the first one asked for."""
    trades, times = state.trades, state.trade_times
    first = max(0, command.from_trade_id - trades[0].trade_id) if trades and command.from_trade_id else 0
    low, high = 0, len(times)
    while low < high:
        middle = (low + high) // 2
        if times[middle] < command.from_ns:
            low = middle + 1
        else:
            high = middle
    return max(first, low)


def _report(
    state: State, command: QueryTrades, one: tuple[Trade, int, int], count: int, *, is_last: bool
) -> TradeReported:
    """Return one side of a trade as it stands now."""
    trade, is_taker, time_ns = one
    now = state.amendments.get(trade.trade_id)
    if is_taker:
        account, order_id, cl_ord_id = trade.taker_account, trade.taker_order_id, trade.taker_cl_ord_id
        side, fee = trade.taker_side, now.taker_fee if now else trade.taker_fee
    else:
        account, order_id, cl_ord_id = trade.maker_account, trade.maker_order_id, trade.maker_cl_ord_id
        side = SELL if trade.taker_side is BUY else BUY
        fee = now.maker_fee if now else trade.maker_fee
    is_busted = now is not None and now.qty == 0
    return TradeReported(
        command.session,
        command.request_id,
        trade.trade_id,
        bool(is_taker),
        trade.symbol,
        account,
        order_id,
        cl_ord_id,
        side,
        now.price if now is not None and not is_busted else trade.price,
        now.qty if now is not None and not is_busted else trade.qty,
        fee,
        time_ns,
        trade.phase,
        now is not None,
        is_busted,
        count,
        is_last,
    )
