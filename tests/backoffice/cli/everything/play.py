"""All that staff can do, done once: staff, clients, access, fees, money, surveillance; and what follows by itself.

Each command that changes something is given at least once, and each kind of proposal is approved; those that leave
something behind when they are turned down are turned down as well.
"""

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backoffice import outbox
from backoffice.access import charging
from backoffice.access.fees import Fees, FeeTier
from backoffice.access.tables import FeeAssignment, FeeSchedule
from backoffice.cli.qa.report import encode
from backoffice.cli.qa.signing import sign
from backoffice.crm import filing, leaving, reviewing
from backoffice.crm.risk import FIRST_MODEL
from backoffice.database import Database
from backoffice.house_rules import rules_in, take_over
from backoffice.invoices import collecting
from backoffice.payments.opening import rails_of
from backoffice.payments.sandbox import Fault, SandboxRail
from backoffice.projector.projector import Projector
from backoffice.projector.source import identity_of
from backoffice.reconciliation.reconciling import reconcile
from backoffice.staff.sealing import KEY_FILE
from backoffice.times import DAY_NS
from engine.frames import Frame
from engine.recovery import JOURNAL
from tests.backoffice.cli.access.test_certifying import report
from tests.backoffice.cli.everything.house import House
from tests.backoffice.cli.everything.past import BEGUN_NS, Past
from tests.backoffice.cli.venue.conftest import commanded_venue
from tests.backoffice.crm.house import COMPANY_PAPERS, content, document
from tests.backoffice.crm.test_ivms101 import payload
from tests.backoffice.projector.journaled import journal, take_in

KEY: Final = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
SAMPLES: Final = Path(__file__).parents[2] / "crm" / "screening" / "samples"
YEAR_NS: Final = 365 * DAY_NS
ROLES: Final = {
    "eva": ("onboarding",),
    "cora": ("compliance", "risk"),
    "carl": ("compliance", "risk"),
    "tom": ("treasury", "operations"),
    "tim": ("treasury", "operations"),
    "tess": ("treasury",),
}
LEIS: Final = {"ALPHA": "549300ALPHATRADING26", "BETA": ""}


def play(house: House) -> None:
    """Do it all."""
    begin(house)
    clients_come(house)
    client_is_followed_up(house)
    files_change(house)
    others_are_dealt_with(house)
    access_is_set_up(house)
    fees_and_limits(house)
    invoices(house)
    books(house)
    deposits_and_withdrawals(house)
    breaks(house)
    venue_is_commanded(house)
    surveillance(house)
    staff_changes(house)
    clients_go(house)


def written(house: House, name: str, text: str) -> Path:
    path = house.home / name
    path.write_text(text, encoding="utf-8")
    return path


def begin(house: House) -> None:
    house.act("nobody", "staff", "init", "ann", "ben")
    house.let_it_be("UPDATE staff_user SET code_until_ns = 0")
    house.act("nobody", "staff", "init", "ann=ann", "ben=ben")
    for name, roles in ROLES.items():
        options = [part for role in roles for part in ("--role", role)]
        house.propose("ann", "ben", "staff", "add", name, *options, "--os-user", name)

    async def records(database: Database, _now_ns: int) -> None:
        past = Past()
        projector = await Projector.open(database, identity_of(Frame(0, 1, 0, past.payloads[0])))
        await take_in(projector, past.records(0, 1_000))

    async def rules(database: Database, now_ns: int) -> None:
        async with database.writing() as session:
            await take_over(session, rules_in(house.settings), now_ns)

    house.meanwhile(records)
    house.duty("rules", rules)


