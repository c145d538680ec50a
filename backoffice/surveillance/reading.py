"""Reads what detectors take in from the projector's tables, row by row: memory stays flat however much there is.

Orders and trades have no index by time, and need none: their numbers rise with it, so the first of a time is found by
halving. What must come sorted is sorted by the database.

Trades come as they were made, whatever staff have corrected or busted since, and orders as they were then: so an hour
gives the same whenever it is looked at.
"""

from collections.abc import AsyncIterator
from typing import Final

from sqlalchemy import Integer, Select, and_, cast, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from backoffice.projector.counters import HOUR_NS
from backoffice.projector.tables import (
    Activity,
    Execution,
    Moment,
    OrderRow,
    Position,
    TradeAmendment,
    TradeRow,
    VenueAccount,
)
from backoffice.surveillance.parameters import Parameters
from backoffice.surveillance.rows import HourSeen, Step, TradeSeen, Window
from engine.values import CancelReason, Phase

_BATCH: Final = 1_000
_CANCELED: Final = "4"
_ON_PURPOSE: Final = (int(CancelReason.REQUESTED), int(CancelReason.MASS_CANCEL))


async def firms(session: AsyncSession) -> dict[str, str]:
    """Return the firm of each account."""
    rows = await session.execute(select(VenueAccount.account, VenueAccount.firm))
    return {row.account: row.firm for row in rows}


async def hours_over(session: AsyncSession) -> int:
    """Return the hour (since the epoch) that the last record is in: all before it are over, and taken in as a whole."""
    return (await session.scalar(select(func.max(Position.time_ns))) or 0) // HOUR_NS


async def next_hour(session: AsyncSession, hour: int) -> int | None:
    """Return the first hour from this one on in which there are records, None if there is none."""
    query = select(Moment.time_ns).where(Moment.time_ns >= hour * HOUR_NS).order_by(Moment.time_ns).limit(1)
    time_ns = await session.scalar(query)
    return None if time_ns is None else time_ns // HOUR_NS


async def trades(session: AsyncSession, window: Window, symbol: str = "") -> AsyncIterator[TradeSeen]:
    """Yield the trades of a window in order: all, or those in one instrument."""
    query = (await _trades_of(session, window)).order_by(TradeRow.trade_id)
    if symbol:
        query = query.where(TradeRow.symbol == symbol)
    async for row in await session.stream(query.execution_options(yield_per=_BATCH)):
        yield TradeSeen(*row)


async def steps(session: AsyncSession, window: Window, parameters: Parameters) -> AsyncIterator[Step]:
    """Yield the trades of a window, and what was cancelled about them on purpose, as `Step` is sorted."""
    until_ns = window.until_ns + parameters.layering_cancel_within_ns
    first_order = await _first(
        *(session, OrderRow.order_id, OrderRow.entered_ns, window.from_ns - parameters.layering_lifetime_max_ns)
    )
    end_order = await _first(session, OrderRow.order_id, OrderRow.entered_ns, until_ns)
    canceled = (
        select(
            OrderRow.account.label("account"),
            OrderRow.symbol.label("symbol"),
            Execution.sequence.label("sequence"),
            Execution.time_ns,
            OrderRow.order_id,
            OrderRow.side,
            cast(literal(0), Integer).label("trade_id"),
            Execution.qty - Execution.cum_qty,
            OrderRow.entered_sequence,
            OrderRow.entered_ns,
        )
        .join(
            Execution,
            and_(Execution.order_id == OrderRow.order_id, Execution.sequence == OrderRow.closed_sequence),
        )
        .where(
            OrderRow.order_id >= first_order,
            OrderRow.order_id < end_order,
            Execution.exec_type == _CANCELED,
            Execution.reason.in_(_ON_PURPOSE),
        )
    )
    first_trade = await _first(session, TradeRow.trade_id, TradeRow.time_ns, window.from_ns)
    end_trade = await _first(session, TradeRow.trade_id, TradeRow.time_ns, window.until_ns)
    sides = [
        select(
            *(OrderRow.account, OrderRow.symbol, TradeRow.sequence, TradeRow.time_ns, OrderRow.order_id),
            *(OrderRow.side, TradeRow.trade_id, Execution.qty, OrderRow.entered_sequence, OrderRow.entered_ns),
        )
        .join(OrderRow, OrderRow.order_id == order_id)
        .join(
            Execution,
            and_(
                *(Execution.order_id == order_id, Execution.sequence == TradeRow.sequence),
                Execution.number == TradeRow.number,
            ),
        )
        .where(TradeRow.trade_id >= first_trade, TradeRow.trade_id < end_trade)
        for order_id in (TradeRow.maker_order_id, TradeRow.taker_order_id)
    ]
    query = union_all(canceled, *sides).order_by("account", "symbol", "sequence", "trade_id")
    async for row in await session.stream(query.execution_options(yield_per=_BATCH)):
        yield Step(*row)


