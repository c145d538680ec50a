"""Catching up from the journal's files, with rows that another process derives."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from backoffice.database import Database
from backoffice.errors import BackOfficeError
from backoffice.ledger.balances import balances
from backoffice.ledger.chart import Kind
from backoffice.ledger.transfers import Transfer, transfer
from backoffice.projector.batch import Batch
from backoffice.projector.catching_up import catch_up
from backoffice.projector.projector import Projector
from engine.frames import encode_value
from engine.recovery import JOURNAL as FILES
from tests.backoffice.ledger.test_verifying import flaws
from tests.backoffice.projector.journaled import JOURNAL, Journaled, contents, journal, take_in

BATCH = 200


@pytest.fixture(scope="module")
def journaled() -> Journaled:
    return Journaled(seed=21, length=1_000)


async def all_of(batches: AsyncIterator[Batch]) -> None:
    async for _ in batches:
        pass


async def caught_up(projector: Projector, files: Path, last: int) -> None:
    await all_of(catch_up(projector, files, last, BATCH))


def children() -> list[int]:
    """Return the processes that this one has started and that are still there."""
    found = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return [int(number) for path in found for number in path.read_text().split()]


@pytest.fixture
def files(tmp_path: Path, journaled: Journaled) -> Path:
    journal(tmp_path, journaled)
    return tmp_path / FILES


async def test_the_rows_are_those_that_one_process_makes(
    database: Database, files: Path, journaled: Journaled, expected: dict[str, list[tuple[object, ...]]]
) -> None:
    projector = await Projector.open(database, JOURNAL)
    sequences = [batch.sequence async for batch in catch_up(projector, files, len(journaled.payloads), BATCH)]
    assert sequences == [*range(BATCH, len(journaled.payloads), BATCH), len(journaled.payloads)]
    assert await contents(database) == expected


async def test_it_goes_on_from_where_the_database_stands_and_leaves_a_projector_that_can_go_on(
    database: Database, files: Path, journaled: Journaled, expected: dict[str, list[tuple[object, ...]]]
) -> None:
    projector = await Projector.open(database, JOURNAL)
    for last in (150, 700):
        await caught_up(projector, files, last)
        await take_in(projector, journaled.records(projector.sequence, 60))
    await caught_up(projector, files, len(journaled.payloads))
    assert await contents(database) == expected


async def test_what_the_house_books_meanwhile_stays_in_the_balances(
    database: Database, files: Path, journaled: Journaled
) -> None:
    projector = await Projector.open(database, JOURNAL)
    booked = 0
    async for batch in catch_up(projector, files, len(journaled.payloads), BATCH):
        if batch.sequence in {BATCH, 3 * BATCH}:
            booked += 1
            async with database.writing() as session:
                to_cold = Transfer(f"sweep-{booked}", Kind.COLD, Kind.OMNIBUS, "BTC", 500, "ann", "to cold storage")
                await transfer(session, to_cold, 7)
    assert await flaws(database, journaled) == []
    async with database.reading() as session:
        house = {row.kind: amount for row, amount in await balances(session, account="", asset="BTC")}
    assert house[Kind.COLD] == -500 * booked


async def test_whoever_derives_is_gone_when_nobody_wants_more(
    database: Database, files: Path, journaled: Journaled
) -> None:
    projector = await Projector.open(database, JOURNAL)
    async with aclosing(catch_up(projector, files, len(journaled.payloads), BATCH)) as batches:
        await anext(batches)
        assert children()
    assert children() == []


async def test_if_whoever_derives_is_killed_the_batches_before_stay(
    database: Database, files: Path, journaled: Journaled, expected: dict[str, list[tuple[object, ...]]]
) -> None:
    projector = await Projector.open(database, JOURNAL)
    async with aclosing(catch_up(projector, files, len(journaled.payloads), batch_records=1)) as batches:
        await anext(batches)
        for child in children():
            os.kill(child, signal.SIGKILL)
        with pytest.raises(BackOfficeError, match="ended with status -9"):
            await all_of(batches)
    assert 0 < projector.sequence < len(journaled.payloads)
    await caught_up(await Projector.open(database, JOURNAL), files, len(journaled.payloads))
    assert await contents(database) == expected


async def test_files_that_end_too_early_are_told_and_what_they_have_is_taken_in(
    database: Database, tmp_path: Path, journaled: Journaled
) -> None:
    journal(tmp_path, journaled, last=499)
    projector = await Projector.open(database, JOURNAL)
    with pytest.raises(BackOfficeError, match="ends before record 500, and record 1000 is committed"):
        await caught_up(projector, tmp_path / FILES, 1_000)
    assert projector.sequence == 400


async def test_a_record_of_a_newer_version_is_told(database: Database, tmp_path: Path) -> None:
    newer = Journaled(seed=21, length=100)
    newer.payloads[49] = encode_value((50, 1, (999,), ((999,),)))
    journal(tmp_path, newer)
    with pytest.raises(BackOfficeError, match="record 50 is not one that this version knows"):
        await caught_up(await Projector.open(database, JOURNAL), tmp_path / FILES, len(newer.payloads))
