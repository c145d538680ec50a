"""`fondaco client` and `fondaco screening`: a client's whole way at the command line, and what goes wrong on it."""

import json
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.screening import rescreening
from backoffice.database import Database
from backoffice.errors import DatabaseFault, Refused
from tests.backoffice.cli.command_line import fondaco_here
from tests.backoffice.cli.desk import Desk
from tests.backoffice.crm.house import COMPANY_PAPERS, content

SAMPLES = Path(__file__).parent.parent / "crm" / "screening" / "samples"
WHY = ("--why", "because")


@pytest.fixture
def house(desk: Desk) -> Desk:
    """The desk with eva for onboarding, and cora and carl for compliance."""
    for number, (name, role) in enumerate((("eva", "onboarding"), ("cora", "compliance"), ("carl", "compliance")), 1):
        desk.done("staff", "add", name, "--role", role, "--os-user", name, *WHY, by="annabel")
        desk.done("approval", "approve", f"A-{number}", *WHY, by="benjamin")
    return desk


def written(desk: Desk, file: str = "client.json", **changes: Any) -> Path:
    path = desk.home / file
    path.write_text(json.dumps(content(**changes)), encoding="utf-8")
    return path


def under_review(desk: Desk) -> None:
    desk.done("screening", "import", "ofac", SAMPLES / "sdn.xml", *WHY, by="cora")
    desk.done("client", "import", written(desk), *WHY, by="eva")
    desk.done("client", "submit", "C-1", *WHY)
    desk.done("client", "screen", "C-1", *WHY, by="cora")
    desk.done("client", "risk", "C-1", *WHY)


def test_a_client_comes_in_by_two_people(house: Desk) -> None:
    under_review(house)
    told = house.done("client", "why", "C-1")
    assert "certificate of incorporation: is not verified yet" in told
    assert "fondaco client document verify DOC-1" in told
    for number in range(1, len(COMPANY_PAPERS) + 3):
        house.done("client", "document", "verify", f"DOC-{number}", *WHY)
    refused = house.refused("client", "approve", "C-1", *WHY, by="eva")
    assert refused == "eva may not approve clients: needs compliance"
    assert house.done("client", "approve", "C-1", *WHY, by="carl") == "C-1 is approved\n"
    assert house.done("client", "activate", "C-1", *WHY) == "C-1 is active\n"
    assert house.done("client", "why", "MUSTER").splitlines() == [
        "Nothing stands between C-1 and trading: it is active.",
        "  withdrawn in 24 hours: 10,000,000 USD, 10,000,000 USD left (rating low)",
        "  withdrawn in 30 days: 100,000,000 USD, 100,000,000 USD left (rating low)",
    ]
    allowed = json.loads(house.done("access", "allowed", "MUSTER", "--json"))
    assert allowed[0] == {
        "what": "withdrawn in 24 hours",
        "limit": "10,000,000 USD",
        "left": "10,000,000 USD",
        "from": "rating low",
    }
    (listed,) = json.loads(house.done("client", "list", "--json"))
    assert (listed["client"], listed["state"], listed["rating"], listed["firm"]) == ("C-1", "active", "low", "MUSTER")
    shown = json.loads(house.done("client", "show", "C-1", "--json"))
    assert (shown["submitted_by"], shown["approved_by"]) == ("eva", "carl")
    assert shown["limits"][0] == "withdrawn in 24 hours: 10,000,000 USD, 10,000,000 USD left (rating low)"
    assert house.done("client", "review", "C-1").endswith("nothing has changed\n")


def test_a_rating_says_that_two_have_overridden_it(house: Desk) -> None:
    under_review(house)
    assert house.done("client", "risk", "C-1", *WHY).endswith("Score 13 by model 1: low\n")
    house.done("client", "risk", "C-1", "--override", "high", "--why", "a bad feeling")
    house.done("approval", "approve", "A-4", *WHY, by="carl")
    told = house.done("client", "risk", "C-1", *WHY)
    assert told.endswith("Score 13 by model 1: high, overridden by cora and carl: a bad feeling\n")


