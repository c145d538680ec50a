"""Writes the rows of a batch, within the transaction that also moves the projector's position."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from backoffice.database.base import Base
from backoffice.errors import Conflict
from backoffice.projector.batch import Batch, Row
from backoffice.projector.counters import WIDE_FROM
from backoffice.projector.statements import OF_SESSIONS, ORDER_COLUMNS, Statements, columns_of
from backoffice.projector.tables import Execution, OrderRow, RejectRow, TradeAmendment, TradeRow

FOLLOWER: Final = "projector"
"""The name under which the position is kept."""
NUL_SHOWN: Final = "\N{REPLACEMENT CHARACTER}"
"""What stands for a NUL in PostgreSQL."""


class Writer:
    """Writes batches to one of the two databases."""

    def __init__(self, *, is_sqlite: bool) -> None:
        self._is_sqlite = is_sqlite
        self._statements = Statements(is_sqlite=is_sqlite)

    async def move(self, connection: AsyncConnection, journal: str, before: int, batch: Batch) -> None:
        """Move the position from the record `before` to the batch's last. Raise `Conflict` if it is elsewhere."""
        key = (FOLLOWER, journal, before)
        moved = await connection.exec_driver_sql(self._statements.move, (batch.sequence, batch.time_ns, *key))
        if moved.rowcount != 1:
            raise Conflict(
                f"the projector's position is not record {before} any more: another back office follows the journal "
                "into this database; let one of them do it"
            )

    async def write(self, connection: AsyncConnection, batch: Batch) -> None:
        """Write all of a batch but what is for the ledger."""
        statements = self._statements
        for kind, row in batch.seldom:
            await connection.exec_driver_sql(statements.seldom[kind], row)
            if kind in OF_SESSIONS:
                await connection.exec_driver_sql(statements.keep_session, (row[OF_SESSIONS[kind]],))
        await self._many(connection, statements.moments, batch.moments)
        await self.add(connection, OrderRow, batch.entered_orders, ORDER_COLUMNS)
        await self._many(connection, statements.change_order, batch.changed_orders)
        await self.add(connection, Execution, batch.executions)
        await self.add(connection, TradeRow, batch.trades)
        await self.add(connection, TradeAmendment, batch.amendments)
        amended = [(row[9], row[10], row[11], row[12], row[13], row[0], row[2]) for row in batch.amendments]
        await self._many(connection, statements.amend_trade, amended)
        await self.add(connection, RejectRow, batch.rejects)
        await self._many(connection, statements.activity, self._counted(batch.activity))
        await self._many(connection, statements.reject_counts, batch.reject_counts)

    async def add(
        self, connection: AsyncConnection, table: type[Base], rows: Sequence[Row], columns: tuple[str, ...] = ()
    ) -> None:
        """Add rows to a table; of all its columns unless some are named."""
        if not rows:
            return
        columns = columns or columns_of(table)
        if self._is_sqlite:
            await connection.exec_driver_sql(self._statements.insert(table, columns), rows)
            return
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None, "a connection that is in use"
        records = [_without_nul(row) for row in rows]
        await driver.copy_records_to_table(table.__tablename__, records=records, columns=columns)

    def _counted(self, activity: list[Row]) -> list[Row]:
        """Return the rows of `Activity` with their wide integers, which are texts, as the database takes them."""
        if self._is_sqlite:
            return activity
        return [(*row[:WIDE_FROM], *map(Decimal, row[WIDE_FROM:])) for row in activity]

    async def _many(self, connection: AsyncConnection, statement: str, rows: Sequence[Row]) -> None:
        if rows:
            await connection.exec_driver_sql(
                statement, rows if self._is_sqlite else [_without_nul(row) for row in rows]
            )


def _without_nul(row: Row) -> Row:
    """Return a row as PostgreSQL takes it: its texts have no NUL, which a client's ClOrdID may well have."""
    for value in row:
        if type(value) is str and "\x00" in value:
            return tuple(each.replace("\x00", NUL_SHOWN) if type(each) is str else each for each in row)
    return row
