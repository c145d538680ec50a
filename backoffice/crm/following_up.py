"""Notes, tasks and tickets: what was said about a client, what is to be done by when, and what it asks for."""

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.identity import check_text
from backoffice.crm.loading import client_of
from backoffice.crm.numbering import next_number
from backoffice.crm.sealed_fields import opened, seal
from backoffice.crm.tables.desk import Note, Task, Ticket, TicketEntry
from backoffice.crm.tables.file import Client
from backoffice.database.finding import row_of
from backoffice.errors import Refused
from backoffice.staff import audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.sealing import Sealer
from backoffice.times import day_of

NOTE_CHARS_MAX: Final = 20_000
ANSWERED_WITHIN_DAYS: Final = 3
"""By when a ticket is to be answered, if nothing else is said."""


class TaskState(StrEnum):
    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


class TicketState(StrEnum):
    OPEN = "open"
    WAITING = "waiting"
    """For the client."""
    CLOSED = "closed"


TICKETS: Final[dict[TicketState, frozenset[TicketState]]] = {
    TicketState.OPEN: frozenset({TicketState.OPEN, TicketState.WAITING, TicketState.CLOSED}),
    TicketState.WAITING: frozenset({TicketState.OPEN, TicketState.WAITING, TicketState.CLOSED}),
    TicketState.CLOSED: frozenset({TicketState.OPEN}),
}
"""What an entry may make of a ticket."""


async def add_note(
    session: AsyncSession, actor: Actor, sealer: Sealer, client_id: str, text: str, *, now_ns: int
) -> None:
    """Write something down about a client. What it says is sealed; that it was written is in the trail."""
    actor.require(Permission.FOLLOW_UP)
    client = await _kept(session, client_id)
    number = await next_number(session, Note.number)
    sealed = seal(sealer, Note, "text", _long(text), number)
    session.add(Note(number=number, client=client.number, text=sealed, author=actor.user, written_ns=now_ns))
    await _record(session, actor, "note", client.id, {"note": number}, "a note", now_ns)


async def add_task(
    session: AsyncSession,
    actor: Actor,
    client_id: str,
    what: str,
    due: dt.date,
    assignee: str,
    *,
    why: str,
    now_ns: int,
) -> Task:
    """Ask for something to be done by a day, by a user or by whoever has a role."""
    actor.require(Permission.FOLLOW_UP)
    client = await _kept(session, client_id)
    if due < day_of(now_ns):
        raise Refused(f"task: {due} is over")
    return await put_task(session, actor, client, check_text("task", what, 500), due, assignee, why=why, now_ns=now_ns)


async def end_task(
    session: AsyncSession, actor: Actor, task_id: str, state: TaskState, outcome: str, *, now_ns: int
) -> Task:
    """Say that a task is done, or will not be. Raise `Refused` if that was said before."""
    actor.require(Permission.FOLLOW_UP)
    assert state is not TaskState.OPEN, "it ends"
    task = await row_of(session, Task, task_id, "TASK", "task", "client task list", for_update=True)
    if task.state != TaskState.OPEN:
        raise Refused(f"{task.id} is {task.state} already, by {task.ended_by}")
    before = {"task": task.id, "state": task.state}
    task.state, task.outcome = state.value, check_text("outcome", outcome, 500)
    task.ended_by, task.ended_ns = actor.user, now_ns
    after = {"task": task.id, "state": task.state}
    await _record(session, actor, "end task", f"C-{task.client}", after, outcome, now_ns, before=before)
    return task


async def open_ticket(
    session: AsyncSession,
    actor: Actor,
    sealer: Sealer,
    client_id: str,
    title: str,
    text: str,
    answer_by: dt.date | None = None,
    *,
    now_ns: int,
) -> Ticket:
    """Write down what a client asks for."""
    actor.require(Permission.FOLLOW_UP)
    client = await _kept(session, client_id)
    ticket = Ticket(
        number=await next_number(session, Ticket.number),
        client=client.number,
        title=check_text("ticket", title),
        state=TicketState.OPEN.value,
        opened_by=actor.user,
        opened_ns=now_ns,
        answer_by=answer_by or day_of(now_ns) + dt.timedelta(days=ANSWERED_WITHIN_DAYS),
    )
    session.add(ticket)
    await session.flush()
    entry = await _add_entry(session, actor, sealer, ticket, text, now_ns)
    after = {"ticket": ticket.id, "state": ticket.state, "entry": entry}
    await _record(session, actor, "open ticket", client.id, after, "the client asks", now_ns)
    return ticket


