"""`fondaco client document`: what a client gave to show who it is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.choices import choice
from backoffice.cli.client.shown import ClientArgument
from backoffice.cli.moments import day, day_or_none
from backoffice.cli.office import Acting, Looking
from backoffice.cli.option_groups import grouped
from backoffice.cli.shown import tell

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.crm.tables.file import ClientDocument

app = typer.Typer(
    help="Documents of clients. Their bytes stay where you keep them; what is kept here is their hash.",
    no_args_is_help=True,
)

DocumentArgument = Annotated[
    str, typer.Argument(metavar="DOCUMENT", help="Which one, as in DOC-1.", show_default=False)
]


@app.command()
@grouped
def add(
    client: ClientArgument,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="passport, articles …", show_default=False)],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The document itself.", show_default=False)],
    *,
    issued: Annotated[str, typer.Option("--issued", metavar="DAY", help="When it was issued.", show_default=False)],
    expires: Annotated[str | None, typer.Option("--expires", metavar="DAY", help="The last day it holds.")] = None,
    of: Annotated[str, typer.Option("--of", metavar="PARTY", help="Whose it is.", show_default="the client's")] = "",
    expected: Annotated[str, typer.Option("--hash", metavar="SHA256", help="What its hash must be.")] = "",
    acting: Acting,
) -> None:
    """File a document. A second person verifies it."""
    from backoffice.crm.client_file import THE_CLIENT, DocumentGiven
    from backoffice.crm.documents import DocumentKind
    from backoffice.crm.filing import check_file, file_document

    papers = choice("document", kind, DocumentKind)
    found = check_file(file, expected)
    given = DocumentGiven(papers, str(file), found, day(issued), day_or_none(expires), of or THE_CLIENT)
    document = acting.carry_out(
        lambda session, office: file_document(
            session, office.actor, office.sealer, client, given, why=acting.why, now_ns=office.now_ns
        )
    )
    facts = {"client": client, "document": document, "hash": found}
    tell(f"{document}: filed, SHA-256 {found}; somebody else must verify it", facts, as_json=acting.as_json)


@app.command()
@grouped
def verify(
    documents: Annotated[
        list[str], typer.Argument(metavar="DOCUMENT...", help="Which, as in DOC-1; all of them or none.")
    ],
    *,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="What you have looked at; it must be the one filed.")
    ] = None,
    acting: Acting,
) -> None:
    """Say that documents are what they should be. Never for who filed them."""
    from backoffice.cli.failure import CommandFailed
    from backoffice.crm.filing import hash_of, verify_document

    if file is not None and len(documents) != 1:
        raise CommandFailed("--file is for one document")
    found = None if file is None else hash_of(file)

    async def verify_all(session: "AsyncSession", office: "Office") -> "list[ClientDocument]":
        return [
            await verify_document(session, office.actor, each, found, why=acting.why, now_ns=office.now_ns)
            for each in documents
        ]

    done = acting.carry_out(verify_all)
    names, by = [each.id for each in done], done[0].verified_by
    facts = {"document": names[0], "by": by} if len(names) == 1 else {"documents": names, "by": by}
    tell(f"{', '.join(names)}: verified by {by}", facts, as_json=acting.as_json)


@app.command()
@grouped
def withdraw(
    document: DocumentArgument,
    acting: Acting,
) -> None:
    """Let a document count no more: it was the wrong one, or another one is in its place."""
    from backoffice.crm.filing import withdraw_document

    done = acting.carry_out(
        lambda session, office: withdraw_document(session, office.actor, document, why=acting.why, now_ns=office.now_ns)
    )
    tell(f"{done.id}: withdrawn", {"document": done.id}, as_json=acting.as_json)


@app.command("list")
@grouped
def list_documents(
    client: ClientArgument,
    looking: Looking,
) -> None:
    """List a client's documents."""
    from backoffice.cli.tables import Cell, show_table
    from backoffice.crm.loading import client_of, documents_of

    async def rows(session: "AsyncSession", _office: "Office") -> list[tuple[Cell, ...]]:
        return [
            (
                each.id,
                each.kind,
                None if each.party is None else f"P-{each.party}",
                str(each.issued),
                None if each.expires is None else str(each.expires),
                each.filed_by,
                each.verified_by,
                each.hash,
            )
            for each in await documents_of(session, await client_of(session, client))
        ]

    head = ("document", "kind", "of", "issued", "expires", "filed by", "verified by", "hash")
    show_table(head, looking.ask(rows), looking.form)


@app.command()
@grouped
def expiring(
    *,
    days: Annotated[int, typer.Option("--days", metavar="N", min=0, max=3_650, help="Within so many days.")] = 60,
    looking: Looking,
) -> None:
    """List the documents of all clients that have expired, or will soon, the first to do so first."""
    from backoffice.cli.tables import Cell, show_table
    from backoffice.crm.filing import expiring_documents

    async def rows(session: "AsyncSession", office: "Office") -> list[tuple[Cell, ...]]:
        return [
            (
                client.id,
                client.name,
                document.id,
                document.kind,
                None if document.party is None else f"P-{document.party}",
                str(document.expires),
            )
            for document, client in await expiring_documents(session, days, now_ns=office.now_ns)
        ]

    head = ("client", "name", "document", "kind", "of", "expires")
    show_table(head, looking.ask(rows), looking.form)
