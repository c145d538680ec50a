"""The limits that the engine is to hold an account to, of those that are set on the way down to it."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access.limits import tightest
from backoffice.access.tables import AccessAccount, AccessLimits
from engine.rules import Limits


async def of_account(session: AsyncSession, account: AccessAccount) -> Limits:
    """Return the limits that the engine is to hold an account to: all on the way down but the firm's, which it has."""
    places = [("desk", account.desk), ("trader", account.trader), ("account", account.account)]
    found = [await session.get(AccessLimits, place) for place in places if place[1] is not None]
    return tightest(limits_of(row.content) for row in found if row is not None)


def limits_of(content: dict[str, Any]) -> Limits:
    """Return limits as they are stored."""
    return Limits(content["open_orders_max"], dict(content["order_base_max"]), dict(content["order_notional_max"]))