def clients_come(house: House) -> None:
    house.act("cora", "screening", "import", "ofac", SAMPLES / "sdn.xml")
    muster = written(house, "muster.json", json.dumps(content()))
    house.act("eva", "client", "import", muster)
    house.act("eva", "client", "submit", "C-1")
    house.act("cora", "client", "screen", "C-1")
    house.act("cora", "client", "risk", "C-1")
    papers = [f"DOC-{number}" for number in range(1, len(COMPANY_PAPERS) + 3)]
    house.act("cora", "client", "document", "verify", *papers)
    house.act("cora", "client", "request-information", "C-1")
    house.act("eva", "client", "answer", "C-1")
    house.act("carl", "client", "approve", "C-1")
    house.act("carl", "client", "activate", "C-1")
    house.act("carl", "client", "review", "C-1", "--conclude", "all is well")
    house.act("carl", "client", "suspend", "C-1", "--from", "trading")
    house.propose("carl", "cora", "client", "resume", "C-1")
    house.propose("carl", "cora", "client", "risk", "C-1", "--override", "high")
    owner = {**content()["parties"][0], "name": "George Habash"}
    other = content(name="Other AG", firm="OTHER", lei="5493001KJTIIGC8Y1R12", registration="CHE-999", parties=[owner])
    house.act("eva", "client", "import", written(house, "other.json", json.dumps(other)))
    house.act("eva", "client", "submit", "C-2")
    house.act("cora", "client", "screen", "C-2")
    house.act("cora", "screening", "decide", "H-1", "false-positive")
    house.act("cora", "screening", "decide", "H-1", "true-match")
    house.propose("carl", "cora", "screening", "revise", "H-1")
    house.act("cora", "client", "reject", "C-2")
    house.act("eva", "client", "reopen", "C-2")


def client_is_followed_up(house: House) -> None:
    house.act("eva", "client", "note", "C-1", "Likes Lapsang Souchong")
    for what in ("ring up", "ring again"):
        house.act("eva", "client", "task", "add", "C-1", what, "--due", "2099-01-01", "--for", "onboarding")
    house.act("eva", "client", "task", "done", "TASK-1", "rung up")
    house.act("eva", "client", "ticket", "open", "C-1", "fees", "Why so Brobdingnagian?")
    house.act("eva", "client", "ticket", "reply", "Q-1", "Because Lilliputian.", "--state", "waiting")
    house.act("eva", "client", "agreement", "C-1", "margin", "--version", "2")
    house.act("eva", "client", "agreement", "C-1", "margin", "--version", "2", "--signed", "2026-11-01")
    house.act("eva", "client", "agreement", "C-1", "margin", "--version", "2", "--end")


def files_change(house: House) -> None:
    house.act("eva", "client", "add", "Field by Field AG", "--jurisdiction", "CH")
    address = written(house, "address.json", '{"country": "CH", "town": "Zug", "street": "Bahnhofstrasse"}')
    house.act("eva", "client", "set", "C-3", "--legal-form", "AG", "--address", address)
    address.write_text('{"country": "CH", "town": "Bern", "street": "Marktgasse"}', encoding="utf-8")
    house.act("eva", "client", "set", "C-3", "--address", address)
    house.act("eva", "client", "tax-id", "C-3", "CH", "123")
    house.act("eva", "client", "tax-id", "C-3", "CH", "123", "--remove")
    house.act("eva", "client", "licence", "C-3", "FINMA", "7", "--country", "CH")
    house.act("eva", "client", "licence", "C-3", "FINMA", "7", "--remove")
    house.act("eva", "client", "contact", "add", "C-3", "Zuleika Dobson", "--phone", "+41 79 555 12 34")
    house.act("eva", "client", "contact", "remove", "C-3", f"K-{house.newest('client_contact')}")
    house.act("eva", "client", "party", "add", "C-3", "Top AG", "--entity", "--role", "owner", "--owns", "60")
    party = f"P-{house.newest('party')}"
    house.act("eva", "client", "party", "set", "C-3", party, "--owns", "55", "--name", "Tip AG")
    house.act("eva", "client", "party", "remove", "C-3", party)
    paper = written(house, "articles.pdf", "articles")
    house.act("eva", "client", "document", "add", "C-3", "articles", paper, "--issued", "2026-01-01")
    house.act("eva", "client", "document", "withdraw", f"DOC-{house.newest('client_document')}")
    model = {**msgspec.to_builtins(FIRST_MODEL), "version": 2, "high_from": 50}
    house.propose("cora", "carl", "client", "risk-model", "propose", written(house, "model.json", json.dumps(model)))
    house.act("eva", "client", "set", "C-1", "--industry", "gambling")
    house.act("eva", "client", "party", "add", "C-1", "Jean Passepartout", "--role", "director")
    house.act("cora", "client", "review", "C-1")
    house.act("eva", "client", "remind")
    for firm in ("ALPHA", "BETA"):
        house.act("eva", "client", "import", written(house, f"{firm}.json", json.dumps(of_one_owner(firm))))
    house.act("eva", "client", "submit", "C-4")
    house.act("eva", "client", "note", "C-4", "Prefers Earl Grey")
    house.act("eva", "client", "ticket", "open", "C-4", "hours", "Until when does Phileas play whist?")
    house.act("cora", "screening", "run")

    async def remind(database: Database, now_ns: int) -> None:
        async with database.writing() as session:
            await filing.remind(session, now_ns=now_ns)
            await reviewing.remind(session, house.sealer, now_ns=now_ns)

    house.duty("reminding", remind, later_ns=5 * YEAR_NS)


