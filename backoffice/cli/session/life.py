"""`fondaco session suspend`, `resume`, `logout`, `remove`: whether a session may be there."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.option_groups import grouped
from backoffice.cli.venue.request import Asked, AskedToStop, command

if TYPE_CHECKING:
    from engine.events import AnyEvent

SessionArgument = Annotated[str, typer.Argument(metavar="SESSION", help="Its CompID.", show_default=False)]


@grouped
def suspend(session: SessionArgument, asked: AskedToStop) -> None:
    """Log a session out, and let it log on no more until it is resumed.

    Its open orders go as after any disconnect: `fondaco venue block session` cancels them all.
    """
    from engine.commands import SuspendSession

    command(asked, SuspendSession(session, asked.who, asked.why), _told)


@grouped
def resume(session: SessionArgument, asked: Asked) -> None:
    """Let a suspended session log on again."""
    from engine.commands import ResumeSession

    command(asked, ResumeSession(session, asked.who, asked.why), _told)


@grouped
def logout(session: SessionArgument, asked: AskedToStop) -> None:
    """Log a session out. It may log on again at once."""
    from engine.commands import LogOutSession

    command(asked, LogOutSession(session, asked.who, asked.why), _told)


@grouped
def remove(session: SessionArgument, asked: Asked) -> None:
    """End a session for good. It must have no open orders; one of the same name would begin anew."""
    from engine.commands import RemoveSession

    command(asked, RemoveSession(session, asked.who, asked.why), _told)


def _told(events: "Sequence[AnyEvent]") -> list[str]:
    from engine.session_events import LogoutOrdered, SessionRemoved, SessionResumed, SessionSuspended

    lines = []
    for event in events:
        match event:
            case SessionSuspended():
                now = "was suspended already" if event.was_suspended else "is suspended"
            case SessionResumed():
                now = "may log on again" if event.was_suspended else "was not suspended"
            case SessionRemoved():
                now = "is removed"
            case LogoutOrdered():
                now = "is logged out, if it was there"
            case _:
                continue
        lines.append(f"session {event.session} {now}")
    return lines
