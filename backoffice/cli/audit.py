"""`fondaco audit`: what staff have done, and whether the trail of it is whole."""

from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.moments import FromOption, UntilOption
from backoffice.cli.numbers import CountOption
from backoffice.cli.office import Looking, Seeing
from backoffice.cli.option_groups import grouped
from backoffice.cli.tables import Cell, Moment

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.staff.audit import Verified
    from backoffice.staff.tables import AuditEntry

app = typer.Typer(help="What staff have done: who, when, what, before, after and why.", no_args_is_help=True)

_HEAD = ("number", "time", "user", "verb", "subject", "before", "after", "why", "hash")
_HEAD_FOR_PEOPLE = ("number", "time", "user", "verb", "subject", "what", "why")


@app.command("list")
@grouped
def list_entries(
    *,
    user: Annotated[
        str | None, typer.Option("--user", metavar="NAME", help="Of this user.", show_default="all")
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option("--subject", metavar="SUBJECT", help="About client/C-1; client/ for all.", show_default="all"),
    ] = None,
    verb: Annotated[str | None, typer.Option("--verb", metavar="VERB", help="Such deeds.", show_default="all")] = None,
    from_ns: FromOption = None,
    until_ns: UntilOption = None,
    count: CountOption = 100,
    looking: Looking,
) -> None:
    """List entries of the trail, the oldest first. For auditors, compliance and administrators."""
    from backoffice.cli.tables import Form, show_table
    from backoffice.staff import audit
    from backoffice.staff.permissions import Permission

    form = looking.form
    wanted = audit.Wanted(user, subject, verb, from_ns, until_ns)

    entries = looking.ask(lambda session, _: audit.entries(session, wanted, count), Permission.SEE_AUDIT_TRAIL)
    if form is Form.PEOPLE:
        show_table(_HEAD_FOR_PEOPLE, map(_row_for_people, entries), form, last=count)
    else:
        show_table(_HEAD, map(_row, entries), form, last=count)


@app.command()
@grouped
def verify(
    *,
    noted: Annotated[
        str | None,
        typer.Option(
            "--noted",
            metavar="NUMBER:HASH",
            help="What an earlier run told: the trail must still hold that entry.",
            show_default="none",
        ),
    ] = None,
    seeing: Seeing,
) -> None:
    """Check the hash of every entry, from the first on. Status 1 and the first that is wrong, if one is.

    That the end was cut off shows by the entry that the back office has noted in `audit.head`, in the data directory;
    and, if that file could be written too, by what an earlier run told, noted outside this machine: `--noted`.
    """
    from backoffice.cli.failure import CommandFailed
    from backoffice.cli.progress import bar
    from backoffice.cli.tables import form_of, show_fields
    from backoffice.staff import audit
    from backoffice.staff.anchor import HEAD_FILE
    from backoffice.staff.permissions import Permission

    told = _noted(noted)

    async def check(session: "AsyncSession", desk: "Office") -> "Verified":
        head = _head_in(desk.data / HEAD_FILE)
        clash = next((number for number in told if head.get(number, told[number]) != told[number]), None)
        if clash is not None:
            raise CommandFailed(f"{desk.data / HEAD_FILE}: has another entry {clash} than --noted")
        with bar("checking the audit trail", "entries", await audit.last_number(session)) as progress:
            return await audit.verify(session, {**head, **told}, progress=progress)

    verified = seeing.ask(check, Permission.SEE_AUDIT_TRAIL)
    if verified.flaw:
        raise CommandFailed(f"the audit trail is broken: {verified.flaw}; the {verified.count:,} before it are whole")
    if seeing.as_json:
        show_fields({"entries": verified.count, "hash": verified.hash}, form_of(as_json=True))
        return
    typer.echo(f"{verified.count:,} entries, and every one is as it was written.")
    typer.echo(f"To be noted down: {verified.count}:{verified.hash}")


def _row(entry: "AuditEntry") -> tuple[Cell, ...]:
    return (
        entry.number,
        Moment(entry.time_ns),
        entry.actor,
        entry.verb,
        entry.subject,
        entry.before,
        entry.after,
        entry.why,
        entry.hash,
    )


def _row_for_people(entry: "AuditEntry") -> tuple[Cell, ...]:
    number, moment, actor, verb, subject, _, _, why, _ = _row(entry)
    return number, moment, actor, verb, subject, _changes(entry), why


def _changes(entry: "AuditEntry") -> str:
    """Return what is other than it was, by name."""
    import json

    before = json.loads(entry.before) if entry.before else {}
    after = json.loads(entry.after) if entry.after else {}
    changes = []
    for name in dict.fromkeys((*after, *before)):
        if before.get(name) != after.get(name):
            was = f"{_said(before[name])} → " if name in before else ""
            changes.append(f"{name.replace('_', ' ')} {was}{_said(after.get(name))}")
    return "; ".join(changes)


def _said(value: object) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(_said, value)) or "none"
        case dict():
            return f"({', '.join(f'{name} {_said(each)}' for name, each in value.items())})"
        case _:
            return str(value)


def _noted(text: str | None) -> dict[int, str]:
    from backoffice.cli.failure import CommandFailed
    from backoffice.staff.anchor import noted_in

    if text is None:
        return {}
    noted = noted_in(text)
    if noted is None:
        raise CommandFailed(f"--noted {text}: write NUMBER:HASH, as an earlier run has told")
    return dict([noted])


def _head_in(path: "Path") -> dict[int, str]:
    """Return what the back office has noted down, if it has."""
    from backoffice.cli.failure import CommandFailed
    from backoffice.staff.anchor import noted_in

    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        text = ""
    noted = noted_in(text)
    if noted is None:
        raise CommandFailed(f"{path}: not NUMBER:HASH of an entry of the audit trail; find out who has changed it")
    return dict([noted])
