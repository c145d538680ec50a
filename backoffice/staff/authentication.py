"""Proving to be somebody: by a password, by the code of a new user, or by who one is to the operating system.

An attempt counts as failed from the moment it begins and is forgiven when it succeeds, so that many at once are no way
round the count. From the fifth in a row on a user is locked, one minute and twice as long after each further one, up to
an hour. A user who is not there takes as long as a wrong password, and the answer is the same.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database import Database
from backoffice.errors import Refused
from backoffice.staff import audit
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.passwords import flaw_of_password, hash_secret, matches
from backoffice.staff.tables import StaffUser
from backoffice.staff.users import actor_of, is_void, proof_of
from backoffice.times import HOUR_NS, MINUTE_NS, SECOND_NS

LOCKED_AFTER: Final = 5
LOCK_NS_MAX: Final = HOUR_NS
_DOUBLINGS_MAX: Final = 10


async def authenticate(database: Database, name: str, password: str, now_ns: int) -> Actor:
    """Return who that is, if it is their password. Raise `Refused`."""
    user = await _attempt(database, name, now_ns)
    is_right = await asyncio.to_thread(matches, user.password_hash if user else None, password)
    if user is None or not is_right:
        await _failed(database, user, now_ns)
        raise Refused("wrong user or password")
    return await _succeeded(database, user)


async def set_password(database: Database, name: str, proof: str, password: str, now_ns: int) -> None:
    """Give somebody another password. `proof`: the one that they have, or the code of a new user, used up by it.

    Raise `Refused`.
    """
    flaw = flaw_of_password(password, name)
    if flaw:
        raise Refused(flaw)
    user = await _attempt(database, name, now_ns)
    is_right = await asyncio.to_thread(_proves, user, proof)
    if user is None or not is_right:
        await _failed(database, user, now_ns)
        raise Refused("wrong user, password or code")
    if user.password_hash is None and is_void(user, now_ns):
        raise Refused(f"the code of {name} counts no more; have `fondaco staff code {name}` propose another one")
    actor = await _succeeded(database, user)
    password_hash = await asyncio.to_thread(hash_secret, password)
    before = proof_of(user)
    after = {"password": "set" if user.password_hash is None else "another", "code_until_ns": None}
    async with database.writing() as session:
        await session.execute(
            update(StaffUser)
            .where(StaffUser.name == name)
            .values(password_hash=password_hash, maker_code_hash=None, checker_code_hash=None, code_until_ns=None)
        )
        await audit.record(
            *(session, actor, "set password", f"staff/{name}"),
            before=before,
            after=after,
            why="by its owner",
            now_ns=now_ns,
        )


async def known_to_system(session: AsyncSession, os_user: str, mapped: Mapping[str, str]) -> Actor | None:
    """Return the member of staff that a user of the operating system is, None if nobody. Raise `Refused` if disabled.

    `mapped`: the settings' own list, which goes before what stands with the users.
    """
    query = select(StaffUser)
    name = mapped.get(os_user)
    query = query.where(StaffUser.os_user == os_user) if name is None else query.where(StaffUser.name == name)
    user = await session.scalar(query)
    if user is None:
        if name is not None:
            raise Refused(f"{name}, whom the settings name for {os_user}, is not of the staff")
        return None
    return _enabled(user)


async def _attempt(database: Database, name: str, now_ns: int) -> StaffUser | None:
    """Count an attempt, and return whom it is about. Raise `Refused` if they must wait."""
    async with database.writing() as session:
        user = await session.get(StaffUser, name, with_for_update=True)
        locked_ns = 0 if user is None else user.locked_until_ns - now_ns
        if user is not None and locked_ns <= 0:
            failures = user.failures + 1
            until_ns = now_ns + _lock_ns(failures)
            # Not through the object: that would be another version, and what is proposed for the user be stale.
            await session.execute(
                update(StaffUser)
                .where(StaffUser.name == name)
                .values(failures=failures, locked_until_ns=until_ns)
                .execution_options(synchronize_session=False)
            )
    if locked_ns > 0:
        raise Refused(f"{name} is locked after wrong passwords; try again in {-(-locked_ns // SECOND_NS):,} s")
    return user


async def _failed(database: Database, user: StaffUser | None, now_ns: int) -> None:
    """Put on record that somebody is locked now."""
    if user is None or user.failures + 1 < LOCKED_AFTER:
        return
    async with database.writing() as session:
        await audit.record(
            session,
            BACK_OFFICE,
            "lock",
            f"staff/{user.name}",
            before={"failures": user.failures},
            after={"failures": user.failures + 1},
            why="wrong passwords",
            now_ns=now_ns,
        )


async def _succeeded(database: Database, user: StaffUser) -> Actor:
    actor = _enabled(user)
    async with database.writing() as session:
        await session.execute(
            update(StaffUser).where(StaffUser.name == user.name).values(failures=0, locked_until_ns=0)
        )
    return actor


def _enabled(user: StaffUser) -> Actor:
    if user.is_disabled:
        raise Refused(f"{user.name} is disabled")
    return actor_of(user)


def _proves(user: StaffUser | None, proof: str) -> bool:
    maker_half, _, checker_half = proof.partition("-")
    found = [
        matches(user.password_hash if user else None, proof),
        matches(user.maker_code_hash if user else None, maker_half),
        matches(user.checker_code_hash if user else None, checker_half),
    ]
    return found[0] or (found[1] and found[2])


def _lock_ns(failures: int) -> int:
    if failures < LOCKED_AFTER:
        return 0
    return min(MINUTE_NS << min(failures - LOCKED_AFTER, _DOUBLINGS_MAX), LOCK_NS_MAX)
