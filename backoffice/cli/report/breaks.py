"""`fondaco report breaks`: what does not agree, and for how long it has not."""

from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.breaks import HEAD, row_of
from backoffice.cli.option_groups import grouped
from backoffice.cli.report.options import LookingBack
from backoffice.cli.tables import Cell, Form

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.moments import AsOf
    from backoffice.reconciliation.tables import Break


@grouped
def breaks(
    *,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="KIND", help="Of this kind.", show_default="all")
    ] = None,
    looking: LookingBack,
) -> None:
    """Show the breaks that are open, or were: how many of each kind by age, then each, the oldest first.

    They are looked for every five minutes, and by `fondaco books reconcile`, which compares with the engine too.
    """
    from backoffice.cli.failure import CommandFailed
    from backoffice.cli.loop import run
    from backoffice.cli.tables import show_table
    from backoffice.ledger.balances import decimals_of
    from backoffice.reconciliation.breaks import open_at
    from backoffice.reconciliation.found import Kind
    from backoffice.reports.ageing import BUCKETS, by_age
    from backoffice.staff.permissions import Permission

    if kind is not None and kind not in set(Kind):
        raise CommandFailed(f"{kind}: no kind of breaks; choose from: {', '.join(Kind)}")

    async def found() -> "tuple[list[Break], dict[str, int], int]":
        async with looking.office() as desk, desk.database.reading() as session:
            desk.actor.require(Permission.SEE_RECORDS)
            at_ns = await _time_of(session, looking.as_of, desk.now_ns)
            rows = await open_at(session, at_ns, None if kind is None else Kind(kind))
            return rows, await decimals_of(session), at_ns

    rows, decimals, at_ns = run(found())
    if looking.form is Form.PEOPLE:
        aged: list[list[Cell]] = [
            [of, *counts, sum(counts)] for of, counts in by_age([(row.kind, row.first_seen_ns) for row in rows], at_ns)
        ]
        show_table(("kind", *BUCKETS, "total"), aged, looking.form)
        typer.echo("")
    show_table(HEAD, [row_of(row, decimals, at_ns, looking.form) for row in rows], looking.form)


async def _time_of(session: "AsyncSession", as_of: "AsOf | None", now_ns: int) -> int:
    """Return the time that a report is as of: a record's, if it is one that is named."""
    from backoffice.projector.as_of import checked
    from backoffice.reports.scope import time_of

    if as_of is None:
        return now_ns
    if as_of.time_ns is not None:
        return as_of.time_ns
    return await time_of(session, await checked(session, as_of.sequence))
