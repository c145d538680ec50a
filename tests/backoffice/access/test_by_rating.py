"""What a client's rating allows is a cap on all limits below it, and reaches the venue with the decision."""

import pytest
from sqlalchemy import select

from backoffice import outbox
from backoffice.access import allowances, hierarchy, limiting
from backoffice.access.limits import Withdrawn
from backoffice.access.telling import tell_all_limits, tell_new_quotes
from backoffice.control import Carried
from backoffice.crm import editing, rating
from backoffice.crm.risk import Rating
from backoffice.database import Database
from backoffice.errors import Refused
from backoffice.house_rules import AssetRule, HouseRules, take_over
from backoffice.projector.tables import VenueInstrument
from backoffice.staff import approvals
from backoffice.staff.tables import Approval
from engine.commands import AddAsset, SetLimits
from engine.control import StaffCommand
from engine.exchange import Exchange
from engine.rules import Limits
from engine.values import Scope
from tests.backoffice.access.test_access import DEE, EVE, approve, open_account, told
from tests.backoffice.crm.house import BEN, CAY, House

DOLLAR = 100_000_000
RULES = HouseRules(
    {
        "USD": AssetRule(2, DOLLAR, is_crypto=False, is_quote=True),
        "EUR": AssetRule(2, 125_000_000, is_crypto=False, is_quote=True),
        "BTC": AssetRule(8, 50_000 * DOLLAR, is_crypto=True, is_quote=False),
    }
)
LOW = {"USD": 25_000_000_00, "EUR": 20_000_000_00}
MEDIUM = {"USD": 10_000_000_00, "EUR": 8_000_000_00}
HIGH = {"USD": 2_000_000_00, "EUR": 1_600_000_00}
NONE = {"USD": 1, "EUR": 1}


@pytest.fixture
async def firm(house: House) -> House:
    """A house with a client of low risk, whose firm is MUSTER and has an account."""
    async with house.database.writing() as session:
        await take_over(session, RULES, 1)
    await house.active()
    await open_account(house)
    return house


async def override(house: House, to: Rating) -> None:
    """Rate a client otherwise, by two people."""
    proposal = await house.write(rating.propose_rating, BEN, "C-1", to)
    await house.write(approvals.approve, CAY, proposal.id)


async def firm_limits(database: Database) -> list[Limits]:
    commands = await told(database)
    return [each.limits for each in commands if isinstance(each, SetLimits) and each.scope is Scope.FIRM]


async def set_firm(house: House, usd: int) -> Approval:
    return await house.write(limiting.propose, DEE, "firm", "MUSTER", Limits(0, {}, {"USD": usd * 100}))


async def test_an_account_is_opened_with_what_the_rating_allows(firm: House) -> None:
    assert await firm_limits(firm.database) == [Limits(0, {}, LOW)]


@pytest.mark.parametrize(("to", "allowed"), ((Rating.MEDIUM, MEDIUM), (Rating.HIGH, HIGH), (Rating.PROHIBITED, NONE)))
async def test_a_worse_rating_tightens_at_once(firm: House, to: Rating, allowed: dict[str, int]) -> None:
    await told(firm.database)
    await override(firm, to)
    (command,) = await told(firm.database)
    assert command == SetLimits(Scope.FIRM, "MUSTER", Limits(0, {}, allowed), "cay", f"rated {to}: it is so")


async def test_a_client_that_is_scored_anew_is_held_to_it(firm: House) -> None:
    await told(firm.database)
    await firm.sealed(rating.rate, BEN, "C-1")
    assert await told(firm.database) == []
    await firm.sealed(editing.change_party, DEE, "C-1", "P-1", {"is_exposed": True})
    assert (await firm.sealed(rating.rate, BEN, "C-1")).rating is Rating.HIGH
    assert await firm_limits(firm.database) == [Limits(0, {}, HIGH)]


async def test_what_two_have_put_in_the_place_of_a_rating_no_one_undoes_alone(firm: House) -> None:
    await override(firm, Rating.PROHIBITED)
    await told(firm.database)
    assert (await firm.sealed(rating.rate, BEN, "C-1")).rating is Rating.PROHIBITED
    assert await told(firm.database) == []
    await firm.sealed(editing.change_party, DEE, "C-1", "P-1", {"is_exposed": True})
    assert (await firm.sealed(rating.rate, BEN, "C-1")).rating is Rating.HIGH
    assert await firm_limits(firm.database) == [Limits(0, {}, HIGH)]


async def test_a_rating_reaches_the_running_venue(firm: House) -> None:
    exchange = Exchange()
    for asset in RULES.assets:
        exchange.apply(AddAsset(asset, 2), 0)

    class Venue:
        async def submit(self, command: StaffCommand) -> Carried:
            return Carried(1, exchange.apply(command, 1))

    await outbox.give(firm.database, Venue(), 1)
    await override(firm, Rating.HIGH)
    given = await outbox.give(firm.database, Venue(), 2)
    assert [each.refusal for each in given] == [""]
    assert exchange.state.firms["MUSTER"].limits == Limits(0, {}, HIGH)


async def test_limits_may_be_tighter_than_the_rating(firm: House) -> None:
    await told(firm.database)
    await approve(firm, await set_firm(firm, 1_000_000))
    assert await firm_limits(firm.database) == [Limits(0, {}, {"USD": 1_000_000_00, "EUR": LOW["EUR"]})]
    await override(firm, Rating.MEDIUM)
    assert await firm_limits(firm.database) == [Limits(0, {}, {"USD": 1_000_000_00, "EUR": MEDIUM["EUR"]})]


