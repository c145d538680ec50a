"""Breaks: what rails, payments and books do not agree on is found once, ages, and is closed or resolved."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backoffice.errors import NotFound, Refused
from backoffice.payments import withdrawals
from backoffice.payments.rail import BOOKED, Booking, Incoming, Movement, RailSilent, Statement
from backoffice.payments.sandbox import NAME, Fault
from backoffice.payments.states import DepositState, WithdrawalState
from backoffice.payments.tables import Withdrawal
from backoffice.reconciliation.breaks import find, open_at, resolve
from backoffice.reconciliation.found import MEANINGS, Kind
from backoffice.reconciliation.reconciling import Reconciled, reconcile
from backoffice.reconciliation.tables import Break, RailBooking
from backoffice.staff import audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Role
from backoffice.times import MINUTE_NS
from tests.backoffice.payments.world import ANN, BEN, CAY, World


async def look(world: World) -> Reconciled:
    """Let a minute go by, and reconcile."""
    world.now_ns += MINUTE_NS
    return await reconcile(world.staff_database, {NAME: world.rail}, world.now_ns)


async def standing(world: World) -> list[tuple[str, str]]:
    """Return the kind and the subject of each break that is open."""
    async with world.staff_database.reading() as session:
        return [(row.kind, row.subject) for row in await open_at(session, world.now_ns)]


async def the_break(world: World) -> Break:
    async with world.staff_database.reading() as session:
        return await find(session, "B-1", for_update=False)


async def pay_out(world: World, *faults: Fault, amount: int = 100) -> str:
    """Pay something out, with something going wrong; return what it is called."""
    await world.fund(10_000)
    destination = await world.destination()
    for fault in faults:
        world.rail.switch(fault, 1)
    name = await world.request(destination, amount)
    await world.settle()
    await world.decide(BEN, CAY)
    await world.settle()
    return name


async def test_what_a_rail_calls_by_more_than_is_kept_is_the_same_in_its_record(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "N\0" * 200
    references = [f"{long}{number}" for number in range(2)]

    async def incoming(_cursor: str) -> Incoming:
        told = [Movement(each, long, "USD", 100, BOOKED, sender=long, returns=long) for each in references]
        return Incoming((*told, Movement("odd", long, long, 100, BOOKED)), "3")

    async def statement(_cursor: str) -> Statement:
        booked = [Booking(each, "USD", 100, long) for each in references]
        return Statement((*booked, Booking("odd", long, 100)), "3", {"USD": 200, long: 100})

    monkeypatch.setattr(world.rail, "incoming", incoming)
    monkeypatch.setattr(world.rail, "statement", statement)
    await world.settle()
    await look(world)
    found = [each for each in await standing(world) if each[0] != "rail-balance"]
    assert sorted(found) == [("unmatched", f"D-{number}") for number in (1, 2, 3)]


async def test_where_all_agrees_there_is_no_break(world: World) -> None:
    assert await world.state(await pay_out(world)) is WithdrawalState.SETTLED
    assert (await look(world)).opened == []
    assert await standing(world) == []


async def test_a_deposit_that_is_told_again_is_no_break(world: World) -> None:
    await world.fund(1_000)
    world.rail.switch(Fault.REPEAT, 3)
    await world.fund(500)
    await look(world)
    assert await standing(world) == []


async def test_a_payout_that_was_lost_is_uncertain_until_two_have_found_out(world: World) -> None:
    name = await pay_out(world, Fault.LOSS)
    (found,) = (await look(world)).opened
    assert (found.kind, found.subject, found.here, found.there) == (Kind.UNCERTAIN, name, "uncertain", "nothing")
    async with world.staff_database.writing() as session:
        await withdrawals.propose_outcome(session, ANN, name, is_paid=False, why="no trace", now_ns=world.now_ns)
    await world.decide(CAY)
    await world.settle()
    (closed,) = (await look(world)).closed
    assert (closed.state, closed.resolved_by, closed.resolved_ns) == ("resolved", "backoffice", world.now_ns)
    assert closed.reason.startswith(f"{name} is failed, and nothing disagrees any more")
    assert await standing(world) == []


async def test_a_payout_that_counts_as_paid_and_is_not_in_the_rails_record_is_missing_there(world: World) -> None:
    name = await pay_out(world, Fault.LOSS)
    async with world.staff_database.writing() as session:
        await withdrawals.propose_outcome(session, ANN, name, is_paid=True, why="they say so", now_ns=world.now_ns)
    await world.decide(CAY)
    await world.settle()
    await look(world)
    assert await standing(world) == [(Kind.MISSING_THERE, name)]


async def test_a_payout_that_counts_as_failed_and_was_paid_is_missing_here(world: World) -> None:
    name = await pay_out(world)
    async with world.staff_database.writing() as session:
        (await session.scalars(select(Withdrawal))).one().state = str(WithdrawalState.FAILED)
    (found,) = (await look(world)).opened
    assert (found.kind, found.subject, found.here) == (Kind.MISSING_HERE, "sandbox/P-1", f"{name} is failed")


@pytest.mark.parametrize(
    ("fault", "kind", "amount"), ((Fault.AMOUNT, Kind.AMOUNT_MISMATCH, 99), (Fault.DOUBLE, Kind.DUPLICATE, 200))
)
async def test_another_amount_and_a_second_payment_are_found(
    world: World, fault: Fault, kind: Kind, amount: int
) -> None:
    name = await pay_out(world, fault)
    (found,) = (await look(world)).opened
    assert (found.kind, found.subject, found.here_amount, found.there_amount) == (kind, name, 100, amount)
    assert (await look(world)).opened == []
    assert (await the_break(world)).last_seen_ns == world.now_ns


async def test_a_deposit_that_is_not_in_the_rails_record_is_missing_there_until_it_is(world: World) -> None:
    deposit = await world.fund(1_000)
    await look(world)
    async with world.staff_database.writing() as session:
        (await session.get_one(RailBooking, (NAME, deposit.reference))).is_gone = True
    await look(world)
    assert await standing(world) == [(Kind.MISSING_THERE, deposit.name)]
    async with world.staff_database.writing() as session:
        (await session.get_one(RailBooking, (NAME, deposit.reference))).is_gone = False
    assert [each.name for each in (await look(world)).closed] == ["B-1"]


async def test_what_the_rail_has_and_nobody_here_knows_is_missing_here_unless_it_is_on_its_way(world: World) -> None:
    world.rail.deposit(await world.address(), "USD", 700, "Alpha Trading Ltd")
    await look(world)
    assert await standing(world) == []
    await look(world)
    assert await standing(world) == [(Kind.MISSING_HERE, "sandbox/S-1")]
    await world.settle()
    await look(world)
    assert await standing(world) == []


async def test_another_amount_than_was_told_is_a_break(world: World) -> None:
    deposit = await world.fund(1_000)
    await look(world)
    async with world.staff_database.writing() as session:
        (await session.get_one(RailBooking, (NAME, deposit.reference))).amount = 999
    await look(world)
    found = await the_break(world)
    assert (found.kind, found.here_amount, found.there_amount) == (Kind.AMOUNT_MISMATCH, 1_000, 999)


async def test_what_waits_for_people_is_a_break_that_ages(world: World) -> None:
    world.rail.deposit("NOBODY", "USD", 5, "?")
    await world.settle()
    large = await world.fund(60_000)
    recalled = await world.fund(700)
    world.rail.take_back(recalled.reference)
    await world.settle()
    assert (await world.deposit(recalled.reference)).state == DepositState.RECALLED
    await look(world)
    assert await standing(world) == [
        (Kind.UNMATCHED, "D-1"),
        (Kind.QUARANTINED, large.name),
        (Kind.RECALLED, recalled.name),
    ]
    first = (await the_break(world)).first_seen_ns
    await look(world)
    assert (await the_break(world)).first_seen_ns == first == world.now_ns - MINUTE_NS


async def test_what_somebody_has_resolved_stays_so_while_it_is_the_same(world: World) -> None:
    name = await pay_out(world, Fault.AMOUNT)
    await look(world)
    before_ns = world.now_ns
    world.now_ns += 1
    async with world.staff_database.writing() as session:
        await resolve(session, ANN, "b-1", why="the bank's fee", now_ns=world.now_ns)
    await look(world)
    assert await standing(world) == []
    async with world.staff_database.reading() as session:
        assert [row.name for row in await open_at(session, before_ns)] == ["B-1"]
        trail = await audit.entries(session, audit.Wanted(subject="break/B-1"), 10)
    assert [(entry.actor, entry.verb, entry.why) for entry in trail] == [
        ("backoffice", "find", "it does not agree"),
        ("ann", "resolve", "the bank's fee"),
    ]
    async with world.staff_database.writing() as session:
        (await session.get_one(RailBooking, (NAME, "P-1"))).amount = -50
    await look(world)
    assert await standing(world) == [(Kind.AMOUNT_MISMATCH, name)]
    with pytest.raises(Refused, match="B-1 is resolved already, by ann: the bank's fee"):
        await _resolve(world, ANN, "B-1")


async def test_who_may_not_resolve_does_not_and_what_is_none_is_not_found(world: World) -> None:
    with pytest.raises(Refused, match="may not resolve breaks: needs treasury or operations"):
        await _resolve(world, Actor("eve", frozenset({Role.AUDITOR})), "B-1")
    with pytest.raises(NotFound, match="B-9: there is no such break"):
        await _resolve(world, ANN, "B-9")


async def test_while_a_rail_is_silent_its_breaks_stay_and_no_others_come(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await pay_out(world, Fault.AMOUNT)
    await look(world)

    async def silence(_cursor: str) -> Statement:
        raise RailSilent("the bank is closed")

    monkeypatch.setattr(world.rail, "statement", silence)
    await world.fund(100)
    result = await look(world)
    assert result.silent == {NAME: "the bank is closed"}
    assert await standing(world) == [(Kind.AMOUNT_MISMATCH, name)]


async def test_killed_before_it_is_kept_nothing_is_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    name = await pay_out(world, Fault.AMOUNT)

    async def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("backoffice.reconciliation.reconciling.breaks.take", killed)
        with pytest.raises(KeyboardInterrupt):
            await look(world)
    assert await standing(world) == []
    await look(world)
    assert await standing(world) == [(Kind.AMOUNT_MISMATCH, name)]


def test_every_kind_is_documented() -> None:
    assert set(MEANINGS) == set(Kind)
    page = (Path(__file__).parents[3] / "spec" / "books.md").read_text(encoding="utf-8")
    for kind, meaning in MEANINGS.items():
        assert f"| {kind} | {meaning} |" in page


async def _resolve(world: World, actor: Actor, name: str) -> None:
    async with world.staff_database.writing() as session:
        await resolve(session, actor, name, why="seen", now_ns=world.now_ns)
