"""`fondaco report breaks`: what does not agree, and for how long it has not."""

from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.breaks import HEAD, row_of
from backoffice.cli.choices import choice
from backoffice.cli.option_groups import grouped
from backoffice.cli.report.options import LookingBack, moment_of
from backoffice.cli.tables import Cell, Form

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
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
    from backoffice.cli.tables import show_table
    from backoffice.ledger.balances import decimals_of
    from backoffice.reconciliation.breaks import open_at
    from backoffice.reconciliation.found import Kind
    from backoffice.reports.ageing import BUCKETS, by_age

    wanted = None if kind is None else choice("kind", kind, Kind)

    async def found(session: "AsyncSession", desk: "Office") -> "tuple[list[Break], dict[str, int], int]":
        moment_ns = await moment_of(session, looking.as_of)
        at_ns = desk.now_ns if moment_ns is None else moment_ns
        rows = await open_at(session, at_ns, wanted)
        return rows, await decimals_of(session), at_ns

    rows, decimals, at_ns = looking.ask(found)
    if looking.form is Form.PEOPLE:
        aged: list[list[Cell]] = [
            [of, *counts, sum(counts)] for of, counts in by_age([(row.kind, row.first_seen_ns) for row in rows], at_ns)
        ]
        show_table(("kind", *BUCKETS, "total"), aged, looking.form)
        typer.echo("")
    show_table(HEAD, [row_of(row, decimals, at_ns, looking.form) for row in rows], looking.form)
