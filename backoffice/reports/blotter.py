"""The trade blotter: trades with both sides, as they stood at any record, and what staff have made of them."""

from collections.abc import AsyncGenerator, Sequence
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Select, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.projector.tables import TradeAmendment, TradeRow
from backoffice.reports.scope import Rising, Scope, accounts_in, check_symbol, chosen

TRADES: Final = Rising(TradeRow.trade_id, TradeRow.time_ns, TradeRow.sequence)
PAGE: Final = 1_000
_ACCOUNTS_ONE_BY_ONE: Final = 20
"""Of so few accounts the trades are found by the accounts; of more, by going through all trades."""


class Blotted(msgspec.Struct, frozen=True):
    """A trade, and how it was corrected, the first correction first."""

    trade: TradeRow
    price: int
    """As it stood at the record that was asked for, and so on."""
    qty: int
    """0 if it was busted."""
    notional: int
    maker_fee: int
    taker_fee: int
    amendments: tuple[TradeAmendment, ...]


async def trades(
    session: AsyncSession, scope: Scope, count: int | None, *, from_trade: int = 0
) -> AsyncGenerator[list[Blotted]]:
    """Give the last `count` trades, or all, or all from a trade on; the oldest first, in pages."""
    every, wanted = await _wanted(session, scope, count)
    if count is not None and count <= PAGE:
        found = list(await session.scalars(wanted.order_by(TradeRow.trade_id.desc()).limit(count)))[::-1]
        yield await _blotted(session, found, scope)
        return
    if count is not None:
        last = wanted.with_only_columns(TradeRow.trade_id).order_by(TradeRow.trade_id.desc()).limit(1).offset(count - 1)
        first = await session.scalar(last)
        every = every if first is None else every.where(TradeRow.trade_id >= first)
    after = from_trade - 1
    while True:
        page = every.where(TradeRow.trade_id > after).order_by(TradeRow.trade_id).limit(PAGE)
        found = list(await session.scalars(page))
        if not found:
            return
        after = found[-1].trade_id
        yield await _blotted(session, found, scope)
        session.expunge_all()


async def _wanted(session: AsyncSession, scope: Scope, count: int | None) -> tuple[Select[TradeRow], Select[TradeRow]]:
    """Return the query for all trades of a scope, and one that finds the last of them by the shortest way."""
    await check_symbol(session, scope.symbol)
    accounts = await accounts_in(session, scope)
    conditions = await TRADES.within(session, scope)
    if scope.symbol:
        conditions.append(TradeRow.symbol == scope.symbol)
    every = select(TradeRow).where(*conditions)
    if accounts is None:
        return every, every
    last = every
    maker, taker = (chosen(side, accounts)[0] for side in (TradeRow.maker_account, TradeRow.taker_account))
    every = every.where(maker | taker)
    if count is None or len(accounts) > _ACCOUNTS_ONE_BY_ONE:
        return every, every
    return every, last.where(TradeRow.trade_id.in_(_last_of_each(accounts, conditions, count)))


def _last_of_each(accounts: Sequence[str], conditions: Sequence[ColumnElement[bool]], count: int) -> Select[int]:
    """Return the query for the last trades of each account on either side, each by the index that has them."""
    parts = [
        select(
            select(TradeRow.trade_id)
            .where(side == account, *conditions)
            .order_by(TradeRow.trade_id.desc())
            .limit(count)
            .subquery()
            .c.trade_id
        )
        for account in accounts
        for side in (TradeRow.maker_account, TradeRow.taker_account)
    ]
    return select(union(*parts).subquery().c.trade_id)


async def _blotted(session: AsyncSession, found: Sequence[TradeRow], scope: Scope) -> list[Blotted]:
    amendments = await amendments_of(session, found)
    return [as_of(trade, amendments.get(trade.trade_id, ()), scope.sequence) for trade in found]


async def amendments_of(session: AsyncSession, found: Sequence[TradeRow]) -> dict[int, list[TradeAmendment]]:
    """Return by trade how it was corrected, the first correction first; of those that were."""
    amended = [trade.trade_id for trade in found if trade.amended_sequence is not None]
    amendments: dict[int, list[TradeAmendment]] = {}
    if amended:
        query = select(TradeAmendment).where(TradeAmendment.trade_id.in_(amended))
        for each in await session.scalars(query.order_by(TradeAmendment.sequence, TradeAmendment.number)):
            amendments.setdefault(each.trade_id, []).append(each)
    return amendments


def as_of(trade: TradeRow, amendments: Sequence[TradeAmendment], sequence: int | None) -> Blotted:
    """Return a trade as it stood after a record, or stands now; `amendments`: all of it, in their order."""
    for number, each in enumerate(amendments):
        if sequence is not None and each.sequence > sequence:
            figures = (
                each.previous_price,
                each.previous_qty,
                each.previous_notional,
                each.previous_maker_fee,
                each.previous_taker_fee,
            )
            return Blotted(trade, *figures, tuple(amendments[:number]))
    figures = (trade.price, trade.qty, trade.notional, trade.maker_fee, trade.taker_fee)
    return Blotted(trade, *figures, tuple(amendments))
