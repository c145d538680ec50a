"""The books: they follow the exchange to the unit, add up to zero at every record, and nobody can rewrite them."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from backoffice.database import Database
from backoffice.ledger.balances import balances, holdings
from backoffice.ledger.chart import Kind
from backoffice.ledger.tables import LedgerAccount, LedgerEntry, LedgerPosting
from tests.backoffice.projector.journaled import Journaled, project


@pytest.fixture(scope="module")
def journaled() -> Journaled:
    return Journaled(seed=11, length=1_500)


async def test_what_clients_have_in_the_books_is_what_they_have_in_the_engine(
    database: Database, journaled: Journaled
) -> None:
    await project(database, journaled, [70])
    async with database.reading() as session:
        in_the_books = {(row.account, row.asset): row[2:] for row in await holdings(session)}
    assert in_the_books == {
        (name, asset): (holding.available, holding.reserved, holding.held)
        for name, account in journaled.state.accounts.items()
        for asset, holding in account.holdings.items()
        if (name, asset) in in_the_books or holding.available
    }


async def test_deposits_less_withdrawals_and_fees_are_what_the_engine_says(
    database: Database, journaled: Journaled
) -> None:
    await project(database, journaled, [70])
    state = journaled.state
    async with database.reading() as session:
        house = {(row.asset, row.kind): amount for row, amount in await balances(session, account="")}
    for asset in state.assets:
        assert -house[asset, Kind.OMNIBUS] == state.credited[asset] - state.withdrawn[asset]
        assert house[asset, Kind.FEES] + house[asset, Kind.REBATES] == state.fees[asset]
    assert house["USD", Kind.REBATES] < 0 < house["USD", Kind.FEES]


async def test_the_postings_of_every_record_add_up_to_zero(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [70])
    sums: Counter[tuple[int, str]] = Counter()
    async with database.reading() as session:
        joined = select(LedgerPosting, LedgerAccount.asset).where(LedgerPosting.ledger_account == LedgerAccount.id)
        for posting, asset in await session.execute(joined):
            sums[posting.sequence, asset] += posting.amount
    assert len(sums) > 200
    assert set(sums.values()) == {0}


async def test_balances_as_of_any_record_are_what_they_were_then(database: Database, journaled: Journaled) -> None:
    middle = len(journaled.payloads) // 2
    await project(database, journaled, [middle])
    async with database.reading() as session:
        then = [row[:] for row in await holdings(session, middle)]
        now = [row[:] for row in await holdings(session)]
    assert then != now
    earlier = Journaled(seed=11, length=1_500, payloads=middle)
    assert {row[:2]: row[2:] for row in then} == {
        (name, asset): (holding.available, holding.reserved, holding.held)
        for name, account in earlier.state.accounts.items()
        for asset, holding in account.holdings.items()
        if (name, asset) in {row[:2] for row in then}
    }


@pytest.mark.parametrize("table", (LedgerPosting, LedgerEntry))
@pytest.mark.parametrize("change", ("UPDATE {} SET {} = {}", "DELETE FROM {}"))
async def test_the_database_refuses_to_change_what_is_in_the_books(
    database: Database, journaled: Journaled, table: type[Any], change: str
) -> None:
    await project(database, journaled, [500])
    column = "amount" if table is LedgerPosting else "through_sequence"

    async def rewrite() -> None:
        async with database.writing() as session:
            await session.execute(text(change.format(table.__tablename__, column, column)))

    with pytest.raises(IntegrityError, match="is append-only"):
        await rewrite()
