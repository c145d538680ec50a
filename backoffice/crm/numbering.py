"""Numbers of new rows: 1, 2, 3 … without gaps, known before the row is there, since sealed texts are bound to them."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from backoffice.database.serializing import one_at_a_time


async def next_number(session: AsyncSession, column: InstrumentedAttribute[int]) -> int:
    """Return the number of the next row of a table; no other transaction gets it."""
    await one_at_a_time(session, f"numbers of {column.class_.__tablename__}")
    return (await session.scalar(select(func.max(column))) or 0) + 1
