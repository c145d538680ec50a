"""Looks at the venue and at the back office, again and again; either may be away and come back."""

import asyncio
import time
from pathlib import Path
from typing import Final

import msgspec
import typer
from rich.console import Console
from rich.live import Live

from backoffice.cli.office import Office, office
from backoffice.cli.top.view import view
from backoffice.errors import DatabaseFault
from backoffice.reports.now import Now, now
from backoffice.staff.permissions import Permission
from engine import control
from engine.errors import ControlError
from engine.overview import FollowersShown, SessionsShown, ShowFollowers, ShowSessions, ShowVenue, VenueShown
from engine.remote import Source
from fixgw.sources import control_of

_WIDE_COLUMNS: Final = 1_000


class Look(msgspec.Struct, frozen=True):
    """What was seen at one moment: of the venue and of the back office, or why there is nothing of it."""

    time_ns: int
    venue: VenueShown | None
    sessions: SessionsShown | None
    followers: FollowersShown | None
    venue_away: str
    now: Now | None
    office_away: str


async def watch(console: Console, config: Path, data: Path | None, as_user: str | None, every_s: int | None) -> None:
    """Show what there is every so many seconds, until cancelled; once without a terminal, or if that is None."""
    async with office(config, data, as_user) as desk:
        desk.actor.require(Permission.SEE_RECORDS)
        seen = await look(desk)
        if every_s is None or not console.is_terminal:
            show(console, seen)
            return
        with Live(view(None, seen, console.height), console=console, auto_refresh=False, screen=True) as live:
            live.refresh()
            while True:
                await asyncio.sleep(every_s)
                before, seen = seen, await look(desk)
                live.update(view(before, seen, console.height), refresh=True)


def show(console: Console, seen: Look) -> None:
    """Print a look; where there is no terminal, as wide as it needs to be."""
    if not console.is_terminal:
        console.width = _WIDE_COLUMNS
    with console.capture() as printed:
        console.print(view(None, seen, None))
    for line in printed.get().splitlines():
        typer.echo(line.rstrip())


async def look(desk: Office) -> Look:
    """Look once."""
    source = control_of(desk.settings, desk.data)
    try:
        venue, sessions, followers, venue_away = *await asyncio.to_thread(_ask, source), ""
    except ControlError as error:
        venue, sessions, followers, venue_away = None, None, None, str(error)
    try:
        async with desk.database.reading() as session:
            found, office_away = await now(session), ""
    except DatabaseFault as error:
        found, office_away = None, str(error)
    return Look(time.time_ns(), venue, sessions, followers, venue_away, found, office_away)


def _ask(source: Source) -> tuple[VenueShown, SessionsShown, FollowersShown]:
    venue, sessions = control.ask(source, ShowVenue()), control.ask(source, ShowSessions())
    followers = control.ask(source, ShowFollowers())
    if isinstance(venue, VenueShown) and isinstance(sessions, SessionsShown) and isinstance(followers, FollowersShown):
        return venue, sessions, followers
    raise ControlError(f"{source}: the venue gives no such answers")
