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

from backoffice.database import Database
from backoffice.errors import Conflict
from backoffice.ledger.entries import head_of
from backoffice.ledger.keeping import Keeper, load
from backoffice.ledger.posting import ACCOUNT_COLUMNS, POSTING_COLUMNS
from backoffice.ledger.tables import LedgerAccount, LedgerPosting
from backoffice.projector.batch import Batch
from backoffice.projector.rows import Known, Rows
from backoffice.projector.tables import Activity, OrderRow, Position, RejectCount, VenueAsset
from backoffice.projector.writer import FOLLOWER, Writer
from backoffice.times import HOUR_NS
from engine.values import PENDING_NEW

_IS_OPEN: Final = OrderRow.closed_sequence.is_(None)


class Projector:
    """What is known of the journal so far, and how more of it is taken in."""

    def __init__(self, database: Database, journal: str) -> None:
        self.sequence = 0
        """The last record that is in the database,"""
        self.time_ns = 0
        """and its time."""
        self.known = Known()
        """What must be known of the records so far to say what follows from the next."""
        self._database = database
        self._journal = journal
        self._writer = Writer(is_sqlite=database.is_sqlite)
        self._keeper = Keeper(0)

    @classmethod
    async def open(cls, database: Database, journal: str) -> Self:
        """Stand where the database stands. Raise `Conflict` if it follows another journal."""
        await _begin(database, journal)
        projector = cls(database, journal)
        await projector.load()
        return projector

    async def load(self) -> None:
        """Know again what the database says, as when this was opened."""
        async with self._database.reading() as session:
            position = (await session.scalars(select(Position).where(Position.follower == FOLLOWER))).one()
            if position.journal != self._journal:
                raise Conflict(
                    "the database follows another journal than the one in this data directory; name the database "
                    "that goes with it, or begin with an empty one"
                )
            self.sequence, self.time_ns = position.sequence, position.time_ns
            self.known = known = Known()
            known.assets = {row.asset: row.decimals for row in await session.scalars(select(VenueAsset))}
            waiting = select(OrderRow.order_id).where(_IS_OPEN, OrderRow.status == PENDING_NEW)
            known.waiting = set(await session.scalars(waiting))
            hour = position.time_ns // HOUR_NS
            activity = await session.scalars(select(Activity).where(Activity.hour == hour))
            rejects = await session.scalars(select(RejectCount).where(RejectCount.hour == hour))
            known.counters.resume(position.time_ns, activity, rejects)
            known.books = await load(session)
            self._keeper = Keeper((await head_of(session)).id)

    def rows(self) -> Rows:
        """Return a batch to be filled with the records that come next, and then to be written."""
        return Rows(self.known)

    async def write(self, batch: Batch) -> None:
        """Put a batch into the database. If that fails, this projector is of no use any more; open another one."""
        async with self._database.writing() as session:
            connection = await session.connection()
            writer = self._writer
            await writer.move(connection, self._journal, self.sequence, batch)
            await writer.write(connection, batch)
            await writer.add(connection, LedgerAccount, batch.opened, ACCOUNT_COLUMNS)
            if batch.postings:
                postings = await self._keeper.add_entry(session, batch)
                await writer.add(connection, LedgerPosting, postings, POSTING_COLUMNS)
        self.sequence, self.time_ns = batch.sequence, batch.time_ns


async def _begin(database: Database, journal: str) -> None:
    insert = insert_in_sqlite if database.is_sqlite else insert_in_postgresql
    at_start = insert(Position).values(follower=FOLLOWER, journal=journal, sequence=0, time_ns=0)
    async with database.writing() as session:
        await session.execute(at_start.on_conflict_do_nothing())
