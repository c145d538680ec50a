"""`fondaco session`: the FIX sessions of a running venue, made, changed and ended while others trade."""

import typer

from backoffice.cli.session import credentials, life, sequences, setup, shown

app = typer.Typer(
    help="See the FIX sessions of a running venue, and set them up. Each change is on record and holds at once; "
    "where the back office has staff, it needs the role operations, and is in the audit trail too; sessions of clients "
    "are then for two people: `fondaco access`.",
    no_args_is_help=True,
)
app.command("list")(shown.list_sessions)
app.command("show")(shown.show)
app.command("add")(setup.add)
app.command("set")(setup.change)
app.command("rekey")(credentials.rekey)
app.command("suspend")(life.suspend)
app.command("resume")(life.resume)
app.command("logout")(life.logout)
app.command("remove")(life.remove)
app.command("sequence")(sequences.sequence)
app.command("reset")(sequences.reset)
