"""Another key: all that was sealed is sealed anew, in its place, and the old key is retired when nothing needs it."""

import asyncio
import contextlib
import re
import sqlite3
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from shutil import copyfile

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database import Database, tables
from backoffice.database.database import address_of
from backoffice.errors import KeyFault, Refused
from backoffice.staff import audit, rotating
from backoffice.staff.actor import Actor
from backoffice.staff.audit import Wanted
from backoffice.staff.rotating import Rotated
from backoffice.staff.sealing import KEY_FILE, Sealed, Sealer, make_key, place, sealed_columns
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


async def rotate(database: Database, path: Path, actor: Actor = ANN) -> Rotated:
    return await rotating.rotate(database, actor, path, why=WHY, now_ns=1)


async def retire(database: Database, path: Path, actor: Actor = ANN) -> list[str]:
    return await rotating.retire(database, actor, path, why=WHY, now_ns=1)


async def trail(database: Database) -> list[tuple[str, str | None, str | None]]:
    async with database.reading() as session:
        return [(each.verb, each.before, each.after) for each in await audit.entries(session, Wanted(), 10)]


async def test_all_is_sealed_with_the_new_key_and_on_record(database: Database, sealer: Sealer, tmp_path: Path) -> None:
    before, old = await births(database, sealer), sealer.newest
    told: list[int] = []
    rotated = await rotating.rotate(database, ANN, tmp_path / KEY_FILE, why=WHY, now_ns=1, progress=told.append)
    assert (rotated.texts, rotated.went_on, told) == (COUNT, False, [2, 4, 5])
    # Whoever had the file open has the new key.
    assert (sealer.keys, sealer.newest) == ([old, rotated.key], rotated.key)
    assert await births(database, sealer) == before
    async with database.reading() as session:
        assert await rotating.texts_by_key(session) == {rotated.key: COUNT}
    assert await trail(database) == [
        ("rotate key", f'{{"keys":["{old}"]}}', f'{{"keys":["{old}","{rotated.key}"],"texts":{COUNT}}}'),
        ("seal anew", None, f'{{"key":"{rotated.key}","texts":{COUNT}}}'),
    ]


async def test_a_key_that_no_text_needs_is_retired(database: Database, sealer: Sealer, tmp_path: Path) -> None:
    before, old = await births(database, sealer), sealer.newest
    with pytest.raises(Refused, match=f"there is no key but {old}, which seals"):
        await retire(database, tmp_path / KEY_FILE)
    await rotate(database, tmp_path / KEY_FILE)
    assert await retire(database, tmp_path / KEY_FILE) == [old]
    assert await births(database, sealer) == before
    assert old not in sealer.keys
    assert (await trail(database))[-1][0] == "retire keys"


async def test_a_key_that_one_text_needs_is_not_retired(database: Database, sealer: Sealer, tmp_path: Path) -> None:
    old = sealer.newest
    late = sealer.seal("1999", place("person_of_test", "passport", "P-0"))
    await rotate(database, tmp_path / KEY_FILE)
    async with database.writing() as session:
        await session.execute(PERSON.update().where(PERSON.c.number == 0).values(passport=late))
    with pytest.raises(Refused, match=f"1 texts still need key {old}; `fondaco staff rotate-key` seals them anew"):
        await retire(database, tmp_path / KEY_FILE)
    assert (await rotate(database, tmp_path / KEY_FILE)).went_on
    assert await retire(database, tmp_path / KEY_FILE) == [old]


class Killed(Exception):
    """The process is no more."""


