"""Followers in other processes get every record once, in order: across restarts of the venue, and of themselves."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from engine.journal import JournalReader
from engine.recovery import JOURNAL
from tests.e2e import power
from tests.e2e.broker import Broker
from tests.e2e.conftest import MakeVenue
from tests.e2e.follower import line, whole_lines
from tests.e2e.test_kill import BROKERS, end_quietly, heard
from tests.e2e.venue import DEADLINE_S, ROOT, Venue, wait_until

pytestmark = pytest.mark.e2e

ENDS: Final = ("terminate", "kill", "kill", "terminate", "kill")


class Follower:
    """A process that follows, and what it has written."""

    def __init__(self, venue: Venue, first: int, path: Path) -> None:
        self.first = first
        self.path = path
        self._command = [
            sys.executable,
            "-m",
            "tests.e2e.follower",
            str(venue.data / "feed.sock"),
            str(first),
            str(path),
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdin=subprocess.DEVNULL)

    def kill(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, "it follows for ever"
        self._process.kill()
        self._process.wait(DEADLINE_S)

    def has(self, count: int) -> bool:
        """Tell whether it has so many records."""
        return len(whole_lines(self.path)) >= count


MakeFollower = Callable[[Venue, int], Follower]


@pytest.fixture
def make_follower(tmp_path: Path) -> Iterator[MakeFollower]:
    made: list[Follower] = []

    def make(venue: Venue, first: int) -> Follower:
        made.append(Follower(venue, first, tmp_path / f"followed{len(made)}"))
        return made[-1]

    yield make
    for follower in made:
        follower.kill()


def journal_lines(venue: Venue, first: int = 1) -> list[str]:
    return [line(record) for record in JournalReader(venue.data / JOURNAL).records(first)]


async def follow_through_restarts(venue: Venue, make_follower: MakeFollower, seed: int, *, restart: bool) -> None:
    """Let followers follow while the venue comes and goes; with `restart` one of them does too, each time."""
    pick = random.Random(seed)
    brokers = [Broker(comp_id, venue.port, seed) for comp_id in BROKERS]
    working = [asyncio.create_task(broker.work()) for broker in brokers]
    followers = [make_follower(venue, 1), make_follower(venue, 40)]
    for end in ENDS:
        await heard(brokers, pick.choice((3_000, 8_000)) + sum(len(broker.heard) for broker in brokers))
        restarted = pick.choice(followers)
        if restart:
            restarted.kill()
        await asyncio.to_thread(getattr(venue, end))
        if restart:
            restarted.start()
        await asyncio.to_thread(venue.start)
        followers.append(make_follower(venue, last_sequence(venue) // 2))
    await end_quietly(venue, brokers, working)
    await asyncio.to_thread(venue.start)
    for follower in followers:
        expected = journal_lines(venue, follower.first)
        await asyncio.to_thread(wait_until, partial(follower.has, len(expected)), "the follower has caught up")
        assert whole_lines(follower.path) == expected


def last_sequence(venue: Venue) -> int:
    return max(record.sequence for record in JournalReader(venue.data / JOURNAL).records())


@pytest.mark.parametrize("restart", (False, True), ids=["steady followers", "followers restarted too"])
async def test_followers_get_every_record_once_across_restarts(
    make_venue: MakeVenue, make_follower: MakeFollower, restart: bool
) -> None:
    venue = make_venue(journal={"segment_mib": 1})
    venue.start()
    await follow_through_restarts(venue, make_follower, 8 + restart, restart=restart)
    assert len(JournalReader(venue.data / JOURNAL).segments()) > 1, "from segment to segment, too"


async def test_follower_has_nothing_that_a_power_cut_takes(
    make_venue: MakeVenue, make_follower: MakeFollower, tmp_path: Path
) -> None:
    patches = power.install(tmp_path / "patches")
    venue = make_venue(patches=patches)
    venue.start()
    follower = make_follower(venue, 1)
    brokers = [Broker(comp_id, venue.port, 10) for comp_id in BROKERS]
    working = [asyncio.create_task(broker.work()) for broker in brokers]
    pick = random.Random(10)
    for _ in range(4):
        await heard(brokers, 1_000 + sum(len(broker.heard) for broker in brokers))
        venue.kill()
        power.cut(venue.data, patches, pick)
        followed, held = whole_lines(follower.path), journal_lines(venue)
        assert followed == held[: len(followed)]
        await asyncio.to_thread(venue.start)
    await end_quietly(venue, brokers, working)
