"""The `fondaco` command line. The one place that knows all parts of the house, because it starts them."""

import sys

import typer

from backoffice.cli import journal, serve
from config.settings import SettingsError

app = typer.Typer(
    name="fondaco",
    help="A FIX trading venue: start it, try it, look into its journal.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.add_typer(journal.app, name="journal")


def main() -> None:
    """Run the command line; an error that the user can mend is one line and exit status 1."""
    from engine.errors import EngineError
    from fixgw.errors import GatewayError

    try:
        app()
    except (SettingsError, EngineError, GatewayError) as error:
        sys.stderr.write(f"fondaco: {error}\n")
        sys.exit(1)
    except OSError as error:
        if error.filename is None and error.errno is None:
            raise
        sys.stderr.write(f"fondaco: {error.filename or 'system'}: {error.strerror}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
