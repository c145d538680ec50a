"""`fondaco staff add`, `roles`, `enable`, `code`, `disable`: who may do what, from now on."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.office import AsOption
from backoffice.cli.staff.shown import UserArgument
from backoffice.cli.tables import JsonOption
from backoffice.cli.venue.request import ConfigOption, DataOption, WhyOption
from backoffice.staff.permissions import Role

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.staff.tables import Approval

RoleOption = Annotated[
    list[Role], typer.Option("--role", help="May be repeated.", metavar=f"[{'|'.join(Role)}]", show_default=False)
]
RolesArgument = Annotated[list[Role], typer.Argument(metavar="ROLE...", help=", ".join(Role), show_default=False)]


def add(
    user: UserArgument,
    *,
    config: ConfigOption,
    role: RoleOption,
    why: WhyOption,
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="The full name.", show_default="as USER")] = "",
    os_user: Annotated[
        str | None,
        typer.Option(
            "--os-user", metavar="NAME", help="Who that is to the operating system.", show_default="a password instead"
        ),
    ] = None,
    as_user: AsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Propose that somebody joins, with these roles. They are let in when somebody else approves it.

    Without `--os-user` they need a code to set their password by: its first half is shown here, the second to who
    approves it. Each hands their half over to the new user, and to nobody else.
    """
    from backoffice.staff.changes import propose_user
    from backoffice.staff.users import NewUser

    new = NewUser(user, name or user, os_user)
    _propose(
        lambda session, desk: propose_user(session, desk.actor, new, frozenset(role), why=why, now_ns=desk.now_ns),
        (config, data, as_user),
        as_json=as_json,
    )


def roles(
    user: UserArgument,
    roles: RolesArgument,
    config: ConfigOption,
    why: WhyOption,
    as_user: AsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Propose that somebody has these roles, and no others."""
    from backoffice.staff.changes import propose_roles

    wanted = frozenset(roles)
    _propose(
        lambda session, desk: propose_roles(session, desk.actor, user, wanted, why=why, now_ns=desk.now_ns),
        (config, data, as_user),
        as_json=as_json,
    )


def enable(
    user: UserArgument,
    config: ConfigOption,
    why: WhyOption,
    as_user: AsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Propose that somebody who is shut out is let in again."""
    from backoffice.staff.changes import propose_enabling

    _propose(
        lambda session, desk: propose_enabling(session, desk.actor, user, why=why, now_ns=desk.now_ns),
        (config, data, as_user),
        as_json=as_json,
    )


def code(
    user: UserArgument,
    config: ConfigOption,
    why: WhyOption,
    as_user: AsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Propose a new code for somebody who has lost the password, or is locked. The password then counts no more.

    Its first half is shown here, the second to who approves it.
    """
    from backoffice.staff.changes import propose_code

    _propose(
        lambda session, desk: propose_code(session, desk.actor, user, why=why, now_ns=desk.now_ns),
        (config, data, as_user),
        as_json=as_json,
    )


def disable(
    user: UserArgument,
    config: ConfigOption,
    why: WhyOption,
    as_user: AsOption = None,
    data: DataOption = None,
) -> None:
    """Shut somebody out, at once. Two who can decide on staff must be left."""
    from backoffice.cli.loop import run
    from backoffice.cli.office import office
    from backoffice.staff import users

    async def shut_out() -> None:
        async with office(config, data, as_user) as desk, desk.database.writing() as session:
            await users.disable(session, desk.actor, user, why=why, now_ns=desk.now_ns)

    run(shut_out())
    typer.echo(f"{user} is disabled.")


def _propose(
    propose: "Callable[[AsyncSession, Office], Awaitable[Approval]]",
    where: "tuple[Path, Path | None, str | None]",
    *,
    as_json: bool,
) -> None:
    from backoffice.cli.approval import tell
    from backoffice.cli.loop import run
    from backoffice.cli.office import office

    async def propose_it() -> "Approval":
        async with office(*where) as desk, desk.database.writing() as session:
            return await propose(session, desk)

    tell(run(propose_it()), as_json=as_json)
