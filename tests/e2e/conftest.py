"""Venues for end-to-end tests: started on demand, ended with the test, their log looked through."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.venue import Venue
from tests.e2e.wire import Client

MakeVenue = Callable[..., Venue]


@pytest.fixture(autouse=True)
def close_clients() -> Iterator[None]:
    yield
    while Client.opened:
        Client.opened.pop().close()


@pytest.fixture
def make_venue(tmp_path: Path) -> Iterator[MakeVenue]:
    """Make venues; at the end they are stopped, and must not have been surprised by anything."""
    venues: list[Venue] = []

    def make(**settings: object) -> Venue:
        directory = tmp_path / f"venue{len(venues)}"
        directory.mkdir()
        venues.append(Venue(directory, **settings))  # type: ignore[arg-type]
        return venues[-1]

    yield make
    for venue in venues:
        venue.stop()
    for venue in venues:
        venue.check_log()


@pytest.fixture
def venue(make_venue: MakeVenue) -> Venue:
    """A running venue with four sessions."""
    venue = make_venue()
    venue.start()
    return venue