def test_of_a_client_that_trades_it_is_said_which_hits_are_to_be_decided(house: Desk) -> None:
    under_review(house)
    for number in range(1, len(COMPANY_PAPERS) + 3):
        house.done("client", "document", "verify", f"DOC-{number}", *WHY)
    house.done("client", "approve", "C-1", *WHY, by="carl")
    house.done("client", "activate", "C-1", *WHY)
    peps = house.home / "peps.csv"
    peps.write_text("id,kind,name\n1,person,Ann Muster\n", encoding="utf-8")
    house.done("screening", "import", "peps", peps, "--for", "pep", *WHY)
    first, *rest = house.done("client", "why", "C-1").splitlines()
    assert first == "Nothing stands between C-1 and trading: it is active."
    assert rest[-1].startswith("  1 screening hits are not decided: H-1; fondaco screening hits --client C-1")
    assert json.loads(house.done("client", "why", "C-1", "--json")) == []


def test_a_suspension_is_lifted_by_two_and_waits_for_the_venue(house: Desk) -> None:
    under_review(house)
    for number in range(1, len(COMPANY_PAPERS) + 3):
        house.done("client", "document", "verify", f"DOC-{number}", *WHY)
    house.done("client", "approve", "C-1", *WHY, by="carl")
    house.done("client", "activate", "C-1", *WHY)
    house.done("access", "account", "M-1", "--firm", "MUSTER", *WHY, by="eva")
    house.done("approval", "approve", "A-4", *WHY, by="carl")
    finished = house.run("client", "suspend", "C-1", "--from", "trading", "--why", "no margin")
    assert finished.stdout == "C-1 is suspended from trading\n"
    assert "The venue is still to be told" in finished.stderr
    assert "suspended from trading: no margin" in house.done("client", "why", "C-1")
    proposed = house.done("client", "resume", "C-1", *WHY)
    assert proposed == "A-5: client-resume of client/C-1 waits for somebody else to approve it\n"
    assert "carl has proposed A-5" in house.refused("approval", "approve", "A-5", *WHY)
    house.done("approval", "approve", "A-5", *WHY, by="cora")
    assert json.loads(house.done("client", "list", "--json"))[0]["state"] == "active"
    assert "close is not possible now" in house.refused("client", "close", "C-1", *WHY)
    for step, state in (("offboard", "offboarding"), ("close", "closed")):
        finished = house.run("client", step, "C-1", *WHY)
        assert finished.stdout == f"C-1 is {state}\n"
        assert "The venue is still to be told" in finished.stderr


def test_a_client_is_entered_field_by_field(house: Desk) -> None:
    address = house.home / "address.json"
    address.write_text('{"country": "CH", "town": "Zug", "street": "Bahnhofstrasse"}', encoding="utf-8")
    entered = house.done("client", "add", "Muster AG", "--jurisdiction", "CH", "--address", address, *WHY, by="eva")
    assert entered == "C-1: Muster AG is entered as a draft\n"
    said = house.done("client", "set", "C-1", "--lei", "529900t8bm49aursdo55", "--firm", "MUSTER", *WHY)
    assert said == "C-1: lei is 529900T8BM49AURSDO55; firm is MUSTER\n"
    said = house.done("client", "set", "C-1", "--trading-name", "", "--address", address, *WHY)
    assert said == "C-1: trading_name is –; address is Bahnhofstrasse, Zug, CH\n"
    assert "check digits are wrong" in house.refused("client", "set", "C-1", "--lei", "529900T8BM49AURSDO56", *WHY)
    house.done("client", "party", "add", "C-1", "Top AG", "--entity", "--role", "owner", "--owns", "60", *WHY)
    house.done("client", "party", "add", "C-1", "Ann", "--role", "owner", "--owns", "50:100@P-1", *WHY)
    assert "circle" in house.refused("client", "party", "set", "C-1", "P-1", "--owns", "5:0@P-1", *WHY)
    parties = json.loads(house.done("client", "party", "list", "C-1", "--json"))
    assert [(each["party"], each["name"], each["owns_in_the_end"], each["votes"]) for each in parties] == [
        ("P-1", "Top AG", "60 %", "60 %"),
        ("P-2", "Ann", "30 %", "60 %"),
    ]
    masked = json.loads(house.done("client", "party", "list", "C-1", "--json", by="annabel"))
    assert [each["name"] for each in masked] == ["Top AG", "•••"]
    told = house.done("client", "why", "C-1", by="eva")
    assert "who owns 40 % of it is not known" in told
    assert "who owns 30 % of C-1 through Top AG is not known" in told
    assert "fondaco client party add C-1 NAME --role owner --owns PERCENT@P-1 …" in told


