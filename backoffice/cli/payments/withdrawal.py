"""`fondaco withdrawal`: money that goes out. Who asks for it never approves it: that is another's."""

from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.choices import choice
from backoffice.cli.office import Acting, Looking, Seeing
from backoffice.cli.option_groups import grouped
from backoffice.cli.payments.amounts import amount_of, decimals_of, shown
from backoffice.cli.payments.deposit import StateOption
from backoffice.cli.tables import Cell, Moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.payments.tables import Withdrawal

WithdrawalArgument = Annotated[
    str, typer.Argument(metavar="WITHDRAWAL", help="Which one, as in W-1.", show_default=False)
]

_HEAD = ("withdrawal", "account", "asset", "amount", "to", "state", "why", "approval", "asked by", "at", "changed")


@grouped
def request(
    destination: Annotated[str, typer.Argument(metavar="DESTINATION", help="Where to, as in T-1.", show_default=False)],
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="How much, as in 250.75.", show_default=False)],
    acting: Acting,
) -> None:
    """Ask for a withdrawal. The venue holds the funds, asks the rules, and waits for others to approve it."""
    from backoffice.cli.tables import show_fields
    from backoffice.payments import destinations, withdrawals

    async def ask(session: "AsyncSession", desk: "Office") -> dict[str, Cell]:
        asset = (await destinations.find(session, destination)).asset
        decimals = decimals_of(desk.settings)
        found = await withdrawals.request(
            *(session, desk.actor, destination, amount_of(amount, asset, decimals)),
            why=acting.why,
            now_ns=desk.now_ns,
        )
        return dict(zip(_HEAD, _row(found, decimals), strict=True))

    show_fields(acting.carry_out(ask), acting.form)


@grouped
def list_withdrawals(
    *,
    account: Annotated[str | None, typer.Option("--account", metavar="ACCOUNT", help="Whose.")] = None,
    state: StateOption = None,
    looking: Looking,
) -> None:
    """List withdrawals, the newest last."""
    from backoffice.cli.tables import show_table
    from backoffice.payments import withdrawals
    from backoffice.payments.states import WithdrawalState

    wanted = None if state is None else choice("state", state, WithdrawalState)

    async def rows(session: "AsyncSession", desk: "Office") -> list[tuple[Cell, ...]]:
        decimals = decimals_of(desk.settings)
        return [_row(each, decimals) for each in await withdrawals.listed(session, account, wanted)]

    show_table(_HEAD, looking.ask(rows), looking.form)


@grouped
def show(withdrawal: WithdrawalArgument, seeing: Seeing) -> None:
    """Show a withdrawal, and each step that it has taken."""
    from backoffice.cli.payments.life import life_of, show_life
    from backoffice.payments import withdrawals

    async def fields(session: "AsyncSession", desk: "Office") -> tuple[dict[str, Cell], list[str]]:
        found = await withdrawals.find(session, withdrawal, for_update=False)
        decimals = decimals_of(desk.settings)
        shown_as: dict[str, Cell] = dict(zip(_HEAD, _row(found, decimals), strict=True))
        more: dict[str, Cell] = {
            "rail": found.rail,
            "number on the rail": found.number,
            "the rail says": found.outcome,
            "fee of the rail": shown(found.fee, found.asset, decimals),
            "ended by record": found.ended_sequence,
            "in suspense by entry": found.suspense_entry,
        }
        return {**shown_as, **more}, await life_of(session, found.subject)

    show_life(*seeing.ask(fields), seeing.form)


@grouped
def cancel(withdrawal: WithdrawalArgument, acting: Acting) -> None:
    """Call a withdrawal off, before it is sent. The funds are available again."""
    from backoffice.payments import withdrawals

    acting.carry_out(
        lambda session, desk: withdrawals.cancel(session, desk.actor, withdrawal, why=acting.why, now_ns=desk.now_ns)
    )
    typer.echo(f"{withdrawal} is called off")


@grouped
def resolve(
    withdrawal: WithdrawalArgument,
    is_paid: Annotated[
        bool,
        typer.Option("--paid/--not-paid", help="What the rail says when asked by other means.", show_default=False),
    ],
    acting: Acting,
) -> None:
    """Say what has become of an uncertain withdrawal; a second person must agree. It is not sent again.

    Of one that is recalled: that the rail will not pay it any more. Then the account is given the funds back.
    """
    from backoffice.cli.approval import propose
    from backoffice.payments import withdrawals

    propose(
        acting,
        lambda session, desk: withdrawals.propose_outcome(
            session, desk.actor, withdrawal, is_paid=is_paid, why=acting.why, now_ns=desk.now_ns
        ),
    )


def _row(withdrawal: "Withdrawal", decimals: "Mapping[str, int]") -> tuple[Cell, ...]:
    return (
        withdrawal.name,
        withdrawal.account,
        withdrawal.asset,
        shown(withdrawal.amount, withdrawal.asset, decimals),
        f"T-{withdrawal.destination_id}",
        withdrawal.state,
        withdrawal.reason,
        withdrawal.approval,
        withdrawal.requested_by,
        Moment(withdrawal.requested_ns),
        Moment(withdrawal.changed_ns),
    )
