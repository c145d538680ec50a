"""`fondaco surveillance`: look at trading again, and see what was found."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from backoffice.cli.moments import FromOption, UntilOption
from backoffice.cli.numbers import NUMBER_MAX, CountOption
from backoffice.cli.office import Looking
from backoffice.cli.option_groups import grouped
from backoffice.cli.tables import Cell, Form, Moment

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.surveillance.tables import Alert

HEAD: Final = ("alert", "detector", "subject", "symbol", "from", "until", "case", "rerun by", "summary")


@grouped
def run_detectors(
    *,
    from_ns: FromOption = None,
    until_ns: UntilOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be raised.")] = False,
    looking: Looking,
) -> None:
    """Look at the hours of a time that are over, again if they have been looked at, and raise and list what is new.

    An hour is over as soon as the venue has recorded something after it. It goes by the thresholds of now. What an
    alert tells of already is not raised again.
    """
    from backoffice.cli.loop import run
    from backoffice.cli.progress import bar
    from backoffice.cli.shown import counted
    from backoffice.cli.tables import show_table
    from backoffice.staff.permissions import Permission
    from backoffice.surveillance.looking import Looked, hours_to_look_at, look_again
    from backoffice.surveillance.parameters import parameters_of
    from backoffice.times import HOUR_NS

    async def look() -> Looked:
        async with looking.office() as desk:
            desk.actor.require(Permission.WORK_CASES)
            now_ns = desk.now_ns
            end_ns = now_ns if until_ns is None else until_ns
            parameters = parameters_of(desk.settings.back_office.surveillance)
            hours = ((from_ns or 0) // HOUR_NS, -(-end_ns // HOUR_NS))
            async with desk.database.reading() as session:
                first, end = await hours_to_look_at(session, *hours, parameters)
            with bar("looking at trading", "hours", end - first) as progress:
                return await look_again(
                    *(desk.database, desk.sealer, desk.actor, first, end, now_ns),
                    day_ends=desk.settings.venue.trading_day_ends,
                    parameters=parameters,
                    is_dry=dry_run,
                    progress=progress,
                )

    looked = run(look())
    new = (
        f"{counted(len(looked.alerts), 'alert')} would be new" if dry_run else counted(len(looked.alerts), "new alert")
    )
    note = f"{counted(looked.hours, 'hour')} looked at; {new}."
    rows = [(None, *row_of(alert)[1:]) if dry_run else row_of(alert) for alert in looked.alerts]
    show_table(HEAD, rows, looking.form, note=note)


@grouped
def list_alerts(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Those in cases too.")] = False,
    count: CountOption = 100,
    looking: Looking,
) -> None:
    """List alerts that nobody has looked into yet, the newest last."""
    from backoffice.cli.tables import show_table
    from backoffice.staff.permissions import Permission
    from backoffice.surveillance import cases

    async def rows(session: "AsyncSession", _desk: "Office") -> list[tuple[Cell, ...]]:
        return [row_of(each) for each in await cases.alerts_listed(session, count=count, in_cases_too=everything)]

    show_table(HEAD, looking.ask(rows, Permission.SEE_CASES), looking.form, last=count)


@grouped
def show(
    alert: Annotated[str, typer.Argument(metavar="ALERT", help="Which one, as in AL-1.", show_default=False)],
    steps: Annotated[
        int, typer.Option("--steps", metavar="N", min=1, max=NUMBER_MAX, help="How much of its timeline.")
    ] = 200,
    *,
    looking: Looking,
) -> None:
    """Show an alert with what it was seen by: figures, thresholds, orders and trades, and what became of the orders.

    Each step names its record of the journal, which `fondaco journal dump` shows.
    """
    from backoffice.cli.report.trading import EXECUTIONS, execution_row
    from backoffice.cli.surveillance.evidence import Evidence
    from backoffice.cli.tables import named, show_fields, show_table
    from backoffice.reports.market import market_of
    from backoffice.staff.permissions import Permission
    from backoffice.surveillance import cases
    from backoffice.surveillance.timeline import timeline

    async def found_with_steps(session: "AsyncSession", desk: "Office") -> tuple[dict[str, Any], list[Sequence[Cell]]]:
        found = await cases.find_alert(session, alert)
        shown: dict[str, Any] = dict(zip(HEAD, row_of(found), strict=True))
        shown["raised"] = Moment(found.raised_ns)
        shown["parameters"] = found.parameters
        evidence = await cases.evidence_shown(session, desk.sealer, desk.actor, found)
        desk.disclosure.permits("names of owners", *(f"client/{each['client']}" for each in evidence.get("owners", [])))
        market = await market_of(session)
        said = Evidence(market, found.symbol)
        for name, what in evidence.items():
            shown[name] = what if looking.form is Form.JSON else said.lines(name, what)
        records = await timeline(session, found, steps)
        return shown, [execution_row(each.order, each.execution, market) for each in records]

    shown, rows = looking.ask(found_with_steps, Permission.SEE_CASES)
    if looking.form is Form.JSON:
        shown["timeline"] = [named(EXECUTIONS, row) for row in rows]
    show_fields(shown, looking.form)
    if looking.form is Form.PEOPLE:
        typer.echo()
        show_table(EXECUTIONS, rows, looking.form)


def row_of(alert: "Alert") -> tuple[Cell, ...]:
    """Return an alert in the columns of `HEAD`."""
    return (
        *(alert.name, alert.detector, alert.subject, alert.symbol),
        *(Moment(alert.from_ns), Moment(alert.until_ns)),
        *(f"CS-{alert.case_id}" if alert.case_id is not None else None, alert.rerun_by, alert.summary),
    )
