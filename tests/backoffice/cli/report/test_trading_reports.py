"""`fondaco report trades`, `orders`, `order`, `volume`, `fees`, `sessions`, `rejects`."""

import csv
import json
from typing import Any

import pytest

from tests.backoffice.cli.desk import Desk
from tests.backoffice.reports.known import TRADED


def rows(desk: Desk, *arguments: object) -> list[dict[str, Any]]:
    found = json.loads(desk.done("report", *arguments, "--json"))
    assert isinstance(found, list)
    return found


def test_the_blotter_has_both_sides_and_the_corrections(desk: Desk) -> None:
    (trade,) = rows(desk, "trades")
    assert (trade["trade"], trade["price"], trade["quantity"], trade["notional"]) == ("T1", "42.00", "0.030", "1.26000")
    assert (trade["taker"], trade["side"], trade["maker"], trade["maker_fee"]) == (
        *("BETA-A", "buys", "ALPHA-A", "0.00000"),
    )
    assert trade["corrections"] == f"was 0.040 at 42.00; corrected by ann, record {TRADED + 2}: fat finger"
    (then,) = rows(desk, "trades", "--as-of", TRADED)
    assert (then["quantity"], then["corrections"]) == ("0.040", "")
    assert "fat finger" in desk.done("report", "trades", "--account", "ALPHA-A")


def test_what_is_long_is_printed_row_by_row_for_programs(desk: Desk) -> None:
    (row,) = csv.DictReader(desk.done("report", "trades", "--all", "--csv").splitlines())
    assert (row["taker_order"], row["maker_order"], row["asset"]) == ("2", "1", "USD")


def test_an_error_is_one_line_and_nothing_else(desk: Desk) -> None:
    assert desk.refused("report", "trades", "--account", "NOBODY") == "NOBODY: no account of this venue"
    assert desk.refused("report", "orders", "--symbol", "X", "--csv") == "X: no instrument of this venue"
    assert desk.refused("report", "order", 99, "--json") == "order 99: there is none of that number"
    assert "full hours" in desk.refused("report", "volume", "--from", "2027-01-15T08:00:01")


def test_orders_are_as_they_stand(desk: Desk) -> None:
    sold, bought = rows(desk, "orders")
    assert (sold["ClOrdID"], sold["quantity"], sold["left"], sold["side"]) == ("ALPHA-1", "0.100", "0.060", "sells")
    assert (bought["average_price"], bought["type"], bought["status"]) == ("42.0000", "limit", "cancelled")
    assert [row["order"] for row in rows(desk, "orders", "--open", "-n", 1)] == [1]
    (then,) = rows(desk, "orders", "--as-of", TRADED - 1)
    assert (then["order"], then["filled"], then["left"], then["status"]) == (1, "0.000", "0.100", "new")


def test_every_report_on_orders_is_listed_order_by_order(desk: Desk) -> None:
    found = rows(desk, "executions", "--all")
    assert [(row["order"], row["what"], row["trade"]) for row in found] == [
        *((1, "accepted", None), (1, "fill", "T1"), (1, "trade corrected", "T1")),
        *((2, "accepted", None), (2, "fill", "T1"), (2, "trade corrected", "T1")),
    ]
    then = rows(desk, "executions", "--as-of", TRADED - 1)
    assert then == found[:1]
    assert {row["account"] for row in rows(desk, "executions", "--account", "BETA-A")} == {"BETA-A"}


def test_the_life_of_an_order_is_told_step_by_step(desk: Desk) -> None:
    accepted, fill, corrected = rows(desk, "order", 1)
    assert (accepted["what"], accepted["left"], accepted["trade"]) == ("accepted", "0.100", None)
    assert (fill["what"], fill["trade"], fill["against"], fill["record"]) == ("fill", "T1", "BETA-A", TRADED)
    assert corrected["what"] == "trade corrected"
    assert [step["trade_quantity"] for step in (accepted, fill, corrected)] == [None, "0.040", "0.030"]
    assert "account     ALPHA-A" in desk.done("report", "order", 1)
    assert len(rows(desk, "order", 1, "--as-of", TRADED)) == 2


@pytest.mark.parametrize(("by", "keys"), (("account", ["ALPHA-A", "BETA-A"]), ("day", ["2027-01-15", "2027-01-16"])))
def test_volumes_are_given_by_what_is_asked_for(desk: Desk, by: str, keys: list[str]) -> None:
    assert [row[by] for row in rows(desk, "volume", "--by", by)] == keys


def test_somebody_has_a_share_of_the_whole_market(desk: Desk) -> None:
    (row,) = rows(desk, "volume", "--by", "firm", "--account", "ALPHA-A")
    assert (row["firm"], row["made"], row["taken"], row["share"]) == ("ALPHA-A", "1.26000", "0.00000", "50.00%")


def test_volumes_are_drawn(desk: Desk) -> None:
    drawn = desk.done("report", "volume", "--by", "account", "--chart")
    assert "BTC/USD: notional in USD, by account" in drawn
    assert "█" in drawn
    assert "\x1b" not in drawn


def test_fees_are_in_basis_points_of_what_was_traded(desk: Desk) -> None:
    _alpha, beta = rows(desk, "fees", "--by", "account")
    (trade,) = rows(desk, "trades")
    assert (beta["fees"], beta["basis_points"]) == (trade["taker_fee"], "2.06")


def test_sessions_and_what_they_were_refused(desk: Desk) -> None:
    alpha, beta = rows(desk, "sessions")
    assert (alpha["session"], alpha["state"], alpha["rejects"]) == ("ALPHA", "away", 0)
    assert beta["most_for"].startswith("[1004] quantity must be above zero")
    (refusal,) = rows(desk, "rejects")
    assert list(refusal) == ["code", "rejects", "share", "reason"]
    assert (refusal["code"], refusal["rejects"], refusal["share"]) == (1004, 1, "100.00%")
    assert rows(desk, "rejects", "--session", "ALPHA") == []
    assert rows(desk, "rejects", "--each-session")[0]["session"] == "BETA"
