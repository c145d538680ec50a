"""Deposits and withdrawals from end to end, on the real engine and the sandbox rail."""

import pytest
import structlog

from backoffice.errors import Conflict, Refused
from backoffice.payments import deposits, destinations, withdrawals
from backoffice.payments.clients import Flow
from backoffice.payments.rail import BOOKED, Incoming, Movement
from backoffice.payments.sandbox import Fault
from backoffice.payments.states import DepositState, WithdrawalState
from backoffice.payments.tables import Deposit
from backoffice.staff import approvals
from backoffice.staff.actor import Actor
from backoffice.times import DAY_NS
from tests.backoffice.payments.world import ANN, BEN, CAY, Killed, World


async def test_a_deposit_is_credited_once_it_is_booked(world: World) -> None:
    world.rail.switch(Fault.DELAY, 3)
    reference = world.rail.deposit(await world.address(), "USD", 1_000, "Alpha Trading Ltd")
    await world.payments.step()
    assert (await world.deposit(reference)).state == DepositState.CONFIRMING
    assert world.available() == 0
    for _ in range(4):
        await world.payments.step()
    await world.settle()
    assert (await world.deposit(reference)).state == DepositState.CREDITED
    assert world.available() == 1_000


async def test_a_deposit_that_may_be_credited_already_is_so_first_whatever_the_rail_says_of_it_meanwhile(
    world: World,
) -> None:
    reference = world.rail.deposit(await world.address(), "USD", 1_000, "Alpha Trading Ltd")
    await world.payments.step()
    assert (await world.deposit(reference)).state == DepositState.COMPLIANCE
    await world.payments.step()
    assert (await world.deposit(reference)).state == DepositState.CREDITING
    world.edges.left = 4  # The command is given; the process is killed before it knows what came of it.
    with pytest.raises(Killed):
        await world.payments.step()
    world.restart()
    assert (await world.deposit(reference)).state == DepositState.CREDITING
    assert world.available() == 1_000
    other = Movement(reference, (await world.deposit(reference)).address, "USD", 999, BOOKED)
    async with world.staff_database.writing() as session:
        await deposits.take(session, world.rail.name, Incoming((other,), "1"), world.now_ns)
    await world.settle()
    assert (await world.deposit(reference)).state == DepositState.CREDITED


async def test_what_a_rail_tells_again_and_twice_is_credited_once(world: World) -> None:
    await world.fund(1_000)
    world.rail.switch(Fault.REPEAT, 5)
    await world.fund(500)
    for _ in range(5):
        await world.payments.step()
    assert world.available() == 1_500


async def test_a_deposit_to_nobodys_address_waits_until_two_people_say_whose_it_is(world: World) -> None:
    reference = world.rail.deposit("NOBODY", "USD", 700, "?")
    await world.settle()
    found = await world.deposit(reference)
    assert (found.state, found.reason) == (DepositState.UNASSIGNED, "nobody's address")
    async with world.staff_database.writing() as session:
        found = await deposits.find(session, found.name)
        await deposits.assign(session, ANN, found, "BETA", why="their letter", now_ns=world.now_ns)
        await deposits.propose_release(session, ANN, found, credit=True, why="their letter", now_ns=world.now_ns)
    await world.settle()
    assert world.available("BETA") == 0
    await world.decide(BEN)
    await world.settle()
    assert world.available("BETA") == 700


async def test_a_deposit_to_nobodys_address_waits_for_people_once_it_is_deep_enough(world: World) -> None:
    world.rail.switch(Fault.DELAY, 3)
    reference = world.rail.deposit("NOBODY", "USD", 700, "?")
    await world.payments.step()
    assert (await world.deposit(reference)).state == DepositState.CONFIRMING
    for _ in range(4):
        await world.payments.step()
    assert (await world.deposit(reference)).state == DepositState.UNASSIGNED


@pytest.mark.parametrize(("address", "amount"), (("NOBODY", 700), (None, 60_000)))
async def test_a_deposit_that_is_gone_while_it_waits_for_people_vanishes(
    world: World, address: str | None, amount: int
) -> None:
    reference = world.rail.deposit(address or await world.address(), "USD", amount, "?")
    await world.settle()
    waiting = (await world.deposit(reference)).state
    assert waiting in (DepositState.UNASSIGNED, DepositState.QUARANTINED)
    world.rail.take_back(reference)
    await world.settle()
    assert (await world.deposit(reference)).state == DepositState.VANISHED
    world.rail.take_back(reference, is_gone=False)
    await world.settle()
    assert (await world.deposit(reference)).state == waiting


