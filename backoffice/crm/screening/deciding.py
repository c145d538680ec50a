"""What a hit is: a true match or a false positive, decided by somebody, with a reason.

Who is on a sanctions list is suspended from all with the decision: what is theirs is frozen without delay. So one
person can call a hit a true match, also if it was called a false positive; that a true match was none takes two.
Whatever was decided stays in the audit trail.
"""

from enum import StrEnum
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm import suspending
from backoffice.crm.loading import client_of
from backoffice.crm.tables.check import ScreeningHit
from backoffice.crm.workflow import TRANSITIONS, State, Suspension, Verb
from backoffice.database.finding import row_of
from backoffice.errors import Conflict, Refused
from backoffice.staff import approvals, audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.tables import Approval

REVISION: Final = "hit-revision"


class Disposition(StrEnum):
    """What a hit is."""

    TRUE_MATCH = "true-match"
    FALSE_POSITIVE = "false-positive"


async def find(session: AsyncSession, hit_id: str, *, for_update: bool = False) -> ScreeningHit:
    """Return a hit by what staff call it. Raise `NotFound`."""
    return await row_of(session, ScreeningHit, hit_id, "H", "hit", "screening hits", for_update=for_update)


async def decide(
    session: AsyncSession, actor: Actor, hit_id: str, disposition: Disposition, *, why: str, now_ns: int
) -> ScreeningHit:
    """Decide on a hit. What was called a false positive may still be found to be a true match.

    The other way round it takes two (`propose_revision`). Raise `Conflict` if somebody has decided already, or the hit
    has lapsed.
    """
    actor.require(Permission.SCREEN_CLIENTS)
    hit = await _locked(session, hit_id)
    is_worse = hit.state == Disposition.FALSE_POSITIVE and disposition is Disposition.TRUE_MATCH
    if hit.state != "open" and not is_worse:
        by = f", by {hit.decided_by}: {hit.reason}" if hit.decided_by else ""
        more = f"; two can revise that: fondaco screening revise {hit.id}" if _is_true_match(hit) else ""
        raise Conflict(f"{hit.id} is {hit.state} already{by}{more}")
    await _put(session, actor, hit, disposition, why, now_ns)
    if disposition is Disposition.TRUE_MATCH and hit.purpose == "sanctions":
        await _freeze(session, actor, hit, why, now_ns)
    return hit


async def propose_revision(session: AsyncSession, actor: Actor, hit_id: str, *, why: str, now_ns: int) -> Approval:
    """Ask for a true match to be a false positive. A second person approves it; a suspension stays until it is lifted.

    Raise `Refused` if the hit is no true match.
    """
    actor.require(Permission.SCREEN_CLIENTS)
    hit = await find(session, hit_id)
    if not _is_true_match(hit):
        raise Refused(f"{hit.id} is {hit.state}, and no true match that could be revised")
    said = {"client": f"C-{hit.client}", "list": hit.list, "entry": hit.entry}
    return await approvals.propose(
        session,
        actor,
        REVISION,
        f"hit/{hit.id}",
        {**said, "decided_by": hit.decided_by, "reason": hit.reason},
        why=why,
        now_ns=now_ns,
        subject_version=hit.version,
    )


async def _revise(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    hit = await _locked(session, _hit_of(approval.subject))
    assert _is_true_match(hit), "it is as it was proposed"
    await _put(session, actor, hit, Disposition.FALSE_POSITIVE, approval.why, now_ns)


async def _locked(session: AsyncSession, hit_id: str) -> ScreeningHit:
    """Return a hit that nobody else can change: the client's row comes first, as it does where clients are screened."""
    found = await find(session, hit_id)
    await client_of(session, f"C-{found.client}", for_update=True)
    return await find(session, hit_id, for_update=True)


async def _put(
    session: AsyncSession, actor: Actor, hit: ScreeningHit, disposition: Disposition, why: str, now_ns: int
) -> None:
    before = {"hit": hit.id, "state": hit.state}
    if hit.decided_by:
        before |= {"decided_by": hit.decided_by, "reason": hit.reason}
    hit.state, hit.reason = disposition.value, why
    hit.decided_by, hit.decided_ns = actor.user, now_ns
    await session.flush()
    after = {"hit": hit.id, "state": hit.state, "list": hit.list, "entry": hit.entry, "score": hit.score}
    await audit.record(
        session, actor, "decide", f"client/C-{hit.client}", before=before, after=after, why=why, now_ns=now_ns
    )


def _is_true_match(hit: ScreeningHit) -> bool:
    return hit.state == Disposition.TRUE_MATCH


def _hit_of(subject: str) -> str:
    return subject.removeprefix("hit/")


async def _version_of_hit(session: AsyncSession, subject: str) -> int:
    return (await find(session, _hit_of(subject))).version


async def _freeze(session: AsyncSession, actor: Actor, hit: ScreeningHit, why: str, now_ns: int) -> None:
    """Suspend the client from all, if it trades or takes its own out."""
    client = await client_of(session, f"C-{hit.client}", for_update=True)
    if Verb.SUSPEND in TRANSITIONS[State(client.state)] and client.suspension != Suspension.ALL:
        reason = f"{hit.id} is a true match on {hit.list}: {why}"
        await suspending.suspend(session, actor, client.id, Suspension.ALL, why=reason, now_ns=now_ns)


approvals.register(
    REVISION,
    Permission.SCREEN_CLIENTS,
    _revise,
    version_of=_version_of_hit,
    words="call {name} of {client} on {list} a false positive, and no true match",
)
