"""Payments against the books, the books against the engine, and the house's own accounts."""

from sqlalchemy import insert

from backoffice.database import Database
from backoffice.ledger.balances import balances
from backoffice.ledger.chart import CUSTODY, Kind
from backoffice.ledger.transfers import Transfer, transfer
from backoffice.payments.sandbox import NAME
from backoffice.payments.tables import Deposit
from backoffice.projector.tables import PaymentBooked, Position
from backoffice.reconciliation.comparing import differences
from backoffice.reconciliation.engine import against_engine
from backoffice.reconciliation.found import Found
from backoffice.reconciliation.reconciling import reconcile
from backoffice.times import MINUTE_NS
from tests.backoffice.payments.world import World
from tests.backoffice.projector.journaled import JOURNAL, Journaled

NOW_NS = 2 * 10**18


async def kinds(books: Database, asset: str) -> set[tuple[str, str]]:
    async with books.reading() as session:
        found = await differences(session, {}, (), NOW_NS)
    return {(str(each.kind), each.subject) for each in found if each.asset == asset}


async def book(books: Database, debit: Kind, credit: Kind, amount: int) -> None:
    async with books.writing() as session:
        moved = Transfer(f"{debit} {credit}", debit, credit, "BTC", amount, "ann", "to see what comes of it")
        await transfer(session, moved, NOW_NS)


async def test_what_is_in_suspense_is_unmatched(books: Database) -> None:
    before = await kinds(books, "BTC")
    await book(books, Kind.OMNIBUS, Kind.SUSPENSE, 700)
    assert await kinds(books, "BTC") - before == {("unmatched", "suspense BTC")}


async def test_an_account_below_nothing_is_overdrawn_and_what_is_not_kept_is_a_shortfall(books: Database) -> None:
    async with books.reading() as session:
        rows = await balances(session, account="", asset="BTC")
    kept = -sum(amount for row, amount in rows if row.kind in CUSTODY)
    await book(books, Kind.OWN, Kind.OMNIBUS, kept + 1)
    assert await kinds(books, "BTC") == {("overdrawn", "house BTC omnibus"), ("shortfall", "BTC")}


async def test_a_balance_that_is_another_in_the_engine_is_found(books: Database, journaled: Journaled) -> None:
    async with books.reading() as session:
        sequence = len(journaled.payloads)
        assert await against_engine(session, journaled.state, sequence) == []
        holding = next(iter(journaled.state.accounts["A"].holdings.values()))
        holding.available += 5
        (found,) = await against_engine(session, journaled.state, sequence)
        holding.available -= 5
    assert found.here_amount is not None
    assert found.there_amount == found.here_amount + 5


async def test_a_payment_that_has_ended_and_is_not_in_the_books_as_it_should_be_is_found(world: World) -> None:
    deposit = await world.fund(1_000)
    assert await _not_in_books(world, deposit) == []
    async with world.staff_database.writing() as session:
        session.add(Position(follower="backoffice", journal=JOURNAL, sequence=1_000, time_ns=1))
    assert [(each.there_amount, each.subject) for each in await _not_in_books(world, deposit)] == [(0, deposit.name)]
    for sequence, reference, amount in ((1, "D-1", 1_000), (2, "D-10", 5), (3, "opening deposit", 7)):
        async with world.staff_database.writing() as session:
            row = {"account": "ALPHA", "asset": "USD", "amount": amount, "payment": reference}
            await session.execute(
                insert(PaymentBooked).values(sequence=sequence, time_ns=1, reference=reference, **row)
            )
    assert await _not_in_books(world, deposit) == []


async def test_what_has_just_changed_is_on_its_way_to_the_books(world: World) -> None:
    deposit = await world.fund(1_000)
    async with world.staff_database.writing() as session:
        session.add(Position(follower="backoffice", journal=JOURNAL, sequence=1_000, time_ns=1))
    assert (await reconcile(world.staff_database, {NAME: world.rail}, deposit.changed_ns + 1)).opened == []


async def _not_in_books(world: World, deposit: Deposit) -> list[Found]:
    async with world.staff_database.reading() as session:
        return await differences(session, {}, (), deposit.changed_ns + MINUTE_NS)
