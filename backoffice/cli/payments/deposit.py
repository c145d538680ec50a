"""`fondaco deposit`: where money is to be sent, how what has come in stands, and what people decide about it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.choices import choice
from backoffice.cli.office import Acting, Looking, Seeing
from backoffice.cli.option_groups import grouped
from backoffice.cli.payments.amounts import decimals_of, shown
from backoffice.cli.payments.other_side import ProofOption, SelfHostedOption, VaspOption, check_one, read
from backoffice.cli.tables import Cell, Moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.payments.tables import Deposit
    from backoffice.staff.tables import Approval

AccountOption = Annotated[str, typer.Option("--account", metavar="ACCOUNT", help="Whose.", show_default=False)]
AssetOption = Annotated[str, typer.Option("--asset", metavar="ASSET", help="What.", show_default=False)]
RailOption = Annotated[
    str | None, typer.Option("--rail", metavar="RAIL", help="Over which rail.", show_default="the only one")
]
DepositArgument = Annotated[str, typer.Argument(metavar="DEPOSIT", help="Which one, as in D-1.", show_default=False)]
StateOption = Annotated[
    str | None, typer.Option("--state", metavar="STATE", help="Those in this state.", show_default="any")
]

_HEAD = ("deposit", "account", "asset", "amount", "state", "why", "rail", "reference", "from", "seen", "changed")


@grouped
def address(
    account: AccountOption,
    asset: AssetOption,
    *,
    rail: RailOption = None,
    acting: Acting,
) -> None:
    """Show where an account's deposits of an asset are to be sent; the address is made if there is none."""
    from backoffice.cli.payments.accounts import check_account
    from backoffice.cli.tables import show_fields
    from backoffice.payments import deposits
    from backoffice.payments.opening import rails_of, rule_for, rules_of

    async def give(session: "AsyncSession", desk: "Office") -> dict[str, Cell]:
        rule = rule_for(rules_of(desk.settings), asset, rail)
        await check_account(session, account)
        found = await deposits.give_address(
            *(session, desk.actor, rails_of(desk.settings, desk.data)[rule.rail], account, asset),
            why=acting.why,
            now_ns=desk.now_ns,
        )
        return {"account": account, "asset": asset, "rail": found.rail, "address": found.address}

    show_fields(acting.carry_out(give), acting.form)


@grouped
def list_deposits(
    *,
    account: Annotated[str | None, typer.Option("--account", metavar="ACCOUNT", help="Whose.")] = None,
    state: StateOption = None,
    looking: Looking,
) -> None:
    """List deposits, the newest last."""
    from backoffice.cli.tables import show_table
    from backoffice.payments import deposits
    from backoffice.payments.states import DepositState

    wanted = None if state is None else choice("state", state, DepositState)

    async def rows(session: "AsyncSession", desk: "Office") -> list[tuple[Cell, ...]]:
        decimals = decimals_of(desk.settings)
        return [_row(each, decimals) for each in await deposits.listed(session, account, wanted)]

    show_table(_HEAD, looking.ask(rows), looking.form)


@grouped
def show(deposit: DepositArgument, seeing: Seeing) -> None:
    """Show a deposit, and each step that it has taken."""
    from backoffice.cli.payments.life import life_of, show_life
    from backoffice.payments import deposits

    async def fields(session: "AsyncSession", desk: "Office") -> tuple[dict[str, Cell], list[str]]:
        found = await deposits.find(session, deposit, for_update=False)
        shown_as: dict[str, Cell] = dict(zip(_HEAD, _row(found, decimals_of(desk.settings)), strict=True))
        confirmations = min(found.confirmations, 999_999)
        more: dict[str, Cell] = {
            "address": found.address,
            "confirmations": confirmations,
            "credited by record": found.credited_sequence,
            "in suspense by entry": found.suspense_entry,
            "sent back as": found.sent_back_as,
        }
        return {**shown_as, **more}, await life_of(session, found.subject)

    show_life(*seeing.ask(fields), seeing.form)


