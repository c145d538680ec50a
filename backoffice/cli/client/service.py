"""What commands about clients have in common: how they name a client and days, and tell what came of it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import datetime as dt

ClientArgument = Annotated[
    str, typer.Argument(metavar="CLIENT", help="Which one: C-1, or its firm.", show_default=False)
]


def day(text: str) -> "dt.date":
    """Return a day. Raise `typer.BadParameter`."""
    import datetime as dt

    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day; write 2026-11-28") from error


def day_or_none(text: str | None) -> "dt.date | None":
    """Return a day if there is one. Raise `typer.BadParameter`."""
    return None if text is None else day(text)


def tell(what: str, facts: Mapping[str, object], *, as_json: bool) -> None:
    """Print what was done, as a line, or its facts for programs."""
    from backoffice.cli.shown import print_json

    if as_json:
        print_json(facts)
    else:
        typer.echo(what)