def of_one_owner(firm: str) -> dict[str, Any]:
    """Return the file of a client that one has who may be on a list, and whose passport expires."""
    owner = {**content()["parties"][0], "name": "George Habbash"}
    soon = str(dt.datetime.now(dt.UTC).date() + dt.timedelta(days=10))
    passport = document("passport", "owner", name="Habbash's passport.pdf", expires=soon)
    others = [each for each in content()["documents"] if each["kind"] != "passport"]
    named = {"name": f"{firm} Trading", "firm": firm, "lei": LEIS[firm], "registration": firm}
    return content(**named, parties=[owner], documents=[passport, *others])


def others_are_dealt_with(house: House) -> None:
    did = "did:web:other.example"
    house.act("carl", "client", "vasp", "set", did, "Other", "--country", "CH", "--endpoint", "https://other.example")
    house.act("cora", "client", "vasp", "check", did)
    house.act("cora", "client", "vasp", "suspend", did)
    house.act("carl", "client", "vasp", "set", did, "Another", "--country", "DE", "--endpoint", "https://other.example")
    data = written(house, "ivms.json", json.dumps(payload()))
    house.act("cora", "client", "travel-rule", "store", "C-4", "X-1", data)


def access_is_set_up(house: House) -> None:
    house.act("eva", "access", "desk", "RATES", "--firm", "MUSTER")
    house.act("eva", "access", "trader", "T1", "--desk", "RATES", "--name", "Phileas Fogg")
    house.reject("eva", "tom", "access", "account", "MUSTER-1", "--firm", "MUSTER", "--desk", "RATES")
    house.propose("eva", "tom", "access", "account", "MUSTER-1", "--firm", "MUSTER", "--trader", "T1")
    certified = house.home / "certification.json"
    certified.write_bytes(encode(sign(report(), KEY)))
    house.act("eva", "access", "certify", certified)
    session = ("access", "session", "MUSTER1", "--firm", "MUSTER", "--account", "MUSTER-1")
    house.reject("eva", "tom", *session, "--password")
    house.propose("eva", "tom", *session, "--password")
    house.propose("eva", "tom", *session, "--orders", "100/200")
    (house.data / JOURNAL).mkdir()
    house.propose("eva", "tom", "access", "rekey", "MUSTER1", "--password", "--hmac")
    house.act("tom", "access", "suspend", "MUSTER1")
    house.know("MUSTER-1", "MUSTER")
    house.know_suspended("MUSTER1", "MUSTER-1")
    house.propose("eva", "tom", "access", "resume", "MUSTER1")
    house.act("eva", "access", "remove", "MUSTER1")
    house.propose("eva", "tom", *session, "--password")
    house.settle()


def fees_and_limits(house: House) -> None:
    house.propose("tom", "tim", "fees", "schedule", "basic", "--asset", "USD", "--tier", "0:2:5")
    house.propose("tom", "tim", "fees", "schedule", "basic", "--asset", "USD", "--tier", "0:1:4")
    house.propose("tom", "tim", "fees", "assign", "basic", "--firm", "MUSTER")
    house.propose("tom", "tim", "fees", "schedule", "other", "--asset", "USD", "--tier", "0:2:5")
    house.propose("tom", "tim", "fees", "assign", "other", "--firm", "MUSTER")

    async def fees(database: Database, now_ns: int) -> None:
        async with database.writing() as session:
            await charging.bring_up_to_date(session, now_ns)

    house.duty("fees", fees)
    house.propose("cora", "carl", "access", "limits", "firm", "MUSTER", "--open-orders", "5")
    house.propose("cora", "carl", "access", "limits", "firm", "MUSTER", "--open-orders", "6")
    beyond = ("--withdrawn-day", "900000000000", "--beyond-rating")
    house.propose("cora", "carl", "access", "limits", "firm", "MUSTER", *beyond)
    house.settle()


