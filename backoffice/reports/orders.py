"""Orders as they are now, and the life of one: each report on it, and how it stood then."""

from collections.abc import AsyncGenerator
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.errors import NotFound
from backoffice.projector.tables import Execution, OrderRow, TradeRow
from backoffice.reports.blotter import PAGE
from backoffice.reports.scope import Rising, Scope, accounts_in, check_symbol, chosen

ORDERS: Final = Rising(OrderRow.order_id, OrderRow.entered_ns, OrderRow.entered_sequence)


async def orders(
    session: AsyncSession, scope: Scope, count: int | None, *, is_open: bool = False
) -> AsyncGenerator[list[OrderRow]]:
    """Give the last `count` orders that were entered, or all, the oldest first, in pages."""
    await check_symbol(session, scope.symbol)
    conditions = [*chosen(OrderRow.account, await accounts_in(session, scope)), *await ORDERS.within(session, scope)]
    if scope.symbol:
        conditions.append(OrderRow.symbol == scope.symbol)
    if is_open:
        conditions.append(OrderRow.closed_sequence.is_(None))
    wanted = select(OrderRow).where(*conditions)
    after = 0
    if count is not None:
        latest = select(OrderRow.order_id).where(*conditions).order_by(OrderRow.order_id.desc()).limit(count)
        last = (await session.scalars(latest)).all()
        if not last:
            return
        after = last[-1] - 1
    while True:
        page = wanted.where(OrderRow.order_id > after).order_by(OrderRow.order_id).limit(PAGE)
        found = list(await session.scalars(page))
        if not found:
            return
        yield found
        after = found[-1].order_id
        session.expunge_all()


class Step(msgspec.Struct, frozen=True):
    """One step in the life of an order; of a fill, the trade's price and quantity, its fee and who was against it."""

    execution: Execution
    trade: TradeRow | None


async def life_of(session: AsyncSession, order_id: int, sequence: int | None) -> tuple[OrderRow, list[Step]]:
    """Return an order, and its life up to a record. Raise `NotFound` if there was no such order by then."""
    order = await session.get(OrderRow, order_id)
    if order is None or (sequence is not None and order.entered_sequence > sequence):
        raise NotFound(f"order {order_id}: there is none of that number")
    query = select(Execution, TradeRow).outerjoin(TradeRow, TradeRow.trade_id == Execution.trade_id)
    query = query.where(Execution.order_id == order_id).order_by(Execution.sequence, Execution.number)
    if sequence is not None:
        query = query.where(Execution.sequence <= sequence)
    return order, [Step(*row) for row in await session.execute(query)]
