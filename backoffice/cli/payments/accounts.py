"""Accounts that payments are for: those that the venue has, or was told to open."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def check_account(session: "AsyncSession", account: str) -> None:
    """Raise `NotFound` if there is no such account, before anything is sent to it, or from it."""
    from backoffice.access.tables import AccessAccount
    from backoffice.errors import NotFound
    from backoffice.projector.tables import VenueAccount

    opened = await session.get(AccessAccount, account)
    if await session.get(VenueAccount, account) is None and (opened is None or opened.state != "open"):
        raise NotFound(f"{account}: no account of this venue; `fondaco access list` and `report balances` show them")