async def test_a_deposit_that_was_assigned_wrongly_is_assigned_again(world: World) -> None:
    await world.address()
    reference = world.rail.deposit("NOBODY", "USD", 70, "Beta Trading Ltd")
    await world.settle()
    for account in ("NOT-THERE", "BETA"):
        async with world.staff_database.writing() as session:
            deposit = await deposits.find(session, "D-1")
            await deposits.assign(session, ANN, deposit, account, why="they say so", now_ns=world.now_ns)
        async with world.staff_database.writing() as session:
            await deposits.propose_release(
                session, ANN, await deposits.find(session, "D-1"), credit=True, why="theirs", now_ns=world.now_ns
            )
        await world.decide(BEN)
        await world.settle()
    assert (await world.deposit(reference)).state == DepositState.CREDITED
    assert world.available("BETA") == 70


async def test_a_large_deposit_is_looked_at_and_may_be_sent_back(world: World) -> None:
    found = await world.fund(60_000)
    assert (found.state, found.reason) == (DepositState.QUARANTINED, "so large that it is looked at")
    async with world.staff_database.writing() as session:
        found = await deposits.find(session, found.name)
        await deposits.propose_release(session, ANN, found, credit=False, why="whose is it?", now_ns=world.now_ns)
    await world.decide(CAY)
    await world.settle()
    assert (await world.deposit(found.reference)).state == DepositState.RETURNED
    assert world.available() == 0


async def test_a_client_who_may_not_pay_in_is_not_credited(world: World) -> None:
    world.clients.objections["ALPHA", Flow.IN] = "client C-1 is suspended"
    found = await world.fund(100)
    assert (found.state, found.reason) == (DepositState.QUARANTINED, "client C-1 is suspended")


async def test_a_deposit_waits_until_it_is_known_whose_account_it_is(world: World) -> None:
    world.clients.unknown.add("ALPHA")
    found = await world.fund(100)
    assert (found.state, found.reason) == (DepositState.COMPLIANCE, "it is not known yet whose account ALPHA is")
    world.clients.unknown.clear()
    await world.settle()
    assert world.available() == 100


async def test_a_deposit_waits_a_bounded_time_for_its_account_to_be_known(world: World) -> None:
    world.clients.unknown.add("ALPHA")
    world.clients.objections["ALPHA", Flow.IN] = "account ALPHA is no client's"
    found = await world.fund(100)
    world.now_ns += deposits.UNKNOWN_NS_MAX
    await world.settle()
    found = await world.deposit(found.reference)
    assert (found.state, found.reason) == (DepositState.QUARANTINED, "account ALPHA is no client's")


async def test_a_deposit_that_is_gone_before_it_is_credited_is_not(world: World) -> None:
    world.rail.switch(Fault.DELAY, 2)
    reference = world.rail.deposit(await world.address(), "USD", 1_000, "Alpha")
    await world.payments.step()
    world.rail.take_back(reference)
    await world.settle()
    assert (await world.deposit(reference)).state == DepositState.VANISHED
    world.rail.take_back(reference, is_gone=False)
    await world.settle()
    assert (await world.deposit(reference)).state == DepositState.CREDITED
    assert world.available() == 1_000


async def test_a_deposit_that_is_gone_after_it_was_credited_is_told(world: World) -> None:
    found = await world.fund(1_000)
    world.rail.take_back(found.reference)
    await world.settle()
    assert (await world.deposit(found.reference)).state == DepositState.RECALLED
    world.rail.take_back(found.reference, is_gone=False)
    await world.settle()
    assert (await world.deposit(found.reference)).state == DepositState.CREDITED
    assert world.available() == 1_000


async def take_back_and_debit(world: World, found: Deposit) -> None:
    """Have the rail take a deposit back, and two people have it debited."""
    world.rail.take_back(found.reference)
    await world.settle()
    async with world.staff_database.writing() as session:
        found = await deposits.find(session, found.name)
        await deposits.propose_debit(session, ANN, found, why="the chain has another history", now_ns=world.now_ns)
    await world.decide(BEN)
    await world.settle()


