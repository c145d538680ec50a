"""What firms have paid in a month, and what is missing to the minimum of their schedules: that is invoiced.

Of a month that is not over it is what is missing by now. What counts is a firm's fees, less rebates, in instruments
that are quoted in the schedule's asset: in the one that the schedule is assigned for, or in all that have none of
their own.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access.fees import Fees
from backoffice.access.tables import FeeAssignment, FeeSchedule
from backoffice.crm.documents import months_after
from backoffice.projector.tables import VenueInstrument
from backoffice.reports.by import By
from backoffice.reports.scope import Scope
from backoffice.reports.volumes import Volume, volumes

_SECOND_NS: Final = 1_000_000_000


class Minimum(msgspec.Struct, frozen=True):
    """What a firm owes at least in a month, by one of its assignments."""

    firm: str
    symbol: str
    """Empty: all instruments that have no assignment of their own."""
    schedule: str
    version: int
    asset: str
    minimum: int
    paid: int

    @property
    def missing(self) -> int:
        return max(0, self.minimum - self.paid)


async def minimums(session: AsyncSession, month: dt.date) -> list[Minimum]:
    """Return what holds at the end of a month (its first day is given) for each firm that owes a minimum."""
    from_ns, until_ns = _ns(month), _ns(months_after(month, 1))
    query = select(FeeAssignment).where(FeeAssignment.effective_ns < until_ns)
    rows = await session.scalars(query.order_by(FeeAssignment.effective_ns, FeeAssignment.id))
    assignments = {(row.firm, row.symbol): row for row in rows}
    schedules: dict[str, FeeSchedule] = {}
    versions = select(FeeSchedule).where(FeeSchedule.effective_ns < until_ns)
    for version in await session.scalars(versions.order_by(FeeSchedule.effective_ns, FeeSchedule.version)):
        schedules[version.schedule] = version
    quotes = {row.symbol: row.quote for row in await session.scalars(select(VenueInstrument))}
    paid = await volumes(session, Scope(from_ns=from_ns, until_ns=until_ns), By.FIRM)
    found = []
    for (firm, symbol), row in sorted(assignments.items()):
        schedule = schedules.get(row.schedule)
        fees = None if schedule is None else msgspec.convert(schedule.content, Fees)
        if schedule is None or fees is None or not fees.monthly_minimum:
            continue
        own = {one for name, one in assignments if name == firm and one}
        counted = {one for one in quotes if (one == symbol if symbol else one not in own) and quotes[one] == fees.asset}
        figures = (fees.asset, fees.monthly_minimum, _paid(paid, firm, counted))
        found.append(Minimum(firm, symbol, row.schedule, schedule.version, *figures))
    return found


def _paid(paid: Iterable[Volume], firm: str, symbols: set[str]) -> int:
    return sum(each.fees for each in paid if each.key == firm and each.symbol in symbols)


def _ns(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days * 86_400 * _SECOND_NS
