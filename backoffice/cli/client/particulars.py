"""`fondaco client tax-id`, `licence` and `contact`: what a client has several of."""

from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.client.shown import ClientArgument
from backoffice.cli.moments import day_or_none
from backoffice.cli.office import Acting, Looking
from backoffice.cli.option_groups import grouped
from backoffice.cli.shown import tell

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.crm.client_file import Licence, TaxId

contacts = typer.Typer(help="Whom to call at a client, and what for.", no_args_is_help=True)

RemoveOption = Annotated[bool, typer.Option("--remove", help="Take it out of the file.")]


@grouped
def tax_id(
    client: ClientArgument,
    country: Annotated[str, typer.Argument(metavar="COUNTRY", help="As CH.", show_default=False)],
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The authority's.", show_default=False)],
    *,
    remove: RemoveOption = False,
    acting: Acting,
) -> None:
    """Add a number with a tax authority to a client's file, or take one out."""
    from backoffice.crm.client_file import TaxId

    _change(client, TaxId(country, number), f"tax id {country} {number}", acting, remove=remove)


@grouped
def licence(
    client: ClientArgument,
    regulator: Annotated[str, typer.Argument(metavar="REGULATOR", help="As FINMA.", show_default=False)],
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The regulator's.", show_default=False)],
    *,
    country: Annotated[str, typer.Option("--country", metavar="COUNTRY", help="Where it holds.")] = "",
    expires: Annotated[str | None, typer.Option("--expires", metavar="DAY", help="The last day it holds.")] = None,
    remove: RemoveOption = False,
    acting: Acting,
) -> None:
    """Add what a supervisor lets a client do to its file, or take it out."""
    from backoffice.cli.failure import CommandFailed
    from backoffice.crm.client_file import Licence

    if not remove and not country:
        raise CommandFailed("a licence needs the country where it holds: --country CH")
    given = Licence(regulator, number, country, day_or_none(expires))
    _change(client, given, f"licence {regulator} {number}", acting, remove=remove)


@contacts.command("add")
@grouped
def add_contact(
    client: ClientArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who.", show_default=False)],
    *,
    purpose: Annotated[str, typer.Option("--purpose", metavar="WORD", help="trading, settlement …")] = "trading",
    email: Annotated[str, typer.Option("--email", metavar="TEXT", help="Address of e-mail.")] = "",
    phone: Annotated[str, typer.Option("--phone", metavar="TEXT", help="Number.")] = "",
    acting: Acting,
) -> None:
    """Add somebody to call."""
    from backoffice.crm import editing
    from backoffice.crm.client_file import ContactGiven

    given = ContactGiven(purpose, name, email, phone)
    done = acting.carry_out(
        lambda session, office: editing.add_contact(
            session, office.actor, office.sealer, client, given, why=acting.why, now_ns=office.now_ns
        )
    )
    tell(f"{done}: added to {client}", {"client": client, "contact": done}, as_json=acting.as_json)


@contacts.command("list")
@grouped
def list_contacts(client: ClientArgument, looking: Looking) -> None:
    """List whom to call at a client. For who may see personal data."""
    from backoffice.cli.tables import Cell, show_table
    from backoffice.crm.loading import client_of
    from backoffice.crm.registering import export

    async def rows(session: "AsyncSession", office: "Office") -> list[tuple[Cell, ...]]:
        file = await export(session, office.actor, office.sealer, client)
        if file.contacts:
            office.disclosure.note("contacts", f"client/{(await client_of(session, client)).id}")
        return [(each.id, each.purpose, each.name, each.email, each.phone) for each in file.contacts]

    show_table(("contact", "purpose", "name", "email", "phone"), looking.ask(rows), looking.form)


@contacts.command("remove")
@grouped
def remove_contact(
    client: ClientArgument,
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help="Which one, as in K-1.", show_default=False)],
    acting: Acting,
) -> None:
    """Take somebody to call out of a client's file."""
    from backoffice.crm import editing

    acting.carry_out(
        lambda session, office: editing.remove_contact(
            session, office.actor, office.sealer, client, contact, why=acting.why, now_ns=office.now_ns
        )
    )
    _tell(client, contact, is_gone=True, as_json=acting.as_json)


def _change(client: str, given: "TaxId | Licence", what: str, acting: Acting, *, remove: bool) -> None:
    from backoffice.crm import editing

    change = editing.remove_particular if remove else editing.add_particular
    acting.carry_out(
        lambda session, office: change(
            session, office.actor, office.sealer, client, given, why=acting.why, now_ns=office.now_ns
        )
    )
    _tell(client, what, is_gone=remove, as_json=acting.as_json)


def _tell(client: str, what: str, *, is_gone: bool, as_json: bool) -> None:
    told = f"{what}: taken out of {client}" if is_gone else f"{what}: added to {client}"
    tell(told, {"client": client, "removed" if is_gone else "added": what}, as_json=as_json)
