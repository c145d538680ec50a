"""Sets limits at a place of the tree, with four eyes, and has the engine know what follows for each account below.

What is set may be tighter than what the rating of the client allows, and not looser; but two people may let a firm go
beyond its rating, with a reason, in a decision of its own kind. That holds until the client is rated worse.
"""

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access.clients import client_of_firm
from backoffice.access.hierarchy import find_desk
from backoffice.access.inheriting import rating_level
from backoffice.access.limits import (
    NO_BOUND,
    Bounded,
    Measure,
    Withdrawn,
    content_of,
    looser,
    stored_bounds,
)
from backoffice.access.tables import AccessAccount, AccessLimits, AccessTrader
from backoffice.access.telling import tell_limits
from backoffice.crm.risk import Rating
from backoffice.errors import NotFound, Refused
from backoffice.projector.tables import VenueAsset
from backoffice.staff import approvals, audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.tables import Approval
from engine.decimals import format_decimal
from engine.rules import Limits
from engine.values import AMOUNT_MAX

KIND: Final = "limits-set"
BEYOND: Final = "limits-beyond-rating"
SCOPES: Final = ("firm", "desk", "trader", "account")
"""From the top of the tree down."""


async def propose(
    session: AsyncSession,
    actor: Actor,
    scope: str,
    name: str,
    limits: Limits,
    withdrawn: Withdrawn = NO_BOUND,
    *,
    why: str,
    now_ns: int,
) -> Approval:
    """Propose limits for a firm, a desk, a trader or an account; somebody else approves them.

    Raise `Refused` if they are looser than what the client's rating allows.
    """
    actor.require(Permission.EDIT_LIMITS)
    firm = await _firm_of(session, scope, name)
    content = _checked(limits, withdrawn)
    await check_within_rating(session, firm, scope, name, content)
    payload = {"scope": scope, "name": name, "limits": content}
    return await approvals.propose(session, actor, KIND, f"{scope}/{name}", payload, why=why, now_ns=now_ns)


async def propose_beyond_rating(
    session: AsyncSession,
    actor: Actor,
    firm: str,
    limits: Limits,
    withdrawn: Withdrawn = NO_BOUND,
    *,
    why: str,
    now_ns: int,
) -> Approval:
    """Propose limits for a firm that stand in the place of its client's rating, where that says something too."""
    actor.require(Permission.EDIT_LIMITS)
    rating = (await client_of_firm(session, firm)).rating
    if rating in (None, Rating.PROHIBITED):
        raise Refused(f"{firm} is {'not rated' if rating is None else f'rated {rating}'}; nobody is let beyond that")
    payload = {"scope": "firm", "name": firm, "limits": _checked(limits, withdrawn), "rating": rating}
    return await approvals.propose(session, actor, BEYOND, f"firm/{firm}", payload, why=why, now_ns=now_ns)


def _checked(limits: Limits, withdrawn: Withdrawn) -> dict[str, Any]:
    """Return limits as they are stored. Raise `Refused` if one cannot be."""
    amounts = (*limits.order_base_max.values(), *limits.order_notional_max.values())
    if min(limits.open_orders_max, *withdrawn.in_order()) < 0 or any(not 0 <= each < AMOUNT_MAX for each in amounts):
        raise Refused("a limit is 0, for none, or more")
    return content_of(limits, withdrawn)


async def check_within_rating(session: AsyncSession, firm: str, scope: str, name: str, content: dict[str, Any]) -> None:
    """Raise `Refused` if limits are looser than what the rating of a firm's client allows."""
    rating = await rating_level(session, firm)
    if rating is None:
        return
    bounds = stored_bounds(content)
    for bounded in looser(bounds, rating.bounds):
        asked, allowed = (
            await shown(session, bounded, bounds[bounded]),
            await shown(session, bounded, rating.bounds[bounded]),
        )
        way = "; --beyond-rating asks for it nevertheless" if scope == "firm" else ""
        raise Refused(
            f"{scope} {name}: {bounded.measure}: {asked} is more than {rating.source} allows {firm}, {allowed}{way}"
        )


async def shown(session: AsyncSession, bounded: Bounded, value: int) -> str:
    """Return a limit as people read it."""
    if bounded.measure is Measure.OPEN_ORDERS:
        return f"{value:,}"
    if bounded.measure in (Measure.WITHDRAWN_DAY, Measure.WITHDRAWN_MONTH):
        return f"{value:,} {bounded.asset}"
    asset = await session.get(VenueAsset, bounded.asset)
    decimals = 0 if asset is None else asset.decimals
    whole, point, rest = format_decimal(value, decimals).partition(".")
    rest = rest.rstrip("0")
    return f"{int(whole):,}{point if rest else ''}{rest} {bounded.asset}"


async def _set(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    scope, name, content = (approval.payload[key] for key in ("scope", "name", "limits"))
    firm = await _firm_of(session, scope, name)
    beyond = approval.payload["rating"] if approval.kind == BEYOND else None
    if beyond is None:
        await check_within_rating(session, firm, scope, name, content)
    elif (rating := (await client_of_firm(session, firm)).rating) != beyond:
        raise Refused(f"{firm} is rated {rating} by now, and not {beyond}; propose it anew")
    row = await session.get(AccessLimits, (scope, name))
    before = None if row is None else {**row.content, "beyond_rating": row.beyond_rating}
    row = row or AccessLimits(scope=scope, name=name)
    row.content, row.beyond_rating = content, beyond
    row.proposed_by, row.approved_by, row.approved_ns = approval.maker, actor.user, now_ns
    session.add(row)
    await session.flush()
    after = {**content, "beyond_rating": beyond}
    await audit.record(
        *(session, actor, "set limits", approval.subject), before=before, after=after, why=approval.why, now_ns=now_ns
    )
    await tell_limits(session, actor, firm, approval.subject, why=approval.why, now_ns=now_ns)


async def _firm_of(session: AsyncSession, scope: str, name: str) -> str:
    """Return whose firm a place of the tree belongs to. Raise `NotFound`."""
    match scope:
        case "firm":
            await client_of_firm(session, name)
            return name
        case "desk":
            return (await find_desk(session, name)).firm
        case "trader":
            trader = await session.get(AccessTrader, name)
            if trader is not None:
                return (await find_desk(session, trader.desk)).firm
        case "account":
            account = await session.get(AccessAccount, name)
            if account is not None:
                return account.firm
        case _:
            raise Refused(f"{scope}: limits are for one of {', '.join(SCOPES)}")
    raise NotFound(f"{name}: no {scope}; `fondaco access list` shows them")


approvals.register(KIND, Permission.APPROVE_LIMITS, _set, words="set limits of {scope} {name}")
approvals.register(
    BEYOND,
    Permission.SCORE_CLIENTS,
    _set,
    words="set limits of {scope} {name}, beyond what its rating allows",
)
