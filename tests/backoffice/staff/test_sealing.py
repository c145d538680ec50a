"""Sealing of personal data: what opens where, with which key, and for whom."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table
from sqlalchemy.exc import StatementError

from backoffice.database import Database
from backoffice.errors import KeyFault
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Role
from backoffice.staff.sealing import KEY_FILE, MASK, Sealed, Sealer, add_key, make_key, place, sealed_columns

HERE = place("person", "birth_date", "P-1")
TABLE = Table("person", MetaData(), Column("number", Integer, primary_key=True), Column("birth", Sealed("number")))


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / KEY_FILE
    make_key(path)
    return path


def test_what_is_sealed_opens_in_its_place(key: Path) -> None:
    sealed = Sealer(key).seal("1970-01-31, Zürich", HERE)
    assert Sealer(key).open(sealed, HERE) == "1970-01-31, Zürich"
    assert "1970" not in sealed


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_can_be_sealed(key: Path, text: str) -> None:
    assert Sealer(key).open(Sealer(key).seal(text, HERE), HERE) == text


def test_the_same_text_is_never_sealed_the_same_way(key: Path) -> None:
    assert len({Sealer(key).seal("same", HERE) for _ in range(50)}) == 50


@pytest.mark.parametrize(
    "elsewhere", (place("person", "birth_date", "P-2"), place("person", "name", "P-1"), place("firm", "x"))
)
def test_what_is_sealed_opens_nowhere_else(key: Path, elsewhere: str) -> None:
    sealed = Sealer(key).seal("1970-01-31", HERE)
    with pytest.raises(KeyFault, match="has been changed, or was sealed for another place"):
        Sealer(key).open(sealed, elsewhere)


@pytest.mark.parametrize("sealed", ("", "plain text", "sealed.", "sealed.abc.", "sealed.abc.!!", "sealed.abc.QUJD"))
def test_what_is_no_sealed_text_is_told(key: Path, sealed: str) -> None:
    with pytest.raises(KeyFault, match="person/birth_date/P-1: not a sealed text"):
        Sealer(key).open(sealed, HERE)


def test_a_changed_text_does_not_open(key: Path) -> None:
    sealed = Sealer(key).seal("1970-01-31", HERE)
    head, last = sealed[:-5], sealed[-5:]
    with pytest.raises(KeyFault):
        Sealer(key).open(head + ("A" if last[0] != "A" else "B") + last[1:], HERE)


def test_the_key_file_is_its_owners_alone(key: Path) -> None:
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o640)
    with pytest.raises(KeyFault, match="others may read the key"):
        Sealer(key).seal("x", HERE)


def test_a_missing_key_is_told_and_none_is_made_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(KeyFault, match=r"backoffice\.key: the key of personal data is missing"):
        Sealer(tmp_path / KEY_FILE).seal("x", HERE)
    assert not (tmp_path / KEY_FILE).exists()


@pytest.mark.parametrize("content", ("", "no key at all", "QUJD", "QUJD\nQUJD\n"))
def test_a_file_that_is_no_key_is_told(key: Path, content: str) -> None:
    key.write_text(content, encoding="ascii")
    with pytest.raises(KeyFault, match="not a key of personal data"):
        Sealer(key).seal("x", HERE)


def test_the_wrong_key_is_named(key: Path, tmp_path: Path) -> None:
    sealed = Sealer(key).seal("x", HERE)
    make_key(tmp_path / "other.key")
    with pytest.raises(KeyFault, match=r"sealed with key [0-9a-f]{8}, which .*other\.key does not have"):
        Sealer(tmp_path / "other.key").open(sealed, HERE)


def test_a_key_that_is_there_is_never_replaced(key: Path) -> None:
    before = key.read_bytes()
    make_key(key)
    assert key.read_bytes() == before


def test_after_a_rotation_the_new_key_seals_and_the_old_one_still_opens(key: Path) -> None:
    old = Sealer(key).seal("x", HERE)
    add_key(key)
    sealer = Sealer(key)
    assert sealer.open(old, HERE) == "x"
    assert not old.startswith(sealer.newest_mark)
    assert sealer.seal("x", HERE).startswith(sealer.newest_mark)
    assert key.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in key.parent.iterdir()] == [KEY_FILE]


def test_personal_data_is_shown_to_those_who_may_see_it(key: Path) -> None:
    sealer = Sealer(key)
    sealed = sealer.seal("1970-01-31", HERE)
    assert sealer.shown(Actor("ann", frozenset({Role.COMPLIANCE})), sealed, HERE) == "1970-01-31"
    assert sealer.shown(Actor("tom", frozenset({Role.TREASURY})), sealed, HERE) == MASK
    assert sealer.shown(Actor("tom"), None, HERE) == ""


async def test_what_is_not_sealed_never_gets_into_a_sealed_column(database: Database) -> None:
    assert sealed_columns(TABLE) == {"birth": ("number",)}

    async def store() -> None:
        async with database.writing() as session:
            await session.execute(TABLE.insert().values(number=1, birth="1970-01-31"))

    with pytest.raises((StatementError, AssertionError), match="personal data that is not sealed"):
        await store()
