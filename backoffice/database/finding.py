"""Finds rows by what people call them."""

from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.base import Base
from backoffice.errors import NotFound
from backoffice.naming import number_of

T = TypeVar("T", bound=Base)


async def row_named(
    session: AsyncSession, table: type[T], name: str, letters: str, *, for_update: bool = False
) -> T | None:
    """Return the row of a name, as W-7, None if there is none; kept from others until the transaction ends if so asked.

    What only reads must not ask for that: PostgreSQL refuses it.
    """
    number = number_of(name, letters)
    if number is None:
        return None
    return await session.get(table, number, with_for_update=for_update or None, populate_existing=for_update)


async def row_of(
    session: AsyncSession,
    table: type[T],
    name: str,
    letters: str,
    what: str,
    listed_by: str,
    *,
    for_update: bool = False,
) -> T:
    """Return the row of a name, as `row_named` does. Raise `NotFound` if there is none.

    `what`: it is, for people; `listed_by`: which command shows what there is.
    """
    row = await row_named(session, table, name, letters, for_update=for_update)
    if row is None:
        raise NotFound(f"{name[:40]}: there is no such {what}; `fondaco {listed_by}` shows them")
    return row
