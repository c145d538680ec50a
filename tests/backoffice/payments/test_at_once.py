"""Staff act between any two steps of a payment: it goes on as they say, or they are told that it is too late."""

from contextlib import suppress

from backoffice.errors import Refused
from backoffice.payments import withdrawals
from backoffice.payments.sandbox import Fault
from backoffice.payments.states import WithdrawalState
from tests.backoffice.payments.world import ANN, BEN, CAY, World


async def test_cancelled_between_any_two_steps_of_a_withdrawal(world: World) -> None:
    await world.fund(40_000)
    destination = await world.destination()
    edge, is_over, outcomes = 0, False, set()
    while not is_over:
        name = await world.request(destination, 10)
        await world.settle()
        await world.decide(BEN)

        async def cancel(name: str = name) -> None:
            async with world.staff_database.writing() as session:
                with suppress(Refused):
                    await withdrawals.cancel(session, ANN, name, why="they think better of it", now_ns=world.now_ns)

        world.edges.meanwhile, world.edges.writes_left = cancel, edge
        await world.settle()
        is_over, world.edges.meanwhile = world.edges.meanwhile is not None, None
        await world.settle()
        state = await world.state(name)
        outcomes.add(state)
        assert world.paid().get(name, 0) == (state is WithdrawalState.SETTLED), f"edge {edge}"
        edge += 1
    assert outcomes == {WithdrawalState.CANCELLED, WithdrawalState.SETTLED}
    assert world.available() == 40_000 - 10 * len(world.paid())
    assert world.held() == 0


async def test_resolved_while_the_rail_comes_to_know_it(world: World) -> None:
    await world.fund(40_000)
    destination = await world.destination()
    edge, is_over = 0, False
    while not is_over:
        world.rail.switch(Fault.SILENCE, 1)
        name = await world.request(destination, 10)
        await world.settle()
        await world.decide(BEN)
        await world.reach(name, WithdrawalState.UNCERTAIN)
        async with world.staff_database.writing() as session:
            await withdrawals.propose_outcome(session, ANN, name, is_paid=True, why="they say so", now_ns=world.now_ns)

        async def resolve() -> None:
            with suppress(Refused):
                await world.decide(CAY)

        world.edges.meanwhile, world.edges.writes_left = resolve, edge
        await world.settle()
        is_over, world.edges.meanwhile = world.edges.meanwhile is not None, None
        await world.settle()
        assert await world.state(name) is WithdrawalState.SETTLED, f"edge {edge}"
        assert world.paid()[name] == 1, f"edge {edge}"
        await world.decide(CAY, reject=True)  # Where it came too late.
        edge += 1
    assert edge > 1
    assert (world.available(), world.held()) == (40_000 - 10 * len(world.paid()), 0)
