"""Cases: people look into alerts, note down what they find, and say what has come of it.

Each function is one transaction's work, with an entry in the audit trail. That nothing is to be done about alerts two
people must say; whatever else comes of a case, whoever has it says alone. Notes are only ever added.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.errors import Conflict, NotFound, Refused
from backoffice.naming import number_of
from backoffice.staff import approvals, audit, users
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.tables import Approval
from backoffice.surveillance.states import CaseState, CaseVerb, Disposition, after
from backoffice.surveillance.tables import Alert, Case, CaseNote

NO_ACTION: Final = "case-no-action"
"""The approval of closing a case without any action."""
NOTE_CHARS_MAX: Final = 10_000


async def open_case(session: AsyncSession, actor: Actor, alerts: list[str], *, why: str, now_ns: int) -> Case:
    """Open a case, of alerts or of what came to somebody's ears. Raise `Conflict` if an alert is in another one."""
    actor.require(Permission.WORK_CASES)
    case = Case(
        state=CaseState.OPEN.value,
        assignee=None,
        disposition=None,
        opened_by=actor.user,
        opened_ns=now_ns,
        changed_ns=now_ns,
        closed_by=None,
        approved_by=None,
    )
    session.add(case)
    await session.flush()
    names = []
    for name in alerts:
        alert = await find_alert(session, name, for_update=True)
        if alert.case_id not in {None, case.id}:
            raise Conflict(f"{alert.name} is in CS-{alert.case_id} already")
        alert.case_id = case.id
        names.append(alert.name)
    opened = {"state": case.state, "alerts": sorted(set(names))}
    await audit.record(session, actor, "open", case.subject, before=None, after=opened, why=why, now_ns=now_ns)
    return case


async def note(session: AsyncSession, actor: Actor, name: str, text: str, *, now_ns: int) -> CaseNote:
    """Note something down in a case that is not closed. Raise `NotFound` or `Refused`."""
    actor.require(Permission.WORK_CASES)
    if not text.strip() or len(text) > NOTE_CHARS_MAX:
        raise Refused(f"a note has some text, of {NOTE_CHARS_MAX:,} characters at the most")
    case = await find(session, name)
    if case.state == CaseState.CLOSED:
        raise Refused(f"{case.name} is closed; open another one")
    noted = CaseNote(case_id=case.id, author=actor.user, time_ns=now_ns, text=text)
    session.add(noted)
    await session.flush()
    after_it = {"note": noted.id}
    await audit.record(session, actor, "note", case.subject, before=None, after=after_it, why="a note", now_ns=now_ns)
    return noted


async def assign(session: AsyncSession, actor: Actor, name: str, assignee: str, *, why: str, now_ns: int) -> Case:
    """Let somebody have a case. Raise `NotFound`, or `Refused` if they may not work on it."""
    actor.require(Permission.WORK_CASES)
    case = await find(session, name)
    user = await users.find(session, assignee)
    if user.is_disabled:
        raise Refused(f"{assignee} is disabled")
    users.actor_of(user).require(Permission.WORK_CASES)
    before, case.assignee = case.assignee, assignee
    await _move(
        *(session, actor, case, CaseVerb.ASSIGN),
        changed=({"assignee": before}, {"assignee": assignee}),
        why=why,
        now_ns=now_ns,
    )
    return case


async def close(
    session: AsyncSession, actor: Actor, name: str, disposition: Disposition, *, why: str, now_ns: int
) -> Approval | None:
    """Say what has come of a case, and close it. No action is only proposed: return what a second person is to approve.

    Raise `NotFound`, or `Refused` for who does not have the case.
    """
    actor.require(Permission.WORK_CASES)
    case = await find(session, name)
    verb = CaseVerb.PROPOSE if disposition is Disposition.NO_ACTION else CaseVerb.CLOSE
    after(CaseState(case.state), verb, case.name)
    if case.assignee != actor.user:
        raise Refused(f"{case.name} is {case.assignee}'s; assign it to {actor.user} first")
    case.disposition = disposition.value
    case.closed_by = actor.user
    changed = {"disposition": disposition.value}
    await _move(session, actor, case, verb, changed=({"disposition": None}, changed), why=why, now_ns=now_ns)
    if verb is CaseVerb.CLOSE:
        return None
    return await approvals.propose(
        *(session, actor, NO_ACTION, case.subject, {"case": case.id}),
        why=why,
        now_ns=now_ns,
        subject_version=case.version,
    )


