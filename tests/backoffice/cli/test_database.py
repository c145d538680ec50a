"""`fondaco database`: it is made, brought up to date, and shown."""

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import text

from backoffice.database import Database
from backoffice.database.migrating import newest
from tests.backoffice.cli.desk import Desk


@pytest.fixture
def new_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk without a database."""
    return Desk(tmp_path, "sqlite:///books.sqlite", monkeypatch)


def test_a_database_is_made_and_then_current(new_desk: Desk) -> None:
    assert "is not there yet; run `fondaco database upgrade`" in new_desk.refused("database", "show")
    assert new_desk.done("database", "upgrade") == f"The database is of version {newest()} now; it was empty.\n"
    assert new_desk.done("database", "upgrade") == f"The database is of version {newest()} already.\n"
    assert json.loads(new_desk.done("database", "show", "--json")) == {
        "database": str(new_desk.data / "books.sqlite"),
        "version": newest(),
        "wanted": newest(),
        "is_current": True,
    }


def test_a_database_that_cannot_be_is_one_line(new_desk: Desk) -> None:
    new_desk.data.mkdir()
    (new_desk.data / "books.sqlite").write_text("dear diary, " * 100, encoding="utf-8")
    assert "is no SQLite database" in new_desk.refused("database", "upgrade")


def test_a_server_shows_its_version_and_no_password(empty_desk: Desk) -> None:
    shown = empty_desk.done("database", "show")
    assert f"version     {newest()}" in shown
    assert "is current  yes" in shown


async def test_a_database_that_is_a_version_behind_or_ahead_is_told(desk: Desk, database: Database) -> None:
    for version, what in (("0001", "is of version 0001, and this is"), ("9999", "is of version 9999, newer than")):
        async with database.writing() as session:
            await session.execute(text(f"UPDATE alembic_version SET version_num = '{version}'"))
        line = await asyncio.to_thread(desk.refused, "staff", "list", by="annabel")
        assert what in line
        assert "fondaco database upgrade" in line or "use the Fondaco that it belongs to" in line


def test_commands_tell_what_to_do_with_a_database_without_tables(new_desk: Desk) -> None:
    new_desk.data.mkdir()
    (new_desk.data / "books.sqlite").touch()
    assert "is empty; run `fondaco database upgrade`" in new_desk.refused("staff", "list", by="annabel")
