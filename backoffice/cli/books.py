"""`fondaco books`: what the books say, whether it is so, and everything derived again from the journal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.moments import SinceOption
from backoffice.cli.office import Coming, Looking
from backoffice.cli.option_groups import grouped
from backoffice.cli.payments.amounts import shown
from backoffice.cli.report.options import LookingBack, record_of, since_record
from backoffice.cli.tables import Cell

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.moments import AsOf
    from backoffice.cli.office import Office
    from backoffice.ledger.verifying import AssetCheck, Check
    from backoffice.projector.rebuilding import TableCheck
    from backoffice.projector.tables import Position
    from backoffice.reconciliation.tables import Break
    from engine.state import State

TRIAL_BALANCE = ("asset", "side", "account", "debit", "credit")
ACCOUNT = ("asset", "account", "record", "entry", "amount", "balance")

app = typer.Typer(help="The books: accounts, postings, and the proof that they are right.", no_args_is_help=True)


@app.command()
@grouped
def verify(looking: Looking) -> None:
    """Prove the books, at the last record that they have: against the engine, replayed to it, and against themselves.

    Status 0 if all is well; else the first difference of each check, and status 1.
    """
    from backoffice.cli.failure import CommandFailed
    from backoffice.cli.tables import Form, show_table

    sequence, assets, checks, decimals = looking.ask(_verified)
    if looking.form is Form.PEOPLE:
        rows: list[list[Cell]] = [
            [
                each.asset,
                *(shown(amount, each.asset, decimals) for amount in (each.came_in, each.clients, each.fees)),
                each.is_sound,
            ]
            for each in assets
        ]
        show_table(("asset", "deposits less withdrawals", "clients", "fees", "is sound"), rows, looking.form)
        typer.echo("")
    show_table(
        ("compared", "what", "difference"),
        [[check.compared, check.what, check.flaw or None] for check in checks],
        looking.form,
        note=f"At record {sequence:,}.",
    )
    flaws = [check.flaw for check in checks if check.flaw]
    if flaws:
        raise CommandFailed(f"the books are not right: {flaws[0]}")


async def _verified(
    session: "AsyncSession", opened: "Office"
) -> "tuple[int, list[AssetCheck], list[Check], dict[str, int]]":
    from backoffice.ledger.balances import decimals_of
    from backoffice.ledger.verifying import (
        check_assets,
        check_chain,
        check_clients,
        check_of_assets,
        check_trial_balance,
    )
    from backoffice.projector.as_of import position_of

    position = await position_of(session)
    state = _replayed(opened, position)
    assets = await check_assets(session, state)
    checks = [
        check_of_assets(assets),
        await check_clients(session, state),
        await check_trial_balance(session),
        *await check_chain(session),
    ]
    return position.sequence, assets, checks, await decimals_of(session)


def _replayed(opened: "Office", position: "Position") -> "State":
    """Return the engine's state at the record that the database has reached. Raise `Conflict` at another journal."""
    from backoffice.cli.replaying import progress_bar
    from backoffice.ledger.engine_state import state_at
    from backoffice.projector.source import check_files

    check_files(opened.data, position)
    with progress_bar(opened.data) as progress:
        return state_at(opened.data, position.sequence, progress=progress)


@app.command()
@grouped
def reconcile(looking: Looking) -> None:
    """Compare what rails have booked, payments, the books and the engine, keep what does not agree, and show it.

    Status 0 if nothing is open and every rail has told; else status 1. `fondaco break` shows and resolves. For who may
    resolve breaks; what it found is in the audit trail.
    """
    from backoffice.cli.breaks import HEAD, row_of
    from backoffice.cli.failure import CommandFailed
    from backoffice.cli.loop import run
    from backoffice.cli.tables import show_table

    async def reconciled() -> "tuple[list[list[Cell]], dict[str, str]]":
        async with looking.office() as opened:
            silent, found, decimals = await _reconciled(opened)
            return [row_of(each, decimals, opened.now_ns, looking.form) for each in found], silent

    rows, silent = run(reconciled())
    show_table(HEAD, rows, looking.form)
    if silent:
        told = "; ".join(f"{rail}: {reason}" for rail, reason in silent.items())
        raise CommandFailed(f"not all rails tell what they have booked: {told}")
    if rows:
        raise CommandFailed(f"breaks that are open: {len(rows)}; `fondaco break show {rows[0][0]}` has more of one")


async def _reconciled(opened: "Office") -> "tuple[dict[str, str], list[Break], dict[str, int]]":
    from backoffice.ledger.balances import decimals_of
    from backoffice.payments.opening import rails_of
    from backoffice.projector.as_of import position_of
    from backoffice.reconciliation.breaks import open_at
    from backoffice.reconciliation.reconciling import reconcile as compare
    from backoffice.staff.permissions import Permission

    opened.actor.require(Permission.RESOLVE_BREAKS)
    async with opened.database.reading() as session:
        position = await position_of(session)
    state = _replayed(opened, position)
    rails = rails_of(opened.settings, opened.data)
    result = await compare(opened.database, rails, opened.now_ns, (state, position.sequence), opened.actor)
    async with opened.database.reading() as session:
        return result.silent, await open_at(session, opened.now_ns), await decimals_of(session)


