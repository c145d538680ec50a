"""Four eyes: what one member of staff proposes is done once as many others as it needs have approved it.

The owner of a kind of proposal registers who may check it and what is then carried out, in the same transaction as the
last approval. The maker cannot check, and nobody checks twice; the database holds both as well. What nobody has
decided on within a week, or is about something that has changed since, is refused and must be proposed anew.

    state      approve             reject     withdraw    expire
    pending    approved, pending   rejected   withdrawn   expired

An approval stays pending until it has all that it needs. One of a kind may be pending for a subject at a time.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.finding import row_of
from backoffice.errors import Conflict, Refused
from backoffice.figure import Figure
from backoffice.staff import audit
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.tables import Approval, ApprovalDecision, StaffUser
from backoffice.times import DAY_NS
from engine.decimals import format_decimal

CarryOut = Callable[[AsyncSession, Actor, Approval, int], Awaitable[None]]
"""Does what was approved: session, last checker, approval, time. It may leave secrets in `approval.shown_once`."""
VersionOf = Callable[[AsyncSession, str], Awaitable[int]]
"""Returns the version that a subject has now."""

VALID_NS: Final = 7 * DAY_NS
"""How long a proposal may wait."""


class State(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Verb(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


TRANSITIONS: Final[dict[State, dict[Verb, State]]] = {
    State.PENDING: {
        Verb.APPROVE: State.APPROVED,
        Verb.REJECT: State.REJECTED,
        Verb.WITHDRAW: State.WITHDRAWN,
        Verb.EXPIRE: State.EXPIRED,
    },
    State.APPROVED: {},
    State.REJECTED: {},
    State.WITHDRAWN: {},
    State.EXPIRED: {},
}


class Kind(msgspec.Struct, frozen=True):
    """A kind of proposal, and what its owner has to say to it."""

    name: str
    permission: Permission
    """What its checkers need."""
    carry_out: CarryOut
    turn_down: CarryOut | None = None
    """Called in its place when it is rejected, withdrawn or expired."""
    version_of: VersionOf | None = None
    """Without it, whoever approves says which version they have seen."""
    words: str = ""
    """What it does, with places for what the payload has and for `{name}`, the subject's."""


_kinds: Final[dict[str, Kind]] = {}


def register(
    kind: str,
    permission: Permission,
    carry_out: CarryOut,
    *,
    turn_down: CarryOut | None = None,
    version_of: VersionOf | None = None,
    words: str = "",
) -> None:
    """Let there be a kind of proposal. Called once, when the module that owns it is imported (`backoffice.kinds`).

    `words`: what it does, as in "rate {name} {rating}": places are for what the payload has, and the subject's name.
    """
    assert kind not in _kinds, f"two owners of {kind}"
    _kinds[kind] = Kind(kind, permission, carry_out, turn_down, version_of, words)


def kinds() -> list[Kind]:
    """Return all kinds, by name."""
    return [_kinds[name] for name in sorted(_kinds)]


async def propose(  # noqa: PLR0913 - whatever a kind may say of its proposal
    session: AsyncSession,
    actor: Actor,
    kind: str,
    subject: str,
    payload: dict[str, Any],
    *,
    why: str,
    now_ns: int,
    needed: int = 1,
    expires_ns: int | None = None,
    subject_version: int = 0,
) -> Approval:
    """Ask for something to be approved. Whether the maker may propose it is for the caller to check.

    `expires_ns`: when it is too late to decide on it; without it, after `VALID_NS`.

    The payload goes on the trail too, but for what `told` leaves out; no personal data belongs in it. Raise
    `Conflict` if the same is pending for this subject already.
    """
    assert kind in _kinds, f"{kind} has no owner"
    assert needed >= 1, "an approval without a checker is none"
    pending = await session.scalar(
        select(Approval).where(
            Approval.kind == kind, Approval.subject == subject, Approval.state == State.PENDING.value
        )
    )
    if pending is not None:
        if not _is_expired(pending, now_ns):
            raise Conflict(f"{pending.id} asks for the same already, by {pending.maker}; approve or withdraw it first")
        await _end(session, BACK_OFFICE, pending, Verb.EXPIRE, why="expired", now_ns=now_ns)
    approval = Approval(
        kind=kind,
        subject=subject,
        subject_version=subject_version,
        payload=payload,
        maker=actor.user,
        why=why,
        made_ns=now_ns,
        needed=needed,
        expires_ns=now_ns + VALID_NS if expires_ns is None else expires_ns,
        state=State.PENDING.value,
    )
    session.add(approval)
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict(f"somebody else asks for the same at this moment: {kind} of {subject}") from error
    after = {"approval": approval.id, "kind": kind, "payload": told(payload), "needed": needed, "state": approval.state}
    await audit.record(session, actor, "propose", subject, before=None, after=after, why=why, now_ns=now_ns)
    return approval