async def test_what_a_rail_took_back_is_debited_by_two_people_and_credited_again_when_it_is_back(world: World) -> None:
    found = await world.fund(1_000)
    await take_back_and_debit(world, found)
    assert (await world.deposit(found.reference)).state == DepositState.DEBITED
    assert world.available() == 0
    world.rail.take_back(found.reference, is_gone=False)
    await world.settle()
    assert (await world.deposit(found.reference)).state == DepositState.CREDITED
    assert world.available() == 1_000


async def test_what_a_client_has_spent_cannot_be_debited(world: World) -> None:
    found = await world.fund(1_000)
    await world.request(await world.destination(), 400)
    await take_back_and_debit(world, found)
    assert (await world.deposit(found.reference)).state == DepositState.RECALLED
    assert world.available() == 600


async def test_a_withdrawal_is_held_approved_paid_and_settled(world: World) -> None:
    await world.fund(1_000)
    name = await world.request(await world.destination(), 400)
    await world.settle()
    assert await world.state(name) is WithdrawalState.APPROVING
    assert (world.available(), world.held()) == (600, 400)
    assert world.paid() == {}
    await world.decide(BEN)
    await world.settle()
    assert await world.state(name) is WithdrawalState.SETTLED
    assert (world.available(), world.held()) == (600, 0)
    assert world.paid() == {name: 1}


async def test_a_large_withdrawal_needs_two_besides_the_one_who_asks(world: World) -> None:
    await world.fund(5_000)
    name = await world.request(await world.destination(), 1_001)
    await world.settle()
    with pytest.raises(Refused, match="somebody else must decide"):
        await world.decide(ANN)
    await world.decide(BEN)
    await world.settle()
    assert await world.state(name) is WithdrawalState.APPROVING
    with pytest.raises(Conflict, match="needs others"):
        await world.decide(BEN)
    await world.decide(CAY)
    await world.settle()
    assert await world.state(name) is WithdrawalState.SETTLED


async def test_more_than_there_is_cannot_be_withdrawn(world: World) -> None:
    await world.fund(300)
    name = await world.request(await world.destination(), 301)
    await world.settle()
    assert await world.state(name) is WithdrawalState.REFUSED
    assert (world.available(), world.held()) == (300, 0)


async def test_a_withdrawal_that_is_turned_down_gives_the_funds_back(world: World) -> None:
    await world.fund(1_000)
    name = await world.request(await world.destination(), 400)
    await world.settle()
    await world.decide(BEN, reject=True)
    await world.settle()
    assert await world.state(name) is WithdrawalState.CANCELLED
    assert (world.available(), world.held()) == (1_000, 0)
    assert world.paid() == {}


async def test_who_asked_may_cancel_until_it_is_sent(world: World) -> None:
    await world.fund(1_000)
    destination = await world.destination()
    name = await world.request(destination, 400)
    await world.settle()
    async with world.staff_database.writing() as session:
        await withdrawals.cancel(session, ANN, name, why="not needed", now_ns=world.now_ns)
    await world.settle()
    assert await world.state(name) is WithdrawalState.CANCELLED
    assert (world.available(), world.held()) == (1_000, 0)
    paid = await world.request(destination, 100)
    await world.settle()
    await world.decide(BEN)
    await world.settle()
    async with world.staff_database.writing() as session:
        with pytest.raises(Refused, match="it cannot be cancelled any more"):
            await withdrawals.cancel(session, ANN, paid, why="too late", now_ns=world.now_ns)


async def test_a_new_destination_cools_before_it_is_paid_to(world: World) -> None:
    await world.fund(1_000)
    async with world.staff_database.writing() as session:
        approval = await destinations.add(
            session, ANN, world.rules["sandbox", "USD"], "ALPHA", "DE01", "Alpha", why="theirs", now_ns=world.now_ns
        )
    destination = approval.subject.removeprefix("destination/")
    with pytest.raises(Refused, match="is not approved"):
        await world.request(destination, 10)
    await world.decide(BEN)
    name = await world.request(destination, 10)
    await world.settle()
    found = await world.withdrawal(name)
    assert found.state == WithdrawalState.STOPPED
    assert found.reason == f"destination {destination} is new: it is paid to in 60 minutes"
    world.now_ns += world.rules["sandbox", "USD"].cooling_ns
    await world.settle()
    assert await world.state(name) is WithdrawalState.APPROVING


