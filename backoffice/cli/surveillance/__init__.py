"""`fondaco surveillance` and `fondaco case`: what is found in trading, and what people make of it."""

import typer

from backoffice.cli.surveillance import alerts, cases

surveillance = typer.Typer(help="What looks like market abuse: found, and shown.", no_args_is_help=True)
surveillance.command("run")(alerts.run_detectors)
surveillance.command("alerts")(alerts.list_alerts)
surveillance.command("show")(alerts.show)

case = typer.Typer(help="What people look into: alerts, notes, and what has come of it.", no_args_is_help=True)
case.command("open")(cases.open_case)
case.command("list")(cases.list_cases)
case.command("show")(cases.show)
case.command("add")(cases.add)
case.command("remove")(cases.remove)
case.command("merge")(cases.merge)
case.command("reopen")(cases.reopen)
case.command("note")(cases.note)
case.command("assign")(cases.assign)
case.command("close")(cases.close)
