"""`fondaco approval`: what waits, what is decided, and how that is shown."""

import json

from tests.backoffice.cli.desk import Desk

WHY = ("--why", "because")


def propose(desk: Desk, name: str = "tom") -> None:
    desk.done("staff", "add", name, "--role", "risk", "--os-user", name, *WHY, by="annabel")


def test_what_waits_is_listed_and_shown(desk: Desk) -> None:
    propose(desk)
    listed = desk.done("approval", "list", by="benjamin")
    head, row = listed.splitlines()
    assert [part.strip() for part in head.split("  ") if part] == [
        *("approval", "what it does", "state", "has", "proposed by", "age", "left", "for you", "why")
    ]
    assert [part.strip() for part in row.split("  ") if part][:5] == [
        *("A-1", "let tom join as risk", "pending", "0 of 1", "ann")
    ]
    assert " 6 d " in row
    shown = desk.done("approval", "show", "A-1")
    assert "asks for      full name tom\n              os user tom\n              roles risk\n" in shown


def test_it_is_told_for_whom_it_waits(desk: Desk) -> None:
    propose(desk)
    for user, count in (("annabel", 0), ("benjamin", 1)):
        assert [each["for_you"] for each in json.loads(desk.done("approval", "list", "--json", by=user))] == [
            count == 1
        ]
        assert len(json.loads(desk.done("approval", "list", "--mine", "--json"))) == count
    (listed,) = json.loads(desk.done("approval", "list", "--json"))
    assert (listed["kind"], listed["what_it_does"]) == ("staff-add", "let tom join as risk")


def test_the_last_ones_are_of_those_that_are_wanted(desk: Desk) -> None:
    propose(desk)
    desk.done("staff", "code", "ann", *WHY, by="benjamin")
    listed = json.loads(desk.done("approval", "list", "--mine", "--count", "1", "--json"))
    assert [each["approval"] for each in listed] == ["A-1"]
    assert [each["approval"] for each in json.loads(desk.done("approval", "list", "-n", "1", "--json"))] == ["A-2"]


def test_a_code_is_not_shown_with_what_it_was_proposed_in(desk: Desk) -> None:
    desk.done("staff", "add", "tom", "--role", "risk", *WHY, by="annabel")
    for options in ((), ("--json",)):
        shown = desk.done("approval", "show", "a-1", *options)
        assert "argon2" not in shown
        assert "hash" not in shown


def test_what_is_decided_is_listed_only_if_asked_for(desk: Desk) -> None:
    propose(desk)
    propose(desk, "tim")
    assert desk.done("approval", "reject", "A-1", *WHY, by="benjamin") == "A-1: staff-add of staff/tom is rejected\n"
    assert desk.done("approval", "withdraw", "A-2", *WHY, by="annabel") == "A-2: staff-add of staff/tim is withdrawn\n"
    assert json.loads(desk.done("approval", "list", "--json")) == []
    everything = json.loads(desk.done("approval", "list", "--all", "--json"))
    assert [(each["approval"], each["state"]) for each in everything] == [("A-1", "rejected"), ("A-2", "withdrawn")]
    last = json.loads(desk.done("approval", "list", "--all", "--count", "1", "--json"))
    assert [each["approval"] for each in last] == ["A-2"]
    decisions = json.loads(desk.done("approval", "show", "A-1", "--json"))["decisions"]
    assert [decision.split(", ")[0] for decision in decisions] == ["ben rejects"]


def test_a_decision_is_told_to_programs_too(desk: Desk) -> None:
    propose(desk)
    assert json.loads(desk.done("approval", "approve", "A-1", "--json", *WHY, by="benjamin")) == {
        "approval": "A-1",
        "kind": "staff-add",
        "subject": "staff/tom",
        "state": "approved",
    }
    assert desk.refused("approval", "approve", "A-1", *WHY) == "A-1 is approved already"
    assert desk.refused("approval", "show", "A-7") == (
        "A-7: there is no such approval; `fondaco approval list` shows them"
    )