class Edges:
    """Kills at one of the moments between two things that are done as a whole."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        real = Database.writing

        @contextlib.asynccontextmanager
        async def writing(database: Database) -> AsyncGenerator[AsyncSession]:
            self.cross()
            async with real(database) as session:
                yield session
                self.cross()
            self.cross()

        patch.setattr(Database, "writing", writing)
        for name in ("add_key", "keep_key"):
            patch.setattr(rotating, name, self._between(getattr(rotating, name)))

    def _between(self, step: Callable[..., None]) -> Callable[..., None]:
        def stepped(*arguments: object) -> None:
            self.cross()
            step(*arguments)
            self.cross()

        return stepped

    def cross(self) -> None:
        if self.left == 0:
            self.left = None
            raise Killed
        if self.left is not None:
            self.left -= 1


async def test_killed_at_any_edge_nothing_is_lost_and_the_next_one_goes_on(
    database: Database, sealer: Sealer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, before = tmp_path / KEY_FILE, await births(database, sealer)
    edges = Edges(monkeypatch)
    edge, is_over = 0, False
    while not is_over:
        edges.left = edge
        with contextlib.suppress(Killed):
            await rotate(database, path)
            await retire(database, path)
        is_over, edges.left = edges.left is not None, None
        assert await births(database, sealer) == before, f"edge {edge}"
        if len(sealer.keys) > 1:
            await rotate(database, path)
            assert await births(database, Sealer(path)) == before, f"edge {edge}"
            await retire(database, path)
        assert await births(database, Sealer(path)) == before, f"edge {edge}"
        edge += 1
    assert edge > 20


async def test_with_a_key_that_is_not_the_one_nothing_changes(
    database: Database, sealer: Sealer, tmp_path: Path
) -> None:
    make_key(tmp_path / "other.key")
    before = await births(database, sealer)
    with pytest.raises(KeyFault, match=r"other\.key does not have"):
        await rotate(database, tmp_path / "other.key")
    assert await births(database, sealer) == before


async def test_a_text_that_does_not_open_stops_a_rotation_and_keeps_its_key(
    database: Database, sealer: Sealer, tmp_path: Path
) -> None:
    before, old = await births(database, sealer), sealer.newest
    async with database.writing() as session:
        broken = (
            PERSON.update().where(PERSON.c.number == COUNT - 1).values(passport=f"sealed.{old}.QUJDREVGR0hJSktMTU5P")
        )
        await session.execute(broken)
    with pytest.raises(KeyFault, match="person_of_test/passport/P-4: the sealed text has been changed"):
        await rotate(database, tmp_path / KEY_FILE)
    with pytest.raises(Refused, match=f"2 texts still need key {old}"):
        await retire(database, tmp_path / KEY_FILE)
    assert await births(database, sealer) == before


def test_every_sealed_column_of_the_schema_is_sealed_anew(migrated_sqlite: Path, tmp_path: Path) -> None:
    path = Path(copyfile(migrated_sqlite, tmp_path / "backoffice.sqlite"))
    make_key(tmp_path / KEY_FILE)
    sealer = Sealer(tmp_path / KEY_FILE)
    old, sealed = sealer.newest, set()
    with contextlib.closing(sqlite3.connect(path)) as opened:
        opened.execute("PRAGMA ignore_check_constraints = ON")
        for table in tables.metadata.sorted_tables:
            row = {column.name: "7" if column.type.python_type is str else 7 for column in table.columns}
            for column, names in sealed_columns(table).items():
                row[column] = sealer.seal("secret", place(table.name, column, *(row[name] for name in names)))
                sealed.add(f"{table.name}.{column}")
            if sealed_columns(table):
                places = ", ".join("?" * len(row))
                opened.execute(f"INSERT INTO {table.name} ({', '.join(row)}) VALUES ({places})", list(row.values()))
        opened.commit()

    async def rotated_and_retired() -> Rotated:
        async with Database(address_of(f"sqlite:///{path}", tmp_path)) as database:
            rotated = await rotate(database, tmp_path / KEY_FILE)
            assert await retire(database, tmp_path / KEY_FILE) == [old]
            return rotated

    assert asyncio.run(rotated_and_retired()).texts == len(sealed) > 10
    with contextlib.closing(sqlite3.connect(path)) as opened:
        found = set()
        for table, column in opened.execute(
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
        ).fetchall():
            if opened.execute(f"SELECT 1 FROM {table} WHERE {column} LIKE 'sealed.%'").fetchall():
                found.add(f"{table}.{column}")
    assert found == sealed


def test_whatever_is_sealed_stands_where_it_can_be_sealed_anew(migrated_sqlite: Path) -> None:
    with contextlib.closing(sqlite3.connect(migrated_sqlite)) as opened:
        triggers = list(opened.execute("SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"))
    for table in tables.metadata.sorted_tables:
        columns = sealed_columns(table)
        for sql in (sql for name, sql in triggers if name == table.name and columns):
            fixed = re.search(r"BEFORE (?:DELETE|UPDATE OF (.+)) ON", sql)
            assert fixed, "all columns are fixed"
            assert not columns.keys() & set((fixed[1] or "").split(", "))
        for row in columns.values():
            assert row
            assert set(row) <= set(table.columns.keys())


async def test_rotating_and_retiring_is_for_administrators(database: Database, tmp_path: Path) -> None:
    for step in (rotate, retire):
        with pytest.raises(Refused, match="may not rotate the key of personal data: needs administrator"):
            await step(database, tmp_path / KEY_FILE, Actor("eve"))
