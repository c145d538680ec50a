"""Lets transactions do something one after the other: in PostgreSQL, where several write at once.

In SQLite one transaction writes at a time anyway.
"""

import hashlib

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession


async def one_at_a_time(session: AsyncSession, what: str) -> None:
    """Wait until no other transaction does this, and keep others from it until this one has ended.

    What the transaction reads from here on is what the others have committed.
    """
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], "big", signed=True)
        await session.execute(select(func.pg_advisory_xact_lock(number)))
