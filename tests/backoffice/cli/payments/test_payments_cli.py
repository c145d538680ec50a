"""`fondaco deposit`, `destination`, `withdrawal`, `sandbox`: payments from the desk, by people who need each other."""

import asyncio
import json
import time
from decimal import Decimal
from pathlib import Path

import pytest

from backoffice.database import Database
from backoffice.database.database import address_of
from backoffice.payments.opening import rails_of, rules_of
from backoffice.payments.runner import Payments
from backoffice.projector.tables import VenueAccount
from backoffice.reconciliation.reconciling import reconcile
from config.reading import load
from tests.backoffice.cli.desk import Desk
from tests.backoffice.crm.house import House
from tests.backoffice.payments.world import Edges, Engine, Watched
from tests.backoffice.projector.journaled import project
from tests.backoffice.reports.known import Known

WHY = ("--why", "because")
PAYMENTS = """
payments = [
    { asset = "USD", rail = "sandbox", cooling_minutes = 0, looked_at_above = "1000", approvals = [{ needed = 1 }] },
]

[[assets]]
asset = "USD"
decimals = 2
"""


class Counter(Desk):
    """A desk of treasury, with payments and an engine behind it."""

    engine: Engine

    def settle(self) -> None:
        """Take payments on until nothing moves."""

        async def run() -> None:
            settings = load(self.config)
            async with Database(address_of(settings.back_office.database, self.data)) as database:
                payments = Payments(
                    *(database, self.engine, rails_of(settings, self.data), rules_of(settings), Watched()),
                    time.time_ns,
                )
                while await payments.step():
                    pass

        asyncio.run(run())

    def know(self, *accounts: str) -> None:
        """Let the projection have come to the records that opened these accounts."""

        async def put() -> None:
            settings = load(self.config)
            async with (
                Database(address_of(settings.back_office.database, self.data)) as database,
                database.writing() as session,
            ):
                for account in accounts:
                    session.add(VenueAccount(account=account, firm=account, opened_ns=1, sequence=1))

        asyncio.run(put())


