"""What is decided the venue is told at once, if it is the one that the database follows."""

import asyncio
from collections.abc import Iterator

import pytest

from backoffice import outbox
from backoffice.database import Database
from backoffice.database.database import address_of
from engine.commands import Block
from engine.guarding import blocks
from engine.recovery import JOURNAL
from engine.values import Scope
from tests.backoffice.cli.desk import Desk
from tests.backoffice.cli.informed import informed
from tests.backoffice.cli.venue.conftest import CommandedVenue, commanded_venue

WHY = ("--why", "because")


@pytest.fixture
def desk(empty_desk: Desk, database_url: str) -> Desk:
    """A desk where the venue is to be told of a block, and ben is asked to let tim and tom join."""
    desk = informed(empty_desk, database_url)

    async def put() -> None:
        async with Database(address_of(database_url, desk.data)) as database, database.writing() as session:
            await outbox.put(session, Block(Scope.FIRM, "ALPHA-A", "ann", "why"), "client/C-1", 1)

    asyncio.run(put())
    for name in ("tim", "tom"):
        desk.done("staff", "add", name, "--role", "risk", "--os-user", name, *WHY)
    desk.sit_down("benjamin")
    return desk


@pytest.fixture
def venue(desk: Desk) -> Iterator[CommandedVenue]:
    with commanded_venue(desk.home) as venue:
        yield venue


def approved(desk: Desk, approval: str) -> str:
    """Have ben decide, and return what he is told of the venue."""
    finished = desk.run("approval", "approve", approval, *WHY)
    assert finished.returncode == 0, finished
    return finished.stderr


def blocked(venue: CommandedVenue) -> list[str]:
    return [block.name for block in blocks(venue.sequencer.exchange.state)]


def test_another_venue_than_the_database_has_followed_is_told_nothing(
    desk: Desk, venue: CommandedVenue, database_url: str
) -> None:
    other = f"The venue is told nothing: {desk.data}: holds another journal than the one that the database has followed"
    assert (approved(desk, "A-1"), blocked(venue)) == (f"{other}\n", [])
    venue.be_followed(database_url)
    assert (approved(desk, "A-2"), blocked(venue)) == ("", ["ALPHA-A"])


def test_a_venue_whose_journal_cannot_be_read_is_told_nothing(desk: Desk, venue: CommandedVenue) -> None:
    (desk.data / JOURNAL / "stray.journal").touch()
    told = approved(desk, "A-1")
    assert told.startswith("The venue is told nothing: ")
    assert told.endswith("stray.journal: not the name of a segment; take the file away\n")
    assert blocked(venue) == []
