"""`fondaco report pipeline`, `expiring`, `hits`, `payments`: what waits for staff, and for how long."""

from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.option_groups import grouped
from backoffice.cli.report.options import LookingBack, When, moment_of
from backoffice.cli.report.printing import Row, age, show_rows
from backoffice.cli.tables import Moment

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office

PIPELINE = ("state", "client", "name", "type", "jurisdiction", "rating", "entered by", "since", "age")
EXPIRING = ("expires", "days", "client", "name", "what", "number", "file")
HITS = ("hit", "client", "name", "subject", "said", "list", "listed", "score", "found", "age")
PAYMENTS = ("kind", "asset", "state", "count", "amount", "oldest", "age")


@grouped
def pipeline(
    *,
    every: Annotated[bool, typer.Option("--all", help="Those too that were rejected or have left.")] = False,
    looking: LookingBack,
) -> None:
    """Show the clients by state, in the order of the workflow, and how long each has been there."""

    async def rows(desk: "Office", session: "AsyncSession") -> list[Row]:
        from backoffice.reports import clients

        at_ns = await moment_of(session, looking.as_of)
        return [
            (
                each.state,
                each.id,
                each.name,
                each.entity_type,
                each.jurisdiction,
                each.rating,
                each.entered_by,
                Moment(each.since_ns),
                age(each.since_ns, desk.now_ns if at_ns is None else at_ns, looking.form),
            )
            for each in await clients.pipeline(session, at_ns, all_states=every)
        ]

    show_rows(looking, PIPELINE, rows)


@grouped
def expiring(
    *,
    days: Annotated[int, typer.Option("--days", metavar="N", min=0, max=3_650, help="Within so many days.")] = 60,
    looking: LookingBack,
) -> None:
    """Show documents and licences of clients that have expired, or soon will."""

    async def rows(desk: "Office", session: "AsyncSession") -> list[Row]:
        from backoffice.crm.tables.file import ClientDocument
        from backoffice.reports import clients
        from backoffice.staff.sealing import place
        from backoffice.times import day_of

        at_ns = await moment_of(session, looking.as_of)
        today = day_of(desk.now_ns if at_ns is None else at_ns)
        found: list[Row] = []
        for each in await clients.expiring(session, today, days, at_ns):
            paper = each.document
            file = None
            if paper is not None:
                desk.disclosure.permits("names of documents", f"client/{each.client.id}")
                sealed_at = place(ClientDocument.__tablename__, "name", paper.number)
                file = desk.sealer.shown(desk.actor, paper.name, sealed_at)
            left = (each.expires - today).days
            found.append(
                (each.expires.isoformat(), left, each.client.id, each.client.name, each.what, each.number, file)
            )
        return found

    show_rows(looking, EXPIRING, rows)


@grouped
def hits(*, looking: LookingBack) -> None:
    """Show screening hits that nobody has decided on, the oldest first."""

    async def rows(desk: "Office", session: "AsyncSession") -> list[Row]:
        from backoffice.crm.tables.check import ScreeningHit
        from backoffice.reports import clients
        from backoffice.staff.sealing import MASK, place

        at_ns = await moment_of(session, looking.as_of)
        found = await clients.open_hits(session, at_ns)
        sees = desk.disclosure.permits("names of people", *(f"client/{client.id}" for client, _ in found))
        return [
            (
                hit.id,
                client.id,
                client.name,
                hit.subject,
                desk.sealer.shown(desk.actor, hit.said, place(ScreeningHit.__tablename__, "said", hit.number)),
                hit.list,
                # What the list calls them is as good as their name.
                hit.listed if sees else MASK,
                hit.score,
                Moment(hit.found_ns),
                age(hit.found_ns, desk.now_ns if at_ns is None else at_ns, looking.form),
            )
            for client, hit in found
        ]

    show_rows(looking, HITS, rows)


@grouped
def payments(*, when: When, looking: LookingBack) -> None:
    """Show deposits and withdrawals by asset and state: how many, how much, and how long the oldest has waited."""

    async def rows(desk: "Office", session: "AsyncSession") -> list[Row]:
        from backoffice.cli.payments.amounts import decimals_of, shown
        from backoffice.reports.payments import standings

        decimals, at_ns = decimals_of(desk.settings), await moment_of(session, looking.as_of)
        return [
            (
                each.kind,
                each.asset,
                each.state,
                each.count,
                shown(each.amount, each.asset, decimals),
                Moment(each.oldest_ns),
                age(each.oldest_ns, desk.now_ns if at_ns is None else at_ns, looking.form),
            )
            for each in await standings(session, when.from_ns, when.until_ns, at_ns)
        ]

    show_rows(looking, PAYMENTS, rows)
