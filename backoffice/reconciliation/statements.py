"""Keeps what rails say that they have booked, each booking under the rail's own reference, however often it is told."""

from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.payments.rail import Statement
from backoffice.reconciliation.tables import RailBooking, RailStatement
from engine.values import AMOUNT_MAX


async def cursor_of(session: AsyncSession, rail: str) -> str:
    """Return from where a rail's record is to be read on."""
    found = await session.get(RailStatement, rail)
    return found.cursor if found is not None else ""


async def take(session: AsyncSession, rail: str, statement: Statement, now_ns: int) -> None:
    """Store what a rail has told, and from where to go on."""
    for booking in statement.bookings:
        if abs(booking.amount) > AMOUNT_MAX:
            continue  # No asset of the venue has so much: what it says is not about the venue's funds.
        row = await session.get(RailBooking, (rail, booking.reference))
        if row is None:
            row = RailBooking(rail=rail, reference=booking.reference, seen_ns=now_ns)
            session.add(row)
        row.ours, row.asset, row.amount, row.is_gone = booking.ours, booking.asset, booking.amount, booking.is_gone
        await session.flush()
    read = await session.get(RailStatement, rail)
    if read is None:
        read = RailStatement(rail=rail)
        session.add(read)
    read.cursor, read.read_ns = statement.cursor, now_ns
    await session.flush()
