import asyncio
import time
from pathlib import Path

from engine.commands import AnyCommand, ClockTick
from engine.events import AnyEvent, OrderCanceled
from engine.journal import Journal
from engine.sequencer import Sequencer
from engine.terms import Terms
from engine.values import BUY
from fixgw.due_timer import DueTimer
from tests.engine.builders import GTD, Venue


class LiveVenue(Venue):
    """The builders' venue behind a sequencer with the real clock."""

    sequencer: Sequencer | None = None

    def apply(self, command: AnyCommand) -> list[AnyEvent]:
        if self.sequencer is None:
            return super().apply(command)
        self.sequencer.begin_batch()
        return self.sequencer.submit(command)


async def test_clock_ticks_when_something_is_due_and_not_before(tmp_path: Path) -> None:
    venue = LiveVenue()
    journal = Journal(tmp_path)
    journal.open_at(0, None, 0)
    sequencer = venue.sequencer = Sequencer(venue.exchange, journal)
    gone: list[tuple[str, int]] = []
    all_gone = asyncio.Event()

    def observe(_sequence: int, time_ns: int, events: list[AnyEvent]) -> None:
        gone.extend((event.cl_ord_id, time_ns) for event in events if isinstance(event, OrderCanceled))
        if len(gone) == 2:
            all_gone.set()

    sequencer.observe = observe
    sequencer.start()
    timer = DueTimer(sequencer)
    sequencer.on_commit = timer.arm
    timer.arm()
    now = time.time_ns()
    due = {"later": now + 300_000_000, "sooner": now + 60_000_000}
    for cl_ord_id, time_ns in due.items():
        venue.order("A", BUY, 1, 100, time_in_force=GTD, terms=Terms(expire_ns=time_ns), cl_ord_id=cl_ord_id)
    async with asyncio.timeout(10):
        await all_gone.wait()
    assert [cl_ord_id for cl_ord_id, _ in gone] == ["sooner", "later"]
    assert all(time_ns >= due[cl_ord_id] for cl_ord_id, time_ns in gone)
    await sequencer.flushed()
    count = sequencer.sequence
    assert count <= 4
    await asyncio.sleep(0.1)
    assert sequencer.sequence == count
    timer.stop()
    await sequencer.stop()
    journal.close()


def test_tick_is_a_command_like_any_other() -> None:
    assert Venue().apply(ClockTick()) == []
