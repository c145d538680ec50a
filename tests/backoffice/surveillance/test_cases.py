"""Cases: from alerts to what has come of them, step by step, by the people who may."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database import Database
from backoffice.errors import Conflict, DatabaseFault, NotFound, Refused
from backoffice.staff import approvals
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.audit import Wanted, entries
from backoffice.staff.permissions import Role
from backoffice.staff.rotating import rotate
from backoffice.staff.sealing import KEY_FILE, MASK, Sealer, make_key
from backoffice.staff.tables import StaffRole, StaffUser
from backoffice.surveillance import cases
from backoffice.surveillance.looking import raise_alerts
from backoffice.surveillance.parameters import PARAMETERS
from backoffice.surveillance.rows import Finding, Window
from backoffice.surveillance.states import CASES, CaseState, Disposition
from backoffice.surveillance.tables import Case, CaseNote

CORA = Actor("cora", frozenset({Role.COMPLIANCE}))
RIA = Actor("ria", frozenset({Role.RISK}))
TOM = Actor("tom", frozenset({Role.TREASURY}))
ADAM = Actor("adam", frozenset({Role.ADMINISTRATOR}))
AUDITOR = Actor("arthur", frozenset({Role.AUDITOR}))
WHY = "looked into"


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    make_key(tmp_path / KEY_FILE)
    return Sealer(tmp_path / KEY_FILE)


@pytest.fixture
async def session(database: Database) -> AsyncGenerator[AsyncSession]:
    """A transaction in which there are three of the staff and two alerts."""
    async with database.writing() as opened:
        for actor in (CORA, RIA, TOM):
            roles = [StaffRole(user=actor.user, role=role.value) for role in actor.roles]
            opened.add(StaffUser(name=actor.user, full_name=actor.user, added_ns=1, roles=roles))
        findings = [
            Finding("wash trades", account, "BTC/USD", Window(0, 1), f"{account} did", {"figures": {}})
            for account in ("A", "B")
        ]
        await raise_alerts(opened, BACK_OFFICE, findings, PARAMETERS, 1)
        yield opened


async def assigned(session: AsyncSession, to: Actor = CORA) -> Case:
    case = await cases.open_case(session, CORA, ["AL-1"], why=WHY, now_ns=2)
    return await cases.assign(session, CORA, case.name, to.user, why=WHY, now_ns=3)


def test_every_state_stands_in_the_table_and_can_be_reached() -> None:
    assert set(CASES) == set(CaseState)
    assert {state for verbs in CASES.values() for state in verbs.values()} == set(CaseState)


async def test_a_case_holds_its_alerts_and_an_alert_is_in_one_case(session: AsyncSession) -> None:
    case = await cases.open_case(session, CORA, ["AL-1", "al-2"], why=WHY, now_ns=2)
    assert [alert.name for alert in await cases.alerts_of(session, case)] == ["AL-1", "AL-2"]
    assert await cases.alerts_listed(session, count=10) == []
    assert len(await cases.alerts_listed(session, count=10, in_cases_too=True)) == 2
    with pytest.raises(Conflict, match="AL-1 is in CS-1 already"):
        await cases.open_case(session, CORA, ["AL-1"], why=WHY, now_ns=2)


async def test_no_action_takes_a_second_person(session: AsyncSession, sealer: Sealer) -> None:
    case = await assigned(session)
    approval = await cases.close(session, CORA, case.name, Disposition.NO_ACTION, why="a test", now_ns=4)
    assert approval is not None
    assert case.state == CaseState.CLOSING
    with pytest.raises(Refused, match="cora has proposed A-1; somebody else must decide on it"):
        await approvals.approve(session, CORA, approval.id, why=WHY, now_ns=5)
    with pytest.raises(Refused, match="tom may not work on alerts and cases"):
        await approvals.approve(session, TOM, approval.id, why=WHY, now_ns=5)
    await cases.note(session, RIA, sealer, case.name, "I agree", now_ns=5)
    await approvals.approve(session, RIA, approval.id, why=WHY, now_ns=6)
    assert (case.state, case.disposition, case.closed_by, case.approved_by) == ("closed", "no-action", "cora", "ria")


async def test_what_is_turned_down_is_worked_on_again(session: AsyncSession) -> None:
    case = await assigned(session)
    approval = await cases.close(session, CORA, case.name, Disposition.NO_ACTION, why="a test", now_ns=4)
    assert approval is not None
    await approvals.reject(session, RIA, approval.id, why="look again", now_ns=5)
    assert (case.state, case.disposition, case.closed_by) == ("assigned", None, None)
    assert await cases.close(session, CORA, case.name, Disposition.REPORTED, why="STOR 17", now_ns=6) is None
    assert (case.state, case.disposition) == ("closed", "reported")
    assert await cases.listed(session, count=10) == []
    assert await cases.listed(session, count=10, closed_too=True) == [case]


async def test_alerts_come_into_a_case_and_out_of_it_again(session: AsyncSession) -> None:
    case = await assigned(session)
    await cases.add_alerts(session, RIA, case.name, ["AL-2", "al-1"], why="the same", now_ns=4)
    assert [alert.name for alert in await cases.alerts_of(session, case)] == ["AL-1", "AL-2"]
    await cases.remove_alert(session, CORA, case.name, "AL-1", why="another matter", now_ns=5)
    assert [alert.name for alert in await cases.alerts_of(session, case)] == ["AL-2"]
    assert [alert.name for alert in await cases.alerts_listed(session, count=10)] == ["AL-1"]
    with pytest.raises(Refused, match="AL-1 is not in CS-1"):
        await cases.remove_alert(session, CORA, case.name, "AL-1", why=WHY, now_ns=6)
    other = await cases.open_case(session, CORA, ["AL-1"], why=WHY, now_ns=6)
    with pytest.raises(Conflict, match="AL-2 is in CS-1 already"):
        await cases.add_alerts(session, CORA, other.name, ["AL-2"], why=WHY, now_ns=6)


async def test_what_two_look_at_stays_as_it_is_meanwhile(session: AsyncSession) -> None:
    case = await assigned(session)
    await cases.open_case(session, CORA, [], why=WHY, now_ns=2)
    await cases.close(session, CORA, case.name, Disposition.NO_ACTION, why="a test", now_ns=4)
    for refused in (
        cases.add_alerts(session, CORA, case.name, ["AL-2"], why=WHY, now_ns=5),
        cases.remove_alert(session, CORA, case.name, "AL-1", why=WHY, now_ns=5),
        cases.merge(session, CORA, case.name, "CS-2", why=WHY, now_ns=5),
        cases.merge(session, CORA, "CS-2", case.name, why=WHY, now_ns=5),
        cases.reopen(session, CORA, case.name, why=WHY, now_ns=5),
    ):
        with pytest.raises(Refused, match="CS-1 is closing"):
            await refused


async def test_a_case_goes_on_in_another_one_with_its_alerts_and_notes(session: AsyncSession, sealer: Sealer) -> None:
    first = await cases.open_case(session, CORA, ["AL-1"], why=WHY, now_ns=2)
    second = await cases.open_case(session, CORA, ["AL-2"], why=WHY, now_ns=2)
    await cases.note(session, CORA, sealer, second.name, "the same people", now_ns=3)
    assert await cases.merge(session, RIA, second.name, first.name, why="one matter", now_ns=4) is first
    assert (second.state, second.disposition, second.closed_by) == ("closed", "merged", "ria")
    assert [alert.name for alert in await cases.alerts_of(session, first)] == ["AL-1", "AL-2"]
    assert [cases.text_of(CORA, sealer, each) for each in await cases.notes_of(session, first)] == ["the same people"]
    with pytest.raises(Refused, match="CS-2 goes on in CS-1; reopen that"):
        await cases.reopen(session, CORA, second.name, why=WHY, now_ns=5)
    with pytest.raises(Refused, match="CS-1 cannot be merged into itself"):
        await cases.merge(session, CORA, first.name, "cs-1", why=WHY, now_ns=5)
    third = await cases.open_case(session, CORA, [], why=WHY, now_ns=6)
    await cases.merge(session, CORA, first.name, third.name, why=WHY, now_ns=7)
    assert [each.name for each in await cases.merged_of(session, third)] == ["CS-1", "CS-2"]
    assert len(await cases.notes_of(session, third)) == 1


async def test_a_closed_case_is_reopened_and_needs_two_again(session: AsyncSession) -> None:
    case = await assigned(session)
    for now_ns in (4, 10):
        await cases.assign(session, CORA, case.name, "cora", why=WHY, now_ns=now_ns)
        approval = await cases.close(session, CORA, case.name, Disposition.NO_ACTION, why="a test", now_ns=now_ns + 1)
        assert approval is not None
        await approvals.approve(session, RIA, approval.id, why=WHY, now_ns=now_ns + 2)
        await cases.reopen(session, RIA, case.name, why="there is more of it", now_ns=now_ns + 3)
        assert (case.state, case.assignee, case.disposition, case.closed_by, case.approved_by) == (
            *("open", None, None, None, None),
        )


async def test_every_step_is_on_the_trail(session: AsyncSession, database: Database, sealer: Sealer) -> None:
    case = await assigned(session)
    await cases.note(session, RIA, sealer, case.name, "called them", now_ns=4)
    await cases.close(session, CORA, case.name, Disposition.WARNED, why="a letter", now_ns=5)
    await session.commit()
    async with database.reading() as reading:
        trail = await entries(reading, Wanted(subject="case/CS-1"), 10)
        assert [(entry.actor, entry.verb) for entry in trail] == [
            *(("cora", "open"), ("cora", "assign"), ("ria", "note"), ("cora", "close"))
        ]
        (note,) = await cases.notes_of(reading, case)
        assert "called them" not in note.text
        assert [cases.text_of(actor, sealer, note) for actor in (CORA, RIA, AUDITOR)] == [
            *("called them", "called them", MASK)
        ]


async def test_notes_are_sealed_anew_with_another_key(
    session: AsyncSession, database: Database, sealer: Sealer, tmp_path: Path
) -> None:
    case = await assigned(session)
    await cases.note(session, RIA, sealer, case.name, "called them", now_ns=4)
    await session.commit()
    assert (await rotate(database, ADAM, tmp_path / KEY_FILE, why=WHY, now_ns=5)).texts == 1
    async with database.reading() as reading:
        (note,) = await cases.notes_of(reading, case)
        assert cases.text_of(CORA, Sealer(tmp_path / KEY_FILE), note) == "called them"


async def test_who_may_not_work_on_cases_does_not(session: AsyncSession, sealer: Sealer) -> None:
    case = await assigned(session)
    for refused in (
        cases.open_case(session, TOM, [], why=WHY, now_ns=2),
        cases.note(session, TOM, sealer, case.name, "x", now_ns=2),
        cases.assign(session, TOM, case.name, "cora", why=WHY, now_ns=2),
        cases.assign(session, CORA, case.name, "tom", why=WHY, now_ns=2),
        cases.close(session, TOM, case.name, Disposition.WARNED, why=WHY, now_ns=2),
        cases.add_alerts(session, TOM, case.name, ["AL-2"], why=WHY, now_ns=2),
        cases.remove_alert(session, TOM, case.name, "AL-1", why=WHY, now_ns=2),
        cases.merge(session, TOM, case.name, case.name, why=WHY, now_ns=2),
        cases.reopen(session, TOM, case.name, why=WHY, now_ns=2),
    ):
        with pytest.raises(Refused, match="tom may not work on alerts and cases: needs compliance or risk"):
            await refused


async def test_what_cannot_be_is_refused(session: AsyncSession, sealer: Sealer) -> None:
    case = await cases.open_case(session, CORA, [], why=WHY, now_ns=2)
    with pytest.raises(Refused, match=r"CS-1 is open; close is not possible then \(possible: add alerts, "):
        await cases.close(session, CORA, case.name, Disposition.WARNED, why=WHY, now_ns=2)
    await cases.assign(session, CORA, case.name, "ria", why=WHY, now_ns=3)
    with pytest.raises(Refused, match="CS-1 is ria's; assign it to cora first"):
        await cases.close(session, CORA, case.name, Disposition.WARNED, why=WHY, now_ns=3)
    await cases.close(session, RIA, case.name, Disposition.WARNED, why=WHY, now_ns=3)
    with pytest.raises(Refused, match="CS-1 is closed"):
        await cases.note(session, RIA, sealer, case.name, "late", now_ns=4)
    with pytest.raises(Refused, match="a note has some text"):
        await cases.note(session, RIA, sealer, case.name, " ", now_ns=4)
    for call in (cases.find(session, "CS-9"), cases.find(session, "x"), cases.find_alert(session, "AL-" + "9" * 30)):
        with pytest.raises(NotFound, match="there is no such"):
            await call


async def test_the_database_itself_holds_the_four_eyes_and_the_notes(database: Database, sealer: Sealer) -> None:
    async with database.writing() as session:
        session.add(
            StaffUser(name="cora", full_name="cora", added_ns=1, roles=[StaffRole(user="cora", role="compliance")])
        )
        await session.flush()
        await cases.open_case(session, CORA, [], why=WHY, now_ns=2)
        await cases.note(session, CORA, sealer, "CS-1", "a note", now_ns=3)
    alone = {"state": "closed", "disposition": "no-action", "closed_by": "cora", "approved_by": "cora"}
    for statement in (
        update(Case).values(**alone),
        update(Case).values(state="gone"),
        update(CaseNote).values(author="cleo"),
        update(CaseNote).values(case_id=2),
        delete(CaseNote),
    ):
        with pytest.raises((DBAPIError, DatabaseFault)):
            async with database.writing() as session:
                await session.execute(statement)