async def test_a_destination_that_is_removed_cancels_what_waits_to_be_paid_to_it(world: World) -> None:
    await world.fund(1_000)
    destination = await world.destination()
    approving, approved = [await world.request(destination, amount) for amount in (10, 20)]
    await world.settle()
    async with world.staff_database.writing() as session:
        waits = (await withdrawals.find(session, approved)).approval
        assert waits is not None
        await approvals.approve(session, BEN, waits, why="seen", now_ns=world.now_ns)
        await destinations.remove(session, BEN, destination, why="hacked?", now_ns=world.now_ns)
    await world.settle()
    for name in (approving, approved):
        found = await world.withdrawal(name)
        assert found.state == WithdrawalState.CANCELLED
        assert found.reason.startswith("the destination is removed; the funds are back by record ")
    assert (world.available(), world.paid()) == (1_000, {})
    assert await world.decide(BEN) == 0


async def test_a_destination_that_is_changed_is_approved_and_cools_anew(world: World) -> None:
    await world.fund(1_000)
    old = await world.destination("DE89")
    name = await world.request(old, 10)
    await world.settle()
    async with world.staff_database.writing() as session:
        approval = await destinations.change(
            session, ANN, world.rules, old, address="DE90", holder=None, why="another bank", now_ns=world.now_ns
        )
    await world.settle()
    assert await world.state(name) is WithdrawalState.CANCELLED
    new = approval.subject.removeprefix("destination/")
    for destination in (old, new):
        with pytest.raises(Refused, match=r"is removed|is not approved"):
            await world.request(destination, 10)
    assert await world.decide(BEN) == 1
    async with world.staff_database.reading() as session:
        found = await destinations.find(session, new, for_update=False)
    assert (found.address, found.holder, found.approved_by) == ("DE90", "Alpha Trading Ltd", "ben")
    assert destinations.objection(found, world.now_ns) == f"destination {new} is new: it is paid to in 60 minutes"


async def test_a_destination_is_not_changed_to_what_it_is(world: World) -> None:
    destination = await world.destination("DE89")
    async with world.staff_database.writing() as session:
        with pytest.raises(Refused, match="T-1: nothing to change"):
            await destinations.change(
                session, ANN, world.rules, destination, address="DE89", holder=None, why="so", now_ns=world.now_ns
            )


async def test_a_client_suspended_after_the_approval_is_not_paid(world: World) -> None:
    await world.fund(1_000)
    name = await world.request(await world.destination(), 10)
    await world.settle()
    await world.decide(BEN)
    world.clients.objections["ALPHA", Flow.OUT] = "client C-1 is suspended"
    await world.settle()
    assert await world.state(name) is WithdrawalState.STOPPED
    assert world.paid() == {}
    world.clients.objections.clear()
    await world.settle()
    assert await world.state(name) is WithdrawalState.APPROVING, "it is approved anew"


async def test_the_limit_of_a_day_stops_what_would_exceed_it(world: World) -> None:
    await world.fund(40_000)
    destination = await world.destination()
    first, second = await world.request(destination, 15_000), await world.request(destination, 5_001)
    await world.settle()
    assert await world.state(first) is WithdrawalState.APPROVING
    assert (await world.withdrawal(second)).reason == "over the limit of 24 hours for USD"
    world.now_ns += DAY_NS
    third = await world.request(destination, 5_000)
    await world.settle()
    assert await world.state(third) is WithdrawalState.APPROVING


@pytest.mark.parametrize("fault", (Fault.REFUSE, Fault.FAIL))
async def test_a_payout_that_the_rail_does_not_make_gives_the_funds_back(world: World, fault: Fault) -> None:
    await world.fund(1_000)
    world.rail.switch(fault, 1)
    name = await world.request(await world.destination(), 10)
    await world.settle()
    await world.decide(BEN)
    await world.settle()
    assert await world.state(name) is WithdrawalState.FAILED
    assert (world.available(), world.held()) == (1_000, 0)


