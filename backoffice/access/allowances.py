"""What a client, a desk, a trader and an account may each withdraw: of the same time, all of them hold."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access.inheriting import levels_of_account, levels_of_firm
from backoffice.access.limits import WITHDRAWN_DAY, WITHDRAWN_MONTH, hold
from backoffice.access.tables import AccessAccount
from backoffice.payments.velocity import Allowance
from backoffice.projector.tables import VenueAccount

DAYS: Final = {WITHDRAWN_DAY: 1, WITHDRAWN_MONTH: 30}
"""Within how many days so much may be withdrawn."""


async def allowances_of(session: AsyncSession, firm: str, account: str | None) -> list[Allowance]:
    """Return what may be withdrawn from all accounts of a firm together, and from an account and what is above it."""
    known = await session.scalars(select(VenueAccount.account).where(VenueAccount.firm == firm))
    opened = list(await session.scalars(select(AccessAccount).where(AccessAccount.firm == firm)))
    everything = sorted({*known, *(each.account for each in opened)})
    held = hold(await levels_of_firm(session, firm))
    found = [
        Allowance(held[bounded].source, firm, tuple(everything), days, held[bounded].value)
        for bounded, days in DAYS.items()
        if bounded in held
    ]
    own = next((each for each in opened if each.account == account), None)
    for level in await levels_of_account(session, own) if own is not None else ():
        scope, _, name = level.source.partition(" ")
        below = _below(opened, scope, name)
        found += [
            Allowance(level.source, name, below, days, level.bounds[bounded])
            for bounded, days in DAYS.items()
            if bounded in level.bounds
        ]
    return found


def _below(opened: Sequence[AccessAccount], scope: str, name: str) -> tuple[str, ...]:
    return tuple(sorted(each.account for each in opened if getattr(each, scope) == name))
