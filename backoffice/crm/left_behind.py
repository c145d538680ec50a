"""What is left of a client with the venue: balances, and sessions that could log on."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.tables.file import Client
from backoffice.ledger.balances import holdings
from backoffice.projector.tables import VenueAccount, VenueAsset, VenueSession
from engine.decimals import format_decimal


async def accounts_of(session: AsyncSession, client: Client) -> list[str]:
    """Return the accounts of a client's firm."""
    if client.firm is None:
        return []
    query = select(VenueAccount.account).where(VenueAccount.firm == client.firm).order_by(VenueAccount.account)
    return list((await session.scalars(query)).all())


async def balances_left(session: AsyncSession, client: Client) -> dict[str, str]:
    """Return what a client still has, by asset: available, reserved or held, as far as the books have come."""
    decimals = {each.asset: each.decimals for each in await session.scalars(select(VenueAsset))}
    left: dict[str, int] = {}
    for account in await accounts_of(session, client):
        for holding in await holdings(session, account=account):
            left[holding.asset] = left.get(holding.asset, 0) + holding.total
    return {asset: format_decimal(amount, decimals[asset]) for asset, amount in left.items() if amount}


async def sessions_left(session: AsyncSession, client: Client) -> list[str]:
    """Return the sessions that may still trade for one of a client's accounts."""
    accounts = set(await accounts_of(session, client))
    query = select(VenueSession).where(VenueSession.is_removed.is_(False)).order_by(VenueSession.session)
    return [each.session for each in await session.scalars(query) if accounts.intersection(each.accounts.split())]
