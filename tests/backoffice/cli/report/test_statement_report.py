"""`fondaco report statement`."""

import json

import pytest

from tests.backoffice.cli.command_line import fondaco_here
from tests.backoffice.cli.desk import Desk
from tests.backoffice.reports.known import CORRECTED, TRADED

BETA = ("report", "statement", "--account", "BETA-A", "--period")


def test_a_statement_goes_from_the_opening_to_the_closing_balance(desk: Desk) -> None:
    rows = [row for row in json.loads(desk.done(*BETA, "2027-01", "--json")) if row["asset"] == "USD"]
    assert [(row["record"], row["what"], row["amount"], row["balance"]) for row in rows] == [
        (0, "opening balance", None, "0.00000"),
        (9, "credit", "9000.00000", "9000.00000"),
        (TRADED, "T1: bought 0.040 BTC/USD at 42.00", "-1.68034", "8998.31966"),
        (CORRECTED, "T1 corrected: fat finger", "0.42008", "8998.73974"),
        (CORRECTED, "closing balance", None, "8998.73974"),
    ]
    assert "It ties; records 1 to 13, and the period is not over." in desk.done(*BETA, "2027-01")


def test_a_statement_of_a_firm_is_written_as_pdf(desk: Desk) -> None:
    path = desk.home / "statement.pdf"
    assert "bytes" in desk.done("report", "statement", "--firm", "BETA-A", "--period", "2027-01-15", "--pdf", path)
    assert path.read_bytes().startswith(b"%PDF-")
    assert list(desk.home.glob("*.draft")) == []


def test_its_help_says_that_it_needs_to_know_whose_it_is() -> None:
    told = " ".join(fondaco_here("report", "statement", "--help").stdout.replace("│", " ").split())
    assert "One of --client, --firm and --account is needed." in told
    assert "default: (all)" not in told


@pytest.mark.parametrize("arguments", ((*BETA, "2027-13"), ("report", "statement", "--period", "2027")))
def test_wrong_usage_is_told(desk: Desk, arguments: tuple[str, ...]) -> None:
    finished = desk.run(*arguments)
    assert (finished.returncode, finished.stdout) == (2, "")


def test_what_cannot_be_stated_is_one_line(desk: Desk) -> None:
    assert desk.refused(*BETA, "2030") == "2030: the books have not come to this period yet"
    assert "No such file" in desk.refused(*BETA, "2027", "--pdf", desk.home / "nowhere" / "statement.pdf")
