"""The back office invoices by itself what is missing when a month is over, and follows what has been charged."""

from pathlib import Path

from backoffice.office import give_waiting, keep_house
from backoffice.staff.sealing import KEY_FILE, Sealer
from tests.backoffice.invoices.world import FUNDS, World


async def test_a_month_that_is_over_is_invoiced_and_what_is_approved_is_charged(world: World, tmp_path: Path) -> None:
    await world.agree(1_000)
    await world.come_to()
    for _ in range(2):
        await keep_house(world.database, Sealer(tmp_path / KEY_FILE))
    standing = await world.standing()
    assert (standing.state, standing.reason) == ("open", "the month is over")
    await world.approve(await world.propose())
    await give_waiting(world.database, world)
    assert (await world.standing()).state == "charged"
    assert world.available() == FUNDS - 1_000
