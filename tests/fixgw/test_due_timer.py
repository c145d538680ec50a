import asyncio
import time
from pathlib import Path

from engine.commands import AnyCommand, ClockTick
from engine.events import AnyEvent
from engine.journal import Journal
from engine.sequencer import Sequencer
from engine.terms import Terms
from engine.values import BUY, CancelReason
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
    seen: list[AnyEvent] = []
    sequencer.observe = lambda _sequence, _time, events: seen.extend(events)
    sequencer.start()
    timer = DueTimer(sequencer)
    sequencer.on_commit = timer.arm
    timer.arm()
    now = time.time_ns()
    for delay_ms in (300, 60):
        terms = Terms(expire_ns=now + delay_ms * 1_000_000)
        venue.order("A", BUY, 1, 100, time_in_force=GTD, terms=terms, cl_ord_id=f"{delay_ms}")
    await asyncio.sleep(0.15)
    gone = [event.cl_ord_id for event in seen if getattr(event, "reason", None) is CancelReason.EXPIRE_TIME]  # type: ignore[union-attr]
    assert gone == ["60"]
    await asyncio.sleep(0.3)
    assert len(venue.state.due) == 0
    await sequencer.flushed()
    count = sequencer.sequence
    await asyncio.sleep(0.1)
    assert sequencer.sequence == count == 4
    timer.stop()
    await sequencer.stop()
    journal.close()


def test_tick_is_a_command_like_any_other() -> None:
    assert Venue().apply(ClockTick()) == []