def invoices(house: House) -> None:
    async def agree(database: Database, _now_ns: int) -> None:
        fees = msgspec.to_builtins(Fees("USD", (FeeTier(0, 0, 100),), 10_000_000))
        who = {"effective_ns": BEGUN_NS, "proposed_by": "tom", "approved_by": "tim"}
        async with database.writing() as session:
            session.add(FeeSchedule(schedule="minimum", version=1, content=fees, **who))
            for firm in ("ALPHA", "BETA"):
                session.add(FeeAssignment(firm=firm, schedule="minimum", symbol="", **who))

    async def conclude(database: Database, now_ns: int) -> None:
        await outbox.give(database, house.engine, now_ns)
        async with database.writing() as session:
            await collecting.conclude(session, now_ns)

    house.meanwhile(agree)
    house.act("tom", "fees", "invoice", "--month", "2026-11")
    house.propose("tom", "tim", "invoice", "charge", "INV-1")
    house.duty("invoices", conclude)
    house.propose("tom", "tim", "invoice", "waive", "INV-2")


def books(house: House) -> None:
    move = ("transfer", "request", "--from", "omnibus", "--to", "own", "--asset", "USD", "--amount")
    house.propose("tom", "tim", *move, "0.0001", "--key", "bank 7")
    house.propose("tom", "tim", "transfer", "reverse", "H-1")
    house.reject("tom", "tim", *move, "0.0002")


def deposits_and_withdrawals(house: House) -> None:
    given = json.loads(house.act("tom", "deposit", "address", "--account", "MUSTER-1", "--asset", "USD", "--json"))
    rail = SandboxRail(house.data)

    def come_in(amount: int, address: str = given["address"]) -> str:
        reference = rail.deposit(address, "USD", amount * 10**5, "Muster Handel AG")
        house.settle()
        return reference

    first = come_in(500)
    come_in(5, "NOBODY")
    house.act("tom", "deposit", "assign", "D-2", "--account", "MUSTER-1")
    house.settle()
    come_in(2_000)
    house.propose("carl", "cora", "deposit", "release", "D-3")
    house.settle()
    come_in(2_000)
    house.propose("carl", "cora", "deposit", "send-back", "D-4")
    come_in(2_000)
    house.act("tom", "deposit", "originator", "D-5", "--self-hosted", "--proof", "signed by them")
    house.act("cora", "approval", "approve", house.last_approval())
    house.settle()
    rail.take_back(first)
    house.settle()
    house.propose("carl", "cora", "deposit", "debit", "D-1")
    house.settle()
    to = ("--account", "MUSTER-1", "--asset", "USD", "--holder", "Muster Handel AG", "--address")
    house.propose("tom", "cora", "destination", "add", *to, "DE89", "--self-hosted", "--proof", "a signature")
    house.propose("tom", "cora", "destination", "holder", "T-1", "--self-hosted", "--proof", "another signature")
    house.reject("tom", "cora", "destination", "add", *to, "DE90")
    house.propose("tom", "cora", "destination", "change", "T-1", "--address", "DE91")
    house.let_it_be("UPDATE destination SET usable_from_ns = added_ns")

    def request(amount: int) -> str:
        house.act("tom", "withdrawal", "request", "T-3", amount)
        house.settle()
        return house.last_approval()

    house.act("tim", "approval", "approve", request(40))
    house.settle()
    request(40)
    house.act("tom", "withdrawal", "cancel", "W-2")
    house.settle()
    house.act("tim", "approval", "reject", request(40))
    house.settle()
    two_needed = request(1_500)
    house.act("tim", "approval", "approve", two_needed)
    house.act("tess", "approval", "approve", two_needed)
    rail.switch(Fault.STUCK, 1)
    house.settle()
    rail.switch(Fault.LOSS, 1)
    house.act("tim", "approval", "approve", request(40))
    house.settle()
    house.propose("tom", "tim", "withdrawal", "resolve", "W-5", "--not-paid")
    house.settle()
    house.act("tom", "destination", "remove", "T-3")


def breaks(house: House) -> None:
    rail = SandboxRail(house.data)
    rail.deposit("NOBODY", "USD", 7, "")
    payout = rail.pay_by_hand("USD", 2_000 * 10**5)
    rail.take_back_payout("W-1")
    house.settle()

    async def compare(database: Database, now_ns: int) -> None:
        await reconcile(database, rails_of(house.settings, house.data), now_ns)

    house.duty("reconciliation", compare)
    journal(house.data, Past())
    house.act("tom", "books", "reconcile", status=1)
    shutil.rmtree(house.data / JOURNAL)
    house.act("tom", "break", "resolve", "B-1")
    house.act("tom", "deposit", "went-back", "D-4", "--reference", payout)
    house.propose("tom", "tim", "withdrawal", "resolve", "W-1", "--not-paid")
    house.settle()


