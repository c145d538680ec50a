"""Changes of staff that need four eyes: somebody joins, has other roles, is let in again, or needs a new code.

The person whom it is about cannot approve it. The code by which they set a first password comes in two halves, one
shown to who proposes it and one to who approves it: neither of the two could act as the new user. It counts for some
days from then on, and once.
"""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import flag_modified

from backoffice.database.serializing import one_at_a_time
from backoffice.errors import Conflict, Refused
from backoffice.staff import approvals, audit
from backoffice.staff.actor import Actor
from backoffice.staff.passwords import CODE_HOURS, Code, half_code, hash_secret
from backoffice.staff.permissions import Permission, Role
from backoffice.staff.tables import Approval, StaffRole, StaffUser
from backoffice.staff.users import NewUser, add, check_left, described, find, flaw_of, give_code, proof_of, roles_of
from backoffice.times import HOUR_NS

ADD: Final = "staff-add"
ROLES: Final = "staff-roles"
ENABLE: Final = "staff-enable"
CODE: Final = "staff-code"


async def propose_user(
    session: AsyncSession,
    actor: Actor,
    user: NewUser,
    roles: frozenset[Role],
    *,
    code_hours: int = CODE_HOURS,
    why: str,
    now_ns: int,
) -> Approval:
    """Propose that somebody joins. The first half of their code, if they will need one, is in `shown_once`.

    `code_hours`: how long that counts once they are let in. Raise `Refused` or `Conflict`.
    """
    actor.require(Permission.EDIT_STAFF)
    flaw = flaw_of(user)
    if flaw:
        raise Refused(flaw)
    if not roles:
        raise Refused(f"{user.name} needs a role: {', '.join(Role)}")
    if await session.get(StaffUser, user.name) is not None:
        raise Conflict(f"{user.name} is there already; choose another name")
    payload: dict[str, Any] = {"full_name": user.full_name, "os_user": user.os_user, "roles": sorted(roles)}
    half = None if user.os_user else half_code()
    if half is not None:
        payload.update(code_hash=hash_secret(half), code_hours=code_hours)
    return await _propose(session, actor, ADD, user.name, payload, 0, half, why=why, now_ns=now_ns)


async def propose_roles(
    session: AsyncSession, actor: Actor, name: str, roles: frozenset[Role], *, why: str, now_ns: int
) -> Approval:
    """Propose that somebody has these roles, and no others. Raise `Refused`, `NotFound` or `Conflict`."""
    actor.require(Permission.EDIT_STAFF)
    user = await find(session, name)
    if not roles:
        raise Refused(f"{name} needs a role: {', '.join(Role)}; `fondaco staff disable` shuts somebody out")
    if roles == roles_of(user):
        raise Refused(f"{name} has these roles already: {', '.join(sorted(roles))}")
    payload = {"roles": sorted(roles), "before": sorted(roles_of(user))}
    return await _propose(session, actor, ROLES, name, payload, user.version, None, why=why, now_ns=now_ns)


async def propose_enabling(session: AsyncSession, actor: Actor, name: str, *, why: str, now_ns: int) -> Approval:
    """Propose that somebody who is disabled is let in again. Raise `Refused`, `NotFound` or `Conflict`."""
    actor.require(Permission.EDIT_STAFF)
    user = await find(session, name)
    if not user.is_disabled:
        raise Refused(f"{name} is not disabled")
    return await _propose(session, actor, ENABLE, name, {}, user.version, None, why=why, now_ns=now_ns)


async def propose_code(
    session: AsyncSession, actor: Actor, name: str, *, code_hours: int = CODE_HOURS, why: str, now_ns: int
) -> Approval:
    """Propose a new code, by which somebody sets a password who has lost theirs, or is locked.

    Its first half is in `shown_once`. `code_hours`: how long it counts once it is approved. Raise `Refused`,
    `NotFound` or `Conflict`.
    """
    actor.require(Permission.EDIT_STAFF)
    user = await find(session, name)
    half = half_code()
    payload = {"code_hash": hash_secret(half), "code_hours": code_hours}
    return await _propose(session, actor, CODE, name, payload, user.version, half, why=why, now_ns=now_ns)


