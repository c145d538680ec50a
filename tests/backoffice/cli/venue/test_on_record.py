"""Commands to a venue that has staff: who may give them, in whose name, and what the audit trail has of them."""

import json
from typing import Any

import pytest

from engine.guarding import blocks
from tests.backoffice.cli.conftest import COMMANDS
from tests.backoffice.cli.desk import Desk
from tests.backoffice.cli.session.test_session import FINGERPRINT, shown_once
from tests.backoffice.cli.venue.conftest import CommandedVenue

WHY = ("--why", "a test")
BLOCK = ("venue", "block", "account", "ALPHA-A", *WHY)


@pytest.fixture
def staffed(desk: Desk) -> Desk:
    """A desk in a back office that has tom, who may command the venue."""
    desk.done("staff", "add", "tom", "--role", "operations", "--os-user", "thomas", *WHY, by="annabel")
    desk.done("approval", "approve", "A-1", *WHY, by="benjamin")
    desk.sit_down("thomas")
    return desk


def commanded(desk: Desk) -> list[dict[str, Any]]:
    """Return the audit trail's entries of commands."""
    entries = json.loads(desk.done("audit", "list", "--json", by="annabel"))
    return [
        {**entry, **{name: json.loads(entry[name] or "null") for name in ("before", "after")}}
        for entry in entries
        if entry["verb"].startswith("command")
    ]


def records(venue: CommandedVenue) -> int:
    """Return how many records the venue's journal has."""
    return int(json.loads(venue.fondaco("status", "--json"))["sequence"])


def test_what_staff_command_is_on_record_before_and_after_in_their_own_name(
    staffed: Desk, venue: CommandedVenue
) -> None:
    assert staffed.done(*BLOCK).splitlines()[-1].endswith("asked by tom: a test")
    assert [block.by for block in blocks(venue.sequencer.exchange.state)] == ["tom"]
    asked, done = commanded(staffed)
    at_ns = asked["after"]["asked_at_ns"]
    assert asked["after"] == {"type": "Block", "asked_at_ns": at_ns, "scope": "ACCOUNT", "name": "ALPHA-A"}
    assert done["after"] == {"type": "Block", "asked_at_ns": at_ns, "record": records(venue)}
    assert [entry["verb"] for entry in (asked, done)] == ["command", "command done"]
    for entry in (asked, done):
        assert (entry["user"], entry["subject"], entry["why"]) == ("tom", "account/ALPHA-A", "a test")
    assert staffed.done("audit", "verify").splitlines()[0].endswith("entries, and every one is as it was written.")


def test_what_the_venue_refuses_is_on_record_with_its_reason(staffed: Desk, venue: CommandedVenue) -> None:
    refusal = staffed.refused("venue", "block", "firm", "NOBODY", *WHY)
    assert refusal == f"block: unknown firm NOBODY (record {records(venue)})"
    asked, refused = commanded(staffed)
    assert (asked["subject"], refused["verb"]) == ("firm/NOBODY", "command refused")
    assert refused["after"]["refusal"] == refusal


def unanswered(desk: Desk) -> str:
    """Return what the trail has as the end of the last command, which had no answer."""
    asked, concluded = commanded(desk)
    assert (asked["verb"], concluded["verb"]) == ("command", "command unanswered")
    return str(concluded["after"]["trouble"])


def test_what_the_venue_does_not_answer_is_on_record(staffed: Desk) -> None:
    trouble = staffed.refused(*BLOCK)
    assert unanswered(staffed) == trouble


