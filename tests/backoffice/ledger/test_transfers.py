"""What the house books itself: once, in one step or in two, and back."""

from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from backoffice.database import Database
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.ledger.balances import balances
from backoffice.ledger.chart import Kind
from backoffice.ledger.transfers import Transfer, pending, post, reverse, transfer, void
from tests.backoffice.ledger.conftest import house
from tests.backoffice.projector.journaled import Journaled, project, take_in

TO_COLD = Transfer("sweep-1", Kind.COLD, Kind.OMNIBUS, "BTC", 500, "ann", "to cold storage")


async def book(books: Database, wanted: Transfer, *, is_pending: bool = False) -> int:
    async with books.writing() as session:
        return (await transfer(session, wanted, 7, is_pending=is_pending)).id


async def test_a_transfer_moves_an_amount_between_accounts_of_the_house(books: Database) -> None:
    before = await house(books)
    await book(books, TO_COLD)
    after = await house(books)
    assert after[Kind.COLD] == before[Kind.COLD] - 500
    assert after[Kind.OMNIBUS] == before[Kind.OMNIBUS] + 500


async def test_who_asks_again_gets_what_was_booked(books: Database) -> None:
    first = await book(books, TO_COLD)
    once = await house(books)
    assert await book(books, TO_COLD) == first
    assert await house(books) == once


async def test_something_else_under_the_same_key_is_refused(books: Database) -> None:
    await book(books, TO_COLD)
    with pytest.raises(Conflict, match="something else is booked under this key"):
        await book(books, replace(TO_COLD, amount=501))


@pytest.mark.parametrize(
    ("wanted", "error", "what"),
    (
        (replace(TO_COLD, debit=Kind.AVAILABLE), Refused, "changes in the engine alone"),
        (replace(TO_COLD, credit=Kind.COLD), Refused, "moves nothing"),
        (replace(TO_COLD, amount=0), Refused, "out of range"),
        (replace(TO_COLD, amount=2**62 + 1), Refused, "out of range"),
        (replace(TO_COLD, asset="XRP"), NotFound, "XRP: no asset of this venue"),
        (replace(TO_COLD, why=" "), Refused, "a reason"),
        (replace(TO_COLD, key=""), Refused, "a key"),
    ),
)
async def test_what_cannot_be_booked_is_told(
    books: Database, wanted: Transfer, error: type[Exception], what: str
) -> None:
    before = await house(books)
    with pytest.raises(error, match=what):
        await book(books, wanted)
    assert await house(books) == before


async def test_what_is_pending_posts_nothing_until_it_is_posted(books: Database) -> None:
    before = await house(books)
    number = await book(books, TO_COLD, is_pending=True)
    assert await house(books) == before
    async with books.writing() as session:
        assert [entry.id for entry in await pending(session)] == [number]
        await post(session, number, "sweep-1-done", "ann", "seen in block 7", 8)
        assert await pending(session) == []
    assert (await house(books))[Kind.COLD] == before[Kind.COLD] - 500


async def test_what_is_voided_never_posts(books: Database) -> None:
    before = await house(books)
    number = await book(books, TO_COLD, is_pending=True)
    async with books.writing() as session:
        await void(session, number, "sweep-1-off", "ann", "not sent", 8)
    assert await house(books) == before
    for again in (post, void):
        with pytest.raises(Conflict, match=f"entry {number} is voided already"):
            await _do(books, again, number)


async def test_what_is_posted_is_reversed_once(books: Database) -> None:
    before = await house(books)
    number = await book(books, TO_COLD)
    async with books.writing() as session:
        back = await reverse(session, number, "sweep-1-back", "ann", "wrong wallet", 8)
    assert await house(books) == before
    with pytest.raises(Conflict, match="is reversed already"):
        await _do(books, reverse, number)
    with pytest.raises(Refused, match="only what the house has posted"):
        await _do(books, reverse, back.id)


async def test_the_journals_own_entries_are_not_reversed_by_hand(books: Database) -> None:
    with pytest.raises(Refused, match="entry 1 is journal"):
        await _do(books, reverse, 1)
    with pytest.raises(NotFound, match="entry 999"):
        await _do(books, post, 999)


async def test_the_projector_goes_on_from_what_the_house_has_booked(database: Database, journaled: Journaled) -> None:
    half = Journaled(seed=13, length=300, payloads=len(journaled.payloads) // 2)
    projector = await project(database, half, [100])
    await book(database, TO_COLD)
    await take_in(projector, journaled.records(projector.sequence, 10**6))
    async with database.reading() as session:
        assert (await house(database))[Kind.COLD] == -500
        sums = {row.asset: 0 for row, _ in await balances(session)}
        for row, amount in await balances(session):
            sums[row.asset] += amount
    assert set(sums.values()) == {0}


async def _do(books: Database, what: Callable[..., Awaitable[object]], number: int) -> None:
    async with books.writing() as session:
        await what(session, number, f"again-{number}", "ann", "once more", 9)
