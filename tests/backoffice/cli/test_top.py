"""`fondaco top`: what it shows of the venue and of the back office, and of either when the other is away."""

import asyncio
import io
from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from rich.console import Console

from backoffice.cli.office import office
from backoffice.cli.top.view import view
from backoffice.cli.top.watching import Look, look
from backoffice.reports.now import Now
from backoffice.times import SECOND_NS
from engine.overview import FollowerShown, FollowersShown
from tests.backoffice.cli.conftest import COMMANDS
from tests.backoffice.cli.desk import Desk
from tests.backoffice.cli.informed import informed
from tests.backoffice.cli.venue.conftest import CommandedVenue
from tests.backoffice.reports.known import TRADED


@pytest.fixture
def desk(empty_desk: Desk, database_url: str) -> Desk:
    """The desk of somebody who may look, where the trade is taken in and the two records after it too."""
    return informed(empty_desk, database_url)


@pytest.fixture
def venue(desk: Desk) -> Iterator[CommandedVenue]:
    """A venue of the same data directory, where the trade was the last that happened."""
    venue = CommandedVenue(desk.home)
    venue.start()
    yield venue
    venue.stop()


def looked(desk: Desk) -> Look:
    async def once() -> Look:
        async with office(desk.config, desk.data) as opened:
            return await look(opened)

    return asyncio.run(once())


def printed(before: Look | None, seen: Look, rows: int | None = None, *, width: int = 160) -> str:
    file = io.StringIO()
    Console(file=file, width=width, highlight=False).print(view(before, seen, rows))
    return file.getvalue()


@pytest.mark.usefixtures("venue")
def test_books_sessions_and_the_back_office_are_shown(desk: Desk) -> None:
    shown = desk.done("top", "--once")
    lines = {line.split()[0]: line.split() for line in shown.splitlines() if line.strip()}
    assert lines["BTC/USD"][-4:] == ["42.00", "0.060", "42.00", "1"]
    assert lines["ALPHA"][:3] == ["ALPHA", "order-entry", "away"]
    assert f"venue         record {len(COMMANDS)}, 0 of 2 sessions are there" in shown
    assert f"record {TRADED + 2} of 2027-01-16 08:00:00, 0 behind" in shown
    assert "followers     none" in shown
    assert "waiting       nothing" in shown


@pytest.mark.usefixtures("venue")
def test_each_follower_has_its_lag(desk: Desk) -> None:
    seen = looked(desk)
    followers = (FollowerShown("back office", 1_995), FollowerShown("market data", 700, "10.0.0.2:99 'md'"))
    shown = printed(None, replace(seen, followers=FollowersShown(2_000, followers)))
    assert "followers     back office: 5 behind, market data of 10.0.0.2:99 'md': 1,300 behind" in shown


def test_it_works_while_the_venue_is_away(desk: Desk) -> None:
    shown = desk.done("top")
    assert "venue         away: " in shown
    assert f"back office   record {TRADED + 2} of" in shown
    assert "behind" not in shown


def test_what_waits_for_staff_is_counted(desk: Desk) -> None:
    desk.done("staff", "add", "tom", "--role", "treasury", "--os-user", "tom", "--why", "because")
    assert "waiting       1 approval\n" in desk.done("top", "--once")
    seen = looked(desk)
    assert seen.now is not None
    shown = printed(None, replace(seen, now=replace(seen.now, breaks=1, alerts=2, hits=3_000)))
    assert "waiting       1 approval, 1 break, 2 alerts, 3,000 screening hits" in shown
    paying = replace(seen.now, approvals=0, deposits={"confirming": 2}, withdrawals={"held": 1, "sent": 3})
    assert "waiting       2 deposits (2 confirming), 4 withdrawals (1 held, 3 sent)" in printed(
        None, replace(seen, now=paying)
    )


@pytest.mark.usefixtures("venue")
def test_the_flow_is_what_came_since_the_last_look(desk: Desk) -> None:
    before = looked(desk)
    assert before.venue is not None
    assert before.now is not None
    now: Now = replace(before.now, orders=before.now.orders + 3, trades=before.now.trades + 1)
    sequence = before.venue.sequence + 25
    seen = replace(
        before, time_ns=before.time_ns + 2 * SECOND_NS, venue=replace(before.venue, sequence=sequence), now=now
    )
    shown = printed(before, seen)
    assert "per second    12.5 records, 1.5 orders, 0.5 trades, 0.0 records taken in" in shown
    assert f"{sequence - now.sequence} behind" in shown
    assert "per second    –" in printed(replace(before, venue=None, sessions=None, now=None), seen)


@pytest.mark.usefixtures("venue")
def test_what_does_not_fit_onto_the_terminal_is_counted(desk: Desk) -> None:
    seen = looked(desk)
    assert seen.sessions is not None
    session = seen.sessions.sessions[0]
    many = tuple(replace(session, session=f"S{number}", is_connected=number == 70) for number in range(100))
    shown = printed(None, replace(seen, sessions=replace(seen.sessions, sessions=many)), rows=24)
    assert len(shown.splitlines()) <= 24
    assert "… and " in shown
    assert "S70" in shown


def test_what_waits_takes_one_line_of_a_terminal_and_as_many_as_it_needs_elsewhere(desk: Desk) -> None:
    seen = looked(desk)
    assert seen.now is not None
    paying = replace(seen, now=replace(seen.now, deposits={"confirming": 2}, withdrawals={"held": 1, "sent": 3}))
    on_a_terminal, elsewhere = (printed(None, paying, rows, width=60) for rows in (24, None))
    assert "waiting       2 deposits (2 confirming), 4 withdrawals (1 h…" in on_a_terminal
    assert "3 sent)" in elsewhere


def test_a_database_that_is_away_is_told(desk: Desk) -> None:
    seen = replace(looked(desk), now=None, office_away="database: no answer")
    assert "back office   away: database: no answer" in printed(None, seen)


def test_who_may_not_see_records_is_refused(desk: Desk) -> None:
    assert "nobody of the staff" in desk.refused("top", by="mallory")
