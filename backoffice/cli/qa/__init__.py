"""`fondaco qa`: conversations with a FIX server, as scripts; and the certification that is made of them."""

import typer

from backoffice.cli.qa import certifying, running

app = typer.Typer(
    help="Hold a FIX server against scripts: what is said to it, and what it must answer.", no_args_is_help=True
)
app.command("run")(running.run)
app.command("certify")(certifying.certify)
app.command("verify")(certifying.verify)
