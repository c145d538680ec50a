"""Orders as they are now or stood after a record, and the life of one: each report on it, and how it stood then."""

from collections.abc import AsyncGenerator, Sequence
from typing import Final

import msgspec
from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.errors import NotFound
from backoffice.projector.as_of import position_of
from backoffice.projector.tables import Execution, OrderRow, TradeRow
from backoffice.reports import blotter
from backoffice.reports.scope import Rising, Scope, accounts_in, check_symbol, chosen

ORDERS: Final = Rising(OrderRow.order_id, OrderRow.entered_ns, OrderRow.entered_sequence)


class Standing(msgspec.Struct, frozen=True):
    """An order, and how it stood after the record that was asked for, or stands now."""

    order: OrderRow
    """Its type, its time in force and its terms are those that it has now."""
    cl_ord_id: str
    qty: int
    price: int
    leaves_qty: int
    cum_qty: int
    cum_notional: int
    status: int
    sequence: int
    """The record that changed it last,"""
    time_ns: int
    """and when that was."""


async def orders(
    session: AsyncSession, scope: Scope, count: int | None, *, is_open: bool = False
) -> AsyncGenerator[list[Standing]]:
    """Give the last `count` orders that were entered, or all, the oldest first, in pages."""
    await check_symbol(session, scope.symbol)
    conditions = [*chosen(OrderRow.account, await accounts_in(session, scope)), *await ORDERS.within(session, scope)]
    if scope.symbol:
        conditions.append(OrderRow.symbol == scope.symbol)
    # What is of the last record needs no look at the past.
    then = scope.sequence if scope.sequence != (await position_of(session)).sequence else None
    if is_open:
        was_open = OrderRow.closed_sequence.is_(None)
        conditions.append(was_open if then is None else was_open | (OrderRow.closed_sequence > then))
    wanted = select(OrderRow).where(*conditions)
    after = 0
    if count is not None:
        latest = select(OrderRow.order_id).where(*conditions).order_by(OrderRow.order_id.desc()).limit(count)
        last = (await session.scalars(latest)).all()
        if not last:
            return
        after = last[-1] - 1
    while True:
        page = wanted.where(OrderRow.order_id > after).order_by(OrderRow.order_id).limit(blotter.PAGE)
        found = list(await session.scalars(page))
        if not found:
            return
        yield await _standing(session, found, then)
        after = found[-1].order_id
        session.expunge_all()


async def _standing(session: AsyncSession, found: Sequence[OrderRow], sequence: int | None) -> list[Standing]:
    """Return how orders stood after a record: those that have changed since as their last report by then says."""
    changed = [order.order_id for order in found if sequence is not None and order.sequence > sequence]
    reports: dict[int, Execution] = {}
    if changed:
        latest = (
            func.row_number()
            .over(partition_by=Execution.order_id, order_by=(Execution.sequence.desc(), Execution.number.desc()))
            .label("age")
        )
        of = select(Execution.order_id, Execution.sequence, Execution.number, latest)
        ranked = of.where(Execution.order_id.in_(changed), Execution.sequence <= sequence).subquery()
        key = (Execution.order_id, Execution.sequence, Execution.number)
        of_key = and_(*(column == ranked.c[column.key] for column in key))
        query = select(Execution).join(ranked, of_key).where(ranked.c.age == 1)
        reports = {report.order_id: report for report in await session.scalars(query)}
    return [_as_of(order, reports.get(order.order_id, order)) for order in found]


def _as_of(order: OrderRow, by: OrderRow | Execution) -> Standing:
    return Standing(
        order,
        by.cl_ord_id,
        by.qty,
        by.price,
        by.leaves_qty,
        by.cum_qty,
        by.cum_notional,
        by.status,
        by.sequence,
        by.time_ns,
    )


class Step(msgspec.Struct, frozen=True):
    """One step in the life of an order; of a fill, the trade's price and quantity, its fee and who was against it."""

    execution: Execution
    trade: blotter.Blotted | None
    """As the trade stood by then: a later correction is a step of its own."""


async def life_of(session: AsyncSession, order_id: int, sequence: int | None) -> tuple[OrderRow, list[Step]]:
    """Return an order, and its life up to a record. Raise `NotFound` if there was no such order by then."""
    order = await session.get(OrderRow, order_id)
    if order is None or (sequence is not None and order.entered_sequence > sequence):
        raise NotFound(f"order {order_id}: there is none of that number")
    query = select(Execution, TradeRow).outerjoin(TradeRow, TradeRow.trade_id == Execution.trade_id)
    query = query.where(Execution.order_id == order_id).order_by(Execution.sequence, Execution.number)
    if sequence is not None:
        query = query.where(Execution.sequence <= sequence)
    rows: list[tuple[Execution, TradeRow | None]] = [(row[0], row[1]) for row in await session.execute(query)]
    amendments = await blotter.amendments_of(session, [trade for _, trade in rows if trade is not None])
    return order, [
        Step(
            execution,
            None if trade is None else blotter.as_of(trade, amendments.get(trade.trade_id, ()), execution.sequence),
        )
        for execution, trade in rows
    ]


class Record(msgspec.Struct, frozen=True):
    """A step in the life of one of many orders."""

    order: OrderRow
    execution: Execution


async def records(session: AsyncSession, scope: Scope, count: int | None) -> AsyncGenerator[list[Record]]:
    """Give every step in the lives of the last `count` orders, or of all, up to a record: order by order, in pages."""
    async for page in orders(session, scope, count):
        of = {standing.order.order_id: standing.order for standing in page}
        steps = select(Execution).where(Execution.order_id.in_(of))
        if scope.sequence is not None:
            steps = steps.where(Execution.sequence <= scope.sequence)
        steps = steps.order_by(Execution.order_id, Execution.sequence, Execution.number)
        yield [Record(of[step.order_id], step) for step in await session.scalars(steps)]
