"""`fondaco session suspend`, `resume`, `logout`, `remove`: whether a session may be there."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.venue.request import ByOption, ConfigOption, DataOption, JsonOption, WhyOption, command, who

if TYPE_CHECKING:
    from engine.events import AnyEvent

SessionArgument = Annotated[str, typer.Argument(metavar="SESSION", help="Its CompID.", show_default=False)]


def suspend(
    session: SessionArgument,
    config: ConfigOption,
    why: WhyOption,
    by: ByOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Log a session out, and let it log on no more until it is resumed.

    Its open orders go as after any disconnect: `fondaco venue block session` cancels them all.
    """
    from engine.commands import SuspendSession

    command(config, data, SuspendSession(session, who(by), why), _told, as_json=as_json)


def resume(
    session: SessionArgument,
    config: ConfigOption,
    why: WhyOption,
    by: ByOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a suspended session log on again."""
    from engine.commands import ResumeSession

    command(config, data, ResumeSession(session, who(by), why), _told, as_json=as_json)


def logout(
    session: SessionArgument,
    config: ConfigOption,
    why: WhyOption,
    by: ByOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Log a session out. It may log on again at once."""
    from engine.commands import LogOutSession

    command(config, data, LogOutSession(session, who(by), why), _told, as_json=as_json)


def remove(
    session: SessionArgument,
    config: ConfigOption,
    why: WhyOption,
    by: ByOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a session for good. It must have no open orders; one of the same name would begin anew."""
    from engine.commands import RemoveSession

    command(config, data, RemoveSession(session, who(by), why), _told, as_json=as_json)


def _told(events: "Sequence[AnyEvent]") -> list[str]:
    from engine.events import LogoutOrdered, SessionRemoved, SessionResumed, SessionSuspended

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
