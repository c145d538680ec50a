"""`fondaco destination`: where accounts may withdraw to."""

from typing import Annotated

import typer

from backoffice.cli.office import AsOption
from backoffice.cli.payments.deposit import AccountOption, AssetOption, RailOption
from backoffice.cli.tables import Cell, CsvOption, JsonOption, Moment
from backoffice.cli.venue.request import ConfigOption, DataOption, WhyOption

_HEAD = (
    "destination",
    "account",
    "asset",
    "rail",
    "address",
    "holder",
    "added by",
    "approved by",
    "paid to",
    "removed",
)


def add(
    account: AccountOption,
    asset: AssetOption,
    address: Annotated[
        str, typer.Option("--address", metavar="ADDRESS", help="As the rail names it.", show_default=False)
    ],
    holder: Annotated[str, typer.Option("--holder", metavar="NAME", help="Whose address it is.", show_default=False)],
    config: ConfigOption,
    why: WhyOption,
    rail: RailOption = None,
    as_user: AsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Propose a destination. A second person approves it, then it cools before it is paid to."""
    from backoffice.cli.approval import tell
    from backoffice.cli.loop import run
    from backoffice.cli.office import office
    from backoffice.payments import destinations
    from backoffice.payments.opening import rule_for, rules_of
    from backoffice.staff.tables import Approval

    async def propose() -> Approval:
        async with office(config, data, as_user) as desk, desk.database.writing() as session:
            rules = rule_for(rules_of(desk.settings), asset, rail)
            return await destinations.add(
                session, desk.actor, rules, account, address, holder, why=why, now_ns=desk.now_ns
            )

    tell(run(propose()), as_json=as_json)


def list_destinations(
    config: ConfigOption,
    account: Annotated[str | None, typer.Option("--account", metavar="ACCOUNT", help="Whose.")] = None,
    as_user: AsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """List destinations."""
    from backoffice.cli.loop import run
    from backoffice.cli.office import office
    from backoffice.cli.tables import form_of, show_table
    from backoffice.payments import destinations
    from backoffice.staff.permissions import Permission

    form = form_of(as_json=as_json, as_csv=as_csv)

    async def rows() -> list[tuple[Cell, ...]]:
        async with office(config, data, as_user) as desk, desk.database.reading() as session:
            desk.actor.require(Permission.SEE_RECORDS)
            return [
                (
                    *(each.name, each.account, each.asset, each.rail, each.address, each.holder),
                    *(each.added_by, each.approved_by),
                    destinations.objection(each, desk.now_ns) or "yes",
                    Moment(each.removed_ns) if each.removed_ns is not None else None,
                )
                for each in await destinations.listed(session, account)
            ]

    show_table(_HEAD, run(rows()), form)


def remove(
    destination: Annotated[
        str, typer.Argument(metavar="DESTINATION", help="Which one, as in T-1.", show_default=False)
    ],
    config: ConfigOption,
    why: WhyOption,
    as_user: AsOption = None,
    data: DataOption = None,
) -> None:
    """Let a destination not be paid to any more, at once. What waits to be paid to it is stopped."""
    from backoffice.cli.loop import run
    from backoffice.cli.office import office
    from backoffice.payments import destinations

    async def take_away() -> None:
        async with office(config, data, as_user) as desk, desk.database.writing() as session:
            await destinations.remove(session, desk.actor, destination, why=why, now_ns=desk.now_ns)

    run(take_away())
    typer.echo(f"{destination} is removed")
