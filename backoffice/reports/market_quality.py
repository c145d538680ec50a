"""How good a market is: how often there is a price on both sides, how far they are apart, how much is behind them.

The back office looks at the books once in a minute (`sample`): the journal holds every state they were ever in, but to
have them all takes a replay. A minute in which the venue or the back office was away is left out.
"""

from typing import Final

import msgspec
from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.dialects.postgresql import insert as insert_in_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_in_sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database import Database
from backoffice.reports.by import By
from backoffice.reports.scope import Scope, Seen, check_symbol
from backoffice.reports.tables import MarketSample
from backoffice.reports.volumes import volumes
from backoffice.times import HOUR_NS, MINUTE_NS
from engine.overview import VenueShown
from engine.values import Phase

_MINUTES_AN_HOUR: Final = 60


class Quality(msgspec.Struct, frozen=True):
    """The market in an instrument over some time, of the minutes in which it traded continuously."""

    symbol: str
    samples: int
    two_sided: int
    """In how many of them there was a price on both sides;"""
    spread: int
    """of these, the sum of what the prices were apart,"""
    prices: int
    """of both prices,"""
    bid_qty: int
    """and of the quantities behind them."""
    ask_qty: int
    messages: int = 0
    """Orders, replaces and cancels,"""
    trades: int = 0
    """and trades, both of the hours that these minutes are in."""


async def sample(database: Database, shown: VenueShown, now_ns: int) -> None:
    """Keep how the books stand in this minute, unless that was done."""
    minute = now_ns // MINUTE_NS
    rows = [
        {
            "symbol": each.symbol,
            "minute": minute,
            "sequence": shown.sequence,
            "phase": int(each.phase),
            "bid_price": each.bid_price,
            "bid_qty": each.bid_qty,
            "ask_price": each.ask_price,
            "ask_qty": each.ask_qty,
        }
        for each in shown.instruments
    ]
    if not rows:
        return
    insert = insert_in_sqlite if database.is_sqlite else insert_in_postgresql
    async with database.writing() as session:
        await session.execute(insert(MarketSample).on_conflict_do_nothing(), rows)


async def qualities(
    session: AsyncSession, symbol: str, from_ns: int | None, until_ns: int | None, seen: Seen | None = None
) -> list[Quality]:
    """Return the quality of each market, or of one, by what was seen then; None for now.

    Messages and trades are counted by the hour: then to the last full one. Raise `Refused` for times that are no full
    hours.
    """
    await check_symbol(session, symbol)
    scope = Scope(symbol=symbol, from_ns=from_ns, until_ns=until_ns)
    counted_in = scope
    if seen is not None:
        over_ns = seen.time_ns - seen.time_ns % HOUR_NS
        counted_in = msgspec.structs.replace(scope, until_ns=over_ns if until_ns is None else min(until_ns, over_ns))
    activity = {each.symbol: each for each in await volumes(session, counted_in, By.INSTRUMENT)}
    query = select(MarketSample.symbol, *_figures()).where(*_within(scope, seen)).group_by(MarketSample.symbol)
    found = []
    for name, *figures in await session.execute(query.order_by(MarketSample.symbol)):
        counted = activity.get(name)
        quality = Quality(name, *map(int, figures))
        if counted is not None:
            # A trade counts on both sides.
            quality = msgspec.structs.replace(quality, messages=counted.messages, trades=counted.trades // 2)
        found.append(quality)
    return found


async def by_hour(
    session: AsyncSession, symbol: str, from_ns: int | None, until_ns: int | None, seen: Seen | None = None
) -> list[tuple[int, Quality]]:
    """Return the quality of one market in each hour since the epoch of which there is any sample."""
    await check_symbol(session, symbol)
    hour = MarketSample.minute // _MINUTES_AN_HOUR
    scope = Scope(symbol=symbol, from_ns=from_ns, until_ns=until_ns)
    query = select(hour, *_figures()).where(*_within(scope, seen))
    return [
        (int(one), Quality(symbol, *map(int, figures)))
        for one, *figures in await session.execute(query.group_by(hour).order_by(hour))
    ]


def _figures() -> list[ColumnElement[int]]:
    row = MarketSample
    both = and_(row.bid_price > 0, row.ask_price > 0)
    sums = (row.ask_price - row.bid_price, row.ask_price + row.bid_price, row.bid_qty, row.ask_qty)
    return [
        func.count(),
        func.sum(case((both, 1), else_=0)),
        *(func.sum(case((both, figure), else_=0)) for figure in sums),
    ]


def _within(scope: Scope, seen: Seen | None) -> list[ColumnElement[bool]]:
    conditions = [MarketSample.phase == int(Phase.CONTINUOUS)]
    if scope.symbol:
        conditions.append(MarketSample.symbol == scope.symbol)
    if scope.from_ns is not None:
        conditions.append(MarketSample.minute >= -(-scope.from_ns // MINUTE_NS))
    if scope.until_ns is not None:
        conditions.append(MarketSample.minute < -(-scope.until_ns // MINUTE_NS))
    if seen is not None:
        # Where nothing happens the same record is seen again, minute by minute.
        conditions += [MarketSample.sequence <= seen.sequence, MarketSample.minute <= seen.time_ns // MINUTE_NS]
    return conditions