@pytest.fixture
def counter(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Counter:
    counter = Counter(tmp_path, database_url, monkeypatch)
    counter.data.mkdir()
    counter.config.write_text(counter.config.read_text(encoding="utf-8") + PAYMENTS, encoding="utf-8")
    counter.engine = Engine(Edges())
    counter.done("staff", "init", "ann=annabel", "ben=benjamin")
    for number, name in enumerate(("tom", "tim"), 1):
        role = ("--role", "treasury", "--role", "compliance", "--os-user", name)
        counter.done("staff", "add", name, *role, *WHY, by="annabel")
        counter.done("approval", "approve", f"A-{number}", *WHY, by="benjamin")
    counter.know("ALPHA", "BETA")
    counter.sit_down("tom")
    return counter


def address(counter: Counter) -> str:
    given = counter.done("deposit", "address", "--account", "ALPHA", "--asset", "USD", "--json", *WHY)
    return str(json.loads(given)["address"])


def test_money_comes_in_and_goes_out(counter: Counter) -> None:
    assert counter.done("sandbox", "deposit", address(counter), "100.50", "USD", "--from", "Alpha Ltd") == "S-1\n"
    counter.settle()
    (deposit,) = json.loads(counter.done("deposit", "list", "--json"))
    assert (deposit["deposit"], deposit["account"], deposit["amount"], deposit["state"]) == (
        *("D-1", "ALPHA", "100.50"),
        "credited",
    )
    to = ("--account", "ALPHA", "--asset", "USD", "--address", "DE89", "--holder", "Alpha Ltd")
    counter.done("destination", "add", *to, *WHY)
    counter.done("approval", "approve", "A-3", *WHY, by="tim")
    counter.done("withdrawal", "request", "T-1", "40.25", *WHY, by="tom")
    counter.settle()
    assert counter.refused("approval", "approve", "A-4", *WHY) == (
        "tom has proposed A-4; somebody else must decide on it"
    )
    counter.done("approval", "approve", "A-4", *WHY, by="tim")
    counter.settle()
    shown = counter.done("withdrawal", "show", "w-1")
    assert "state                 settled" in shown
    steps = [line for line in shown.splitlines() if " backoffice: " in line]
    assert [step.partition("backoffice: ")[2].partition(" (")[0] for step in steps] == [
        "hold → held",
        "submit → approving",
        "prepare → prepared",
        "begin → sending",
        "send → sent",
        "pay → settling",
        "settle → settled",
    ]
    (payout,) = json.loads(counter.done("sandbox", "show", "--json"))
    assert (payout["payout"], payout["to"], payout["asked"], payout["handed_over"]) == ("W-1", "DE89", "40.25", 1)
    assert counter.engine.exchange.state.accounts["ALPHA"].holdings["USD"].available == 6_025


def test_what_waits_for_people_is_assigned_and_released_by_two(counter: Counter) -> None:
    counter.done("sandbox", "deposit", "NOBODY", "5", "USD")
    counter.settle()
    assert "unassigned" in counter.done("deposit", "list", "--state", "unassigned")
    counter.done("deposit", "assign", "D-1", "--account", "BETA", *WHY)
    released = counter.done("deposit", "release", "D-1", *WHY)
    assert released == "A-3: deposit-release of deposit/D-1 waits for somebody else to approve it\n"
    counter.done("approval", "approve", "A-3", *WHY, by="tim")
    counter.settle()
    assert "credited" in counter.done("deposit", "list", "--account", "BETA")


def test_an_uncertain_payout_is_resolved_by_two(counter: Counter) -> None:
    counter.done("sandbox", "deposit", address(counter), "100", "USD")
    to = ("--account", "ALPHA", "--asset", "USD", "--address", "DE89", "--holder", "Alpha Ltd")
    counter.done("destination", "add", *to, *WHY)
    counter.done("approval", "approve", "A-3", *WHY, by="tim")
    assert counter.done("sandbox", "fault", "loss") == "loss: the next time\n"
    counter.settle()
    counter.done("withdrawal", "request", "T-1", "40", *WHY, by="tom")
    counter.settle()
    counter.done("approval", "approve", "A-4", *WHY, by="tim")
    counter.settle()
    assert "uncertain" in counter.done("withdrawal", "list")
    counter.done("withdrawal", "resolve", "W-1", "--not-paid", *WHY)
    assert "has proposed A-5" in counter.refused("approval", "approve", "A-5", *WHY)
    counter.done("approval", "approve", "A-5", *WHY, by="tom")
    counter.settle()
    assert "failed" in counter.done("withdrawal", "list")
    assert counter.engine.exchange.state.accounts["ALPHA"].holdings["USD"].available == 10_000


def test_a_payout_that_comes_back_is_credited_to_whose_it_was(counter: Counter) -> None:
    counter.done("sandbox", "deposit", address(counter), "100", "USD")
    to = ("--account", "ALPHA", "--asset", "USD", "--address", "DE89", "--holder", "Alpha Ltd")
    counter.done("destination", "add", *to, *WHY)
    counter.done("approval", "approve", "A-3", *WHY, by="tim")
    counter.settle()
    counter.done("withdrawal", "request", "T-1", "40", *WHY, by="tom")
    counter.settle()
    counter.done("approval", "approve", "A-4", *WHY, by="tim")
    counter.settle()
    counter.done("sandbox", "deposit", "SUSPENSE", "40", "USD", "--from", "Bank of Alpha", "--returns", "W-1")
    counter.settle()
    assert counter.engine.exchange.state.accounts["ALPHA"].holdings["USD"].available == 10_000


def test_a_destination_that_is_changed_waits_for_a_second_person_again(counter: Counter) -> None:
    to = ("--account", "ALPHA", "--asset", "USD", "--address", "DE89", "--holder", "Alpha Ltd")
    counter.done("destination", "add", *to, *WHY)
    counter.done("approval", "approve", "A-3", *WHY, by="tim")
    told = counter.done("destination", "change", "T-1", "--address", "DE90", *WHY)
    assert told == "A-4: destination of destination/T-2 waits for somebody else to approve it\n"
    old, new = json.loads(counter.done("destination", "list", "--json"))
    assert (old["paid_to"], new["paid_to"]) == ("destination T-1 is removed", "destination T-2 is not approved")
    assert (new["address"], new["holder"]) == ("DE90", "Alpha Ltd")


@pytest.mark.parametrize(
    ("command", "line"),
    (
        (("deposit", "show", "D-7"), "D-7: there is no such deposit; `fondaco deposit list` shows them"),
        (("withdrawal", "show", "W-99999999999999999999"), "there is no such withdrawal"),
        (("withdrawal", "request", "T-1", "5", *WHY), "T-1: there is no such destination"),
        (("sandbox", "deposit", "X", "1.005", "USD"), "the amount '1.005' has more than 2 decimals"),
        (("sandbox", "deposit", "X", "1", "EUR"), "EUR: no asset of this venue, which has USD"),
        (("sandbox", "take-back", "W-9"), "W-9: no payout of the sandbox rail that is settled"),
        (("sandbox", "take-back", "S-9"), "S-9: no deposit of the sandbox rail"),
        (("sandbox", "fault", "fire"), "fault 'fire': is none of refuse, fail"),
        (("deposit", "address", "--account", "ALPHA", "--asset", "EUR", *WHY), "EUR goes over no rail"),
        (("deposit", "address", "--account", "GAMMA", "--asset", "USD", *WHY), "GAMMA: no account of this venue"),
        (("deposit", "assign", "D-1", "--account", "GAMMA", *WHY), "GAMMA: no account of this venue"),
        (
            ("deposit", "list", "--state", "lost"),
            "state 'lost': is none of confirming, unassigned, compliance",
        ),
        (("withdrawal", "list", "--state", "lost"), "state 'lost': is none of holding, refused, held"),
        (("destination", "change", "T-1", *WHY), "T-1: there is no such destination"),
    ),
)
def test_what_cannot_be_is_told_in_one_line(counter: Counter, command: tuple[str, ...], line: str) -> None:
    assert line in counter.refused(*command)


BITCOIN = ("--account", "ALPHA", "--asset", "USD", "--address", "bc1q", "--holder", "Alpha Ltd", *WHY)


@pytest.mark.parametrize(
    ("command", "line"),
    (
        (("destination", "add", *BITCOIN, "--proof", "signed"), "say where it is held as well: --vasp SERVICE, or"),
        (("destination", "add", *BITCOIN, "--vasp", "x", "--self-hosted"), "say one of the two: --vasp SERVICE, or"),
        (("destination", "add", *BITCOIN, "--self-hosted"), "account ALPHA is no client's"),
        (("destination", "add", *BITCOIN, "--self-hosted", "--person", "none.json"), "none.json: No such file"),
        (("destination", "holder", "T-1", *WHY), "say where it is held: --vasp SERVICE, or --self-hosted"),
        (("destination", "holder", "T-1", "--self-hosted", *WHY), "T-1: there is no such destination"),
        (("deposit", "originator", "D-1", *WHY), "say one of the two: --vasp SERVICE, or --self-hosted"),
        (("deposit", "originator", "D-1", "--self-hosted", *WHY), "D-1: there is no such deposit"),
    ),
)
def test_what_is_no_other_side_of_a_transfer_is_told_in_one_line(
    counter: Counter, command: tuple[str, ...], line: str
) -> None:
    assert line in counter.refused(*command)
    assert json.loads(counter.done("destination", "list", "--json")) == []


def test_who_is_on_the_other_side_of_a_transfer_is_said_by_one_and_approved_by_another(counter: Counter) -> None:
    async def come_in() -> None:
        """Take a client in, whose account is ALPHA."""
        settings = load(counter.config)
        async with Database(address_of(settings.back_office.database, counter.data)) as database:
            await House(database, counter.data).active(firm="ALPHA")

    asyncio.run(come_in())
    person = counter.home / "person.json"
    person.write_text(counter.done("client", "identity", "C-1"), encoding="utf-8")
    counter.done("destination", "add", *BITCOIN, "--self-hosted", "--proof", "signed", "--person", person)
    asked = json.loads(counter.done("approval", "show", "A-3", "--json"))["asks_for"]
    assert (asked["held_at"], asked["proof"], asked["whose"]) == ("self-hosted", "signed", "somebody else")
    counter.done("approval", "approve", "A-3", *WHY, by="tim")
    (listed,) = json.loads(counter.done("destination", "list", "--json"))
    assert listed["held_at"] == "self-hosted"
    counter.done("destination", "holder", "T-1", "--self-hosted", "--proof", "signed again", *WHY)
    counter.done("approval", "approve", "A-4", *WHY, by="tom")
    counter.done("sandbox", "deposit", address(counter), "1000.50", "USD", "--from", "Alpha Ltd")
    counter.settle()
    counter.done("deposit", "originator", "D-1", "--self-hosted", *WHY)
    counter.done("approval", "approve", "A-5", *WHY, by="tim")
    counter.settle()
    assert json.loads(counter.done("deposit", "show", "D-1", "--json"))["state"] == "credited"
    assert "originatorPersons" in counter.done("client", "travel-rule", "show", "D-1", "--in")


def test_a_deposit_is_sent_back_by_hand_and_one_says_by_which_payment(counter: Counter, database_url: str) -> None:
    counter.done("sandbox", "deposit", "NOBODY", "5", "USD")
    counter.settle()
    counter.done("deposit", "send-back", "D-1", *WHY)
    counter.done("approval", "approve", "A-3", *WHY, by="tim")
    assert counter.done("sandbox", "pay", "5", "USD") == "P-1\n"
    back = ("deposit", "went-back", "D-1", "--reference", "P-1", *WHY)
    assert "P-1: sandbox had booked none, when it was last asked" in counter.refused(*back)

    async def reconciled() -> None:
        async with Database(address_of(database_url, counter.data)) as database:
            await reconcile(database, rails_of(load(counter.config), counter.data), time.time_ns())

    asyncio.run(reconciled())
    assert counter.done(*back) == "D-1 is sent-back\n"
    shown = json.loads(counter.done("deposit", "show", "D-1", "--json"))
    assert (shown["state"], shown["sent_back_as"]) == ("sent-back", "P-1")


def test_what_does_not_agree_is_reported_by_age_shown_and_resolved(counter: Counter, database_url: str) -> None:
    day = 86_400 * 10**9
    counter.done("sandbox", "deposit", "NOBODY", "5", "USD")
    counter.settle()

    async def reconciled(now_ns: int) -> None:
        async with Database(address_of(database_url, counter.data)) as database:
            await reconcile(database, rails_of(load(counter.config), counter.data), now_ns)

    now_ns = time.time_ns()
    asyncio.run(reconciled(now_ns - 2 * day))
    (row,) = json.loads(counter.done("report", "breaks", "--json"))
    assert (row["break"], row["kind"], row["subject"], row["here"]) == ("B-1", "unmatched", "D-1", "unassigned")
    assert row["age"] // 86_400 == 2
    kinds, _, rows = counter.done("report", "breaks").partition("\n\n")
    assert kinds.split()[-6:] == ["unmatched", "0", "1", "0", "0", "1"]
    assert "2 d" in rows
    assert counter.done("report", "breaks", "--json", "--as-of", "2020-01-01") == "[]\n"
    assert counter.done("report", "breaks", "--kind", "uncertain", "--json") == "[]\n"
    assert "kind 'odd': is none of " in counter.refused("report", "breaks", "--kind", "odd")
    assert "nobody knows whose it is" in counter.done("break", "show", "B-1")
    assert counter.done("break", "resolve", "b-1", *WHY) == "B-1 is resolved\n"
    assert "resolved already, by tom" in counter.refused("break", "resolve", "B-1", *WHY)
    assert "tom: resolve → resolved (because)" in counter.done("break", "show", "B-1")
    assert counter.done("report", "breaks", "--csv").count("\n") == 1
    assert "may not resolve breaks" in counter.refused("break", "resolve", "B-1", *WHY, by="annabel")


def test_what_rails_have_is_reported_beside_what_the_books_have_there(counter: Counter, database_url: str) -> None:
    counter.done("sandbox", "deposit", "NOBODY", "5", "USD")

    async def reconciled() -> None:
        async with Database(address_of(database_url, counter.data)) as database:
            await project(database, Known(), [100])
            await reconcile(database, rails_of(load(counter.config), counter.data), time.time_ns())

    asyncio.run(reconciled())
    (row,) = json.loads(counter.done("report", "rails", "--json"))
    assert (row["asset"], row["rails"], row["break"]) == ("USD", "sandbox", "B-1")
    # The venue has USD with three decimals more than the settings.
    assert row["on_rails"] == "0.00500"
    explained = [Decimal(row[name]) for name in ("omnibus", "deposits", "withdrawals", "others")]
    assert Decimal(row["difference"]) == Decimal(row["on_rails"]) - sum(explained) != 0
    counter.done("break", "resolve", "B-1", *WHY)
    (row,) = json.loads(counter.done("report", "rails", "--json"))
    assert row["break"] is None
