"""`fondaco client agreement`, `note`, `task`, `ticket`, `remind`: what staff have to do with clients."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.choices import choice
from backoffice.cli.client.shown import ClientArgument
from backoffice.cli.moments import day, day_or_none
from backoffice.cli.office import Acting, Looking, Seeing
from backoffice.cli.option_groups import grouped
from backoffice.cli.shown import tell

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.crm.tables.desk import Agreement

tasks = typer.Typer(help="What is to be done about clients, and by when.", no_args_is_help=True)
tickets = typer.Typer(help="What clients ask for.", no_args_is_help=True)

TextArgument = Annotated[str, typer.Argument(metavar="TEXT", help="What is written down.", show_default=False)]


@grouped
def agreement(
    client: ClientArgument,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="client, margin, sla …", show_default=False)],
    *,
    version: Annotated[str, typer.Option("--version", metavar="TEXT", help="Of its text.", show_default=False)],
    signed: Annotated[str | None, typer.Option("--signed", metavar="DAY", help="When it was signed.")] = None,
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE", help="The signed paper.")] = None,
    end: Annotated[bool, typer.Option("--end", help="It is in force no more.")] = False,
    acting: Acting,
) -> None:
    """Enter a version of an agreement with a client, that it was signed, or that it has ended."""
    from backoffice.crm import agreeing
    from backoffice.crm.client_file import AgreementGiven
    from backoffice.crm.filing import hash_of

    found = None if file is None else hash_of(file)
    given = AgreementGiven(kind, version, day_or_none(signed), found)

    async def step(session: "AsyncSession", office: "Office") -> "Agreement":
        who = (session, office.actor, client)
        if end:
            return await agreeing.end_agreement(*who, kind, version, why=acting.why, now_ns=office.now_ns)
        return await agreeing.agree(*who, given, why=acting.why, now_ns=office.now_ns)

    done = acting.carry_out(step)
    state = f"ended on {done.ended}" if done.ended else f"signed on {done.signed}" if done.signed else "not signed yet"
    facts = {"agreement": done.id, "kind": done.kind, "version": done.text_version, "state": state}
    tell(f"{done.id}: {done.kind} {done.text_version}, {state}", facts, as_json=acting.as_json)


@grouped
def note(
    client: ClientArgument,
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="Without one: show the notes.")] = "",
    *,
    seeing: Seeing,
) -> None:
    """Write a note on a client, or show those there are."""
    from backoffice.cli.tables import Cell, Moment, show_table
    from backoffice.crm import following_up
    from backoffice.staff.permissions import Permission

    if text:
        seeing.carry_out(
            lambda session, office: following_up.add_note(
                session, office.actor, office.sealer, client, text, now_ns=office.now_ns
            )
        )
        tell(f"Noted on {client}", {"client": client}, as_json=seeing.as_json)
        return

    async def rows(session: "AsyncSession", office: "Office") -> list[tuple[Cell, ...]]:
        office.actor.require(Permission.SEE_PERSONAL_DATA)
        found = await following_up.notes_of(session, office.sealer, client)
        office.disclosure.note("notes", *(f"client/C-{each.client}" for each, _ in found))
        return [(Moment(each.written_ns), each.author, said) for each, said in found]

    show_table(("at", "by", "note"), seeing.ask(rows), seeing.form)


@tasks.command("add")
@grouped
def add_task(
    client: ClientArgument,
    text: TextArgument,
    *,
    due: Annotated[str, typer.Option("--due", metavar="DAY", help="By when.", show_default=False)],
    to: Annotated[str, typer.Option("--for", metavar="NAME", help="A user, or a role.", show_default=False)],
    seeing: Seeing,
) -> None:
    """Ask for something to be done by a day."""
    from backoffice.crm.following_up import add_task as add

    done = seeing.carry_out(
        lambda session, office: add(
            session, office.actor, client, text, day(due), to, why="a task", now_ns=office.now_ns
        )
    )
    tell(f"{done.id}: for {to}, by {done.due}", {"task": done.id, "due": str(done.due)}, as_json=seeing.as_json)


@tasks.command("list")
@grouped
def list_tasks(
    *,
    client: Annotated[str | None, typer.Option("--client", metavar="CLIENT", help="Of one client only.")] = None,
    looking: Looking,
) -> None:
    """List what is to be done, the most urgent first."""
    from backoffice.cli.tables import Cell, show_table
    from backoffice.crm.following_up import open_tasks
    from backoffice.crm.loading import client_of
    from backoffice.times import day_of

    async def rows(session: "AsyncSession", office: "Office") -> list[tuple[Cell, ...]]:
        of = None if client is None else await client_of(session, client)
        today = day_of(office.now_ns)
        return [
            (task.id, f"C-{task.client}", task.what, str(task.due), task.due < today, task.assignee, task.made_by)
            for task in await open_tasks(session, of)
        ]

    show_table(("task", "client", "what", "due", "late", "for", "by"), looking.ask(rows), looking.form)


@tasks.command("done")
@grouped
def end_task(
    task: Annotated[str, typer.Argument(metavar="TASK", help="Which one, as in TASK-1.", show_default=False)],
    outcome: Annotated[str, typer.Argument(metavar="OUTCOME", help="What came of it.", show_default=False)],
    *,
    cancelled: Annotated[bool, typer.Option("--cancelled", help="It need not be done any more.")] = False,
    seeing: Seeing,
) -> None:
    """Say that a task is done, or that it need not be."""
    from backoffice.crm import following_up

    state = following_up.TaskState.CANCELLED if cancelled else following_up.TaskState.DONE
    done = seeing.carry_out(
        lambda session, office: following_up.end_task(session, office.actor, task, state, outcome, now_ns=office.now_ns)
    )
    tell(f"{done.id} is {done.state}", {"task": done.id, "state": done.state}, as_json=seeing.as_json)


@tickets.command("open")
@grouped
def open_ticket(
    client: ClientArgument,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="In a few words.", show_default=False)],
    text: TextArgument,
    *,
    answer_by: Annotated[str | None, typer.Option("--answer-by", metavar="DAY", help="By when.")] = None,
    seeing: Seeing,
) -> None:
    """Write down what a client asks for."""
    from backoffice.crm import following_up

    done = seeing.carry_out(
        lambda session, office: following_up.open_ticket(
            session, office.actor, office.sealer, client, title, text, day_or_none(answer_by), now_ns=office.now_ns
        )
    )
    facts = {"ticket": done.id, "answer_by": str(done.answer_by)}
    tell(f"{done.id}: to be answered by {done.answer_by}", facts, as_json=seeing.as_json)


@tickets.command("reply")
@grouped
def reply(
    ticket: Annotated[str, typer.Argument(metavar="TICKET", help="Which one, as in Q-1.", show_default=False)],
    text: TextArgument,
    *,
    state: Annotated[
        str | None, typer.Option("--state", metavar="STATE", help="What it is now: open, waiting or closed.")
    ] = None,
    seeing: Seeing,
) -> None:
    """Add to a ticket what was said, and what it is now."""
    from backoffice.crm import following_up

    new = None if state is None else choice("state", state, following_up.TicketState)
    done = seeing.carry_out(
        lambda session, office: following_up.continue_ticket(
            session, office.actor, office.sealer, ticket, text, new, now_ns=office.now_ns
        )
    )
    tell(f"{done.id} is {done.state}", {"ticket": done.id, "state": done.state}, as_json=seeing.as_json)


@tickets.command("show")
@grouped
def show_ticket(
    ticket: Annotated[str, typer.Argument(metavar="TICKET", help="Which one, as in Q-1.", show_default=False)],
    seeing: Seeing,
) -> None:
    """Show what was said on a ticket. For who may see personal data."""
    from backoffice.cli.tables import Cell, Moment, show_table
    from backoffice.crm.following_up import entries_of
    from backoffice.crm.tables.desk import Ticket
    from backoffice.staff.permissions import Permission

    async def rows(session: "AsyncSession", office: "Office") -> list[tuple[Cell, ...]]:
        office.actor.require(Permission.SEE_PERSONAL_DATA)
        found = await entries_of(session, office.sealer, ticket)
        if found:
            asked = await session.get_one(Ticket, found[0][0].ticket)
            office.disclosure.note("a ticket", f"client/C-{asked.client}")
        return [(Moment(each.written_ns), each.author, each.state, said) for each, said in found]

    show_table(("at", "by", "state", "said"), seeing.ask(rows), seeing.form)


@tickets.command("list")
@grouped
def list_tickets(
    *,
    client: Annotated[str | None, typer.Option("--client", metavar="CLIENT", help="Of one client only.")] = None,
    closed_too: Annotated[bool, typer.Option("--all", help="Also those that are closed.")] = False,
    looking: Looking,
) -> None:
    """List the tickets that are not closed, the most urgent first."""
    from backoffice.cli.tables import Cell, show_table
    from backoffice.crm.following_up import tickets_of
    from backoffice.crm.loading import client_of
    from backoffice.times import day_of

    async def rows(session: "AsyncSession", office: "Office") -> list[tuple[Cell, ...]]:
        of = None if client is None else await client_of(session, client)
        today = day_of(office.now_ns)
        return [
            (
                *(each.id, f"C-{each.client}", each.title, each.state),
                *(str(each.answer_by), each.answer_by < today and each.state == "open", each.opened_by),
            )
            for each in await tickets_of(session, of, open_only=not closed_too)
        ]

    head = ("ticket", "client", "title", "state", "answer by", "late", "by")
    show_table(head, looking.ask(rows), looking.form)


@grouped
def remind(
    seeing: Seeing,
) -> None:
    """Do what is due by the calendar: tasks for documents that expire and for reviews, and files whose time is over."""
    from backoffice.crm import filing, leaving, reviewing
    from backoffice.staff.permissions import Permission

    async def step(session: "AsyncSession", office: "Office") -> tuple[list[str], list[str], list[str]]:
        office.actor.require(Permission.FOLLOW_UP)
        documents = await filing.remind(session, now_ns=office.now_ns)
        reviews = await reviewing.remind(session, office.sealer, now_ns=office.now_ns)
        return documents, reviews, await leaving.erase_due(session, office.sealer, now_ns=office.now_ns)

    documents, reviews, erased = seeing.carry_out(step)
    facts = {"documents": documents, "reviews": reviews, "erased": erased}
    told = f"{len(documents)} documents and {len(reviews)} reviews made tasks; {len(erased)} files erased"
    tell(told, facts, as_json=seeing.as_json)
