"""Where clients stand, or stood, and what is soon asked of them: the pipeline, what expires, hits to be decided on.

What is personal stays sealed; whoever prints it opens it, for those who may see it.
"""

import datetime as dt

import msgspec
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.tables.check import ScreeningHit
from backoffice.crm.tables.file import ClientDocument
from backoffice.crm.workflow import OVER, State
from backoffice.reports.clients_then import ClientThen, clients_at, hits_at, licences_at


async def pipeline(session: AsyncSession, at_ns: int | None, *, all_states: bool = False) -> list[ClientThen]:
    """Return the clients by state, in the order of the workflow, those that have waited longest first.

    Without `all_states` those that were rejected or have left are left out. `at_ns`: as they stood then; None for now.
    """
    order = {state.value: number for number, state in enumerate(State)}
    found = [each for each in (await clients_at(session, at_ns)).values() if all_states or each.state not in OVER]
    return sorted(found, key=lambda each: (order[each.state], each.since_ns, each.number))


class Expiring(msgspec.Struct, frozen=True):
    """A document or a licence that has expired, or soon will."""

    client: ClientThen
    what: str
    number: str
    """Its own: D-7, or the licence's."""
    expires: dt.date
    document: ClientDocument | None


async def expiring(session: AsyncSession, today: dt.date, days: int, at_ns: int | None) -> list[Expiring]:
    """Return what has expired or will within so many days, the first to do so first; of clients that have not left.

    `at_ns`: of what was in the files then; None for now.
    """
    last = today + dt.timedelta(days=days)
    clients = {number: each for number, each in (await clients_at(session, at_ns)).items() if each.state not in OVER}
    query = select(ClientDocument).where(ClientDocument.expires <= last)
    is_there: ColumnElement[bool] = ClientDocument.withdrawn_ns.is_(None)
    if at_ns is not None:
        query = query.where(ClientDocument.filed_ns <= at_ns)
        is_there = or_(is_there, ClientDocument.withdrawn_ns > at_ns)
    found = [
        Expiring(clients[paper.client], paper.kind.replace("-", " "), paper.id, paper.expires, paper)
        for paper in await session.scalars(query.where(is_there))
        if paper.client in clients and paper.expires is not None
    ]
    found += [
        Expiring(clients[licence.client], f"licence of {licence.regulator}", licence.number, expires, None)
        for licence, expires in (await licences_at(session, at_ns)).items()
        if licence.client in clients and expires is not None and expires <= last
    ]
    return sorted(found, key=lambda each: (each.expires, each.client.number, each.number))


async def open_hits(session: AsyncSession, at_ns: int | None) -> list[tuple[ClientThen, ScreeningHit]]:
    """Return the hits that nobody has decided on, the oldest first. `at_ns`: that nobody had by then; None for now."""
    clients, row = await clients_at(session, at_ns), ScreeningHit
    query = select(row).order_by(row.found_ns, row.number)
    if at_ns is None:
        return [(clients[hit.client], hit) for hit in await session.scalars(query.where(row.state == "open"))]
    states = await hits_at(session, at_ns)
    query = query.where(row.found_ns <= at_ns, or_(row.decided_ns.is_(None), row.decided_ns > at_ns))
    return [(clients[hit.client], hit) for hit in await session.scalars(query) if states.get(hit.id, "open") == "open"]