def test_how_clients_stood_at_a_moment_is_in_the_report_that_help_names(house: Desk) -> None:
    under_review(house)
    house.done("client", "add", "Other AG", "--jurisdiction", "CH", *WHY, by="eva")
    house.done("client", "reject", "C-1", *WHY, by="cora")
    told = " ".join(fondaco_here("client", "list", "--help").stdout.split())
    assert "How they stood at a moment is in fondaco report pipeline --all --as-of." in told
    listed, then = (
        {(row["client"], row["state"]) for row in json.loads(house.done(*words, "--json"))}
        for words in (("client", "list"), ("report", "pipeline", "--all", "--as-of", "2100-01-01"))
    )
    assert listed == then


def test_a_document_is_the_file_that_was_meant(house: Desk) -> None:
    house.done("client", "import", written(house, documents=[]), *WHY, by="eva")
    paper = house.home / "articles.pdf"
    paper.write_bytes(b"articles")
    add = ("client", "document", "add", "C-1", "articles", paper, "--issued", "2026-01-01", *WHY)
    assert "is not the document that was meant" in house.refused(*add, "--hash", "0" * 64)
    house.done(*add)
    paper.write_bytes(b"other articles")
    refused = house.refused("client", "document", "verify", "DOC-1", "--file", paper, *WHY, by="cora")
    assert "DOC-1: that file is another one" in refused
    paper.write_bytes(b"articles")
    house.done("client", "document", "verify", "DOC-1", "--file", paper, *WHY)
    (listed,) = json.loads(house.done("client", "document", "list", "C-1", "--json"))
    assert (listed["filed_by"], listed["verified_by"]) == ("eva", "cora")
    empty = house.home / "empty.pdf"
    empty.touch()
    assert "a document has from 1 byte" in house.refused(*add[:5], empty, *add[6:], by="eva")


def test_hits_are_shown_and_decided(house: Desk) -> None:
    owner = {**content()["parties"][0], "name": "George Habash"}
    house.done("client", "import", written(house, parties=[owner]), *WHY, by="eva")
    house.done("client", "submit", "C-1", *WHY)
    imported = house.done("screening", "import", "ofac", SAMPLES / "sdn.xml", *WHY, by="cora")
    assert imported.splitlines() == [
        "ofac: 4 entries (OFAC SDN, XML); 4 added, 0 changed, 0 removed",
        "clients screened: 1; new hits: H-1",
    ]
    (hit,) = json.loads(house.done("screening", "hits", "--json"))
    assert (hit["subject"], hit["name"], hit["listed_as"], hit["score"]) == (
        "P-1",
        "George Habash",
        "HABASH, George",
        80,
    )
    for report in (("screening", "hits"), ("report", "hits")):
        assert "HABASH" not in house.done(*report, "--json", by="annabel").upper()
    house.sit_down("cora")
    assert house.done("client", "screen", "C-1", *WHY) == "C-1 is screening; 0 screened, 0 new hits: –\n"
    assert "SDT" in house.done("screening", "show", "H-1")
    said = house.done("screening", "decide", "H-1", "false-positive", "--why", "born 1970")
    assert said == "H-1 of C-1 is a false-positive; C-1 is now risk: fondaco client risk C-1\n"
    assert json.loads(house.done("screening", "hits", "--json")) == []
    (decided,) = json.loads(house.done("screening", "hits", "--all", "--json"))
    assert (decided["state"], decided["decided_by"], decided["why"]) == ("false-positive", "cora", "born 1970")
    assert len(json.loads(house.done("screening", "lists", "--json"))) == 1


