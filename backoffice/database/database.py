"""Opens the database and gives out its transactions.

`reading` is a transaction that sees one state throughout; `writing` one that commits as a whole or not at all. In
SQLite one transaction writes at a time, and waits for its turn when it begins, not when it is half done. What the
database itself refuses comes out as a `DatabaseFault` of one line: it is locked, full, gone, or of another version.
"""

from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiosqlite
from sqlalchemy import Connection, event, make_url
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.pool import ConnectionPoolEntry

from backoffice.database.base import ExactTotal
from backoffice.errors import Conflict, DatabaseFault

LOCKED_S: Final = 10.0
"""How long a transaction waits for others before it fails."""
_DRIVERS: Final = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_WRITES: Final = "fondaco_writes"


def address_of(url: str, data: Path) -> URL:
    """Return the address that the settings name; a relative SQLite file lies in the venue's data directory.

    Raise `DatabaseFault` if it is not one of SQLite or PostgreSQL.
    """
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise DatabaseFault(f"database {url!r}: no address; write sqlite:///file or postgresql://host/name") from error
    driver = _DRIVERS.get(address.get_backend_name())
    if driver is None or address.drivername not in (address.get_backend_name(), driver):
        raise DatabaseFault(f"database {address.drivername}: unknown; use sqlite or postgresql")
    if address.get_backend_name() == "sqlite":
        if not address.database or address.database == ":memory:":
            raise DatabaseFault("database sqlite: names no file; write sqlite:///file")
        address = address.set(database=str(data / address.database))
    return address.set(drivername=driver)


class Database:
    """One database, opened. An asynchronous context manager, or `close` it."""

    def __init__(self, address: URL) -> None:
        """`address` as `address_of` returns it."""
        self.address = address
        self.is_sqlite = address.get_backend_name() == "sqlite"
        options: dict[str, Any] = {} if self.is_sqlite else {"pool_pre_ping": True, "isolation_level": "READ COMMITTED"}
        if self.is_sqlite:
            options["connect_args"] = {"timeout": LOCKED_S}
        self.engine: AsyncEngine = create_async_engine(address, **options)
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self.engine.dispose()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncSession]:
        """Give a transaction that sees one state of the database throughout. Raise `DatabaseFault`."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        async with self._connection(options) as connection, AsyncSession(connection, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncSession]:
        """Give a transaction that is committed at the end, or rolled back if an error comes.

        Raise `DatabaseFault`, or `Conflict` if what is `Versioned` was changed by somebody else meanwhile.
        """
        async with (
            self._connection({_WRITES: True}) as connection,
            AsyncSession(connection, expire_on_commit=False) as session,
        ):
            try:
                yield session
                await session.commit()
            except StaleDataError as error:
                raise Conflict("somebody else has changed it meanwhile; look at it again") from error

    @asynccontextmanager
    async def _connection(self, options: dict[str, Any]) -> AsyncGenerator[AsyncConnection]:
        try:
            async with self.engine.connect() as connection:
                await connection.execution_options(**options)
                yield connection
        except DBAPIError as error:
            if isinstance(error, IntegrityError | ProgrammingError) and not error.connection_invalidated:
                raise
            raise fault_of(error, self.address) from error
        except OSError as error:
            raise DatabaseFault(f"database {shown(self.address)}: cannot be reached: {error}") from error


def shown(address: URL) -> str:
    """Return an address as people may see it: without a password."""
    if address.get_backend_name() == "sqlite":
        return str(address.database)
    return address.set(drivername="postgresql").render_as_string(hide_password=True)


def fault_of(error: DBAPIError, address: URL) -> DatabaseFault:
    """Return what the driver's error means to whoever runs the venue."""
    said = " ".join(str(error.orig).split())
    for words, what in _FAULTS.items():
        if words in said:
            return DatabaseFault(f"database {shown(address)}: {what}")
    return DatabaseFault(f"database {shown(address)}: {said}")


_FAULTS: Final = {
    "database is locked": f"locked by another process for more than {LOCKED_S:g} s; end it, or try again",
    "database or disk is full": "the disk is full; make room, then try again",
    "deadlock detected": "two wanted to change the same at once; try again",
    "could not extend file": "the disk is full; make room, then try again",
    "disk I/O error": "cannot be read or written; see whether the disk is full, or fails, then try again",
    "unable to open database file": "cannot be opened; check the directory and its permissions",
    "attempt to write a readonly database": "is not writable for this user",
    "file is not a database": "is no SQLite database; name another file",
    "no such table": "has no tables yet, or is of another version; run `fondaco database upgrade`",
}


def _prepare_sqlite(connection: AsyncAdapt_aiosqlite_connection, _record: ConnectionPoolEntry) -> None:
    # The driver is not to begin transactions of itself: `_begin_sqlite` does, and says which kind.
    connection.isolation_level = None
    cursor = connection.cursor()
    # WAL: readers and the one writer do not wait for each other. FULL: what is committed is on disk.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY", "cache_size=-65536"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    connection.run_async(_add_exact_total)


def _add_exact_total(connection: aiosqlite.Connection) -> Awaitable[object]:
    # aiosqlite has a way of its own for functions, but not for aggregates.
    add = connection._conn.create_aggregate  # noqa: SLF001
    return connection._execute(add, "exact_total", 1, ExactTotal)  # type: ignore[no-untyped-call]  # noqa: SLF001


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
