"""Everything that staff do is in the audit trail: who, when, what, before, after and why, and nothing that is personal.

All of it is done once (`play`), and each act is held to what it has changed. Whatever is new and not done there fails
a test: a command, a kind of proposal, a place in the source where an entry is written, a table, a column.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import backoffice
from backoffice.staff import approvals
from backoffice.staff.actor import BACK_OFFICE
from backoffice.staff.disclosing import SEE
from tests.backoffice.cli.everything.house import Act, House, Place
from tests.backoffice.cli.everything.personal import personal
from tests.backoffice.cli.everything.telling import untold

RAIL = "it has what a rail told"
VENUE = "it has what the venue did, which is in its journal"
COUNTED = "it counts changes, each of which has an entry"
SECRET = "it has what nobody may know"
ELSEWHERE = {
    **dict.fromkeys(("outgoing_command", "limits_in_force"), "it has what the venue is told of what was decided"),
    **dict.fromkeys(("ledger_accounts", "ledger_entries", "ledger_postings"), "it is a chain of its own"),
    **dict.fromkeys(("deposit.suspense_entry", "withdrawal.suspense_entry"), "it is an entry of that chain, or was"),
    **dict.fromkeys(("rail_booking", "rail_position", "rail_statement"), RAIL),
    **dict.fromkeys(("deposit.confirmations", "deposit.is_gone", "withdrawal.confirmations"), RAIL),
    **dict.fromkeys(("withdrawal.number", "withdrawal.prepared", "withdrawal.outcome", "withdrawal.fee"), RAIL),
    **dict.fromkeys(("deposit.credited_sequence", "deposit.debits", "withdrawal.ended_sequence"), VENUE),
    "invoice_standing.command": VENUE,
    **dict.fromkeys(("version", "client.edits", "client.editors"), COUNTED),
    **dict.fromkeys(("staff_user.failures", "staff_user.locked_until_ns"), "it counts attempts; a lock has an entry"),
    **dict.fromkeys(("staff_user.password_hash", "staff_user.maker_code_hash", "staff_user.checker_code_hash"), SECRET),
    **dict.fromkeys(("client_ticket.title", "client_task.outcome"), "it has what people said"),
    **dict.fromkeys(("party_holding.share_ppm", "party_holding.votes_ppm"), "it is told in percent"),
    "surveillance_case.merged_into": "it is told by its name",
    "surveillance_position": "it has how far trading was looked at",
    "proposed_by": "it is who has made the proposal, which has an entry",
}
"""Tables and columns that the trail need not tell of, and why."""
IN_ANOTHERS_NAME = "propose"
"""The process proposes a withdrawal for whoever has requested it, who then cannot approve it."""


def decided(act: Act, state: str) -> set[str]:
    """Return the kinds of the proposals that an act has brought to a state."""
    states = (entry.after for entry in act.entries if entry.after is not None and "approval" in entry.after)
    return {after["kind"] for after in states if after.get("state") == state}


def test_whatever_changes_is_told_with_what_was_and_what_is(played: House) -> None:
    lacking = {act.words: [*untold(act.rows, act.entries, ELSEWHERE.keys())] for act in played.acts}
    assert {words: found for words, found in lacking.items() if found} == {}


def test_every_entry_says_who_and_when_and_something_that_is_not_as_before(played: House) -> None:
    for act in played.acts:
        for entry in act.entries:
            assert entry.actor in {act.by, BACK_OFFICE.user} or entry.verb == IN_ANOTHERS_NAME, (act.words, entry)
            assert act.began_ns <= entry.time_ns <= act.ended_ns, (act.words, entry)
            assert entry.before != entry.after, (act.words, entry)
            assert {} not in (entry.before, entry.after), (act.words, entry)


def test_the_reason_that_staff_give_is_in_an_entry(played: House) -> None:
    for act in (act for act in played.acts if act.why):
        # Nobody is there yet when the first two come.
        by = BACK_OFFICE.user if act.path == ("staff", "init") else act.by
        assert any(act.why in entry.why and entry.actor == by for entry in act.entries), act


def test_whoever_is_shown_something_personal_by_what_they_do_is_in_an_entry(played: House) -> None:
    private = personal(played)
    showing = [act for act in played.acts if any(each in act.printed for each in private)]
    assert {act.path for act in showing} == {("client", "review")}
    assert [[(entry.actor, entry.verb) for entry in act.entries] for act in showing] == [[(showing[0].by, SEE)]]


def test_what_is_approved_has_an_entry_beside_that_of_its_approval(played: House) -> None:
    approved = [act for act in played.acts if act.path == ("approval", "approve") and decided(act, "approved")]
    assert {kind.name for kind in approvals.kinds()} == set().union(*(decided(act, "approved") for act in approved))
    assert [act.words for act in approved if len(act.entries) == 1] == []


def test_what_leaves_something_behind_when_it_is_turned_down_was_turned_down(played: House) -> None:
    turned_down = set().union(*(decided(act, "rejected") for act in played.acts))
    assert {kind.name for kind in approvals.kinds() if kind.turn_down is not None} <= turned_down


def test_every_place_where_an_entry_is_written_was_come_to(recorded_at: set[Place]) -> None:
    root = Path(backoffice.__file__).parent
    missed = {
        f"{path.relative_to(root)}:{call.lineno}"
        for path in root.rglob("*.py")
        for call in calls_of_record(path)
        if not any((path, line) in recorded_at for line in range(call.lineno, (call.end_lineno or 0) + 1))
    }
    assert missed == set()


def calls_of_record(path: Path) -> Iterator[ast.Call]:
    """Give the calls by which entries are written; there is one way to write them."""
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"audit import .*\brecord\b", source), path
    for node in ast.walk(ast.parse(source if "audit.record" in source else "")):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record":
            yield node


def test_nothing_secret_and_nothing_personal_is_in_an_entry(played: House) -> None:
    said = [
        (act.words, json.dumps([entry.subject, entry.before, entry.after, entry.why], ensure_ascii=False))
        for act in played.acts
        for entry in act.entries
    ]
    private, secrets = personal(played), played.secrets
    assert {"Jean Passepartout", "Phileas Fogg", "1970-05-01", "Likes Lapsang Souchong"} <= private
    assert len(secrets) > 10
    for words, text in said:
        assert [each for each in (*private, *secrets, "argon2", "sealed.") if each in text] == [], words
