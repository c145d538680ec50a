"""`fondaco books`: proof, trial balance, an account's postings, and everything derived again."""

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from backoffice.database import Database
from backoffice.database.database import address_of
from backoffice.projector.projector import Projector
from backoffice.projector.source import identity_of
from engine.journal import JournalReader
from engine.recovery import JOURNAL
from tests.backoffice.cli.command_line import fondaco_here
from tests.backoffice.cli.desk import Desk
from tests.backoffice.projector.journaled import Journaled, journal, take_in

AS_ANN = "annabel"


@pytest.fixture(scope="module")
def journaled() -> Journaled:
    return Journaled(seed=15, length=400)


@pytest.fixture
def desk(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, journaled: Journaled) -> Desk:
    """A desk of somebody who may look into the books of a venue that has traded."""
    desk = Desk(tmp_path, database_url, monkeypatch)
    desk.data.mkdir()
    journal(desk.data, journaled)

    async def follow() -> None:
        async with Database(address_of(database_url, desk.data)) as database:
            first = next(JournalReader(desk.data / JOURNAL).frames())
            projector = await Projector.open(database, identity_of(first))
            for records in (100, 10**6):
                await take_in(projector, journaled.records(projector.sequence, records))

    asyncio.run(follow())
    desk.done("staff", "init", "ann=annabel", "ben=benjamin")
    desk.sit_down(AS_ANN)
    return desk


def change(desk: Desk, url: str, statement: str) -> None:
    async def run() -> None:
        async with Database(address_of(url, desk.data)) as database, database.writing() as session:
            await session.execute(text(statement))

    asyncio.run(run())


def test_sound_books_are_proved(desk: Desk) -> None:
    printed = desk.done("books", "verify")
    assert "deposits less withdrawals" in printed
    assert "entries, each with the hash of the one before it" in printed
    checks = json.loads(desk.done("books", "verify", "--json"))
    assert len(checks) == 5
    assert desk.done("books", "verify", "--csv").startswith("compared,what,difference\n")
    assert all(check["difference"] is None and check["compared"] for check in checks)


def test_books_that_are_not_right_say_what_differs_first(desk: Desk, database_url: str) -> None:
    change(desk, database_url, "UPDATE ledger_accounts SET account = 'D' WHERE account = 'A' AND asset = 'BTC'")
    finished = desk.run("books", "verify")
    assert finished.returncode == 1
    assert "fondaco: the books are not right: A BTC available: " in finished.stderr


def test_debits_and_credits_of_the_trial_balance_are_the_same(desk: Desk) -> None:
    rows = json.loads(desk.done("books", "trial-balance", "--json"))
    totals = {row["asset"]: (row["debit"], row["credit"]) for row in rows if row["account"] == "total"}
    assert set(totals) >= {"BTC", "ETH", "USD"}
    assert all(debit == credit for debit, credit in totals.values())
    assert totals["BTC"][0] != "0.000"


def test_the_trial_balance_of_the_past_is_that_of_the_past(desk: Desk) -> None:
    rows = json.loads(desk.done("books", "trial-balance", "--as-of", "3", "--json"))
    assert {row["debit"].strip("0.") for row in rows} == {""}
    assert "record 999999" in desk.refused("books", "trial-balance", "--as-of", "999999")


def test_the_trial_balance_tells_what_has_changed(desk: Desk) -> None:
    rows = json.loads(desk.done("books", "trial-balance", "--since", "200", "--json"))
    then = json.loads(desk.done("books", "trial-balance", "--as-of", "200", "--json"))
    before = {(row["asset"], row["account"]): row["credit"] or f"-{row['debit']}" for row in then}
    changed = [row for row in rows if row["account"] != "total"]
    for row in changed:
        balance = row["credit"] or f"-{row['debit']}"
        assert Decimal(row["before"]) + Decimal(row["change"]) == Decimal(balance)
        assert Decimal(row["before"]) == Decimal(before.get((row["asset"], row["account"]), 0))
    assert any(Decimal(row["change"]) for row in changed)
    for asset in {row["asset"] for row in changed}:
        assert sum(Decimal(row["change"]) for row in changed if row["asset"] == asset) == 0


def test_an_account_has_its_postings_with_the_balance_after_each(desk: Desk) -> None:
    rows = json.loads(desk.done("books", "account", "A", "--asset", "BTC", "--count", "1000", "--json"))
    available = [row for row in rows if row["account"] == "available"]
    assert available[0]["amount"] == available[0]["balance"] == "4.000"
    assert "nothing in the books of that name" in desk.refused("books", "account", "NOBODY")
    assert "the house's is under the name `house`" in desk.refused("books", "account", "omnibus")


