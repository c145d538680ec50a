"""What firms have paid in a month, and what is missing to the minimums of their schedules: that is invoiced.

Of a month that is not over it is what is missing by now. What counts is a firm's fees, less rebates, in instruments
that are quoted in the schedule's asset and that it trades by this schedule. Rebates beyond all fees are not taken back:
no more is ever missing than the minimum itself. Which days count is `backoffice.access.minimums`.
"""

import datetime as dt
from collections import defaultdict
from typing import Final

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access.fees import Fees
from backoffice.access.minimums import DAY_NS, Agreed, Assigned, Owed, Version, owed
from backoffice.access.tables import FeeAssignment, FeeSchedule
from backoffice.crm.documents import months_after
from backoffice.crm.tables.file import Client
from backoffice.projector.tables import VenueAccount, VenueInstrument
from backoffice.reports.by import By
from backoffice.reports.scope import Scope
from backoffice.reports.volumes import volumes

_EPOCH: Final = dt.date(1970, 1, 1)


class Minimum(msgspec.Struct, frozen=True):
    """What a firm owes at least in a month by a schedule, and what it has paid towards it."""

    firm: str
    owed: Owed
    paid: int
    """Fees less rebates: below zero if these were more."""

    @property
    def missing(self) -> int:
        return max(0, self.owed.minimum - max(0, self.paid))


async def minimums(session: AsyncSession, month: dt.date) -> list[Minimum]:
    """Return what each firm owes at least in a month, whose first day is given."""
    from_ns, until_ns = bounds_of(month)
    found = []
    for firm, agreed in sorted((await _agreed(session, until_ns)).items()):
        owes = list(owed(agreed, from_ns, until_ns))
        paid = await _paid(session, firm, from_ns, until_ns) if owes else {}
        for each in owes:
            days = enumerate(each.days, from_ns // DAY_NS)
            found.append(
                Minimum(firm, each, sum(paid.get((day, symbol), 0) for day, of in days for symbol in of.symbols))
            )
    return found


def bounds_of(month: dt.date) -> tuple[int, int]:
    """Return the first nanosecond of a month, and the first that is not in it."""
    first, after = ((day - _EPOCH).days * DAY_NS for day in (month, months_after(month, 1)))
    return first, after


async def _agreed(session: AsyncSession, until_ns: int) -> dict[str, Agreed]:
    """Return what holds between the venue and each firm that has an account and a schedule."""
    assigned: dict[str, list[Assigned]] = defaultdict(list)
    rows = select(FeeAssignment).where(FeeAssignment.effective_ns < until_ns)
    for row in await session.scalars(rows.order_by(FeeAssignment.effective_ns, FeeAssignment.id)):
        assigned[row.firm].append(Assigned(row.symbol, row.schedule, row.effective_ns))
    versions: dict[str, list[Version]] = defaultdict(list)
    for each in await session.scalars(select(FeeSchedule).order_by(FeeSchedule.effective_ns, FeeSchedule.version)):
        content = msgspec.convert(each.content, Fees)
        versions[each.schedule].append(Version(each.version, content, each.effective_ns))
    quotes = {row.symbol: row.quote for row in await session.scalars(select(VenueInstrument))}
    opened = select(VenueAccount.firm, func.min(VenueAccount.opened_ns)).group_by(VenueAccount.firm)
    closed = await session.execute(select(Client.firm, Client.closed_ns))
    gone = {row.firm: row.closed_ns for row in closed}
    return {
        firm: Agreed(assigned[firm], versions, quotes, opened_ns, gone.get(firm))
        for firm, opened_ns in await session.execute(opened)
        if firm in assigned
    }


async def _paid(session: AsyncSession, firm: str, from_ns: int, until_ns: int) -> dict[tuple[int, str], int]:
    """Return a firm's fees less rebates, by day and instrument."""
    found = await volumes(session, Scope(firm=firm, from_ns=from_ns, until_ns=until_ns), By.DAY)
    return {((dt.date.fromisoformat(each.key) - _EPOCH).days, each.symbol): each.fees for each in found}
