"""The whole tree of firms, as staff see it: one row for each desk, trader, account and session."""

from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access.limiting import shown
from backoffice.access.limits import stored_bounds
from backoffice.access.sessions import set_up_of
from backoffice.access.tables import AccessAccount, AccessDesk, AccessLimits, AccessSession, AccessTrader
from backoffice.naming import word_of


class Place(msgspec.Struct, frozen=True):
    """One thing in the tree."""

    firm: str
    kind: str
    name: str
    under: str | None
    state: str | None
    limits: str | None
    detail: str | None


async def places(session: AsyncSession, firm: str | None) -> list[Place]:
    """Return all that there is, or all of one firm, by firm and then down the tree."""
    set_there = (await session.scalars(select(AccessLimits))).all()
    limits = {(row.scope, row.name): await _shown(session, row.content) for row in set_there}
    desks = {desk.name: desk for desk in await session.scalars(select(AccessDesk).order_by(AccessDesk.name))}
    found = [
        Place(name, "firm", name, None, None, limits[scope, name], None) for scope, name in limits if scope == "firm"
    ]
    found += [
        Place(desk.firm, "desk", desk.name, desk.firm, None, limits.get(("desk", desk.name)), None)
        for desk in desks.values()
    ]
    found += [
        Place(desks[row.desk].firm, "trader", row.code, row.desk, None, limits.get(("trader", row.code)), None)
        for row in await session.scalars(select(AccessTrader).order_by(AccessTrader.code))
    ]
    found += [
        Place(
            *(row.firm, "account", row.account, row.trader or row.desk or row.firm, row.state),
            *(limits.get(("account", row.account)), None),
        )
        for row in await session.scalars(select(AccessAccount).order_by(AccessAccount.account))
    ]
    found += [
        Place(row.firm, "session", row.session, row.firm, row.state, None, _set_up(row.set_up))
        for row in await session.scalars(select(AccessSession).order_by(AccessSession.session))
    ]
    return sorted((place for place in found if firm in (None, place.firm)), key=lambda place: place.firm)


async def _shown(session: AsyncSession, content: dict[str, Any]) -> str:
    bounds = stored_bounds(content).items()
    return (
        "; ".join([f"{bounded.measure}: {await shown(session, bounded, value)}" for bounded, value in bounds]) or "none"
    )


def _set_up(content: Any) -> str | None:  # noqa: ANN401 - JSON
    if not content:
        return None
    set_up = set_up_of(content)
    role = word_of(set_up.profile.role)
    return f"{role}, {set_up.profile.version}, {', '.join(set_up.accounts) or 'no accounts'}"
