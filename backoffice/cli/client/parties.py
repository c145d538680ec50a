"""`fondaco client party`: the people of a client, and who owns it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from backoffice.cli.choices import choice
from backoffice.cli.client.changing import read_address
from backoffice.cli.client.shown import ClientArgument
from backoffice.cli.moments import day_or_none
from backoffice.cli.office import Acting, Looking
from backoffice.cli.option_groups import grouped
from backoffice.cli.shown import tell

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.crm.client_file import HoldingGiven, Role

app = typer.Typer(help="The people of a client, and who owns it, through however many entities.", no_args_is_help=True)

PartyArgument = Annotated[str, typer.Argument(metavar="PARTY", help="Who, as in P-1.", show_default=False)]
RoleOption = Annotated[
    list[str] | None,
    typer.Option("--role", metavar="ROLE", help="owner, director, signatory …; may be repeated."),
]
BornOption = Annotated[str | None, typer.Option("--born", metavar="DAY", help="As 1970-05-01.")]
CountryOption = Annotated[
    list[str] | None,
    typer.Option("--country", metavar="COUNTRY", help="Of nationality and residence; may be repeated."),
]
OwnsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--owns", metavar="SHARE[:VOTES][@PARTY]", help="Per cent of the client, or of a party; may be repeated."
    ),
]
ExposedOption = Annotated[
    bool | None, typer.Option("--exposed/--not-exposed", help="Politically, or close to somebody who is.")
]


@app.command("list")
@grouped
def list_parties(
    client: ClientArgument,
    looking: Looking,
) -> None:
    """List a client's people and owners, with what each has of it in the end."""
    from backoffice.cli.tables import Cell, show_table
    from backoffice.crm.client_file import structure
    from backoffice.crm.knowing import people_in_scope, threshold_of
    from backoffice.crm.loading import client_of, read_file
    from backoffice.crm.ownership import percent
    from backoffice.staff.sealing import MASK

    async def rows(session: "AsyncSession", office: "Office") -> list[tuple[Cell, ...]]:
        found = await client_of(session, client)
        file = await read_file(session, office.sealer, found)
        owned = structure(file)
        owners = {owner.party: owner for owner in owned.owners}
        in_scope = {party.id for party in people_in_scope(file, owned, threshold_of(found, file))}
        people = [party for party in file.parties if party.kind != "entity"]
        sees = office.disclosure.permits("names of people", *([f"client/{found.id}"] if people else []))
        return [
            (
                party.id,
                party.kind,
                party.name if sees or party.kind == "entity" else MASK,
                ", ".join(party.roles),
                percent(owners[party.id].share) if party.id in owners else None,
                percent(owners[party.id].votes) if party.id in owners else None,
                party.id in in_scope,
                party.is_exposed,
            )
            for party in file.parties
        ]

    head = ("party", "kind", "name", "roles", "owns in the end", "votes", "in scope", "exposed")
    show_table(head, looking.ask(rows), looking.form)


@app.command()
@grouped
def add(
    client: ClientArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Their name.", show_default=False)],
    *,
    entity: Annotated[bool, typer.Option("--entity", help="Not a person.")] = False,
    role: RoleOption = None,
    owns: OwnsOption = None,
    born: BornOption = None,
    birth_place: Annotated[str, typer.Option("--birth-place", metavar="TEXT", help="Where born.")] = "",
    country: CountryOption = None,
    address: Annotated[str | None, typer.Option("--address", metavar="FILE", help="JSON, as in ISO 20022.")] = None,
    exposed: ExposedOption = None,
    lei: Annotated[str, typer.Option("--lei", metavar="LEI", help="Of an entity.")] = "",
    acting: Acting,
) -> None:
    """Add somebody to a client's file: a person, or an entity that owns it."""
    from pathlib import Path

    from backoffice.crm.client_file import PartyGiven
    from backoffice.crm.editing import add_party

    given = PartyGiven(
        "new",
        "entity" if entity else "person",
        name,
        _roles(role or []),
        day_or_none(born),
        birth_place,
        tuple(country or ()),
        None if address is None else read_address(Path(address)),
        bool(exposed),
        lei,
        tuple(_holding(text) for text in owns or ()),
    )
    party = acting.carry_out(
        lambda session, office: add_party(
            session, office.actor, office.sealer, client, given, why=acting.why, now_ns=office.now_ns
        )
    )
    tell(f"{party}: added to {client}", {"client": client, "party": party}, as_json=acting.as_json)


@app.command("set")
@grouped
def set_fields(
    client: ClientArgument,
    party: PartyArgument,
    *,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="Their name.")] = None,
    role: RoleOption = None,
    owns: OwnsOption = None,
    born: BornOption = None,
    country: CountryOption = None,
    exposed: ExposedOption = None,
    acting: Acting,
) -> None:
    """Change what is known of somebody. What is not named stays; roles, countries and shares are given as a whole."""
    from backoffice.crm.editing import change_party

    given: dict[str, Any] = {
        "name": name,
        "roles": None if role is None else _roles(role),
        "holdings": None if owns is None else tuple(_holding(text) for text in owns),
        "born": day_or_none(born),
        "countries": None if country is None else tuple(country),
        "is_exposed": exposed,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    acting.carry_out(
        lambda session, office: change_party(
            session, office.actor, office.sealer, client, party, changes, why=acting.why, now_ns=office.now_ns
        )
    )
    tell(
        f"{party}: {', '.join(changes)} set",
        {"client": client, "party": party, "set": list(changes)},
        as_json=acting.as_json,
    )


@app.command()
@grouped
def remove(
    client: ClientArgument,
    party: PartyArgument,
    acting: Acting,
) -> None:
    """Take somebody out of a client's file, with what they own and what is owned of them."""
    from backoffice.crm.editing import remove_party

    acting.carry_out(
        lambda session, office: remove_party(
            session, office.actor, office.sealer, client, party, why=acting.why, now_ns=office.now_ns
        )
    )
    tell(f"{party}: taken out of {client}", {"client": client, "party": party}, as_json=acting.as_json)


def _roles(texts: list[str]) -> "tuple[Role, ...]":
    from backoffice.crm.client_file import Role

    return tuple(choice("role", text, Role) for text in texts)


def _holding(text: str) -> "HoldingGiven":
    from backoffice.crm.client_file import THE_CLIENT, HoldingGiven

    shares, _, of = text.partition("@")
    share, _, votes = shares.partition(":")
    return HoldingGiven(share, of.upper() or THE_CLIENT, votes)
