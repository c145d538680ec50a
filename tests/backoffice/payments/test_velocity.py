"""How much may be withdrawn within a time: of an account, and of all accounts of a client together."""

import pytest

from backoffice.house_rules import AssetRule, HouseRules, take_over
from backoffice.payments import velocity
from backoffice.payments.states import WithdrawalState
from backoffice.payments.velocity import Allowance
from backoffice.times import DAY_NS
from tests.backoffice.payments.world import BEN, CAY, World

CLIENT = Allowance("rating medium", "MUSTER", ("ALPHA", "BETA"), 1, 100)
RULES = HouseRules({"USD": AssetRule(2, 100_000_000, is_crypto=False, is_quote=True)})


@pytest.fixture
async def house(world: World) -> World:
    """A client of two accounts, which have 300 dollars each and may withdraw 100 a day together."""
    async with world.staff_database.writing() as session:
        await take_over(session, RULES, 1)
    for account in ("ALPHA", "BETA"):
        await world.fund(300_00, account)
    world.clients.allowed = [CLIENT]
    return world


async def ask(world: World, account: str, amount: int) -> str:
    name = await world.request(await world.destination(f"DE-{account}-{amount}", account), amount)
    await world.settle()
    return name


async def pay(world: World) -> None:
    await world.decide(BEN, CAY)
    await world.settle()


async def left(world: World, allowance: Allowance = CLIENT) -> int:
    async with world.staff_database.reading() as session:
        return await velocity.left_of(session, RULES, allowance, world.now_ns)


async def test_all_accounts_of_a_client_share_what_its_rating_allows(house: World) -> None:
    first = await ask(house, "ALPHA", 60_00)
    second = await ask(house, "BETA", 60_00)
    assert await house.state(first) == WithdrawalState.APPROVING
    found = await house.withdrawal(second)
    assert (found.state, found.reason) == (
        WithdrawalState.STOPPED,
        "rating medium allows MUSTER 100 USD in 24 hours, of which 40.00 USD are left; this is 60.00 USD",
    )
    assert await left(house) == 40_00


async def test_what_is_stopped_keeps_no_smaller_one_from_going(house: World) -> None:
    await ask(house, "ALPHA", 120_00)
    small = await ask(house, "BETA", 100_00)
    assert await house.state(small) == WithdrawalState.APPROVING


async def test_what_is_stopped_goes_once_there_is_room(house: World) -> None:
    first = await ask(house, "ALPHA", 60_00)
    await pay(house)
    assert await house.state(first) == WithdrawalState.SETTLED
    second = await ask(house, "BETA", 60_00)
    assert await house.state(second) == WithdrawalState.STOPPED
    house.now_ns += DAY_NS
    await house.settle()
    assert await house.state(second) == WithdrawalState.APPROVING


async def test_what_waits_long_to_be_paid_counts_from_when_it_is(house: World) -> None:
    await ask(house, "ALPHA", 60_00)
    house.now_ns += 2 * DAY_NS
    assert await left(house) == 40_00
    await pay(house)
    assert await left(house) == 40_00
    house.now_ns += DAY_NS
    assert await left(house) == 100_00


async def test_an_account_has_a_limit_of_its_own(house: World) -> None:
    house.clients.allowed.append(Allowance("account BETA", "BETA", ("BETA",), 30, 10))
    found = await house.withdrawal(await ask(house, "BETA", 10_01))
    assert found.reason == "account BETA allows BETA 10 USD in 30 days, of which 10.00 USD are left; this is 10.01 USD"
    assert await house.state(await ask(house, "ALPHA", 10_01)) == WithdrawalState.APPROVING


async def test_a_tighter_allowance_stops_what_is_approved_already(house: World) -> None:
    name = await ask(house, "ALPHA", 60_00)
    house.clients.allowed = [Allowance("rating high", "MUSTER", ("ALPHA", "BETA"), 1, 50)]
    await house.settle()
    assert await house.state(name) == WithdrawalState.STOPPED
    house.clients.allowed = [CLIENT]
    await house.settle()
    await pay(house)
    assert await house.state(name) == WithdrawalState.SETTLED


async def test_what_nobody_knows_the_worth_of_is_stopped(house: World) -> None:
    async with house.staff_database.writing() as session:
        await take_over(session, HouseRules(), 2)
    found = await house.withdrawal(await ask(house, "ALPHA", 1))
    assert found.state == WithdrawalState.STOPPED
    assert found.reason.endswith("and nobody knows what USD is worth: give it a usd_price")
    async with house.staff_database.reading() as session:
        assert await velocity.left_of(session, HouseRules(), CLIENT, house.now_ns) == 100_00


async def test_without_an_allowance_there_is_nothing_to_exceed(house: World) -> None:
    house.clients.allowed = []
    assert await house.state(await ask(house, "ALPHA", 150_00)) == WithdrawalState.APPROVING
