"""The price of the last trade in an instrument, as of any record; one that was busted by then does not count."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.projector.tables import Activity, TradeRow
from backoffice.reports import blotter
from backoffice.reports.scope import Scope, time_of
from backoffice.times import HOUR_NS


async def last_prices(session: AsyncSession, sequence: int) -> dict[str, int]:
    """Return the last price of each instrument that was traded, in ticks.

    The counts by the hour say when an instrument was traded, so that no more trades are gone through than an hour has.
    """
    until = await time_of(session, sequence) // HOUR_NS
    found: dict[str, int] = {}
    traded = Activity.taker_trades > 0
    last = select(Activity.symbol, func.max(Activity.hour)).where(traded, Activity.hour <= until)
    hours = {symbol: int(hour) for symbol, hour in await session.execute(last.group_by(Activity.symbol))}
    for symbol, latest in sorted(hours.items()):
        hour: int | None = latest
        while hour is not None:
            scope = Scope(symbol=symbol, from_ns=hour * HOUR_NS, until_ns=(hour + 1) * HOUR_NS, sequence=sequence)
            price = await _last_price(session, scope)
            if price is not None:
                found[symbol] = price
                break
            earlier = select(func.max(Activity.hour)).where(traded, Activity.symbol == symbol, Activity.hour < hour)
            hour = await session.scalar(earlier)
    return found


async def _last_price(session: AsyncSession, scope: Scope) -> int | None:
    conditions = await blotter.TRADES.within(session, scope)
    query = select(TradeRow).where(TradeRow.symbol == scope.symbol, *conditions).order_by(TradeRow.trade_id.desc())
    # What was corrected since is looked at as it was then.
    for trade in await session.scalars(query.limit(_BUSTED_MAX)):
        amendments = (await blotter.amendments_of(session, [trade])).get(trade.trade_id, ())
        stood = blotter.as_of(trade, amendments, scope.sequence)
        if stood.qty:
            return stood.price
    return None


_BUSTED_MAX = 100
"""If so many trades in a row were busted, an earlier hour's price stands."""
