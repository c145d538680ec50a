"""`fondaco staff list`, `show`: who there is, and what they may do."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from backoffice.cli.office import Looking, Seeing
from backoffice.cli.option_groups import grouped
from backoffice.cli.tables import Cell, Moment

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.staff.tables import StaffUser

UserArgument = Annotated[str, typer.Argument(metavar="USER", help="Whom of the staff.", show_default=False)]

_HEAD = ("user", "full name", "roles", "state", "os user", "since")


@grouped
def list_staff(looking: Looking) -> None:
    """List the members of staff."""
    from backoffice.cli.tables import show_table
    from backoffice.staff.users import everybody

    async def rows(session: "AsyncSession", desk: "Office") -> list[tuple[Cell, ...]]:
        return [_row(user, desk.now_ns) for user in await everybody(session)]

    show_table(_HEAD, looking.ask(rows), looking.form)


@grouped
def show(
    user: Annotated[
        str | None, typer.Argument(metavar="USER", help="Whom of the staff.", show_default="yourself")
    ] = None,
    *,
    seeing: Seeing,
) -> None:
    """Show somebody, and all that they may do."""
    from backoffice.cli.tables import show_fields
    from backoffice.staff.permissions import Permission
    from backoffice.staff.users import actor_of, find

    async def fields(session: "AsyncSession", desk: "Office") -> dict[str, Any]:
        found = await find(session, user or desk.actor.user)
        actor = actor_of(found)
        may = [permission.value for permission in Permission if actor.may(permission)]
        return {**dict(zip(_HEAD, _row(found, desk.now_ns), strict=True)), "may": may}

    show_fields(seeing.ask(fields), seeing.form)


def _row(user: "StaffUser", now_ns: int) -> tuple[Cell, ...]:
    from backoffice.staff.users import roles_of

    return (
        user.name,
        user.full_name,
        ", ".join(sorted(roles_of(user))),
        _state(user, now_ns),
        user.os_user,
        Moment(user.added_ns),
    )


def _state(user: "StaffUser", now_ns: int) -> str:
    from backoffice.staff.users import is_void

    if user.is_disabled:
        return "disabled"
    if user.locked_until_ns > now_ns:
        return "locked"
    if user.os_user is None and user.password_hash is None:
        return "has no password, and the code is void" if is_void(user, now_ns) else "has no password yet"
    return "active"
