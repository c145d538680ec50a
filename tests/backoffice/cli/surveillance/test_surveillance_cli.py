"""`fondaco surveillance` and `fondaco case`: from what was traded to what has come of it."""

import asyncio
import json

import pytest

from backoffice.database import Database
from backoffice.database.database import address_of
from backoffice.staff.sealing import MASK
from config.reading import load
from engine.values import BUY, SELL
from tests.backoffice.cli.desk import Desk
from tests.backoffice.crm.house import House
from tests.backoffice.surveillance.market import Market

WHY = ("--why", "because")


@pytest.fixture
def watched(desk: Desk) -> Desk:
    """A desk at which compliance sits, cora and cleo, with a market in which A trades with itself, hours ago."""
    for number, name in enumerate(("cora", "cleo"), 1):
        desk.done("staff", "add", name, "--role", "compliance", "--os-user", name, *WHY, by="annabel")
        desk.done("approval", "approve", f"A-{number}", *WHY, by="benjamin")
    market = Market()
    for _ in range(2):
        market.trade("A", "A", 5, 100)
    _hours_later(desk, market)
    desk.sit_down("cora")
    return desk


def _hours_later(desk: Desk, market: Market) -> None:
    market.wait(7_200)
    market.order("A", BUY, 1, 100)

    async def project() -> None:
        async with Database(address_of(load(desk.config).back_office.database, desk.data)) as database:
            await market.project(database)

    asyncio.run(project())


def test_what_is_found_is_listed_and_shown_with_what_it_was_seen_by(watched: Desk) -> None:
    assert watched.done("surveillance", "run").endswith("1 hour looked at; 1 new alert.\n")
    assert json.loads(watched.done("surveillance", "run", "--json")) == []
    (alert,) = json.loads(watched.done("surveillance", "alerts", "--json"))
    assert (alert["alert"], alert["detector"], alert["subject"], alert["case"]) == ("AL-1", "wash trades", "A", None)
    shown = watched.done("surveillance", "show", "al-1")
    assert "A traded 2 times with itself in BTC/USD" in shown
    assert "thresholds  wash_trades_min 2" in shown
    assert "qty 0.010\n" in shown
    assert "; price 1.00; qty 0.005; maker A; maker order 1; taker A; taker order 2\n" in shown
    as_json = json.loads(watched.done("surveillance", "show", "AL-1", "--json"))
    assert [trade["trade"] for trade in as_json["trades"]] == [1, 2]
    assert [(step["what"], step["order"]) for step in as_json["timeline"][:4]] == [
        *(("accepted", 1), ("accepted", 2), ("fill", 1), ("fill", 2))
    ]
    assert as_json["timeline"][2]["record"] == as_json["trades"][0]["record"]
    assert "T1" in shown
    assert len(json.loads(watched.done("surveillance", "show", "AL-1", "--steps", "3", "--json"))["timeline"]) == 3
    assert "AL-1,wash trades,A" in watched.done("surveillance", "alerts", "--csv")


def test_an_owner_of_firms_is_named_to_those_who_may_see_personal_data(desk: Desk) -> None:
    for number, (name, role) in enumerate((("cora", "compliance"), ("rita", "risk")), 1):
        desk.done("staff", "add", name, "--role", role, "--os-user", name, *WHY, by="annabel")
        desk.done("approval", "approve", f"A-{number}", *WHY, by="benjamin")
    market = Market()
    for _ in range(5):
        market.trade("A", "B", 5, 100)
    market.wait(7_200)
    market.order("A", BUY, 1, 100)
    owner = {"id": "ann", "kind": "person", "name": "Ann Muster", "born": "1970-05-01", "countries": ["CH"]}

    async def enter_and_project() -> None:
        async with Database(address_of(load(desk.config).back_office.database, desk.data)) as database:
            house = House(database, desk.data)
            for firm in ("A", "B"):
                parties = [{**owner, "holdings": [{"share": "100"}]}]
                await house.enter(name=firm, firm=firm, lei="", parties=parties, documents=[])
            await market.project(database)

    asyncio.run(enter_and_project())
    desk.done("surveillance", "run", by="cora")
    (alert,) = json.loads(desk.done("surveillance", "alerts", "--json"))
    assert (alert["detector"], alert["subject"]) == ("wash trades of one owner", "P-1")
    assert "votes 100 %; trades then 0; trades now 5; name Ann Muster" in desk.done("surveillance", "show", "AL-1")
    shown = json.loads(desk.done("surveillance", "show", "AL-1", "--json", by="rita"))
    assert [(each["party"], each["name"]) for each in shown["owners"]] == [("P-1", MASK), ("P-2", MASK)]


