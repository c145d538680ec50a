"""The chain of limits above an account: what its client's rating allows, and what is set on the way down to it."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access.limits import (
    WITHDRAWN_DAY,
    WITHDRAWN_MONTH,
    Bounded,
    Level,
    Measure,
    stored_bounds,
)
from backoffice.access.tables import AccessAccount, AccessLimits
from backoffice.crm.rated import consequences_of, last_score
from backoffice.crm.risk import Rating
from backoffice.crm.tables.file import Client
from backoffice.house_rules import house_rules
from backoffice.projector.tables import VenueInstrument


async def levels_of_firm(session: AsyncSession, firm: str) -> list[Level]:
    """Return what holds for a whole firm: what its client's rating allows, and the firm's own limits."""
    rating = await rating_level(session, firm)
    own = await session.get(AccessLimits, ("firm", firm))
    if own is None:
        return [rating] if rating else []
    is_beyond = own.beyond_rating is not None and await _holds_beyond(session, firm, Rating(own.beyond_rating))
    source = f"firm {firm}" + (", beyond its rating" if is_beyond else "")
    return [*([rating] if rating else []), Level(source, stored_bounds(own.content), is_beyond)]


async def levels_of_account(session: AsyncSession, account: AccessAccount) -> list[Level]:
    """Return what holds for an account beside what holds for its firm: limits of its desk, its trader, and its own."""
    places = (("desk", account.desk), ("trader", account.trader), ("account", account.account))
    found = [(place, await session.get(AccessLimits, place)) for place in places if place[1] is not None]
    return [Level(f"{scope} {name}", stored_bounds(row.content)) for (scope, name), row in found if row is not None]


async def rating_level(session: AsyncSession, firm: str) -> Level | None:
    """Return what the rating of a firm's client allows, None while it is not rated.

    In a currency of which nobody knows what it is worth it allows nothing.
    """
    client = await session.scalar(select(Client).where(Client.firm == firm))
    allowed = None if client is None else await consequences_of(session, client)
    if client is None or allowed is None:
        return None
    rules = await house_rules(session)
    bounds = {
        Bounded(Measure.ORDER_NOTIONAL, asset): rules.amount_worth(asset, allowed.order_usd) or 0
        for asset in await quotes_of(session)
    }
    bounds[WITHDRAWN_DAY] = allowed.withdrawals_day_usd
    if allowed.withdrawals_month_usd is not None:
        bounds[WITHDRAWN_MONTH] = allowed.withdrawals_month_usd
    return Level(f"rating {client.rating}", bounds)


async def unpriced(session: AsyncSession) -> list[str]:
    """Return what instruments are priced in of which nobody knows what it is worth."""
    rules = await house_rules(session)
    return [asset for asset in await quotes_of(session) if rules.amount_worth(asset, 1) is None]


async def quotes_of(session: AsyncSession) -> list[str]:
    """Return what instruments are priced in: those of the settings, and those that the venue has been given."""
    rules = await house_rules(session)
    known = await session.scalars(select(VenueInstrument.quote).distinct())
    return sorted({*(asset for asset, rule in rules.assets.items() if rule.is_quote), *known})


async def _holds_beyond(session: AsyncSession, firm: str, rating: Rating) -> bool:
    """Tell whether a client is rated no worse than when it was let beyond its rating."""
    client = (await session.scalars(select(Client).where(Client.firm == firm))).one()
    score = await last_score(session, client)
    return score is not None and Rating(score.rating).rank <= rating.rank
