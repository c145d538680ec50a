"""Reads what detectors take in from the projector's tables, row by row: memory stays flat however much there is.

Orders and trades have no index by time, and need none: their numbers rise with it, so the first of a time is found by
halving. What must come sorted is sorted by the database.

Trades come as they were made, whatever staff have corrected or busted since, and orders as they were then: so an hour
gives the same whenever it is looked at.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Executable,
    Integer,
    Row,
    Select,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from backoffice.projector.tables import (
    WITHDRAWING,
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
from backoffice.surveillance.rows import HourSeen, HourTraded, Step, TradeSeen, Window
from backoffice.times import HOUR_NS
from engine.values import BUY, CancelReason, Phase

_BATCH: Final = 1_000
_NEW: Final = "0"
_CANCELED: Final = "4"
_REPLACED: Final = "5"
_TRIGGERED: Final = "L"
_PLACING: Final = (_NEW, _TRIGGERED)
_ON_PURPOSE: Final = (int(CancelReason.REQUESTED), int(CancelReason.MASS_CANCEL))
_TRADES: Final = Activity.maker_trades + Activity.taker_trades


async def firms(session: AsyncSession) -> dict[str, str]:
    """Return the firm of each account."""
    rows = await session.execute(select(VenueAccount.account, VenueAccount.firm))
    return {row.account: row.firm for row in rows}


async def hours_over(session: AsyncSession, parameters: Parameters) -> int:
    """Return the hour (since the epoch) before which all can be looked at, with what is withdrawn just after them.

    So an hour gives the same whether it is looked at as soon as that, or later.
    """
    last_ns = await session.scalar(select(func.max(Position.time_ns))) or 0
    return max(last_ns - parameters.layering_withdraw_within_ns, 0) // HOUR_NS


async def next_hour(session: AsyncSession, hour: int) -> int | None:
    """Return the first hour from this one on in which there are records, None if there is none."""
    query = select(Moment.time_ns).where(Moment.time_ns >= hour * HOUR_NS).order_by(Moment.time_ns).limit(1)
    time_ns = await session.scalar(query)
    return None if time_ns is None else time_ns // HOUR_NS


async def first_record(session: AsyncSession, time_ns: int) -> int:
    """Return the record that is the first of a time on, of those to come if need be."""
    query = select(Moment.sequence).where(Moment.time_ns < time_ns).order_by(Moment.time_ns.desc()).limit(1)
    return (await session.scalar(query) or 0) + 1


async def trades(session: AsyncSession, window: Window, symbol: str = "") -> AsyncIterator[TradeSeen]:
    """Yield the trades of a window in order: all, or those in one instrument."""
    query = (await _trades_of(session, window)).order_by(TradeRow.trade_id)
    if symbol:
        query = query.where(TradeRow.symbol == symbol)
    async for row in _rows(session, query):
        yield TradeSeen(*row)


async def steps(session: AsyncSession, window: Window, parameters: Parameters) -> AsyncIterator[Step]:
    """Yield the trades of a window, and what was withdrawn about them, as `Step` is sorted."""
    withdrawn = _withdrawn(
        await first_record(session, window.from_ns - parameters.layering_lifetime_max_ns),
        await first_record(session, window.from_ns),
        await first_record(session, window.until_ns + parameters.layering_withdraw_within_ns),
    )
    first_trade = await _first(session, TradeRow.trade_id, TradeRow.time_ns, window.from_ns)
    end_trade = await _first(session, TradeRow.trade_id, TradeRow.time_ns, window.until_ns)
    sides = [
        select(
            *(OrderRow.account, OrderRow.symbol, TradeRow.sequence, TradeRow.time_ns, OrderRow.order_id),
            *(OrderRow.side, TradeRow.trade_id, Execution.qty, OrderRow.entered_sequence, literal(0), false()),
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
    query: CompoundSelect[*tuple[Any, ...]] = union_all(withdrawn, *sides).order_by(
        "account", "symbol", "sequence", "trade_id", "order_id"
    )
    async for row in _rows(session, query):
        yield Step(*row)


def _withdrawn(early: int, first: int, end: int) -> Select[str, str, int, int, int, int, int, int, int, int, bool]:
    """Return what was withdrawn from the record `first` on, before `end`.

    Orders' lives are gone through from the record `early` on: what there was before each step, and when that was put
    there.
    """
    ids = select(Execution.order_id).where(text(WITHDRAWING), Execution.sequence >= first, Execution.sequence < end)

    def before(column: str) -> ColumnElement[int]:
        earlier = aliased(Execution)
        outside = (
            select(getattr(earlier, column))
            .where(earlier.order_id == Execution.order_id, earlier.sequence < Execution.sequence)
            .order_by(earlier.sequence.desc(), earlier.number.desc())
            .limit(1)
            .scalar_subquery()
        )
        within = func.lag(getattr(Execution, column)).over(
            partition_by=Execution.order_id, order_by=(Execution.sequence, Execution.number)
        )
        return case((Execution.exec_type == _NEW, None), else_=func.coalesce(within, outside))

    life = (
        select(
            *(Execution.order_id, Execution.sequence, Execution.number, Execution.time_ns, Execution.exec_type),
            *(Execution.reason, Execution.price, Execution.leaves_qty),
            before("price").label("price_before"),
            before("leaves_qty").label("qty_before"),
        )
        .where(Execution.order_id.in_(ids), Execution.sequence >= early, Execution.sequence < end)
        .subquery()
        .c
    )
    is_placed = or_(
        life.exec_type.in_(_PLACING),
        and_(life.exec_type == _REPLACED, or_(life.price != life.price_before, life.leaves_qty > life.qty_before)),
    )

    def last_placed(column: ColumnElement[int]) -> ColumnElement[int]:
        until_then = func.max(case((is_placed, column), else_=0)).over(
            partition_by=life.order_id, order_by=(life.sequence, life.number), rows=(None, -1)
        )
        return func.coalesce(until_then, 0)

    placed = (
        select(
            *(life.order_id, life.sequence, life.time_ns, life.exec_type, life.reason, life.price, life.leaves_qty),
            *(life.price_before, life.qty_before),
            last_placed(life.sequence).label("placed_sequence"),
            last_placed(life.time_ns).label("placed_ns"),
        )
        .subquery()
        .c
    )
    is_replaced = placed.exec_type == _REPLACED
    is_away = or_(
        and_(OrderRow.side == int(BUY), placed.price < placed.price_before),
        and_(OrderRow.side != int(BUY), placed.price > placed.price_before),
    )
    is_cut = and_(placed.price == placed.price_before, placed.leaves_qty < placed.qty_before)
    return (
        select(
            *(OrderRow.account.label("account"), OrderRow.symbol.label("symbol"), placed.sequence.label("sequence")),
            *(placed.time_ns, OrderRow.order_id.label("order_id"), OrderRow.side),
            cast(literal(0), Integer).label("trade_id"),
            case((and_(is_replaced, is_cut), placed.qty_before - placed.leaves_qty), else_=placed.qty_before),
            *(placed.placed_sequence, placed.placed_ns, is_replaced),
        )
        .join(OrderRow, OrderRow.order_id == placed.order_id)
        .where(
            placed.sequence >= first,
            or_(
                and_(placed.exec_type == _CANCELED, placed.reason.in_(_ON_PURPOSE)),
                and_(is_replaced, or_(is_away, is_cut)),
            ),
        )
    )


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
    key = (Activity.account, Activity.symbol, Activity.session)
    counted = (Activity.orders, Activity.replaces, Activity.cancels, _TRADES)
    quantities = (Activity.ordered_qty, Activity.bought_qty, Activity.sold_qty)
    query = select(*key, *counted, *quantities).where(Activity.hour == hour).order_by(*key)
    async for row in _rows(session, query):
        *seen, bought_qty, sold_qty = row
        yield HourSeen._make((*seen, bought_qty + sold_qty))


async def histories(session: AsyncSession, hour: int, back: int) -> AsyncIterator[HourTraded]:
    """Yield an hour of those who traded in it, each with the hours before it, `back` at the most."""
    now = select(Activity.account, Activity.symbol).where(Activity.hour == hour, _TRADES > 0).distinct().subquery()
    key = (Activity.account, Activity.symbol, Activity.hour)
    query = (
        select(*key, _TRADES, Activity.bought_qty, Activity.sold_qty)
        .join(now, and_(now.c.account == Activity.account, now.c.symbol == Activity.symbol))
        .where(Activity.hour >= hour - back, Activity.hour <= hour)
        .order_by(*key)
    )
    traded: HourTraded | None = None
    async for row in _rows(session, query):
        *of, bought_qty, sold_qty = row
        seen = HourTraded._make((*of, bought_qty + sold_qty))
        if traded is None or traded[:-2] != seen[:-2]:
            if traded is not None:
                yield traded
            traded = seen
        else:  # It traded by another session, too.
            traded = traded._replace(trades=traded.trades + seen.trades, qty=traded.qty + seen.qty)
    if traded is not None:
        yield traded


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


async def _rows(session: AsyncSession, query: Executable) -> AsyncIterator[Row[*tuple[Any, ...]]]:
    """Yield rows; they come many at a time, since asking for each by itself takes longer than all else."""
    result = await session.stream(query, execution_options={"yield_per": _BATCH})
    async for rows in result.partitions(_BATCH):
        for row in rows:
            yield row


async def numbers_of(
    session: AsyncSession, number: InstrumentedAttribute[int], time_ns: InstrumentedAttribute[int], window: Window
) -> tuple[int, int]:
    """Return the numbers of the first row of a window, and of the first after it."""
    return (
        await _first(session, number, time_ns, window.from_ns),
        await _first(session, number, time_ns, window.until_ns),
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
