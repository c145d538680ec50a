"""How payments stood at a moment is what the report said then."""

from backoffice.payments.sandbox import Fault
from backoffice.reports.payments import Standing, standings
from backoffice.times import HOUR_NS
from tests.backoffice.payments.world import BEN, CAY, World


async def standing(world: World, at_ns: int | None = None, from_ns: int | None = None) -> list[Standing]:
    async with world.staff_database.reading() as session:
        return await standings(session, from_ns, None, at_ns)


class Watch:
    """Takes payments on in steps, each at a time of its own, and keeps what was said after each."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.said: dict[int, list[Standing]] = {}

    async def go_on(self) -> None:
        """Let everything come to rest; whatever comes next is later."""
        while await self.world.payments.step():
            self.said[self.world.now_ns] = await standing(self.world)
            self.world.now_ns += 1


async def test_payments_as_of_a_moment_are_what_was_said_then(world: World) -> None:
    watch = Watch(world)
    began_ns = world.now_ns
    for amount in (5_000, 700, 60_000):
        world.rail.deposit(await world.address(), "USD", amount, "Alpha Trading Ltd")
    world.rail.switch(Fault.DELAY, 2)
    await watch.go_on()
    destination = await world.destination()
    for amount in (300, 1_500):
        await world.request(destination, amount)
        await watch.go_on()
    world.now_ns += HOUR_NS
    for checker in (BEN, CAY):
        world.now_ns += 1
        await world.decide(checker)
        watch.said[world.now_ns] = await standing(world)
        await watch.go_on()
    assert len({tuple((each.kind, each.state) for each in said) for said in watch.said.values()}) > 5
    for at_ns, said in watch.said.items():
        assert await standing(world, at_ns) == said
        assert await standing(world, at_ns, at_ns + 1) == []
    assert await standing(world, began_ns - 1) == []
    assert await standing(world, world.now_ns) == await standing(world)
