"""What is missing to the monthly minimum of a fee schedule."""

import datetime as dt

import msgspec
import pytest

from backoffice.access import charging
from backoffice.access.fees import Fees, FeeTier
from backoffice.access.minimums import Day, Owed
from backoffice.access.tables import FeeAssignment, FeeSchedule
from backoffice.crm.documents import months_after
from backoffice.database import Database
from backoffice.projector.projector import Projector
from backoffice.reports.by import By
from backoffice.reports.minimums import Minimum, bounds_of, minimums
from backoffice.reports.scope import Scope, Seen
from backoffice.reports.volumes import volumes
from backoffice.staff import approvals
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Role
from backoffice.times import DAY_NS, day_of
from tests.backoffice.crm.house import House
from tests.backoffice.projector.journaled import JOURNAL, Journaled, project, take_in
from tests.engine.tape import START_NS

FIRST = day_of(START_NS).replace(day=1)
"""The month in which the tape begins, and its firms have their first accounts;"""
SECOND = months_after(FIRST, 1)
"""and the one after it."""
DEE = Actor("dee", frozenset({Role.OPERATIONS}))
EVE = Actor("eve", frozenset({Role.TREASURY}))


@pytest.fixture(scope="module")
def journaled() -> Journaled:
    return Journaled(seed=5, length=600)


def schedule(name: str, version: int, minimum: int, effective_ns: int = 0, asset: str = "USD") -> FeeSchedule:
    content = msgspec.to_builtins(Fees(asset, (FeeTier(0, 0, 1),), minimum))
    who = {"proposed_by": "ann", "approved_by": "ben"}
    return FeeSchedule(schedule=name, version=version, content=content, effective_ns=effective_ns, **who)


def assignment(firm: str, name: str, symbol: str = "") -> FeeAssignment:
    who = {"proposed_by": "ann", "approved_by": "ben"}
    return FeeAssignment(firm=firm, schedule=name, symbol=symbol, effective_ns=0, **who)


async def found(database: Database, *rows: FeeSchedule | FeeAssignment, month: dt.date = FIRST) -> list[Minimum]:
    async with database.writing() as session:
        session.add_all(rows)
    async with database.reading() as session:
        return await minimums(session, month)


async def paid(database: Database, *symbols: str) -> int:
    async with database.reading() as session:
        return sum(each.fees for each in await volumes(session, Scope(firm="FIRM"), By.FIRM) if each.symbol in symbols)


async def test_what_a_firm_has_paid_counts_towards_its_minimum(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [500])
    (one,) = await found(database, schedule("basic", 1, 10**9), assignment("FIRM", "basic"), month=SECOND)
    assert (one.paid, one.missing) == (0, 10**9)
    (one,) = await found(database, schedule("basic", 2, 2 * 10**9), month=FIRST)
    assert one.paid == await paid(database, "BTC/USD", "ETH/USD")
    assert one.paid > 0
    assert one.missing == one.owed.minimum - one.paid


async def test_an_instrument_with_a_schedule_of_its_own_counts_there(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [500])
    rows = (schedule("basic", 1, 50), schedule("special", 1, 10**9))
    whole, own = await found(
        database, *rows, assignment("FIRM", "basic"), assignment("FIRM", "special", symbol="ETH/USD")
    )
    assert (whole.owed.schedule, whole.paid) == ("basic", await paid(database, "BTC/USD"))
    assert (own.owed.schedule, own.paid) == ("special", await paid(database, "ETH/USD"))
    assert whole.missing == max(0, whole.owed.minimum - whole.paid)


async def test_one_schedule_for_all_and_for_an_instrument_has_one_minimum(
    database: Database, journaled: Journaled
) -> None:
    await project(database, journaled, [500])
    rows = (assignment("FIRM", "basic"), assignment("FIRM", "basic", symbol="ETH/USD"))
    (one,) = await found(database, schedule("basic", 1, 10**9), *rows)
    assert one.paid == await paid(database, "BTC/USD", "ETH/USD")


async def test_a_firm_without_an_account_owes_nothing(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [500])
    assert await found(database, schedule("basic", 1, 10**9), assignment("NOBODY", "basic")) == []


async def test_what_was_paid_as_of_a_record_is_what_was_said_then(database: Database, journaled: Journaled) -> None:
    projector = await Projector.open(database, JOURNAL)
    said = []
    rows: tuple[FeeSchedule | FeeAssignment, ...] = (schedule("basic", 1, 10**9), assignment("FIRM", "basic"))
    while projector.sequence < len(journaled.payloads):
        records = journaled.records(projector.sequence, 97)
        await take_in(projector, records)
        said.append((Seen(records[-1].sequence, records[-1].time_ns), await found(database, *rows)))
        rows = ()
    assert len({each.paid for _, (each,) in said}) > 1
    async with database.reading() as session:
        for seen, then in said:
            assert await minimums(session, FIRST, seen) == then
        assert await minimums(session, FIRST, Seen(0, START_NS - 1)) == []


async def test_what_was_agreed_as_of_a_moment_is_what_was_approved_by_then(house: House, journaled: Journaled) -> None:
    await house.active(firm="FIRM")
    await project(house.database, journaled, [500])
    month = months_after(house.today.replace(day=1), 1)
    from_ns, _ = bounds_of(month)
    fees = [Fees("USD", (FeeTier(0, 0, 1),), minimum) for minimum in (3_100, 6_200)]
    said = {}
    for propose, *given in (
        (charging.propose_schedule, "basic", fees[0], 0),
        (charging.propose_assignment, "FIRM", "basic", "", from_ns),
        (charging.propose_schedule, "basic", fees[1], from_ns + DAY_NS),
        (charging.propose_schedule, "other", fees[0], 0),
        (charging.propose_assignment, "FIRM", "other", "", from_ns + 2 * DAY_NS),
    ):
        proposal = await house.write(propose, DEE, *given)
        house.now_ns += 1
        await house.write(approvals.approve, EVE, proposal.id)
        said[house.now_ns] = await found(house.database, month=month)
        house.now_ns += 1
    assert [[each.owed.minimum for each in then] for then in said.values()] == [
        [],
        [3_100],
        [6_100],
        [6_100],
        [300, 2_900],
    ]
    async with house.database.reading() as session:
        for at_ns, then in said.items():
            assert await minimums(session, month, Seen(len(journaled.payloads), at_ns)) == then


def test_rebates_beyond_all_fees_are_not_taken_back() -> None:
    owed = Owed("basic", 1, "USD", 300, [Day(300, frozenset())] * 30)
    assert [Minimum("FIRM", owed, paid).missing for paid in (-50, 0, 50, 300, 400)] == [300, 300, 250, 0, 0]
