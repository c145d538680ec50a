"""The back office's process: what it does at which venue."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from backoffice import office
from backoffice.cli.demo.venue import sandbox_text
from backoffice.control import Carried, VenueControl
from backoffice.database import Database
from backoffice.errors import Conflict, DatabaseFault
from backoffice.office import Venue, side_by_side, work
from backoffice.payments.sandbox import SandboxRail
from backoffice.payments.tables import Deposit
from backoffice.staff.sealing import KEY_FILE, make_key
from backoffice.staff.tables import StaffUser
from config.reading import parse
from config.settings import Settings
from engine.control import StaffCommand
from tests.backoffice.projector.journaled import Journaled, journal
from tests.backoffice.projector.test_following import FEED, feeding, following
from tests.engine.waiting import PATIENCE_S


class Told(VenueControl):
    """A venue that is told something, and keeps what."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "control.sock")
        self.commands: list[StaffCommand] = []

    async def submit(self, command: StaffCommand) -> Carried:
        self.commands.append(command)
        return Carried(1, [])


def settings_with(database_url: str) -> Settings:
    """Return the sandbox's settings with another database."""
    return parse(sandbox_text().replace("[back_office]\n", f'[back_office]\ndatabase = "{database_url}"\n'), "toml")


@pytest.mark.parametrize("diverging_at", (1, 400))
async def test_another_venue_is_told_nothing_and_nothing_is_paid(
    database: Database, database_url: str, tmp_path: Path, diverging_at: int
) -> None:
    """As where the settings name the database of another venue, or one that went another way from a copy."""
    own, other = tmp_path / "own", tmp_path / "other"
    for data, since in ((own, 0), (other, diverging_at)):
        data.mkdir()
        journal(data, Journaled(seed=6, length=1_000, diverging_at=since))
    async with feeding(own), following(database, own) as follower, asyncio.timeout(PATIENCE_S):
        await follower.is_up_to_date.wait()
    SandboxRail(other).deposit("NOBODY", "USD", 100, "?")
    settings = settings_with(database_url)
    control = Told(other)
    async with feeding(other), asyncio.timeout(PATIENCE_S):
        with pytest.raises(Conflict, match="another"):
            await work(settings, Venue(other, other / FEED, control), asyncio.Event())
    assert control.commands == []
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Deposit)) == 0


async def test_a_database_that_is_away_for_long_does_not_fill_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "AGAIN_S", 0)
    reasons = ["locked", "locked", "locked", "full", "locked"]

    async def task(stop: asyncio.Event) -> None:
        if reasons:
            raise DatabaseFault(reasons.pop(0))
        stop.set()

    with capture_logs() as logs:
        await side_by_side({"projector": task}, asyncio.Event())
    assert [each["reason"] for each in logs] == ["locked", "full", "locked"]


async def test_a_key_that_is_missing_is_told_of_at_the_start_once_there_is_staff(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    settings, stop = settings_with(database_url), asyncio.Event()
    stop.set()

    async def warned() -> list[str]:
        with capture_logs() as logs:
            await work(settings, Venue(tmp_path, tmp_path / FEED, Told(tmp_path)), stop)
        return [each["reason"] for each in logs if each["event"].startswith("personal data")]

    assert await warned() == []
    async with database.writing() as session:
        session.add(StaffUser(name="ann", full_name="ann", added_ns=1))
    (reason,) = await warned()
    assert reason.endswith("for one that there is bring back its own")
    make_key(tmp_path / KEY_FILE)
    assert await warned() == []