def test_a_command_that_crashes_is_on_record_without_what_it_said(
    staffed: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("a secret")

    monkeypatch.setattr("engine.control.ask", fail)
    with pytest.raises(ValueError, match="a secret"):
        staffed.run(*BLOCK)
    assert unanswered(staffed) == "ValueError"


def test_a_command_that_is_broken_off_is_on_record(staffed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("engine.control.ask", interrupt)
    assert staffed.run(*BLOCK).returncode == 130
    assert unanswered(staffed) == "KeyboardInterrupt"


@pytest.mark.parametrize(
    "words",
    (BLOCK, ("venue", "halt", "BTC/USD", *WHY), ("session", "suspend", "ALPHA", *WHY)),
    ids=lambda words: " ".join(words[:2]),
)
def test_who_may_not_command_is_told_so_and_nothing_is_sent(
    staffed: Desk, venue: CommandedVenue, words: tuple[str, ...]
) -> None:
    assert staffed.refused(*words, by="annabel") == "ann may not command the venue: needs operations"
    assert staffed.refused(*words, by="stranger") == "stranger is nobody of the staff; say by --as USER who you are"
    assert (records(venue), commanded(staffed)) == (len(COMMANDS), [])


def test_nobody_commands_in_the_name_of_another(staffed: Desk, venue: CommandedVenue) -> None:
    told = "--by mira: you are tom; staff command in their own names"
    assert staffed.refused(*BLOCK, "--by", "mira") == told
    assert (records(venue), commanded(staffed)) == (len(COMMANDS), [])
    staffed.done(*BLOCK, "--by", "tom", by="thomas")


def test_a_reason_is_needed(staffed: Desk, venue: CommandedVenue) -> None:
    assert staffed.refused(*BLOCK[:4], "--why", " ") == "it needs a reason, which goes on record: say why"
    assert (records(venue), commanded(staffed)) == (len(COMMANDS), [])


def test_staff_may_say_by_a_password_who_they_are(staffed: Desk, venue: CommandedVenue) -> None:
    staffed.password("wrong")
    assert staffed.refused(*BLOCK, "--as", "tom", by="stranger") == "wrong user or password"
    assert records(venue) == len(COMMANDS)


def test_no_secret_is_in_the_trail(staffed: Desk, venue: CommandedVenue) -> None:
    added = staffed.done("session", "add", "DESK1", "--account", "ALPHA-A", "--password", "--hmac", *WHY)
    rekeyed = staffed.done("session", "rekey", "DESK1", "--password", "--certificate", FINGERPRINT, *WHY)
    entries = commanded(staffed)
    assert {entry["subject"] for entry in entries} == {"session/DESK1"}
    secrets = [shown_once(added, "password"), shown_once(added, "HMAC secret"), shown_once(rekeyed, "password")]
    assert not [each for each in (*secrets, "argon2", "sealed.") if each in json.dumps(entries)]
    given = entries[2]["after"]
    assert [given[name] for name in ("password_hash", "public_keys", "sealed_secret")] == ["***", None, None]
    assert given["certificates"] == [FINGERPRINT]


def test_a_session_that_is_changed_is_in_the_trail_with_how_it_was(staffed: Desk, venue: CommandedVenue) -> None:
    staffed.done("session", "set", "ALPHA", "--grace-ms", 500, *WHY)
    asked, _ = commanded(staffed)
    assert (asked["before"]["grace_ms"], asked["after"]["grace_ms"]) == (0, 500)
    assert records(venue) == len(COMMANDS) + 1


def test_without_staff_anybody_commands_in_any_name(empty_desk: Desk, venue: CommandedVenue) -> None:
    assert empty_desk.done(*BLOCK, "--by", "mira").splitlines()[-1].endswith("asked by mira: a test")
    told = "--as tom: there is no staff yet; say by --by who asks for it"
    assert empty_desk.refused(*BLOCK, "--as", "tom") == told
    assert records(venue) == len(COMMANDS) + 1


@pytest.mark.parametrize(
    ("words", "instead"),
    (
        (("limits", "firm", "ALPHA-A"), "is a client's, which two people decide on; use `fondaco access limits`"),
        (
            ("fees", "firm", "ALPHA-A", "--maker", "0", "--taker", "0"),
            "is a client's, which two people decide on; use `fondaco fees assign SCHEDULE --firm ALPHA-A`",
        ),
        (("unblock", "firm", "ALPHA-A"), "C-1 is draft; use `fondaco client why C-1`"),
    ),
    ids=lambda words: words[0] if isinstance(words, tuple) else "",
)
def test_what_the_back_office_decides_on_is_refused_and_nothing_is_sent(
    staffed: Desk, venue: CommandedVenue, words: tuple[str, ...], instead: str
) -> None:
    staffed.done("staff", "add", "eve", "--role", "onboarding", "--os-user", "eve", *WHY, by="annabel")
    staffed.done("approval", "approve", "A-2", *WHY, by="benjamin")
    staffed.done("client", "add", "Alpha AG", "--jurisdiction", "CH", "--firm", "ALPHA-A", *WHY, by="eve")
    assert staffed.refused("venue", *words, *WHY, by="thomas").endswith(instead)
    assert (records(venue), commanded(staffed)) == (len(COMMANDS), [])
    staffed.done("venue", "block", "firm", "ALPHA-A", *WHY, by="thomas")


@pytest.fixture
def is_another_version(staffed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoffice.database.migrating.newest", lambda: "9999")


@pytest.mark.usefixtures("is_another_version")
def test_a_back_office_of_another_version_lets_nothing_begin(staffed: Desk, venue: CommandedVenue) -> None:
    assert staffed.refused("venue", "resume", "BTC/USD", *WHY).endswith("run `fondaco database upgrade`")
    assert records(venue) == len(COMMANDS)


@pytest.mark.usefixtures("is_another_version")
def test_what_stops_trading_waits_for_no_database_and_says_what_is_missing(
    staffed: Desk, venue: CommandedVenue
) -> None:
    finished = staffed.run(*BLOCK)
    assert finished.returncode == 0
    assert finished.stderr.startswith("Not in the audit trail, only in the venue's journal: ")
    assert records(venue) == len(COMMANDS) + 1