def test_the_books_are_exported_for_beancount(desk: Desk) -> None:
    lines = desk.done("books", "export", "--format", "beancount").splitlines()
    assert any(" open Liabilities:A:BTC:Available BTC" in line for line in lines)


def test_everything_derived_again_is_the_same(desk: Desk) -> None:
    checks = json.loads(desk.done("books", "rebuild", "--json"))
    assert desk.done("books", "rebuild", "--csv").startswith("table,rows,hash,difference\n")
    assert {check["table"]: bool(check["rows"]) for check in checks}["orders"]
    assert all(check["difference"] is None for check in checks)
    assert not list(desk.data.glob("rebuild-*"))


@pytest.mark.parametrize(
    ("statement", "difference"),
    (
        ("UPDATE orders SET leaves_qty = 77 WHERE order_id = 3", "orders is (3, "),
        ("DELETE FROM executions WHERE order_id = 5", "executions row (5, "),
        (
            "INSERT INTO reject_counts (hour, session, reason, rejects) VALUES (1, 'A', 1, 1)",
            "does not follow from the journal",
        ),
        (
            "UPDATE activity SET session = '' WHERE session = (SELECT min(session) FROM activity)",
            "what an older version took in may differ, as spec/books.md tells",
        ),
    ),
)
def test_a_row_that_was_changed_is_found(desk: Desk, database_url: str, statement: str, difference: str) -> None:
    change(desk, database_url, statement)
    finished = desk.run("books", "rebuild")
    assert finished.returncode == 1
    assert difference in finished.stderr


def test_another_journal_is_told_apart(desk: Desk) -> None:
    for file in (desk.data / "journal").glob("*.journal"):
        file.unlink()
    assert "has no journal" in desk.refused("books", "verify")
    other = Journaled(seed=16, length=10)
    sequence, time_ns, *said = msgspec.msgpack.decode(other.payloads[0])
    other.payloads[:] = [msgspec.msgpack.encode((sequence, time_ns - 1, *said))]
    journal(desk.data, other)
    for command in ("rebuild", "verify"):
        assert "holds another journal" in desk.refused("books", command)


WHY = ("--why", "because")
EARNED = ("--from", "interest", "--to", "omnibus", "--asset", "BTC", "--amount")
"""What the house earns: interest on what is at the bank."""


@pytest.fixture
def treasury(desk: Desk) -> Desk:
    """A desk of tom and tim, who may move the house's money, and of ann, who may look."""
    for number, name in enumerate(("tom", "tim"), 1):
        desk.done("staff", "add", name, "--role", "treasury", "--os-user", name, *WHY, by="annabel")
        desk.done("approval", "approve", f"A-{number}", *WHY, by="benjamin")
    desk.sit_down("tom")
    return desk


def test_books_that_agree_are_reconciled(treasury: Desk) -> None:
    assert "difference" in treasury.done("books", "reconcile")
    assert treasury.done("books", "reconcile", "--json") == "[]\n"


def test_reconciling_is_for_who_may_resolve_breaks_and_leaves_what_it_found_in_the_trail(
    treasury: Desk, database_url: str
) -> None:
    assert "may not resolve breaks: needs treasury or operations" in treasury.refused("books", "reconcile", by=AS_ANN)
    change(treasury, database_url, "UPDATE ledger_accounts SET account = 'D' WHERE account = 'A' AND asset = 'BTC'")
    treasury.sit_down("tom")
    breaks = json.loads(treasury.run("books", "reconcile", "--json").stdout)
    (entry,) = json.loads(treasury.done("audit", "list", "--verb", "reconcile", "--json", by=AS_ANN))
    assert (entry["user"], entry["subject"]) == ("tom", "house/books")
    assert breaks
    counts = {"found": len(breaks), "opened": len(breaks), "closed": 0, "silent": []}
    assert json.loads(entry["after"]) == counts


