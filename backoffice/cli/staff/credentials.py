"""`fondaco staff password`: another password."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from backoffice.cli.staff.shown import UserArgument
from backoffice.cli.venue.request import ConfigOption, DataOption


def password(
    user: UserArgument,
    config: ConfigOption,
    new_password_stdin: Annotated[
        bool, typer.Option("--new-password-stdin", help="Read the new one from the first line of standard input.")
    ] = False,
    data: DataOption = None,
) -> None:
    """Set your password. Asks for the one that you have, or for the code of a new user, then for the new one.

    Where there is no terminal, FONDACO_PASSWORD_FILE names a file with the former.
    """
    import time

    from backoffice.cli.loop import run
    from backoffice.cli.office import database_of, secret_asked
    from backoffice.database.migrating import check
    from backoffice.staff.authentication import set_password
    from config.reading import load

    settings = load(config)
    proof = secret_asked(f"Password, or code, of {user}")
    new = sys.stdin.readline().rstrip("\r\n") if new_password_stdin else _typed_twice()

    async def set_it() -> None:
        async with database_of(settings, data or Path(settings.data)) as database:
            await check(database)
            await set_password(database, user, proof, new, time.time_ns())

    run(set_it())
    typer.echo(f"{user} has another password now.")


def _typed_twice() -> str:
    import getpass

    from backoffice.cli.failure import CommandFailed

    if not sys.stdin.isatty():
        raise CommandFailed("there is no terminal to ask for the new password on; give --new-password-stdin")
    new = getpass.getpass("New password: ")
    if getpass.getpass("The same once more: ") != new:
        raise CommandFailed("the two differ; nothing has changed")
    return new
