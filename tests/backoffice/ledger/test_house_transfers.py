"""What staff move between accounts of the house: by two people, once, and never more than there is."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import product
from typing import Any

import pytest

from backoffice import kinds
from backoffice.database import Database
from backoffice.errors import BackOfficeError, Conflict, NotFound, Refused
from backoffice.ledger.balances import balances
from backoffice.ledger.chart import CLIENT_KINDS, CUSTODY, Kind
from backoffice.ledger.house_transfers import (
    State,
    Wanted,
    entries_of,
    find,
    propose_reversal,
    request,
)
from backoffice.ledger.moves import MOVES, meaning_of
from backoffice.ledger.tables import HouseTransfer, LedgerEntry
from backoffice.ledger.verifying import check_assets, check_chain, check_clients, check_of_assets, check_trial_balance
from backoffice.staff import approvals, audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Role
from tests.backoffice.ledger.conftest import house
from tests.backoffice.projector.journaled import Journaled, project, take_in

assert kinds.__all__, "the kinds of proposals are registered"

ANN, BEN, CAY = (Actor(name, frozenset({Role.TREASURY})) for name in ("ann", "ben", "cay"))
TO_COLD = Wanted(Kind.OMNIBUS, Kind.COLD, "BTC", 500)
INTEREST = Wanted(Kind.INTEREST, Kind.OMNIBUS, "BTC", 700)
NOW_NS = 10**18


async def ask(books: Database, wanted: Wanted = TO_COLD, by: Actor = ANN) -> tuple[str, str]:
    """Ask for a transfer; return what it and its approval are called."""
    async with books.writing() as session:
        transfer, approval = await request(session, by, wanted, why="treasury's plan", now_ns=NOW_NS)
    return transfer.name, approval.id if approval is not None else ""


async def decide(
    books: Database, approval: str, by: Actor = BEN, how: Callable[..., Awaitable[Any]] = approvals.approve
) -> None:
    async with books.writing() as session:
        await how(session, by, approval, why="seen", now_ns=NOW_NS + 1)


async def move(books: Database, wanted: Wanted = TO_COLD) -> str:
    name, approval = await ask(books, wanted)
    await decide(books, approval)
    return name


async def stands(books: Database, name: str) -> HouseTransfer:
    async with books.reading() as session:
        return await find(session, name, for_update=False)


async def take_back(books: Database, name: str, by: Actor = CAY) -> str:
    async with books.writing() as session:
        return (await propose_reversal(session, by, name, why="the wrong wallet", now_ns=NOW_NS)).id


async def prove(books: Database, journaled: Journaled) -> None:
    """Prove the books as `fondaco books verify` does."""
    async with books.reading() as session:
        checks = [
            check_of_assets(await check_assets(session, journaled.state)),
            await check_clients(session, journaled.state),
            await check_trial_balance(session),
            *await check_chain(session),
        ]
    assert [check.flaw for check in checks] == [""] * len(checks)


async def test_a_transfer_is_pending_until_somebody_else_approves_it(books: Database, journaled: Journaled) -> None:
    before = await house(books)
    name, approval = await ask(books)
    assert await house(books) == before
    assert (await stands(books, name)).state == State.PENDING
    with pytest.raises(Refused, match="somebody else must decide"):
        await decide(books, approval, ANN)
    await decide(books, approval)
    after = await house(books)
    assert after[Kind.OMNIBUS] - before[Kind.OMNIBUS] == before[Kind.COLD] - after[Kind.COLD] == 500
    found = await stands(books, name)
    assert (found.state, found.requested_by, found.approved_by) == (State.POSTED, "ann", "ben")
    await prove(books, journaled)


@pytest.mark.parametrize("how", ("reject", "withdraw", "expire"))
async def test_what_nobody_agrees_to_is_void(books: Database, how: str) -> None:
    before = await house(books)
    name, approval = await ask(books)
    if how == "expire":
        async with books.writing() as session:
            assert await approvals.expire(session, NOW_NS + approvals.VALID_NS - 1) == []
            await approvals.expire(session, NOW_NS + approvals.VALID_NS)
    else:
        await decide(books, approval, ANN if how == "withdraw" else BEN, getattr(approvals, how))
    assert await house(books) == before
    found = await stands(books, name)
    assert (found.state, found.approved_by) == (State.VOIDED, None)
    async with books.reading() as session:
        assert [entry.kind for entry in await entries_of(session, found)] == ["pending", "void"]


async def test_what_is_posted_is_taken_back_by_two_people(books: Database, journaled: Journaled) -> None:
    before = await house(books)
    name = await move(books)
    approval = await take_back(books, name)
    assert (await stands(books, name)).state == State.POSTED
    await decide(books, approval, ANN)
    assert await house(books) == before
    found = await stands(books, name)
    assert (found.state, found.approved_by) == (State.REVERSED, "ben")
    async with books.reading() as session:
        _, posted, reversal = await entries_of(session, found)
        assert (reversal.kind, reversal.of) == ("reversal", posted.id)
    with pytest.raises(Refused, match="H-1 is reversed: only what is posted"):
        await take_back(books, name)
    await prove(books, journaled)


async def test_only_what_is_posted_is_taken_back(books: Database) -> None:
    name, _ = await ask(books)
    with pytest.raises(Refused, match="H-1 is pending: only what is posted"):
        await take_back(books, name)
    with pytest.raises(NotFound, match="H-7: there is no such transfer"):
        await take_back(books, "H-7")


async def test_a_reversal_that_is_turned_down_leaves_all_as_it_is(books: Database) -> None:
    name = await move(books)
    after = await house(books)
    await decide(books, await take_back(books, name), ANN, approvals.reject)
    assert await house(books) == after
    assert (await stands(books, name)).state == State.POSTED


async def test_each_step_is_on_the_trail_with_what_was_before(books: Database) -> None:
    name = await move(books)
    await decide(books, await take_back(books, name), ANN)
    async with books.reading() as session:
        found = await audit.entries(session, audit.Wanted(subject=f"transfer/{name}"), 100)
    assert [(entry.actor, entry.verb) for entry in found] == [
        *(("ann", "request"), ("ann", "propose"), ("ben", "approve"), ("ben", "post")),
        *(("cay", "propose"), ("ann", "approve"), ("ann", "reverse")),
    ]
    assert all(entry.why for entry in found)
    assert found[3].before == '{"state":"pending"}'


async def test_who_asks_again_under_a_key_gets_what_was_asked_for(books: Database) -> None:
    wanted = TO_COLD._replace(key="bank 4711")
    first = await ask(books, wanted)
    assert await ask(books, wanted, BEN) == (first[0], "")
    await decide(books, first[1])
    assert await ask(books, wanted) == (first[0], "")
    with pytest.raises(Conflict, match="something else was asked for under this key, as H-1"):
        await ask(books, wanted._replace(amount=501))


@pytest.mark.parametrize(
    ("wanted", "error", "what"),
    (
        (TO_COLD._replace(source=Kind.AVAILABLE), Refused, "changes in the engine alone"),
        (TO_COLD._replace(target=Kind.HELD), Refused, "changes in the engine alone"),
        (TO_COLD._replace(source=Kind.FEES, target=Kind.OWN), Refused, "fees stay as the engine has booked them"),
        (TO_COLD._replace(target=Kind.REBATES), Refused, "move it from omnibus to own"),
        (TO_COLD._replace(target=Kind.OMNIBUS), Refused, "omnibus to omnibus: that moves nothing; from omnibus to"),
        (TO_COLD._replace(source=Kind.SUSPENSE), Refused, "suspense to cold-wallet"),
        (TO_COLD._replace(amount=0), Refused, "out of range"),
        (TO_COLD._replace(amount=-5), Refused, "out of range"),
        (TO_COLD._replace(amount=2**62 + 1), Refused, "out of range"),
        (TO_COLD._replace(asset="XRP"), NotFound, "XRP: no asset of this venue"),
        (TO_COLD._replace(key=" "), Refused, "a key has 1 to 200 characters"),
        (TO_COLD._replace(key="x" * 201), Refused, "a key has 1 to 200 characters"),
        (TO_COLD._replace(amount=2**62), Refused, "is too much: omnibus has"),
        (Wanted(Kind.OWN, Kind.OMNIBUS, "BTC", 1), Refused, "is too much: own has 0"),
        (Wanted(Kind.OMNIBUS, Kind.SUSPENSE, "BTC", 1), Refused, "is too much: suspense has 0"),
    ),
)
async def test_what_cannot_be_moved_is_told(
    books: Database, wanted: Wanted, error: type[BackOfficeError], what: str
) -> None:
    with pytest.raises(error, match=what):
        await ask(books, wanted)
    async with books.reading() as session:
        assert await session.get(HouseTransfer, 1) is None


async def test_who_may_not_book_may_not_ask(books: Database) -> None:
    with pytest.raises(Refused, match="may not propose entries in the books: needs treasury"):
        await ask(books, by=Actor("eve", frozenset({Role.OPERATIONS})))


async def test_the_house_takes_out_what_it_has_earned_and_not_what_clients_have(
    books: Database, journaled: Journaled
) -> None:
    async with books.reading() as session:
        all_balances = await balances(session, asset="BTC")
    kept = -sum(amount for row, amount in all_balances if row.kind in CUSTODY and not row.account)
    earned = kept - sum(amount for row, amount in all_balances if row.account)
    await move(books, INTEREST)
    spare = max(0, earned + INTEREST.amount)
    with pytest.raises(Refused, match="beyond what clients have, what is kept for them has"):
        await ask(books, Wanted(Kind.OMNIBUS, Kind.OWN, "BTC", spare + 1))
    await move(books, Wanted(Kind.OMNIBUS, Kind.OWN, "BTC", spare))
    assert (await house(books))[Kind.OWN] == -spare
    with pytest.raises(Refused, match="beyond what clients have"):
        await ask(books, Wanted(Kind.OMNIBUS, Kind.COSTS, "BTC", 1))
    await prove(books, journaled)


async def test_what_is_promised_is_not_promised_again(books: Database) -> None:
    await move(books, INTEREST)
    taken = Wanted(Kind.OMNIBUS, Kind.COLD, "BTC", -(await house(books))[Kind.OMNIBUS])
    await ask(books, taken)
    with pytest.raises(Refused, match=r"omnibus has 0\.?0*, after what is pending"):
        await ask(books, taken._replace(amount=1))


async def test_what_is_spent_meanwhile_is_not_posted_and_stays_pending(books: Database) -> None:
    await move(books, INTEREST)
    out = Wanted(Kind.OMNIBUS, Kind.OWN, "BTC", INTEREST.amount)
    name = await move(books, out)
    back = await take_back(books, name)
    # The house spends what would have to come back.
    await move(books, Wanted(Kind.OWN, Kind.COSTS, "BTC", 1))
    before = await house(books)
    with pytest.raises(Refused, match="is too much: own has"):
        await decide(books, back, BEN)
    assert await house(books) == before
    assert (await stands(books, name)).state == State.POSTED


async def test_of_two_who_approve_at_once_one_posts(books: Database) -> None:
    before = await house(books)
    name, approval = await ask(books)
    outcomes = await asyncio.gather(decide(books, approval, BEN), decide(books, approval, CAY), return_exceptions=True)
    assert sorted(type(each).__name__ for each in outcomes) == ["NoneType", "Refused"]
    assert (await house(books))[Kind.COLD] == before[Kind.COLD] - 500
    assert (await stands(books, name)).state == State.POSTED


async def test_of_two_who_ask_at_once_under_a_key_both_get_the_same(books: Database) -> None:
    wanted = TO_COLD._replace(key="bank 4711")
    asked = await asyncio.gather(ask(books, wanted, ANN), ask(books, wanted, BEN))
    assert {name for name, _ in asked} == {"H-1"}
    assert sorted(bool(approval) for _, approval in asked) == [False, True]


async def test_two_who_ask_at_once_do_not_promise_the_same_money(books: Database) -> None:
    taken = TO_COLD._replace(amount=-(await house(books))[Kind.OMNIBUS])
    asked = await asyncio.gather(ask(books, taken, ANN), ask(books, taken, BEN), return_exceptions=True)
    assert sorted(type(each).__name__ for each in asked) == ["Refused", "tuple"]


async def test_an_approval_of_what_has_changed_since_is_stale(books: Database) -> None:
    name, approval = await ask(books)
    async with books.writing() as session:
        (await find(session, name)).reason = "another plan"
    with pytest.raises(Refused, match="is stale"):
        await decide(books, approval)


@pytest.mark.parametrize("step", ("request", "approve", "reverse"))
async def test_killed_in_a_step_nothing_of_it_is_done(books: Database, journaled: Journaled, step: str) -> None:
    class Killed(BaseException):
        pass

    name = approval = ""
    if step != "request":
        name, approval = await ask(books)
    if step == "reverse":
        await decide(books, approval)
        approval = await take_back(books, name)
    before = await house(books), await _entries(books)

    async def killed() -> None:
        async with books.writing() as session:
            if step == "request":
                await request(session, ANN, TO_COLD, why="treasury's plan", now_ns=NOW_NS)
            else:
                await approvals.approve(session, BEN, approval, why="seen", now_ns=NOW_NS)
            raise Killed

    with pytest.raises(Killed):
        await killed()
    assert (await house(books), await _entries(books)) == before
    await prove(books, journaled)
    if step == "request":
        name, approval = await ask(books)
    await decide(books, approval)
    assert (await stands(books, name)).state == (State.REVERSED if step == "reverse" else State.POSTED)
    await prove(books, journaled)


async def test_what_is_moved_is_followed_by_the_journal(database: Database, journaled: Journaled) -> None:
    half = Journaled(seed=13, length=300, payloads=len(journaled.payloads) // 2)
    projector = await project(database, half, [100])
    await move(database)
    await take_in(projector, journaled.records(projector.sequence, 10**6))
    await prove(database, journaled)


def test_what_moves_is_money_of_the_house() -> None:
    for source, target in product(Kind, Kind):
        if (source, target) in MOVES:
            assert source not in CLIENT_KINDS
            assert target not in CLIENT_KINDS
            assert meaning_of(source, target)
        else:
            with pytest.raises(Refused):
                meaning_of(source, target)


async def _entries(books: Database) -> int:
    async with books.reading() as session:
        found = 0
        while await session.get(LedgerEntry, found + 1) is not None:
            found += 1
        return found
