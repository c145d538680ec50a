"""Says where a deposit comes from that is held for want of that; a second person releases it then."""

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.ivms101 import encode
from backoffice.crm.tables.transfers import DepositOrigin
from backoffice.crm.transfers import lack, own_payload
from backoffice.crm.travel_data import keep
from backoffice.errors import Refused
from backoffice.payments import deposits
from backoffice.payments.holders import checked, client_of_account
from backoffice.payments.states import DepositState, DepositVerb
from backoffice.staff import approvals, audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.sealing import Sealer
from backoffice.staff.tables import Approval


class Origin(msgspec.Struct, frozen=True):
    """What staff have found out."""

    vasp: str | None
    """The LEI or DID of the service that has sent it; None for a wallet that none holds."""
    proof: str = ""
    """What proves that such a wallet is the client's."""
    message: bytes | str | None = None
    """The data that came with it, JSON of IVMS101.2020; None if the client has sent it to itself."""


async def complete(
    session: AsyncSession, actor: Actor, sealer: Sealer, name: str, origin: Origin, *, why: str, now_ns: int
) -> Approval:
    """Say where a deposit comes from, and propose its release, on which somebody else decides.

    Raise `Refused` if it does not wait for people, or if something is missing still; `Conflict` if its data are others.
    """
    actor.require(Permission.ENTER_DEPOSITS)
    deposit = await deposits.find(session, name)
    if deposit.state != DepositState.QUARANTINED or deposit.account is None:
        raise Refused(f"{deposit.name} is {deposit.state}; only of what is quarantined is it said where it comes from")
    client = await client_of_account(session, deposit.account)
    vasp, proof = await checked(session, origin.vasp, origin.proof)
    transfer = await deposits.transfer_of(session, deposit)
    message = origin.message or encode(await own_payload(session, sealer, client, transfer, vasp))
    await keep(session, actor, sealer, client.id, deposit.name, "in", message, now_ns=now_ns)
    row = await session.get(DepositOrigin, deposit.id)
    before = None if row is None else {"vasp": row.vasp, "proof": row.proof}
    row = row or DepositOrigin(deposit=deposit.id)
    row.vasp, row.proof, row.given_by, row.given_ns = vasp, proof, actor.user, now_ns
    session.add(row)
    await session.flush()
    if missing := await lack(session, transfer):
        raise Refused(f"{deposit.name}: {missing}")
    after = {"vasp": vasp, "proof": proof}
    await audit.record(
        session, actor, "give origin", deposit.subject, before=before, after=after, why=why, now_ns=now_ns
    )
    payload = {"deposit": deposit.id, "verb": str(DepositVerb.RELEASE)}
    return await approvals.propose(
        *(session, actor, deposits.RELEASE, deposit.subject, payload),
        why=why,
        now_ns=now_ns,
        subject_version=deposit.version,
    )
