"""Agreements with a client, by kind and version; the one that counts is the newest that is signed and not ended."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.client_file import AgreementGiven, check_hash, check_word
from backoffice.crm.identity import check_text
from backoffice.crm.loading import client_of
from backoffice.crm.numbering import next_number
from backoffice.crm.tables.desk import Agreement
from backoffice.crm.tables.file import Client
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.staff import audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.times import day_of

ASKED_FOR: Final = ("client",)
"""Without these signed no client trades."""


async def agree(
    session: AsyncSession, actor: Actor, client_id: str, given: AgreementGiven, *, why: str, now_ns: int
) -> Agreement:
    """Enter a version of an agreement, or that it was signed. Raise `Conflict` if it was signed before."""
    actor.require(Permission.EDIT_CLIENTS)
    client = await client_of(session, client_id, for_update=True)
    check_word("agreement", given.kind)
    check_text("version of an agreement", given.version, 32)
    if given.signed is not None and given.signed > day_of(now_ns):
        raise Refused(f"agreement {given.kind} {given.version}: signed on {given.signed}, which is still to come")
    agreement = await session.scalar(
        select(Agreement).where(
            Agreement.client == client.number, Agreement.kind == given.kind, Agreement.text_version == given.version
        )
    )
    before = None
    if agreement is None:
        agreement = await put_agreement(session, actor, client, given, now_ns)
    elif agreement.signed is not None or given.signed is None:
        raise Conflict(f"{agreement.id}: {given.kind} {given.version} is entered already")
    else:
        before = {"agreement": agreement.id, "signed": ""}
        agreement.signed = given.signed
        agreement.hash = check_hash(given.hash) if given.hash else None
    after = {"agreement": agreement.id, "kind": given.kind, "version": given.version, "signed": str(given.signed or "")}
    await audit.record(
        session, actor, "agree", f"client/{client.id}", before=before, after=after, why=why, now_ns=now_ns
    )
    return agreement


async def end_agreement(
    session: AsyncSession, actor: Actor, client_id: str, kind: str, version: str, *, why: str, now_ns: int
) -> Agreement:
    """End an agreement, today. Raise `NotFound` if there is no such."""
    actor.require(Permission.EDIT_CLIENTS)
    client = await client_of(session, client_id, for_update=True)
    agreement = await session.scalar(
        select(Agreement).where(
            Agreement.client == client.number,
            Agreement.kind == kind,
            Agreement.text_version == version,
            Agreement.ended.is_(None),
        )
    )
    if agreement is None:
        raise NotFound(f"{client.id} has no {kind[:40]} agreement {version[:40]} that is in force")
    before = {"agreement": agreement.id, "ended": ""}
    agreement.ended = day_of(now_ns)
    after = {"agreement": agreement.id, "ended": str(agreement.ended)}
    await audit.record(
        session, actor, "end agreement", f"client/{client.id}", before=before, after=after, why=why, now_ns=now_ns
    )
    return agreement


async def agreements_of(session: AsyncSession, client: Client) -> list[Agreement]:
    """Return all agreements with a client, in the order in which they were entered."""
    query = select(Agreement).where(Agreement.client == client.number).order_by(Agreement.number)
    return list(await session.scalars(query))


async def unsigned(session: AsyncSession, client: Client) -> tuple[str, ...]:
    """Return the agreements that are asked for and not in force."""
    in_force = {each.kind for each in await agreements_of(session, client) if each.signed and not each.ended}
    return tuple(kind for kind in ASKED_FOR if kind not in in_force)


async def put_agreement(
    session: AsyncSession, actor: Actor, client: Client, given: AgreementGiven, now_ns: int
) -> Agreement:
    agreement = Agreement(
        number=await next_number(session, Agreement.number),
        client=client.number,
        kind=given.kind,
        text_version=given.version,
        signed=given.signed,
        hash=check_hash(given.hash) if given.hash else None,
        entered_by=actor.user,
        entered_ns=now_ns,
    )
    session.add(agreement)
    await session.flush()
    return agreement
