"""`fondaco staff init`: the first two members of staff, and the key of personal data."""

from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.tables import JsonOption
from backoffice.cli.venue.request import ConfigOption, DataOption, WhyOption

if TYPE_CHECKING:
    from backoffice.staff.users import NewUser

UsersArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="USER[=OS_USER]...",
        help="Two or more, each with who that is to the operating system; without that they will have passwords.",
        show_default=False,
    ),
]


def init(
    users: UsersArgument,
    config: ConfigOption,
    why: WhyOption = "the back office begins",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let the first two in, as administrators, together: so from the first moment on nobody can act alone.

    Makes the database, and the key of personal data, if they are not there. Codes to set first passwords by are shown
    once, each for its user alone, and count for the settings' `code_hours`; if nobody uses theirs, run this again.
    The administrators propose the others, and approve each other's proposals.
    """
    from pathlib import Path

    from backoffice.cli.directory import made
    from backoffice.cli.loop import run
    from backoffice.cli.office import database_of
    from backoffice.cli.shown import print_json
    from backoffice.database.migrating import check, upgrade, version_of
    from backoffice.staff.sealing import KEY_FILE, make_key
    from backoffice.staff.users import begin
    from config.reading import load

    settings = load(config)
    directory = made(data or Path(settings.data))
    new = [_user(text) for text in users]

    async def begin_with_them() -> dict[str, str]:
        import time

        async with database_of(settings, directory, may_be_new=True) as database:
            if await version_of(database) is None:
                await upgrade(database)
            await check(database)
            async with database.writing() as session:
                codes = await begin(
                    session,
                    new,
                    mapped=set(settings.back_office.staff.values()),
                    code_hours=settings.back_office.code_hours,
                    why=why,
                    now_ns=time.time_ns(),
                )
                make_key(directory / KEY_FILE)
            return codes

    codes = run(begin_with_them())
    if as_json:
        print_json({"users": [user.name for user in new], "shown_once": codes})
        return
    typer.echo(f"{' and '.join(user.name for user in new)} are administrators.")
    for name, code in codes.items():
        typer.echo(f"code for {name}: {code}   (shown this once; `fondaco staff password {name}` asks for it)")
    if codes:
        typer.echo(f"A code counts for {settings.back_office.code_hours:,} hours, and once.")
    typer.echo(f"Keep a copy of {directory / KEY_FILE} apart from the database: without it personal data is lost.")


def _user(text: str) -> "NewUser":
    from backoffice.staff.users import NewUser

    name, _, os_user = text.partition("=")
    return NewUser(name, name, os_user or None)
