"""What a hit is: a true match or a false positive, decided by somebody, once, with a reason.

Who is on a sanctions list is suspended from all with the decision: what is theirs is frozen without delay.
"""

from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm import suspending
from backoffice.crm.loading import client_of
from backoffice.crm.tables.check import ScreeningHit
from backoffice.crm.workflow import TRANSITIONS, State, Suspension, Verb
from backoffice.database.finding import row_of
from backoffice.errors import Conflict
from backoffice.staff import audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission


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
    """Decide on a hit. What was called a false positive may still be found to be a true match, not the other way round.

    Raise `Conflict` if somebody has decided already, or the hit has lapsed.
    """
    actor.require(Permission.SCREEN_CLIENTS)
    hit = await find(session, hit_id, for_update=True)
    is_worse = hit.state == Disposition.FALSE_POSITIVE and disposition is Disposition.TRUE_MATCH
    if hit.state != "open" and not is_worse:
        by = f", by {hit.decided_by}: {hit.reason}" if hit.decided_by else ""
        raise Conflict(f"{hit.id} is {hit.state} already{by}")
    before = {"hit": hit.id, "state": hit.state}
    hit.state, hit.reason = disposition.value, why
    hit.decided_by, hit.decided_ns = actor.user, now_ns
    await session.flush()
    after = {"hit": hit.id, "state": hit.state, "list": hit.list, "entry": hit.entry, "score": hit.score}
    await audit.record(
        session, actor, "decide", f"client/C-{hit.client}", before=before, after=after, why=why, now_ns=now_ns
    )
    if disposition is Disposition.TRUE_MATCH and hit.purpose == "sanctions":
        await _freeze(session, actor, hit, why, now_ns)
    return hit


async def _freeze(session: AsyncSession, actor: Actor, hit: ScreeningHit, why: str, now_ns: int) -> None:
    """Suspend the client from all, if it trades or takes its own out."""
    client = await client_of(session, f"C-{hit.client}", for_update=True)
    if Verb.SUSPEND in TRANSITIONS[State(client.state)] and client.suspension != Suspension.ALL:
        reason = f"{hit.id} is a true match on {hit.list}: {why}"
        await suspending.suspend(session, actor, client.id, Suspension.ALL, why=reason, now_ns=now_ns)
