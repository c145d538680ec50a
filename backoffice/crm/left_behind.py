"""What is left of a client with the venue: balances, and sessions that could log on."""

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access.tables import AccessSession
from backoffice.crm.tables.file import Client
from backoffice.ledger.balances import holdings
from backoffice.projector.tables import VenueAccount, VenueAsset, VenueSession
from engine.decimals import format_decimal


async def accounts_of(session: AsyncSession, client: Client) -> list[str]:
    """Return the accounts of a client's firm."""
    if client.firm is None:
        return []
    query = select(VenueAccount.account).where(VenueAccount.firm == client.firm).order_by(VenueAccount.account)
    return list(await session.scalars(query))


async def balances_left(session: AsyncSession, client: Client) -> dict[str, str]:
    """Return what a client still has, by asset: available, reserved or held, as far as the books have come."""
    decimals = {each.asset: each.decimals for each in await session.scalars(select(VenueAsset))}
    left: dict[str, int] = {}
    for account in await accounts_of(session, client):
        for holding in await holdings(session, account=account):
            left[holding.asset] = left.get(holding.asset, 0) + holding.total
    return {asset: format_decimal(amount, decimals[asset]) for asset, amount in left.items() if amount}


class SessionsLeft(NamedTuple):
    """Sessions that could still log on for a client."""

    own: list[str]
    shared: list[str]
    """They may trade for others too."""


async def sessions_left(session: AsyncSession, client: Client) -> SessionsLeft:
    """Return the sessions that were set up for a client's firm, or may trade for one of its accounts."""
    provisioned = select(AccessSession.session).where(
        AccessSession.firm == client.firm, AccessSession.state == "provisioned"
    )
    own, shared = set(await session.scalars(provisioned)), []
    accounts = set(await accounts_of(session, client))
    query = select(VenueSession).where(VenueSession.is_removed.is_(False)).order_by(VenueSession.session)
    for each in await session.scalars(query):
        trades_for = set(each.accounts.split())
        if trades_for - accounts and trades_for & accounts:
            shared.append(each.session)
        elif trades_for & accounts:
            own.add(each.session)
    return SessionsLeft(sorted(own.difference(shared)), shared)
