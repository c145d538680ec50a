"""`fondaco report market-quality`: spread, depth and orders to a trade, of each market."""

from typing import TYPE_CHECKING

import typer

from backoffice.cli.option_groups import grouped
from backoffice.cli.report.options import ChartOption, LookingBack, SymbolOption, When, seen_by
from backoffice.cli.report.printing import Row, percent_text, ratio_text, show_rows
from backoffice.times import HOUR_NS

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.reports.market import Market
    from backoffice.reports.market_quality import Quality

MARKET_QUALITY = (
    *("symbol", "minutes", "two-sided", "spread", "basis points", "bid quantity", "ask quantity"),
    *("messages", "trades", "messages to a trade"),
)
_TO_HOURS = len("2026-11-28T14")


@grouped
def market_quality(*, symbol: SymbolOption = "", when: When, chart: ChartOption = False, looking: LookingBack) -> None:
    """Show how good the markets are: both sides there, how far apart, how much behind them; averages by the minute.

    Of the minutes of continuous trading in which the back office saw the books. --chart draws the spread of a --symbol.
    Messages and trades are of whole hours: with --as-of of those that were over.
    """
    if chart:
        _draw(symbol, when, looking)
        return

    async def rows(_desk: "Office", session: "AsyncSession") -> list[Row]:
        from backoffice.reports.market import market_of
        from backoffice.reports.market_quality import qualities

        market, seen = await market_of(session), await seen_by(session, looking.as_of)
        return [_row(each, market) for each in await qualities(session, symbol, when.from_ns, when.until_ns, seen)]

    show_rows(looking, MARKET_QUALITY, rows)


def _row(each: "Quality", market: "Market") -> Row:
    from engine.decimals import divide_rounded

    count = each.two_sided
    average = [divide_rounded(figure, count) if count else None for figure in (each.spread, each.bid_qty, each.ask_qty)]
    spread, bid_qty, ask_qty = average
    return (
        each.symbol,
        each.samples,
        percent_text(count, each.samples),
        None if spread is None else market.price(each.symbol, spread),
        _bps(each),
        None if bid_qty is None else market.qty(each.symbol, bid_qty),
        None if ask_qty is None else market.qty(each.symbol, ask_qty),
        each.messages,
        each.trades,
        ratio_text(each.messages, each.trades),
    )


def _bps(each: "Quality") -> str | None:
    """Return the spread in basis points of the middle of both prices."""
    return ratio_text(20_000 * each.spread, each.prices)


def _draw(symbol: str, when: When, looking: LookingBack) -> None:
    from backoffice.cli.failure import CommandFailed
    from backoffice.cli.report.chart import lines
    from backoffice.cli.shown import time_text
    from backoffice.reports.market_quality import by_hour

    if not symbol:
        raise CommandFailed("spreads of several instruments do not fit into one chart: name one by --symbol")

    async def found(session: "AsyncSession", _desk: "Office") -> "list[tuple[int, Quality]]":
        return await by_hour(session, symbol, when.from_ns, when.until_ns, await seen_by(session, looking.as_of))

    hours = looking.ask(found)
    if not hours:
        typer.echo(f"{symbol}: nothing was seen of its book in that time")
        return
    names = [time_text(hour * HOUR_NS)[:_TO_HOURS] for hour, _ in hours]
    lines(f"{symbol}: spread in basis points, by the hour", names, {symbol: [_bps(each) for _, each in hours]})
