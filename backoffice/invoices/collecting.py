"""Has invoices charged, or waived: proposed by one member of staff, approved by another.

Once approved, the engine is told to take the amount from an account of the firm, by way of the outbox: the command is
committed together with the state that says so, and is given under the invoice's name, which the engine takes once. So
it is charged once, whoever is killed when. What the engine answered is in the outbox; `conclude` has the invoice follow
it, and may come late, or again.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice import outbox
from backoffice.errors import NotFound, Refused
from backoffice.invoices.invoicing import find
from backoffice.invoices.states import INVOICES, InvoiceState, InvoiceVerb
from backoffice.invoices.tables import Invoice, InvoiceStanding
from backoffice.ledger.balances import holdings
from backoffice.outbox import Outgoing
from backoffice.projector.tables import VenueAccount
from backoffice.staff import approvals, audit
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.tables import Approval
from backoffice.transitions import after
from engine.commands import ChargeFee

CHARGE = "invoice-charge"
WAIVE = "invoice-waive"


async def propose_charge(
    session: AsyncSession, actor: Actor, name: str, account: str, *, why: str, now_ns: int
) -> Approval:
    """Propose that an invoice is charged to an account of its firm; ("") to the one with the most available.

    Somebody else approves it.
    """
    actor.require(Permission.EDIT_FEES)
    invoice, standing = await find(session, name, for_update=True)
    after(INVOICES, InvoiceState(standing.state), InvoiceVerb.APPROVE, invoice.name)
    account = await _account(session, invoice, account)
    payload = {"account": account, "asset": invoice.asset, "amount": str(invoice.amount)}
    return await approvals.propose(
        *(session, actor, CHARGE, invoice.subject, payload),
        why=why,
        now_ns=now_ns,
        subject_version=standing.version,
    )


async def propose_waiver(session: AsyncSession, actor: Actor, name: str, *, why: str, now_ns: int) -> Approval:
    """Propose that an invoice need not be paid; somebody else approves it."""
    actor.require(Permission.EDIT_FEES)
    invoice, standing = await find(session, name, for_update=True)
    after(INVOICES, InvoiceState(standing.state), InvoiceVerb.WAIVE, invoice.name)
    payload = {"asset": invoice.asset, "amount": str(invoice.amount)}
    return await approvals.propose(
        *(session, actor, WAIVE, invoice.subject, payload),
        why=why,
        now_ns=now_ns,
        subject_version=standing.version,
    )


async def _account(session: AsyncSession, invoice: Invoice, account: str) -> str:
    """Return the account to charge: one of the firm's."""
    rows = select(VenueAccount.account).where(VenueAccount.firm == invoice.firm).order_by(VenueAccount.account)
    of_firm = list(await session.scalars(rows))
    if account:
        if account not in of_firm:
            raise Refused(f"{account} is no account of {invoice.firm}, which has {', '.join(of_firm) or 'none'}")
        return account
    if not of_firm:
        raise NotFound(f"{invoice.firm}: has no account at the venue")
    available = {each.account: each.available for each in await holdings(session, asset=invoice.asset)}
    return max(of_firm, key=lambda each: available.get(each, 0))


async def _charge(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    invoice, standing = await _of(session, approval)
    account = approval.payload["account"]
    command = ChargeFee(account, invoice.asset, invoice.amount, invoice.name, actor.user, outbox.plain(invoice.title))
    standing.command = (await outbox.put(session, command, invoice.subject, now_ns)).id
    standing.account = account
    standing.proposed_by, standing.approved_by = approval.maker, actor.user
    await _move(session, actor, invoice, standing, InvoiceVerb.APPROVE, f"approval {approval.id}", now_ns)


async def _waive(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    invoice, standing = await _of(session, approval)
    standing.proposed_by, standing.approved_by = approval.maker, actor.user
    await _move(session, actor, invoice, standing, InvoiceVerb.WAIVE, approval.why, now_ns)


async def conclude(session: AsyncSession, now_ns: int) -> list[tuple[Invoice, InvoiceStanding]]:
    """Let invoices that were being charged follow what the engine has answered; return those."""
    query = (
        select(Invoice, InvoiceStanding, Outgoing)
        .join(InvoiceStanding, InvoiceStanding.invoice == Invoice.id)
        .join(Outgoing, Outgoing.id == InvoiceStanding.command)
        .where(InvoiceStanding.state == InvoiceState.CHARGING.value, Outgoing.given_ns.is_not(None))
        .order_by(Invoice.id)
        .with_for_update(of=InvoiceStanding)
    )
    concluded = []
    for invoice, standing, answered in await session.execute(query):
        verb = InvoiceVerb.REFUSE if answered.refusal else InvoiceVerb.CHARGE
        why = answered.refusal or f"record {answered.sequence}"
        await _move(session, BACK_OFFICE, invoice, standing, verb, why, now_ns)
        concluded.append((invoice, standing))
    return concluded


async def _move(
    session: AsyncSession,
    actor: Actor,
    invoice: Invoice,
    standing: InvoiceStanding,
    verb: InvoiceVerb,
    why: str,
    now_ns: int,
) -> None:
    before = InvoiceState(standing.state)
    state = after(INVOICES, before, verb, invoice.name)
    standing.state, standing.reason, standing.changed_ns = state.value, why, now_ns
    await session.flush()
    now = {"state": state, "account": standing.account}
    await audit.record(
        session, actor, verb, invoice.subject, before={"state": before}, after=now, why=why, now_ns=now_ns
    )


async def _of(session: AsyncSession, approval: Approval) -> tuple[Invoice, InvoiceStanding]:
    return await find(session, approval.subject.removeprefix("invoice/"), for_update=True)


async def _version_of(session: AsyncSession, subject: str) -> int:
    _, standing = await find(session, subject.removeprefix("invoice/"), for_update=True)
    return standing.version


approvals.register(
    CHARGE,
    Permission.APPROVE_FEES,
    _charge,
    version_of=_version_of,
    words="charge {amount} {asset} of {name} to {account}",
)
approvals.register(
    WAIVE, Permission.APPROVE_FEES, _waive, version_of=_version_of, words="waive {amount} {asset} of {name}"
)
