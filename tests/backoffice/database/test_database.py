"""The database: transactions, exact sums, and what it says when something is wrong."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, func, insert, literal, select, text, union_all
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped

from backoffice.database import Database
from backoffice.database.base import Id, Prose, Versioned, total
from backoffice.database.database import address_of, fault_of, shown
from backoffice.errors import Conflict, DatabaseFault
from backoffice.projector.tables import Position

POSITION = {"follower": "projector", "journal": "0" * 64, "sequence": 7, "time_ns": 1}


async def test_what_is_written_is_read_again(database: Database) -> None:
    async with database.writing() as session:
        session.add(Position(**POSITION))
    async with database.reading() as session:
        found = (await session.scalars(select(Position))).one()
    assert (found.follower, found.sequence) == ("projector", 7)


async def test_an_error_takes_the_whole_transaction_back(database: Database) -> None:
    async def fail() -> None:
        async with database.writing() as session:
            session.add(Position(**POSITION))
            await session.flush()
            raise ValueError("half done")

    with pytest.raises(ValueError, match="half done"):
        await fail()
    async with database.reading() as session:
        assert (await session.scalars(select(Position))).all() == []


async def test_a_reader_sees_one_state_throughout(database: Database) -> None:
    async with database.reading() as reader:
        assert await reader.scalar(select(func.count()).select_from(Position)) == 0
        async with database.writing() as writer:
            await writer.execute(insert(Position).values(**POSITION))
        assert await reader.scalar(select(func.count()).select_from(Position)) == 0


async def test_sums_are_exact_beyond_64_bits(database: Database) -> None:
    amounts = union_all(
        *(select(literal(2**62 - number, BigInteger).label("amount")) for number in (1, 2, 3))
    ).subquery()
    async with database.reading() as session:
        assert await session.scalar(select(total(amounts.c.amount))) == 3 * 2**62 - 6
        assert await session.scalar(select(total(amounts.c.amount)).where(amounts.c.amount < 0)) is None


async def test_writers_in_sqlite_wait_for_their_turn(tmp_path: Path, migrated_sqlite: Path) -> None:
    address = address_of(f"sqlite:///{migrated_sqlite}", tmp_path)

    async def count_up(database: Database) -> None:
        for _ in range(20):
            async with database.writing() as session:
                (await session.scalars(select(Position))).one().sequence += 1

    async with Database(address) as one, Database(address) as other:
        async with one.writing() as session:
            session.add(Position(**POSITION))
        await asyncio.gather(count_up(one), count_up(other))
        async with one.writing() as session:
            position = (await session.scalars(select(Position))).one()
            assert position.sequence == 47
            await session.delete(position)


async def test_a_lock_that_is_never_given_up_is_a_fault_of_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backoffice.database.database.LOCKED_S", 0.05)
    path = tmp_path / "books.sqlite"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA journal_mode=WAL")
    holder.execute("BEGIN IMMEDIATE")
    async with Database(address_of(f"sqlite:///{path}", tmp_path)) as database:
        with pytest.raises(DatabaseFault, match=r"books\.sqlite: locked by another process") as caught:
            async with database.writing() as session:
                await session.execute(text("SELECT 1"))
    holder.close()
    assert "\n" not in str(caught.value)


async def test_a_full_disk_is_a_fault_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    async with Database(address_of("sqlite:///books.sqlite", tmp_path)) as database:
        async with database.writing() as session:
            await session.execute(text("CREATE TABLE heap (content TEXT)"))

        async def fill() -> None:
            async with database.writing() as session:
                await session.execute(text("PRAGMA max_page_count = 4"))
                await session.execute(text("INSERT INTO heap VALUES ('first')"))
                await session.execute(text("INSERT INTO heap VALUES (zeroblob(100000))"))

        with pytest.raises(DatabaseFault, match="the disk is full; make room"):
            await fill()
        async with database.reading() as session:
            assert await session.scalar(text("SELECT count(*) FROM heap")) == 0


async def test_a_disk_that_fails_is_told_as_what_it_may_be(tmp_path: Path) -> None:
    # On a full disk SQLite cannot even make the file by which readers and the writer agree.
    error = OperationalError("BEGIN", None, sqlite3.OperationalError("disk I/O error"))
    assert "see whether the disk is full" in str(fault_of(error, address_of("sqlite:///books.sqlite", tmp_path)))


@pytest.mark.parametrize(
    ("url", "what"),
    (
        ("mysql://host/books", "unknown; use sqlite or postgresql"),
        ("not an address", "no address"),
        ("sqlite://", "names no file"),
        ("sqlite+pysqlite:///file", "unknown; use"),
    ),
)
def test_an_address_that_cannot_be_used_is_told(url: str, what: str) -> None:
    with pytest.raises(DatabaseFault, match=what):
        address_of(url, Path())


def test_an_address_is_shown_without_its_password() -> None:
    assert shown(address_of("postgresql://clerk:hush@host/books", Path())) == "postgresql://clerk:***@host/books"


async def test_a_server_that_is_not_there_is_a_fault_of_one_line(unused_tcp_port: int) -> None:
    async with Database(address_of(f"postgresql://x@127.0.0.1:{unused_tcp_port}/books", Path())) as database:
        with pytest.raises(DatabaseFault, match="cannot be reached"):
            async with database.reading():
                pass


async def test_a_file_that_is_no_database_is_a_fault_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "books.sqlite").write_text("dear diary, " * 100, encoding="utf-8")
    async with Database(address_of("sqlite:///books.sqlite", tmp_path)) as database:
        with pytest.raises(DatabaseFault, match="is no SQLite database"):
            async with database.reading() as session:
                await session.execute(text("SELECT 1"))


class Own(DeclarativeBase):
    """Tables of this test alone."""


class Note(Versioned, Own):
    __tablename__ = "note"
    id: Mapped[Id]
    said: Mapped[Prose]


async def test_who_changes_what_somebody_else_has_changed_meanwhile_is_told(database: Database) -> None:
    async with database.writing() as session:
        await (await session.connection()).run_sync(Own.metadata.create_all)
        session.add(Note(id=1, said="hello"))
    async with database.reading() as session:
        seen = (await session.scalars(select(Note))).one()
    async with database.writing() as session:
        (await session.scalars(select(Note))).one().said = "first"

    async def overwrite() -> None:
        async with database.writing() as session:
            session.add(seen)
            seen.said = "second"

    with pytest.raises(Conflict, match="look at it again"):
        await overwrite()