async def continue_ticket(
    session: AsyncSession,
    actor: Actor,
    sealer: Sealer,
    ticket_id: str,
    text: str,
    state: TicketState | None = None,
    *,
    now_ns: int,
) -> Ticket:
    """Add to a ticket what was said, and what it is now. Raise `Refused` if it is closed and not opened again."""
    actor.require(Permission.FOLLOW_UP)
    ticket = await row_of(session, Ticket, ticket_id, "Q", "ticket", "client ticket list", for_update=True)
    await _kept(session, f"C-{ticket.client}")
    before = TicketState(ticket.state)
    new = state or before
    if new not in TICKETS[before]:
        raise Refused(f"{ticket.id} is {before}: it can only become {', '.join(sorted(TICKETS[before]))}")
    ticket.state = new.value
    await session.flush()
    entry = await _add_entry(session, actor, sealer, ticket, text, now_ns)
    after = {"ticket": ticket.id, "state": ticket.state, "entry": entry}
    was = {"ticket": ticket.id, "state": before}
    await _record(session, actor, "continue ticket", f"C-{ticket.client}", after, "an entry", now_ns, before=was)
    return ticket


async def put_task(
    session: AsyncSession,
    actor: Actor,
    client: Client,
    what: str,
    due: dt.date,
    assignee: str,
    *,
    why: str,
    now_ns: int,
) -> Task:
    """Add a task, which may follow from something that nobody is asked to do."""
    task = Task(
        number=await next_number(session, Task.number),
        client=client.number,
        what=what,
        due=due,
        assignee=assignee,
        state=TaskState.OPEN.value,
        made_by=actor.user,
        made_ns=now_ns,
        outcome="",
    )
    session.add(task)
    await session.flush()
    after = {"task": task.id, "due": str(due), "assignee": assignee, "state": task.state}
    await _record(session, actor, "add task", client.id, after, why, now_ns)
    return task


async def open_tasks(session: AsyncSession, client: Client | None = None) -> list[Task]:
    """Return what is to be done, the most urgent first: of one client, or of all."""
    query = select(Task).where(Task.state == TaskState.OPEN.value).order_by(Task.due, Task.number)
    if client is not None:
        query = query.where(Task.client == client.number)
    return list(await session.scalars(query))


async def tickets_of(session: AsyncSession, client: Client | None, *, open_only: bool) -> list[Ticket]:
    """Return tickets, the most urgent first: of one client, or of all; those that are closed too if wanted."""
    query = select(Ticket).order_by(Ticket.answer_by, Ticket.number)
    if open_only:
        query = query.where(Ticket.state != TicketState.CLOSED.value)
    if client is not None:
        query = query.where(Ticket.client == client.number)
    return list(await session.scalars(query))


async def entries_of(session: AsyncSession, sealer: Sealer, ticket_id: str) -> list[tuple[TicketEntry, str]]:
    """Return what was said on a ticket, the oldest first."""
    ticket = await row_of(session, Ticket, ticket_id, "Q", "ticket", "client ticket list")
    entries = await session.scalars(
        select(TicketEntry).where(TicketEntry.ticket == ticket.number).order_by(TicketEntry.number)
    )
    return [(entry, opened(sealer, TicketEntry, "text", entry.text, entry.number)) for entry in entries]


async def notes_of(session: AsyncSession, sealer: Sealer, client_id: str) -> list[tuple[Note, str]]:
    """Return the notes on a client with what they say, the oldest first."""
    client = await client_of(session, client_id)
    notes = await session.scalars(select(Note).where(Note.client == client.number).order_by(Note.number))
    return [(note, opened(sealer, Note, "text", note.text, note.number)) for note in notes]


async def _kept(session: AsyncSession, client_id: str) -> Client:
    """Return a client. Raise `Refused` if it is erased: what is written of it would be kept for ever."""
    client = await client_of(session, client_id, for_update=True)
    if client.is_erased:
        raise Refused(f"{client.id} is erased, and nothing more is written of it")
    return client


def _long(text: str) -> str:
    if not text.strip() or len(text) > NOTE_CHARS_MAX:
        raise Refused(f"text: needs from 1 to {NOTE_CHARS_MAX:,} characters")
    return text


async def _add_entry(
    session: AsyncSession, actor: Actor, sealer: Sealer, ticket: Ticket, text: str, now_ns: int
) -> int:
    """Add what was said to a ticket, and return its number."""
    number = await next_number(session, TicketEntry.number)
    session.add(
        TicketEntry(
            number=number,
            ticket=ticket.number,
            text=seal(sealer, TicketEntry, "text", _long(text), number),
            state=ticket.state,
            author=actor.user,
            written_ns=now_ns,
        )
    )
    await session.flush()
    return number


async def _record(
    session: AsyncSession,
    actor: Actor,
    verb: str,
    client: str,
    after: Mapping[str, object],
    why: str,
    now_ns: int,
    *,
    before: Mapping[str, object] | None = None,
) -> None:
    await audit.record(session, actor, verb, f"client/{client}", before=before, after=after, why=why, now_ns=now_ns)
