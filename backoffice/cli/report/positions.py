"""`fondaco report positions`, `exposure`, `instruments`: what trading came to, what firms have, what is traded."""

from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.moments import SinceOption
from backoffice.cli.option_groups import grouped
from backoffice.cli.report.options import (
    AccountOption,
    ClientOption,
    FirmOption,
    LookingBack,
    Whose,
    record_of,
    scope_of,
    since_record,
)
from backoffice.cli.report.printing import Row, percent_text, show_note, show_rows
from backoffice.cli.tables import Moment
from backoffice.reports.by import Whom

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.figure import Figure
    from backoffice.reports.market import Market
    from backoffice.reports.positions import Position

POSITIONS = (
    *("symbol", "asset", "bought", "bought at", "sold", "sold at", "position", "last price", "value"),
    *("realised", "unrealised", "fees", "result"),
)
EXPOSURE = ("asset", "available", "reserved", "held", "total", "share", "valued in", "value")
INSTRUMENTS = (
    *("symbol", "base", "quote", "price increment", "quantity increment", "largest order"),
    *("maker basis points", "taker basis points", "last price", "admitted", "record"),
)

WhomOption = Annotated[Whom, typer.Option("--by", help="Whose are put together.")]
ValuedOption = Annotated[
    str | None,
    typer.Option("--in", metavar="ASSET", help="Valued in this asset.", show_default="what most is quoted in"),
]


@grouped
def positions(*, by: WhomOption = Whom.ACCOUNT, whose: Whose, since: SinceOption = None, looking: LookingBack) -> None:
    """Show what was bought and sold of each instrument, what is left of it, and the profit or loss by the last price.

    Of trades alone: deposits and withdrawals are no gain. With --since all figures are changes.
    """
    record = 0

    async def rows(_desk: "Office", session: "AsyncSession") -> list[Row]:
        nonlocal record
        from backoffice.reports import positions as of_trades
        from backoffice.reports.market import market_of

        record = await record_of(session, looking.as_of)
        before = await since_record(session, since, record)
        market = await market_of(session)
        found = await of_trades.positions(session, scope_of(whose, sequence=record), by, market)
        if before is not None:
            then = await of_trades.positions(session, scope_of(whose, sequence=before), by, market)
            found = of_trades.since(then, found)
        return [(each.key, *_position(each, market)) for each in found]

    show_rows(looking, (by.value, *POSITIONS), rows)
    show_note(looking, f"At record {record:,}.")


@grouped
def exposure(
    *,
    by: WhomOption = Whom.FIRM,
    client: ClientOption = "",
    firm: FirmOption = "",
    account: AccountOption = "",
    valued_in: ValuedOption = None,
    looking: LookingBack,
) -> None:
    """Show what the venue owes to each firm, its share of all that there is, and its value by the last prices."""
    record = 0

    async def rows(_desk: "Office", session: "AsyncSession") -> list[Row]:
        nonlocal record
        from backoffice.reports.exposure import exposures, usual_asset
        from backoffice.reports.market import market_of
        from backoffice.reports.scope import Scope, check_asset

        record = await record_of(session, looking.as_of)
        market = await market_of(session)
        await check_asset(session, valued_in or "")
        unit = valued_in or usual_asset(market)
        every = await exposures(session, Scope(), by, market, record, unit)
        whole: dict[str, int] = {}
        for each in every:
            whole[each.asset] = whole.get(each.asset, 0) + each.total
        scope = Scope(client, firm, account)
        shown = every if scope == Scope() else await exposures(session, scope, by, market, record, unit)
        return [
            (
                each.key,
                each.asset,
                *(
                    market.amount(each.asset, amount)
                    for amount in (each.available, each.reserved, each.held, each.total)
                ),
                percent_text(each.total, whole[each.asset]),
                unit,
                None if each.value is None else market.amount(unit, each.value),
            )
            for each in shown
        ]

    show_rows(looking, (by.value, *EXPOSURE), rows)
    show_note(looking, f"At record {record:,}.")


@grouped
def instruments(*, looking: LookingBack) -> None:
    """Show what is traded: increments, fees without a schedule, the largest order, and the last price."""

    async def rows(_desk: "Office", session: "AsyncSession") -> list[Row]:
        from backoffice.reports.last_prices import last_prices
        from backoffice.reports.market import market_of
        from backoffice.reports.scope import time_of

        record = await record_of(session, looking.as_of)
        market, prices = await market_of(session), await last_prices(session, record)
        return [
            (
                each.symbol,
                each.base,
                each.quote,
                market.price(each.symbol, 1),
                market.qty(each.symbol, 1),
                market.qty(each.symbol, each.order_qty_max),
                each.maker_fee_bps,
                each.taker_fee_bps,
                market.price(each.symbol, prices[each.symbol]) if each.symbol in prices else None,
                Moment(await time_of(session, each.sequence)),
                each.sequence,
            )
            for each in sorted(market.instruments.values(), key=lambda row: row.sequence)
            if each.sequence <= record
        ]

    show_rows(looking, INSTRUMENTS, rows)


def _position(each: "Position", market: "Market") -> Row:
    symbol = each.symbol
    return (
        symbol,
        market.instruments[symbol].quote,
        market.qty(symbol, each.bought_qty),
        market.average_price(symbol, each.bought_notional, each.bought_qty),
        market.qty(symbol, each.sold_qty),
        market.average_price(symbol, each.sold_notional, each.sold_qty),
        market.qty(symbol, each.qty),
        None if each.last_price is None else market.price(symbol, each.last_price),
        *_amounts(each, market),
    )


def _amounts(each: "Position", market: "Market") -> "list[Figure]":
    amounts = (each.value, each.realised, each.unrealised, each.fees, each.net)
    return [market.notional(each.symbol, amount) for amount in amounts]
