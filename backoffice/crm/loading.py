"""Reads a client, and its whole file, from the database."""

import datetime as dt
from typing import TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.client_file import (
    THE_CLIENT,
    AgreementGiven,
    ClientFile,
    ContactGiven,
    DocumentGiven,
    HoldingGiven,
    Licence,
    PartyGiven,
    Role,
    TaxId,
)
from backoffice.crm.documents import DocumentKind
from backoffice.crm.identity import Address, EntityType
from backoffice.crm.ownership import percent
from backoffice.crm.sealed_fields import opened
from backoffice.crm.tables.desk import Agreement, Contact
from backoffice.crm.tables.file import (
    Client,
    ClientAddress,
    ClientDocument,
    ClientLicence,
    ClientTaxId,
    Party,
    PartyHolding,
)
from backoffice.database.finding import row_named
from backoffice.errors import NotFound
from backoffice.naming import number_of
from backoffice.staff.sealing import Sealer

P = TypeVar("P", Party, Contact)


async def client_of(session: AsyncSession, client_id: str, *, for_update: bool = False) -> Client:
    """Return a client by what staff call it: C-1, or its firm. Raise `NotFound`."""
    query = select(Client)
    if client_id.upper().startswith("C-"):
        query = query.where(Client.number == number_of(client_id, "C"))
    else:
        query = query.where(Client.firm == client_id)
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    client = await session.scalar(query)
    if client is None:
        raise NotFound(f"{client_id[:40]}: there is no such client; `fondaco client list` shows them")
    return client


async def other_files_of(session: AsyncSession, client: Client) -> list[Client]:
    """Return the other files of the same legal entity, by its LEI, the oldest first: all but one of them are over."""
    if client.lei is None:
        return []
    query = select(Client).where(Client.lei == client.lei, Client.number != client.number)
    return list(await session.scalars(query.order_by(Client.number)))


async def somebody_in(session: AsyncSession, client: Client, table: type[P], name: str, letter: str) -> P:
    """Return somebody in a client's file by what staff call them. Raise `NotFound`."""
    found = await row_named(session, table, name, letter)
    if found is None or found.client != client.number or found.removed_ns is not None:
        raise NotFound(f"{name[:40]}: nobody of that name in the file of {client.id}")
    return found


async def parties_of(session: AsyncSession, client: Client) -> list[Party]:
    """Return the people and entities of a client's file, the oldest first."""
    query = select(Party).where(Party.client == client.number, Party.removed_ns.is_(None)).order_by(Party.number)
    return list(await session.scalars(query))


async def documents_of(session: AsyncSession, client: Client) -> list[ClientDocument]:
    """Return the documents of a client's file, the oldest first."""
    query = select(ClientDocument).where(ClientDocument.client == client.number, ClientDocument.withdrawn_ns.is_(None))
    return list(await session.scalars(query.order_by(ClientDocument.number)))


async def read_file(session: AsyncSession, sealer: Sealer, client: Client) -> ClientFile:
    """Return a client's whole file, with what is personal opened."""
    number = client.number
    addresses = (await session.scalars(select(ClientAddress).where(ClientAddress.client == number))).all()
    tax_ids = (await session.scalars(select(ClientTaxId).where(ClientTaxId.client == number))).all()
    licences = (await session.scalars(select(ClientLicence).where(ClientLicence.client == number))).all()
    contacts = await session.scalars(
        select(Contact).where(Contact.client == number, Contact.removed_ns.is_(None)).order_by(Contact.number)
    )
    agreements = await session.scalars(
        select(Agreement).where(Agreement.client == number, Agreement.ended.is_(None)).order_by(Agreement.number)
    )
    return ClientFile(
        name=client.name,
        entity_type=EntityType(client.entity_type),
        jurisdiction=client.jurisdiction,
        trading_name=client.trading_name,
        legal_form=client.legal_form,
        registration=client.registration,
        lei=client.lei or "",
        industry=client.industry,
        volume=client.volume,
        firm=client.firm or "",
        addresses={each.kind: msgspec.convert(each.content, Address) for each in addresses},
        tax_ids=tuple(TaxId(each.country, each.number) for each in tax_ids),
        licences=tuple(Licence(each.regulator, each.number, each.country, each.expires) for each in licences),
        parties=await _parties(session, sealer, client),
        documents=tuple(
            DocumentGiven(
                DocumentKind(each.kind),
                opened(sealer, ClientDocument, "name", each.name, each.number),
                each.hash,
                each.issued,
                each.expires,
                THE_CLIENT if each.party is None else f"P-{each.party}",
                each.id,
            )
            for each in await documents_of(session, client)
        ),
        contacts=tuple(
            ContactGiven(
                each.purpose,
                opened(sealer, Contact, "name", each.name, each.number),
                opened(sealer, Contact, "email", each.email, each.number),
                opened(sealer, Contact, "phone", each.phone, each.number),
                each.id,
            )
            for each in contacts
        ),
        agreements=tuple(AgreementGiven(each.kind, each.text_version, each.signed, each.hash) for each in agreements),
    )


async def _parties(session: AsyncSession, sealer: Sealer, client: Client) -> tuple[PartyGiven, ...]:
    holdings: dict[int, list[HoldingGiven]] = {}
    for each in await session.scalars(
        select(PartyHolding)
        .where(PartyHolding.client == client.number, PartyHolding.until_ns.is_(None))
        .order_by(PartyHolding.number)
    ):
        of = THE_CLIENT if each.held is None else f"P-{each.held}"
        share, votes = (percent(ppm).removesuffix(" %") for ppm in (each.share_ppm, each.votes_ppm))
        holdings.setdefault(each.holder, []).append(HoldingGiven(share, of, votes))
    return tuple(
        _party(sealer, party, tuple(holdings.get(party.number, ()))) for party in await parties_of(session, client)
    )


def _party(sealer: Sealer, party: Party, holdings: tuple[HoldingGiven, ...]) -> PartyGiven:
    born = opened(sealer, Party, "birth", party.birth, party.number)
    address = opened(sealer, Party, "address", party.address, party.number)
    return PartyGiven(
        party.id,
        "person" if party.kind == "person" else "entity",
        opened(sealer, Party, "name", party.name, party.number),
        tuple(Role(role) for role in party.roles.split()),
        dt.date.fromisoformat(born) if born else None,
        opened(sealer, Party, "birth_place", party.birth_place, party.number),
        tuple(party.countries.split()),
        msgspec.json.decode(address, type=Address) if address else None,
        party.is_exposed,
        party.lei or "",
        holdings,
    )