@pytest.mark.parametrize("fault", (Fault.REFUSE, Fault.FAIL, Fault.LOSS, Fault.SILENCE))
async def test_a_fault_of_the_sandbox_rail_ends_after_as_many_payouts_as_it_was_told(
    world: World, fault: Fault
) -> None:
    await world.fund(1_000)
    destination = await world.destination()
    world.rail.switch(fault, 1)
    names = [await world.request(destination, 10) for _ in range(2)]
    await world.settle()
    await world.decide(BEN)
    await world.settle()
    assert world.rail.faults() == {}
    assert await world.state(names[1]) is WithdrawalState.SETTLED


async def test_a_payout_without_an_answer_is_looked_up_and_never_sent_again(world: World) -> None:
    await world.fund(1_000)
    world.rail.switch(Fault.SILENCE, 1)
    name = await world.request(await world.destination(), 10)
    await world.settle()
    await world.decide(BEN)
    await world.settle()
    assert await world.state(name) is WithdrawalState.SETTLED
    assert world.paid() == {name: 1}


async def test_a_payout_of_which_nobody_knows_stays_uncertain_until_two_people_decide(world: World) -> None:
    await world.fund(1_000)
    world.rail.switch(Fault.LOSS, 1)
    name = await world.request(await world.destination(), 10)
    await world.settle()
    await world.decide(BEN)
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            await world.settle()
            world.restart()
    assert [(each["event"], each["withdrawal"]) for each in logs] == [("a withdrawal is uncertain", name)]
    assert await world.state(name) is WithdrawalState.UNCERTAIN
    assert (world.available(), world.held()) == (990, 10)
    async with world.staff_database.writing() as session:
        await withdrawals.propose_outcome(
            session, ANN, name, is_paid=False, why="the bank has no trace of it", now_ns=world.now_ns
        )
    await world.decide(CAY)
    await world.settle()
    assert await world.state(name) is WithdrawalState.FAILED
    assert (world.available(), world.held()) == (1_000, 0)
    assert world.paid() == {}


async def test_what_comes_back_is_credited_to_who_had_withdrawn_it(world: World) -> None:
    await world.fund(1_000)
    name = await world.request(await world.destination(), 10)
    await world.settle()
    await world.decide(BEN)
    await world.settle()
    world.rail.deposit("OURS", "USD", 10, "the bank", returns=name)
    await world.settle()
    assert world.available() == 1_000


async def test_payments_wait_for_a_venue_that_is_away(world: World) -> None:
    world.engine.is_away = True
    found = await world.fund(1_000)
    assert found.state == DepositState.CREDITING
    world.engine.is_away = False
    await world.settle()
    assert world.available() == 1_000


async def test_who_may_not_is_told_what_it_takes(world: World) -> None:
    await world.fund(1_000)
    destination = await world.destination()
    async with world.staff_database.writing() as session:
        with pytest.raises(Refused, match="eve may not request withdrawals: needs treasury or operations"):
            await withdrawals.request(session, Actor("eve"), destination, 1, why="x", now_ns=world.now_ns)


async def test_a_payout_that_is_stuck_is_renewed_and_paid_once(world: World) -> None:
    await world.fund(1_000)
    world.rail.switch(Fault.STUCK, 1)
    name = await world.request(await world.destination(), 100)
    await world.settle()
    await world.decide(BEN)
    await world.settle()
    assert await world.state(name) is WithdrawalState.SETTLED
    assert world.paid() == {name: 1}
    async with world.staff_database.reading() as session:
        found = await withdrawals.find(session, name, for_update=False)
        sent = await withdrawals.sent_of(session, found)
    assert found.prepared is not None
    assert sent == [found.prepared, found.prepared + b"|fee 1"]


async def test_a_payout_whose_renewal_is_lost_is_handed_over_again_as_it_was(world: World) -> None:
    await world.fund(1_000)
    world.rail.switch(Fault.STUCK, 1)
    name = await world.request(await world.destination(), 100)
    await world.settle()
    await world.decide(BEN)
    await world.reach(name, WithdrawalState.SENT)
    world.rail.switch(Fault.LOSS, 1)
    await world.payments.step()
    assert await world.state(name) is WithdrawalState.SENT, "what was handed over first may be paid yet"
    await world.settle()
    await world.settle()
    assert (await world.state(name), world.paid()) == (WithdrawalState.SETTLED, {name: 1})
    async with world.staff_database.reading() as session:
        found = await withdrawals.find(session, name, for_update=False)
        assert len(await withdrawals.sent_of(session, found)) == 2
