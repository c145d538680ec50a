"""`fondaco report pipeline`, `expiring`, `hits`, `payments`: what waits for staff."""

import datetime as dt
import json
from pathlib import Path

import pytest

from tests.backoffice.cli.desk import Desk
from tests.backoffice.cli.report.conftest import WHY
from tests.backoffice.crm.house import content

SAMPLES = Path(__file__).parents[2] / "crm" / "screening" / "samples"


@pytest.fixture
def applying(desk: Desk) -> Desk:
    """The desk with eva for onboarding, cora for compliance, and a client that has handed in its file."""
    for number, (name, role) in enumerate((("eva", "onboarding"), ("cora", "compliance")), 1):
        desk.done("staff", "add", name, "--role", role, "--os-user", name, *WHY, by="annabel")
        desk.done("approval", "approve", f"A-{number}", *WHY, by="benjamin")
    desk.done("screening", "import", "ofac", SAMPLES / "sdn.xml", *WHY, by="cora")
    path = desk.home / "client.json"
    soon = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=10)).isoformat()
    licence = {"regulator": "FINMA", "number": "12", "country": "CH", "expires": soon}
    path.write_text(json.dumps(content(licences=[licence])), encoding="utf-8")
    desk.done("client", "import", path, *WHY, by="eva")
    return desk


def test_the_pipeline_says_where_clients_stand(applying: Desk) -> None:
    (entered,) = json.loads(applying.done("report", "pipeline", "--json"))
    assert (entered["client"], entered["state"], entered["entered_by"]) == ("C-1", "draft", "eva")
    assert 0 <= entered["age"] < 3_600
    applying.done("client", "submit", "C-1", *WHY)
    (row,) = json.loads(applying.done("report", "pipeline", "--json"))
    assert row["state"] == "submitted"
    (then,) = json.loads(applying.done("report", "pipeline", "--as-of", entered["since"], "--json"))
    assert then == {**entered, "age": 0}


def test_what_expires_soon_is_listed(applying: Desk) -> None:
    (row,) = json.loads(applying.done("report", "expiring", "--days", 30, "--json"))
    assert (row["days"], row["client"], row["what"]) == (10, "C-1", "licence of FINMA")
    assert json.loads(applying.done("report", "expiring", "--days", 5, "--json")) == []
    assert json.loads(applying.done("report", "expiring", "--as-of", "2026-11-01", "--json")) == []
    (later,) = json.loads(applying.done("report", "expiring", "--days", 0, "--as-of", row["expires"], "--json"))
    assert later == {**row, "days": 0}


def test_there_is_nothing_to_decide_on(applying: Desk) -> None:
    assert json.loads(applying.done("report", "hits", "--json")) == []
    assert json.loads(applying.done("report", "hits", "--as-of", "1", "--json")) == []
    assert json.loads(applying.done("report", "payments", "--json")) == []


def test_what_a_document_is_called_is_masked_from_those_who_may_not_see_it(applying: Desk) -> None:
    def files(by: str) -> set[str]:
        applying.sit_down(by)
        rows = json.loads(applying.done("report", "expiring", "--days", 3_650, "--json"))
        return {row["file"] for row in rows if row["what"] == "passport"}

    assert files("cora") == {"passport.pdf"}
    assert files("annabel") == {"•••"}
