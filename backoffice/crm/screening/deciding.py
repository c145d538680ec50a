"""What a hit is: a true match or a false positive, decided by somebody, once, with a reason."""

from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.tables.check import ScreeningHit
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
    return hit
