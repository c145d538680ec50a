"""Who holds an address: the person behind it, at which service, or in a wallet of their own, with its proof.

It is asked for before crypto assets go there, and it tells where those come from that come from there. Two people
approve it, with the destination or later; the last that was approved is the one that holds.
"""

from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access.tables import AccessAccount
from backoffice.crm import vasps
from backoffice.crm.behind_accounts import client_behind
from backoffice.crm.identity import check_text
from backoffice.crm.ivms101 import Person, encode, flaws_of_person
from backoffice.crm.loading import read_file
from backoffice.crm.numbering import next_number
from backoffice.crm.sealed_fields import seal
from backoffice.crm.tables.file import Client
from backoffice.crm.tables.transfers import AddressHolder
from backoffice.crm.travel_data import identity_of
from backoffice.errors import Refused
from backoffice.payments import destinations
from backoffice.payments.tables import Destination
from backoffice.staff import approvals, audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.sealing import Sealer
from backoffice.staff.tables import Approval

KIND: Final = "destination-holder"
_PROOF_CHARS_MAX: Final = 500


class Holding(msgspec.Struct, frozen=True):
    """What staff say of an address."""

    vasp: str | None
    """The LEI or DID of the service that holds it; None for a wallet that none does."""
    proof: str = ""
    """What proves that such a wallet is the client's."""
    person: Person | None = None
    """Whose it is; None for the client itself."""


async def enter(
    session: AsyncSession, actor: Actor, sealer: Sealer, destination: Destination, given: Holding, *, now_ns: int
) -> dict[str, Any]:
    """Write down who holds a destination; return what is to be proposed of it. Raise `Refused`, `NotFound`."""
    actor.require(Permission.EDIT_WHITELIST)
    client = await client_of_account(session, destination.account)
    vasp, proof = await checked(session, given.vasp, given.proof)
    person = given.person or identity_of(client.id, await read_file(session, sealer, client))
    if found := list(flaws_of_person(person, "holder", is_originator=True)):
        raise Refused(f"IVMS101.2020: {found[0]}")
    number = await next_number(session, AddressHolder.number)
    row = AddressHolder(
        number=number,
        destination=destination.id,
        client=client.number,
        vasp=vasp,
        proof=proof,
        content=seal(sealer, AddressHolder, "content", encode(person), number),
        proposed_by=actor.user,
        proposed_ns=now_ns,
        approved_by=None,
    )
    session.add(row)
    await session.flush()
    whose = "the client itself" if given.person is None else "somebody else"
    return {"held": number, "held_at": vasp or "self-hosted", "proof": proof, "whose": whose}


async def propose(
    session: AsyncSession, actor: Actor, sealer: Sealer, name: str, given: Holding, *, why: str, now_ns: int
) -> Approval:
    """Propose who holds a destination that is there; somebody else approves it."""
    actor.require(Permission.EDIT_WHITELIST)
    destination = await destinations.find(session, name)
    if destination.removed_ns is not None:
        raise Refused(f"{name} is removed")
    held = await enter(session, actor, sealer, destination, given, now_ns=now_ns)
    payload = {"address": destination.address, **held}
    return await approvals.propose(session, actor, KIND, destination.subject, payload, why=why, now_ns=now_ns)


async def held_at(session: AsyncSession) -> dict[int, str]:
    """Return where destinations are held, by their number, of those of which it is known."""
    query = select(AddressHolder).where(AddressHolder.approved_by.is_not(None)).order_by(AddressHolder.number)
    return {row.destination: row.vasp or "self-hosted" for row in await session.scalars(query)}


async def checked(session: AsyncSession, vasp: str | None, proof: str) -> tuple[str | None, str]:
    """Return the service and the proof that staff have given. Raise `Refused`, or `NotFound` for a service."""
    if vasp is not None:
        vasp = (await vasps.find(session, vasp)).id
    return vasp, check_text("proof", proof, _PROOF_CHARS_MAX) if proof else ""


async def client_of_account(session: AsyncSession, account: str) -> Client:
    """Return whose an account is, one too that was opened a moment ago. Raise `Refused` if it is no client's."""
    opened = (
        select(Client).join(AccessAccount, AccessAccount.firm == Client.firm).where(AccessAccount.account == account)
    )
    client = await client_behind(session, account) or await session.scalar(opened)
    if client is None:
        raise Refused(f"account {account} is no client's")
    return client


async def _approve(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    holder = await session.get_one(AddressHolder, approval.payload["held"])
    held = AddressHolder.destination == holder.destination
    query = select(AddressHolder).where(held, AddressHolder.approved_by.is_not(None))
    last = await session.scalar(query.order_by(AddressHolder.number.desc()).limit(1))
    holder.approved_by = actor.user
    before = None if last is None else _facts(last)
    await audit.record(
        session, actor, "hold", approval.subject, before=before, after=_facts(holder), why=approval.why, now_ns=now_ns
    )


def _facts(holder: AddressHolder) -> dict[str, Any]:
    """Return what of a holder goes on record; who it is does not."""
    return {"held": holder.number, "held_at": holder.vasp or "self-hosted", "proof": holder.proof}


approvals.register(KIND, Permission.APPROVE_WHITELIST, _approve, words="take {address} to be held as it is said")
