"""The projector: follows the journal, and keeps in the database what it says, exactly once.

Records are taken in batches. One transaction holds all that follows from a batch and the new position, and nothing is
remembered that is not in the database as well: so whoever starts again, however this one came to its end, goes on where
the database stands. The position is moved before anything else, from where it was: of two projectors on one database
only one gets on.
"""

from typing import Final, Self

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as insert_in_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_in_sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from backoffice.database import Database
from backoffice.errors import Conflict
from backoffice.ledger.keeping import add_entry, load
from backoffice.ledger.posting import ACCOUNT_COLUMNS, POSTING_COLUMNS
from backoffice.ledger.tables import LedgerAccount, LedgerPosting
from backoffice.projector.rows import Known, Rows
from backoffice.projector.tables import OrderRow, Position, VenueAsset
from backoffice.projector.writer import FOLLOWER, Writer
from engine.values import PENDING_NEW

_IS_OPEN: Final = OrderRow.closed_sequence.is_(None)


class Projector:
    """What is known of the journal so far, and how more of it is taken in."""

    def __init__(self, database: Database, journal: str, sequence: int, time_ns: int) -> None:
        self.sequence = sequence
        """The last record that is in the database,"""
        self.time_ns = time_ns
        """and its time."""
        self._database = database
        self._journal = journal
        self._writer = Writer(is_sqlite=database.is_sqlite)
        self._known = Known()

    @classmethod
    async def open(cls, database: Database, journal: str) -> Self:
        """Stand where the database stands. Raise `Conflict` if it follows another journal."""
        await _begin(database, journal)
        async with database.reading() as session:
            position = (await session.scalars(select(Position).where(Position.follower == FOLLOWER))).one()
            if position.journal != journal:
                raise Conflict(
                    "the database follows another journal than the one in this data directory; name the database "
                    "that goes with it, or begin with an empty one"
                )
            projector = cls(database, journal, position.sequence, position.time_ns)
            known = projector._known
            known.assets = {row.asset: row.decimals for row in await session.scalars(select(VenueAsset))}
            waiting = select(OrderRow.order_id).where(_IS_OPEN, OrderRow.status == PENDING_NEW)
            known.waiting = set(await session.scalars(waiting))
            await known.counters.load(session, position.time_ns)
            known.books = await load(session)
        return projector

    def rows(self) -> Rows:
        """Return a batch to be filled with the records that come next, and then to be written."""
        return Rows(self._known)

    async def write(self, rows: Rows) -> None:
        """Put a batch into the database. If that fails, this projector is of no use any more; open another one."""
        async with self._database.writing() as session:
            connection = await session.connection()
            await self._writer.move(connection, self._journal, self.sequence, rows)
            await self._writer.write(connection, rows, self._known.counters)
            await self._write_books(session, connection, rows)
        self.sequence, self.time_ns = rows.sequence, rows.time_ns

    async def _write_books(self, session: AsyncSession, connection: AsyncConnection, rows: Rows) -> None:
        books = self._known.books
        opened, postings = books.take()
        await self._writer.add(connection, LedgerAccount, opened, ACCOUNT_COLUMNS)
        if postings:
            span = (rows.first_sequence, rows.sequence, rows.time_ns)
            postings = await add_entry(session, books, postings, *span)
            await self._writer.add(connection, LedgerPosting, postings, POSTING_COLUMNS)


async def _begin(database: Database, journal: str) -> None:
    insert = insert_in_sqlite if database.is_sqlite else insert_in_postgresql
    at_start = insert(Position).values(follower=FOLLOWER, journal=journal, sequence=0, time_ns=0)
    async with database.writing() as session:
        await session.execute(at_start.on_conflict_do_nothing())
