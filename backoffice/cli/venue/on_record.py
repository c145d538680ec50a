"""What staff command the venue is in the audit trail too: that it is asked for, and what came of it.

The first entry is committed before the venue is asked, so nothing is done without a trace; the second has the record in
the journal, or what the venue said instead. Both say when it was asked for, by which they belong together. Where the
second says that there was no answer, or is missing, the journal tells, under the same name, whether it was done.

What the back office itself decides on is not commanded by hand (`access.by_hand`): that is looked up in the transaction
of the first entry.

What stops trading must not wait for a database: if that is away, it is done all the same, and the journal alone has it.
A venue whose back office has no staff, or that has none, takes commands in whatever name they are given.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import typer

from backoffice.cli.failure import CommandFailed
from backoffice.cli.loop import run
from backoffice.cli.office import database_of, member_of_staff
from backoffice.cli.shown import fields_of
from backoffice.cli.venue.request import Asked, carry_out
from backoffice.errors import BackOfficeError, DatabaseFault
from backoffice.staff import audit
from backoffice.staff.permissions import Permission
from config.reading import load
from engine.commands import ProvisionSession
from engine.errors import ControlError
from engine.profile import NOT_SET_UP

if TYPE_CHECKING:
    from backoffice.staff.actor import Actor
    from engine.control import Done, StaffCommand

_KINDS: Final = {"session": "session", "account": "account", "symbol": "instrument", "trade_id": "trade"}
"""What a command is about, by the field that names it."""
_NOT_IN_AFTER: Final = {"by", "why", "based_on"}
"""What an entry says elsewhere."""


def commander_of(asked: Asked) -> "Actor | None":
    """Return who of the staff gives a command, None if there is no staff.

    Raise a `BackOfficeError` or `CommandFailed` if they may not, or that cannot be told.
    """

    async def known() -> "Actor | None":
        actor = await member_of_staff(asked.config, asked.data, asked.as_user)
        if actor is None:
            if asked.as_user is not None:
                raise CommandFailed(f"--as {asked.as_user}: there is no staff yet; say by --by who asks for it")
            return None
        actor.require(Permission.COMMAND_VENUE)
        if asked.by not in {"", actor.user}:
            raise CommandFailed(f"--by {asked.by}: you are {actor.user}; staff command in their own names")
        return actor

    try:
        return run(known())
    except DatabaseFault as error:
        _go_on_without_trail(asked, error)
        return None


def carry_out_on_record(asked: Asked, actor: "Actor", request: "StaffCommand") -> "Done":
    """Have the venue carry out a command of its staff, as `carry_out` does, and put both on record.

    Raise `Refused` if it is about what the back office decides on.
    """
    asked_at_ns = time.time_ns()
    told = fields_of(request)
    subject = _subject(told)
    common = {"type": told["type"], "asked_at_ns": asked_at_ns}
    after = {**common, **{name: value for name, value in told.items() if name not in _NOT_IN_AFTER}}
    try:
        _record(asked, actor, "command", subject, asked_at_ns, before=_before(request), after=after, of=request)
    except DatabaseFault as error:
        _go_on_without_trail(asked, error)

    def conclude(verb: str, result: Mapping[str, object]) -> None:
        try:
            _record(asked, actor, verb, subject, time.time_ns(), before=None, after={**common, **result})
        except BackOfficeError as error:
            typer.echo(f"The audit trail has that it was asked for, and not what came of it: {error}", err=True)

    try:
        done = carry_out(asked, request)
    except CommandFailed as error:
        conclude("command refused", {"refusal": str(error)})
        raise
    except ControlError as error:
        conclude("command unanswered", {"trouble": str(error)})
        raise
    except BaseException as error:
        # Its text could have what no trail may, a secret of the command.
        conclude("command unanswered", {"trouble": type(error).__name__})
        raise
    conclude("command done", {"record": done.sequence})
    return done


def _go_on_without_trail(asked: Asked, error: DatabaseFault) -> None:
    """Say that the trail will not have what is asked for. Raise the error if that cannot be."""
    if asked.needs_trail:
        raise error
    typer.echo(f"Not in the audit trail, only in the venue's journal: {error}", err=True)


def _record(
    asked: Asked,
    actor: "Actor",
    verb: str,
    subject: str,
    now_ns: int,
    *,
    before: Mapping[str, object] | None,
    after: Mapping[str, object],
    of: "StaffCommand | None" = None,
) -> None:
    """Put an entry into the trail. `of`: what is yet to be commanded; raise `Refused` if that is not by hand."""

    async def put() -> None:
        async with (
            database_of(load(asked.config), asked.directory) as database,
            database.writing() as session,
        ):
            if of is not None and asked.needs_trail:
                from backoffice.access import by_hand

                await by_hand.check(session, of)
            await audit.record(session, actor, verb, subject, before=before, after=after, why=asked.why, now_ns=now_ns)

    run(put())


def _subject(told: Mapping[str, Any]) -> str:
    """Return what a command is about, by its fields."""
    if "scope" in told:
        return f"{told['scope'].lower()}/{told['name']}"
    return next(f"{kind}/{told[field]}" for field, kind in _KINDS.items() if told.get(field))


def _before(request: "StaffCommand") -> dict[str, Any] | None:
    """Return what was before, if a command says so."""
    based_on = request.based_on if isinstance(request, ProvisionSession) else None
    return None if based_on is None or based_on == NOT_SET_UP else fields_of(based_on)
