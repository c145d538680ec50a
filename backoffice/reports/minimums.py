"""What firms have paid in a month, and what is missing to the minimums of their schedules: that is invoiced.

Of a month that is not over it is what is missing by now. What counts is a firm's fees, less rebates, in instruments
that are quoted in the schedule's asset and that it trades by this schedule. Rebates beyond all fees are not taken back:
no more is ever missing than the minimum itself. Which days count is `backoffice.access.minimums`.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access.charging import ASSIGNMENT, SCHEDULE
from backoffice.access.fees import Fees
from backoffice.access.minimums import Agreed, Assigned, Owed, Version, owed
from backoffice.access.tables import FeeAssignment, FeeSchedule
from backoffice.crm.documents import months_after
from backoffice.crm.tables.file import Client
from backoffice.projector.tables import VenueAccount, VenueInstrument
from backoffice.reports.by import By
from backoffice.reports.scope import Scope, Seen
from backoffice.reports.volumes import volumes
from backoffice.staff.tables import Approval
from backoffice.times import DAY_NS, EPOCH, start_of


class Minimum(msgspec.Struct, frozen=True):
    """What a firm owes at least in a month by a schedule, and what it has paid towards it."""

    firm: str
    owed: Owed
    paid: int
    """Fees less rebates: below zero if these were more."""

    @property
    def missing(self) -> int:
        return max(0, self.owed.minimum - max(0, self.paid))


async def minimums(session: AsyncSession, month: dt.date, seen: Seen | None = None) -> list[Minimum]:
    """Return what each firm owes at least in a month, whose first day is given; by what was seen then, None for now."""
    from_ns, until_ns = bounds_of(month)
    sequence = None if seen is None else seen.sequence
    found = []
    for firm, agreed in sorted((await _agreed(session, until_ns, seen)).items()):
        owes = list(owed(agreed, from_ns, until_ns))
        paid = await _paid(session, firm, from_ns, until_ns, sequence) if owes else {}
        for each in owes:
            days = enumerate(each.days, from_ns // DAY_NS)
            found.append(
                Minimum(firm, each, sum(paid.get((day, symbol), 0) for day, of in days for symbol in of.symbols))
            )
    return found


def bounds_of(month: dt.date) -> tuple[int, int]:
    """Return the first nanosecond of a month, and the first that is not in it."""
    return start_of(month), start_of(months_after(month, 1))


async def _agreed(session: AsyncSession, until_ns: int, seen: Seen | None) -> dict[str, Agreed]:
    """Return what holds between the venue and each firm that has an account and a schedule."""
    was_agreed = await _agreed_by(session, seen)
    assigned: dict[str, list[Assigned]] = defaultdict(list)
    for row in await session.scalars(select(FeeAssignment).order_by(FeeAssignment.id)):
        if was_agreed(f"firm/{row.firm}", row.effective_ns) and row.effective_ns < until_ns:
            assigned[row.firm].append(Assigned(row.symbol, row.schedule, row.effective_ns))
    versions: dict[str, list[Version]] = defaultdict(list)
    for each in await session.scalars(select(FeeSchedule).order_by(FeeSchedule.version)):
        if was_agreed(f"fees/{each.schedule}", each.effective_ns):
            content = msgspec.convert(each.content, Fees)
            versions[each.schedule].append(Version(each.version, content, each.effective_ns))
    for given in assigned.values():
        given.sort(key=lambda each: each.from_ns)
    for made in versions.values():
        made.sort(key=lambda each: each.from_ns)
    quotes = {row.symbol: row.quote for row in await session.scalars(select(VenueInstrument))}
    opened = select(VenueAccount.firm, func.min(VenueAccount.opened_ns)).group_by(VenueAccount.firm)
    closed = await session.execute(select(Client.firm, Client.closed_ns))
    gone = {row.firm: row.closed_ns for row in closed if seen is None or (row.closed_ns or 0) <= seen.time_ns}
    return {
        firm: Agreed(assigned[firm], versions, quotes, opened_ns, gone.get(firm))
        for firm, opened_ns in await session.execute(opened)
        if firm in assigned and (seen is None or opened_ns <= seen.time_ns)
    }


async def _agreed_by(session: AsyncSession, seen: Seen | None) -> Callable[[str, int], bool]:
    """Return what tells of schedules and assignments, each subject's in the order in which they were approved.

    It tells whether one was agreed by then, given its subject and from when on it holds. What already held then was;
    of what was still to begin so many were as had been approved.
    """
    if seen is None:
        return lambda _subject, _effective_ns: True
    query = select(Approval.subject, func.count()).where(
        Approval.kind.in_((SCHEDULE, ASSIGNMENT)), Approval.state == "approved", Approval.decided_ns <= seen.time_ns
    )
    left = dict((await session.execute(query.group_by(Approval.subject))).all())

    def was_agreed(subject: str, effective_ns: int) -> bool:
        left[subject] = left.get(subject, 0) - 1
        return left[subject] >= 0 or effective_ns <= seen.time_ns

    return was_agreed


async def _paid(
    session: AsyncSession, firm: str, from_ns: int, until_ns: int, sequence: int | None
) -> dict[tuple[int, str], int]:
    """Return a firm's fees less rebates, by day and instrument."""
    scope = Scope(firm=firm, from_ns=from_ns, until_ns=until_ns, sequence=sequence)
    found = await volumes(session, scope, By.DAY)
    return {((dt.date.fromisoformat(each.key) - EPOCH).days, each.symbol): each.fees for each in found}
