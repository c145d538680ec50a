"""Books of a random journal."""

import pytest

from backoffice.database import Database
from backoffice.ledger.balances import balances
from tests.backoffice.projector.journaled import Journaled, project


@pytest.fixture(scope="module")
def journaled() -> Journaled:
    return Journaled(seed=13, length=300)


@pytest.fixture
async def books(database: Database, journaled: Journaled) -> Database:
    await project(database, journaled, [100])
    return database


async def house(books: Database) -> dict[str, int]:
    async with books.reading() as session:
        return {row.kind: amount for row, amount in await balances(session, account="", asset="BTC")}
