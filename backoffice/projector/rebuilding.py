"""Derives everything again from the journal, and proves that it is what the database has, row by row.

The rows are derived into a new database beside it, and both are read in the order of their keys. Which records came
together is not in the journal, and so the ledger's entries are not compared here (`ledger.verifying` proves their
chain), but each posting of each record is. The back office may go on meanwhile.
"""

import hashlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Column, Select, String, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database import Database
from backoffice.database.migrating import upgrade
from backoffice.ledger.tables import LedgerAccount, LedgerPosting
from backoffice.projector.as_of import position_of
from backoffice.projector.catching_up import catch_up
from backoffice.projector.projector import Projector
from backoffice.projector.source import check_files
from backoffice.projector.tables import (
    Activity,
    Execution,
    FeeCharge,
    Moment,
    OrderRow,
    PaymentBooked,
    RejectCount,
    RejectRow,
    SessionStep,
    TradeAmendment,
    TradeRow,
    VenueAccount,
    VenueAsset,
    VenueInstrument,
    VenueSession,
)
from engine.recovery import JOURNAL

DERIVED: Final[tuple[Any, ...]] = (
    Moment,
    VenueAsset,
    VenueInstrument,
    VenueAccount,
    VenueSession,
    SessionStep,
    OrderRow,
    Execution,
    TradeRow,
    TradeAmendment,
    RejectRow,
    Activity,
    RejectCount,
    FeeCharge,
    PaymentBooked,
    LedgerAccount,
    LedgerPosting,
)
"""What follows from the journal alone."""
_ROWS: Final = 2_000
"""So many rows are read together."""


class TableCheck(msgspec.Struct, frozen=True):
    """A table that was derived again: how many rows agree, the hash over them, and the first difference, if any."""

    table: str
    rows: int
    hash: str
    flaw: str = ""


async def rebuild(
    database: Database, data: Path, fresh: Database, progress: Callable[[int], None]
) -> tuple[int, list[TableCheck]]:
    """Derive everything again into `fresh`, which is empty; return through which record, and what comparing came to.

    Raise `NotFound` if there is no journal under `data`, `Conflict` if it is another one, an `EngineError` if it cannot
    be read.
    """
    async with database.reading() as session:
        position = await position_of(session)
    check_files(data, position)
    journal = data / JOURNAL
    await upgrade(fresh)
    projector = await Projector.open(fresh, position.journal)
    await _derive(projector, journal, position.sequence, progress)
    async with database.reading() as session:
        sequence = (await position_of(session)).sequence
        await _derive(projector, journal, sequence, progress)
        async with fresh.reading() as anew:
            return sequence, [await _compared(session, anew, table) for table in DERIVED]


async def _derive(projector: Projector, journal: Path, last: int, progress: Callable[[int], None]) -> None:
    """Take in what the journal has through a record."""
    async with aclosing(catch_up(projector, journal, last)) as batches:
        async for batch in batches:
            progress(batch.sequence)


async def _compared(session: AsyncSession, anew: AsyncSession, table: Any) -> TableCheck:  # noqa: ANN401 - a table's class
    name, key = table.__tablename__, len(table.__table__.primary_key)
    digest, count = hashlib.sha256(), 0
    async with aclosing(_rows(session, table)) as stored, aclosing(_rows(anew, table)) as derived:
        while True:
            row, expected = await anext(stored, None), await anext(derived, None)
            if row != expected:
                return TableCheck(name, count, digest.hexdigest(), _difference(row, expected, key))
            if row is None:
                return TableCheck(name, count, digest.hexdigest())
            digest.update(msgspec.msgpack.encode([str(each) for each in row]))
            count += 1


def _difference(row: tuple[Any, ...] | None, expected: tuple[Any, ...] | None, key: int) -> str:
    if row is None:
        return f"row {expected} is missing"
    if expected is None or (row[:key] != expected[:key] and row[:key] < expected[:key]):
        return f"row {row} does not follow from the journal"
    if row[:key] != expected[:key]:
        return f"row {expected} is missing"
    return f"is {row}, and should be {expected}"


async def _rows(session: AsyncSession, table: Any) -> AsyncGenerator[tuple[Any, ...]]:  # noqa: ANN401 - a table's class
    """Yield the rows of a table in the order of its key, the same in both databases; the key comes first."""
    found = await session.connection()
    result = await found.stream(_selected(table.__table__, found.dialect.name))
    async for rows in result.partitions(_ROWS):
        for row in rows:
            yield tuple(row)


def _selected(table: Table, dialect: str) -> Select[Any]:
    key = list(table.primary_key)
    others = [column for column in table.columns if column not in key]
    wanted: Select[Any] = select(*key, *others)
    if table.name == LedgerPosting.__tablename__:
        # What the house has booked does not follow from the journal, nor do the balances after it.
        wanted = select(*key, table.c.amount).where(table.c.entry == 0)
    return wanted.order_by(*(_ordered(column, dialect) for column in key))


def _ordered(column: Column[Any], dialect: str) -> Any:  # noqa: ANN401 - a column, or one in the order of its bytes
    if isinstance(column.type, String):
        return column.collate("C" if dialect == "postgresql" else "BINARY")
    return column