async def closes(session: AsyncSession, window: Window, period_ns: int, day_end_ns: int) -> dict[str, int]:
    """Return when instruments that traded closed in a window: the first moment after it.

    `day_end_ns`: the end of a trading day, which is the close of those that have no closing auction.
    """
    found: dict[str, int] = {}
    if window.from_ns < day_end_ns <= window.until_ns:
        last = await _trades_of(session, Window(day_end_ns - period_ns, day_end_ns))
        symbols = last.with_only_columns(TradeRow.symbol).distinct()
        found = dict.fromkeys(await session.scalars(symbols), day_end_ns)
    in_auction = (await _trades_of(session, window)).where(TradeRow.phase == int(Phase.CLOSING_AUCTION))
    auctions = in_auction.with_only_columns(TradeRow.symbol, func.min(TradeRow.time_ns)).group_by(TradeRow.symbol)
    found.update({symbol: time_ns + 1 for symbol, time_ns in await session.execute(auctions)})
    return found


async def hours(session: AsyncSession, hour: int) -> AsyncIterator[HourSeen]:
    """Yield what accounts did in an hour."""
    query = _hours().where(Activity.hour == hour).order_by(Activity.account, Activity.symbol)
    async for row in await session.stream(query.execution_options(yield_per=_BATCH)):
        yield _hour_seen(*row)


async def histories(session: AsyncSession, hour: int, back: int) -> AsyncIterator[HourSeen]:
    """Yield an hour of those who traded in it, each with the hours before it, `back` at the most."""
    now = aliased(Activity)
    query = (
        _hours()
        .join(now, and_(now.hour == hour, now.account == Activity.account, now.symbol == Activity.symbol))
        .where(
            Activity.hour >= hour - back,
            Activity.hour <= hour,
            now.maker_trades + now.taker_trades > 0,
        )
        .order_by(Activity.account, Activity.symbol, Activity.hour)
    )
    async for row in await session.stream(query.execution_options(yield_per=_BATCH)):
        yield _hour_seen(*row)


def _hours() -> Select[int, str, str, int, int, int, int, int, int]:
    return select(
        *(Activity.hour, Activity.account, Activity.symbol, Activity.orders, Activity.replaces, Activity.cancels),
        *(Activity.maker_trades + Activity.taker_trades, Activity.bought_qty, Activity.sold_qty),
    )


def _hour_seen(  # noqa: PLR0913, PLR0917 - the columns of a row
    hour: int,
    account: str,
    symbol: str,
    orders: int,
    replaces: int,
    cancels: int,
    trades_count: int,
    bought_qty: int,
    sold_qty: int,
) -> HourSeen:
    return HourSeen(hour, account, symbol, orders, replaces, cancels, trades_count, bought_qty + sold_qty)


async def _trades_of(
    session: AsyncSession, window: Window
) -> Select[int, int, int, str, int, int, str, int, str, int, int]:
    first = await _first(session, TradeRow.trade_id, TradeRow.time_ns, window.from_ns)
    end = await _first(session, TradeRow.trade_id, TradeRow.time_ns, window.until_ns)
    earlier = aliased(TradeAmendment)
    first_amendment = select(func.min(earlier.sequence)).where(earlier.trade_id == TradeRow.trade_id).scalar_subquery()
    return (
        select(
            *(TradeRow.trade_id, TradeRow.sequence, TradeRow.time_ns, TradeRow.symbol),
            func.coalesce(TradeAmendment.previous_price, TradeRow.price),
            func.coalesce(TradeAmendment.previous_qty, TradeRow.qty),
            *(TradeRow.maker_account, TradeRow.maker_order_id, TradeRow.taker_account, TradeRow.taker_order_id),
            TradeRow.taker_side,
        )
        .outerjoin(
            TradeAmendment,
            and_(
                *(TradeRow.amended_sequence.is_not(None), TradeAmendment.trade_id == TradeRow.trade_id),
                TradeAmendment.sequence == first_amendment,
            ),
        )
        .where(TradeRow.trade_id >= first, TradeRow.trade_id < end)
    )


async def _first(
    session: AsyncSession, number: InstrumentedAttribute[int], time_ns: InstrumentedAttribute[int], from_ns: int
) -> int:
    """Return the number of the first row from a time on; one more than the last if there is none."""
    last = await session.scalar(select(func.max(number)))
    low, end = 0, 0 if last is None else last + 1
    while low < end:
        middle = (low + end) // 2
        query = select(number, time_ns).where(number >= middle).order_by(number).limit(1)
        found = (await session.execute(query)).one()
        if found[1] >= from_ns:
            end = middle
        else:
            low = found[0] + 1
    return low
