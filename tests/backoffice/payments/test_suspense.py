"""What a rail has and no client is credited with is in suspense: the books have what the rail has, at every moment."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from backoffice.errors import NotFound, Refused
from backoffice.ledger.balances import balances
from backoffice.ledger.beancount import beancount_of
from backoffice.ledger.chart import Kind
from backoffice.ledger.house_transfers import Wanted, request
from backoffice.ledger.tables import LedgerEntry
from backoffice.ledger.verifying import check_assets, check_chain, check_clients, check_of_assets, check_trial_balance
from backoffice.payments import deposits
from backoffice.payments.sandbox import NAME
from backoffice.payments.states import DepositState
from backoffice.payments.tables import Deposit
from backoffice.reconciliation.breaks import open_at
from backoffice.reconciliation.going_back import went_back
from backoffice.reconciliation.reconciling import reconcile
from backoffice.times import MINUTE_NS
from tests.backoffice.payments.world import ANN, BEN, CAY, World

LARGE = 60_000


@pytest.fixture
async def world(world: World) -> World:
    await world.follow()
    return world


async def house(world: World) -> tuple[int, int]:
    """Return what the books have as kept for clients, and in suspense; and prove them."""
    await world.follow()
    async with world.staff_database.reading() as session:
        state = world.engine.exchange.state
        checks = [
            check_of_assets(await check_assets(session, state)),
            await check_clients(session, state),
            await check_trial_balance(session),
            *await check_chain(session),
        ]
        assert [check.flaw for check in checks if check.flaw] == []
        rows = {row.kind: amount for row, amount in await balances(session, account="", asset="USD")}
    return -rows[Kind.OMNIBUS], rows[Kind.SUSPENSE]


async def on_rail(world: World) -> int:
    """Return what the rail has, by its own record."""
    return sum(booking.amount for booking in (await world.rail.statement("")).bookings if not booking.is_gone)


async def standing(world: World) -> list[tuple[str, str]]:
    """Let a minute go by, reconcile, and return the breaks that are open."""
    world.now_ns += MINUTE_NS
    await reconcile(world.staff_database, {NAME: world.rail}, world.now_ns)
    async with world.staff_database.reading() as session:
        return [(row.kind, row.subject) for row in await open_at(session, world.now_ns)]


async def propose(world: World, deposit: Deposit, *, credit: bool) -> None:
    async with world.staff_database.writing() as session:
        deposit = await deposits.find(session, deposit.name)
        await deposits.propose_release(session, ANN, deposit, credit=credit, why="seen", now_ns=world.now_ns)
    await world.decide(BEN)


async def send_back(world: World, deposit: Deposit, reference: str) -> None:
    async with world.staff_database.writing() as session:
        await went_back(session, CAY, deposit.name, reference, why="sent by hand", now_ns=world.now_ns)


async def entries(world: World) -> Sequence[str]:
    async with world.staff_database.reading() as session:
        house_entries = select(LedgerEntry.kind).where(LedgerEntry.kind != "journal").order_by(LedgerEntry.id)
        return list(await session.scalars(house_entries))


async def test_what_is_credited_at_once_is_never_in_suspense(world: World) -> None:
    await world.fund(1_000)
    assert await house(world) == (1_000, 0)
    assert await entries(world) == []


async def test_a_deposit_that_waits_for_people_is_in_suspense_until_it_is_credited(world: World) -> None:
    deposit = await world.fund(LARGE)
    assert await house(world) == (LARGE, LARGE)
    assert await standing(world) == [("quarantined", deposit.name)]
    await propose(world, deposit, credit=True)
    await world.settle()
    assert await house(world) == (LARGE, 0)
    assert world.available() == LARGE
    assert await standing(world) == []
    assert await entries(world) == ["posted", "reversal"]


async def test_what_the_engine_will_not_credit_is_in_suspense_again(world: World) -> None:
    reference = world.rail.deposit("NOBODY", "USD", 70, "?")
    await world.settle()
    deposit = await world.deposit(reference)
    assert await house(world) == (70, 70)
    async with world.staff_database.writing() as session:
        found = await deposits.find(session, deposit.name)
        await deposits.assign(session, ANN, found, "NOT-THERE", why="they say so", now_ns=world.now_ns)
    await propose(world, deposit, credit=True)
    await world.settle()
    assert (await world.deposit(reference)).state == DepositState.QUARANTINED
    assert await house(world) == (70, 70)
    assert await entries(world) == ["posted", "reversal", "posted"]


async def test_what_is_sent_back_stays_in_suspense_until_the_rail_has_booked_that_it_left(world: World) -> None:
    deposit = await world.fund(LARGE)
    await propose(world, deposit, credit=False)
    await world.settle()
    assert await house(world) == (LARGE, LARGE)
    assert await standing(world) == [("returned", deposit.name)]
    reference = world.rail.pay_by_hand("USD", LARGE)
    assert await standing(world) == [("returned", deposit.name), ("missing-here", f"sandbox/{reference}")]
    await send_back(world, deposit, reference)
    await world.settle()
    assert (await world.deposit(deposit.reference)).state == DepositState.SENT_BACK
    assert await house(world) == (0, 0)
    assert await standing(world) == []


async def test_only_what_the_rail_has_booked_of_that_amount_has_sent_a_deposit_back_and_once(world: World) -> None:
    one, other = await world.fund(LARGE), await world.fund(LARGE)
    for deposit in (one, other):
        await propose(world, deposit, credit=False)
    right, wrong = world.rail.pay_by_hand("USD", LARGE), world.rail.pay_by_hand("USD", LARGE - 1)
    with pytest.raises(NotFound, match=f"{right}: sandbox had booked none, when it was last asked"):
        await send_back(world, one, right)
    await standing(world)
    with pytest.raises(Refused, match=f"{wrong}: is not what sends D-1 back: it is another amount, or a withdrawal's"):
        await send_back(world, one, wrong)
    await send_back(world, one, right)
    with pytest.raises(Refused, match=f"{right}: has sent D-1 back"):
        await send_back(world, other, right)
    with pytest.raises(Refused, match="D-1 is sent-back; `fondaco deposit send-back` proposes to send it back"):
        await send_back(world, one, right)


async def test_what_the_rail_takes_back_while_it_waits_leaves_suspense_and_comes_again(world: World) -> None:
    deposit = await world.fund(LARGE)
    await propose(world, deposit, credit=False)
    for is_gone, books in ((True, (0, 0)), (False, (LARGE, LARGE)), (True, (0, 0))):
        world.rail.take_back(deposit.reference, is_gone=is_gone)
        await world.settle()
        assert await house(world) == books
    assert (await world.deposit(deposit.reference)).state == DepositState.RETURNED


async def test_what_came_before_the_books_were_kept_is_booked_once_they_are(world: World) -> None:
    async with world.staff_database.writing() as session:
        session.add(
            Deposit(
                rail=NAME,
                reference="S-9",
                address="X",
                asset="USD",
                amount=5,
                sender="",
                returns="",
                confirmations=9,
                is_gone=False,
                state="unassigned",
                reason="nobody's",
                account=None,
                seen_ns=1,
                changed_ns=1,
                credited_sequence=None,
            )
        )
    await world.settle()
    assert await house(world) == (5, 5)


async def test_a_deposit_of_an_asset_that_the_venue_does_not_have_waits_out_of_the_books(world: World) -> None:
    world.rail.deposit("NOBODY", "DOGE", 5, "?")
    await world.settle()
    assert await house(world) == (0, 0)
    assert await standing(world) == [("unmatched", "D-1")]


async def test_staff_do_not_move_out_of_suspense_what_deposits_have_there(world: World) -> None:
    await world.fund(LARGE)
    wanted = Wanted(Kind.OMNIBUS, Kind.SUSPENSE, "USD", 1)
    async with world.staff_database.writing() as session:
        with pytest.raises(Refused, match="is too much: suspense has 0"):
            await request(session, ANN, wanted, why="it is known whose it is", now_ns=world.now_ns)


async def test_the_books_for_another_program_have_it_too(world: World) -> None:
    await world.fund(LARGE)
    await world.follow()
    async with world.staff_database.reading() as session:
        text = "\n".join([line async for line in beancount_of(session)])
    assert "Liabilities:House:USD:Suspense  -600.00 USD" in text
    assert "balance Assets:House:USD:Omnibus  600.00 USD" in text


@pytest.mark.parametrize("credit", (True, False))
async def test_killed_at_any_edge_the_books_have_what_the_rail_has_and_book_nothing_twice(
    world: World, credit: bool
) -> None:
    # At every edge on the one database, at every fourth on the other: the edges are the same.
    stride = 1 if world.database.is_sqlite else 4
    edge, is_over, released = 0, False, 0
    while not is_over:
        kept = await house(world)
        world.edges.left = edge
        deposit = await world.fund(LARGE)
        assert await house(world) == (kept[0] + LARGE, LARGE) == (await on_rail(world), LARGE), f"edge {edge}"
        await propose(world, deposit, credit=credit)
        if not credit:
            reference = world.rail.pay_by_hand("USD", LARGE)
            await standing(world)
            await send_back(world, deposit, reference)
        await world.settle()
        is_over, world.edges.left = world.edges.left is not None, None
        await world.settle()
        released += LARGE * credit
        assert await house(world) == (released, 0) == (await on_rail(world), 0), f"edge {edge}"
        assert world.available() == released, f"edge {edge}"
        assert await entries(world) == ["posted", "reversal"] * (edge // stride + 1), f"edge {edge}"
        edge += stride
    assert edge > 10
    assert await standing(world) == []
