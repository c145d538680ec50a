"""What is read of an hour is the same whenever it is read, whatever became of its trades and orders later."""

from backoffice.crm.shared_owners import SharedOwners
from backoffice.database import Database
from backoffice.surveillance.looking import look_at
from backoffice.surveillance.parameters import PARAMETERS
from backoffice.surveillance.rows import Finding
from backoffice.times import HOUR_NS
from engine.values import BUY, SELL
from tests.backoffice.surveillance.market import START_NS, Market


async def findings(database: Database, market: Market) -> list[Finding]:
    """Let the database follow, and return what is found in the first hour."""
    market.wait(7_200)
    await market.project(database)
    async with database.reading() as session:
        return await look_at(session, START_NS // HOUR_NS, "00:00", PARAMETERS, SharedOwners({}))


async def test_trades_that_are_busted_or_corrected_later_are_found_as_they_were_made(
    database: Database, market: Market
) -> None:
    for _ in range(3):
        market.trade("A", "A", 5, 100)
    first = await findings(database, market)
    assert [finding.evidence["figures"] for finding in first] == [{"trades": 3, "qty": 15}]
    market.correct(1, 90, 4)
    market.bust(2)
    assert await findings(database, market) == first
    market.correct(1, 80, 3)
    assert await findings(database, market) == first


async def test_orders_that_are_replaced_later_are_found_as_they_traded(database: Database, market: Market) -> None:
    own = market.order("A", BUY, 60, 100)
    for _ in range(3):
        layers = [market.order("A", SELL, 1_000, 110 + level) for level in range(3)]
        market.order("B", SELL, 10, 100)
        market.wait(1)
        for layer in layers:
            market.cancel("A", layer, SELL)
        market.wait(60)
    first = await findings(database, market)
    assert [finding.detector for finding in first] == ["layering"]
    market.replace("A", own, BUY, 100_000, 100)
    assert await findings(database, market) == first
