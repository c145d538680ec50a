"""`fondaco audit`: what staff have done, and whether the trail of it is whole."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from backoffice.cli.moments import FromOption, UntilOption
from backoffice.cli.numbers import CountOption
from backoffice.cli.office import Looking, Seeing
from backoffice.cli.option_groups import grouped
from backoffice.cli.tables import Cell, Moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.staff.audit import Verified
    from backoffice.staff.tables import AuditEntry

app = typer.Typer(help="What staff have done: who, when, what, before, after and why.", no_args_is_help=True)

_HEAD = ("number", "time", "user", "verb", "subject", "before", "after", "why", "hash")
_NAMED: Final = "approval"
"""What is told though it stays the same."""
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
    from backoffice.cli.payments.amounts import decimals_of
    from backoffice.cli.tables import Form, show_table
    from backoffice.staff import audit
    from backoffice.staff.permissions import Permission

    form = looking.form
    wanted = audit.Wanted(user, subject, verb, from_ns, until_ns)

    async def rows(session: "AsyncSession", desk: "Office") -> list[tuple[Cell, ...]]:
        found = await audit.entries(session, wanted, count)
        decimals = decimals_of(desk.settings)
        return [_row_for_people(each, decimals) if form is Form.PEOPLE else _row(each) for each in found]

    head = _HEAD_FOR_PEOPLE if form is Form.PEOPLE else _HEAD
    show_table(head, looking.ask(rows, Permission.SEE_AUDIT_TRAIL), form, last=count)


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


def _row_for_people(entry: "AuditEntry", decimals: "Mapping[str, int]") -> tuple[Cell, ...]:
    number, moment, actor, verb, subject, _, _, why, _ = _row(entry)
    return number, moment, actor, verb, subject, _changes(entry, decimals), why


def _changes(entry: "AuditEntry", decimals: "Mapping[str, int]") -> str:
    """Return what is other than it was, by name, and which approval it was by. `decimals`: of each asset."""
    import json

    from backoffice.cli.facts import asset_of, fact_text, value_text

    before = json.loads(entry.before) if entry.before else {}
    after = json.loads(entry.after) if entry.after else {}
    asset = asset_of({**before, **after})
    changes = []
    for name in dict.fromkeys((*after, *before)):
        is_other = before.get(name) != after.get(name)
        if is_other or name == _NAMED:
            became = f" → {value_text(name, after.get(name), decimals, asset)}" if is_other and name in before else ""
            changes.append(f"{fact_text(name, before.get(name, after.get(name)), decimals, asset)}{became}")
    return "; ".join(changes)


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