def test_a_true_match_ends_an_application_unless_two_say_that_it_was_none(house: Desk) -> None:
    owner = {**content()["parties"][0], "name": "George Habash"}
    house.done("screening", "import", "ofac", SAMPLES / "sdn.xml", *WHY, by="cora")
    house.done("client", "import", written(house, parties=[owner]), *WHY, by="eva")
    house.done("client", "submit", "C-1", *WHY)
    house.done("client", "screen", "C-1", *WHY, by="cora")
    decided = house.done("screening", "decide", "H-1", "true-match", *WHY)
    assert decided == "H-1 of C-1 is a true-match; C-1 is still screening: fondaco client why C-1\n"
    told = house.done("client", "why", "C-1")
    assert "fondaco client reject C-1; if that is a mistake: fondaco screening revise H-1" in told
    proposed = house.done("screening", "revise", "H-1", *WHY)
    assert proposed == "A-4: hit-revision of hit/H-1 waits for somebody else to approve it\n"
    listed = house.done("approval", "list", by="carl")
    assert "call H-1 of C-1 on ofac a false positive, and no true match" in listed
    house.done("approval", "approve", "A-4", *WHY)
    assert house.done("client", "screen", "C-1", *WHY).startswith("C-1 is risk")


def test_clients_are_screened_again_however_a_list_is_imported(house: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stopped(*_arguments: object, **_options: object) -> None:
        raise Refused("stopped before anybody was screened")

    house.done("client", "import", written(house), *WHY, by="eva")
    house.done("client", "submit", "C-1", *WHY)
    command = ("screening", "import", "ofac", SAMPLES / "sdn.xml", "--json", *WHY)
    with monkeypatch.context() as patch:
        patch.setattr(rescreening, "screen", stopped)
        assert house.refused(*command, by="cora") == "stopped before anybody was screened"
    assert [json.loads(house.done(*command))["clients_screened"] for _ in range(2)] == [1, 0]


def test_an_unreadable_list_is_one_line_and_changes_nothing(house: Desk) -> None:
    broken = house.home / "sdn.xml"
    broken.write_text((SAMPLES / "sdn.xml").read_text(encoding="utf-8")[:900], encoding="utf-8")
    refused = house.refused("screening", "import", "ofac", broken, *WHY, by="cora")
    assert f"{broken}: line " in refused
    assert json.loads(house.done("screening", "lists", "--json")) == []
    assert "no list to screen against" in house.refused("screening", "run", *WHY)


def test_files_are_imported_all_or_none(house: Desk) -> None:
    good, bad = written(house), written(house, "bad.json", name="Other", firm="X", lei="5299")
    refused = house.refused("client", "import", good, bad, *WHY, by="eva")
    assert f"{bad}: LEI '5299': " in refused
    assert json.loads(house.done("client", "list", "--json")) == []
    twice = written(house, "twice.json", name="Other", firm="X")
    refused = house.refused("client", "import", good, twice, *WHY)
    assert f"{twice}: Other: lei 529900T8BM49AURSDO55 is C-1's already" in refused
    assert json.loads(house.done("client", "list", "--json")) == []
    assert "Muster Handel AG" in house.done("client", "import", good, "--check", *WHY)
    house.done("client", "import", good, *WHY)
    exported = house.home / "exported.json"
    house.done("client", "export", "C-1", "--output", exported)
    assert exported.stat().st_mode & 0o777 == 0o600
    assert json.loads(exported.read_text(encoding="utf-8"))["parties"][0]["name"] == "Ann Muster"
    assert "annabel" not in house.refused("client", "export", "C-1", by="annabel")


def test_of_a_client_that_is_called_as_another_a_hint_is_given(house: Desk) -> None:
    house.sit_down("eva")
    add = ("client", "add", "ALPHA AG", "--jurisdiction", "CH", *WHY)
    assert [house.run(*add).stderr for _ in range(2)] == [
        "",
        "Has C-2 been entered before? Of the same name: C-1 (draft)\n",
    ]
    table = house.home / "clients.csv"
    table.write_text("name,entity_type,jurisdiction\nBeta AG,company,CH\nAlpha AG,company,CH\n", encoding="utf-8")
    finished = house.run("client", "import", table, *WHY)
    assert finished.stderr == "Has C-4 been entered before? Of the same name: C-1 (draft), C-2 (draft)\n"
    assert [line.split()[0] for line in finished.stdout.splitlines()[1:]] == ["C-3", "C-4"]


def test_many_clients_come_and_go_as_a_table(house: Desk) -> None:
    table = house.home / "clients.csv"
    table.write_text(
        "name,entity_type,jurisdiction,firm,country,town,street,tax_ids\n"
        "Alpha AG,company,CH,ALPHA,CH,Zug,Bahnhofstrasse,CH:1;DE:2\n"
        "Beta Ltd,fund,KY,,,,,\n",
        encoding="utf-8",
    )
    told = house.done("client", "import", table, *WHY, by="eva")
    assert [line.split()[0] for line in told.splitlines()[1:]] == ["C-1", "C-2"]
    exported = house.done("client", "export")
    assert [line.split(",")[0] for line in exported.splitlines()] == ["name", "Alpha AG", "Beta Ltd"]
    assert "CH:1;DE:2" in exported
    again = house.home / "again.csv"
    again.write_text(exported.replace("ALPHA", "GAMMA"), encoding="utf-8")
    house.done("client", "import", again, *WHY)
    assert house.done("client", "export").splitlines()[3] == exported.splitlines()[1].replace("ALPHA", "GAMMA")
    assert "again.csv: Alpha AG: firm GAMMA is C-3's already" in house.refused("client", "import", again, *WHY)


def test_what_a_client_has_several_of_is_added_and_taken_out(house: Desk) -> None:
    house.done("client", "add", "Alpha AG", "--jurisdiction", "CH", *WHY, by="eva")
    house.done("client", "tax-id", "C-1", "CH", "123", *WHY)
    house.done("client", "licence", "C-1", "FINMA", "7", "--country", "CH", "--expires", "2030-01-01", *WHY)
    house.done("client", "contact", "add", "C-1", "Bo", "--phone", "1", *WHY)
    (contact,) = json.loads(house.done("client", "contact", "list", "C-1", "--json"))
    assert (contact["contact"], contact["name"], contact["phone"]) == ("K-1", "Bo", "1")
    file = json.loads(house.done("client", "export", "C-1"))
    assert (file["tax_ids"], file["licences"][0]["regulator"]) == ([{"country": "CH", "number": "123"}], "FINMA")
    for taken in (("tax-id", "C-1", "CH", "123"), ("licence", "C-1", "FINMA", "7")):
        house.done("client", *taken, "--remove", *WHY)
        assert "is not in the file of C-1" in house.refused("client", *taken, "--remove", *WHY)
    house.done("client", "contact", "remove", "C-1", "K-1", *WHY)
    assert "nobody of that name" in house.refused("client", "contact", "remove", "C-1", "K-1", *WHY)
    assert not {"tax_ids", "licences", "contacts"} & json.loads(house.done("client", "export", "C-1")).keys()


def test_what_was_said_on_a_ticket_can_be_read(house: Desk) -> None:
    house.done("client", "add", "Alpha AG", "--jurisdiction", "CH", *WHY, by="eva")
    house.done("client", "ticket", "open", "C-1", "limits", "may they trade more?")
    house.done("client", "ticket", "reply", "Q-1", "they may", "--state", "closed")
    shown = json.loads(house.done("client", "ticket", "show", "Q-1", "--json"))
    assert [(each["state"], each["said"]) for each in shown] == [
        ("open", "may they trade more?"),
        ("closed", "they may"),
    ]
    assert json.loads(house.done("client", "ticket", "list", "--json")) == []
    (listed,) = json.loads(house.done("client", "ticket", "list", "--client", "C-1", "--all", "--json"))
    assert (listed["ticket"], listed["state"]) == ("Q-1", "closed")


def test_documents_are_verified_together_or_not_at_all(house: Desk) -> None:
    house.done("client", "import", written(house), *WHY, by="eva")
    assert "DOC-99" in house.refused("client", "document", "verify", "DOC-1", "DOC-99", *WHY, by="cora")
    told = house.done("client", "document", "verify", "DOC-1", "DOC-2", *WHY)
    assert told == "DOC-1, DOC-2: verified by cora\n"
    assert "--file is for one document" in house.refused(
        "client", "document", "verify", "DOC-3", "DOC-4", "--file", house.config, *WHY
    )


def test_what_staff_have_to_do(house: Desk) -> None:
    house.done("client", "import", written(house), *WHY, by="eva")
    house.done("client", "note", "C-1", "Likes tea")
    assert "Likes tea" in house.done("client", "note", "C-1")
    assert "may not see personal data" in house.refused("client", "note", "C-1", by="annabel")
    house.done("client", "task", "add", "C-1", "call them", "--due", "2099-01-01", "--for", "onboarding", by="eva")
    (task,) = json.loads(house.done("client", "task", "list", "--json"))
    assert (task["task"], task["what"], task["late"]) == ("TASK-1", "call them", False)
    assert house.done("client", "task", "done", "TASK-1", "called") == "TASK-1 is done\n"
    house.done("client", "ticket", "open", "C-1", "fees", "Why so high?")
    house.done("client", "ticket", "reply", "Q-1", "Because.", "--state", "closed")
    assert json.loads(house.done("client", "ticket", "list", "--json")) == []
    house.done("client", "agreement", "C-1", "margin", "--version", "2", "--signed", "2026-11-01", *WHY)
    house.done("client", "contact", "add", "C-1", "Bo", "--email", "bo@muster.example", *WHY)
    told = house.done("client", "remind")
    assert told == "0 documents and 0 reviews made tasks; 0 files erased\n"


def test_a_model_of_risk_is_adopted_by_two(house: Desk) -> None:
    model = json.loads(house.done("client", "risk-model", "show", by="cora"))
    assert model["version"] == 1
    path = house.home / "model.json"
    path.write_text(json.dumps({**model, "version": 3}), encoding="utf-8")
    propose = ("client", "risk-model", "propose", path, *WHY)
    assert house.refused(*propose) == "risk model 3: the next is 2"
    path.write_text(json.dumps({**model, "version": 2, "high_from": 50}), encoding="utf-8")
    house.done(*propose)
    house.done("approval", "approve", "A-4", *WHY, by="carl")
    assert json.loads(house.done("client", "risk-model", "show"))["high_from"] == 50
    path.write_text("[]", encoding="utf-8")
    assert f"{path}: no model: " in house.refused(*propose)
    path.write_bytes(b'{"version":"\xff"}')
    assert f"{path}: no model: " in house.refused(*propose)
    no_address = house.refused("client", "add", "X", "--jurisdiction", "CH", "--address", str(path), *WHY)
    assert f"{path}: no address: " in no_address


def test_nothing_personal_is_shown_without_a_trace(house: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    house.done("client", "import", written(house), *WHY, by="eva")
    whole = house.home / "whole.json"
    house.done("client", "export", "MUSTER", "-o", whole)
    house.done("client", "export")
    house.done("client", "party", "list", "C-1", "--json", by="annabel")
    seen = json.loads(house.done("audit", "list", "--verb", "see", "--json", by="cora"))
    assert [(each["user"], each["subject"], json.loads(each["after"])) for each in seen] == [
        ("eva", "client/C-1", {"shown": "the whole file"}),
        ("eva", "client/all", {"shown": "all clients as a table"}),
    ]

    def locked(_database: Database) -> AbstractAsyncContextManager[AsyncSession]:
        raise DatabaseFault("database: is locked")

    whole.unlink()
    monkeypatch.setattr(Database, "writing", locked)
    refused = house.refused("client", "export", "C-1", "-o", whole, by="eva")
    assert refused == "not shown, as it cannot be put into the audit trail: database: is locked"
    assert not whole.exists()
    assert house.refused("client", "party", "list", "C-1") == refused
    masked = json.loads(house.done("client", "party", "list", "C-1", "--json", by="annabel"))
    assert [each["name"] for each in masked] == ["•••"]


def test_data_of_transfers_are_kept_and_shown(house: Desk) -> None:
    house.done("client", "import", written(house), *WHY, by="eva")
    person = json.loads(house.done("client", "identity", "C-1"))
    payload = {"originator": {"originatorPersons": [person]}, "beneficiary": {"beneficiaryPersons": [person]}}
    path = house.home / "ivms101.json"
    path.write_text(json.dumps(payload), encoding="utf-8")
    store = ("client", "travel-rule", "store", "C-1", "W-1", path)
    assert "eva may not decide on screening hits" in house.refused(*store)
    house.done(*store, by="cora")
    assert json.loads(house.done("client", "travel-rule", "show", "W-1")) == payload
    assert "there are no data of it" in house.refused("client", "travel-rule", "show", "W-1", "--in")
    path.write_text(json.dumps({**payload, "originator": {"originatorPersons": []}}), encoding="utf-8")
    assert "originator: names nobody" in house.refused("client", "travel-rule", "store", "C-1", "W-2", path)
    vasp = ("529900T8BM49AURSDO55", "Far Exchange", "--country", "SG", "--endpoint", "far.example/travel")
    house.done("client", "vasp", "set", *vasp, *WHY, by="cora")
    check = ("client", "vasp", "check", vasp[0], *WHY)
    assert "cora has entered Far Exchange; somebody else must check it" in house.refused(*check)
    assert house.done(*check, by="carl") == f"{vasp[0]}: Far Exchange, checked\n"
    (listed,) = json.loads(house.done("client", "vasp", "list", "--json"))
    assert (listed["name"], listed["status"], listed["checked_by"]) == ("Far Exchange", "checked", "carl")
    assert house.done("client", "vasp", "suspend", vasp[0], *WHY) == f"{vasp[0]}: Far Exchange, suspended\n"
    assert "no service that is known" in house.refused("client", "vasp", "check", "did:web:far.example", *WHY)


@pytest.mark.parametrize(
    ("arguments", "what"),
    (
        (("client", "show", "C-9"), "C-9: there is no such client; `fondaco client list` shows them"),
        (("client", "why", "NOBODY"), "NOBODY: there is no such client"),
        (("client", "submit", "C-1", *WHY), "there is no such client"),
        (("client", "list", "--state", "lost"), "state 'lost': is none of draft, submitted"),
        (("client", "add", "X", "--jurisdiction", "XX", *WHY), "country 'XX': not a code of ISO 3166-1"),
        (("client", "add", "X", "--jurisdiction", "CH", "--type", "club", *WHY), "type 'club': is none of company"),
        (("screening", "decide", "H-9", "maybe", *WHY), "'maybe': is none of true-match, false-positive"),
    ),
)
def test_what_is_wrong_is_told_in_one_line(house: Desk, arguments: tuple[str, ...], what: str) -> None:
    assert what in house.refused(*arguments, by="eva")