@pytest.mark.parametrize("scope", ("firm", "account"))
async def test_limits_are_never_looser_than_the_rating(firm: House, scope: str) -> None:
    name = "MUSTER" if scope == "firm" else "M-1"
    with pytest.raises(Refused, match=r"notional of an order: .* is more than rating low allows MUSTER"):
        await firm.write(limiting.propose, DEE, scope, name, Limits(0, {}, {"USD": LOW["USD"] + 1}))
    with pytest.raises(Refused, match="11,000,000 USD is more than rating low allows MUSTER, 10,000,000 USD"):
        await firm.write(limiting.propose, DEE, scope, name, Limits(), Withdrawn(day_usd=11_000_000))


async def test_limits_that_were_proposed_before_a_worse_rating_are_refused_after_it(firm: House) -> None:
    proposal = await set_firm(firm, 20_000_000)
    await override(firm, Rating.HIGH)
    with pytest.raises(Refused, match="rating high allows MUSTER"):
        await approve(firm, proposal)


async def test_two_people_let_a_firm_beyond_its_rating_until_it_is_rated_worse(firm: House) -> None:
    await told(firm.database)
    wanted = Limits(0, {}, {"USD": 50_000_000_00})
    proposal = await firm.write(limiting.propose_beyond_rating, DEE, "MUSTER", wanted, why="its parent vouches")
    with pytest.raises(Refused, match="dee has proposed"):
        await approve(firm, proposal, DEE)
    await approve(firm, proposal, EVE)
    assert await firm_limits(firm.database) == [Limits(0, {}, {"USD": 50_000_000_00, "EUR": LOW["EUR"]})]
    await override(firm, Rating.HIGH)
    assert await firm_limits(firm.database) == [Limits(0, {}, HIGH)]
    await override(firm, Rating.LOW)
    assert await firm_limits(firm.database) == [Limits(0, {}, {"USD": 50_000_000_00, "EUR": LOW["EUR"]})]


async def test_nobody_is_let_beyond_a_rating_that_is_prohibited_or_by_now_another(firm: House) -> None:
    proposal = await firm.write(limiting.propose_beyond_rating, DEE, "MUSTER", Limits(0, {}, {"USD": 50_000_000_00}))
    await override(firm, Rating.MEDIUM)
    with pytest.raises(Refused, match="MUSTER is rated medium by now, and not low; propose it anew"):
        await approve(firm, proposal)
    await override(firm, Rating.PROHIBITED)
    with pytest.raises(Refused, match="MUSTER is rated prohibited; nobody is let beyond that"):
        await firm.write(limiting.propose_beyond_rating, DEE, "MUSTER", Limits(9))


async def test_in_what_has_no_price_nobody_trades(firm: House) -> None:
    await told(firm.database)
    async with firm.database.writing() as session:
        numbers = dict.fromkeys(
            ("price_increment", "price_decimals", "qty_increment", "qty_decimals", "maker_fee_bps"), 1
        )
        more = dict.fromkeys(("taker_fee_bps", "order_qty_max", "base_per_lot", "notional_per_tick_lot"), 1)
        session.add(VenueInstrument(symbol="BTC/XYZ", base="BTC", quote="XYZ", sequence=1, **numbers, **more))
    for expected in ([Limits(0, {}, {**LOW, "XYZ": 1})], []):
        async with firm.database.writing() as session:
            await tell_new_quotes(session, 1)
        assert await firm_limits(firm.database) == expected


async def test_when_the_back_office_starts_the_venue_is_told_once_more(firm: House) -> None:
    await told(firm.database)
    async with firm.database.writing() as session:
        assert await tell_all_limits(session, 1) == 0
        assert await tell_all_limits(session, 1, once_more=True) == 1
    assert await firm_limits(firm.database) == [Limits(0, {}, LOW)]


async def test_what_may_be_withdrawn_is_the_clients_and_each_place_has_its_own(firm: House) -> None:
    await firm.write(hierarchy.add_desk, DEE, "MUSTER", "MUSTER/rates")
    await open_account(firm, "M-2", desk="MUSTER/rates")
    await open_account(firm, "M-3", desk="MUSTER/rates")
    for scope, name, withdrawn in (("desk", "MUSTER/rates", Withdrawn(0, 9)), ("account", "M-2", Withdrawn(7, 8))):
        await approve(firm, await firm.write(limiting.propose, DEE, scope, name, Limits(), withdrawn))
    async with firm.database.reading() as session:
        found = [
            (each.source, each.whose, each.accounts, each.days, each.usd)
            for each in await allowances.allowances_of(session, "MUSTER", "M-2")
        ]
    everything = ("M-1", "M-2", "M-3")
    assert found == [
        ("rating low", "MUSTER", everything, 1, 10_000_000),
        ("rating low", "MUSTER", everything, 30, 100_000_000),
        ("desk MUSTER/rates", "MUSTER/rates", ("M-2", "M-3"), 30, 9),
        ("account M-2", "M-2", ("M-2",), 1, 7),
        ("account M-2", "M-2", ("M-2",), 30, 8),
    ]
    async with firm.database.reading() as session:
        assert len(list(await session.scalars(select(Approval)))) == 5
