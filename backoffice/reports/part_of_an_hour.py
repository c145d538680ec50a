"""What was done in the hour of a record up to that record: what is counted by the hour as of any record, exactly.

It is added up by the database from the trades and orders of that part of the hour, and from the corrections made in it.
Replaces and cancels cannot be told apart so, and are left out.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, SQLColumnExpression, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.base import total
from backoffice.projector.tables import OrderRow, TradeAmendment, TradeRow
from backoffice.reports.blotter import TRADES
from backoffice.reports.orders import ORDERS
from backoffice.reports.scope import Rising, Scope, chosen
from backoffice.times import HOUR_NS
from engine.values import Side

_AMENDMENTS: Final = Rising(TradeAmendment.sequence, TradeAmendment.time_ns, TradeAmendment.sequence)


class Part(msgspec.Struct):
    """What an account did in an instrument; the fields are those of `Activity`."""

    orders: int = 0
    maker_trades: int = 0
    taker_trades: int = 0
    bought_qty: int = 0
    sold_qty: int = 0
    maker_notional: int = 0
    taker_notional: int = 0
    fees: int = 0
    rebates: int = 0
    bought_notional: int = 0
    sold_notional: int = 0

    def add(self, *, is_taker: bool, buys: bool, qty: int, notional: int, fees: int, rebates: int) -> None:
        """Add what was traded on one side."""
        self.fees += fees
        self.rebates += rebates
        if is_taker:
            self.taker_notional += notional
        else:
            self.maker_notional += notional
        if buys:
            self.bought_qty += qty
            self.bought_notional += notional
        else:
            self.sold_qty += qty
            self.sold_notional += notional


async def part_of_an_hour(
    session: AsyncSession, symbol: str, accounts: Sequence[str] | None, hour: int, sequence: int
) -> dict[tuple[str, str], Part]:
    """Return by account and instrument what was done from the beginning of an hour up to a record in it."""
    scope = Scope(symbol=symbol, from_ns=hour * HOUR_NS, sequence=sequence)
    found: dict[tuple[str, str], Part] = {}

    def of(account: str, symbol: str) -> Part:
        return found.setdefault((account, symbol), Part())

    await _add_orders(session, scope, accounts, of)
    await _add_trades(session, scope, accounts, of)
    return found


async def _add_orders(
    session: AsyncSession, scope: Scope, accounts: Sequence[str] | None, of: Callable[[str, str], Part]
) -> None:
    key = (OrderRow.account, OrderRow.symbol)
    query = select(*key, func.count()).where(*await ORDERS.within(session, scope), *chosen(OrderRow.account, accounts))
    if scope.symbol:
        query = query.where(OrderRow.symbol == scope.symbol)
    for account, symbol, count in await session.execute(query.group_by(*key)):
        of(account, symbol).orders += count


async def _add_trades(
    session: AsyncSession, scope: Scope, accounts: Sequence[str] | None, of: Callable[[str, str], Part]
) -> None:
    """Add the trades of a time, each as it was made, and the corrections that were made in that time."""
    symbols = [TradeRow.symbol == scope.symbol] if scope.symbol else []
    within = await TRADES.within(session, scope)
    for account, is_taker, fee in (
        (TradeRow.maker_account, False, TradeRow.maker_fee),
        (TradeRow.taker_account, True, TradeRow.taker_fee),
    ):
        key = (account, TradeRow.symbol, TradeRow.taker_side)
        sums = (total(TradeRow.qty), total(TradeRow.notional), total(fee), total(_rebate(fee)))
        query = select(*key, func.count(), *sums).where(*within, *symbols, *chosen(account, accounts)).group_by(*key)
        for name, symbol, taker_side, count, *figures in await session.execute(query):
            into, (qty, notional, fees, rebates) = of(name, symbol), map(int, figures)
            if is_taker:
                into.taker_trades += count
            else:
                into.maker_trades += count
            buys = (taker_side == Side.BUY) == is_taker
            into.add(is_taker=is_taker, buys=buys, qty=qty, notional=notional, fees=fees, rebates=rebates)
    # The trades are added as they stand now: what corrections have made of them goes, and those of the time come.
    amended = select(TradeAmendment, TradeRow).join(TradeRow, TradeRow.trade_id == TradeAmendment.trade_id)
    for sign, conditions in ((-1, within), (1, await _AMENDMENTS.within(session, scope))):
        for amendment, trade in await session.execute(amended.where(*conditions, *symbols)):
            _amend(amendment, trade, sign, accounts, of)


def _amend(
    amendment: TradeAmendment,
    trade: TradeRow,
    sign: int,
    accounts: Sequence[str] | None,
    of: Callable[[str, str], Part],
) -> None:
    qty, notional = amendment.qty - amendment.previous_qty, amendment.notional - amendment.previous_notional
    for account, is_taker, fee, previous_fee in (
        (trade.maker_account, False, amendment.maker_fee, amendment.previous_maker_fee),
        (trade.taker_account, True, amendment.taker_fee, amendment.previous_taker_fee),
    ):
        if accounts is None or account in accounts:
            of(account, trade.symbol).add(
                is_taker=is_taker,
                buys=(trade.taker_side == Side.BUY) == is_taker,
                qty=sign * qty,
                notional=sign * notional,
                fees=sign * (fee - previous_fee),
                rebates=sign * (max(-fee, 0) - max(-previous_fee, 0)),
            )


def _rebate(fee: SQLColumnExpression[int]) -> ColumnElement[int]:
    return case((fee < 0, -fee), else_=0)
