"""`fondaco client add` and `set`: what a client's file says of the client itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backoffice.cli.choices import choice
from backoffice.cli.client.shown import ClientArgument, hint_at
from backoffice.cli.office import Acting
from backoffice.cli.option_groups import grouped
from backoffice.cli.shown import tell

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.crm.identity import Address, EntityType
    from backoffice.crm.tables.file import Client

TypeOption = Annotated[str | None, typer.Option("--type", metavar="TYPE", help="company, fund, trust …")]
AddressOption = Annotated[
    Path | None,
    typer.Option("--address", metavar="FILE", help="Registered address: JSON, in the fields of ISO 20022."),
]


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a client's file says of the client itself, in words."""

    jurisdiction: Annotated[str | None, typer.Option("--jurisdiction", metavar="COUNTRY", help="As CH.")] = None
    lei: Annotated[str | None, typer.Option("--lei", metavar="LEI", help="Legal entity identifier.")] = None
    firm: Annotated[str | None, typer.Option("--firm", metavar="NAME", help="What the engine calls it.")] = None
    trading_name: Annotated[str | None, typer.Option("--trading-name", metavar="TEXT", help="What it goes by.")] = None
    legal_form: Annotated[str | None, typer.Option("--legal-form", metavar="TEXT", help="As AG, Ltd.")] = None
    registration: Annotated[str | None, typer.Option("--registration", metavar="TEXT", help="Number of register.")] = (
        None
    )
    industry: Annotated[str | None, typer.Option("--industry", metavar="WORD", help="As the risk model asks.")] = None
    volume: Annotated[
        str | None, typer.Option("--volume", metavar="WORD", help="A month's, as the risk model asks: below-10m …")
    ] = None

    @property
    def fields(self) -> dict[str, Any]:
        """What was said, by the names of `ClientFile`."""
        return {name: value for name, value in vars(self).items() if value is not None}


@grouped
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name in the register.", show_default=False)],
    *,
    entity_type: TypeOption = "company",
    said: Said,
    address: AddressOption = None,
    acting: Acting,
) -> None:
    """Enter a client as a draft. `fondaco client import` enters one with its whole file."""
    from backoffice.cli.failure import CommandFailed
    from backoffice.crm.client_file import ClientFile
    from backoffice.crm.registering import enter, namesakes

    if said.jurisdiction is None:
        raise CommandFailed("a client needs a jurisdiction: --jurisdiction CH")
    given = ClientFile(
        name=name,
        entity_type=_type(entity_type or "company"),
        addresses={} if address is None else {"registered": read_address(address)},
        **said.fields,
    )

    async def step(session: "AsyncSession", office: "Office") -> "tuple[Client, dict[str, list[str]]]":
        entered = await enter(session, office.actor, office.sealer, given, why=acting.why, now_ns=office.now_ns)
        return entered, await namesakes(session, [entered])

    client, same_name = acting.carry_out(step)
    hint_at(same_name)
    facts = {"client": client.id, "state": client.state}
    tell(f"{client.id}: {client.name} is entered as a draft", facts, as_json=acting.as_json)


@grouped
def set_fields(
    client: ClientArgument,
    *,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="Its name in the register.")] = None,
    entity_type: TypeOption = None,
    said: Said,
    address: AddressOption = None,
    acting: Acting,
) -> None:
    """Change what a client's file says of it. What is not named stays; an empty text takes something away."""
    from backoffice.crm import editing

    given = {"name": name, "entity_type": None if entity_type is None else _type(entity_type).value}
    changes = {field: value for field, value in given.items() if value is not None} | said.fields
    place = None if address is None else read_address(address)

    async def change(session: "AsyncSession", office: "Office") -> "Client":
        who = (session, office.actor, office.sealer, client)
        changed = None
        if place is not None:
            changed = await editing.set_address(*who, "registered", place, why=acting.why, now_ns=office.now_ns)
        if changes or changed is None:
            changed = await editing.set_fields(*who, changes, why=acting.why, now_ns=office.now_ns)
        return changed

    changed = acting.carry_out(change)
    values = {field: getattr(changed, field) or "–" for field in changes}
    values |= {} if place is None else {"address": place.line()}
    told = "; ".join(f"{field} is {value}" for field, value in values.items())
    tell(f"{changed.id}: {told}", {"client": changed.id, "set": [*values]}, as_json=acting.as_json)


def read_address(path: Path) -> "Address":
    """Return an address from a JSON file. Raise `CommandFailed` if it is none."""
    import msgspec

    from backoffice.cli.failure import CommandFailed
    from backoffice.crm.identity import Address

    try:
        return msgspec.json.decode(path.read_bytes(), type=Address)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{path}: no address: {error}") from error


def _type(text: str) -> "EntityType":
    from backoffice.crm.identity import EntityType

    return choice("type", text, EntityType)
