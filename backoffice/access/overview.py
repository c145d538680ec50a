"""The whole tree of firms, as staff see it: one row for each desk, trader, account and session."""

from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access.sessions import set_up_of
from backoffice.access.tables import AccessAccount, AccessDesk, AccessLimits, AccessSession, AccessTrader


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
    limits = {(row.scope, row.name): _shown(row.content) for row in await session.scalars(select(AccessLimits))}
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


def _shown(content: dict[str, Any]) -> str:
    parts = [f"{content['open_orders_max']:,} open orders"] if content["open_orders_max"] else []
    for name, what in (("order_base_max", "an order"), ("order_notional_max", "a notional")):
        parts += [f"{amount:,} {asset} {what}" for asset, amount in content[name].items()]
    for name, what in (("withdrawn_day_usd", "24 hours"), ("withdrawn_month_usd", "30 days")):
        parts += [f"{content[name]:,} USD out in {what}"] if content.get(name) else []
    return ", ".join(parts) or "none"


def _set_up(content: Any) -> str | None:  # noqa: ANN401 - JSON
    if not content:
        return None
    set_up = set_up_of(content)
    role = set_up.profile.role.name.lower().replace("_", "-")
    return f"{role}, {set_up.profile.version}, {', '.join(set_up.accounts) or 'no accounts'}"
