"""How FIX sessions are doing, or did after any record, and what they were refused, and why."""

from collections import Counter
from collections.abc import Sequence

import msgspec
from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.errors import NotFound
from backoffice.projector.as_of import position_of, sequence_at
from backoffice.projector.tables import RejectCount, RejectRow, SessionStep, VenueSession
from backoffice.reports.scope import time_of
from backoffice.times import HOUR_NS


class Refusals(msgspec.Struct, frozen=True):
    """How often a session was refused something for a reason; no session: the house."""

    session: str
    reason: int
    rejects: int


class Health(msgspec.Struct, frozen=True):
    """A session, and what it was refused."""

    row: VenueSession | SessionStep
    rejects: int
    most_for: int
    """The reason for most of them, 0 if there were none."""


async def refusals(
    session: AsyncSession,
    of: str = "",
    from_ns: int | None = None,
    until_ns: int | None = None,
    sequence: int | None = None,
) -> list[Refusals]:
    """Return what was refused, of one session or of all, by session and reason, most often first.

    It is counted by the hour: the hours that the times fall into count as a whole, but as of a record (`sequence`) the
    last hour counts up to that record. Raise `NotFound` for a session that there never was.
    """
    if of and await session.get(VenueSession, of) is None:
        raise NotFound(f"{of}: no session of this venue")
    counts = RejectCount
    query = select(counts.session, counts.reason, func.sum(counts.rejects)).group_by(counts.session, counts.reason)
    if of:
        query = query.where(counts.session == of)
    if from_ns is not None:
        query = query.where(counts.hour >= from_ns // HOUR_NS)
    if until_ns is not None:
        query = query.where(counts.hour <= (until_ns - 1) // HOUR_NS)
    found: Counter[tuple[str, int]] = Counter()
    if sequence is not None and sequence < (await position_of(session)).sequence:
        hour = await time_of(session, sequence) // HOUR_NS
        query = query.where(counts.hour < hour)
        if (from_ns is None or from_ns // HOUR_NS <= hour) and (until_ns is None or until_ns > hour * HOUR_NS):
            found.update(await _refused(session, of, await sequence_at(session, hour * HOUR_NS - 1), sequence))
    for name, reason, count in await session.execute(query):
        found[name, reason] += int(count)
    return sorted(
        (Refusals(*key, count) for key, count in found.items()),
        key=lambda each: (-each.rejects, each.session, each.reason),
    )


async def _refused(session: AsyncSession, of: str, after: int, through: int) -> dict[tuple[str, int], int]:
    """Count what was refused after one record and through another, by session and reason."""
    row = RejectRow
    query = select(row.session, row.reason, func.count()).where(row.sequence > after, row.sequence <= through)
    if of:
        query = query.where(row.session == of)
    rows = await session.execute(query.group_by(row.session, row.reason))
    return {(name, reason): count for name, reason, count in rows}


def by_reason(found: list[Refusals]) -> list[Refusals]:
    """Return the same with all sessions taken together."""
    sums: dict[int, int] = {}
    for each in found:
        sums[each.reason] = sums.get(each.reason, 0) + each.rejects
    together = [Refusals("", reason, count) for reason, count in sums.items()]
    return sorted(together, key=lambda each: (-each.rejects, each.reason))


async def health(
    session: AsyncSession, from_ns: int | None, until_ns: int | None, sequence: int | None = None
) -> list[Health]:
    """Return every session that is not removed, now or after a record, with what it was refused."""
    of: dict[str, list[Refusals]] = {}
    for each in await refusals(session, "", from_ns, until_ns, sequence):
        of.setdefault(each.session, []).append(each)
    rows: Sequence[VenueSession | SessionStep]
    if sequence is None:
        query = select(VenueSession).where(VenueSession.is_removed.is_(False)).order_by(VenueSession.session)
        rows = (await session.scalars(query)).all()
    else:
        rows = await _stood(session, sequence)
    return [
        Health(
            row,
            sum(each.rejects for each in of.get(row.session, ())),
            of[row.session][0].reason if row.session in of else 0,
        )
        for row in rows
    ]


async def _stood(session: AsyncSession, sequence: int) -> Sequence[SessionStep]:
    """Return how sessions were set up after a record, those that were not removed."""
    step = SessionStep
    last = select(step.session, func.max(step.sequence).label("last")).where(step.sequence <= sequence)
    latest = last.group_by(step.session).subquery()
    query = select(step).join(latest, and_(latest.c.session == step.session, latest.c.last == step.sequence))
    return (await session.scalars(query.where(step.is_removed.is_(False)).order_by(step.session))).all()
