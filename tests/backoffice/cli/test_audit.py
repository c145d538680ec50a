"""`fondaco audit`: the trail as people and programs see it, and its check."""

import asyncio
import csv
import io
import json

from backoffice.database import Database
from backoffice.staff.anchor import HEAD_FILE, note
from tests.backoffice.cli.desk import Desk
from tests.backoffice.staff.test_audit import tamper

BEGUN = ("backoffice", "add", "staff/ann")


def rows(desk: Desk, *options: str) -> list[tuple[str, str, str]]:
    listed = json.loads(desk.done("audit", "list", "--json", *options, by="annabel"))
    return [(each["user"], each["verb"], each["subject"]) for each in listed]


def test_the_trail_is_listed_as_a_table_as_json_and_as_csv(desk: Desk) -> None:
    desk.done("staff", "add", "tom", "--role", "risk", "--os-user", "tom", "--why", "more work", by="annabel")
    desk.done("approval", "approve", "A-1", "--why", "fine", by="benjamin")
    table = desk.done("audit", "list")
    assert "approval A-1; state pending → approved" in table
    assert "full name tom; is disabled no; os user tom; roles risk" in table
    assert rows(desk)[0] == BEGUN
    assert rows(desk, "--count", "1") == [("ben", "add", "staff/tom")]
    found = list(csv.DictReader(io.StringIO(desk.done("audit", "list", "--csv"))))
    assert [row["number"] for row in found] == ["1", "2", "3", "4", "5"]
    assert json.loads(found[4]["after"])["roles"] == ["risk"]


def test_entries_are_chosen_by_user_subject_verb_and_time(desk: Desk) -> None:
    assert rows(desk, "--user", "backoffice", "--subject", "staff/ann", "--verb", "add") == [BEGUN]
    assert rows(desk, "--subject", "client/") == []
    assert rows(desk, "--from", "2000-01-01", "--until", "2000-01-02T12:00:00Z") == []
    assert len(rows(desk, "--from", "2000-01-01T00:00:00.5+01:00")) == 2


def test_a_time_that_is_none_is_wrong_usage(desk: Desk) -> None:
    finished = desk.run("audit", "list", "--from", "yesterday")
    assert finished.returncode == 2
    assert "is no time" in finished.stderr


def test_only_those_who_may_see_it_do(desk: Desk) -> None:
    desk.done("staff", "add", "tom", "--role", "risk", "--os-user", "thomas", "--why", "more work", by="annabel")
    desk.done("approval", "approve", "A-1", "--why", "fine", by="benjamin")
    for verb in ("list", "verify"):
        assert "tom may not see the audit trail: needs compliance, auditor or administrator" in desk.refused(
            "audit", verb, by="thomas"
        )


def test_a_whole_trail_is_verified_and_later_against_what_was_noted(desk: Desk) -> None:
    text = desk.done("audit", "verify", by="annabel")
    assert text.startswith("2 entries, and every one is as it was written.\nTo be noted down: 2:")
    noted = text.split()[-1]
    assert desk.done("audit", "verify", "--noted", noted) == text
    assert "2 is another one" in desk.refused("audit", "verify", "--noted", f"2:{'a' * 64}")
    assert "the end is cut off" in desk.refused("audit", "verify", "--noted", noted.replace("2:", "3:"))
    assert "write NUMBER:HASH" in desk.refused("audit", "verify", "--noted", "abc")


async def test_an_end_that_is_cut_off_shows_by_what_the_back_office_has_noted(desk: Desk, database: Database) -> None:
    head = desk.data / HEAD_FILE
    assert (await note(database, head))[1] == ""
    assert "To be noted down: 2:" in await asyncio.to_thread(desk.done, "audit", "verify", by="annabel")
    await tamper(database, "DELETE FROM audit_entry WHERE number = 2")
    assert "entry 2, which was noted down, is missing: the end is cut off" in await asyncio.to_thread(
        desk.refused, "audit", "verify"
    )
    head.write_text("2:\n", encoding="ascii")
    assert "not NUMBER:HASH" in await asyncio.to_thread(desk.refused, "audit", "verify")


async def test_a_broken_trail_is_told_with_its_first_wrong_entry(desk: Desk, database: Database) -> None:
    await tamper(database, "UPDATE audit_entry SET why = 'x' WHERE number = 1")
    assert await asyncio.to_thread(desk.refused, "audit", "verify", by="annabel") == (
        "the audit trail is broken: entry 1 has been changed; the 0 before it are whole"
    )