@grouped
def assign(
    deposit: DepositArgument,
    account: AccountOption,
    acting: Acting,
) -> None:
    """Say whose a deposit is that came to nobody's address, or is another's. Its release is proposed next, for two."""
    from backoffice.cli.payments.accounts import check_account
    from backoffice.payments import deposits

    async def decide(session: "AsyncSession", desk: "Office") -> None:
        await check_account(session, account)
        found = await deposits.find(session, deposit)
        await deposits.assign(session, desk.actor, found, account, why=acting.why, now_ns=desk.now_ns)

    acting.carry_out(decide)
    typer.echo(f"{deposit} is {account}'s; `fondaco deposit release {deposit}` proposes to credit it")


@grouped
def originator(
    deposit: DepositArgument,
    *,
    vasp: VaspOption = None,
    self_hosted: SelfHostedOption = False,
    proof: ProofOption = "",
    message: Annotated[
        Path | None,
        typer.Option("--message", metavar="FILE", help="Data that came, JSON of IVMS101.2020.", show_default="its own"),
    ] = None,
    acting: Acting,
) -> None:
    """Say where a quarantined deposit comes from, as the Travel Rule asks for, and propose its release.

    Without --message the client has sent it to itself. A second person decides whether it is credited.
    """
    from backoffice.cli.approval import propose
    from backoffice.payments import originating

    check_one(vasp, self_hosted=self_hosted)
    origin = originating.Origin(vasp, proof, None if message is None else read(message))

    propose(
        acting,
        lambda session, desk: originating.complete(
            session, desk.actor, desk.sealer, deposit, origin, why=acting.why, now_ns=desk.now_ns
        ),
    )


@grouped
def release(deposit: DepositArgument, acting: Acting) -> None:
    """Propose to credit a deposit that waits for people; a second person decides."""
    _propose(deposit, acting, credit=True)


@grouped
def send_back(deposit: DepositArgument, acting: Acting) -> None:
    """Propose not to credit a deposit but to send it back, by hand; a second person decides."""
    _propose(deposit, acting, credit=False)


@grouped
def went_back(
    deposit: DepositArgument,
    *,
    reference: Annotated[
        str,
        typer.Option("--reference", metavar="REFERENCE", help="What the rail calls the payment.", show_default=False),
    ],
    acting: Acting,
) -> None:
    """Say by which payment a deposit was sent back, as the rail has booked it; then it is in suspense no more."""
    from backoffice.reconciliation import going_back

    async def decide(session: "AsyncSession", desk: "Office") -> str:
        found = await going_back.went_back(session, desk.actor, deposit, reference, why=acting.why, now_ns=desk.now_ns)
        return f"{found.name} is {found.state}"

    typer.echo(acting.carry_out(decide))


@grouped
def debit(deposit: DepositArgument, acting: Acting) -> None:
    """Propose to take a deposit from its account again, as the rail has taken it back; a second person decides."""
    from backoffice.cli.approval import propose
    from backoffice.payments import deposits

    async def step(session: "AsyncSession", desk: "Office") -> "Approval":
        found = await deposits.find(session, deposit)
        return await deposits.propose_debit(session, desk.actor, found, why=acting.why, now_ns=desk.now_ns)

    propose(acting, step)


def _propose(deposit: str, acting: Acting, *, credit: bool) -> None:
    from backoffice.cli.approval import propose
    from backoffice.payments import deposits

    async def step(session: "AsyncSession", desk: "Office") -> "Approval":
        found = await deposits.find(session, deposit)
        return await deposits.propose_release(
            session, desk.actor, found, credit=credit, why=acting.why, now_ns=desk.now_ns
        )

    propose(acting, step)


def _row(deposit: "Deposit", decimals: "Mapping[str, int]") -> tuple[Cell, ...]:
    return (
        deposit.name,
        deposit.account,
        deposit.asset,
        shown(deposit.amount, deposit.asset, decimals),
        deposit.state,
        deposit.reason,
        deposit.rail,
        deposit.reference,
        deposit.sender,
        Moment(deposit.seen_ns),
        Moment(deposit.changed_ns),
    )
