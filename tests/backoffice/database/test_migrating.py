"""Versions of the database."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from backoffice.database import Database, tables
from backoffice.database.database import address_of
from backoffice.database.migrating import check, newest, upgrade, version_of
from backoffice.errors import DatabaseFault


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), tables.metadata))


async def test_the_migrations_make_the_tables_that_the_code_knows(database: Database) -> None:
    async with database.reading() as session:
        assert await (await session.connection()).run_sync(_differences) == []


async def test_a_new_database_is_of_the_newest_version(database: Database) -> None:
    assert await version_of(database) == newest()
    await check(database)
    await upgrade(database)
    await check(database)


async def test_an_empty_database_is_told_apart(tmp_path: Path) -> None:
    async with Database(address_of("sqlite:///books.sqlite", tmp_path)) as database:
        assert await version_of(database) is None
        with pytest.raises(DatabaseFault, match="is empty; run `fondaco database upgrade`"):
            await check(database)


async def test_a_database_of_a_later_version_is_left_alone(database: Database) -> None:
    async with database.writing() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for what in (check, upgrade):
        with pytest.raises(DatabaseFault, match="is of version 9999, newer than this one"):
            await what(database)
