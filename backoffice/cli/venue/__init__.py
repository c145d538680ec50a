"""`fondaco venue`: what staff see of a running venue, and command of it."""

import typer

from backoffice.cli.venue import status

app = typer.Typer(
    help="See how a running venue stands, and command it. Each command is on record with who asked for it and why.",
    no_args_is_help=True,
)
app.command("status")(status.status)
