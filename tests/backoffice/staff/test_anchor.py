"""What is noted down of the audit trail outside the database: its end, and never one that does not follow."""

from pathlib import Path

from backoffice.database import Database
from backoffice.staff import audit
from backoffice.staff.anchor import HEAD_FILE, note, noted_in
from tests.backoffice.staff.house import ANN
from tests.backoffice.staff.test_audit import tamper


async def record(database: Database, why: str = "to see") -> None:
    async with database.writing() as session:
        await audit.record(session, ANN, "try", "test/1", before=None, after=None, why=why, now_ns=1)


async def test_the_end_is_noted_when_it_is_another_one(database: Database, tmp_path: Path) -> None:
    path = tmp_path / HEAD_FILE
    assert await note(database, path) == ("", "")
    await record(database)
    noted, _ = await note(database, path)
    assert noted.startswith("1:")
    assert path.read_text(encoding="ascii") == f"{noted}\n"
    assert await note(database, path) == ("", "")
    await record(database)
    assert (await note(database, path))[0].startswith("2:")
    async with database.reading() as session:
        verified = await audit.verify(session)
    assert noted_in(path.read_text(encoding="ascii")) == (verified.count, verified.hash)


async def test_a_trail_that_does_not_hold_what_was_noted_is_not_noted_again(database: Database, tmp_path: Path) -> None:
    path = tmp_path / HEAD_FILE
    for _ in range(2):
        await record(database)
    await note(database, path)
    before = path.read_bytes()
    await tamper(database, "DELETE FROM audit_entry WHERE number = 2")
    for _ in range(2):
        assert "entry 2 is not in the audit trail as" in (await note(database, path))[1]
        await record(database, "to hide it")
    assert path.read_bytes() == before


async def test_a_note_that_cannot_be_read_or_written_is_told_and_left(database: Database, tmp_path: Path) -> None:
    path = tmp_path / HEAD_FILE
    await record(database)
    for content in (b"\xff", b"1:abc"):
        path.write_bytes(content)
        assert str(path) in (await note(database, path))[1]
        assert path.read_bytes() == content
    assert "cannot be noted down" in (await note(database, tmp_path / "not" / "there"))[1]
