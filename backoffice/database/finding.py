"""Finds rows by what people call them."""

from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.base import Base
from backoffice.naming import number_of

T = TypeVar("T", bound=Base)


async def row_named(
    session: AsyncSession, table: type[T], name: str, letters: str, *, for_update: bool = False
) -> T | None:
    """Return the row of a name, as W-7, None if there is none; kept from others until the transaction ends if so asked.

    What only reads must not ask for that: PostgreSQL refuses it.
    """
    number = number_of(name, letters)
    return None if number is None else await session.get(table, number, with_for_update=for_update or None)
