"""`fondaco staff add`, `roles`, `enable`, `code`, `disable`: who may do what, from now on."""

from typing import Annotated

import typer

from backoffice.cli.office import Acting
from backoffice.cli.option_groups import grouped
from backoffice.cli.staff.shown import UserArgument
from backoffice.staff.permissions import Role

RoleOption = Annotated[
    list[Role], typer.Option("--role", help="May be repeated.", metavar=f"[{'|'.join(Role)}]", show_default=False)
]
RolesArgument = Annotated[list[Role], typer.Argument(metavar="ROLE...", help=", ".join(Role), show_default=False)]


@grouped
def add(
    user: UserArgument,
    *,
    role: RoleOption,
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="The full name.", show_default="as USER")] = "",
    os_user: Annotated[
        str | None,
        typer.Option(
            "--os-user", metavar="NAME", help="Who that is to the operating system.", show_default="a password instead"
        ),
    ] = None,
    acting: Acting,
) -> None:
    """Propose that somebody joins, with these roles. They are let in when somebody else approves it.

    Without `--os-user` they need a code to set their password by: its first half is shown here, the second to who
    approves it. Each hands their half over to the new user, and to nobody else. It counts for the settings'
    `code_hours` from the approval on, and once.
    """
    from backoffice.cli.approval import propose
    from backoffice.staff.changes import propose_user
    from backoffice.staff.users import NewUser

    new = NewUser(user, name or user, os_user)
    propose(
        acting,
        lambda session, desk: propose_user(
            *(session, desk.actor, new, frozenset(role)),
            code_hours=desk.settings.back_office.code_hours,
            why=acting.why,
            now_ns=desk.now_ns,
        ),
    )


@grouped
def roles(
    user: UserArgument,
    roles: RolesArgument,
    acting: Acting,
) -> None:
    """Propose that somebody has these roles, and no others."""
    from backoffice.cli.approval import propose
    from backoffice.staff.changes import propose_roles

    wanted = frozenset(roles)
    propose(
        acting,
        lambda session, desk: propose_roles(session, desk.actor, user, wanted, why=acting.why, now_ns=desk.now_ns),
    )


@grouped
def enable(
    user: UserArgument,
    acting: Acting,
) -> None:
    """Propose that somebody who is shut out is let in again."""
    from backoffice.cli.approval import propose
    from backoffice.staff.changes import propose_enabling

    propose(
        acting,
        lambda session, desk: propose_enabling(session, desk.actor, user, why=acting.why, now_ns=desk.now_ns),
    )


@grouped
def code(
    user: UserArgument,
    acting: Acting,
) -> None:
    """Propose a new code for somebody who has lost the password, or is locked. The password then counts no more.

    Its first half is shown here, the second to who approves it. It counts for the settings' `code_hours`, and once.
    """
    from backoffice.cli.approval import propose
    from backoffice.staff.changes import propose_code

    propose(
        acting,
        lambda session, desk: propose_code(
            *(session, desk.actor, user),
            code_hours=desk.settings.back_office.code_hours,
            why=acting.why,
            now_ns=desk.now_ns,
        ),
    )


@grouped
def disable(
    user: UserArgument,
    acting: Acting,
) -> None:
    """Shut somebody out, at once. Two who can decide on staff must be left."""
    from backoffice.cli.shown import tell
    from backoffice.staff import users

    acting.carry_out(lambda session, desk: users.disable(session, desk.actor, user, why=acting.why, now_ns=desk.now_ns))
    tell(f"{user} is disabled.", {"user": user, "state": "disabled"}, as_json=acting.as_json)
