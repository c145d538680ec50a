"""The Travel Rule: no crypto asset is credited or sent before it is known who is on the other side."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from backoffice.crm import vasps
from backoffice.crm.behind_accounts import ClientsBehindAccounts
from backoffice.crm.ivms101 import IdentityPayload, LegalName, LegalNames, LegalPerson, Person
from backoffice.crm.sealed_fields import seal
from backoffice.crm.tables.transfers import AddressHolder, Vasp
from backoffice.crm.transfers import gap
from backoffice.crm.travel_data import data_of
from backoffice.crm.travel_rule import FATF, THRESHOLDS, Threshold
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.house_rules import AssetRule, HouseRules, TravelPolicy, rules_in, take_over
from backoffice.payments import deposits, destinations, holders, originating, withdrawals
from backoffice.payments.clients import Flow, Transfer
from backoffice.payments.holders import Holding
from backoffice.payments.originating import Origin
from backoffice.payments.rules import PaymentRules
from backoffice.payments.sandbox import NAME
from backoffice.payments.states import DepositState, WithdrawalState
from backoffice.payments.tables import Deposit
from backoffice.projector.tables import VenueAccount
from backoffice.staff import approvals
from backoffice.staff.sealing import KEY_FILE, Sealer
from backoffice.staff.tables import Approval
from backoffice.times import DAY_NS
from config.reading import parse
from engine.commands import AddAsset
from tests.backoffice.crm.house import House
from tests.backoffice.payments.world import ANN, BEN, CAY, World

DOLLAR = 100_000_000
BTC = 100_000_000
ASSETS = {
    "BTC": AssetRule(8, 50_000 * DOLLAR, is_crypto=True, is_quote=False),
    "USD": AssetRule(2, DOLLAR, is_crypto=False, is_quote=True),
    "EUR": AssetRule(2, 125_000_000, is_crypto=False, is_quote=True),
}
RULES = PaymentRules("BTC", NAME, cooling_ns=0)
LEI = "529900T8BM49AURSDO55"
WALLET = "bc1qwallet"
PROVED = Holding(None, proof="a message signed by it")
UNKNOWN_IN = "Travel Rule: who sends it is not known; `fondaco deposit originator D-1` says it"


class Venue:
    """A world in which ALPHA is a client's account, and bitcoins come and go."""

    def __init__(self, world: World, home: Path) -> None:
        self.world = world
        self.sealer = Sealer(home / KEY_FILE)

    async def under(self, threshold: Threshold, assets: dict[str, AssetRule] | None = None) -> None:
        policy = TravelPolicy(threshold, "CH", "Fondaco AG", "")
        async with self.world.staff_database.writing() as session:
            await take_over(session, HouseRules(ASSETS if assets is None else assets, policy), 1)

    async def fund(self, amount: int, sender: str = WALLET) -> Deposit:
        world = self.world
        async with world.staff_database.writing() as session:
            given = await deposits.give_address(
                session, ANN, world.rail, "ALPHA", "BTC", why="asked for", now_ns=world.now_ns
            )
        reference = world.rail.deposit(given.address, "BTC", amount, sender)
        await world.settle()
        return await world.deposit(reference)

    async def again(self, deposit: Deposit) -> Deposit:
        await self.world.settle()
        return await self.world.deposit(deposit.reference)

    async def whitelist(self, given: Holding | None, address: str = WALLET) -> str:
        """Return a destination that two people have approved."""
        world = self.world
        async with world.staff_database.writing() as session:
            found = await destinations.enter(session, ANN, RULES, "ALPHA", address, "Muster", now_ns=world.now_ns)
            held = None
            if given is not None:
                held = await holders.enter(session, ANN, self.sealer, found, given, now_ns=world.now_ns)
            await destinations.propose(session, ANN, RULES, found, held=held, why="theirs", now_ns=world.now_ns)
        await world.decide(BEN)
        return found.name

    async def complete(self, deposit: Deposit, origin: Origin) -> Approval:
        async with self.world.staff_database.writing() as session:
            return await originating.complete(
                session, ANN, self.sealer, deposit.name, origin, why="they say so", now_ns=self.world.now_ns
            )

    async def service(self, vasp: str = LEI, *, is_checked: bool = True) -> None:
        async with self.world.staff_database.writing() as session:
            await vasps.set_vasp(session, ANN, vasp, "Far Exchange", "SG", "far.example", why="new", now_ns=1)
            if is_checked:
                await vasps.check(session, BEN, vasp, why="looked into", now_ns=1)

    async def data(self, transfer: str, direction: str) -> IdentityPayload | None:
        async with self.world.staff_database.reading() as session:
            return await data_of(session, self.sealer, transfer, direction)

    def bitcoins(self) -> int:
        return self.world.engine.exchange.state.accounts["ALPHA"].holdings["BTC"].available


