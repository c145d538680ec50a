"""Where clients stand, and what will soon be asked of them: the pipeline, what expires, hits to be decided on.

What is personal stays sealed; whoever prints it opens it, for those who may see it.
"""

import datetime as dt
from typing import Final

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.tables.check import ScreeningHit
from backoffice.crm.tables.file import Client, ClientDocument, ClientLicence
from backoffice.crm.workflow import State, Verb
from backoffice.staff.tables import AuditEntry

_OVER: Final = (State.REJECTED.value, State.CLOSED.value)


class InPipeline(msgspec.Struct, frozen=True):
    """A client, and when it took the last step of the workflow."""

    client: Client
    since_ns: int


async def pipeline(session: AsyncSession, *, all_states: bool = False) -> list[InPipeline]:
    """Return the clients by state, in the order of the workflow, those that have waited longest first.

    Without `all_states` those that were rejected or have left are left out.
    """
    query = select(Client).order_by(Client.number)
    if not all_states:
        query = query.where(Client.state.not_in(_OVER))
    clients = list(await session.scalars(query))
    steps = (
        select(AuditEntry.subject, func.max(AuditEntry.time_ns))
        .where(AuditEntry.verb.in_([verb.value for verb in Verb]), AuditEntry.subject.startswith("client/"))
        .group_by(AuditEntry.subject)
    )
    changed = dict((await session.execute(steps)).all())
    order = {state.value: number for number, state in enumerate(State)}
    found = [InPipeline(client, changed.get(f"client/{client.id}", client.entered_ns)) for client in clients]
    return sorted(found, key=lambda each: (order[each.client.state], each.since_ns, each.client.number))


class Expiring(msgspec.Struct, frozen=True):
    """A document or a licence that has expired, or soon will."""

    client: Client
    what: str
    number: str
    """Its own: D-7, or the licence's."""
    expires: dt.date
    document: ClientDocument | None


async def expiring(session: AsyncSession, today: dt.date, days: int) -> list[Expiring]:
    """Return what has expired or will within so many days, the first to do so first; of clients that have not left."""
    last = today + dt.timedelta(days=days)
    papers = (
        select(Client, ClientDocument)
        .join(ClientDocument, ClientDocument.client == Client.number)
        .where(ClientDocument.expires <= last, ClientDocument.withdrawn_ns.is_(None), Client.state.not_in(_OVER))
    )
    licences = (
        select(Client, ClientLicence)
        .join(ClientLicence, ClientLicence.client == Client.number)
        .where(ClientLicence.expires <= last, Client.state.not_in(_OVER))
    )
    found = [
        Expiring(client, paper.kind.replace("-", " "), paper.id, paper.expires, paper)
        for client, paper in await session.execute(papers)
        if paper.expires is not None
    ]
    found += [
        Expiring(client, f"licence of {licence.regulator}", licence.number, licence.expires, None)
        for client, licence in await session.execute(licences)
        if licence.expires is not None
    ]
    return sorted(found, key=lambda each: (each.expires, each.client.number, each.number))


async def open_hits(session: AsyncSession) -> list[tuple[Client, ScreeningHit]]:
    """Return the hits that nobody has decided on, the oldest first."""
    query = select(Client, ScreeningHit).join(ScreeningHit, ScreeningHit.client == Client.number)
    rows = await session.execute(
        query.where(ScreeningHit.state == "open").order_by(ScreeningHit.found_ns, ScreeningHit.number)
    )
    return [(client, hit) for client, hit in rows]