def test_who_passed_a_quantity_round_and_what_was_withdrawn_is_shown(desk: Desk) -> None:
    desk.done("staff", "add", "cora", "--role", "compliance", "--os-user", "cora", *WHY, by="annabel")
    desk.done("approval", "approve", "A-1", *WHY, by="benjamin")
    market = Market()
    for seller, buyer in (("A", "B"), ("B", "C"), ("C", "A")) * 2:
        market.trade(seller, buyer, 5, 100)
    for _ in range(3):
        market.wait(60)
        spoof = market.order("F1", SELL, 900, 200)
        market.trade("F2", "F1", 5, 100)
        market.cancel("F1", spoof, SELL)
    _hours_later(desk, market)
    desk.sit_down("cora")
    desk.done("surveillance", "run")
    alerts = json.loads(desk.done("surveillance", "alerts", "--json"))
    shown = {each["detector"]: desk.done("surveillance", "show", each["alert"]) for each in alerts}
    assert "A → B → C\n" in shown["circular trades"]
    assert "side buys; trades 7; orders 15; orders qty 0.005; withdrawn 1; withdrawn qty 0.900; " in shown["layering"]


def test_a_dry_run_lists_what_would_be_raised_and_raises_nothing(watched: Desk) -> None:
    for _ in range(2):
        (would_be,) = json.loads(watched.done("surveillance", "run", "--dry-run", "--json"))
        assert (would_be["alert"], would_be["detector"], would_be["subject"]) == (None, "wash trades", "A")
    assert watched.done("surveillance", "run", "--dry-run").endswith("1 hour looked at; 1 alert would be new.\n")
    assert json.loads(watched.done("surveillance", "alerts", "--json")) == []
    (raised,) = json.loads(watched.done("surveillance", "run", "--json"))
    assert (raised["alert"], raised["rerun_by"]) == ("AL-1", "cora")
    assert json.loads(watched.done("surveillance", "run", "--dry-run", "--json")) == []


def test_only_the_hours_that_are_asked_for_are_looked_at(watched: Desk) -> None:
    assert json.loads(watched.done("surveillance", "run", "--until", "2024-01-01", "--json")) == []
    assert json.loads(watched.done("surveillance", "run", "--from", "2025-01-01", "--json")) == []
    assert len(json.loads(watched.done("surveillance", "run", "--from", "2024-10-04T09:30", "--json"))) == 1


def test_a_case_is_closed_without_action_by_two(watched: Desk) -> None:
    watched.done("surveillance", "run")
    assert watched.done("case", "open", "--alert", "AL-1", *WHY) == "CS-1 is open\n"
    assert json.loads(watched.done("surveillance", "alerts", "--json")) == []
    assert watched.done("case", "assign", "CS-1", "cora", *WHY) == "CS-1 is assigned, cora has it\n"
    watched.done("case", "note", "CS-1", "a test of their engine")
    proposed = watched.done("case", "close", "CS-1", "no-action", *WHY)
    assert proposed == "A-3: case-no-action of case/CS-1 waits for somebody else to approve it\n"
    assert watched.refused("approval", "approve", "A-3", *WHY) == (
        "cora has proposed A-3; somebody else must decide on it"
    )
    watched.done("approval", "approve", "A-3", *WHY, by="cleo")
    assert json.loads(watched.done("case", "list", "--json")) == []
    (case,) = json.loads(watched.done("case", "list", "--all", "--json"))
    assert (case["state"], case["closed_by"], case["approved_by"]) == ("closed", "cora", "cleo")
    shown = watched.done("case", "show", "cs-1")
    assert "AL-1  wash trades: A traded 2 times" in shown
    assert "cora: a test of their engine" in shown
    assert "cleo: approve → closed (approval A-3)" in shown


