"""What a report is about: whose, in which instrument, from when until when, and as of which record.

Trades and orders are numbered in the order in which they happened. So a time or a record becomes a number by halving,
a handful of looks by the key; there is no index on times, which would cost the projector its speed.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, SQLColumnExpression, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.loading import client_of
from backoffice.crm.tables.file import Client
from backoffice.errors import NotFound
from backoffice.projector.tables import Moment, VenueAccount, VenueAsset, VenueInstrument
from backoffice.reports.by import By


class Scope(msgspec.Struct, frozen=True):
    """What is wanted: all of these must hold, and what is None or empty leaves all."""

    client: str = ""
    firm: str = ""
    account: str = ""
    symbol: str = ""
    from_ns: int | None = None
    """From this time on,"""
    until_ns: int | None = None
    """and before this one."""
    sequence: int | None = None
    """As of this record."""


class Seen(msgspec.Struct, frozen=True):
    """A moment of the past, up to which everything is seen that a report is about."""

    sequence: int
    """The last record by then,"""
    time_ns: int
    """and the time."""


async def accounts_in(session: AsyncSession, scope: Scope) -> list[str] | None:
    """Return the accounts that a report is about, None for all. Raise `NotFound` for a name that nobody has."""
    if not (scope.client or scope.firm or scope.account):
        return None
    query = select(VenueAccount.account).order_by(VenueAccount.account)
    if scope.client:
        query = query.where(VenueAccount.firm == (await client_of(session, scope.client)).firm)
    if scope.firm:
        query = query.where(VenueAccount.firm == scope.firm)
    if scope.account:
        query = query.where(VenueAccount.account == scope.account)
    found = list(await session.scalars(query))
    if not found:
        of = ", ".join(filter(None, (scope.account, scope.firm, scope.client)))
        raise NotFound(f"{of}: no account of this venue")
    return found


async def check_symbol(session: AsyncSession, symbol: str) -> None:
    """Raise `NotFound` if a symbol is asked for that is not traded here."""
    if symbol and await session.get(VenueInstrument, symbol) is None:
        raise NotFound(f"{symbol}: no instrument of this venue")


async def check_asset(session: AsyncSession, asset: str) -> None:
    """Raise `NotFound` if an asset is asked for that is not admitted here."""
    if asset and await session.get(VenueAsset, asset) is None:
        raise NotFound(f"{asset}: no asset of this venue")


async def owners(session: AsyncSession) -> dict[str, tuple[str, str]]:
    """Return the firm and the client ("": none is known) of each account."""
    query = select(VenueAccount.account, VenueAccount.firm, Client.number).outerjoin(
        Client, Client.firm == VenueAccount.firm
    )
    return {account: (firm, f"C-{number}" if number else "") for account, firm, number in await session.execute(query)}


async def keys(session: AsyncSession, by: By) -> Callable[[str], str]:
    """Return what tells under what key an account's figures stand: its firm, its client, itself, or all together."""
    match by:
        case By.CLIENT | By.FIRM:
            of, place = await owners(session), 1 if by is By.CLIENT else 0
            return lambda account: of[account][place]
        case By.ACCOUNT:
            return str
        case _:
            return lambda _: ""


async def holder_of(session: AsyncSession, accounts: Sequence[str]) -> str:
    """Return whose some accounts are, as a statement names them: the client, or the firm if it is no client's."""
    query = select(Client.name, Client.number, VenueAccount.firm).outerjoin_from(
        VenueAccount, Client, Client.firm == VenueAccount.firm
    )
    rows = await session.execute(query.where(VenueAccount.account.in_(accounts)).distinct())
    return ", ".join(sorted(f"{name} (C-{number})" if number else firm for name, number, firm in rows))


class Rising(msgspec.Struct, frozen=True):
    """A table whose rows are numbered as they came: the number, when that was, and by which record."""

    number: SQLColumnExpression[int]
    time_ns: SQLColumnExpression[int]
    sequence: SQLColumnExpression[int]

    async def within(self, session: AsyncSession, scope: Scope) -> list[ColumnElement[bool]]:
        """Return the conditions on the number that a scope's times and its record come to."""
        conditions: list[ColumnElement[bool]] = []
        if scope.from_ns is not None:
            conditions.append(self.number >= await self.first(session, self.time_ns, scope.from_ns))
        if scope.until_ns is not None:
            conditions.append(self.number < await self.first(session, self.time_ns, scope.until_ns))
        if scope.sequence is not None:
            conditions.append(self.number < await self.first(session, self.sequence, scope.sequence + 1))
        return conditions

    async def first(self, session: AsyncSession, column: SQLColumnExpression[int], value: int) -> int:
        """Return the first number whose column is not below a value, or one that is above all numbers."""
        low = 1
        high = (await session.scalar(select(func.max(self.number))) or 0) + 1
        while low < high:
            middle = (low + high) // 2
            next_one = select(self.number, column).where(self.number >= middle).order_by(self.number).limit(1)
            found = (await session.execute(next_one)).one_or_none()
            if found is None or found[1] >= value:
                high = middle
            else:
                low = found[0] + 1
        return low


async def time_of(session: AsyncSession, sequence: int) -> int:
    """Return when a record was: times have gaps, so it is the first that there is from the one found by halving on.

    0 for a record that is not there.
    """
    from_ns = await _MOMENTS.first(session, Moment.sequence, sequence)
    return await session.scalar(select(func.min(Moment.time_ns)).where(Moment.time_ns >= from_ns)) or 0


_MOMENTS: Final = Rising(Moment.time_ns, Moment.time_ns, Moment.sequence)


def chosen(column: SQLColumnExpression[str], accounts: Sequence[str] | None) -> list[ColumnElement[bool]]:
    """Return the condition that a column names one of the accounts; none for all of them."""
    return [] if accounts is None else [column.in_(accounts)]
