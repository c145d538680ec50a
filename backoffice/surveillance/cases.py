"""Cases: people look into alerts, note down what they find, and say what has come of it.

Each function is one transaction's work, with an entry in the audit trail. That nothing is to be done about alerts two
people must say; whatever else comes of a case, whoever has it says alone. What two look at stays as it is meanwhile.
Notes are only ever added, and sealed: who may not work on cases does not read them.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.numbering import next_number
from backoffice.crm.shared_owners import names_of
from backoffice.database.finding import row_of
from backoffice.errors import Conflict, Refused
from backoffice.naming import number_of
from backoffice.staff import approvals, audit, users
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.sealing import Sealer, place
from backoffice.staff.tables import Approval
from backoffice.surveillance.states import CASES, DISPOSITIONS, CaseState, CaseVerb, Disposition
from backoffice.surveillance.tables import Alert, Case, CaseNote
from backoffice.transitions import after

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
        merged_into=None,
    )
    session.add(case)
    await session.flush()
    opened = {"state": case.state, "alerts": await _take_in(session, case, alerts)}
    await audit.record(session, actor, "open", case.subject, before=None, after=opened, why=why, now_ns=now_ns)
    return case


async def add_alerts(
    session: AsyncSession, actor: Actor, name: str, alerts: list[str], *, why: str, now_ns: int
) -> Case:
    """Let a case have more alerts. Raise `NotFound`, `Refused`, or `Conflict` if one is in another case."""
    actor.require(Permission.WORK_CASES)
    case = await find(session, name)
    after(CASES, CaseState(case.state), CaseVerb.ADD, case.name)
    changed = {"alerts": await _take_in(session, case, alerts)}
    await _move(session, actor, case, CaseVerb.ADD, changed=({}, changed), why=why, now_ns=now_ns)
    return case


async def remove_alert(session: AsyncSession, actor: Actor, name: str, alert: str, *, why: str, now_ns: int) -> Case:
    """Take an alert out of a case: it waits for somebody to look into it again. Raise `NotFound` or `Refused`."""
    actor.require(Permission.WORK_CASES)
    case = await find(session, name)
    after(CASES, CaseState(case.state), CaseVerb.REMOVE, case.name)
    found = await find_alert(session, alert, for_update=True)
    if found.case_id != case.id:
        raise Refused(f"{found.name} is not in {case.name}")
    found.case_id = None
    changed = ({"alert": found.name}, {"alert": None})
    await _move(session, actor, case, CaseVerb.REMOVE, changed=changed, why=why, now_ns=now_ns)
    return case


async def merge(session: AsyncSession, actor: Actor, name: str, into: str, *, why: str, now_ns: int) -> Case:
    """Let a case go on in another one, which gets its alerts; its notes are read there. Return the other one.

    Raise `NotFound`, or `Refused` unless both are being worked on.
    """
    actor.require(Permission.WORK_CASES)
    numbers = sorted({number for each in (name, into) if (number := number_of(each, "CS")) is not None})
    for number in numbers:  # Two who merge the same cases, each into the other, wait for one another and not for ever.
        await find(session, f"CS-{number}")
    case, other = await find(session, name), await find(session, into)
    if case.id == other.id:
        raise Refused(f"{case.name} cannot be merged into itself")
    after(CASES, CaseState(case.state), CaseVerb.MERGE, case.name)
    after(CASES, CaseState(other.state), CaseVerb.ADD, other.name)
    alerts = await alerts_of(session, case)
    for alert in alerts:
        alert.case_id = other.id
    case.disposition = Disposition.MERGED.value
    case.closed_by = actor.user
    case.merged_into = other.id
    merged = {"disposition": case.disposition, "into": other.name}
    await _move(session, actor, case, CaseVerb.MERGE, changed=({}, merged), why=why, now_ns=now_ns)
    taken_in = {"from": case.name, "alerts": [alert.name for alert in alerts]}
    await _move(session, actor, other, CaseVerb.ADD, changed=({}, taken_in), why=why, now_ns=now_ns)
    return other


async def reopen(session: AsyncSession, actor: Actor, name: str, *, why: str, now_ns: int) -> Case:
    """Look into a closed case again. Raise `NotFound`, or `Refused` if it is not closed, or goes on in another one."""
    actor.require(Permission.WORK_CASES)
    case = await find(session, name)
    if case.merged_into is not None:
        raise Refused(f"{case.name} goes on in CS-{case.merged_into}; reopen that")
    after(CASES, CaseState(case.state), CaseVerb.REOPEN, case.name)
    before = {"disposition": case.disposition, "closed_by": case.closed_by, "approved_by": case.approved_by}
    changed = (before, dict.fromkeys(before))
    case.disposition = case.closed_by = case.approved_by = case.assignee = None
    await _move(session, actor, case, CaseVerb.REOPEN, changed=changed, why=why, now_ns=now_ns)
    return case


async def note(session: AsyncSession, actor: Actor, sealer: Sealer, name: str, text: str, *, now_ns: int) -> CaseNote:
    """Note something down in a case that is not closed. Raise `NotFound` or `Refused`."""
    actor.require(Permission.WORK_CASES)
    if not text.strip() or len(text) > NOTE_CHARS_MAX:
        raise Refused(f"a note has some text, of {NOTE_CHARS_MAX:,} characters at the most")
    case = await find(session, name)
    if case.state == CaseState.CLOSED:
        raise Refused(f"{case.name} is closed; open another one")
    number = await next_number(session, CaseNote.number)
    sealed = sealer.seal(text, _place_of(number))
    noted = CaseNote(number=number, case_id=case.id, author=actor.user, time_ns=now_ns, text=sealed)
    session.add(noted)
    after_it = {"note": number}
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
    assert disposition in DISPOSITIONS, "a case is merged by `merge`"
    actor.require(Permission.WORK_CASES)
    case = await find(session, name)
    verb = CaseVerb.PROPOSE if disposition is Disposition.NO_ACTION else CaseVerb.CLOSE
    after(CASES, CaseState(case.state), verb, case.name)
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
    return await row_of(session, Case, name, "CS", "case", "case list", for_update=for_update)


async def find_alert(session: AsyncSession, name: str, *, for_update: bool = False) -> Alert:
    """Return an alert by its name. Raise `NotFound`."""
    return await row_of(session, Alert, name, "AL", "alert", "surveillance alerts", for_update=for_update)


async def evidence_shown(session: AsyncSession, sealer: Sealer, actor: Actor, alert: Alert) -> dict[str, Any]:
    """Return an alert's evidence, with the names of owners in it as somebody may see them. Raise `KeyFault`."""
    owners = alert.evidence.get("owners", [])
    names = await names_of(session, sealer, actor, {each["party"] for each in owners})
    told = {"owners": [{**each, "name": names[each["party"]]} for each in owners]} if owners else {}
    return {**alert.evidence, **told}


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


