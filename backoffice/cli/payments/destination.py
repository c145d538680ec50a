"""`fondaco destination`: where accounts may withdraw to."""

from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.office import Acting, Looking
from backoffice.cli.option_groups import grouped
from backoffice.cli.payments.deposit import AccountOption, AssetOption, RailOption
from backoffice.cli.payments.other_side import (
    BeneficiaryOption,
    ProofOption,
    SelfHostedOption,
    VaspOption,
    holding_of,
)
from backoffice.cli.tables import Cell, Moment

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.staff.tables import Approval

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
    "held at",
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
    vasp: VaspOption = None,
    self_hosted: SelfHostedOption = False,
    proof: ProofOption = "",
    person: BeneficiaryOption = None,
    acting: Acting,
) -> None:
    """Propose a destination. A second person approves it, then it cools before it is paid to.

    For crypto assets say who holds the address as well, with --vasp or --self-hosted: the Travel Rule asks for it.
    """
    from backoffice.cli.approval import propose
    from backoffice.cli.payments.accounts import check_account
    from backoffice.payments import destinations, holders
    from backoffice.payments.opening import rule_for, rules_of

    given = holding_of(vasp, self_hosted=self_hosted, proof=proof, person=person)

    async def step(session: "AsyncSession", desk: "Office") -> "Approval":
        await check_account(session, account)
        rules, who, now_ns = rule_for(rules_of(desk.settings), asset, rail), desk.actor, desk.now_ns
        found = await destinations.enter(session, who, rules, account, address, holder, now_ns=now_ns)
        held = None
        if given is not None:
            held = await holders.enter(session, who, desk.sealer, found, given, now_ns=now_ns)
        return await destinations.propose(session, who, rules, found, held=held, why=acting.why, now_ns=now_ns)

    propose(acting, step)


@grouped
def holder(
    destination: DestinationArgument,
    *,
    vasp: VaspOption = None,
    self_hosted: SelfHostedOption = False,
    proof: ProofOption = "",
    person: BeneficiaryOption = None,
    acting: Acting,
) -> None:
    """Propose who holds a destination that is there, as the Travel Rule asks for; a second person approves it."""
    from backoffice.cli.approval import propose
    from backoffice.cli.failure import CommandFailed
    from backoffice.payments import holders

    given = holding_of(vasp, self_hosted=self_hosted, proof=proof, person=person)
    if given is None:
        raise CommandFailed("say where it is held: --vasp SERVICE, or --self-hosted")

    propose(
        acting,
        lambda session, desk: holders.propose(
            session, desk.actor, desk.sealer, destination, given, why=acting.why, now_ns=desk.now_ns
        ),
    )


@grouped
def list_destinations(
    *,
    account: Annotated[str | None, typer.Option("--account", metavar="ACCOUNT", help="Whose.")] = None,
    looking: Looking,
) -> None:
    """List destinations."""
    from backoffice.cli.tables import show_table
    from backoffice.payments import destinations, holders

    async def rows(session: "AsyncSession", desk: "Office") -> list[tuple[Cell, ...]]:
        held_at = await holders.held_at(session)
        return [
            (
                *(each.name, each.account, each.asset, each.rail, each.address, each.holder),
                *(held_at.get(each.id), each.added_by, each.approved_by),
                destinations.objection(each, desk.now_ns) or "yes",
                Moment(each.removed_ns) if each.removed_ns is not None else None,
            )
            for each in await destinations.listed(session, account)
        ]

    show_table(_HEAD, looking.ask(rows), looking.form)


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
    from backoffice.cli.approval import propose
    from backoffice.payments import destinations
    from backoffice.payments.opening import rules_of

    propose(
        acting,
        lambda session, desk: destinations.change(
            *(session, desk.actor, rules_of(desk.settings), destination),
            address=address,
            holder=holder,
            why=acting.why,
            now_ns=desk.now_ns,
        ),
    )


@grouped
def remove(
    destination: DestinationArgument,
    acting: Acting,
) -> None:
    """Let a destination not be paid to any more, at once. What waits to be paid to it is cancelled."""
    from backoffice.payments import destinations

    acting.carry_out(
        lambda session, desk: destinations.remove(session, desk.actor, destination, why=acting.why, now_ns=desk.now_ns)
    )
    typer.echo(f"{destination} is removed")