@app.command("trial-balance")
@grouped
def trial_balance(*, since: SinceOption = None, looking: LookingBack) -> None:
    """Show the balance of each kind of account in each asset: debits, credits, and that they are the same.

    With --since also what it was then and how it has changed, credits above zero.
    """
    from backoffice.cli.tables import show_table

    async def rows(session: "AsyncSession", sequence: int, decimals: dict[str, int]) -> list[list[Cell]]:
        from backoffice.ledger.balances import sums_by_kind
        from backoffice.ledger.chart import SIDES, Kind

        before = await since_record(session, since, sequence)
        sums = await sums_by_kind(session, sequence, _time(looking.as_of))
        then = {} if before is None else await sums_by_kind(session, before, _time(since))
        found: list[list[Cell]] = []
        for asset in decimals:
            debit = credit = 0
            for kind in Kind:
                amount, was = sums.get((asset, kind), 0), then.get((asset, kind), 0)
                debit, credit = debit + max(-amount, 0), credit + max(amount, 0)
                if amount or was:
                    sides = [shown(side, asset, decimals) if side > 0 else None for side in (-amount, amount)]
                    changed = [] if before is None else [shown(each, asset, decimals) for each in (was, amount - was)]
                    found.append([asset, str(SIDES[kind]), str(kind), *sides, *changed])
            ends = [shown(debit, asset, decimals), shown(credit, asset, decimals)]
            found.append([asset, "", "total", *ends, *([] if before is None else [None, None])])
        return found

    found, sequence = _read(looking, rows)
    head = (*TRIAL_BALANCE, *(() if since is None else ("before", "change")))
    show_table(head, found, looking.form, note=f"After record {sequence:,}.")


@app.command()
@grouped
def account(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A client's account, or `house`.", show_default=False)],
    *,
    asset: Annotated[
        str | None, typer.Option("--asset", metavar="ASSET", help="Of this asset.", show_default="all")
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, max=1_000_000, help="The last so many of each.")] = 20,
    looking: LookingBack,
) -> None:
    """Show the latest postings on an account, with the balance after each; for the house, debits are below zero."""
    from backoffice.cli.tables import show_table

    async def rows(session: "AsyncSession", sequence: int, decimals: dict[str, int]) -> list[list[Cell]]:
        from backoffice.errors import NotFound
        from backoffice.ledger.balances import balances, postings

        whose = "" if name == "house" else name
        at_ns = _time(looking.as_of)
        accounts = await balances(session, sequence, at_ns=at_ns, account=whose, asset=asset)
        if not accounts:
            raise NotFound(
                f"account {name}: there is nothing in the books of that name, and asset if one was given; "
                "`report balances` shows clients', and what is the house's is under the name `house`"
            )
        return [
            [
                row.asset,
                row.kind,
                posting.sequence,
                posting.entry or None,
                shown(posting.amount, row.asset, decimals),
                shown(posting.balance, row.asset, decimals),
            ]
            for row, _ in accounts
            for posting in await postings(session, row, through=sequence, count=count, at_ns=at_ns)
        ]

    found, sequence = _read(looking, rows)
    show_table(ACCOUNT, found, looking.form, note=f"After record {sequence:,}.")


@app.command()
@grouped
def export(
    *,
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="beancount.")] = "beancount",
    coming: Coming,
) -> None:
    """Print all the books as plain text for another program: `bean-check` proves them once more."""
    from backoffice.ledger.beancount import beancount_of

    if form != "beancount":
        raise typer.BadParameter(f"{form!r} is not known; use beancount")

    async def printed(session: "AsyncSession", _opened: "Office") -> None:
        async for line in beancount_of(session):
            typer.echo(line)

    coming.ask(printed)


@app.command()
@grouped
def rebuild(looking: Looking) -> None:
    """Derive everything again from the journal, beside what is there, and compare the two row by row.

    Status 0 if they are the same; else the first row of each table that differs, and status 1. Nothing is changed.
    What an older version took in may differ though nothing is wrong: spec/books.md tells how.
    """
    from backoffice.cli.failure import CommandFailed
    from backoffice.cli.loop import run
    from backoffice.cli.tables import show_table

    async def rebuilt() -> "tuple[int, list[TableCheck]]":
        async with looking.office() as opened:
            return await _rebuilt(opened)

    sequence, checks = run(rebuilt())
    show_table(
        ("table", "rows", "hash", "difference"),
        [[check.table, check.rows, check.hash[:16], check.flaw or None] for check in checks],
        looking.form,
        note=f"Through record {sequence:,}.",
    )
    flaws = [f"{check.table} {check.flaw}" for check in checks if check.flaw]
    if flaws:
        after_an_upgrade = "what an older version took in may differ, as spec/books.md tells"
        raise CommandFailed(f"the database is not what follows from the journal: {flaws[0]}; {after_an_upgrade}")


async def _rebuilt(opened: "Office") -> "tuple[int, list[TableCheck]]":
    from tempfile import TemporaryDirectory

    from backoffice.cli.replaying import progress_bar
    from backoffice.database import Database
    from backoffice.database.database import address_of
    from backoffice.projector.rebuilding import rebuild as derive_again
    from backoffice.staff.permissions import Permission

    opened.actor.require(Permission.SEE_RECORDS)
    with TemporaryDirectory(prefix="rebuild-", dir=opened.data) as scratch, progress_bar(opened.data) as progress:
        async with Database(address_of("sqlite:///rebuilt.sqlite", Path(scratch))) as fresh:
            return await derive_again(opened.database, opened.data, fresh, progress)


def _read(
    looking: LookingBack, rows: "Callable[[AsyncSession, int, dict[str, int]], Awaitable[list[list[Cell]]]]"
) -> "tuple[list[list[Cell]], int]":
    """Return rows as of a record, and which it is."""
    from backoffice.ledger.balances import decimals_of

    async def read(session: "AsyncSession", _opened: "Office") -> "tuple[list[list[Cell]], int]":
        sequence = await record_of(session, looking.as_of)
        return await rows(session, sequence, await decimals_of(session)), sequence

    return looking.ask(read)


def _time(moment: "AsOf | None") -> int | None:
    """Return the time that is meant, None if it is now, or a record with all that stands after it."""
    return None if moment is None else moment.time_ns
