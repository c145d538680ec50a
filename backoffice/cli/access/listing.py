"""`fondaco access list`: the tree of each firm, and what holds in it."""

from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.office import Looking
from backoffice.cli.option_groups import grouped
from backoffice.cli.tables import Cell

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office


@grouped
def list_access(
    *,
    firm: Annotated[str | None, typer.Option("--firm", metavar="FIRM", help="Of this one.", show_default="all")] = None,
    looking: Looking,
) -> None:
    """List desks, traders, accounts and sessions, with their limits."""
    from backoffice.access.overview import Place, places
    from backoffice.cli.tables import show_table

    def row(place: Place) -> tuple[Cell, ...]:
        return (place.firm, place.kind, place.name, place.under, place.state, place.limits, place.detail)

    async def rows(session: "AsyncSession", _office: "Office") -> list[tuple[Cell, ...]]:
        return [row(place) for place in await places(session, firm)]

    show_table(("firm", "kind", "name", "under", "state", "limits", "detail"), looking.ask(rows), looking.form)
