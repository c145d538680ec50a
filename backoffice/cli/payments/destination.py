"""`fondaco destination`: where accounts may withdraw to."""

from typing import Annotated

import typer

from backoffice.cli.office import Acting, Looking
from backoffice.cli.option_groups import grouped
from backoffice.cli.payments.deposit import AccountOption, AssetOption, RailOption
from backoffice.cli.tables import Cell, Moment

DestinationArgument = Annotated[
    str, typer.Argument(metavar="DESTINATION", help="Which one, as in T-1.", show_default=False)
]

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


@grouped
def add(
    account: AccountOption,
    asset: AssetOption,
    address: Annotated[
        str, typer.Option("--address", metavar="ADDRESS", help="As the rail names it.", show_default=False)
    ],
    holder: Annotated[str, typer.Option("--holder", metavar="NAME", help="Whose address it is.", show_default=False)],
    *,
    rail: RailOption = None,
    acting: Acting,
) -> None:
    """Propose a destination. A second person approves it, then it cools before it is paid to."""
    from backoffice.cli.approval import tell
    from backoffice.cli.loop import run
    from backoffice.cli.payments.accounts import check_account
    from backoffice.payments import destinations
    from backoffice.payments.opening import rule_for, rules_of
    from backoffice.staff.tables import Approval

    async def propose() -> Approval:
        async with acting.office() as desk, desk.database.writing() as session:
            await check_account(session, account)
            rules = rule_for(rules_of(desk.settings), asset, rail)
            return await destinations.add(
                session, desk.actor, rules, account, address, holder, why=acting.why, now_ns=desk.now_ns
            )

    tell(run(propose()), as_json=acting.as_json)


@grouped
def list_destinations(
    *,
    account: Annotated[str | None, typer.Option("--account", metavar="ACCOUNT", help="Whose.")] = None,
    looking: Looking,
) -> None:
    """List destinations."""
    from backoffice.cli.loop import run
    from backoffice.cli.tables import show_table
    from backoffice.payments import destinations
    from backoffice.staff.permissions import Permission

    async def rows() -> list[tuple[Cell, ...]]:
        async with looking.office() as desk, desk.database.reading() as session:
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

    show_table(_HEAD, run(rows()), looking.form)


@grouped
def change(
    destination: DestinationArgument,
    *,
    address: Annotated[str | None, typer.Option("--address", metavar="ADDRESS", help="The new one.")] = None,
    holder: Annotated[str | None, typer.Option("--holder", metavar="NAME", help="Whose address it is.")] = None,
    acting: Acting,
) -> None:
    """Propose another address in the place of one, which is paid to no more, at once.

    What waits to be paid to the old one is cancelled. The new one is approved by a second person, and cools.
    """
    from backoffice.cli.approval import tell
    from backoffice.cli.loop import run
    from backoffice.payments import destinations
    from backoffice.payments.opening import rules_of
    from backoffice.staff.tables import Approval

    async def propose() -> Approval:
        async with acting.office() as desk, desk.database.writing() as session:
            return await destinations.change(
                *(session, desk.actor, rules_of(desk.settings), destination),
                address=address,
                holder=holder,
                why=acting.why,
                now_ns=desk.now_ns,
            )

    tell(run(propose()), as_json=acting.as_json)


@grouped
def remove(
    destination: DestinationArgument,
    acting: Acting,
) -> None:
    """Let a destination not be paid to any more, at once. What waits to be paid to it is cancelled."""
    from backoffice.cli.loop import run
    from backoffice.payments import destinations

    async def take_away() -> None:
        async with acting.office() as desk, desk.database.writing() as session:
            await destinations.remove(session, desk.actor, destination, why=acting.why, now_ns=desk.now_ns)

    run(take_away())
    typer.echo(f"{destination} is removed")
