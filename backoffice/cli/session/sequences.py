"""`fondaco session sequence`, `reset`: where a session's sequences stand."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.numbers import ID_MAX
from backoffice.cli.option_groups import grouped
from backoffice.cli.session.life import SessionArgument
from backoffice.cli.venue.request import Asked, command

if TYPE_CHECKING:
    from engine.events import AnyEvent


@grouped
def sequence(
    session: SessionArgument,
    *,
    asked: Asked,
    next_in: Annotated[
        int | None,
        typer.Option(
            "--next-in",
            metavar="N",
            min=1,
            max=ID_MAX,
            help="The number to be expected next.",
            show_default="stays",
        ),
    ] = None,
    next_out: Annotated[
        int | None,
        typer.Option(
            "--next-out", metavar="N", min=1, max=ID_MAX, help="The number to be used next.", show_default="stays"
        ),
    ] = None,
) -> None:
    """Set a session's sequence numbers, while it is logged on or not.

    Outgoing numbers only go up, as none may be used twice; what is skipped becomes a gap that a resend fills. To begin
    again at 1 there is `fondaco session reset`.
    """
    from backoffice.cli.failure import CommandFailed
    from engine.commands import SetSequence

    if next_in is None and next_out is None:
        raise CommandFailed("nothing to set: give --next-in, --next-out, or both")
    command(asked, SetSequence(session, next_in or 0, next_out or 0, asked.who, asked.why), _told)


@grouped
def reset(session: SessionArgument, asked: Asked) -> None:
    """Let both sequences of a session begin again at 1; if it is logged on, it is cut off.

    The other side must begin again too. Reports that it has never been sent keep their places behind the new 1.
    """
    from engine.commands import ResetSequence

    command(asked, ResetSequence(session, asked.who, asked.why), _told)


def _told(events: "Sequence[AnyEvent]") -> list[str]:
    from engine.session_events import SequenceReset, SequenceSet

    lines = []
    for event in events:
        if isinstance(event, SequenceReset):
            lines.append(f"session {event.session} begins again at 1, both ways")
        elif isinstance(event, SequenceSet):
            set_ = [f"expects {event.next_in} next"] if event.next_in else []
            set_ += [f"uses no number below {event.next_out} any more"] if event.next_out else []
            lines.append(f"session {event.session} {' and '.join(set_)}")
    return lines
