"""`fondaco transfer`: money of the house, from one of its accounts to another. Who asks for it never approves it."""

from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.choices import choice
from backoffice.cli.numbers import CountOption
from backoffice.cli.office import Acting, Looking, Seeing
from backoffice.cli.option_groups import grouped
from backoffice.cli.payments.amounts import amount_of, shown
from backoffice.cli.tables import Cell, Moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.ledger.chart import Kind
    from backoffice.ledger.tables import HouseTransfer
    from backoffice.staff.tables import Approval

app = typer.Typer(
    help="Money of the house, moved between its own accounts: asked for by one, posted when another approves.",
    no_args_is_help=True,
)

TransferArgument = Annotated[str, typer.Argument(metavar="TRANSFER", help="Which one, as in H-1.", show_default=False)]

_HEAD = ("transfer", "from", "to", "asset", "amount", "state", "why", "key", "asked by", "approved by", "at", "changed")


@app.command()
@grouped
def request(
    source: Annotated[
        str, typer.Option("--from", metavar="ACCOUNT", help="From this account of the house.", show_default=False)
    ],
    target: Annotated[
        str, typer.Option("--to", metavar="ACCOUNT", help="To this account of the house.", show_default=False)
    ],
    asset: Annotated[str, typer.Option("--asset", metavar="ASSET", help="What.", show_default=False)],
    amount: Annotated[str, typer.Option("--amount", metavar="AMOUNT", help="How much.", show_default=False)],
    *,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="It is asked for once under this key: the rail's reference of the movement, if there is one.",
            show_default="none: each request is another",
        ),
    ] = None,
    acting: Acting,
) -> None:
    """Ask for a transfer between accounts of the house; `fondaco transfer moves` shows which there are."""
    from backoffice.cli.approval import tell
    from backoffice.ledger.balances import decimals_of
    from backoffice.ledger.house_transfers import Wanted
    from backoffice.ledger.house_transfers import request as ask

    async def step(session: "AsyncSession", desk: "Office") -> "tuple[HouseTransfer, Approval | None]":
        units = amount_of(amount, asset, await decimals_of(session))
        wanted = Wanted(_account(source), _account(target), asset, units, key)
        return await ask(session, desk.actor, wanted, why=acting.why, now_ns=desk.now_ns)

    transfer, approval = acting.carry_out(step)
    if approval is None:
        typer.echo(f"{transfer.name} has been asked for under this key already, and is {transfer.state}", err=True)
        return
    tell(approval, as_json=acting.as_json)


@app.command()
@grouped
def reverse(transfer: TransferArgument, acting: Acting) -> None:
    """Propose to take back a transfer that was posted; a second person decides."""
    from backoffice.cli.approval import propose
    from backoffice.ledger.house_transfers import propose_reversal

    propose(
        acting,
        lambda session, desk: propose_reversal(session, desk.actor, transfer, why=acting.why, now_ns=desk.now_ns),
    )


@app.command("list")
@grouped
def list_transfers(
    *,
    asset: Annotated[str | None, typer.Option("--asset", metavar="ASSET", help="Of this asset.")] = None,
    state: Annotated[
        str | None,
        typer.Option("--state", metavar="STATE", help="Those in this state.", show_default="any"),
    ] = None,
    count: CountOption = 100,
    looking: Looking,
) -> None:
    """List transfers of the house, the newest last."""
    from backoffice.cli.tables import show_table
    from backoffice.ledger.balances import decimals_of
    from backoffice.ledger.house_transfers import State, listed

    wanted = None if state is None else choice("state", state, State)

    async def rows(session: "AsyncSession", _desk: "Office") -> list[tuple[Cell, ...]]:
        decimals = await decimals_of(session)
        return [_row(each, decimals) for each in await listed(session, asset, wanted, count)]

    show_table(_HEAD, looking.ask(rows), looking.form, last=count)


@app.command()
@grouped
def show(transfer: TransferArgument, seeing: Seeing) -> None:
    """Show a transfer, its entries in the books, and each step that it has taken."""
    from backoffice.cli.payments.life import life_of, show_life
    from backoffice.ledger.balances import decimals_of
    from backoffice.ledger.chart import Kind
    from backoffice.ledger.house_transfers import entries_of, find
    from backoffice.ledger.moves import meaning_of

    async def fields(session: "AsyncSession", _desk: "Office") -> tuple[dict[str, Cell], list[str]]:
        found = await find(session, transfer, for_update=False)
        shown_as: dict[str, Cell] = dict(zip(_HEAD, _row(found, await decimals_of(session)), strict=True))
        entries = ", ".join(f"{entry.id} {entry.kind}" for entry in await entries_of(session, found))
        more: dict[str, Cell] = {"means": meaning_of(Kind(found.source), Kind(found.target)), "entries": entries}
        return {**shown_as, **more}, await life_of(session, found.subject)

    show_life(*seeing.ask(fields), seeing.form)


@app.command()
def moves() -> None:
    """Show what may be moved between accounts of the house, and what it means."""
    from backoffice.cli.tables import Form, show_table
    from backoffice.ledger.moves import MOVES

    show_table(("from", "to", "means"), [(*pair, meaning) for pair, meaning in MOVES.items()], Form.PEOPLE)


def _account(name: str) -> "Kind":
    from backoffice.cli.failure import CommandFailed
    from backoffice.ledger.chart import Kind

    if name not in set(Kind):
        raise CommandFailed(f"{name}: no account of the house; `fondaco transfer moves` shows which there are")
    return Kind(name)


def _row(transfer: "HouseTransfer", decimals: "Mapping[str, int]") -> tuple[Cell, ...]:
    return (
        *(transfer.name, transfer.source, transfer.target, transfer.asset),
        *(shown(transfer.amount, transfer.asset, decimals), transfer.state, transfer.reason, transfer.key),
        *(transfer.requested_by, transfer.approved_by, Moment(transfer.requested_ns), Moment(transfer.changed_ns)),
    )
