"""Timelines: an alert leads to its orders, their trades and the records of the journal."""

from msgspec.structs import replace

from backoffice.database import Database
from backoffice.surveillance.parameters import PARAMETERS
from backoffice.surveillance.timeline import orders_in, timeline
from engine.values import BUY, SELL
from tests.backoffice.surveillance.market import Market


def test_orders_are_found_wherever_evidence_names_them() -> None:
    evidence = {
        "figures": {"orders": 3, "trades": 1},
        "trades": [{"trade": 7, "maker_order": 1, "taker_order": 2}, {"order": 3}],
        "episodes": [{"orders": [4, 5], "trades": [7], "withdrawals": [{"order": 6}]}],
    }
    assert sorted(orders_in(evidence)) == [1, 2, 3, 4, 5, 6]


async def test_a_timeline_has_all_that_became_of_the_orders_in_its_order(database: Database, market: Market) -> None:
    for _ in range(3):
        layer = market.order("A", SELL, 1_000, 110)
        market.trade("A", "B", 50, 100, SELL)
        market.cancel("A", layer, SELL)
        market.wait(60)
    market.trade("C", "B", 5, 100)
    (alert,) = (await market.looked_at(database)).alerts
    async with database.reading() as session:
        steps = await timeline(session, alert, 100)
        told = [(step.order.order_id, step.execution.exec_type) for step in steps]
        assert told[:4] == [(1, "0"), (2, "0"), (2, "F"), (1, "4")]
        assert [step.execution.sequence for step in steps] == sorted(step.execution.sequence for step in steps)
        assert {step.order.account for step in steps} == {"A"}
        assert await timeline(session, alert, 2) == steps[:2]


async def test_a_timeline_goes_back_as_far_as_the_thresholds_of_its_alert(database: Database, market: Market) -> None:
    parameters = replace(PARAMETERS, layering_lifetime_max_s=7_200)
    layers = [market.order("A", SELL, 1_000, 110) for _ in range(3)]
    market.wait(6_000)
    for layer in layers:
        market.trade("A", "B", 50, 100, SELL)
        market.cancel("A", layer, SELL)
        market.wait(60)
    (alert,) = (await market.looked_at(database, parameters)).alerts
    async with database.reading() as session:
        steps = await timeline(session, alert, 3)
    assert [(step.order.order_id, step.execution.exec_type) for step in steps] == [(1, "0"), (2, "0"), (3, "0")]


async def test_an_alert_about_numbers_is_told_by_what_its_account_did(database: Database, market: Market) -> None:
    parameters = replace(PARAMETERS, order_to_trade_max=5, order_to_trade_orders_min=5)
    resting = market.order("B", SELL, 5, 100)
    for _ in range(10):
        market.cancel("A", market.order("A", BUY, 1, 90), BUY)
    market.order("A", BUY, 1, 100)
    market.cancel("B", resting, SELL)
    (alert,) = (await market.looked_at(database, parameters)).alerts
    async with database.reading() as session:
        steps = await timeline(session, alert, 100)
    assert {step.order.account for step in steps} == {"A"}
    assert [step.execution.exec_type for step in steps].count("F") == 1
