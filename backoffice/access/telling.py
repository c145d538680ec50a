"""Has the venue hold a firm and its accounts to their limits: it is told what differs from what it was told last.

In the transaction of what the limits follow from: a limit that is set, an account that is opened, a client's rating.
What follows from the settings (what assets are worth) the back office's process tells as it starts, and with it all
else once more: the venue takes limits from its own settings at each start, which must not loosen these.
"""

from msgspec.structs import asdict
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice import outbox
from backoffice.access.inheriting import levels_of_account, levels_of_firm, quotes_of
from backoffice.access.limits import Level, engine_limits, hold
from backoffice.access.tables import AccessAccount, LimitsInForce
from backoffice.crm.tables.file import Client
from backoffice.staff.actor import BACK_OFFICE, Actor
from engine.commands import SetLimits
from engine.rules import NO_LIMITS
from engine.values import Scope


async def tell_limits(session: AsyncSession, actor: Actor, firm: str, subject: str, *, why: str, now_ns: int) -> int:
    """Have the venue be told what has changed of the limits of a firm that has accounts; return how many it were."""
    await session.flush()
    query = select(AccessAccount).where(AccessAccount.firm == firm, AccessAccount.state == "open")
    accounts = list(await session.scalars(query.order_by(AccessAccount.account)))
    if not accounts:
        return 0  # The venue does not know the firm yet.
    places = [(Scope.FIRM, firm, await levels_of_firm(session, firm))]
    places += [(Scope.ACCOUNT, each.account, await levels_of_account(session, each)) for each in accounts]
    told = 0
    for scope, name, levels in places:
        told += await _tell(session, scope, name, levels, actor, subject, why, now_ns)
    return told


async def tell_all_limits(session: AsyncSession, now_ns: int, *, once_more: bool = False) -> int:
    """Have the venue be told what has changed of anybody's limits, or all of them; return how many it were."""
    if once_more:
        await session.execute(delete(LimitsInForce))
    firms = await session.scalars(select(Client.firm).where(Client.firm.is_not(None)).order_by(Client.firm))
    told = 0
    for firm in firms.all():
        assert firm is not None, "it was asked for"
        why = "as the house's rules have it"
        told += await tell_limits(session, BACK_OFFICE, firm, f"firm/{firm}", why=why, now_ns=now_ns)
    return told


async def tell_new_quotes(session: AsyncSession, now_ns: int) -> int:
    """Have the venue be told what ratings allow in a currency that instruments are priced in since a moment ago."""
    quotes = set(await quotes_of(session))
    open_firms = select(AccessAccount.firm).where(AccessAccount.state == "open").distinct()
    rows = await session.scalars(select(LimitsInForce).where(LimitsInForce.scope == Scope.FIRM.name))
    in_force = {row.name: set(row.content["order_notional_max"]) for row in rows}
    told = 0
    for firm in (await session.scalars(open_firms)).all():
        if quotes - in_force.get(firm, set()):
            why = "it may trade in more currencies"
            told += await tell_limits(session, BACK_OFFICE, firm, f"firm/{firm}", why=why, now_ns=now_ns)
    return told


async def _tell(
    session: AsyncSession,
    scope: Scope,
    name: str,
    levels: list[Level],
    actor: Actor,
    subject: str,
    why: str,
    now_ns: int,
) -> bool:
    limits = engine_limits(hold(levels))
    command = SetLimits(scope, name, limits, actor.user, outbox.plain(why))
    content = asdict(limits)
    told = await session.get(LimitsInForce, (scope.name, name))
    if told is None and limits == NO_LIMITS:
        return False
    if told is not None and told.content == content:
        return False
    told = told or LimitsInForce(scope=scope.name, name=name)
    told.content, told.told_ns = content, now_ns
    session.add(told)
    await outbox.put(session, command, subject, now_ns)
    return True
