"""What a firm or an account may do in the end, as staff see it: each limit, where it comes from, and what is left."""

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access.allowances import DAYS, allowances_of
from backoffice.access.inheriting import levels_of_account, levels_of_firm
from backoffice.access.limiting import shown
from backoffice.access.limits import Level, hold
from backoffice.access.tables import AccessAccount
from backoffice.crm.tables.file import Client
from backoffice.errors import NotFound
from backoffice.house_rules import CENTS, house_rules
from backoffice.payments.velocity import left_of
from backoffice.projector.tables import VenueAccount

_WITHDRAWN = {days: bounded for bounded, days in DAYS.items()}


class Allowed(msgspec.Struct, frozen=True):
    """One limit, in words."""

    what: str
    limit: str
    left: str | None
    """Of what is withdrawn alone."""
    source: str


async def allowed_to(session: AsyncSession, name: str, now_ns: int) -> list[Allowed]:
    """Return all limits that hold for an account, or a firm. Raise `NotFound` if there is neither."""
    account = await session.get(AccessAccount, name)
    if account is not None:
        levels = [*await levels_of_firm(session, account.firm), *await levels_of_account(session, account)]
        return await _shown(session, levels, account.firm, account.account, now_ns)
    known = await session.get(VenueAccount, name)
    firm = name if known is None else known.firm
    if known is None and await session.scalar(select(Client.number).where(Client.firm == name)) is None:
        raise NotFound(f"{name}: no account, and no client's firm; `fondaco access list` shows them")
    return await allowed_to_firm(session, firm, now_ns)


async def allowed_to_firm(session: AsyncSession, firm: str, now_ns: int) -> list[Allowed]:
    """Return all limits that hold for a firm as a whole."""
    return await _shown(session, await levels_of_firm(session, firm), firm, None, now_ns)


async def _shown(
    session: AsyncSession, levels: list[Level], firm: str, account: str | None, now_ns: int
) -> list[Allowed]:
    held = hold(levels)
    found = [
        Allowed(bounded.measure.value, await shown(session, bounded, limit.value), None, limit.source)
        for bounded, limit in sorted(held.items())
        if bounded not in DAYS
    ]
    rules = await house_rules(session)
    for allowance in await allowances_of(session, firm, account):
        left = await left_of(session, rules, allowance, now_ns)
        bounded = _WITHDRAWN[allowance.days]
        found.append(
            Allowed(
                bounded.measure.value,
                await shown(session, bounded, allowance.usd),
                await shown(session, bounded, left // CENTS),
                allowance.source,
            )
        )
    return found
