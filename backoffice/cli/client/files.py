"""`fondaco client import` and `export`: whole files as JSON, one for each client, and many clients as one table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.client.shown import hint_at
from backoffice.cli.office import Acting, Coming
from backoffice.cli.option_groups import grouped

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.crm.tables.file import Client


@grouped
def import_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="One client each, in JSON; or many, in CSV.")],
    *,
    check_only: Annotated[bool, typer.Option("--check", help="Look at the files, and enter nothing.")] = False,
    acting: Acting,
) -> None:
    """Enter clients with their whole files, as drafts. All files are looked at before the first is entered.

    What is wrong with one keeps all from being entered. `fondaco client export` writes such files: of one client JSON,
    of all of them CSV (.csv), which has no people, owners and documents.
    """
    from backoffice.cli.failure import CommandFailed
    from backoffice.cli.tables import show_table
    from backoffice.crm.client_file import FILE_BYTES_MAX, ClientFile, decode
    from backoffice.crm.client_table import read_table
    from backoffice.crm.registering import enter, namesakes
    from backoffice.errors import BackOfficeError, Refused

    given: list[tuple[Path, ClientFile]] = []
    for path in files:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise CommandFailed(f"{path}: larger than {FILE_BYTES_MAX // 1024**2} MiB")
        try:
            content = path.read_bytes()
            found = read_table(content) if path.suffix.lower() == ".csv" else [decode(content)]
        except Refused as error:
            raise CommandFailed(f"{path}: {error}") from error
        given += [(path, each) for each in found]
    if check_only:
        show_table(("file", "client"), [(str(path), file.name) for path, file in given], acting.form)
        return

    async def enter_all(session: "AsyncSession", office: "Office") -> "tuple[list[Client], dict[str, list[str]]]":
        entered = []
        for path, file in given:
            try:
                client = await enter(session, office.actor, office.sealer, file, why=acting.why, now_ns=office.now_ns)
            except BackOfficeError as error:
                raise CommandFailed(f"{path}: {file.name}: {error}") from error
            entered.append(client)
        return entered, await namesakes(session, entered)

    clients, same_name = acting.carry_out(enter_all)
    hint_at(same_name)
    rows = [
        (client.id, client.name, client.state, str(path)) for client, (path, _file) in zip(clients, given, strict=True)
    ]
    show_table(("client", "name", "state", "file"), rows, acting.form)


@grouped
def export(
    client: Annotated[
        str | None,
        typer.Argument(metavar="[CLIENT]", help="C-1, or its firm. Without: all, in CSV.", show_default=False),
    ] = None,
    *,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to.")] = None,
    coming: Coming,
) -> None:
    """Print a client's whole file as JSON, with all that is personal in it, or all clients as a table in CSV.

    For who may see personal data only.
    """
    import os

    from backoffice.crm.client_file import encode
    from backoffice.crm.client_table import table_of
    from backoffice.crm.loading import client_of
    from backoffice.crm.registering import export as exported
    from backoffice.crm.registering import export_all

    async def whole(session: "AsyncSession", office: "Office") -> bytes:
        if client is None:
            office.disclosure.note("all clients as a table", "client/all")
            return table_of(await export_all(session, office.actor, office.sealer)).encode()
        file = await exported(session, office.actor, office.sealer, client)
        office.disclosure.note("the whole file", f"client/{(await client_of(session, client)).id}")
        return encode(file)

    content = coming.ask(whole)
    if output is None:
        typer.echo(content.decode(), nl=False)
        return
    # What is personal is for its owner only.
    with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as written:
        written.write(content)
