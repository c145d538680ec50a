"""How FIX sessions are doing, and what they were refused, and why."""

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.errors import NotFound
from backoffice.projector.counters import HOUR_NS
from backoffice.projector.tables import RejectCount, VenueSession


class Refusals(msgspec.Struct, frozen=True):
    """How often a session was refused something for a reason; no session: the house."""

    session: str
    reason: int
    rejects: int


class Health(msgspec.Struct, frozen=True):
    """A session, and what it was refused."""

    row: VenueSession
    rejects: int
    most_for: int
    """The reason for most of them, 0 if there were none."""


async def refusals(
    session: AsyncSession, of: str = "", from_ns: int | None = None, until_ns: int | None = None
) -> list[Refusals]:
    """Return what was refused, of one session or of all, by session and reason, most often first.

    It is counted by the hour: the hours that the times fall into count as a whole. Raise `NotFound` for a session that
    there never was.
    """
    if of and await session.get(VenueSession, of) is None:
        raise NotFound(f"{of}: no session of this venue")
    query = select(RejectCount.session, RejectCount.reason, func.sum(RejectCount.rejects))
    if of:
        query = query.where(RejectCount.session == of)
    if from_ns is not None:
        query = query.where(RejectCount.hour >= from_ns // HOUR_NS)
    if until_ns is not None:
        query = query.where(RejectCount.hour <= (until_ns - 1) // HOUR_NS)
    rows = await session.execute(query.group_by(RejectCount.session, RejectCount.reason))
    found = [Refusals(name, reason, int(count)) for name, reason, count in rows]
    return sorted(found, key=lambda each: (-each.rejects, each.session, each.reason))


def by_reason(found: list[Refusals]) -> list[Refusals]:
    """Return the same with all sessions taken together."""
    sums: dict[int, int] = {}
    for each in found:
        sums[each.reason] = sums.get(each.reason, 0) + each.rejects
    together = [Refusals("", reason, count) for reason, count in sums.items()]
    return sorted(together, key=lambda each: (-each.rejects, each.reason))


async def health(session: AsyncSession, from_ns: int | None, until_ns: int | None) -> list[Health]:
    """Return every session that is not removed, with what it was refused."""
    of: dict[str, list[Refusals]] = {}
    for each in await refusals(session, "", from_ns, until_ns):
        of.setdefault(each.session, []).append(each)
    query = select(VenueSession).where(VenueSession.is_removed.is_(False)).order_by(VenueSession.session)
    return [
        Health(
            row,
            sum(each.rejects for each in of.get(row.session, ())),
            of[row.session][0].reason if row.session in of else 0,
        )
        for row in await session.scalars(query)
    ]
