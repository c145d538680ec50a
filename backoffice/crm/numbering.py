"""Numbers of new rows: 1, 2, 3 … without gaps, known before the row is there, since sealed texts are bound to them."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from backoffice import naming
from backoffice.database.serializing import one_at_a_time
from backoffice.errors import NotFound


async def next_number(session: AsyncSession, column: InstrumentedAttribute[int]) -> int:
    """Return the number of the next row of a table; no other transaction gets it."""
    await one_at_a_time(session, f"numbers of {column.class_.__tablename__}")
    return (await session.scalar(select(func.max(column))) or 0) + 1


def number_of(text: str, letter: str, what: str) -> int:
    """Return the number in what staff call something: 17 of P-17. Raise `NotFound` if it cannot be one."""
    number = naming.number_of(text, letter)
    if number is None:
        raise NotFound(f"{text[:40]}: no {what}; they are called {letter}-1, {letter}-2 …")
    return number
