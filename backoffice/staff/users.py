"""The members of staff: the first two, who come together, those there are, and who is shut out at once.

Whatever adds to what somebody may do goes through four eyes (`changes`); to shut somebody out, one person is enough.
Never so many that nobody could approve a change of staff any more: two stay who can.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.serializing import one_at_a_time
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.staff import audit
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.passwords import half_code, hash_secret
from backoffice.staff.permissions import PERMISSIONS, Permission, Role
from backoffice.staff.tables import StaffRole, StaffUser

_NAME: Final = re.compile(r"[a-z][a-z0-9._-]{0,31}")
_FULL_NAME_CHARS_MAX: Final = 100


class NewUser(msgspec.Struct, frozen=True):
    """Somebody who is to join."""

    name: str
    full_name: str
    os_user: str | None = None
    """Who they are to the operating system; without this they get a password."""


def flaw_of(user: NewUser) -> str:
    """Return why there cannot be such a user, or an empty text."""
    if not _NAME.fullmatch(user.name):
        return f"{user.name!r}: a user's name has 1 to 32 small letters, digits and . _ -, a letter first"
    if user.name == BACK_OFFICE.user:
        return f"{user.name} is the back office itself; choose another name"
    if not user.full_name.strip() or len(user.full_name) > _FULL_NAME_CHARS_MAX or not user.full_name.isprintable():
        return f"{user.name}: a full name has 1 to {_FULL_NAME_CHARS_MAX} printable characters"
    return ""


async def begin(session: AsyncSession, users: Sequence[NewUser], *, why: str, now_ns: int) -> dict[str, str]:
    """Let the first two in, as administrators, and return the codes of those who will have a password, by user.

    They come together, so that from the first moment on nobody can act alone. Raise `Refused`, or `Conflict` if there
    is staff already.
    """
    await one_at_a_time(session, "staff")
    if len(users) < 2 or len({user.name for user in users}) < len(users):
        raise Refused("name two different users: one alone could approve nothing")
    if await session.scalar(select(StaffUser.name).limit(1)) is not None:
        raise Conflict("there is staff already; `fondaco staff add` proposes others")
    codes = {}
    for user in users:
        flaw = flaw_of(user)
        if flaw:
            raise Refused(flaw)
        halves = None if user.os_user else (half_code(), half_code())
        if halves:
            codes[user.name] = "-".join(halves)
        await add(
            session,
            BACK_OFFICE,
            user,
            [Role.ADMINISTRATOR],
            code_hashes=tuple(map(hash_secret, halves)) if halves else (),
            why=why,
            now_ns=now_ns,
        )
    return codes


async def add(
    session: AsyncSession,
    actor: Actor,
    user: NewUser,
    roles: Sequence[Role],
    *,
    code_hashes: tuple[str, ...],
    why: str,
    now_ns: int,
) -> None:
    """Let somebody in. `code_hashes`: of the halves of their code, if they will have a password. Raise `Conflict`."""
    if await session.get(StaffUser, user.name) is not None:
        raise Conflict(f"{user.name} is there already; choose another name")
    if user.os_user is not None:
        other = await session.scalar(select(StaffUser.name).where(StaffUser.os_user == user.os_user))
        if other is not None:
            raise Conflict(f"the operating system's user {user.os_user} is {other} already")
    maker_code_hash, checker_code_hash = code_hashes or (None, None)
    added = StaffUser(
        name=user.name,
        full_name=user.full_name,
        os_user=user.os_user,
        password_hash=None,
        maker_code_hash=maker_code_hash,
        checker_code_hash=checker_code_hash,
        added_ns=now_ns,
        roles=[StaffRole(user=user.name, role=role.value) for role in sorted(roles)],
    )
    session.add(added)
    await session.flush()
    subject = f"staff/{user.name}"
    await audit.record(session, actor, "add", subject, before=None, after=described(added), why=why, now_ns=now_ns)


async def disable(session: AsyncSession, actor: Actor, name: str, *, why: str, now_ns: int) -> None:
    """Shut somebody out, at once. Raise `Refused` if too few would be left, `NotFound`."""
    actor.require(Permission.EDIT_STAFF)
    await one_at_a_time(session, "staff")
    user = await find(session, name)
    if name == actor.user:
        raise Refused(f"{name} cannot shut themselves out; ask another administrator")
    if user.is_disabled:
        raise Refused(f"{name} is disabled already")
    await check_left(session, without=name)
    before = described(user)
    user.is_disabled = True
    await session.flush()
    await audit.record(
        session, actor, "disable", f"staff/{name}", before=before, after=described(user), why=why, now_ns=now_ns
    )


async def find(session: AsyncSession, name: str) -> StaffUser:
    """Return a member of staff. Raise `NotFound`."""
    user = await session.get(StaffUser, name)
    if user is None:
        raise NotFound(f"{name}: nobody of the staff; `fondaco staff list` shows them")
    return user


async def everybody(session: AsyncSession) -> list[StaffUser]:
    """Return all members of staff, by name."""
    return list((await session.scalars(select(StaffUser).order_by(StaffUser.name))).all())


async def check_left(session: AsyncSession, *, without: str) -> None:
    """Raise `Refused` unless two others are left who can set up staff, and approve that."""
    left = [user for user in await everybody(session) if not user.is_disabled and user.name != without]
    roles = [roles_of(user) for user in left]
    makers = sum(Role.ADMINISTRATOR in each for each in roles)
    checkers = sum(any(Permission.APPROVE_STAFF in PERMISSIONS[role] for role in each) for each in roles)
    if makers < 1 or checkers < 2:
        raise Refused(f"without {without} nobody could set up staff and another one approve it; add somebody first")


def roles_of(user: StaffUser) -> frozenset[Role]:
    return frozenset(Role(each.role) for each in user.roles)


def actor_of(user: StaffUser) -> Actor:
    return Actor(user.name, roles_of(user))


def described(user: StaffUser) -> dict[str, Any]:
    """Return what of a user goes on record."""
    return {
        "full_name": user.full_name,
        "os_user": user.os_user,
        "roles": sorted(roles_of(user)),
        "is_disabled": user.is_disabled,
    }
