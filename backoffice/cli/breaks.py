"""`fondaco break`: what rails, payments, the books and the engine do not agree on, and what is said to it."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from backoffice.cli.office import Acting, Seeing
from backoffice.cli.option_groups import grouped
from backoffice.cli.tables import Cell, Form, Moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.reconciliation.tables import Break

app = typer.Typer(
    help="What rails, payments, the books and the engine do not agree on; `fondaco report breaks` lists it by age.",
    no_args_is_help=True,
)

BreakArgument = Annotated[str, typer.Argument(metavar="BREAK", help="Which one, as in B-1.", show_default=False)]

HEAD: Final = (
    *("break", "kind", "subject", "asset", "here", "here amount", "there", "there amount"),
    *("difference", "first seen", "age"),
)


@app.command()
@grouped
def show(break_name: BreakArgument, seeing: Seeing) -> None:
    """Show a break: how it stands here and there, since when, and what has become of it."""
    from backoffice.cli.payments.life import life_of, show_life
    from backoffice.ledger.balances import decimals_of
    from backoffice.reconciliation.breaks import find
    from backoffice.reconciliation.found import MEANINGS, Kind

    form = seeing.form

    async def fields(session: "AsyncSession", desk: "Office") -> tuple[dict[str, Cell], list[str]]:
        found = await find(session, break_name, for_update=False)
        until = found.resolved_ns or desk.now_ns
        row = row_of(found, await decimals_of(session), until, form)
        more: dict[str, Cell] = {
            "means": MEANINGS[Kind(found.kind)],
            "rail": found.rail or None,
            "last seen": Moment(found.last_seen_ns),
            "state": found.state,
            "resolved by": found.resolved_by,
            "resolved": None if found.resolved_ns is None else Moment(found.resolved_ns),
            "reason": found.reason or None,
        }
        return {**dict(zip(HEAD, row, strict=True)), **more}, await life_of(session, f"break/{found.name}")

    show_life(*seeing.ask(fields), form)


@app.command()
@grouped
def resolve(break_name: BreakArgument, acting: Acting) -> None:
    """Say why a difference may stay, or what was done about it. If it changes it is a break anew."""
    from backoffice.cli.shown import tell
    from backoffice.reconciliation.breaks import resolve as settle

    found = acting.carry_out(
        lambda session, desk: settle(session, desk.actor, break_name, why=acting.why, now_ns=desk.now_ns)
    )
    facts = {"break": found.name, "state": found.state, "resolved_by": found.resolved_by}
    tell(f"{found.name} is resolved", facts, as_json=acting.as_json)


def row_of(found: "Break", decimals: "Mapping[str, int]", now_ns: int, form: Form) -> list[Cell]:
    """Return a break as a row under `HEAD`. People get its age in words, programs in seconds."""
    from backoffice.cli.payments.amounts import shown
    from backoffice.cli.report.printing import age

    def amount(units: int | None) -> Cell:
        return None if units is None else shown(units, found.asset, decimals)

    here, there, since = found.here_amount, found.there_amount, found.first_seen_ns
    return [
        *(found.name, found.kind, found.subject, found.asset),
        *(found.here, amount(here), found.there, amount(there), amount((there or 0) - (here or 0))),
        Moment(since),
        age(since, now_ns, form),
    ]
