"""Verification: sound books are found sound; a change that somebody made past the database's guards is found."""

import pytest
from sqlalchemy import text

from backoffice.database import Database
from backoffice.ledger.chart import Kind
from backoffice.ledger.transfers import Transfer, transfer
from backoffice.ledger.verifying import (
    Check,
    check_assets,
    check_chain,
    check_clients,
    check_of_assets,
    check_trial_balance,
)
from tests.backoffice.projector.journaled import Journaled, project


@pytest.fixture(scope="module")
def journaled() -> Journaled:
    return Journaled(seed=12, length=800)


async def checks(database: Database, journaled: Journaled) -> list[Check]:
    async with database.reading() as session:
        return [
            *await check_chain(session),
            await check_clients(session, journaled.state),
            check_of_assets(await check_assets(session, journaled.state)),
            await check_trial_balance(session),
        ]


async def flaws(database: Database, journaled: Journaled) -> list[str]:
    return [check.flaw for check in await checks(database, journaled) if check.flaw]


async def tamper(database: Database, *statements: str) -> None:
    """Change what is in the books as one could who owns the database."""
    async with database.writing() as session:
        if database.is_sqlite:
            names = await session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
            for name in names.all():
                await session.execute(text(f"DROP TRIGGER {name}"))
        else:
            for table in ("ledger_postings", "ledger_entries"):
                await session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        for statement in statements:
            await session.execute(text(statement))


async def test_sound_books_are_found_sound(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [17, 90])
    async with database.writing() as session:
        await transfer(session, Transfer("k", Kind.COLD, Kind.OMNIBUS, "BTC", 5, "ann", "to cold storage"), 1)
    found = await checks(database, journaled)
    assert [check.flaw for check in found] == [""] * 5
    assert all(check.compared for check in found)


async def test_verification_sees_the_same_in_windows_of_any_size(
    database: Database, journaled: Journaled, monkeypatch: pytest.MonkeyPatch
) -> None:
    await project(database, journaled, [17, 90])
    whole = await checks(database, journaled)
    monkeypatch.setattr("backoffice.ledger.walking.ENTRIES_TOGETHER", 3)
    monkeypatch.setattr("backoffice.ledger.walking.RECORDS_TOGETHER", 40)
    assert await checks(database, journaled) == whole


_SOME = "(SELECT max(sequence) FROM ledger_postings WHERE sequence < 300)"


@pytest.mark.parametrize(
    ("statement", "flaw"),
    (
        (f"UPDATE ledger_postings SET amount = amount + 1 WHERE sequence = {_SOME}", "is not what was written"),
        (f"UPDATE ledger_postings SET balance = balance - 1 WHERE sequence = {_SOME}", "is not what was written"),
        (f"DELETE FROM ledger_postings WHERE sequence = {_SOME}", "is not what was written"),
        ("UPDATE ledger_entries SET why = 'a better reason' WHERE id = 4", "entry 4: it, or one of its postings"),
        ("UPDATE ledger_entries SET through_sequence = through_sequence - 1 WHERE id = 4", "entry 4: it, or one"),
        ("DELETE FROM ledger_entries WHERE id = 4", "entry 5 does not follow the one before it"),
        (
            "INSERT INTO ledger_postings (ledger_account, sequence, entry, amount, balance) VALUES (1, 5, 77, 1, 1)",
            "1 of them belong to no entry",
        ),
        (
            "UPDATE ledger_accounts SET account = 'D' WHERE account = 'C' AND asset = 'USD' AND kind = 'available'",
            "C USD available: ",
        ),
    ),
)
async def test_a_change_past_the_guards_is_found(
    database: Database, journaled: Journaled, statement: str, flaw: str
) -> None:
    await project(database, journaled, [60])
    await tamper(database, statement)
    assert any(flaw in each for each in await flaws(database, journaled)), await flaws(database, journaled)


async def test_books_that_lag_behind_the_engine_differ_from_it(database: Database, journaled: Journaled) -> None:
    earlier = Journaled(seed=12, length=800, payloads=400)
    await project(database, earlier, [100])
    assert any("in the engine" in each for each in await flaws(database, journaled))
    assert not await flaws(database, earlier)
