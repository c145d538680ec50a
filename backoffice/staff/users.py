"""The members of staff: the first two, who come together, those there are, and who is shut out at once.

Whatever adds to what somebody may do goes through four eyes (`changes`); to shut somebody out, one person is enough.
Never so many that nobody could approve a change of staff any more: two stay who can.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.serializing import one_at_a_time
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.staff import audit
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.passwords import CODE_HOURS, Code, half_code, hash_secret
from backoffice.staff.permissions import PERMISSIONS, Permission, Role
from backoffice.staff.tables import StaffRole, StaffUser
from backoffice.times import HOUR_NS

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


async def begin(
    session: AsyncSession,
    users: Sequence[NewUser],
    *,
    mapped: Collection[str] = (),
    code_hours: int = CODE_HOURS,
    why: str,
    now_ns: int,
) -> dict[str, str]:
    """Let the first two in, as administrators, and return the codes of those who will have a password, by user.

    They come together, so that from the first moment on nobody can act alone. If none of them has come in before the
    codes were void, they may begin again. `mapped`: whom the settings name for users of the operating system. Raise
    `Refused`, or `Conflict` if there is staff already.
    """
    await one_at_a_time(session, "staff")
    if len(users) < 2 or len({user.name for user in users}) < len(users):
        raise Refused("name two different users: one alone could approve nothing")
    there = {user.name: user for user in await everybody(session)}
    if any(user.name in mapped or _may_come(user, now_ns) for user in there.values()):
        raise Conflict("there is staff already; `fondaco staff add` proposes others")
    if there and set(there) != {user.name for user in users}:
        raise Refused(f"nobody has come in, and their codes are void; begin again with {' and '.join(there)}")
    codes = {}
    for user in users:
        flaw = flaw_of(user)
        if flaw:
            raise Refused(flaw)
        code = None
        if not user.os_user:
            first, second = half_code(), half_code()
            codes[user.name] = f"{first}-{second}"
            code = Code(hash_secret(first), hash_secret(second), now_ns + code_hours * HOUR_NS)
        if user.name in there:
            await _begin_again(session, there[user.name], user.os_user, code, why, now_ns)
        else:
            await add(session, BACK_OFFICE, user, [Role.ADMINISTRATOR], code=code, why=why, now_ns=now_ns)
    return codes


async def _begin_again(
    session: AsyncSession, user: StaffUser, os_user: str | None, code: Code | None, why: str, now_ns: int
) -> None:
    before = described(user)
    user.os_user = os_user
    if code is not None:
        give_code(user, code)
    await session.flush()
    after = described(user)
    subject = f"staff/{user.name}"
    await audit.record(session, BACK_OFFICE, "begin again", subject, before=before, after=after, why=why, now_ns=now_ns)


def _may_come(user: StaffUser, now_ns: int) -> bool:
    """Tell whether somebody can prove to be who they are, or could still set a password to do so."""
    return user.os_user is not None or user.password_hash is not None or not is_void(user, now_ns)


async def is_without_staff(session: AsyncSession) -> bool:
    """Tell whether the first two are still to come."""
    return await session.scalar(select(StaffUser.name).limit(1)) is None


def is_void(user: StaffUser, now_ns: int) -> bool:
    """Tell whether somebody's code, if there is one, counts no more."""
    return user.code_until_ns is None or user.code_until_ns <= now_ns


async def add(
    session: AsyncSession,
    actor: Actor,
    user: NewUser,
    roles: Sequence[Role],
    *,
    code: Code | None,
    why: str,
    now_ns: int,
) -> None:
    """Let somebody in. `code`: the one for their first password, if they will have one. Raise `Conflict`."""
    if await session.get(StaffUser, user.name) is not None:
        raise Conflict(f"{user.name} is there already; choose another name")
    if user.os_user is not None:
        other = await session.scalar(select(StaffUser.name).where(StaffUser.os_user == user.os_user))
        if other is not None:
            raise Conflict(f"the operating system's user {user.os_user} is {other} already")
    added = StaffUser(
        name=user.name,
        full_name=user.full_name,
        os_user=user.os_user,
        added_ns=now_ns,
        roles=[StaffRole(user=user.name, role=role.value) for role in sorted(roles)],
    )
    if code is not None:
        give_code(added, code)
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
    return list(await session.scalars(select(StaffUser).order_by(StaffUser.name)))


async def check_left(session: AsyncSession, *, without: str) -> None:
    """Raise `Refused` unless two others are left who can set up staff, and approve that."""
    left = [user for user in await everybody(session) if not user.is_disabled and user.name != without]
    roles = [roles_of(user) for user in left]
    makers = sum(Role.ADMINISTRATOR in each for each in roles)
    checkers = sum(any(Permission.APPROVE_STAFF in PERMISSIONS[role] for role in each) for each in roles)
    if makers < 1 or checkers < 2:
        raise Refused(f"without {without} nobody could set up staff and another one approve it; add somebody first")


def give_code(user: StaffUser, code: Code) -> None:
    """Let somebody set a password by a code."""
    user.maker_code_hash, user.checker_code_hash, user.code_until_ns = code.maker_hash, code.checker_hash, code.until_ns


def roles_of(user: StaffUser) -> frozenset[Role]:
    return frozenset(Role(each.role) for each in user.roles)


def actor_of(user: StaffUser) -> Actor:
    return Actor(user.name, roles_of(user))


def proof_of(user: StaffUser) -> dict[str, Any]:
    """Return what goes on record of how a user proves to be that: whether there is a password, never what it is."""
    return {"password": "none" if user.password_hash is None else "set", "code_until_ns": user.code_until_ns}


def described(user: StaffUser) -> dict[str, Any]:
    """Return what of a user goes on record."""
    return {
        "full_name": user.full_name,
        "os_user": user.os_user,
        "roles": sorted(roles_of(user)),
        "is_disabled": user.is_disabled,
    }
