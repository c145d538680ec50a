"""`fondaco client`: who trades here, from the first draft until the file is closed."""

import typer

from backoffice.cli.client import changing, desk, documents, files, model, particulars, parties, shown, steps, transfers

app = typer.Typer(
    help="Clients: their files, what stands between them and trading, and each step of their way.",
    no_args_is_help=True,
)
app.command("why")(shown.why)
app.command("list")(shown.list_clients)
app.command("show")(shown.show)
app.command("add")(changing.add)
app.command("set")(changing.set_fields)
app.command("import")(files.import_files)
app.command("export")(files.export)
app.add_typer(parties.app, name="party")
app.add_typer(documents.app, name="document")
app.command("submit")(steps.submit)
app.command("screen")(steps.screen)
app.command("risk")(steps.risk)
app.command("review")(steps.review)
app.command("request-information")(steps.request_information)
app.command("answer")(steps.answer)
app.command("approve")(steps.approve)
app.command("reject")(steps.reject)
app.command("reopen")(steps.reopen)
app.command("activate")(steps.activate)
app.command("suspend")(steps.suspend)
app.command("resume")(steps.resume)
app.command("offboard")(steps.offboard)
app.command("close")(steps.close)
app.command("agreement")(desk.agreement)
app.add_typer(particulars.contacts, name="contact")
app.command("tax-id")(particulars.tax_id)
app.command("licence")(particulars.licence)
app.command("note")(desk.note)
app.add_typer(desk.tasks, name="task")
app.add_typer(desk.tickets, name="ticket")
app.command("remind")(desk.remind)
app.add_typer(model.app, name="risk-model")
app.command("identity")(transfers.identity)
app.add_typer(transfers.rule, name="travel-rule")
app.add_typer(transfers.vasps, name="vasp")