def venue_is_commanded(house: House) -> None:
    with commanded_venue(house.home):
        of_venue(house)
        of_sessions(house)
    # It is another venue than the one whose books these are.
    shutil.rmtree(house.data / JOURNAL)


def of_venue(house: House) -> None:
    house.act("tom", "venue", "halt", "BTC/USD")
    house.act("tom", "venue", "resume", "BTC/USD")
    house.act("tom", "venue", "phase", "BTC/USD", "post-only")
    house.act("tom", "venue", "index", "BTC/USD", "42.00")
    house.act("tom", "venue", "block", "account", "ALPHA-A")
    house.act("tom", "venue", "unblock", "account", "ALPHA-A")
    house.act("tom", "venue", "block-withdrawals", "firm", "ALPHA-A")
    house.act("tom", "venue", "unblock-withdrawals", "firm", "ALPHA-A")
    house.act("tom", "venue", "limits", "account", "ALPHA-A", "--open-orders", 5, "--order", "BTC=0.5")
    house.act("tom", "venue", "fees", "account", "ALPHA-A", "--maker", "1", "--taker", "2.5")
    house.act("tom", "venue", "self-trade", "session", "ALPHA", "newest")
    house.act("tom", "venue", "correct", "1", "--qty", "0.030")
    house.act("tom", "venue", "bust", "1")


def of_sessions(house: House) -> None:
    house.act("tom", "session", "add", "DESK1", "--account", "ALPHA-A", "--password", "--hmac")
    house.act("tom", "session", "set", "DESK1", "--orders", "100/200")
    house.act("tom", "session", "rekey", "DESK1", "--password")
    house.act("tom", "session", "suspend", "DESK1")
    house.act("tom", "session", "resume", "DESK1")
    house.act("tom", "session", "logout", "DESK1")
    house.act("tom", "session", "sequence", "DESK1", "--next-in", 7)
    house.act("tom", "session", "reset", "DESK1")
    house.act("tom", "session", "remove", "DESK1")


def surveillance(house: House) -> None:
    house.act("cora", "surveillance", "run")
    house.act("cora", "case", "open", "--alert", "AL-1")
    house.act("cora", "case", "remove", "CS-1", "AL-1")
    house.act("cora", "case", "add", "CS-1", "AL-1")
    house.act("cora", "case", "note", "CS-1", "Alice Liddell was asked")
    house.act("cora", "case", "open")
    house.act("cora", "case", "merge", "CS-2", "CS-1")
    house.act("cora", "case", "assign", "CS-1", "cora")
    house.act("cora", "case", "close", "CS-1", "warned")
    house.act("cora", "case", "reopen", "CS-1")
    house.act("cora", "case", "assign", "CS-1", "cora")
    house.reject("cora", "carl", "case", "close", "CS-1", "no-action")
    house.propose("cora", "carl", "case", "close", "CS-1", "no-action")


def staff_changes(house: House) -> None:
    house.propose("ann", "ben", "staff", "add", "zoe", "--role", "auditor", "--name", "Zoe Zimmer")
    house.set_password("zoe", "-".join(house.secrets[-2:]), "correct horse battery")
    house.set_password("zoe", "correct horse battery", "another horse, longer")
    house.lock("zoe")
    house.propose("ann", "ben", "staff", "roles", "zoe", "auditor", "risk")
    house.propose("ann", "ben", "staff", "code", "zoe")
    house.act("ann", "staff", "disable", "zoe")
    house.propose("ann", "ben", "staff", "enable", "zoe")
    house.act("ann", "staff", "add", "yan", "--role", "risk")
    house.act("ann", "approval", "withdraw", house.last_approval())
    house.act("ann", "staff", "rotate-key")
    shutil.copy(house.data / KEY_FILE, house.all_keys)
    house.act("ann", "staff", "retire-key")


def clients_go(house: House) -> None:
    house.act("cora", "client", "offboard", "C-1")
    house.act("cora", "client", "close", "C-1")
    house.act("cora", "client", "reject", "C-2")

    async def erase(database: Database, now_ns: int) -> None:
        async with database.writing() as session:
            await leaving.erase_due(session, house.sealer, now_ns=now_ns)

    house.duty("erasing", erase, later_ns=6 * YEAR_NS)
