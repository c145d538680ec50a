"""Wash trades of firms that one person owns: seen through the clients' files, and told without the person's name."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select
from structlog.testing import capture_logs

from backoffice.crm import editing
from backoffice.crm.client_file import HoldingGiven
from backoffice.database import Database
from backoffice.office import watch_trading
from backoffice.staff.sealing import MASK, Sealer
from backoffice.staff.tables import AuditEntry
from backoffice.surveillance.cases import evidence_shown
from backoffice.surveillance.parameters import PARAMETERS
from backoffice.surveillance.tables import Alert
from backoffice.times import DAY_NS
from config.reading import parse
from tests.backoffice.crm.house import ANN, BEN, OLA, House
from tests.backoffice.surveillance.market import START_NS, Market

DETECTOR = "wash trades of one owner"


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> House:
    """Ann owns A and, through an entity, B; of C she has a little. Bo owns A and B with her."""
    house = House(database, tmp_path)
    house.now_ns = START_NS - DAY_NS
    ann = {"id": "ann", "kind": "person", "name": "Ann Muster", "born": "1970-05-01", "countries": ["CH"]}
    bo = {**ann, "id": "bo", "name": "Bo Muster"}
    holding = {"id": "holding", "kind": "entity", "name": "Holding AG", "holdings": [{"share": "60"}]}
    await enter(house, "A", {**ann, "holdings": [{"share": "50"}]}, {**bo, "holdings": [{"share": "25"}]})
    await enter(
        house,
        "B",
        holding,
        {**ann, "name": "MUSTER, Ann", "holdings": [{"share": "100", "of": "holding"}]},
        {**bo, "holdings": [{"share": "40"}]},
    )
    await enter(house, "C", {**ann, "holdings": [{"share": "20"}]})
    return house


async def enter(house: House, firm: str, *parties: dict[str, Any]) -> None:
    await house.enter(name=firm, firm=firm, lei="", parties=list(parties), documents=[], agreements=[])


async def test_firms_of_one_owner_are_one_side(database: Database, market: Market, house: House) -> None:
    for _ in range(PARAMETERS.wash_trades_owner_min):
        market.trade("A", "B", 5, 100)
        market.trade("A", "C", 5, 101)
    (alert,) = (await market.looked_at(database, sealer=house.sealer)).alerts
    assert (alert.detector, alert.subject) == (DETECTOR, "P-1")
    assert alert.summary == (
        "A, B traded 5 times with each other in BTC/USD; 25 % or more of each belongs to P-1 and to P-2,"
        " by clients' files as they were then and as they are now"
    )
    assert alert.evidence["figures"] == {"trades": 5, "qty": 25}
    assert alert.evidence["thresholds"] == {"wash_trades_owner_min": 5, "wash_trades_owner_percent": 25}
    assert [(each["owner"], each["firm"], each["party"], each["share"]) for each in alert.evidence["owners"]] == [
        *(("P-1", "A", "P-1", "50 %"), ("P-1", "B", "P-4", "60 %")),
        *(("P-2", "A", "P-2", "25 %"), ("P-2", "B", "P-5", "40 %")),
    ]
    assert {(each["trades_then"], each["trades_now"]) for each in alert.evidence["owners"]} == {(5, 5)}
    assert [trade["trade"] for trade in alert.evidence["trades"]] == [1, 3, 5, 7, 9]


async def test_an_alert_says_what_counts_by_the_files_of_then_and_by_those_of_now(
    database: Database, market: Market, house: House
) -> None:
    for _ in range(3):
        market.trade("A", "B", 5, 100)
    house.now_ns = market.now_ns
    await house.sealed(editing.change_party, ANN, "C-1", "P-1", {"holdings": (HoldingGiven("30"),)})
    for _ in range(2):
        market.trade("A", "B", 5, 100)
    house.now_ns = market.now_ns
    await house.sealed(editing.remove_party, ANN, "C-2", "P-5")
    (alert,) = (await market.looked_at(database, sealer=house.sealer)).alerts
    assert [
        (each["owner"], each["firm"], each["share"], each["trades_then"], each["trades_now"])
        for each in alert.evidence["owners"]
    ] == [
        *(("P-1", "A", "50 %", 3, 0), ("P-1", "A", "30 %", 2, 5), ("P-1", "B", "60 %", 5, 5)),
        *(("P-2", "A", "25 %", 5, 0), ("P-2", "B", "40 %", 5, 0)),
    ]


async def test_who_was_an_owner_and_is_none_any_more_is_found(database: Database, market: Market, house: House) -> None:
    for _ in range(PARAMETERS.wash_trades_owner_min):
        market.trade("A", "B", 5, 100)
    house.now_ns = market.now_ns
    await house.sealed(editing.remove_party, ANN, "C-1", "P-1")
    await house.sealed(editing.remove_party, ANN, "C-1", "P-2")
    (alert,) = (await market.looked_at(database, sealer=house.sealer)).alerts
    assert alert.summary.endswith("belongs to P-1 and to P-2, by clients' files as they were then")


async def test_an_owner_who_is_told_of_late_is_found_by_looking_again(
    database: Database, market: Market, house: House
) -> None:
    for _ in range(PARAMETERS.wash_trades_owner_min):
        market.trade("B", "C", 5, 100)
    assert (await market.looked_at(database, sealer=house.sealer)).alerts == []
    house.now_ns = market.now_ns
    await house.sealed(editing.change_party, ANN, "C-3", "P-6", {"holdings": (HoldingGiven("25"),)})
    (alert,) = (await market.looked_at(database, sealer=house.sealer)).alerts
    assert alert.summary.endswith("belongs to P-1, by clients' files as they are now")
    assert [(each["firm"], each["trades_then"], each["trades_now"]) for each in alert.evidence["owners"]] == [
        *(("B", 0, 5), ("C", 0, 5)),
    ]


async def test_more_firms_are_of_one_owner_from_a_lower_share_on(
    database: Database, market: Market, house: House
) -> None:
    for _ in range(2):
        market.trade("A", "B", 5, 100)
        market.trade("B", "C", 5, 101)
        market.trade("C", "A", 5, 101)
    parameters = replace(PARAMETERS, wash_trades_owner_percent=20, circular_trades_min=100)
    (alert,) = (await market.looked_at(database, parameters, house.sealer)).alerts
    assert alert.subject == "P-1", "and Bo alone, whose are two of them, is below the threshold of trades"
    assert {each["firm"] for each in alert.evidence["owners"]} == {"A", "B", "C"}
    assert alert.evidence["figures"]["trades"] == 6


async def test_fewer_trades_or_other_people_are_nothing(database: Database, market: Market, house: House) -> None:
    for _ in range(PARAMETERS.wash_trades_owner_min - 1):
        market.trade("A", "B", 5, 100)
    for _ in range(20):
        market.trade("B", "C", 5, 101)
    assert [each.detector for each in (await market.looked_at(database, sealer=house.sealer)).alerts] == []


async def test_who_may_not_see_personal_data_sees_a_number(database: Database, market: Market, house: House) -> None:
    for _ in range(PARAMETERS.wash_trades_owner_min):
        market.trade("A", "B", 5, 100)
    await market.looked_at(database, sealer=house.sealer)
    async with database.reading() as session:
        (alert,) = await session.scalars(select(Alert))
        trail = list(await session.scalars(select(AuditEntry)))
        for actor, names in ((BEN, {"Ann Muster", "MUSTER, Ann", "Bo Muster"}), (OLA, {MASK})):
            shown = await evidence_shown(session, house.sealer, actor, alert)
            assert {each["name"] for each in shown["owners"]} == names
            assert shown["trades"] == alert.evidence["trades"]
    assert "Muster" not in f"{alert.summary} {alert.evidence}"
    raised = [each for each in trail if each.subject == alert.audit_subject]
    assert raised
    assert all("Muster" not in f"{each.why} {each.after}" for each in raised)


async def test_trading_waits_to_be_looked_at_until_owners_can_be_read(
    database: Database, market: Market, house: House, tmp_path: Path
) -> None:
    settings = parse('[fix]\ncomp_id = "FONDACO"', "test")
    for _ in range(2):
        market.trade("A", "A", 5, 100)
    market.wait(7_200)
    market.trade("A", "C", 5, 100)
    await market.project(database)
    with capture_logs() as logs:
        await watch_trading(database, Sealer(tmp_path / "none.key"), settings)
        await watch_trading(database, house.sealer, settings)
    assert [(line["log_level"], line["event"]) for line in logs] == [
        ("error", "trading is not looked at: who owns clients cannot be read"),
        ("warning", "surveillance has found something"),
    ]
