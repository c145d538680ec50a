"""Documents of a client: filed by the hash of their bytes, verified by a second person, followed until they expire.

The bytes stay where the house keeps its papers; what is here is their hash, so that whoever has a file can show that it
is the one that was filed.
"""

import datetime as dt
import hashlib
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.client_file import THE_CLIENT, DocumentGiven, check_hash
from backoffice.crm.documents import REMINDED_DAYS_BEFORE, DocumentKind, Paper, reminder_due
from backoffice.crm.editing import editable, edited
from backoffice.crm.following_up import put_task
from backoffice.crm.loading import client_of, documents_of, somebody_in
from backoffice.crm.numbering import next_number
from backoffice.crm.sealed_fields import seal
from backoffice.crm.tables.file import Client, ClientDocument, Party
from backoffice.crm.workflow import OVER
from backoffice.database.finding import row_of
from backoffice.errors import Refused
from backoffice.staff import audit
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.permissions import Permission, Role
from backoffice.staff.sealing import Sealer
from backoffice.times import day_of

FILE_BYTES_MAX: Final = 512 * 1024 * 1024


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes. Raise `Refused` if it is empty or too large, or OSError."""
    size = path.stat().st_size
    if not 0 < size <= FILE_BYTES_MAX:
        raise Refused(f"{path}: a document has from 1 byte to {FILE_BYTES_MAX // 1024**2} MiB")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_file(path: Path, expected: str) -> str:
    """Return a file's hash. Raise `Refused` if it is not the one that was said."""
    found = hash_of(path)
    if expected and found != check_hash(expected):
        raise Refused(f"{path}: is not the document that was meant: its SHA-256 is {found}, not {expected.lower()}")
    return found


async def file_document(
    session: AsyncSession, actor: Actor, sealer: Sealer, client_id: str, given: DocumentGiven, *, why: str, now_ns: int
) -> str:
    """File a document of a client, or of somebody in its file, and return what it is called: DOC-1."""
    client = await editable(session, actor, client_id)
    party = None
    if given.of != THE_CLIENT and given.of.upper() != client.id:
        party = (await somebody_in(session, client, Party, given.of, "P")).number
    document = await put_document(session, actor, sealer, client, given, party, now_ns)
    await edited(session, actor, sealer, client, "file document", described(document), why=why, now_ns=now_ns)
    return document.id


async def verify_document(
    session: AsyncSession, actor: Actor, document_id: str, found_hash: str | None, *, why: str, now_ns: int
) -> ClientDocument:
    """Say that a document is what it should be. `found_hash`: of the file that was looked at, if it was given.

    Raise `Refused` for whoever filed it, or if the file is another one.
    """
    actor.require(Permission.APPROVE_CLIENTS)
    document = await _document(session, document_id)
    if document.filed_by == actor.user:
        raise Refused(f"{actor.user} has filed {document.id}; somebody else must verify it")
    if document.verified_by is not None:
        raise Refused(f"{document.id} is verified already, by {document.verified_by}")
    if found_hash is not None and found_hash != document.hash:
        raise Refused(f"{document.id}: that file is another one: its SHA-256 is {found_hash}, not {document.hash}")
    document.verified_by, document.verified_ns = actor.user, now_ns
    seen = {"verified": True, "hash": document.hash, "file": found_hash is not None}
    await _record(session, actor, "verify document", document, {"verified": False}, seen, why, now_ns)
    return document


async def withdraw_document(
    session: AsyncSession, actor: Actor, document_id: str, *, why: str, now_ns: int
) -> ClientDocument:
    """Let a document count no more: it was the wrong one, or another one is in its place."""
    document = await _document(session, document_id)
    await editable(session, actor, f"C-{document.client}")
    document.withdrawn_ns = now_ns
    counted = {"kind": document.kind, "verified": document.verified_by is not None, "withdrawn": False}
    await _record(session, actor, "withdraw document", document, counted, {**counted, "withdrawn": True}, why, now_ns)
    return document


async def papers_of(session: AsyncSession, client: Client) -> list[Paper]:
    """Return a client's documents as the rules see them."""
    return [_paper(client, each) for each in await documents_of(session, client)]


async def expiring_documents(session: AsyncSession, days: int, *, now_ns: int) -> list[tuple[ClientDocument, Client]]:
    """Return the documents of all clients that have expired, or will within so many days, the first to do so first."""
    query = (
        select(ClientDocument, Client)
        .join(Client, Client.number == ClientDocument.client)
        .where(
            ClientDocument.expires <= day_of(now_ns) + dt.timedelta(days=days),
            ClientDocument.withdrawn_ns.is_(None),
            Client.state.not_in(OVER),
        )
        .order_by(ClientDocument.expires, ClientDocument.number)
    )
    return [(document, client) for document, client in await session.execute(query)]


async def remind(session: AsyncSession, *, now_ns: int) -> list[str]:
    """Make a task for each document that expires soon, once at each mark, and return what the tasks are called."""
    today = day_of(now_ns)
    made = []
    for document, client in await expiring_documents(session, REMINDED_DAYS_BEFORE[0], now_ns=now_ns):
        if document.expires is None or not reminder_due(_paper(client, document), document.reminded, today):
            continue
        document.reminded = today
        expires = "has expired" if document.expires < today else "expires"
        what = f"{document.id}, {document.kind.replace('-', ' ')}, {expires} on {document.expires}: ask for a new one"
        due = max(document.expires, today)
        task = await put_task(
            session,
            BACK_OFFICE,
            client,
            what,
            due,
            Role.ONBOARDING.value,
            why=f"{document.id} {expires}",
            now_ns=now_ns,
        )
        made.append(task.id)
    return made


async def put_document(
    session: AsyncSession,
    actor: Actor,
    sealer: Sealer,
    client: Client,
    given: DocumentGiven,
    party: int | None,
    now_ns: int,
) -> ClientDocument:
    number = await next_number(session, ClientDocument.number)
    document = ClientDocument(
        number=number,
        client=client.number,
        party=party,
        kind=given.kind.value,
        name=seal(sealer, ClientDocument, "name", given.name, number),
        hash=check_hash(given.hash),
        issued=given.issued,
        expires=given.expires,
        filed_by=actor.user,
        filed_ns=now_ns,
    )
    session.add(document)
    await session.flush()
    return document


def described(document: ClientDocument) -> dict[str, str]:
    """Return what the audit trail says of a document that is filed."""
    of = THE_CLIENT if document.party is None else f"P-{document.party}"
    return {"document": document.id, "kind": document.kind, "of": of, "hash": document.hash}


def _paper(client: Client, document: ClientDocument) -> Paper:
    return Paper(
        document.id,
        DocumentKind(document.kind),
        client.id if document.party is None else f"P-{document.party}",
        document.issued,
        document.expires,
        document.verified_by is not None,
    )


async def _document(session: AsyncSession, document_id: str) -> ClientDocument:
    document = await row_of(
        session, ClientDocument, document_id, "DOC", "document", "client document list", for_update=True
    )
    if document.withdrawn_ns is not None:
        raise Refused(f"{document.id} was withdrawn")
    return document


async def _record(
    session: AsyncSession,
    actor: Actor,
    verb: str,
    document: ClientDocument,
    before: dict[str, object],
    after: dict[str, object],
    why: str,
    now_ns: int,
) -> None:
    client = await client_of(session, f"C-{document.client}", for_update=True)
    client.edits += 1
    await session.flush()
    name = {"document": document.id}
    await audit.record(
        *(session, actor, verb, f"client/{client.id}"),
        before={**name, **before},
        after={**name, **after},
        why=why,
        now_ns=now_ns,
    )