async def find(session: AsyncSession, name: str, *, for_update: bool = True) -> Case:
    """Return a case by its name, kept from others until the transaction ends. Raise `NotFound`."""
    number = number_of(name, "CS")
    case = None if number is None else await session.get(Case, number, with_for_update=for_update or None)
    if case is None:
        raise NotFound(f"{name[:40]}: there is no such case; `fondaco case list` shows them")
    return case


async def find_alert(session: AsyncSession, name: str, *, for_update: bool = False) -> Alert:
    """Return an alert by its name. Raise `NotFound`."""
    number = number_of(name, "AL")
    alert = None if number is None else await session.get(Alert, number, with_for_update=for_update or None)
    if alert is None:
        raise NotFound(f"{name[:40]}: there is no such alert; `fondaco surveillance alerts` shows them")
    return alert


async def listed(session: AsyncSession, *, count: int, closed_too: bool = False) -> list[Case]:
    """Return the last cases, the oldest of them first."""
    query = select(Case).order_by(Case.id.desc()).limit(count)
    if not closed_too:
        query = query.where(Case.state != CaseState.CLOSED.value)
    return list(await session.scalars(query))[::-1]


async def alerts_listed(session: AsyncSession, *, count: int, in_cases_too: bool = False) -> list[Alert]:
    """Return the last alerts, the oldest of them first."""
    query = select(Alert).order_by(Alert.id.desc()).limit(count)
    if not in_cases_too:
        query = query.where(Alert.case_id.is_(None))
    return list(await session.scalars(query))[::-1]


async def alerts_of(session: AsyncSession, case: Case) -> list[Alert]:
    """Return the alerts of a case, the oldest first."""
    return list(await session.scalars(select(Alert).where(Alert.case_id == case.id).order_by(Alert.id)))


async def notes_of(session: AsyncSession, case: Case) -> list[CaseNote]:
    """Return what was noted down in a case, the oldest first."""
    return list(await session.scalars(select(CaseNote).where(CaseNote.case_id == case.id).order_by(CaseNote.id)))


async def _move(
    session: AsyncSession,
    actor: Actor,
    case: Case,
    verb: CaseVerb,
    *,
    changed: tuple[Mapping[str, str | None], Mapping[str, str | None]],
    why: str,
    now_ns: int,
) -> None:
    """Let something happen to a case. `changed`: what else has, as it was and as it is."""
    before, now = changed
    was = case.state
    case.state = after(CaseState(was), verb, case.name).value
    case.changed_ns = now_ns
    await audit.record(
        *(session, actor, verb.value, case.subject),
        before={"state": was, **before},
        after={"state": case.state, **now},
        why=why,
        now_ns=now_ns,
    )


async def _approve(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    case = await find(session, f"CS-{approval.payload['case']}")
    case.approved_by = actor.user
    why = f"approval {approval.id}"
    await _move(session, actor, case, CaseVerb.APPROVE, changed=({}, {}), why=why, now_ns=now_ns)


async def _turn_down(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    case = await find(session, f"CS-{approval.payload['case']}")
    before = {"disposition": case.disposition}
    case.disposition = case.closed_by = None
    why = f"approval {approval.id} was turned down"
    changed = (before, {"disposition": None})
    await _move(session, actor, case, CaseVerb.TURN_DOWN, changed=changed, why=why, now_ns=now_ns)


async def _version_of(session: AsyncSession, subject: str) -> int:
    return (await find(session, subject.removeprefix("case/"))).version


approvals.register(NO_ACTION, Permission.WORK_CASES, _approve, turn_down=_turn_down, version_of=_version_of)
