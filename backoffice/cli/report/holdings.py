"""`fondaco report balances`: what accounts had, as of any record or time."""

from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.moments import SinceOption
from backoffice.cli.option_groups import grouped
from backoffice.cli.report.options import (
    AccountOption,
    ChartOption,
    ClientOption,
    FirmOption,
    LookingBack,
    When,
    Whose,
    record_of,
    scope_of,
    since_record,
)
from backoffice.cli.report.printing import Row, show_note, show_rows
from backoffice.times import DAY_NS

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office

BALANCES = ("account", "firm", "asset", "available", "reserved", "held", "total", "record")
CHANGES = (*BALANCES[:-1], "before", "change", "record")
_POINTS = 80
_OF_A_DAY = slice(len("2026-11-28T"), len("2026-11-28T14:30:00"))
"""What is told of a time, if all of them are less than a day apart,"""
_OF_MORE = slice(len("2026-11-28T14:30"))
"""and if not."""

AssetOption = Annotated[str, typer.Option("--asset", metavar="ASSET", help="Of this asset.", show_default="all")]


@grouped
def balances(
    *,
    client: ClientOption = "",
    firm: FirmOption = "",
    account: AccountOption = "",
    asset: AssetOption = "",
    empty: Annotated[bool, typer.Option("--empty", help="Those too that have nothing.")] = False,
    since: SinceOption = None,
    chart: ChartOption = False,
    when: When,
    looking: LookingBack,
) -> None:
    """Show what accounts have of each asset: free, in open orders, held for withdrawals.

    With --since those alone that have changed, and by how much. --chart draws them over time, of one --asset, --from
    some time --until another.
    """
    if not chart and when != When():
        raise typer.BadParameter("--from and --until are for --chart; say --since and --as-of to see what has changed")
    if chart:
        _draw(Whose(client=client, firm=firm, account=account), asset, when, looking)
        return
    record = 0

    async def rows(_desk: "Office", session: "AsyncSession") -> list[Row]:
        nonlocal record
        from backoffice.ledger.balances import holdings
        from backoffice.reports.market import market_of
        from backoffice.reports.scope import Scope, accounts_in, check_asset, owners

        record = await record_of(session, looking.as_of)
        before = await since_record(session, since, record)
        await check_asset(session, asset)
        wanted = await accounts_in(session, Scope(client, firm, account))
        market, of = await market_of(session), await owners(session)
        then: dict[tuple[str, str], int] = {}
        if before is not None:
            earlier = await holdings(session, before, account=account or None, asset=asset or None)
            then = {(each.account, each.asset): each.total for each in earlier}
        found: list[Row] = []
        for each in await holdings(session, record, account=account or None, asset=asset or None):
            was = then.get((each.account, each.asset), 0)
            is_shown = each.total if before is None else each.total != was
            if (wanted is None or each.account in wanted) and (is_shown or empty):
                amounts = [each.available, each.reserved, each.held, each.total]
                if before is not None:
                    amounts += [was, each.total - was]
                shown = [market.amount(each.asset, amount) for amount in amounts]
                found.append((each.account, of[each.account][0], each.asset, *shown, record))
        return found

    show_rows(looking, BALANCES if since is None else CHANGES, rows)
    show_note(looking, f"At record {record:,}.")


def _draw(whose: Whose, asset: str, when: When, looking: LookingBack) -> None:
    """Draw what there is of an asset in all of some accounts, at moments evenly apart."""
    from backoffice.cli.failure import CommandFailed
    from backoffice.cli.report.chart import lines
    from backoffice.cli.shown import time_text
    from backoffice.reports.market import market_of
    from backoffice.reports.over_time import balances_over_time

    if not asset:
        raise CommandFailed("balances of several assets do not fit into one chart: name one by --asset")

    async def found(session: "AsyncSession", _desk: "Office") -> tuple[list[str], list[str]]:
        points = await balances_over_time(session, scope_of(whose, when), asset, _POINTS)
        market = await market_of(session)
        part = _OF_A_DAY if points[-1][0] - points[0][0] < DAY_NS else _OF_MORE
        return (
            [time_text(time_ns)[part] for time_ns, _ in points],
            [market.amount(asset, amount) for _, amount in points],
        )

    names, amounts = looking.ask(found)
    lines(f"{whose.account or whose.firm or whose.client or 'all accounts'}: {asset}", names, {asset: amounts})
