"""`fondaco client identity`, `travel-rule`, `vasp`: what the Travel Rule has go with transfers of crypto assets."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.client.shown import ClientArgument
from backoffice.cli.office import Acting, Coming, Looking, Seeing
from backoffice.cli.option_groups import grouped
from backoffice.cli.shown import tell

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.crm.tables.transfers import Vasp

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

    async def found(session: "AsyncSession", office: "Office") -> str:
        row = await client_of(session, client)
        return encode(identity_of(row.id, await read_file(session, office.sealer, row)))

    typer.echo(coming.ask(found))


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
    seeing.carry_out(
        lambda session, office: keep(
            session, office.actor, office.sealer, client, transfer, direction, text, now_ns=office.now_ns
        )
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
    from backoffice.crm.tables.transfers import TravelRuleData
    from backoffice.crm.travel_data import data_of
    from backoffice.errors import NotFound
    from backoffice.staff.permissions import Permission

    direction = "out" if out else "in"

    async def found(session: "AsyncSession", office: "Office") -> str:
        office.actor.require(Permission.SEE_PERSONAL_DATA)
        payload = await data_of(session, office.sealer, transfer, direction)
        if payload is None:
            raise NotFound(f"transfer {transfer[:40]}: there are no data of it")
        kept = await session.get_one(TravelRuleData, (transfer, direction))
        office.disclosure.note("travel rule data", f"client/C-{kept.client}")
        return encode(payload)

    typer.echo(coming.ask(found))


VaspArgument = Annotated[str, typer.Argument(metavar="SERVICE", help="Its LEI, or its DID.", show_default=False)]


@vasps.command("set")
@grouped
def set_vasp(
    vasp: VaspArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.", show_default=False)],
    *,
    country: Annotated[str, typer.Option("--country", metavar="COUNTRY", help="As SG.", show_default=False)],
    endpoint: Annotated[str, typer.Option("--endpoint", metavar="TEXT", help="Where data go.", show_default=False)],
    acting: Acting,
) -> None:
    """Enter another service, or change what is known of it. Then somebody else checks it."""
    from backoffice.crm import vasps as services

    done = acting.carry_out(
        lambda session, office: services.set_vasp(
            session, office.actor, vasp, name, country, endpoint, why=acting.why, now_ns=office.now_ns
        )
    )
    _tell_vasp(done, as_json=acting.as_json)


@vasps.command("check")
@grouped
def check_vasp(vasp: VaspArgument, acting: Acting) -> None:
    """Say that a service was looked into: what comes from it may be credited, and what goes to it sent."""
    from backoffice.crm import vasps as services

    done = acting.carry_out(
        lambda session, office: services.check(session, office.actor, vasp, why=acting.why, now_ns=office.now_ns)
    )
    _tell_vasp(done, as_json=acting.as_json)


@vasps.command("suspend")
@grouped
def suspend_vasp(vasp: VaspArgument, acting: Acting) -> None:
    """Deal with a service no more, at once, until somebody checks it again."""
    from backoffice.crm import vasps as services

    done = acting.carry_out(
        lambda session, office: services.suspend(session, office.actor, vasp, why=acting.why, now_ns=office.now_ns)
    )
    _tell_vasp(done, as_json=acting.as_json)


@vasps.command("list")
@grouped
def list_vasps(
    looking: Looking,
) -> None:
    """List the services that are known."""
    from backoffice.cli.tables import Cell, Moment, show_table
    from backoffice.crm.vasps import vasps as known

    async def rows(session: "AsyncSession", _office: "Office") -> list[tuple[Cell, ...]]:
        return [
            (
                *(each.id, each.name, each.country, each.endpoint, each.status),
                *(str(each.checked_on) if each.checked_on else None, each.checked_by),
                *(each.added_by, Moment(each.added_ns)),
            )
            for each in await known(session)
        ]

    head = ("service", "name", "country", "endpoint", "status", "checked on", "checked by", "entered by", "at")
    show_table(head, looking.ask(rows), looking.form)


def _tell_vasp(vasp: "Vasp", *, as_json: bool) -> None:
    facts = {"service": vasp.id, "name": vasp.name, "status": vasp.status}
    tell(f"{vasp.id}: {vasp.name}, {vasp.status}", facts, as_json=as_json)
