"""The back office is killed between any two steps of a payment: nothing is credited or paid twice, nothing is lost."""

from backoffice.payments import withdrawals
from backoffice.payments.sandbox import Fault
from backoffice.payments.states import DepositState, WithdrawalState
from tests.backoffice.payments.world import ANN, BEN, CAY, World


async def test_killed_at_any_edge_of_a_deposit(world: World) -> None:
    edge, is_over = 0, False
    while not is_over:
        reference = world.rail.deposit(await world.address(), "USD", 100, "Alpha Trading Ltd")
        world.edges.left = edge
        await world.settle()
        is_over, world.edges.left = world.edges.left is not None, None
        await world.settle()
        assert (await world.deposit(reference)).state == DepositState.CREDITED, f"edge {edge}"
        edge += 1
        assert world.available() == 100 * edge, f"edge {edge - 1}"
    assert edge > 10


async def test_killed_at_any_edge_of_a_withdrawal(world: World) -> None:
    await world.fund(40_000)
    destination = await world.destination()
    # At every edge on the one database, at every seventh on the other: the edges are the same.
    stride = 1 if world.database.is_sqlite else 7
    edge, is_over, paid, uncertain = 0, False, 0, 0
    while not is_over:
        name = await world.request(destination, 10)
        world.edges.left = edge
        await world.settle()
        await world.decide(BEN)
        await world.settle()
        is_over, world.edges.left = world.edges.left is not None, None
        await world.settle()
        times = world.paid().get(name, 0)
        if await world.state(name) is WithdrawalState.UNCERTAIN:
            # Killed after it said that it sends, and before the rail had it: that is for people to find out.
            assert times == 0, f"edge {edge}"
            uncertain += 1
            async with world.staff_database.writing() as session:
                await withdrawals.propose_outcome(
                    session, ANN, name, is_paid=False, why="no trace of it", now_ns=world.now_ns
                )
            await world.decide(CAY)
            await world.settle()
            assert await world.state(name) is WithdrawalState.FAILED
        else:
            assert await world.state(name) is WithdrawalState.SETTLED, f"edge {edge}"
            assert times == 1, f"edge {edge}"
            paid += 1
        assert (world.available(), world.held()) == (40_000 - 10 * paid, 0), f"edge {edge}"
        edge += stride
    assert paid > 20 / stride
    assert uncertain == 2 or stride > 1, "after the commit that says so, and just before the rail is called"


async def test_killed_at_any_edge_of_a_renewal(world: World) -> None:
    await world.fund(40_000)
    destination = await world.destination()
    stride = 1 if world.database.is_sqlite else 7
    edge, is_over, paid = 0, False, 0
    while not is_over:
        world.rail.switch(Fault.STUCK, 1)
        name = await world.request(destination, 10)
        await world.settle()
        await world.decide(BEN)
        await world.reach(name, WithdrawalState.SENT)
        world.edges.left = edge
        await world.settle()
        is_over, world.edges.left = world.edges.left is not None, None
        await world.settle()
        await world.settle()
        assert await world.state(name) is WithdrawalState.SETTLED, f"edge {edge}"
        assert world.paid()[name] == 1, f"edge {edge}"
        paid += 1
        edge += stride
    assert (world.available(), world.held()) == (40_000 - 10 * paid, 0)
