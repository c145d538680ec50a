"""What a rail takes back after it was final: a state, a break and a task, and never a second payment."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backoffice.crm.behind_accounts import ClientsBehindAccounts
from backoffice.crm.tables.desk import Task
from backoffice.errors import Refused
from backoffice.payments import withdrawals
from backoffice.payments.runner import WATCH_EVERY_NS
from backoffice.payments.sandbox import NAME, SandboxFault
from backoffice.payments.states import DepositState, WithdrawalState
from backoffice.projector.tables import VenueAccount
from backoffice.reconciliation.breaks import open_at
from backoffice.reconciliation.reconciling import reconcile
from backoffice.staff.sealing import KEY_FILE, Sealer
from backoffice.times import HOUR_NS
from tests.backoffice.crm.house import House
from tests.backoffice.payments.test_suspense import house
from tests.backoffice.payments.world import ANN, BEN, World

WATCHED_NS = 72 * HOUR_NS


async def settled(world: World) -> str:
    await world.fund(10_000)
    name = await world.request(await world.destination(), 100)
    await world.settle()
    await world.decide(BEN)
    await world.settle()
    assert await world.state(name) is WithdrawalState.SETTLED
    return name


async def later(world: World, by_ns: int = WATCH_EVERY_NS) -> None:
    world.now_ns += by_ns
    await world.settle()


async def standing(world: World) -> list[tuple[str, str]]:
    world.now_ns += 60 * 10**9
    await reconcile(world.staff_database, {NAME: world.rail}, world.now_ns)
    async with world.staff_database.reading() as session:
        return [(row.kind, row.subject) for row in await open_at(session, world.now_ns)]


async def test_a_withdrawal_that_the_rail_takes_back_is_recalled_and_not_paid_again(world: World) -> None:
    name = await settled(world)
    world.rail.take_back_payout(name)
    await later(world)
    assert await world.state(name) is WithdrawalState.RECALLED
    assert world.clients.to_do == [
        f"ALPHA: {name}: the rail has taken it back after it was settled; ask it, see `fondaco withdrawal resolve`"
    ]
    assert await standing(world) == [("recalled", name)]
    for _ in range(3):
        await later(world)
    assert [payout.times for payout in world.rail.payouts()] == [1]
    assert (world.available(), world.held()) == (9_900, 0)
    assert len(world.clients.to_do) == 1


async def test_what_the_rail_has_again_is_settled_again(world: World) -> None:
    name = await settled(world)
    world.rail.take_back_payout(name)
    await later(world)
    await later(world, WATCHED_NS)
    world.rail.take_back_payout(name, is_gone=False)
    await later(world)
    assert await world.state(name) is WithdrawalState.SETTLED
    assert await standing(world) == []
    with pytest.raises(SandboxFault, match=f"{name}: no payout of the sandbox rail that is failed"):
        world.rail.take_back_payout(name, is_gone=False)


async def test_after_its_time_nobody_asks_about_a_withdrawal_but_its_booking_is_still_compared(world: World) -> None:
    name = await settled(world)
    await standing(world)
    world.now_ns += WATCHED_NS
    world.rail.take_back_payout(name)
    await later(world)
    assert await world.state(name) is WithdrawalState.SETTLED
    assert await standing(world) == [("missing-there", name)]


async def test_killed_at_any_edge_it_is_recalled_once(world: World) -> None:
    stride = 1 if world.database.is_sqlite else 3
    name = await settled(world)
    edge, is_over, is_gone = 0, False, True
    while not is_over:
        world.rail.take_back_payout(name, is_gone=is_gone)
        world.now_ns += WATCH_EVERY_NS
        world.edges.left = edge
        await world.settle()
        is_over, world.edges.left = world.edges.left is not None, None
        await later(world)
        assert await world.state(name) is (WithdrawalState.RECALLED if is_gone else WithdrawalState.SETTLED)
        assert [payout.times for payout in world.rail.payouts()] == [1], f"edge {edge}"
        edge, is_gone = edge + stride, not is_gone
    assert edge > 3
    assert (world.available(), world.held()) == (9_900, 0)


async def recalled(world: World) -> str:
    await world.follow()
    name = await settled(world)
    world.rail.take_back_payout(name)
    await later(world)
    assert await world.state(name) is WithdrawalState.RECALLED
    return name


async def propose(world: World, name: str, *, is_paid: bool = False) -> None:
    async with world.staff_database.writing() as session:
        await withdrawals.propose_outcome(
            session, ANN, name, is_paid=is_paid, why="the bank says so", now_ns=world.now_ns
        )


async def test_what_is_taken_back_is_in_suspense_until_two_people_give_it_back(world: World) -> None:
    name = await recalled(world)
    assert await house(world) == (10_000, 100)
    assert await standing(world) == [("recalled", name)]
    await propose(world, name)
    assert await house(world) == (10_000, 100)
    await world.decide(BEN)
    await world.settle()
    assert await world.state(name) is WithdrawalState.GIVEN_BACK
    assert (world.available(), world.held()) == (10_000, 0)
    assert await house(world) == (10_000, 0)
    assert await standing(world) == []
    with pytest.raises(Refused, match=f"{name} is given-back, not uncertain, and not recalled"):
        await propose(world, name)


async def test_what_is_settled_again_is_out_of_suspense_and_no_proposal_gives_it_back(world: World) -> None:
    name = await recalled(world)
    with pytest.raises(Refused, match=f"{name} is recalled: it is settled again by itself"):
        await propose(world, name, is_paid=True)
    await propose(world, name)
    world.rail.take_back_payout(name, is_gone=False)
    await later(world)
    assert await world.state(name) is WithdrawalState.SETTLED
    assert await house(world) == (9_900, 0)
    with pytest.raises(Refused, match=f"{name} is settled, not recalled any more"):
        await world.decide(BEN)
    await world.settle()
    assert world.available() == 9_900


async def test_what_the_rail_pays_after_it_was_given_back_is_a_break(world: World) -> None:
    name = await recalled(world)
    await propose(world, name)
    await world.decide(BEN)
    await world.settle()
    await world.follow()
    world.rail.take_back_payout(name, is_gone=False)
    assert await standing(world) == [("missing-here", "sandbox/P-1"), ("rail-balance", "USD on sandbox")]


async def test_what_comes_back_as_a_deposit_is_not_given_back_beside_it(world: World) -> None:
    name = await recalled(world)
    world.rail.deposit("DE89", "USD", 100, "the bank", returns=name)
    await world.settle()
    with pytest.raises(Refused, match=f"{name}: has come back as D-2, which is credited"):
        await propose(world, name)


async def test_what_was_given_back_and_comes_as_a_deposit_as_well_waits_for_people(world: World) -> None:
    name = await recalled(world)
    await propose(world, name)
    await world.decide(BEN)
    await world.settle()
    reference = world.rail.deposit("DE89", "USD", 100, "the bank", returns=name)
    await world.settle()
    deposit = await world.deposit(reference)
    assert (deposit.state, deposit.reason) == ("quarantined", f"{name} is given-back already")
    assert world.available() == 10_000


async def test_what_the_engine_will_not_credit_is_recalled_and_in_suspense_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await recalled(world)
    await propose(world, name)
    await world.decide(BEN)
    with monkeypatch.context() as patch:
        patch.delitem(world.engine.exchange.state.accounts, "ALPHA")
        await world.settle()
    assert await world.state(name) is WithdrawalState.RECALLED
    assert await house(world) == (10_000, 100)


async def test_killed_at_any_edge_what_was_taken_back_is_given_back_once(world: World) -> None:
    await world.follow()
    await world.fund(10_000)
    destination = await world.destination()
    stride = 1 if world.database.is_sqlite else 4
    edge, is_over = 0, False
    while not is_over:
        name = await world.request(destination, 10)
        await world.settle()
        await world.decide(BEN)
        await world.settle()
        world.rail.take_back_payout(name)
        world.now_ns += WATCH_EVERY_NS
        world.edges.left = edge
        await world.settle()
        await later(world)
        assert await house(world) == (10_000, 10), f"edge {edge}"
        await propose(world, name)
        await world.decide(BEN)
        await world.settle()
        is_over, world.edges.left = world.edges.left is not None, None
        await world.settle()
        assert await world.state(name) is WithdrawalState.GIVEN_BACK, f"edge {edge}"
        assert await house(world) == (10_000, 0), f"edge {edge}"
        assert (world.available(), world.held()) == (10_000, 0), f"edge {edge}"
        edge += stride
    assert edge > 10
    assert await standing(world) == []


async def test_a_deposit_that_the_rail_takes_back_is_a_task_for_its_client(world: World, tmp_path: Path) -> None:
    house = House(world.staff_database, tmp_path)
    await house.active()
    async with world.staff_database.writing() as session:
        session.add(VenueAccount(account="ALPHA", firm="MUSTER", opened_ns=1, sequence=1))
    world.restart(ClientsBehindAccounts(Sealer(tmp_path / KEY_FILE)))
    deposit = await world.fund(1_000)
    world.rail.take_back(deposit.reference)
    await world.settle()
    assert (await world.deposit(deposit.reference)).state == DepositState.RECALLED
    async with world.staff_database.reading() as session:
        tasks = [task for task in await session.scalars(select(Task)) if task.what.startswith("D-1: ")]
    assert [(task.assignee, task.made_by) for task in tasks] == [("treasury", "backoffice")]
