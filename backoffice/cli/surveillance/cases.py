"""`fondaco case`: look into alerts, note down what is found, and say what has come of it."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from backoffice.cli.numbers import CountOption
from backoffice.cli.office import Acting, Looking, Seeing
from backoffice.cli.option_groups import grouped
from backoffice.cli.tables import Cell, Form, Moment

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office, Step
    from backoffice.staff.tables import Approval
    from backoffice.surveillance.tables import Case

CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="Which one, as in CS-1.", show_default=False)]

_HEAD: Final = (
    *("case", "state", "assignee", "disposition", "opened by", "opened", "changed", "closed by"),
    *("approved by", "merged into"),
)


@grouped
def open_case(
    alert: Annotated[
        list[str] | None, typer.Option("--alert", metavar="ALERT", help="Of this alert; several times for several.")
    ] = None,
    *,
    acting: Acting,
) -> None:
    """Open a case, of alerts or of what came to your ears."""
    from backoffice.surveillance import cases

    _change(
        acting,
        lambda session, desk: cases.open_case(session, desk.actor, alert or [], why=acting.why, now_ns=desk.now_ns),
    )


@grouped
def list_cases(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Those that are closed too.")] = False,
    count: CountOption = 100,
    looking: Looking,
) -> None:
    """List cases, the newest last."""
    from backoffice.cli.tables import show_table
    from backoffice.staff.permissions import Permission
    from backoffice.surveillance import cases

    async def rows(session: "AsyncSession", _desk: "Office") -> list[tuple[Cell, ...]]:
        return [_row(each) for each in await cases.listed(session, count=count, closed_too=everything)]

    show_table(_HEAD, looking.ask(rows, Permission.SEE_CASES), looking.form, last=count)


@grouped
def show(case: CaseArgument, looking: Looking) -> None:
    """Show a case: its alerts, its notes, and each step that it has taken.

    Notes are for those who work on cases; others see that there are some.
    """
    from backoffice.cli.payments.life import life_of
    from backoffice.cli.shown import time_text
    from backoffice.cli.tables import show_fields
    from backoffice.staff.permissions import Permission
    from backoffice.surveillance import cases

    async def fields(session: "AsyncSession", desk: "Office") -> dict[str, Any]:
        found = await cases.find(session, case, for_update=False)
        shown: dict[str, Any] = dict(zip(_HEAD, _row(found), strict=True))
        alerts = await cases.alerts_of(session, found)
        shown["alerts"] = [f"{alert.name}  {alert.detector}: {alert.summary}" for alert in alerts]
        shown["merged from"] = [merged.name for merged in await cases.merged_of(session, found)]
        notes = await cases.notes_of(session, found)
        desk.disclosure.permits("notes", *([found.subject] if notes else []), needs=Permission.WORK_CASES)
        shown["notes"] = [
            f"{time_text(each.time_ns)}  {each.author}: {cases.text_of(desk.actor, desk.sealer, each)}"
            for each in notes
        ]
        shown["steps"] = await life_of(session, found.subject)
        return shown

    show_fields(looking.ask(fields, Permission.SEE_CASES), looking.form)


@grouped
def note(
    case: CaseArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What you have found out.", show_default=False)],
    seeing: Seeing,
) -> None:
    """Note something down in a case, for good; sealed, for those who work on cases."""
    from backoffice.surveillance import cases

    async def step(session: "AsyncSession", desk: "Office") -> "Case":
        await cases.note(session, desk.actor, desk.sealer, case, text, now_ns=desk.now_ns)
        return await cases.find(session, case)

    _tell(seeing.carry_out(step), as_json=seeing.as_json)


@grouped
def add(
    case: CaseArgument,
    alerts: Annotated[list[str], typer.Argument(metavar="ALERT...", help="Which ones, as in AL-1.")],
    acting: Acting,
) -> None:
    """Let a case that is being worked on have more alerts."""
    from backoffice.surveillance import cases

    _change(
        acting,
        lambda session, desk: cases.add_alerts(session, desk.actor, case, alerts, why=acting.why, now_ns=desk.now_ns),
    )


@grouped
def remove(
    case: CaseArgument,
    alert: Annotated[str, typer.Argument(metavar="ALERT", help="Which one, as in AL-1.", show_default=False)],
    acting: Acting,
) -> None:
    """Take an alert out of a case; it waits for somebody to look into it again."""
    from backoffice.surveillance import cases

    _change(
        acting,
        lambda session, desk: cases.remove_alert(session, desk.actor, case, alert, why=acting.why, now_ns=desk.now_ns),
    )


@grouped
def merge(
    case: CaseArgument,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The case in which it goes on.", show_default=False)],
    acting: Acting,
) -> None:
    """Let a case go on in another one, with its alerts and notes."""
    from backoffice.surveillance import cases

    _change(
        acting, lambda session, desk: cases.merge(session, desk.actor, case, into, why=acting.why, now_ns=desk.now_ns)
    )


@grouped
def reopen(case: CaseArgument, acting: Acting) -> None:
    """Look into a closed case again, with its alerts and notes. Nobody has it then."""
    from backoffice.surveillance import cases

    _change(acting, lambda session, desk: cases.reopen(session, desk.actor, case, why=acting.why, now_ns=desk.now_ns))


@grouped
def assign(
    case: CaseArgument,
    assignee: Annotated[str, typer.Argument(metavar="USER", help="Who of the staff is to have it.")],
    acting: Acting,
) -> None:
    """Let somebody have a case."""
    from backoffice.surveillance import cases

    _change(
        acting,
        lambda session, desk: cases.assign(session, desk.actor, case, assignee, why=acting.why, now_ns=desk.now_ns),
    )


@grouped
def close(
    case: CaseArgument,
    disposition: Annotated[
        str,
        typer.Argument(
            metavar="DISPOSITION",
            help="What has come of it: no-action, warned, restricted or reported.",
            show_default=False,
        ),
    ],
    acting: Acting,
) -> None:
    """Say what has come of a case that is yours, and close it. For no-action a second person must approve."""
    from backoffice.cli.approval import tell
    from backoffice.surveillance import cases
    from backoffice.surveillance.states import DISPOSITIONS, Disposition

    known = [each.value for each in DISPOSITIONS]
    if disposition not in known:
        raise typer.BadParameter(f"{disposition!r} is no disposition; choose from: {', '.join(known)}")

    async def step(session: "AsyncSession", desk: "Office") -> "tuple[Case, Approval | None]":
        asked = await cases.close(
            *(session, desk.actor, case, Disposition(disposition)), why=acting.why, now_ns=desk.now_ns
        )
        return await cases.find(session, case), asked

    closed, approval = acting.carry_out(step)
    if approval is None:
        _tell(closed, as_json=acting.as_json)
    else:
        tell(approval, as_json=acting.as_json)


def _change(acting: Acting, step: "Step[Case]") -> None:
    _tell(acting.carry_out(step), as_json=acting.as_json)


def _tell(case: "Case", *, as_json: bool) -> None:
    """Print how a case stands."""
    from backoffice.cli.tables import show_fields

    if as_json:
        show_fields(dict(zip(_HEAD, _row(case), strict=True)), Form.JSON)
        return
    whose = f", {case.assignee} has it" if case.assignee else ""
    what = f": {case.disposition}" if case.disposition else ""
    typer.echo(f"{case.name} is {case.state}{what}{whose}")


def _row(case: "Case") -> tuple[Cell, ...]:
    return (
        *(case.name, case.state, case.assignee, case.disposition, case.opened_by),
        *(Moment(case.opened_ns), Moment(case.changed_ns), case.closed_by, case.approved_by),
        f"CS-{case.merged_into}" if case.merged_into is not None else None,
    )
