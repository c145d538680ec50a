"""Changes a client's file. Every change is looked at with the whole file, counted, and on record in the audit trail.

The trail is for ever and so has no personal data: it names who and what was changed, not to what.
"""

from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.client_file import (
    THE_CLIENT,
    ClientFile,
    ContactGiven,
    Licence,
    PartyGiven,
    TaxId,
    check,
    check_days,
)
from backoffice.crm.identity import Address, check_lei
from backoffice.crm.loading import client_of, documents_of, read_file, somebody_in
from backoffice.crm.numbering import next_number
from backoffice.crm.ownership import parse_percent
from backoffice.crm.sealed_fields import seal, seal_if_any
from backoffice.crm.tables.desk import Contact
from backoffice.crm.tables.file import Client, ClientAddress, ClientLicence, ClientTaxId, Party, PartyHolding
from backoffice.crm.workflow import APPLYING, OPEN_FILE, OVER, State
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.staff import audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.sealing import Sealer
from backoffice.times import day_of

FIELDS: Final = (
    "name",
    "trading_name",
    "entity_type",
    "legal_form",
    "jurisdiction",
    "registration",
    "lei",
    "industry",
    "volume",
    "firm",
)
"""What a client's own row has, and staff may set."""
_OR_NONE: Final = frozenset({"lei", "firm"})
_OPENED_BY: Final = {
    **dict.fromkeys(APPLYING, " now; compliance may ask for that by `fondaco client request-information`"),
    State.REJECTED: " unless it is opened again by `fondaco client reopen`",
}
"""What has to happen first, in states in which a file is not changed."""
_PARTICULARS: Final[dict[type[TaxId | Licence], tuple[type[ClientTaxId | ClientLicence], str]]] = {
    TaxId: (ClientTaxId, "tax id"),
    Licence: (ClientLicence, "licence"),
}
"""Where each is kept, and what the trail calls it. Whose number it is and the number come first, and are its key."""


async def editable(session: AsyncSession, actor: Actor, client_id: str) -> Client:
    """Return a client whose file may be changed. Raise `Refused` if somebody is deciding on it, or has."""
    actor.require(Permission.EDIT_CLIENTS)
    client = await client_of(session, client_id, for_update=True)
    if State(client.state) not in OPEN_FILE:
        raise Refused(
            f"{client.id} is {client.state}: its file cannot be changed{_OPENED_BY.get(State(client.state), '')}"
        )
    return client


async def edited(  # noqa: PLR0913 - what was changed, and what the trail says of it
    session: AsyncSession,
    actor: Actor,
    sealer: Sealer,
    client: Client,
    verb: str,
    after: dict[str, Any] | None,
    *,
    before: dict[str, Any] | None = None,
    why: str,
    now_ns: int,
) -> None:
    """Look at the whole file after a change, and put it on record. Raise `Refused` if it is not sound any more."""
    client.editors = " ".join(sorted({*client.editors.split(), actor.user}))
    client.edits += 1
    await session.flush()
    check_days(check(await read_file(session, sealer, client)), day_of(now_ns))
    await audit.record(session, actor, verb, f"client/{client.id}", before=before, after=after, why=why, now_ns=now_ns)


async def set_fields(
    session: AsyncSession,
    actor: Actor,
    sealer: Sealer,
    client_id: str,
    changes: dict[str, str],
    *,
    why: str,
    now_ns: int,
) -> Client:
    """Set some of `FIELDS`. Raise `Refused`, or `Conflict` if another client has that LEI or firm."""
    client = await editable(session, actor, client_id)
    assert set(changes) <= set(FIELDS), "only what staff may set"
    if not changes:
        raise Refused("nothing to set: name what is to change")
    if changes.get("lei"):
        changes = {**changes, "lei": check_lei(changes["lei"])}
    await check_unique(session, changes, client)
    if client.firm is not None and changes.get("firm", client.firm) != client.firm and client.state != State.DRAFT:
        raise Refused(f"{client.id} is {client.firm} to the engine, which gives a firm no other name")
    before = {name: getattr(client, name) for name in changes}
    for name, value in changes.items():
        setattr(client, name, value or None if name in _OR_NONE else value)
    await edited(session, actor, sealer, client, "set", changes, before=before, why=why, now_ns=now_ns)
    return client


async def check_unique(session: AsyncSession, fields: dict[str, str], client: Client | None = None) -> None:
    """Raise `Conflict` if another client has this LEI, or another file this firm, be it over or not."""
    for name, is_taken in (("lei", Client.state.not_in(OVER)), ("firm", true())):
        value = fields.get(name)
        if not value:
            continue
        other = await session.scalar(select(Client).where(getattr(Client, name) == value, is_taken))
        if other is None or other is client:
            continue
        kept = f", and stays with that file, which is {other.state}; take another name" if other.state in OVER else ""
        raise Conflict(f"{name} {value} is {other.id}'s already ({other.name}){kept}")


