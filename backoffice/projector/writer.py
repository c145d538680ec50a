"""Writes the rows of a batch, within the transaction that also moves the projector's position."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from backoffice.database.base import Base
from backoffice.errors import Conflict
from backoffice.projector.counters import ACTIVITY_COLUMNS, Counters
from backoffice.projector.rows import Row, Rows
from backoffice.projector.statements import OF_SESSIONS, ORDER_COLUMNS, Statements, columns_of
from backoffice.projector.tables import Activity, Execution, OrderRow, RejectRow, TradeAmendment, TradeRow

FOLLOWER: Final = "projector"
"""The name under which the position is kept."""
NUL_SHOWN: Final = "\N{REPLACEMENT CHARACTER}"
"""What stands for a NUL in PostgreSQL."""
_WIDE_FROM: Final = ACTIVITY_COLUMNS.index(Activity.bought_qty.key)
"""From here on the columns of `Activity` are wide integers, which each database has another form for."""


class Writer:
    """Writes batches to one of the two databases."""

    def __init__(self, *, is_sqlite: bool) -> None:
        self._is_sqlite = is_sqlite
        self._statements = Statements(is_sqlite=is_sqlite)
        self._wide: type[str | Decimal] = str if is_sqlite else Decimal

    async def move(self, connection: AsyncConnection, journal: str, before: int, rows: Rows) -> None:
        """Move the position from the record `before` to the batch's last. Raise `Conflict` if it is elsewhere."""
        key = (FOLLOWER, journal, before)
        moved = await connection.exec_driver_sql(self._statements.move, (rows.sequence, rows.time_ns, *key))
        if moved.rowcount != 1:
            raise Conflict(
                f"the projector's position is not record {before} any more: another back office follows the journal "
                "into this database; let one of them do it"
            )

    async def write(self, connection: AsyncConnection, rows: Rows, counters: Counters) -> None:
        """Write all of a batch."""
        statements = self._statements
        for kind, row in rows.seldom:
            await connection.exec_driver_sql(statements.seldom[kind], row)
            if kind in OF_SESSIONS:
                await connection.exec_driver_sql(statements.keep_session, (row[OF_SESSIONS[kind]],))
        await self._many(connection, statements.moments, list(rows.moments.items()))
        await self._orders(connection, rows)
        await self.add(connection, Execution, rows.executions)
        await self.add(connection, TradeRow, rows.trades)
        await self.add(connection, TradeAmendment, rows.amendments)
        amended = [(row[9], row[10], row[11], row[12], row[13], row[0], row[2]) for row in rows.amendments]
        await self._many(connection, statements.amend_trade, amended)
        await self.add(connection, RejectRow, rows.rejects)
        wide = self._wide
        activity = [(*row[:_WIDE_FROM], *map(wide, row[_WIDE_FROM:])) for row in counters.take_activity()]
        await self._many(connection, statements.activity, activity)
        await self._many(connection, statements.reject_counts, counters.take_rejects())

    async def add(
        self, connection: AsyncConnection, table: type[Base], rows: list[Row], columns: tuple[str, ...] = ()
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

    async def _orders(self, connection: AsyncConnection, rows: Rows) -> None:
        entered, changed = rows.entered, rows.changed
        new = [row + changed[order_id] for order_id, row in entered.items()]
        await self.add(connection, OrderRow, new, ORDER_COLUMNS)
        old = [row for order_id, row in changed.items() if order_id not in entered]
        await self._many(connection, self._statements.change_order, old)

    async def _many(self, connection: AsyncConnection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            await connection.exec_driver_sql(
                statement, list(rows) if self._is_sqlite else [_without_nul(row) for row in rows]
            )


def _without_nul(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a row as PostgreSQL takes it: its texts have no NUL, which a client's ClOrdID may well have."""
    for value in row:
        if type(value) is str and "\x00" in value:
            return tuple(each.replace("\x00", NUL_SHOWN) if type(each) is str else each for each in row)
    return row
