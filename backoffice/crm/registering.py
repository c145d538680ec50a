"""Enters a client: one with a few fields, or a whole file at once, which is either all there or not at all."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.agreeing import put_agreement
from backoffice.crm.client_file import ClientFile, check, check_days
from backoffice.crm.editing import (
    check_unique,
    fields_of,
    put_address,
    put_contact,
    put_holdings,
    put_particular,
    put_party,
)
from backoffice.crm.filing import described, put_document
from backoffice.crm.loading import client_of, read_file
from backoffice.crm.numbering import next_number
from backoffice.crm.tables.file import Client, ClientDocument
from backoffice.crm.workflow import OVER, State
from backoffice.staff import audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.sealing import Sealer
from backoffice.times import day_of


async def enter(
    session: AsyncSession, actor: Actor, sealer: Sealer, given: ClientFile, *, why: str, now_ns: int
) -> Client:
    """Enter a client as a draft, with all that its file has. Raise `Refused`, or `Conflict` if it is there already."""
    actor.require(Permission.EDIT_CLIENTS)
    file = check(given)
    check_days(file, day_of(now_ns))
    fields = fields_of(file)
    await check_unique(session, {name: value or "" for name, value in fields.items()})
    client = Client(
        number=await next_number(session, Client.number),
        **fields,
        state=State.DRAFT.value,
        suspended_for="",
        entered_by=actor.user,
        entered_ns=now_ns,
        editors=actor.user,
        edits=0,
        is_erased=False,
    )
    session.add(client)
    await session.flush()
    documents = await _enter_parts(session, actor, sealer, client, file, now_ns)
    await session.flush()
    check(await read_file(session, sealer, client))
    after: dict[str, Any] = {
        **fields,
        "state": client.state,
        "parties": len(file.parties),
        "documents": [described(document) for document in documents],
    }
    await audit.record(session, actor, "enter", f"client/{client.id}", before=None, after=after, why=why, now_ns=now_ns)
    return client


async def _enter_parts(
    session: AsyncSession, actor: Actor, sealer: Sealer, client: Client, file: ClientFile, now_ns: int
) -> list[ClientDocument]:
    """Enter all that a file has, and return its documents."""
    for kind, address in file.addresses.items():
        await put_address(session, client, kind, address)
    for tax_id in file.tax_ids:
        put_particular(session, client, tax_id)
    for licence in file.licences:
        put_particular(session, client, licence)
    parties = {given.id: await put_party(session, sealer, client, given) for given in file.parties}
    ids = {name: party.number for name, party in parties.items()}
    for given in file.parties:
        await put_holdings(session, client, parties[given.id], given, ids, now_ns)
    documents = [
        await put_document(session, actor, sealer, client, document, ids.get(document.of), now_ns)
        for document in file.documents
    ]
    for contact in file.contacts:
        await put_contact(session, sealer, client, contact)
    for agreement in file.agreements:
        await put_agreement(session, actor, client, agreement, now_ns)
    return documents


async def namesakes(session: AsyncSession, clients: Iterable[Client]) -> dict[str, list[str]]:
    """Return, of clients whose names others have too, those others and how they stand, in words; by client."""
    named = defaultdict[str, list[str]](list)
    for row in await session.execute(select(Client.number, Client.name, Client.state).order_by(Client.number)):
        named[row.name.casefold()].append(f"C-{row.number} ({row.state})")
    others = {
        client.id: [each for each in named[client.name.casefold()] if not each.startswith(f"{client.id} ")]
        for client in clients
    }
    return {client: found for client, found in others.items() if found}


async def export(session: AsyncSession, actor: Actor, sealer: Sealer, client_id: str) -> ClientFile:
    """Return a client's whole file. Raise `Refused` for who may not see personal data."""
    actor.require(Permission.SEE_PERSONAL_DATA)
    return await read_file(session, sealer, await client_of(session, client_id))


async def export_all(session: AsyncSession, actor: Actor, sealer: Sealer) -> list[ClientFile]:
    """Return the files of all clients, but of those who were rejected or have left.

    Raise `Refused` for who may not see personal data.
    """
    actor.require(Permission.SEE_PERSONAL_DATA)
    clients = await session.scalars(select(Client).where(Client.state.not_in(OVER)).order_by(Client.number))
    return [await read_file(session, sealer, client) for client in clients.all()]