async def approve(
    session: AsyncSession, actor: Actor, approval_id: str, *, why: str, now_ns: int, subject_version: int = 0
) -> Approval:
    """Approve it, and carry it out in this transaction if it now has all that it needs.

    `subject_version`: the one that the checker has seen, of kinds that cannot tell for themselves. Raise `Refused`
    for the maker, without the permission, or if it is expired, stale or decided, or its maker disabled; `Conflict` for
    who has approved it.
    """
    approval, kind = await _pending(session, actor, approval_id, now_ns)
    maker = await session.get(StaffUser, approval.maker)
    if maker is not None and maker.is_disabled:
        raise Refused(
            f"{approval.id} was proposed by {approval.maker}, who is disabled; reject it, and propose it anew"
        )
    if kind.version_of is not None:
        subject_version = await kind.version_of(session, approval.subject)
    if subject_version != approval.subject_version:
        raise Refused(
            f"{approval.id} is stale: {approval.subject} has changed since it was proposed; "
            "withdraw it, and propose it anew"
        )
    await _decide(session, actor, approval, Verb.APPROVE, why=why, now_ns=now_ns)
    count = await session.scalar(
        select(func.count())
        .select_from(ApprovalDecision)
        .where(ApprovalDecision.approval == approval.number, ApprovalDecision.decision == Verb.APPROVE.value)
    )
    assert count is not None, "a count is a number"
    if count < approval.needed:
        names = {"approval": approval.id, "kind": approval.kind, "needed": approval.needed}
        await audit.record(
            session,
            actor,
            Verb.APPROVE,
            approval.subject,
            before={**names, "approved_by": count - 1},
            after={**names, "approved_by": count},
            why=why,
            now_ns=now_ns,
        )
        return approval
    await _end(session, actor, approval, Verb.APPROVE, why=why, now_ns=now_ns)
    await kind.carry_out(session, actor, approval, now_ns)
    return approval


async def reject(session: AsyncSession, actor: Actor, approval_id: str, *, why: str, now_ns: int) -> Approval:
    """Reject it; one checker is enough. Raise as `approve` does."""
    approval, _ = await _pending(session, actor, approval_id, now_ns)
    await _decide(session, actor, approval, Verb.REJECT, why=why, now_ns=now_ns)
    await _end(session, actor, approval, Verb.REJECT, why=why, now_ns=now_ns)
    return approval


async def withdraw(session: AsyncSession, actor: Actor, approval_id: str, *, why: str, now_ns: int) -> Approval:
    """Take back what one has proposed oneself. Raise `Refused` for others, or if it is decided."""
    approval = await approval_of(session, approval_id, for_update=True)
    if actor.user != approval.maker:
        raise Refused(f"{actor.user} has not proposed {approval.id}, {approval.maker} has; reject it instead")
    await _end(session, actor, approval, Verb.WITHDRAW, why=why, now_ns=now_ns)
    return approval


async def expire(session: AsyncSession, now_ns: int) -> list[Approval]:
    """End all that nobody has decided on in time, and return them."""
    query = select(Approval).where(Approval.state == State.PENDING.value, Approval.expires_ns <= now_ns)
    late = list(await session.scalars(query.order_by(Approval.number).with_for_update()))
    for approval in late:
        await _end(session, BACK_OFFICE, approval, Verb.EXPIRE, why="nobody decided in time", now_ns=now_ns)
    return late


async def approval_of(session: AsyncSession, approval_id: str, *, for_update: bool = False) -> Approval:
    """Return an approval by what staff call it. Raise `NotFound`."""
    # Of those who decide at the same time, each sees what the others have said.
    return await row_of(session, Approval, approval_id, "A", "approval", "approval list", for_update=for_update)


async def decisions(session: AsyncSession, approval: Approval) -> list[ApprovalDecision]:
    """Return what checkers have said, in order."""
    query = select(ApprovalDecision).where(ApprovalDecision.approval == approval.number)
    return list(await session.scalars(query.order_by(ApprovalDecision.time_ns)))


async def listed(
    session: AsyncSession, *, pending_only: bool, count: int
) -> list[tuple[Approval, list[ApprovalDecision]]]:
    """Return the last `count` approvals, the oldest of them first, each with what checkers have said."""
    query = select(Approval).order_by(Approval.number.desc()).limit(count)
    if pending_only:
        query = query.where(Approval.state == State.PENDING.value)
    found = list(await session.scalars(query))[::-1]
    said: dict[int, list[ApprovalDecision]] = {approval.number: [] for approval in found}
    numbers = query.with_only_columns(Approval.number).subquery()
    for decision in await session.scalars(
        select(ApprovalDecision)
        .where(ApprovalDecision.approval.in_(select(numbers.c.number)))
        .order_by(ApprovalDecision.time_ns)
    ):
        said[decision.approval].append(decision)
    return [(approval, said[approval.number]) for approval in found]


