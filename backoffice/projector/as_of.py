"""From when a report is: now, a record of the journal, or a time, which is the last record of that time."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.errors import NotFound
from backoffice.projector.tables import Moment, Position


async def position_of(session: AsyncSession) -> Position:
    """Return how far the database is. Raise `NotFound` if it has not followed anything yet."""
    position = (await session.scalars(select(Position))).one_or_none()
    if position is None:
        raise NotFound("the database has not followed a journal yet; start the back office: `fondaco serve`")
    return position


async def sequence_at(session: AsyncSession, time_ns: int) -> int:
    """Return the last record at or before a time, 0 if there was none yet."""
    last = select(Moment.sequence).where(Moment.time_ns <= time_ns).order_by(Moment.time_ns.desc()).limit(1)
    return await session.scalar(last) or 0


async def checked(session: AsyncSession, sequence: int | None) -> int:
    """Return the record that a report is as of: the one asked for, else the last. Raise `NotFound` if it is to come."""
    last = (await position_of(session)).sequence
    if sequence is None:
        return last
    if not 0 <= sequence <= last:
        raise NotFound(f"record {sequence}: the database has records up to {last}")
    return sequence
