"""Another key: all that was sealed is sealed anew, in its place."""

import contextlib
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, select

from backoffice.database import Database, tables
from backoffice.errors import KeyFault, Refused
from backoffice.staff import audit, rotating
from backoffice.staff.actor import Actor
from backoffice.staff.audit import Wanted
from backoffice.staff.sealing import KEY_FILE, Sealed, Sealer, add_key, make_key, place, sealed_columns
from tests.backoffice.staff.house import ANN, WHY

METADATA = MetaData()
PERSON = Table(
    "person_of_test",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("person", String(64)),
    Column("birth", Sealed("person")),
    Column("passport", Sealed("person")),
)
COUNT = 5


@pytest.fixture
async def sealer(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sealer:
    """A key, and rows sealed with it in a table of the back office."""
    make_key(tmp_path / KEY_FILE)
    sealer = Sealer(tmp_path / KEY_FILE)
    monkeypatch.setattr(rotating, "metadata", METADATA)
    monkeypatch.setattr(rotating, "_BATCH", 2)
    async with database.writing() as session:
        await (await session.connection()).run_sync(METADATA.create_all)
        for number in range(COUNT):
            birth = sealer.seal(f"1970-01-0{number}", place("person_of_test", "birth", f"P-{number}"))
            await session.execute(PERSON.insert().values(number=number, person=f"P-{number}", birth=birth))
    return sealer


async def births(database: Database, sealer: Sealer) -> list[str]:
    async with database.reading() as session:
        rows = (await session.execute(select(PERSON).order_by(PERSON.c.number))).all()
    return [sealer.open(row.birth, place("person_of_test", "birth", row.person)) for row in rows]


async def seal_anew(database: Database, sealer: Sealer, actor: Actor = ANN) -> int:
    async with database.writing() as session:
        return await rotating.seal_anew(session, actor, sealer, why=WHY, now_ns=1)


async def test_all_is_sealed_with_the_new_key_and_on_record(database: Database, sealer: Sealer, tmp_path: Path) -> None:
    before = await births(database, sealer)
    add_key(tmp_path / KEY_FILE)
    new = Sealer(tmp_path / KEY_FILE)
    assert await seal_anew(database, new) == COUNT
    assert await births(database, new) == before
    with pytest.raises(KeyFault, match="sealed with key"):
        await births(database, sealer)
    assert await seal_anew(database, new) == 0
    async with database.reading() as session:
        entry, _ = await audit.entries(session, Wanted(verb="rotate key"), 10)
    assert entry.after == f'{{"key":"{new.newest}","texts":{COUNT}}}'


async def test_with_a_key_that_is_not_the_one_nothing_changes(
    database: Database, sealer: Sealer, tmp_path: Path
) -> None:
    make_key(tmp_path / "other.key")
    before = await births(database, sealer)
    with pytest.raises(KeyFault, match=r"other\.key does not have"):
        await seal_anew(database, Sealer(tmp_path / "other.key"))
    assert await births(database, sealer) == before


async def test_a_rotation_that_fails_half_way_leaves_everything_to_be_read(
    database: Database, sealer: Sealer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await births(database, sealer)
    async with database.writing() as session:
        broken = PERSON.update().where(PERSON.c.number == COUNT - 1).values(passport="sealed.0.QUJDREVGR0hJSktMTU5P")
        await session.execute(broken)
    add_key(tmp_path / KEY_FILE)
    new = Sealer(tmp_path / KEY_FILE)
    with pytest.raises(KeyFault, match="person_of_test/passport/P-4: sealed with key 0"):
        await seal_anew(database, new)
    assert await births(database, new) == before
    assert await births(database, sealer) == before


def test_whatever_is_sealed_stands_where_it_can_be_sealed_anew(migrated_sqlite: Path) -> None:
    with contextlib.closing(sqlite3.connect(migrated_sqlite)) as opened:
        fixed = {name for (name,) in opened.execute("SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'")}
    for table in tables.metadata.sorted_tables:
        columns = sealed_columns(table)
        assert not columns or table.name not in fixed
        for row in columns.values():
            assert row
            assert set(row) <= set(table.columns.keys())


async def test_rotating_is_for_administrators(database: Database, sealer: Sealer) -> None:
    with pytest.raises(Refused, match="may not rotate the key of personal data: needs administrator"):
        await seal_anew(database, sealer, Actor("eve"))