def test_a_case_of_what_came_to_ones_ears_is_closed_by_who_has_it(watched: Desk) -> None:
    watched.done("case", "open", *WHY)
    watched.done("case", "assign", "CS-1", "cleo", *WHY)
    assert watched.refused("case", "close", "CS-1", "warned", *WHY) == "CS-1 is cleo's; assign it to cora first"
    closed = json.loads(watched.done("case", "close", "CS-1", "warned", "--json", *WHY, by="cleo"))
    assert (closed["state"], closed["disposition"], closed["approved_by"]) == ("closed", "warned", None)


@pytest.mark.parametrize(
    ("command", "line"),
    (
        (("surveillance", "show", "AL-9"), "AL-9: there is no such alert; `fondaco surveillance alerts` shows them"),
        (("case", "show", "9"), "9: there is no such case; `fondaco case list` shows them"),
        (("case", "assign", "CS-9", "cora", *WHY), "CS-9: there is no such case; `fondaco case list` shows them"),
    ),
)
def test_what_is_not_there_is_told_in_one_line(watched: Desk, command: tuple[str, ...], line: str) -> None:
    assert watched.refused(*command) == line


def test_an_auditor_sees_alerts_and_cases_but_not_what_was_noted(watched: Desk) -> None:
    watched.done("staff", "add", "arthur", "--role", "auditor", "--os-user", "arthur", *WHY, by="annabel")
    watched.done("approval", "approve", "A-3", *WHY, by="benjamin")
    watched.done("surveillance", "run", by="cora")
    watched.done("case", "open", "--alert", "AL-1", *WHY)
    watched.done("case", "note", "CS-1", "Alice called them")
    assert "cora: Alice called them" in watched.done("case", "show", "CS-1", by="cleo")
    shown = json.loads(watched.done("case", "show", "CS-1", "--json", by="arthur"))
    assert shown["notes"][0].endswith("cora: •••")
    assert "AL-1" in watched.done("surveillance", "alerts", "--all")
    assert watched.refused("case", "note", "CS-1", "x") == (
        "arthur may not work on alerts and cases: needs compliance or risk"
    )


def test_cases_get_alerts_lose_them_and_are_merged_and_reopened(watched: Desk) -> None:
    watched.done("surveillance", "run")
    watched.done("case", "open", *WHY)
    assert watched.done("case", "add", "CS-1", "AL-1", *WHY) == "CS-1 is open\n"
    assert watched.done("case", "remove", "CS-1", "AL-1", "--why", "of another matter") == "CS-1 is open\n"
    watched.done("case", "open", "--alert", "AL-1", *WHY)
    watched.done("case", "note", "CS-2", "the same people")
    assert watched.done("case", "merge", "CS-2", "CS-1", *WHY) == "CS-1 is open\n"
    shown = json.loads(watched.done("case", "show", "CS-1", "--json"))
    assert (shown["merged_from"], len(shown["alerts"]), len(shown["notes"])) == (["CS-2"], 1, 1)
    assert any("remove an alert" in step and "(of another matter)" in step for step in shown["steps"])
    assert json.loads(watched.done("case", "show", "CS-2", "--json"))["merged_into"] == "CS-1"
    watched.done("case", "assign", "CS-1", "cora", *WHY)
    assert watched.run("case", "close", "CS-1", "merged", *WHY).returncode == 2
    watched.done("case", "close", "CS-1", "warned", *WHY)
    assert watched.done("case", "reopen", "CS-1", *WHY) == "CS-1 is open\n"


def test_who_is_not_of_compliance_or_risk_sees_nothing_of_it(watched: Desk) -> None:
    for command in (("surveillance", "run"), ("surveillance", "alerts"), ("case", "list")):
        assert watched.refused(*command, by="annabel").startswith("ann may not ")
    assert watched.run("case", "close", "CS-1", "forgotten", *WHY).returncode == 2
