"""`fondaco staff password`, `rotate-key`: another password, another key of personal data."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from backoffice.cli.office import Acting
from backoffice.cli.option_groups import grouped
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


@grouped
def rotate_key(acting: Acting) -> None:
    """Make a new key of personal data, and seal everything with it anew.

    The old ones stay in the file, for copies of the database from before. Keep a new copy of the file.
    """
    from backoffice.cli.loop import run
    from backoffice.cli.shown import print_json
    from backoffice.staff.permissions import Permission
    from backoffice.staff.rotating import seal_anew
    from backoffice.staff.sealing import KEY_FILE, Sealer, add_key

    async def rotate() -> tuple[int, str, Path]:
        async with acting.office() as desk:
            desk.actor.require(Permission.ROTATE_KEY)
            path = desk.data / KEY_FILE
            add_key(path)
            sealer = Sealer(path)
            async with desk.database.writing() as session:
                count = await seal_anew(session, desk.actor, sealer, why=acting.why, now_ns=desk.now_ns)
            return count, sealer.newest, path

    count, key, path = run(rotate())
    if acting.as_json:
        print_json({"texts": count, "key": key})
        return
    typer.echo(f"{count:,} texts are sealed with key {key} now; keep a copy of {path} apart from the database.")


def _typed_twice() -> str:
    import getpass

    from backoffice.cli.failure import CommandFailed

    if not sys.stdin.isatty():
        raise CommandFailed("there is no terminal to ask for the new password on; give --new-password-stdin")
    new = getpass.getpass("New password: ")
    if getpass.getpass("The same once more: ") != new:
        raise CommandFailed("the two differ; nothing has changed")
    return new
