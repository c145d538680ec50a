"""How commands about clients come to the services, and tell what came of it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from backoffice.cli.office import Coming

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office

T = TypeVar("T")

ClientArgument = Annotated[
    str, typer.Argument(metavar="CLIENT", help="Which one: C-1, or its firm.", show_default=False)
]


def carry_out(coming: Coming, step: "Callable[[AsyncSession, Office], Awaitable[T]]") -> T:
    """Return what a step comes to, in a transaction of its own; the venue is told what follows from it."""
    import backoffice.kinds  # noqa: F401 - who owns kinds of proposals registers them
    from backoffice.cli.loop import run

    async def carried() -> T:
        async with coming.office() as opened:
            async with opened.database.writing() as session:
                result = await step(session, opened)
            if note := await opened.tell_venue():
                typer.echo(note, err=True)
            return result

    return run(carried())


def ask(coming: Coming, question: "Callable[[AsyncSession, Office], Awaitable[T]]") -> T:
    """Return what a question is answered, of one state of the database. Raise `Refused` for who may not see records."""
    from backoffice.cli.loop import run
    from backoffice.staff.permissions import Permission

    async def answered() -> T:
        async with coming.office() as opened, opened.database.reading() as session:
            opened.actor.require(Permission.SEE_RECORDS)
            return await question(session, opened)

    return run(answered())


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
