"""Lets transactions do something one after the other: in PostgreSQL, where several write at once.

In SQLite one transaction writes at a time anyway. Two that each wait for what the other has come to nothing, so let all
take such turns in the same order, and late: the audit trail takes its own as the transaction commits.
"""

import hashlib

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session


async def one_at_a_time(session: AsyncSession, what: str) -> None:
    """Wait until no other transaction does this, and keep others from it until this one has ended.

    What the transaction reads from here on is what the others have committed.
    """
    await session.run_sync(take_turn, what)


def take_turn(session: Session, what: str) -> None:
    """Do the same where a session is at hand that does not await."""
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], "big", signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))
