"""The timer of the trading process: a `ClockTick` when the exchange has something to do and no command comes by."""

import asyncio
import time
from typing import Final

from engine.commands import ClockTick
from engine.due import NEVER
from engine.sequencer import Sequencer

_SLEEP_S_MAX: Final = 60.0
"""The clock is looked at again after so long at the latest: it may have been set."""


class DueTimer:
    """Ticks when something is due, and never otherwise."""

    __slots__ = ("_armed_ns", "_handle", "_sequencer")

    def __init__(self, sequencer: Sequencer) -> None:
        self._sequencer = sequencer
        self._armed_ns = NEVER
        self._handle: asyncio.TimerHandle | None = None

    def arm(self) -> None:
        """Look at what is due next; to be called whenever that may have changed."""
        next_ns = self._sequencer.exchange.state.due.next_ns
        if next_ns == self._armed_ns:
            return
        self.stop()
        if next_ns != NEVER:
            self._armed_ns = next_ns
            delay_s = min(max((next_ns - time.time_ns()) / 1e9, 0.0), _SLEEP_S_MAX)
            self._handle = asyncio.get_running_loop().call_later(delay_s, self._tick)

    def stop(self) -> None:
        """Tick no more."""
        self._armed_ns = NEVER
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _tick(self) -> None:
        self.stop()
        sequencer = self._sequencer
        if sequencer.failure is not None:
            return
        if sequencer.exchange.state.due.next_ns <= sequencer.begin_batch():
            sequencer.submit(ClockTick())
        self.arm()
