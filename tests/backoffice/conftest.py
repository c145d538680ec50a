"""A database for each test: the same tests run on SQLite and on PostgreSQL."""

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from backoffice.database import Database
from backoffice.database.database import address_of
from backoffice.database.migrating import upgrade
from tests.backoffice.crm.house import House
from tests.backoffice.postgres import Postgres

DATABASES = tuple(os.environ.get("FONDACO_TEST_DATABASES", "sqlite postgresql").split())
_TEMPLATE = "fondaco_template"
_numbers = itertools.count()


def _migrate(url: str, data: Path) -> None:
    async def run() -> None:
        async with Database(address_of(url, data)) as database:
            await upgrade(database)

    asyncio.run(run())


@pytest.fixture(scope="session")
def postgres() -> Generator[Postgres]:
    """A server that is there for the whole run."""
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of the newest version, to be copied."""
    home = tmp_path_factory.mktemp("sqlite")
    _migrate("sqlite:///template.sqlite", home)
    return home / "template.sqlite"


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres) -> str:
    """The same in PostgreSQL: the template's name."""
    _migrate(postgres.create(_TEMPLATE), Path())
    return _TEMPLATE


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    """The address of a database of its own, empty and of the newest version."""
    if request.param == "sqlite":
        path = tmp_path / "backoffice.sqlite"
        shutil.copyfile(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    template = request.getfixturevalue("migrated_postgres")
    server = request.getfixturevalue("postgres")
    name = f"fondaco_{next(_numbers)}"
    yield server.create(name, template)
    server.drop(name)


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncGenerator[Database]:
    """A database of its own, opened."""
    async with Database(address_of(database_url, tmp_path)) as opened:
        yield opened


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """Staff, and an empty database."""
    return House(database, tmp_path)
