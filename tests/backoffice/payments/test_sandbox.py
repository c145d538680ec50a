"""The sandbox rail's file, as a bank that is out of order."""

from backoffice.payments.sandbox import FILE
from tests.backoffice.payments.world import World


async def test_payments_wait_for_a_sandbox_rail_whose_file_cannot_be_read(world: World) -> None:
    reference = world.rail.deposit(await world.address(), "USD", 100, "Alpha Trading Ltd")
    file = world.directory / FILE
    kept = file.read_bytes()
    file.write_bytes(b"no database " * 1_000)
    await world.settle()
    file.write_bytes(kept)
    await world.settle()
    assert (await world.deposit(reference)).state == "credited"
    assert world.available() == 100
