"""Tiers from end to end: what is traded leads to rates, which the venue is told, and charges from then on."""

from backoffice.access import charging
from backoffice.access.fees import FeeTier
from backoffice.times import DAY_NS
from engine.events import Trade
from tests.backoffice.invoices.world import BEGUN_NS, World
from tests.engine.builders import only

TIERS = (FeeTier(0, 5_000, 10_000), FeeTier(50_000, -2_500, 7_500))
"""50 and 100 basis points; from a volume of 50,000 on -25 and 75."""


async def rates(world: World) -> tuple[int | None, int | None]:
    """Return what ALPHA pays as maker and as taker, in millionths, by two trades of nearly nothing."""
    world.venue.sell(1, 10, "BETA")
    taken = only(Trade, world.venue.buy(1, 10, "ALPHA"))
    world.venue.sell(1, 10, "ALPHA")
    made = only(Trade, world.venue.buy(1, 10, "BETA"))
    return made.maker_fee_ppm, taken.taker_fee_ppm


async def at(world: World, time_ns: int) -> str:
    """Come to a time, with the books, and with the fees."""
    world.now_ns = time_ns
    await world.come_to(time_ns)
    return await world.set_fees()


async def test_volume_leads_to_another_tier_and_back_again_when_it_is_over(world: World) -> None:
    await world.agree(0, tiers=TIERS)
    await at(world, BEGUN_NS)
    assert await rates(world) == (5_000, 10_000)
    world.trade(50_000, BEGUN_NS + DAY_NS)
    await at(world, BEGUN_NS + 2 * DAY_NS)
    assert await rates(world) == (-2_500, 7_500)
    await at(world, BEGUN_NS + 40 * DAY_NS)
    assert await rates(world) == (5_000, 10_000)


async def test_a_schedule_takes_effect_at_its_time_or_when_the_back_office_is_there_again(world: World) -> None:
    await world.agree(0, from_ns=BEGUN_NS + DAY_NS, tiers=TIERS)
    await at(world, BEGUN_NS)
    assert await rates(world) == (0, 10_000), "the instrument's own"
    world.is_away = True
    await world.come_to(BEGUN_NS + 3 * DAY_NS)
    world.is_away = False
    await at(world, BEGUN_NS + 3 * DAY_NS)
    assert await rates(world) == (5_000, 10_000)


async def test_an_instrument_of_its_own_goes_before_all(world: World) -> None:
    await world.agree(0, tiers=TIERS)
    await world.agree(0, schedule="special", symbol="BTC/USD", tiers=(FeeTier(0, 100, 20_000),))
    await at(world, BEGUN_NS)
    assert await rates(world) == (100, 20_000)


async def test_a_rebate_that_no_taker_pays_for_is_refused_by_the_venue_and_shown(world: World) -> None:
    await world.agree(0, tiers=(FeeTier(0, -10_001, 20_000),))
    assert "the lowest fee of a taker would not pay for a maker's rebate" in await at(world, BEGUN_NS)
    assert await rates(world) == (0, 10_000)
    async with world.staff_database.reading() as session:
        ((_, told_by),) = await charging.in_force(session)
    assert told_by is not None
    assert "would not pay" in told_by.refusal
