"""Kill −9 under load, at random moments: afterwards every client's view and the journal agree, to the last report."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.e2e import power
from tests.e2e.broker import POLL_S, Broker
from tests.e2e.conftest import MakeVenue
from tests.e2e.truth import Truth
from tests.e2e.venue import DEADLINE_S, HOST, Sync, Venue

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

BROKERS: Final = ("BROKER1", "BROKER2", "BROKER3", "BROKER4")
MOMENTS: Final = (0, 1, 30, 1_000, 5_000, 15_000)
"""How many messages the brokers hear between two kills; in an order that the seed gives."""


async def heard(brokers: list[Broker], count: int) -> None:
    """Return when the brokers together have heard so many messages."""
    async with asyncio.timeout(DEADLINE_S):
        while sum(len(broker.heard) for broker in brokers) < count or not any(b.wire.is_connected for b in brokers):
            await asyncio.sleep(POLL_S)


async def end_quietly(venue: Venue, brokers: list[Broker], working: list[asyncio.Task[None]]) -> None:
    """Let the brokers hear all that there is to hear and leave; stop the venue."""
    for broker in brokers:
        broker.working = False
    await asyncio.gather(*working)
    for broker in brokers:
        await broker.settle()
    for broker in brokers:
        await broker.synchronize()
    for broker in brokers:
        await broker.wire.log_out()
    await asyncio.to_thread(venue.terminate)


def check_agreement(venue: Venue, brokers: list[Broker], *, first_time: bool = True) -> Truth:
    """The journal is sound, the books add up, and each broker knows what the journal knows; `first_time`: only once."""
    truth = Truth(venue.data)
    truth.check_books()
    for broker in brokers:
        truth.check_heard(broker, first_time=first_time)
        truth.check_requests(broker)
        truth.check_orders(broker)
        session = truth.state.sessions[broker.comp_id]
        assert (session.last_in + 1, session.reserved_out + 1) == (broker.wire.next_out, broker.wire.next_in)
        if first_time:
            lost = [number for number in broker.wire.filled if number in broker.wire.bodies]
            assert not lost, "what was said once can be said again"
    verified = venue.run("journal", "verify", str(venue.data))
    assert verified.returncode == 0, verified.stderr
    return truth


async def suffer_kills(venue: Venue, brokers: list[Broker], seed: int, moments: Sequence[int] = MOMENTS) -> None:
    """Have the brokers work through kills of the venue, and end in peace."""
    working = [asyncio.create_task(broker.work()) for broker in brokers]
    for moment in random.Random(seed).sample(moments, len(moments)):
        await heard(brokers, moment + sum(len(broker.heard) for broker in brokers))
        venue.kill()
        for task in working:
            assert not task.done() or task.exception() is None
        await asyncio.to_thread(venue.start)
    await heard(brokers, 500 + sum(len(broker.heard) for broker in brokers))
    await end_quietly(venue, brokers, working)


async def log_on_again_without_a_gap(venue: Venue, brokers: list[Broker]) -> None:
    """After a clean stop, both sequences go on where they stood."""
    await asyncio.to_thread(venue.start)
    for broker in brokers:
        next_in, heard_count = broker.wire.next_in, len(broker.heard)
        await broker.wire.log_on(HOST, venue.port)
        assert broker.wire.next_in == next_in + 1
        await broker.synchronize()
        assert broker.wire.next_in == next_in + 2
        assert len(broker.heard) == heard_count + 1
        await broker.wire.log_out()


@pytest.mark.parametrize(("sync", "seed"), (("always", 1), ("always", 2), ("relaxed", 3)))
async def test_killed_venue_and_its_clients_agree_on_everything(make_venue: MakeVenue, sync: Sync, seed: int) -> None:
    venue = make_venue(sync=sync)
    venue.start()
    brokers = [Broker(comp_id, venue.port, seed, cut_odds=0.1) for comp_id in BROKERS]
    await suffer_kills(venue, brokers, seed)
    truth = check_agreement(venue, brokers)
    assert truth.state.last_trade_id > 1_000, "there was something to lose"
    assert sum(broker.cut_count for broker in brokers) > 3, "lines failed, too"
    await log_on_again_without_a_gap(venue, brokers)


async def suffer_power_cuts(venue: Venue, patches: Path, brokers: list[Broker], seed: int) -> None:
    """Have the brokers work through power cuts, and end in peace."""
    pick = random.Random(seed)
    working = [asyncio.create_task(broker.work()) for broker in brokers]
    for moment in pick.sample(MOMENTS, len(MOMENTS)):
        await heard(brokers, moment + sum(len(broker.heard) for broker in brokers))
        venue.kill()
        power.cut(venue.data, patches, pick)
        await asyncio.to_thread(venue.start)
    await heard(brokers, 500 + sum(len(broker.heard) for broker in brokers))
    await end_quietly(venue, brokers, working)


@pytest.mark.parametrize("seed", (4, 5))
async def test_power_cut_takes_nothing_that_was_acknowledged(make_venue: MakeVenue, tmp_path: Path, seed: int) -> None:
    patches = power.install(tmp_path / "patches")
    venue = make_venue(patches=patches)
    venue.start()
    brokers = [Broker(comp_id, venue.port, seed) for comp_id in BROKERS]
    await suffer_power_cuts(venue, patches, brokers, seed)
    check_agreement(venue, brokers, first_time=False)
    await log_on_again_without_a_gap(venue, brokers)


@pytest.mark.parametrize("seed", (6, 7))
async def test_power_cut_of_a_relaxed_journal_takes_records_and_reuses_no_number(
    make_venue: MakeVenue, tmp_path: Path, seed: int
) -> None:
    patches = power.install(tmp_path / "patches")
    venue = make_venue(patches=patches, sync="relaxed")
    venue.start()
    brokers = [Broker(comp_id, venue.port, seed) for comp_id in BROKERS]
    await suffer_power_cuts(venue, patches, brokers, seed)
    truth = Truth(venue.data)
    truth.check_books()
    for broker in brokers:  # that a number stands for one message alone is checked with each message that comes in
        truth.check_requests(broker)
    assert venue.run("journal", "verify", str(venue.data)).returncode == 0
    await log_on_again_without_a_gap(venue, brokers)