def test_a_balance_that_is_another_in_the_engine_is_a_break_until_it_is_not(treasury: Desk, database_url: str) -> None:
    rename = "UPDATE ledger_accounts SET account = '{}' WHERE account = '{}' AND asset = 'BTC' AND kind = 'available'"
    change(treasury, database_url, rename.format("D", "A"))
    finished = treasury.run("books", "reconcile", "--json")
    assert finished.returncode == 1
    assert finished.stderr.startswith("fondaco: breaks that are open: ")
    found = {row["subject"]: row for row in json.loads(finished.stdout)}
    assert (found["A BTC available"]["kind"], found["A BTC available"]["here_amount"]) == ("engine", "0.000")
    change(treasury, database_url, rename.format("A", "D"))
    assert treasury.done("books", "reconcile", "--json") == "[]\n"
    assert "nothing disagrees any more" in treasury.done("break", "show", "B-1")


def test_the_house_moves_its_money_by_two_people_and_the_books_stay_right(treasury: Desk) -> None:
    asked = treasury.done("transfer", "request", *EARNED, "1.5", "--key", "bank 7", *WHY)
    assert asked == "A-3: house-transfer of transfer/H-1 waits for somebody else to approve it\n"
    assert treasury.refused("approval", "approve", "A-3", *WHY).startswith("tom has proposed A-3")
    treasury.done("approval", "approve", "A-3", *WHY, by="tim")
    (row,) = json.loads(treasury.done("transfer", "list", "--json"))
    assert (row["transfer"], row["from"], row["to"], row["amount"], row["state"], row["approved_by"]) == (
        *("H-1", "interest", "omnibus", "1.500"),
        *("posted", "tim"),
    )
    shown = treasury.done("transfer", "show", "h-1")
    assert "interest was received" in shown
    assert "tim: post → posted (approval A-3)" in shown
    treasury.done("transfer", "reverse", "H-1", *WHY)
    treasury.done("approval", "approve", "A-4", *WHY, by="tom")
    assert "reversed" in treasury.done("transfer", "list", "--state", "reversed", "--csv")
    treasury.done("books", "verify")
    treasury.done("books", "rebuild")


def test_the_books_as_of_a_time_are_without_what_the_house_has_booked_later(treasury: Desk) -> None:
    before = datetime.now(UTC).isoformat(timespec="microseconds")
    treasury.done("transfer", "request", *EARNED, "1.5", *WHY)
    treasury.done("approval", "approve", "A-3", *WHY, by="tim")
    assert "interest" in treasury.done("books", "trial-balance", "--json")
    assert "interest" not in treasury.done("books", "trial-balance", "--as-of", before, "--json")
    assert "interest" in treasury.done("books", "account", "house", "--json")
    assert "interest" not in treasury.done("books", "account", "house", "--as-of", before, "--json")
    changed = json.loads(treasury.done("books", "trial-balance", "--since", before, "--json"))
    assert [(row["before"], row["change"]) for row in changed if row["account"] == "interest"] == [("0.000", "1.500")]


def test_a_transfer_that_was_asked_for_under_its_key_is_not_asked_for_again(treasury: Desk) -> None:
    treasury.done("transfer", "request", *EARNED, "1", "--key", "bank 7", *WHY)
    again = treasury.run("transfer", "request", *EARNED, "1", "--key", "bank 7", *WHY)
    assert (again.returncode, again.stdout) == (0, "")
    assert again.stderr == "H-1 has been asked for under this key already, and is pending\n"


def test_a_transfer_that_cannot_be_is_refused_in_one_line(treasury: Desk) -> None:
    for options, error in (
        ((*EARNED, "0"), "the amount '0' is not more than nothing"),
        ((*EARNED, "-1"), "the amount"),
        ((*EARNED, "1.2345"), "the amount '1.2345' has more than 3 decimals"),
        ((*EARNED, "much"), "the amount"),
        (("--from", "fees", *EARNED[2:], "1"), "fees stay as the engine has booked them"),
        (("--from", "vault", *EARNED[2:], "1"), "vault: no account of the house; `fondaco transfer moves` shows"),
        ((*EARNED[:5], "XRP", "--amount", "1"), "XRP: no asset of this venue, which has"),
        (("--from", "own", *EARNED[2:], "1"), "1.000 BTC is too much: own has 0.000, after what is pending"),
    ):
        assert error in treasury.refused("transfer", "request", *options, *WHY)
    assert treasury.done("transfer", "list", "--json") == "[]\n"


def test_the_moves_are_shown_and_states_are_checked(treasury: Desk) -> None:
    assert "what the house has earned is taken out" in fondaco_here("transfer", "moves").stdout
    assert "state 'gone': is none of pending, " in treasury.refused("transfer", "list", "--state", "gone")
