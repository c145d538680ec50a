"""Makes the invoices of a month that is over: one for each firm and schedule of which something is missing.

A month is over once the books have come beyond it, as then all its trades are in them. The back office makes its
invoices by itself, of one month after the other, also when it was away for several; staff may ask for them as well.
However often that is, each invoice is made once.
"""

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access.tables import FeeAssignment
from backoffice.crm.documents import months_after
from backoffice.database.finding import row_of
from backoffice.database.serializing import one_at_a_time
from backoffice.errors import Refused
from backoffice.invoices.states import UNPAID, InvoiceState
from backoffice.invoices.tables import Invoice, InvoicedMonth, InvoiceStanding
from backoffice.projector.tables import Position
from backoffice.reports.minimums import Minimum, bounds_of, minimums
from backoffice.staff import audit
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.permissions import Permission
from backoffice.times import day_of


async def invoice(session: AsyncSession, actor: Actor, month: dt.date, *, why: str, now_ns: int) -> list[Invoice]:
    """Make what invoices are still missing of a month, whose first day is given; return all that it has.

    Raise `Refused` if the month is not over.
    """
    actor.require(Permission.EDIT_FEES)
    await _make(session, actor, month, why, now_ns)
    rows = select(Invoice).where(Invoice.month == text_of(month)).order_by(Invoice.id)
    return list(await session.scalars(rows))


async def invoice_next_month(session: AsyncSession, now_ns: int) -> list[Invoice]:
    """Make the invoices of the first month that is over and has not been invoiced; return those that are new."""
    last = await session.scalar(select(func.max(InvoicedMonth.month)))
    if last is not None:
        month = months_after(dt.date.fromisoformat(f"{last}-01"), 1)
    else:
        first_ns = await session.scalar(select(func.min(FeeAssignment.effective_ns)))
        if first_ns is None:
            return []
        month = day_of(first_ns).replace(day=1)
    if not await _is_over(session, month):
        return []
    return await _make(session, BACK_OFFICE, month, "the month is over", now_ns)


async def _make(session: AsyncSession, actor: Actor, month: dt.date, why: str, now_ns: int) -> list[Invoice]:
    await one_at_a_time(session, "invoices")
    text = text_of(month)
    if not await _is_over(session, month):
        raise Refused(f"{text}: the books have not come to the end of this month yet")
    made = select(Invoice.firm, Invoice.schedule).where(Invoice.month == text)
    known = {(firm, schedule) for firm, schedule in await session.execute(made)}
    new = [
        await _add(session, actor, text, each, why, now_ns)
        for each in await minimums(session, month)
        if each.missing and (each.firm, each.owed.schedule) not in known
    ]
    if await session.get(InvoicedMonth, text) is None:
        session.add(InvoicedMonth(month=text, made_ns=now_ns))
    return new


async def _add(session: AsyncSession, actor: Actor, month: str, minimum: Minimum, why: str, now_ns: int) -> Invoice:
    owed = minimum.owed
    added = Invoice(
        firm=minimum.firm,
        month=month,
        schedule=owed.schedule,
        schedule_version=owed.version,
        asset=owed.asset,
        monthly=owed.monthly,
        days_counted=owed.days_counted,
        days_in_month=len(owed.days),
        minimum=owed.minimum,
        paid=minimum.paid,
        amount=minimum.missing,
        made_by=actor.user,
        made_ns=now_ns,
    )
    session.add(added)
    await session.flush()
    standing = {"state": InvoiceState.OPEN.value, "reason": why, "changed_ns": now_ns}
    session.add(InvoiceStanding(invoice=added.id, **standing))
    after = {"firm": added.firm, "month": month, "asset": added.asset, "amount": str(added.amount), "state": "open"}
    await audit.record(session, actor, "invoice", added.subject, before=None, after=after, why=why, now_ns=now_ns)
    return added


async def find(session: AsyncSession, name: str, *, for_update: bool = False) -> tuple[Invoice, InvoiceStanding]:
    """Return an invoice and how it stands, kept from others until the transaction ends if so asked.

    Raise `NotFound`.
    """
    found = await row_of(session, Invoice, name, "INV", "invoice", "fees invoices")
    return found, await session.get_one(InvoiceStanding, found.id, with_for_update=for_update)


async def listed(
    session: AsyncSession, *, firm: str | None, state: InvoiceState | None = None
) -> list[tuple[Invoice, InvoiceStanding]]:
    """Return invoices and how they stand, the newest last."""
    query = select(Invoice, InvoiceStanding).join(InvoiceStanding, InvoiceStanding.invoice == Invoice.id)
    if firm is not None:
        query = query.where(Invoice.firm == firm)
    if state is not None:
        query = query.where(InvoiceStanding.state == state.value)
    found = await session.execute(query.order_by(Invoice.id))
    return [(invoice, standing) for invoice, standing in found]


async def unpaid(session: AsyncSession, firm: str) -> list[str]:
    """Return the names of a firm's invoices that are neither charged nor waived."""
    query = select(Invoice).join(InvoiceStanding, InvoiceStanding.invoice == Invoice.id)
    query = query.where(Invoice.firm == firm, InvoiceStanding.state.in_([state.value for state in UNPAID]))
    return [each.name for each in await session.scalars(query.order_by(Invoice.id))]


async def _is_over(session: AsyncSession, month: dt.date) -> bool:
    _, until_ns = bounds_of(month)
    reached_ns = await session.scalar(select(Position.time_ns))
    return reached_ns is not None and reached_ns >= until_ns


def text_of(month: dt.date) -> str:
    """Return a month as invoices have it: 2026-11."""
    return f"{month:%Y-%m}"
