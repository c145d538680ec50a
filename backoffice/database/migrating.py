"""Brings a database up to this version of the back office, step by step (Alembic), or says which version it has."""

import functools
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from backoffice.database.database import Database, shown
from backoffice.errors import DatabaseFault

MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"


@functools.cache
def newest() -> str:
    """Return the version that this back office wants: it reads all migrations, once."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


async def version_of(database: Database) -> str | None:
    """Return the version of a database, None if it is empty."""
    async with database.reading() as session:
        return await (await session.connection()).run_sync(_current)


async def upgrade(database: Database) -> None:
    """Bring a database to the newest version; all of it, or nothing. Raise `DatabaseFault`."""
    _check_known(database, await version_of(database))
    async with database.writing() as session:
        await (await session.connection()).run_sync(_upgrade)


async def check(database: Database) -> None:
    """Raise `DatabaseFault` unless the database is of this very version."""
    found = await version_of(database)
    if found == newest():
        return
    _check_known(database, found)
    what = "is empty" if found is None else f"is of version {found}, and this is {newest()}"
    raise DatabaseFault(f"database {shown(database.address)} {what}; run `fondaco database upgrade`")


def _check_known(database: Database, found: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise DatabaseFault(
            f"database {shown(database.address)} is of version {found}, newer than this one ({newest()}); "
            "use the Fondaco that it belongs to"
        )


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection) -> None:
    command.upgrade(_config(connection), "head")
