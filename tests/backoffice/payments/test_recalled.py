"""What a rail takes back after it was final: a state, a break and a task, and never a second payment."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backoffice.crm.behind_accounts import ClientsBehindAccounts
from backoffice.crm.tables.desk import Task
from backoffice.payments.rules import HOUR_NS
from backoffice.payments.runner import WATCH_EVERY_NS
from backoffice.payments.sandbox import NAME, SandboxFault
from backoffice.payments.states import DepositState, WithdrawalState
from backoffice.projector.tables import VenueAccount
from backoffice.reconciliation.breaks import open_at
from backoffice.reconciliation.reconciling import reconcile
from backoffice.staff.sealing import KEY_FILE, Sealer
from tests.backoffice.crm.house import House
from tests.backoffice.payments.world import BEN, World

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
        f"ALPHA: {name}: the rail has taken it back after it was settled; ask it what becomes of it"
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
