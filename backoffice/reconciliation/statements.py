"""Keeps what rails say: what they have booked, each under the rail's own reference, however often it is told; balances.

A rail's balances are stored in one transaction with the last of what it has booked, and say nothing without that.
"""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.payments.rail import NAME_CHARS_MAX, Statement, kept
from backoffice.reconciliation.tables import RailBalance, RailBooking, RailStatement
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
        reference = kept(booking.reference)
        row = await session.get(RailBooking, (rail, reference))
        if row is None:
            row = RailBooking(rail=rail, reference=reference, seen_ns=now_ns)
            session.add(row)
        row.ours, row.asset = kept(booking.ours, NAME_CHARS_MAX), kept(booking.asset, NAME_CHARS_MAX)
        row.amount, row.is_gone = booking.amount, booking.is_gone
        await session.flush()
    await session.execute(delete(RailBalance).where(RailBalance.rail == rail))
    for asset, amount in (statement.balances or {}).items():
        if abs(amount) <= AMOUNT_MAX:
            named = kept(asset, NAME_CHARS_MAX)
            session.add(RailBalance(rail=rail, asset=named, amount=amount, read_ns=now_ns))
    read = await session.get(RailStatement, rail)
    if read is None:
        read = RailStatement(rail=rail)
        session.add(read)
    read.cursor, read.read_ns = statement.cursor, now_ns
    await session.flush()
