"""`fondaco report balances`: what accounts had, as of any record or time."""

from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.option_groups import grouped
from backoffice.cli.report.options import AccountOption, ClientOption, FirmOption, LookingBack, record_of
from backoffice.cli.report.printing import Row, show_note, show_rows

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office

_BALANCES = ("account", "firm", "asset", "available", "reserved", "held", "total", "record")

AssetOption = Annotated[str, typer.Option("--asset", metavar="ASSET", help="Of this asset.", show_default="all")]


@grouped
def balances(
    *,
    client: ClientOption = "",
    firm: FirmOption = "",
    account: AccountOption = "",
    asset: AssetOption = "",
    empty: Annotated[bool, typer.Option("--empty", help="Those too that have nothing.")] = False,
    looking: LookingBack,
) -> None:
    """Show what accounts have of each asset: free, in open orders, held for withdrawals. Positions are these."""
    record = 0

    async def rows(_desk: "Office", session: "AsyncSession") -> list[Row]:
        nonlocal record
        from backoffice.ledger.balances import holdings
        from backoffice.reports.market import market_of
        from backoffice.reports.scope import Scope, accounts_in, owners

        record = await record_of(session, looking.as_of)
        wanted = await accounts_in(session, Scope(client, firm, account))
        market, of = await market_of(session), await owners(session)
        return [
            (
                each.account,
                of[each.account][0],
                each.asset,
                *(
                    market.amount(each.asset, amount)
                    for amount in (each.available, each.reserved, each.held, each.total)
                ),
                record,
            )
            for each in await holdings(session, record, account=account or None, asset=asset or None)
            if (wanted is None or each.account in wanted) and (each.total or empty)
        ]

    show_rows(looking, _BALANCES, rows)
    show_note(looking, f"At record {record:,}.")
