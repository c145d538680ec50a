"""Which client stands behind a firm, and whether anything may be set up for it."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.tables.file import Client
from backoffice.crm.workflow import State
from backoffice.errors import NotFound, Refused

MAY_BE_SET_UP: Final = (State.APPROVED, State.ACTIVE, State.SUSPENDED)


async def client_of_firm(session: AsyncSession, firm: str) -> Client:
    """Return the client whose firm it is. Raise `NotFound`."""
    client = await session.scalar(select(Client).where(Client.firm == firm))
    if client is None:
        raise NotFound(f"{firm}: no client has this firm; `fondaco client list` shows them")
    return client


async def check_may_be_set_up(session: AsyncSession, firm: str) -> Client:
    """Return the firm's client. Raise `Refused` unless it has been approved and has not left."""
    client = await client_of_firm(session, firm)
    if State(client.state) not in MAY_BE_SET_UP:
        raise Refused(f"client {client.id} is {client.state}; `fondaco client why {client.id}` says what it lacks")
    return client
