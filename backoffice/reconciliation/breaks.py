"""Breaks: differences that were found, each with when it was first seen, until it is gone or somebody has resolved it.

What is not found any more is closed by the back office itself, with how its subject stands then. What somebody has
resolved stays so while it is the same difference; when it becomes another one, it is a break anew.
"""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.finding import row_named, row_of
from backoffice.database.serializing import one_at_a_time
from backoffice.errors import Refused
from backoffice.payments.tables import Deposit, Withdrawal
from backoffice.reconciliation.found import Found, Kind
from backoffice.reconciliation.tables import Break
from backoffice.staff import audit
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.permissions import Permission

_FACTS: Final = ("here", "here_amount", "there", "there_amount", "asset", "rail")


class State(StrEnum):
    """How a break stands."""

    OPEN = "open"
    RESOLVED = "resolved"


async def take(
    session: AsyncSession, found: Sequence[Found], *, kinds: Collection[Kind], silent: AbstractSet[str], now_ns: int
) -> tuple[list[Break], list[Break]]:
    """Keep what was found, and close what is not found any more; return what is new, and what was closed.

    `kinds` were looked for, but not on the rails that were `silent`.
    """
    await one_at_a_time(session, "reconciliation")
    opened = []
    for each in found:
        fresh = await _keep(session, each, now_ns)
        if fresh is not None:
            opened.append(fresh)
    still = {(each.kind, each.subject) for each in found}
    gone = [
        row
        for row in await session.scalars(select(Break).where(Break.state == State.OPEN).order_by(Break.id))
        if row.kind in kinds and silent.isdisjoint(row.rail.split(",")) and (row.kind, row.subject) not in still
    ]
    for row in gone:
        await _end(session, BACK_OFFICE, row, await _closed_by(session, row), "close", now_ns)
    return opened, gone


async def resolve(session: AsyncSession, actor: Actor, name: str, *, why: str, now_ns: int) -> Break:
    """Say why a difference may stay, or what was done about it. Raise `Refused` if it is resolved already."""
    actor.require(Permission.RESOLVE_BREAKS)
    row = await find(session, name)
    if row.state != State.OPEN:
        raise Refused(f"{row.name} is resolved already, by {row.resolved_by}: {row.reason}")
    await _end(session, actor, row, why, "resolve", now_ns)
    return row


async def find(session: AsyncSession, name: str, *, for_update: bool = True) -> Break:
    """Return a break by its name, kept from others until the transaction ends. Raise `NotFound`."""
    return await row_of(session, Break, name, "B", "break", "report breaks", for_update=for_update)


async def open_at(session: AsyncSession, time_ns: int, kind: Kind | None = None) -> list[Break]:
    """Return the breaks that were open at a time, the oldest first."""
    query = select(Break).where(
        Break.first_seen_ns <= time_ns, or_(Break.resolved_ns.is_(None), Break.resolved_ns > time_ns)
    )
    query = query if kind is None else query.where(Break.kind == kind)
    return list(await session.scalars(query.order_by(Break.first_seen_ns, Break.id)))


async def _keep(session: AsyncSession, found: Found, now_ns: int) -> Break | None:
    """Keep a difference, and return its break if that is new."""
    facts = {name: getattr(found, name) for name in _FACTS}
    last = select(func.max(Break.id)).where(Break.kind == found.kind, Break.subject == found.subject)
    row = await session.get(Break, await session.scalar(last) or 0)
    if row is not None and row.state == State.OPEN:
        row.last_seen_ns = now_ns
        for name, value in facts.items():
            setattr(row, name, value)
        return None
    if row is not None and row.resolved_by != BACK_OFFICE.user and _facts_of(row) == facts:
        return None
    row = Break(
        kind=found.kind,
        subject=found.subject,
        **facts,
        first_seen_ns=now_ns,
        last_seen_ns=now_ns,
        state=State.OPEN,
        resolved_ns=None,
        resolved_by=None,
        reason="",
    )
    session.add(row)
    await session.flush()
    after = {"state": row.state, "kind": row.kind, "subject": row.subject, "here": row.here, "there": row.there}
    subject = f"break/{row.name}"
    await audit.record(
        session, BACK_OFFICE, "find", subject, before=None, after=after, why="it does not agree", now_ns=now_ns
    )
    return row


def _facts_of(row: Break) -> dict[str, object]:
    return {name: getattr(row, name) for name in _FACTS}


async def _end(session: AsyncSession, actor: Actor, row: Break, why: str, verb: str, now_ns: int) -> None:
    before = {"state": row.state}
    row.state, row.resolved_ns, row.resolved_by, row.reason = State.RESOLVED, now_ns, actor.user, why
    after = {"state": row.state}
    await audit.record(session, actor, verb, f"break/{row.name}", before=before, after=after, why=why, now_ns=now_ns)


async def _closed_by(session: AsyncSession, row: Break) -> str:
    """Return how the subject of a break stands that is gone."""
    payment: Deposit | Withdrawal | None = None
    if row.subject.startswith("D-"):
        payment = await row_named(session, Deposit, row.subject, "D")
    elif row.subject.startswith("W-"):
        payment = await row_named(session, Withdrawal, row.subject, "W")
    if payment is None:
        return "nothing disagrees any more"
    return f"{row.subject} is {payment.state}, and nothing disagrees any more: {payment.reason}"