def told(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told of a payload: all but what is named `…_hash` or `…_sealed`."""
    return {name: value for name, value in payload.items() if not name.endswith(("_hash", "_sealed"))}


def in_words(approval: Approval, decimals: Mapping[str, int]) -> str:
    """Return what is done once it is approved. `decimals`: of each asset, for the payload's `amount` of an `asset`."""
    said = {name: _said(value) for name, value in told(approval.payload).items()}
    amount, asset = approval.payload.get("amount"), approval.payload.get("asset")
    if isinstance(amount, int | str) and isinstance(asset, str) and asset in decimals:
        said["amount"] = Figure(format_decimal(int(amount), decimals[asset])).with_commas
    kind = _kinds.get(approval.kind)
    if kind is not None and kind.words:
        # Of what was proposed by an earlier version, a part may be missing.
        return kind.words.format_map(defaultdict(lambda: "–", said, name=approval.subject.partition("/")[2]))
    return f"{approval.kind} of {approval.subject}: " + "; ".join(f"{name} {value}" for name, value in said.items())


def may_decide(approval: Approval, said: Sequence[ApprovalDecision], actor: Actor, now_ns: int) -> bool:
    """Tell whether something waits for this very person."""
    kind = _kinds.get(approval.kind)
    return (
        kind is not None
        and shown_state(approval, now_ns) is State.PENDING
        and actor.user not in {approval.maker, *(decision.checker for decision in said)}
        and actor.may(kind.permission)
    )


def _said(value: object) -> str:
    match value:
        case None | "":
            return "–"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(_said, value)) or "none"
        case dict():
            return ", ".join(f"{name} {_said(each)}" for name, each in value.items()) or "none"
        case _:
            return str(value)


def shown_state(approval: Approval, now_ns: int) -> State:
    """Return how it stands: what nobody has decided on in time is expired, also before that is written down."""
    if approval.state == State.PENDING and _is_expired(approval, now_ns):
        return State.EXPIRED
    return State(approval.state)


async def _pending(session: AsyncSession, actor: Actor, approval_id: str, now_ns: int) -> tuple[Approval, Kind]:
    """Return an approval that the actor may decide on. Raise `NotFound` or `Refused`."""
    approval = await approval_of(session, approval_id, for_update=True)
    kind = _kinds.get(approval.kind)
    if kind is None:
        raise Refused(f"{approval.id} asks for {approval.kind}, which this version of Fondaco does not know")
    actor.require(kind.permission)
    if actor.user == approval.maker:
        raise Refused(f"{actor.user} has proposed {approval.id}; somebody else must decide on it")
    state = shown_state(approval, now_ns)
    if state != State.PENDING:
        raise Refused(f"{approval.id} is {state} already")
    return approval, kind


async def _decide(
    session: AsyncSession, actor: Actor, approval: Approval, verb: Verb, *, why: str, now_ns: int
) -> None:
    if await session.get(ApprovalDecision, (approval.number, actor.user)) is not None:
        raise Conflict(f"{actor.user} has approved {approval.id} already; it needs others")
    session.add(
        ApprovalDecision(
            approval=approval.number,
            checker=actor.user,
            maker=approval.maker,
            decision=verb.value,
            why=why,
            time_ns=now_ns,
        )
    )
    await session.flush()


async def _end(session: AsyncSession, actor: Actor, approval: Approval, verb: Verb, *, why: str, now_ns: int) -> None:
    """Bring it to the state that a verb leads to. Raise `Refused` if it has been decided."""
    before = State(approval.state)
    after = TRANSITIONS[before].get(verb)
    if after is None:
        raise Refused(f"{approval.id} is {before} already")
    approval.state = after.value
    approval.decided_ns = now_ns
    await session.flush()
    names = {"approval": approval.id, "kind": approval.kind}
    await audit.record(
        session,
        actor,
        verb,
        approval.subject,
        before={**names, "state": before},
        after={**names, "state": after},
        why=why,
        now_ns=now_ns,
    )
    kind = _kinds.get(approval.kind)
    if verb is not Verb.APPROVE and kind is not None and kind.turn_down is not None:
        await kind.turn_down(session, actor, approval, now_ns)


def _is_expired(approval: Approval, now_ns: int) -> bool:
    return approval.expires_ns is not None and approval.expires_ns <= now_ns