@pytest.fixture
async def venue(world: World, tmp_path: Path) -> Venue:
    house = House(world.staff_database, tmp_path)
    await house.active()
    async with world.staff_database.writing() as session:
        session.add(VenueAccount(account="ALPHA", firm="MUSTER", opened_ns=1, sequence=1))
    world.engine.exchange.apply(AddAsset("BTC", 8), 0)
    world.rules[NAME, "BTC"] = RULES
    made = Venue(world, tmp_path)
    world.restart(ClientsBehindAccounts(made.sealer))
    await made.under(FATF)
    return made


# Deposits


async def test_a_deposit_of_nobody_knows_whom_is_quarantined(venue: Venue) -> None:
    found = await venue.fund(BTC)
    assert (found.state, found.reason) == (DepositState.QUARANTINED, UNKNOWN_IN)
    assert await venue.data("D-1", "in") is None


async def test_below_the_threshold_nothing_is_asked(venue: Venue) -> None:
    await venue.fund(BTC // 50 - 2_000)
    assert venue.bitcoins() == BTC // 50 - 2_000
    assert (await venue.fund(BTC // 50)).state == DepositState.QUARANTINED


SMALL = BTC // 100
"""500 USD, half of FATF's threshold."""
TOGETHER = " (together with others from or to there it comes to so much that it is asked for)"


async def test_small_deposits_from_one_address_add_up_to_the_threshold(venue: Venue) -> None:
    assert (await venue.fund(SMALL)).state == DepositState.CREDITED
    assert (await venue.fund(SMALL, "bc1qother")).state == DepositState.CREDITED
    second = await venue.fund(SMALL)
    assert second.state == DepositState.QUARANTINED
    assert second.reason == UNKNOWN_IN.replace("D-1", "D-3") + TOGETHER


async def test_deposits_from_one_address_do_not_add_up_over_a_longer_time(venue: Venue) -> None:
    assert (await venue.fund(SMALL)).state == DepositState.CREDITED
    venue.world.now_ns += DAY_NS
    assert (await venue.fund(SMALL)).state == DepositState.CREDITED


async def test_what_was_not_credited_does_not_add_up(venue: Venue) -> None:
    first = await venue.fund(SMALL)
    venue.world.rail.take_back(first.reference)
    async with venue.world.staff_database.writing() as session:
        (await deposits.find(session, first.name)).state = str(DepositState.DEBITED)
    assert (await venue.fund(SMALL)).state == DepositState.CREDITED


async def test_deposits_of_all_accounts_of_a_client_add_up_and_no_others(venue: Venue) -> None:
    await venue.fund(SMALL)
    for firm, account, state in (("OTHER", "BETA", "credited"), ("MUSTER", "BETA", "quarantined")):
        async with venue.world.staff_database.writing() as session:
            await session.merge(VenueAccount(account=account, firm=firm, opened_ns=1, sequence=2))
        transfer = Transfer("D-2", Flow.IN, account, NAME, "BTC", SMALL, WALLET)
        if firm == "OTHER":
            await venue.fund(SMALL, "bc1qother")
            async with venue.world.staff_database.writing() as session:
                found = await deposits.find(session, "D-2")
                found.sender, found.account = WALLET, account
        async with venue.world.staff_database.reading() as session:
            assert bool(await gap(session, transfer)) is (state == "quarantined")


@pytest.mark.parametrize("assets", ({}, {"BTC": AssetRule(8, 0, is_crypto=True, is_quote=False)}))
async def test_what_nobody_knows_the_worth_of_is_above_every_threshold(
    venue: Venue, assets: dict[str, AssetRule]
) -> None:
    await venue.under(FATF, assets)
    assert (await venue.fund(1)).state == DepositState.QUARANTINED


async def test_without_a_price_of_the_euro_european_thresholds_are_exceeded(venue: Venue) -> None:
    threshold = Threshold("EUR", 1_000_00)
    await venue.under(threshold)
    assert (await venue.fund(BTC // 50)).state == DepositState.CREDITED
    await venue.under(threshold, {name: rule for name, rule in ASSETS.items() if name != "EUR"})
    assert (await venue.fund(BTC // 50)).state == DepositState.QUARANTINED


async def test_money_that_is_no_crypto_asset_is_of_no_concern(venue: Venue) -> None:
    await venue.under(THRESHOLDS["CH"])
    assert (await venue.world.fund(40_000)).state == DepositState.CREDITED


async def test_a_deposit_from_an_approved_wallet_is_credited_with_its_data(venue: Venue) -> None:
    await venue.under(THRESHOLDS["CH"])
    await venue.whitelist(PROVED)
    assert (await venue.fund(BTC)).state == DepositState.CREDITED
    kept = await venue.data("D-1", "in")
    assert kept is not None
    assert (kept.originator.account_number, kept.beneficiary.account_number) == ((WALLET,), ("ALPHA",))
    assert kept.originator.originator_persons == kept.beneficiary.beneficiary_persons
    assert kept.originating_vasp is None
    assert kept.beneficiary_vasp is not None


async def test_a_wallet_without_a_proof_is_not_enough_where_one_is_asked_for(venue: Venue) -> None:
    await venue.under(THRESHOLDS["DE"])
    await venue.whitelist(Holding(None))
    small = await venue.fund(BTC // 100)
    assert small.state == DepositState.CREDITED
    large = await venue.fund(BTC)
    assert large.reason == "Travel Rule: nothing proves that the wallet is the client's; give a --proof"


async def test_a_wallet_that_is_approved_by_nobody_or_removed_does_not_count(venue: Venue) -> None:
    name = await venue.whitelist(PROVED)
    async with venue.world.staff_database.writing() as session:
        await destinations.remove(session, ANN, name, why="sold", now_ns=1)
        found = await destinations.enter(session, ANN, RULES, "ALPHA", WALLET, "Muster", now_ns=1)
        await holders.enter(session, ANN, venue.sealer, found, PROVED, now_ns=1)
    assert (await venue.fund(BTC)).state == DepositState.QUARANTINED


async def test_a_service_must_be_checked(venue: Venue) -> None:
    await venue.service(is_checked=False)
    await venue.whitelist(Holding(LEI))
    found = await venue.fund(BTC)
    assert found.reason == "Travel Rule: Far Exchange is new, and not checked"
    await venue.service()
    assert (await venue.fund(BTC)).state == DepositState.CREDITED
    kept = await venue.data("D-2", "in")
    assert kept is not None
    assert kept.originating_vasp is not None
    person = kept.originating_vasp.originating_vasp.legal_person
    assert person is not None
    assert person.national_identification is not None
    assert person.national_identification.national_identifier == LEI


async def test_one_says_where_a_deposit_comes_from_and_another_releases_it(venue: Venue) -> None:
    found = await venue.fund(BTC)
    approval = await venue.complete(found, Origin(None, "it came back with a small transfer"))
    assert (await venue.again(found)).state == DepositState.QUARANTINED
    async with venue.world.staff_database.writing() as session:
        with pytest.raises(Refused, match="ann has proposed A-1"):
            await approvals.approve(session, ANN, approval.id, why="sure", now_ns=1)
    await venue.world.decide(BEN)
    assert (await venue.again(found)).state == DepositState.CREDITED
    assert venue.bitcoins() == BTC
    assert await venue.data("D-1", "in") is not None


async def test_what_came_with_a_deposit_is_kept_as_it_came(venue: Venue) -> None:
    await venue.service()
    found = await venue.fund(BTC)
    sender = {
        "legalPerson": {
            "name": {"nameIdentifier": [{"legalPersonName": "Far AG", "legalPersonNameIdentifierType": "LEGL"}]},
            "customerNumber": "7",
        }
    }
    message = {"originator": {"originatorPersons": [sender]}, "beneficiary": {"beneficiaryPersons": [sender]}}
    with pytest.raises(Refused, match=r"IVMS101\.2020"):
        await venue.complete(found, Origin(LEI, message="{}"))
    await venue.complete(found, Origin(LEI, message=json.dumps(message)))
    kept = await venue.data("D-1", "in")
    assert kept is not None
    assert kept.originator.originator_persons[0].legal_person == LegalPerson(
        LegalNames((LegalName("Far AG", "LEGL"),)), customer_number="7"
    )
    with pytest.raises(Conflict, match="transfer D-1: has other Travel Rule data already"):
        await venue.complete(found, Origin(LEI))


async def test_nobody_releases_a_deposit_of_which_something_is_missing(venue: Venue) -> None:
    found = await venue.fund(BTC)
    async with venue.world.staff_database.writing() as session:
        deposit = await deposits.find(session, found.name)
        await deposits.propose_release(session, ANN, deposit, credit=True, why="we know them", now_ns=1)
    with pytest.raises(Refused, match="D-1: Travel Rule: who sends it is not known"):
        await venue.world.decide(BEN)
    await venue.world.decide(CAY, reject=True)
    async with venue.world.staff_database.writing() as session:
        deposit = await deposits.find(session, found.name)
        await deposits.propose_release(session, ANN, deposit, credit=False, why="who is it?", now_ns=1)
    await venue.world.decide(BEN)
    assert (await venue.again(found)).state == DepositState.RETURNED


@pytest.mark.parametrize(
    ("origin", "error", "what"),
    (
        (Origin(None), Refused, "nothing proves that the wallet is the client's"),
        (Origin(LEI), NotFound, "no service that is known"),
        (Origin("did:x"), Refused, "is no DID"),
        (Origin(None, "\x00"), Refused, "proof"),
    ),
)
async def test_what_is_no_origin_is_refused_and_changes_nothing(
    venue: Venue, origin: Origin, error: type[Exception], what: str
) -> None:
    await venue.under(THRESHOLDS["CH"])
    found = await venue.fund(BTC)
    with pytest.raises(error, match=what):
        await venue.complete(found, origin)
    assert await venue.data("D-1", "in") is None
    assert await venue.world.decide(BEN) == 0


async def test_what_was_found_out_of_a_deposit_is_forgotten_when_it_is_another_clients(venue: Venue) -> None:
    found = await venue.fund(BTC)
    await venue.complete(found, Origin(None, "signed"))
    await venue.world.decide(CAY, reject=True)
    async with venue.world.staff_database.writing() as session:
        deposit = await deposits.find(session, found.name)
        await deposits.assign(session, ANN, deposit, "BETA", why="their letter", now_ns=1)
        await deposits.propose_release(session, ANN, deposit, credit=True, why="their letter", now_ns=1)
    assert await venue.data("D-1", "in") is None
    with pytest.raises(Refused, match="D-1: Travel Rule: who sends it is not known"):
        await venue.world.decide(BEN)


async def test_only_of_what_is_quarantined_is_it_said_where_it_comes_from(venue: Venue) -> None:
    found = await venue.fund(1)
    with pytest.raises(Refused, match="D-1 is credited; only of what is quarantined"):
        await venue.complete(found, Origin(None, "signed"))


async def test_a_deposit_that_is_looked_at_for_its_size_has_its_data_when_it_is_released(venue: Venue) -> None:
    await venue.whitelist(PROVED)
    venue.world.rules[NAME, "BTC"] = PaymentRules("BTC", NAME, looked_at_above=1)
    found = await venue.fund(BTC)
    assert found.reason == "so large that it is looked at"
    async with venue.world.staff_database.writing() as session:
        deposit = await deposits.find(session, found.name)
        await deposits.propose_release(session, ANN, deposit, credit=True, why="theirs", now_ns=1)
    await venue.world.decide(BEN)
    assert (await venue.again(found)).state == DepositState.CREDITED


# Withdrawals


async def ask(venue: Venue, destination: str, amount: int = BTC // 2) -> str:
    name = await venue.world.request(destination, amount)
    await venue.world.settle()
    return name


@pytest.fixture
async def funded(venue: Venue) -> Venue:
    """The same, where the client has bitcoins from its own wallet."""
    await venue.whitelist(PROVED)
    await venue.fund(2 * BTC)
    return venue


async def test_small_withdrawals_to_one_address_add_up_to_the_threshold(funded: Venue) -> None:
    destination = await funded.whitelist(None, "far-1")
    other = await funded.whitelist(None, "far-2")
    names = [await ask(funded, to, SMALL) for to in (destination, other, destination)]
    found = [await funded.world.withdrawal(name) for name in names]
    assert [each.state for each in found] == ["approving", "approving", "stopped"]
    assert found[-1].reason.endswith(TOGETHER)
    async with funded.world.staff_database.writing() as session:
        await withdrawals.cancel(session, ANN, names[0], why="no need", now_ns=funded.world.now_ns)
    await funded.world.settle()
    assert await funded.world.state(names[-1]) is WithdrawalState.APPROVING


async def test_a_withdrawal_to_nobody_knows_whom_is_stopped_until_it_is_known(funded: Venue) -> None:
    await funded.service("did:web:far.example")
    destination = await funded.whitelist(None, "far-1")
    name = await ask(funded, destination)
    found = await funded.world.withdrawal(name)
    assert (found.state, found.reason) == (
        WithdrawalState.STOPPED,
        "Travel Rule: who holds the address is not known; `fondaco destination holder` says it",
    )
    async with funded.world.staff_database.writing() as session:
        given = Holding("did:web:far.example")
        await holders.propose(session, ANN, funded.sealer, destination, given, why="theirs", now_ns=1)
    await funded.world.settle()
    assert await funded.world.state(name) == WithdrawalState.STOPPED
    for _ in range(2):
        await funded.world.decide(BEN)
        await funded.world.settle()
    assert await funded.world.state(name) == WithdrawalState.SETTLED
    kept = await funded.data(name, "out")
    assert kept is not None
    assert (kept.originator.account_number, kept.beneficiary.account_number) == (("ALPHA",), ("far-1",))
    assert kept.originating_vasp is not None
    assert kept.beneficiary_vasp is not None


async def test_a_small_withdrawal_needs_no_data(funded: Venue) -> None:
    destination = await funded.whitelist(None, "far-1")
    assert await funded.world.state(await ask(funded, destination, BTC // 100)) == WithdrawalState.APPROVING


async def test_a_service_that_is_suspended_before_it_is_sent_gets_nothing(funded: Venue) -> None:
    await funded.service()
    name = await ask(funded, await funded.whitelist(Holding(LEI), "far-1"))
    async with funded.world.staff_database.writing() as session:
        await vasps.suspend(session, ANN, LEI, why="in the news", now_ns=1)
    await funded.world.decide(BEN)
    await funded.world.settle()
    found = await funded.world.withdrawal(name)
    assert (found.state, found.reason) == (
        WithdrawalState.STOPPED,
        "Travel Rule: Far Exchange is suspended, and not checked",
    )
    assert funded.world.paid() == {}


async def test_what_comes_back_comes_from_where_it_was_sent_to(funded: Venue) -> None:
    name = await ask(funded, "T-1")
    await funded.world.decide(BEN)
    await funded.world.settle()
    assert await funded.world.state(name) == WithdrawalState.SETTLED
    funded.world.rail.deposit("RETURNS", "BTC", BTC // 2, "nobody knows whom", returns=name)
    await funded.world.settle()
    assert funded.bitcoins() == 2 * BTC


async def test_who_is_nobody_by_the_standard_holds_nothing(funded: Venue) -> None:
    nobody = Person(legal_person=LegalPerson(LegalNames((LegalName("X", "TRAD"),))))
    with pytest.raises(Refused, match=r"IVMS101\.2020: holder: has no legal name"):
        await funded.whitelist(Holding(None, "signed", nobody), "far-1")


async def test_data_that_cannot_be_opened_hold_what_they_are_of_and_stop_nothing_else(
    funded: Venue, tmp_path: Path
) -> None:
    funded.world.restart(ClientsBehindAccounts(Sealer(tmp_path / "gone")))
    found = await funded.fund(BTC)
    assert found.state == DepositState.QUARANTINED
    assert found.reason.startswith("Travel Rule: ")
    assert (await funded.world.fund(1)).state == DepositState.CREDITED


async def test_a_holder_that_is_nobody_any_more_holds_its_own_transfers_and_no_others(venue: Venue) -> None:
    name = await venue.whitelist(None)
    row = {"destination": int(name[2:]), "client": 1, "proof": "signed", "proposed_ns": 1}
    row["content"] = seal(venue.sealer, AddressHolder, "content", "{}", 1)
    async with venue.world.staff_database.writing() as session:
        await session.execute(insert(AddressHolder).values(number=1, proposed_by="ann", approved_by="ben", **row))
    found = await venue.fund(BTC)
    assert found.reason.startswith("Travel Rule: IVMS101.2020: person: must be a naturalPerson")
    assert (await venue.world.fund(1)).state == DepositState.CREDITED


# Services


async def test_a_service_is_checked_by_another_than_who_has_entered_it(venue: Venue) -> None:
    await venue.service(is_checked=False)
    database = venue.world.staff_database
    with pytest.raises(Refused, match="ann has entered Far Exchange; somebody else must check it"):
        async with database.writing() as session:
            await vasps.check(session, ANN, LEI, why="sure", now_ns=1)
    async with database.writing() as session:
        assert (await vasps.check(session, BEN, LEI, why="sure", now_ns=1)).checked_by == "ben"
    async with database.writing() as session:
        again = await vasps.set_vasp(session, ANN, LEI, "Far Exchange", "SG", "far.example", why="again", now_ns=2)
        assert again.status == vasps.CHECKED
        changed = await vasps.set_vasp(session, BEN, LEI, "Far Exchange", "KY", "far.example", why="moved", now_ns=2)
        assert (changed.status, changed.checked_by, changed.added_by) == (vasps.NEW, None, "ben")


@pytest.mark.parametrize(
    "changes", ({"status": "checked"}, {"status": "checked", "checked_by": "ann"}, {"status": "known"})
)
async def test_the_database_itself_refuses_a_service_that_one_person_checked(
    venue: Venue, changes: dict[str, Any]
) -> None:
    row = {"id": "x", "name": "x", "country": "SG", "endpoint": "x", "added_by": "ann", "added_ns": 1, **changes}
    with pytest.raises(IntegrityError):
        async with venue.world.staff_database.writing() as session:
            await session.execute(insert(Vasp).values(**row))


async def test_the_database_itself_refuses_a_holder_that_one_person_approved(venue: Venue) -> None:
    name = await venue.whitelist(None)
    row = {"number": 1, "destination": int(name[2:]), "client": 1, "proof": "", "proposed_ns": 1}
    row["content"] = seal(venue.sealer, AddressHolder, "content", "{}", 1)
    with pytest.raises(IntegrityError):
        async with venue.world.staff_database.writing() as session:
            await session.execute(insert(AddressHolder).values(proposed_by="ann", approved_by="ann", **row))


# Settings

SETTINGS = """
[fix]
comp_id = "FONDACO"

[back_office.travel_rule]
jurisdiction = "{jurisdiction}"
{more}
"""


@pytest.mark.parametrize(
    ("jurisdiction", "more", "threshold"),
    (
        ("DE", "", Threshold("EUR", 0, 1_000_00)),
        ("SG", "", FATF),
        ("SG", 'thresholds = { SG = { currency = "EUR", data_from = "1500.5" } }', Threshold("EUR", 1_500_50)),
        ("CH", 'thresholds = { CH = { data_from = "0", proof_above = "1000" } }', Threshold("USD", 0, 1_000_00)),
        ("CH", 'thresholds = { DE = { data_from = "5" } }', THRESHOLDS["CH"]),
    ),
)
def test_the_settings_say_which_threshold_holds(jurisdiction: str, more: str, threshold: Threshold) -> None:
    rules = rules_in(parse(SETTINGS.format(jurisdiction=jurisdiction, more=more), "x"))
    assert rules.travel.threshold == threshold


@pytest.mark.parametrize(
    ("jurisdiction", "more", "what"),
    (("XX", "", "country 'XX': not a code"), ("CH", 'lei = "5299"', "LEI '5299': ")),
)
def test_a_country_or_an_lei_that_is_none_is_refused(jurisdiction: str, more: str, what: str) -> None:
    with pytest.raises(Refused, match=what):
        rules_in(parse(SETTINGS.format(jurisdiction=jurisdiction, more=more), "x"))
