"""A client's whole way through a venue that runs: taken in, paid in, traded, paid out, suspended; and under kill -9."""

import asyncio
import random
from collections.abc import AsyncGenerator
from typing import Final

import pytest

from backoffice.access import sessions
from backoffice.crm import suspending
from backoffice.crm.workflow import Suspension
from backoffice.payments import withdrawals
from backoffice.payments.sandbox import Fault
from backoffice.payments.states import ACTIVE_WITHDRAWALS, DepositState, WithdrawalState
from tests.backoffice.crm.house import BEN
from tests.e2e.back_office import PAYMENTS, SESSION, TOM, USD, BackOfficeProcess, Staff, staff_of
from tests.e2e.conftest import MakeVenue
from tests.e2e.venue import DEADLINE_S, Venue
from tests.e2e.wire import Client, now

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SEED: Final = 5
MOMENTS: Final = (0, 1, 3, 6, 10, 14, 19, 25, 32, 40)
"""How many things are done between two kills, by the audit trail; in an order that the seed gives."""
UNDER_WAY: Final = 6
"""So many payments at a time."""
POLL_S: Final = 0.05
KILLER_POLL_S: Final = 0.005


@pytest.fixture
async def house(make_venue: MakeVenue) -> AsyncGenerator[tuple[Venue, Staff]]:
    """A venue that runs its back office itself, and the staff."""
    venue = make_venue(back_office={"payments": PAYMENTS})
    venue.start()
    async with staff_of(venue, venue.stderr) as staff:
        yield venue, staff


def order(name: str, side: str, quantity: str = "0.5") -> str:
    return f"11={name}|55=BTC/USD|54={side}|38={quantity}|40=2|44=100.00|59=1|60={now()}|"


async def fund(staff: Staff, amount: int) -> None:
    """Return when a deposit has been credited."""
    reference = await staff.pay_in(amount)

    async def is_credited() -> bool:
        return any(
            each.reference == reference and each.state == DepositState.CREDITED for each in await staff.deposits()
        )

    await staff.until(is_credited, "the deposit is credited")


async def test_a_client_is_taken_in_pays_in_trades_and_is_paid_out(house: tuple[Venue, Staff]) -> None:
    venue, staff = house
    password = await staff.take_in()
    client, other = Client(venue.port, SESSION), Client(venue.port, "BROKER1")
    assert client.log_on(password="wrong")["35"] == "5"
    client = Client(venue.port, SESSION)
    assert client.log_on(password=password)["35"] == "A"
    other.log_on()
    client.say("D", order("too early", "1"))
    assert client.hear("8")["150"] == "8"
    await fund(staff, 1_000 * USD)
    other.say("D", order("ask", "2"))
    assert other.hear("8")["150"] == "0"
    client.say("D", order("bid", "1"))
    assert [client.hear("8")["150"] for _ in range(2)] == ["0", "F"]

    name = (await staff.do(withdrawals.request, TOM, await staff.destination(), 900 * USD)).name
    await staff.until(lambda: is_approved(staff), "the withdrawal waits for approval, and gets it")
    await staff.until(lambda: is_settled(staff), "the withdrawal is settled")
    (paid,) = staff.rail.payouts()
    assert (paid.reference, paid.amount, paid.times) == (name, 900 * USD, 1)
    await staff.catch_up()
    dollars = await staff.holding("USD")
    fee = 50 * USD * 2 // 10_000
    assert (dollars.available, dollars.reserved, dollars.held) == (50 * USD - fee, 0, 0)
    staff.verify()


async def is_approved(staff: Staff) -> bool:
    return bool(await staff.approve_withdrawals())


async def is_settled(staff: Staff) -> bool:
    return all(each.state == WithdrawalState.SETTLED for each in await staff.withdrawals())


async def test_a_suspended_client_loses_its_orders_and_a_suspended_session_is_logged_out(
    house: tuple[Venue, Staff],
) -> None:
    venue, staff = house
    password = await staff.take_in()
    await fund(staff, 1_000 * USD)
    client = Client(venue.port, SESSION)
    client.log_on(password=password)
    for name in ("one", "two"):
        client.say("D", order(name, "1"))
        assert client.hear("8")["150"] == "0"
    await staff.do(suspending.suspend, BEN, "C-1", Suspension.TRADING)
    await staff.tell_venue()
    cancelled = [client.hear("8") for _ in range(2)]
    assert [(each["11"], each["150"], each["39"]) for each in cancelled] == [("one", "4", "4"), ("two", "4", "4")]
    client.say("D", order("three", "1"))
    assert client.hear("8")["150"] == "8"

    await staff.do(sessions.suspend, BEN, SESSION)
    await staff.tell_venue()
    assert client.hear("5")["35"] == "5"
    client.say("5")
    client.hear_end()
    again = Client(venue.port, SESSION)
    assert again.log_on(password=password)["35"] == "5"
    await staff.catch_up()
    staff.verify()


