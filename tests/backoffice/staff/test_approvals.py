"""Four eyes: who may approve what, when it is carried out, and what the database itself refuses."""

import asyncio
import subprocess
import sys
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database import Database
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.staff import approvals, audit
from backoffice.staff.actor import Actor
from backoffice.staff.approvals import TRANSITIONS, VALID_NS, State, Verb
from backoffice.staff.audit import Wanted
from backoffice.staff.permissions import Permission, Role
from backoffice.staff.tables import Approval, ApprovalDecision

TREASURY = frozenset({Role.TREASURY})
ANN, BEN, CAY, DAN = (Actor(name, TREASURY) for name in ("ann", "ben", "cay", "dan"))
PAYOUT, VERSIONED = "test.payout", "test.versioned"
VERSIONS = {"client/C-1": 3}


async def _carry_out(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    if approval.payload.get("fails"):
        raise Refused("no money")
    after = dict(approval.payload)
    await audit.record(session, actor, "pay", approval.subject, before=None, after=after, why="approved", now_ns=now_ns)
    approval.shown_once["receipt"] = "R-1"


async def _turn_down(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    await audit.record(session, actor, "release", approval.subject, before=None, after=None, why="not", now_ns=now_ns)


async def _version_of(_session: AsyncSession, subject: str) -> int:
    return VERSIONS[subject]


@pytest.fixture(autouse=True)
def _kinds_of_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approvals, "_kinds", {})
    approvals.register(PAYOUT, Permission.APPROVE_WITHDRAWALS, _carry_out, turn_down=_turn_down)
    approvals.register(VERSIONED, Permission.APPROVE_WITHDRAWALS, _carry_out, version_of=_version_of)


async def propose(database: Database, actor: Actor = ANN, kind: str = PAYOUT, **changes: Any) -> str:
    fields: dict[str, Any] = {"subject": "withdrawal/W-1", "payload": {"amount": 5}, "why": "asked for", "now_ns": 10}
    async with database.writing() as session:
        return (await approvals.propose(session, actor, kind, **{**fields, **changes})).id


async def approve(
    database: Database, actor: Actor, approval: str = "A-1", now_ns: int = 20, **options: Any
) -> Approval:
    async with database.writing() as session:
        return await approvals.approve(session, actor, approval, why="fine", now_ns=now_ns, **options)


async def reject(database: Database, actor: Actor, approval: str = "A-1") -> Approval:
    async with database.writing() as session:
        return await approvals.reject(session, actor, approval, why="no", now_ns=20)


async def verbs(database: Database) -> list[str]:
    async with database.reading() as session:
        return [entry.verb for entry in await audit.entries(session, Wanted(), 100)]


async def state(database: Database, approval: str = "A-1") -> str:
    async with database.reading() as session:
        return (await approvals.approval_of(session, approval)).state


async def test_what_a_second_person_approves_is_carried_out_at_once(database: Database) -> None:
    assert await propose(database) == "A-1"
    assert await verbs(database) == ["propose"]
    approval = await approve(database, BEN)
    assert (approval.state, approval.shown_once) == ("approved", {"receipt": "R-1"})
    assert await verbs(database) == ["propose", "approve", "pay"]
    async with database.reading() as session:
        (decision,) = await approvals.decisions(session, approval)
    assert (decision.checker, decision.maker, decision.why) == ("ben", "ann", "fine")


async def test_the_maker_neither_approves_nor_rejects(database: Database) -> None:
    await propose(database)
    for decide in (approve, reject):
        with pytest.raises(Refused, match="ann has proposed A-1; somebody else must decide"):
            await decide(database, ANN)
    assert await state(database) == "pending"


async def test_a_checker_needs_the_permission_of_the_kind(database: Database) -> None:
    await propose(database)
    for decide in (approve, reject):
        with pytest.raises(Refused, match="eve may not approve withdrawals: needs treasury"):
            await decide(database, Actor("eve", frozenset(Role) - TREASURY))


async def test_one_that_needs_two_is_carried_out_by_the_second_who_is_not_the_first(database: Database) -> None:
    await propose(database, needed=2)
    assert (await approve(database, BEN)).state == "pending"
    with pytest.raises(Conflict, match="ben has approved A-1 already"):
        await approve(database, BEN)
    assert "pay" not in await verbs(database)
    assert (await approve(database, CAY)).state == "approved"
    assert (await verbs(database)).count("pay") == 1


async def test_one_who_rejects_is_enough(database: Database) -> None:
    await propose(database, needed=2)
    await approve(database, BEN)
    assert (await reject(database, CAY)).state == "rejected"
    assert await verbs(database) == ["propose", "approve", "reject", "release"]


async def test_what_does_not_say_when_it_expires_does_so_after_a_week(database: Database) -> None:
    await propose(database)
    with pytest.raises(Refused, match="A-1 is expired already"):
        await approve(database, BEN, now_ns=10 + VALID_NS)
    assert (await approve(database, BEN, now_ns=9 + VALID_NS)).state == "approved"


def test_every_kind_says_in_words_what_it_does() -> None:
    # In a process of its own: here, other kinds stand in their place.
    code = "import backoffice.kinds; from backoffice.staff import approvals; print(*approvals.kinds(), sep='\\n')"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "words='let {name} join as {roles}'" in printed
    assert "words=''" not in printed


@pytest.mark.parametrize(
    ("words", "told"),
    (
        ("pay {amount} {asset} out of {account} for {name}", "pay 0.05 USD out of – for W-1"),
        ("", "test.payout of withdrawal/W-1: amount 0.05; asset USD; roles a, b"),
    ),
)
async def test_what_it_does_is_told_in_words(database: Database, words: str, told: str) -> None:
    approvals._kinds[PAYOUT] = msgspec.structs.replace(approvals._kinds[PAYOUT], words=words)
    await propose(database, payload={"amount": "5", "asset": "USD", "roles": ["a", "b"], "code_hash": "secret"})
    async with database.reading() as session:
        assert approvals.in_words(await approvals.approval_of(session, "A-1"), {"USD": 2}) == told


async def test_what_is_decided_stays_so(database: Database) -> None:
    await propose(database)
    await approve(database, BEN)
    for decide in (approve, reject):
        with pytest.raises(Refused, match="A-1 is approved already"):
            await decide(database, CAY)
    async with database.writing() as session:
        with pytest.raises(Refused, match="A-1 is approved already"):
            await approvals.withdraw(session, ANN, "A-1", why="late", now_ns=30)


async def test_only_its_maker_withdraws_it(database: Database) -> None:
    await propose(database)
    async with database.writing() as session:
        with pytest.raises(Refused, match="ben has not proposed A-1, ann has"):
            await approvals.withdraw(session, BEN, "A-1", why="x", now_ns=20)
        await approvals.withdraw(session, ANN, "A-1", why="a slip", now_ns=20)
    assert await state(database) == "withdrawn"
    assert await verbs(database) == ["propose", "withdraw", "release"]


async def test_what_cannot_be_carried_out_is_not_approved_either(database: Database) -> None:
    await propose(database, payload={"fails": True})
    with pytest.raises(Refused, match="no money"):
        await approve(database, BEN)
    assert await state(database) == "pending"
    assert await verbs(database) == ["propose"]
    async with database.reading() as session:
        assert (await session.scalars(select(ApprovalDecision))).all() == []


async def test_one_that_nobody_decided_on_in_time_is_refused_and_makes_way(database: Database) -> None:
    await propose(database, expires_ns=20)
    with pytest.raises(Refused, match="A-1 is expired already"):
        await approve(database, BEN, now_ns=20)
    assert await propose(database, now_ns=21) == "A-2"
    assert await state(database) == "expired"
    assert await verbs(database) == ["propose", "expire", "release", "propose"]


async def test_all_that_are_late_are_ended_together(database: Database) -> None:
    await propose(database, subject="withdrawal/W-1", expires_ns=20)
    await propose(database, subject="withdrawal/W-2", expires_ns=30)
    await propose(database, subject="withdrawal/W-3")
    async with database.writing() as session:
        assert [each.id for each in await approvals.expire(session, 25)] == ["A-1"]
        assert await approvals.expire(session, 25) == []
    assert [await state(database, f"A-{number}") for number in (1, 2, 3)] == ["expired", "pending", "pending"]


async def test_one_about_what_has_changed_since_is_stale(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await propose(database, kind=VERSIONED, subject="client/C-1", subject_version=3)
    await propose(database, subject_version=7)
    for version in (0, 8):
        with pytest.raises(Refused, match=r"A-2 is stale: withdrawal/W-1 has changed"):
            await approve(database, BEN, "A-2", subject_version=version)
    await approve(database, BEN, "A-2", subject_version=7)
    monkeypatch.setitem(VERSIONS, "client/C-1", 4)
    with pytest.raises(Refused, match="A-1 is stale: client/C-1 has changed"):
        await approve(database, BEN)
    monkeypatch.setitem(VERSIONS, "client/C-1", 3)
    await approve(database, BEN)


async def test_the_same_cannot_be_asked_for_twice_at_a_time(database: Database) -> None:
    await propose(database)
    with pytest.raises(Conflict, match="A-1 asks for the same already, by ann"):
        await propose(database, CAY)
    await reject(database, BEN)
    assert await propose(database, CAY) == "A-2"


async def test_two_who_approve_at_once_carry_it_out_once(database: Database) -> None:
    await propose(database)
    outcomes = await asyncio.gather(*(approve(database, actor) for actor in (BEN, CAY, DAN)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Approval", "Refused", "Refused"]
    assert (await verbs(database)).count("pay") == 1


async def test_two_whose_approvals_are_both_needed_may_come_at_once(database: Database) -> None:
    await propose(database, needed=2)
    outcomes = await asyncio.gather(*(approve(database, actor) for actor in (BEN, CAY)))
    assert {outcome.state for outcome in outcomes} == {"pending", "approved"}
    assert (await verbs(database)).count("pay") == 1


@pytest.mark.parametrize("name", ("A-7", "7", "", "A-", "W-1", "A-²", "A-" + "9" * 40))
async def test_one_that_is_not_there_is_told(database: Database, name: str) -> None:
    with pytest.raises(NotFound, match="there is no such approval"):
        await approve(database, BEN, name)


async def test_a_kind_that_nobody_knows_any_more_cannot_be_approved(database: Database) -> None:
    await propose(database)
    async with database.writing() as session:
        await session.execute(text("UPDATE approval SET kind = 'of.yore'"))
    with pytest.raises(Refused, match=r"asks for of\.yore, which this version of Fondaco does not know"):
        await approve(database, BEN)


DECISION = {"approval": 1, "decision": "approve", "why": "x", "time_ns": 1}


@pytest.mark.parametrize(
    ("checker", "maker", "constraint"),
    (("ann", "ann", "four_eyes"), ("ann", "ben", "(?i)foreign.key"), ("ben", "ann", "(?i)unique|duplicate")),
)
async def test_the_database_itself_holds_four_eyes(
    database: Database, checker: str, maker: str, constraint: str
) -> None:
    await propose(database, needed=2)
    await approve(database, BEN)

    async def decide() -> None:
        async with database.writing() as session:
            await session.execute(insert(ApprovalDecision).values(**DECISION, checker=checker, maker=maker))

    with pytest.raises(IntegrityError, match=constraint):
        await decide()


async def test_the_database_keeps_decisions_as_they_are(database: Database) -> None:
    await propose(database)
    await approve(database, BEN)

    async def change() -> None:
        async with database.writing() as session:
            await session.execute(text("UPDATE approval_decision SET checker = 'cay'"))

    with pytest.raises(DBAPIError, match="approval_decision is append-only"):
        await change()


def test_only_what_is_pending_can_change() -> None:
    assert set(TRANSITIONS) == set(State)
    assert set(TRANSITIONS[State.PENDING]) == set(Verb)
    assert all(not verbs for state, verbs in TRANSITIONS.items() if state is not State.PENDING)