async def merged_of(session: AsyncSession, case: Case) -> list[Case]:
    """Return the cases that go on in a case, those too that had been merged into one of them, the oldest first."""
    found: list[Case] = []
    ids = [case.id]
    while ids:
        merged = list(await session.scalars(select(Case).where(Case.merged_into.in_(ids))))
        ids = [each.id for each in merged]
        found += merged
    return sorted(found, key=lambda each: each.id)


async def notes_of(session: AsyncSession, case: Case) -> list[CaseNote]:
    """Return what was noted down in a case, and in those that go on in it, the oldest first."""
    ids = [case.id, *(merged.id for merged in await merged_of(session, case))]
    return list(await session.scalars(select(CaseNote).where(CaseNote.case_id.in_(ids)).order_by(CaseNote.number)))


def text_of(actor: Actor, sealer: Sealer, noted: CaseNote) -> str:
    """Return a note as somebody may see it: masked, unless they work on cases. Raise `KeyFault`."""
    return sealer.shown(actor, noted.text, _place_of(noted.number), Permission.WORK_CASES)


def _place_of(note_number: int) -> str:
    return place(CaseNote.__tablename__, CaseNote.text.key, note_number)


async def _take_in(session: AsyncSession, case: Case, names: list[str]) -> list[str]:
    """Let a case have alerts, and return what they are called."""
    taken_in = set()
    for name in names:
        alert = await find_alert(session, name, for_update=True)
        if alert.case_id not in {None, case.id}:
            raise Conflict(f"{alert.name} is in CS-{alert.case_id} already")
        alert.case_id = case.id
        taken_in.add(alert.name)
    return sorted(taken_in)


async def _move(
    session: AsyncSession,
    actor: Actor,
    case: Case,
    verb: CaseVerb,
    *,
    changed: tuple[Mapping[str, object], Mapping[str, object]],
    why: str,
    now_ns: int,
) -> None:
    """Let something happen to a case. `changed`: what else has, as it was and as it is."""
    before, now = changed
    was = case.state
    case.state = after(CASES, CaseState(was), verb, case.name).value
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


approvals.register(
    NO_ACTION,
    Permission.WORK_CASES,
    _approve,
    turn_down=_turn_down,
    version_of=_version_of,
    words="close {name} without action",
)
