"""The books in beancount's text: beancount, which is not ours, finds them in order, and finds what is not."""

import subprocess
import sys
from pathlib import Path

import pytest

from backoffice.database import Database
from backoffice.ledger.beancount import beancount_of
from backoffice.ledger.chart import Kind
from backoffice.ledger.transfers import Transfer, transfer
from tests.backoffice.projector.journaled import Journaled, project


@pytest.fixture(scope="module")
def journaled() -> Journaled:
    return Journaled(seed=14, length=600)


async def exported(database: Database) -> list[str]:
    async with database.reading() as session:
        return [line async for line in beancount_of(session)]


def bean_check(path: Path, lines: list[str]) -> subprocess.CompletedProcess[str]:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    program = Path(sys.executable).parent / "bean-check"
    return subprocess.run([program, "--no-cache", path], capture_output=True, text=True, check=False)


async def test_bean_check_agrees(database: Database, journaled: Journaled, tmp_path: Path) -> None:
    await project(database, journaled, [100])
    async with database.writing() as session:
        await transfer(
            session, Transfer('a "wire"', Kind.COLD, Kind.OMNIBUS, "BTC", 7, "ann", "back\\slash"), 10**18 * 2
        )
    lines = await exported(database)
    checked = bean_check(tmp_path / "books.beancount", lines)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    assert any("balance Liabilities:A:BTC:Available" in line for line in lines)


async def test_bean_check_finds_what_is_not_in_order(database: Database, journaled: Journaled, tmp_path: Path) -> None:
    await project(database, journaled, [100])
    lines = await exported(database)
    place = next(number for number, line in enumerate(lines) if line.startswith("  Liabilities:A:BTC:Available"))
    del lines[place]
    assert bean_check(tmp_path / "books.beancount", lines).returncode != 0