@pytest.fixture
async def apart(make_venue: MakeVenue) -> AsyncGenerator[tuple[Venue, BackOfficeProcess, Staff]]:
    """A venue beside which the back office runs for itself: who kills it starts it again at once."""
    venue = make_venue(back_office={"payments": PAYMENTS, "runs": False})
    venue.start()
    office = BackOfficeProcess(venue)
    office.start()
    try:
        async with staff_of(venue, office.stderr) as staff:
            yield venue, office, staff
    finally:
        office.stop()
    assert "Traceback" not in office.stderr(), office.stderr()


class Traffic:
    """Deposits and withdrawals, some of each under way all the while."""

    def __init__(self, staff: Staff, destination: str, seed: int) -> None:
        self.paid_in: dict[str, int] = {}
        """Amount by the rail's reference."""
        self.is_over = False
        self._staff = staff
        self._destination = destination
        self._random = random.Random(seed)

    async def run(self) -> None:
        """Pay in and out until it is over; approve what waits for it also afterwards, until nothing moves."""
        while not self.is_over or await self._moving():
            if not self.is_over and await self._moving() < UNDER_WAY:
                amount = self._random.randint(2, 9) * USD
                self.paid_in[await self._staff.pay_in(amount)] = amount
                await self._staff.do(withdrawals.request, TOM, self._destination, USD)
            await self._staff.approve_withdrawals()
            await asyncio.sleep(POLL_S)

    async def _moving(self) -> int:
        """Return how many payments are under way. What the rail has never heard of, though it was sent, stays so."""
        deposits = [each for each in await self._staff.deposits() if each.reference in self.paid_in]
        credited = sum(each.state == DepositState.CREDITED for each in deposits)
        taken = {each.reference for each in self._staff.rail.payouts()}
        out = [
            each
            for each in await self._staff.withdrawals()
            if each.state in ACTIVE_WITHDRAWALS and (each.state != WithdrawalState.UNCERTAIN or each.name in taken)
        ]
        return len(self.paid_in) - credited + len(out)


async def kill_again_and_again(venue: Venue, office: BackOfficeProcess, staff: Staff, traffic: Traffic) -> None:
    """Kill the back office at moments that the seed gives, and the venue once, while payments go on; end in peace."""
    flowing = asyncio.create_task(traffic.run())
    for number, moment in enumerate(random.Random(SEED).sample(MOMENTS, len(MOMENTS))):
        enough = await staff.done() + moment
        while await staff.done() < enough:
            assert not flowing.done(), flowing.result()
            await asyncio.sleep(KILLER_POLL_S)
        if number == len(MOMENTS) // 2:
            venue.kill()
            await asyncio.to_thread(venue.start)
        office.kill()
        office.start()
    traffic.is_over = True
    async with asyncio.timeout(DEADLINE_S):
        await flowing


async def test_a_back_office_that_is_killed_again_and_again_credits_once_and_never_pays_twice(
    apart: tuple[Venue, BackOfficeProcess, Staff],
) -> None:
    venue, office, staff = apart
    await staff.take_in()
    await fund(staff, 1_000 * USD)
    traffic = Traffic(staff, await staff.destination(), SEED)
    for fault, times in ((Fault.LOSS, 1), (Fault.SILENCE, 3), (Fault.REPEAT, 5)):
        staff.rail.switch(fault, times)
    await kill_again_and_again(venue, office, staff, traffic)

    assert len(await staff.deposits()) == 1 + len(traffic.paid_in)
    payouts = staff.rail.payouts()
    assert {each.times for each in payouts} == {1}
    states = {each.name: each.state for each in await staff.withdrawals()}
    settled = {name for name, state in states.items() if state == WithdrawalState.SETTLED}
    uncertain = {name for name, state in states.items() if state == WithdrawalState.UNCERTAIN}
    assert settled == {each.reference for each in payouts}
    assert settled | uncertain == set(states)
    assert uncertain, "one was lost, at least"
    for name in uncertain:
        await staff.settle_as_unpaid(name)
    await staff.until(lambda: are_failed(staff, uncertain), "the uncertain withdrawals have failed")
    await staff.catch_up()
    dollars = await staff.holding("USD")
    came_in, went_out = 1_000 * USD + sum(traffic.paid_in.values()), len(payouts) * USD
    assert (dollars.available, dollars.held) == (came_in - went_out, 0)
    office.terminate()
    staff.verify()


async def are_failed(staff: Staff, names: set[str]) -> bool:
    return all(each.state == WithdrawalState.FAILED for each in await staff.withdrawals() if each.name in names)