async def _propose(  # noqa: PLR0913 - as `propose`
    session: AsyncSession,
    actor: Actor,
    kind: str,
    name: str,
    payload: dict[str, Any],
    version: int,
    half: str | None,
    *,
    why: str,
    now_ns: int,
) -> Approval:
    approval = await approvals.propose(
        session,
        actor,
        kind,
        f"staff/{name}",
        payload,
        why=why,
        now_ns=now_ns,
        subject_version=version,
    )
    if half is not None:
        approval.shown_once[f"first half of the code for {name}"] = half
    return approval


async def _add(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    name, payload = _name(actor, approval), approval.payload
    code = None
    if "code_hash" in payload:
        code = _code(approval, name, now_ns)
    user = NewUser(name, payload["full_name"], payload["os_user"])
    roles = [Role(role) for role in payload["roles"]]
    await add(session, actor, user, roles, code=code, why=approval.why, now_ns=now_ns)


async def _set_roles(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    await one_at_a_time(session, "staff")
    user = await find(session, _name(actor, approval))
    before = described(user)
    wanted = {Role(role) for role in approval.payload["roles"]}
    if Role.ADMINISTRATOR not in wanted:
        await check_left(session, without=user.name)
    kept = [each for each in user.roles if Role(each.role) in wanted]
    new = sorted(wanted - {Role(each.role) for each in kept})
    user.roles = [*kept, *(StaffRole(user=user.name, role=role.value) for role in new)]
    await _changed(session, actor, "set roles", user, before, approval, now_ns)


async def _enable(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    user = await find(session, _name(actor, approval))
    before = described(user)
    user.is_disabled = False
    await _changed(session, actor, "enable", user, before, approval, now_ns)


async def _give_code(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    user = await find(session, _name(actor, approval))
    before = proof_of(user)
    user.password_hash = None
    give_code(user, _code(approval, user.name, now_ns))
    user.failures = 0
    user.locked_until_ns = 0
    await _changed(session, actor, "give code", user, before, approval, now_ns, proof_of)


async def _changed(
    session: AsyncSession,
    actor: Actor,
    verb: str,
    user: StaffUser,
    before: dict[str, Any],
    approval: Approval,
    now_ns: int,
    facts_of: Callable[[StaffUser], dict[str, Any]] = described,
) -> None:
    # Roles stand in rows of their own; the user is to have another version all the same.
    flag_modified(user, "full_name")
    await session.flush()
    await audit.record(
        session,
        actor,
        verb,
        approval.subject,
        before=before,
        after=facts_of(user),
        why=approval.why,
        now_ns=now_ns,
    )


def _code(approval: Approval, name: str, now_ns: int) -> Code:
    """Make the second half of a code, leave it for who approves, and return what is kept of the two."""
    half = half_code()
    approval.shown_once[f"second half of the code for {name}"] = half
    hours: int = approval.payload.get("code_hours", CODE_HOURS)
    return Code(approval.payload["code_hash"], hash_secret(half), now_ns + hours * HOUR_NS)


def _name(actor: Actor, approval: Approval) -> str:
    """Return whom it is about. Raise `Refused` if that is who approves it."""
    name = approval.subject.removeprefix("staff/")
    if name == actor.user:
        raise Refused(f"{approval.id} is about {name}; somebody else must decide on it")
    return name


async def _version_of(session: AsyncSession, subject: str) -> int:
    user = await session.get(StaffUser, subject.removeprefix("staff/"))
    return 0 if user is None else user.version


approvals.register(ADD, Permission.APPROVE_STAFF, _add, version_of=_version_of, words="let {name} join as {roles}")
approvals.register(
    ROLES,
    Permission.APPROVE_STAFF,
    _set_roles,
    version_of=_version_of,
    words="make {name} {roles}, in place of {before}",
)
approvals.register(ENABLE, Permission.APPROVE_STAFF, _enable, version_of=_version_of, words="let {name} in again")
approvals.register(
    CODE,
    Permission.APPROVE_STAFF,
    _give_code,
    version_of=_version_of,
    words="give {name} a new code, and end the password",
)
