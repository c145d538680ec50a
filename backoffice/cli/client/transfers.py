"""`fondaco client identity`, `travel-rule`, `vasp`: what the Travel Rule has go with transfers of crypto assets."""

from pathlib import Path
from typing import Annotated, Any

import typer

from backoffice.cli.client.service import ClientArgument, ask, carry_out, tell
from backoffice.cli.office import Acting, Coming, Looking, Seeing
from backoffice.cli.option_groups import grouped

vasps = typer.Typer(help="Other services that clients' transfers come from or go to.", no_args_is_help=True)
rule = typer.Typer(help="Who sends and who receives a transfer, as IVMS101.2020 has it.", no_args_is_help=True)

TransferArgument = Annotated[str, typer.Argument(metavar="TRANSFER", help="The payment.", show_default=False)]
OutOption = Annotated[bool, typer.Option("--out/--in", help="Whether it leaves or arrives.")]


@grouped
def identity(client: ClientArgument, coming: Coming) -> None:
    """Print a client as it appears in the data of its transfers: JSON of IVMS101.2020."""
    from backoffice.crm.ivms101 import encode
    from backoffice.crm.loading import client_of, read_file
    from backoffice.crm.travel_data import identity_of

    async def found(session: Any, office: Any) -> str:  # noqa: ANN401 - as `ask` calls it
        row = await client_of(session, client)
        return encode(identity_of(row.id, await read_file(session, office.sealer, row)))

    typer.echo(ask(coming, found))


@rule.command("store")
@grouped
def store(
    client: ClientArgument,
    transfer: TransferArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON of IVMS101.2020.", show_default=False)],
    *,
    out: OutOption = True,
    seeing: Seeing,
) -> None:
    """Keep the data of a client's transfer, sealed. What breaks the standard is refused, with its place."""
    from backoffice.crm.ivms101 import JSON_BYTES_MAX
    from backoffice.crm.travel_data import store as keep

    with file.open("rb") as opened:
        text = opened.read(JSON_BYTES_MAX + 1)
    direction = "out" if out else "in"
    carry_out(
        seeing,
        lambda session, office: keep(
            session, office.actor, office.sealer, client, transfer, direction, text, now_ns=office.now_ns
        ),
    )
    tell(f"Kept for transfer {transfer}", {"transfer": transfer, "direction": direction}, as_json=seeing.as_json)


@rule.command("show")
@grouped
def show(
    transfer: TransferArgument,
    *,
    out: OutOption = True,
    coming: Coming,
) -> None:
    """Print the data of a transfer: JSON of IVMS101.2020. For who may see personal data only."""
    from backoffice.crm.ivms101 import encode
    from backoffice.crm.travel_data import data_of
    from backoffice.errors import NotFound
    from backoffice.staff.permissions import Permission

    async def found(session: Any, office: Any) -> str:  # noqa: ANN401 - as `ask` calls it
        office.actor.require(Permission.SEE_PERSONAL_DATA)
        payload = await data_of(session, office.sealer, transfer, "out" if out else "in")
        if payload is None:
            raise NotFound(f"transfer {transfer[:40]}: there are no data of it")
        return encode(payload)

    typer.echo(ask(coming, found))


@vasps.command("set")
@grouped
def set_vasp(
    lei: Annotated[str, typer.Argument(metavar="LEI", help="Whose it is.", show_default=False)],
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.", show_default=False)],
    *,
    country: Annotated[str, typer.Option("--country", metavar="COUNTRY", help="As SG.", show_default=False)],
    endpoint: Annotated[str, typer.Option("--endpoint", metavar="TEXT", help="Where data go.", show_default=False)],
    acting: Acting,
) -> None:
    """Enter another service, or change what is known of it."""
    from backoffice.crm.travel_data import add_vasp

    done = carry_out(
        acting,
        lambda session, office: add_vasp(
            session, office.actor, lei, name, country, endpoint, why=acting.why, now_ns=office.now_ns
        ),
    )
    tell(f"{done.lei}: {done.name}", {"lei": done.lei, "name": done.name}, as_json=acting.as_json)


@vasps.command("list")
@grouped
def list_vasps(
    looking: Looking,
) -> None:
    """List the services that are known."""
    from backoffice.cli.tables import Cell, Moment, form_of, show_table
    from backoffice.crm.travel_data import vasps as known

    form = form_of(as_json=looking.as_json, as_csv=looking.as_csv)

    async def rows(session: Any, _office: Any) -> list[tuple[Cell, ...]]:  # noqa: ANN401 - as `ask` calls it
        return [
            (each.lei, each.name, each.country, each.endpoint, each.added_by, Moment(each.added_ns))
            for each in await known(session)
        ]

    show_table(("LEI", "name", "country", "endpoint", "by", "at"), ask(looking, rows), form)
