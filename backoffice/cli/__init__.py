"""The `fondaco` command line. The one place that knows all parts of the house, because it starts them."""

import sys
from typing import Annotated

import typer

from backoffice.cli import (
    access,
    approval,
    audit,
    books,
    breaks,
    client,
    database,
    demo,
    journal,
    payments,
    qa,
    report,
    screening,
    serve,
    session,
    staff,
    surveillance,
    top,
    transfer,
    venue,
)

app = typer.Typer(
    name="fondaco",
    help="A FIX trading venue: try it, run it, look into its journal.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("top")(top.top)
app.add_typer(journal.app, name="journal")
app.add_typer(venue.app, name="venue")
app.add_typer(session.app, name="session")
app.add_typer(books.app, name="books")
app.add_typer(breaks.app, name="break")
app.add_typer(transfer.app, name="transfer")
app.add_typer(client.app, name="client")
app.add_typer(screening.app, name="screening")
app.add_typer(staff.app, name="staff")
app.add_typer(approval.app, name="approval")
app.add_typer(audit.app, name="audit")
app.add_typer(database.app, name="database")
app.add_typer(access.app, name="access")
app.add_typer(access.fees_app, name="fees")
app.add_typer(access.invoice_app, name="invoice")
app.add_typer(payments.deposits, name="deposit")
app.add_typer(payments.destinations, name="destination")
app.add_typer(payments.withdrawals, name="withdrawal")
app.add_typer(payments.sandboxes, name="sandbox")
app.add_typer(surveillance.surveillance, name="surveillance")
app.add_typer(surveillance.case, name="case")
app.add_typer(report.app, name="report")
app.add_typer(qa.app, name="qa")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            text = version("fondaco")
        except PackageNotFoundError:
            text = "(not installed)"
        typer.echo(f"fondaco {text}")
        raise typer.Exit


@app.callback()
def fondaco(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version, and exit.")
    ] = False,
) -> None:
    """Take the options that belong to no command."""


def main() -> None:
    """Run the command line; an error that the user can mend is one line and exit status 1, or 2 for wrong usage."""
    from backoffice.cli.failure import one_line, usage_line

    try:
        status = app(prog_name="fondaco", standalone_mode=False)
    except Exception as error:
        usage = usage_line(error)
        line = one_line(error) if usage is None else usage
        if line:
            sys.stderr.write(f"fondaco: {line}\n")
        elif usage is None:
            raise
        sys.exit(1 if usage is None else 2)
    sys.exit(status)


if __name__ == "__main__":
    main()
