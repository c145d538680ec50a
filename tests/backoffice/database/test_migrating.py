"""Versions of the database."""

from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, select, text

from backoffice.database import Database, tables
from backoffice.database.database import address_of
from backoffice.database.migrating import check, newest, upgrade, version_of
from backoffice.errors import DatabaseFault
from backoffice.projector.tables import Activity
from tests.backoffice.projector.journaled import Journaled, project


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


async def test_what_was_bought_and_sold_for_is_counted_of_old_trades(database: Database) -> None:
    await project(database, Journaled(seed=5, length=1_500), [500])
    migration = import_module("backoffice.migrations.versions.0018_as_of")

    def count(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            migration.count()

    async def counted() -> list[tuple[object, ...]]:
        async with database.reading() as session:
            return [
                (row.hour, row.account, row.symbol, row.bought_notional, row.sold_notional)
                for row in await session.scalars(
                    select(Activity).order_by(Activity.hour, Activity.account, Activity.symbol)
                )
            ]

    derived = await counted()
    async with database.writing() as session:
        await session.execute(text("UPDATE activity SET bought_notional = '0', sold_notional = '0'"))
        await (await session.connection()).run_sync(count)
    assert await counted() == derived


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