async def set_address(
    session: AsyncSession,
    actor: Actor,
    sealer: Sealer,
    client_id: str,
    kind: str,
    address: Address,
    *,
    why: str,
    now_ns: int,
) -> Client:
    """Set an address of a client: where it is registered, works, or gets its mail."""
    client = await editable(session, actor, client_id)
    before = await session.get(ClientAddress, (client.number, kind))
    was = None if before is None else {kind: before.content}
    await put_address(session, client, kind, address)
    after = {kind: msgspec.to_builtins(address)}
    await edited(session, actor, sealer, client, "set address", after, before=was, why=why, now_ns=now_ns)
    return client


async def add_party(
    session: AsyncSession, actor: Actor, sealer: Sealer, client_id: str, given: PartyGiven, *, why: str, now_ns: int
) -> str:
    """Add somebody to a client's file, with what they own, and return what they are called: P-1."""
    client = await editable(session, actor, client_id)
    party = await put_party(session, sealer, client, given)
    await put_holdings(session, client, party, given, {}, now_ns)
    await edited(session, actor, sealer, client, "add party", _shown(party, given), why=why, now_ns=now_ns)
    return party.id


async def change_party(
    session: AsyncSession,
    actor: Actor,
    sealer: Sealer,
    client_id: str,
    party_id: str,
    changes: dict[str, Any],
    *,
    why: str,
    now_ns: int,
) -> str:
    """Set some fields of somebody in a client's file, named as `PartyGiven` has them."""
    client = await editable(session, actor, client_id)
    file = await read_file(session, sealer, client)
    party = await somebody_in(session, client, Party, party_id, "P")
    given = next(each for each in file.parties if each.id == party.id)
    if not changes:
        raise Refused("nothing to set: name what is to change")
    new = msgspec.structs.replace(given, **changes)
    _fill(sealer, party, new)
    if "holdings" in changes:
        await _end(session, PartyHolding.holder == party.number, now_ns)
        await put_holdings(session, client, party, new, {}, now_ns)
    after = {**_shown(party, new), "changed": sorted(changes)}
    await edited(
        session,
        actor,
        sealer,
        client,
        "change party",
        after,
        before=_shown(party, given),
        why=why,
        now_ns=now_ns,
    )
    return party.id


async def remove_party(
    session: AsyncSession, actor: Actor, sealer: Sealer, client_id: str, party_id: str, *, why: str, now_ns: int
) -> None:
    """Take somebody out of a client's file, with their documents, what they own and what is owned of them.

    The rows stay.
    """
    client = await editable(session, actor, client_id)
    party = await somebody_in(session, client, Party, party_id, "P")
    party.removed_ns = now_ns
    await _end(session, or_(PartyHolding.holder == party.number, PartyHolding.held == party.number), now_ns)
    withdrawn = [each for each in await documents_of(session, client) if each.party == party.number]
    for document in withdrawn:
        document.withdrawn_ns = now_ns
    filed, gone = ({each.id: state for each in withdrawn} for state in ("filed", "withdrawn"))
    before = {"party": party.id, "roles": party.roles, "documents": filed}
    after = {"documents": gone} if gone else None
    await edited(session, actor, sealer, client, "remove party", after, before=before, why=why, now_ns=now_ns)


async def add_particular(
    session: AsyncSession,
    actor: Actor,
    sealer: Sealer,
    client_id: str,
    given: TaxId | Licence,
    *,
    why: str,
    now_ns: int,
) -> None:
    """Add a number with a tax authority, or what a supervisor lets the client do."""
    client = await editable(session, actor, client_id)
    what = put_particular(session, client, given)
    after = msgspec.to_builtins(given)
    await edited(session, actor, sealer, client, f"add {what}", after, why=why, now_ns=now_ns)


async def remove_particular(
    session: AsyncSession,
    actor: Actor,
    sealer: Sealer,
    client_id: str,
    given: TaxId | Licence,
    *,
    why: str,
    now_ns: int,
) -> None:
    """Take one out of a client's file, by whose number it is and the number. Raise `NotFound`."""
    client = await editable(session, actor, client_id)
    table, what = _PARTICULARS[type(given)]
    of, number = msgspec.structs.astuple(given)[:2]
    found = await session.get(table, (client.number, of, number))
    if found is None:
        raise NotFound(f"{what} {of[:40]} {number[:40]}: is not in the file of {client.id}")
    await session.delete(found)
    before = msgspec.to_builtins(msgspec.convert(found, type(given), from_attributes=True))
    await edited(session, actor, sealer, client, f"remove {what}", None, before=before, why=why, now_ns=now_ns)


async def remove_contact(
    session: AsyncSession, actor: Actor, sealer: Sealer, client_id: str, contact_id: str, *, why: str, now_ns: int
) -> None:
    """Take somebody to call out of a client's file. Raise `NotFound`."""
    client = await editable(session, actor, client_id)
    contact = await somebody_in(session, client, Contact, contact_id, "K")
    contact.removed_ns = now_ns
    before = {"contact": contact.id, "purpose": contact.purpose}
    await edited(session, actor, sealer, client, "remove contact", None, before=before, why=why, now_ns=now_ns)


async def add_contact(
    session: AsyncSession, actor: Actor, sealer: Sealer, client_id: str, given: ContactGiven, *, why: str, now_ns: int
) -> str:
    """Add somebody to call, and return what they are called: K-1."""
    client = await editable(session, actor, client_id)
    contact = await put_contact(session, sealer, client, given)
    after = {"contact": contact.id, "purpose": contact.purpose}
    await edited(session, actor, sealer, client, "add contact", after, why=why, now_ns=now_ns)
    return contact.id


async def put_address(session: AsyncSession, client: Client, kind: str, address: Address) -> None:
    content = msgspec.to_builtins(address)
    await session.merge(ClientAddress(client=client.number, kind=kind, content=content))


def put_particular(session: AsyncSession, client: Client, given: TaxId | Licence) -> str:
    """Add a particular, and return what the trail calls it."""
    table, what = _PARTICULARS[type(given)]
    session.add(table(client=client.number, **msgspec.structs.asdict(given)))
    return what


async def put_party(session: AsyncSession, sealer: Sealer, client: Client, given: PartyGiven) -> Party:
    number = await next_number(session, Party.number)
    party = Party(number=number, client=client.number, kind=given.kind)
    _fill(sealer, party, given)
    session.add(party)
    await session.flush()
    return party


async def put_holdings(
    session: AsyncSession, client: Client, party: Party, given: PartyGiven, ids: dict[str, int], now_ns: int
) -> None:
    """Add what a party owns. `ids`: parties that are called otherwise in the file that is imported."""
    for holding in given.holdings:
        held = None
        if holding.of != THE_CLIENT:
            held = ids.get(holding.of) or (await somebody_in(session, client, Party, holding.of, "P")).number
        session.add(
            PartyHolding(
                number=await next_number(session, PartyHolding.number),
                client=client.number,
                holder=party.number,
                held=held,
                share_ppm=parse_percent(holding.share),
                votes_ppm=parse_percent(holding.votes or holding.share),
                since_ns=now_ns,
            )
        )
        await session.flush()


async def put_contact(session: AsyncSession, sealer: Sealer, client: Client, given: ContactGiven) -> Contact:
    number = await next_number(session, Contact.number)
    contact = Contact(
        number=number,
        client=client.number,
        purpose=given.purpose,
        name=seal(sealer, Contact, "name", given.name, number),
        email=seal_if_any(sealer, Contact, "email", given.email, number),
        phone=seal_if_any(sealer, Contact, "phone", given.phone, number),
    )
    session.add(contact)
    await session.flush()
    return contact


def fields_of(file: ClientFile) -> dict[str, str | None]:
    """Return what goes into a client's own row."""
    return {name: getattr(file, name) or None if name in _OR_NONE else str(getattr(file, name)) for name in FIELDS}


async def _end(session: AsyncSession, which: ColumnElement[bool], now_ns: int) -> None:
    """Let holdings be no more: their rows say until when they were."""
    await session.execute(update(PartyHolding).where(which, PartyHolding.until_ns.is_(None)).values(until_ns=now_ns))


def _fill(sealer: Sealer, party: Party, given: PartyGiven) -> None:
    number = party.number
    born = "" if given.born is None else given.born.isoformat()
    address = "" if given.address is None else msgspec.json.encode(given.address).decode()
    party.kind = given.kind
    party.name = seal(sealer, Party, "name", given.name, number)
    party.birth = seal_if_any(sealer, Party, "birth", born, number)
    party.birth_place = seal_if_any(sealer, Party, "birth_place", given.birth_place, number)
    party.address = seal_if_any(sealer, Party, "address", address, number)
    party.countries = " ".join(given.countries)
    party.roles = " ".join(given.roles)
    party.is_exposed = given.is_exposed
    party.lei = given.lei or None


def _shown(party: Party, given: PartyGiven) -> dict[str, Any]:
    """Return what the audit trail may keep of somebody."""
    holdings = [msgspec.to_builtins(each) for each in given.holdings]
    return {"party": party.id, "kind": given.kind, "roles": list(given.roles), "holdings": holdings}
