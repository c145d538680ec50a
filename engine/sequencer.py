"""The sequencer: stamps commands, lets the exchange apply them, and commits them to the journal in groups.

Commands that arrive together are applied one after another and written with one write and one `fdatasync`, which runs
in a worker thread while the next commands are applied. What a batch has to say leaves only when the batch is durable.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from engine.commands import AnyCommand
from engine.events import AnyEvent
from engine.exchange import Exchange
from engine.frames import encode_frame, encode_value
from engine.journal import Journal

CONGESTED_BYTES: Final = 32 * 1024 * 1024
"""With more than this waiting for the disk, no more input should be read."""
RELAXED_SYNC_S: Final = 1.0
"""How often a relaxed journal is synced all the same."""

Observer = Callable[[int, int, list[AnyEvent]], None]
"""Told of each record, before it is durable: sequence, time in nanoseconds, events."""

Stage = Callable[[], Callable[[], None]]
"""Called when a batch is closed: sets aside what may leave with it, and returns what lets it go."""


class Sequencer:
    """One order for all commands. Promises: nothing staged leaves before the records that caused it are durable."""

    def __init__(
        self,
        exchange: Exchange,
        journal: Journal,
        *,
        relaxed: bool = False,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """`relaxed`: let output leave once the operating system has the records; sync every second."""
        self.exchange = exchange
        self.journal = journal
        self.relaxed = relaxed
        self.sequence = journal.last_sequence
        self.committed = journal.last_sequence
        """The last sequence whose output may leave."""
        self.time_ns = exchange.state.time_ns
        self.failure: OSError | None = None
        self.observe: Observer = lambda *_: None
        self.stage: Stage = lambda: _nothing
        self.on_commit: Callable[[], None] = _nothing
        self.on_failure: Callable[[OSError], None] = _nothing_of
        self._clock = clock
        self._frames: list[bytes] = []
        self._frames_bytes = 0
        self._durable = journal.last_sequence
        self._committing = False
        self._flush_scheduled = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._worker = ThreadPoolExecutor(1, "journal")
        self._idle: asyncio.Event = asyncio.Event()
        self._idle.set()
        self._relaxed_sync: asyncio.TimerHandle | None = None

    @property
    def congested(self) -> bool:
        """Tell whether the disk is so far behind that input should wait."""
        return self._frames_bytes > CONGESTED_BYTES

    def start(self) -> None:
        """Begin, on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._idle = asyncio.Event()
        self._idle.set()

    def begin_batch(self) -> int:
        """Read the clock for the commands that have just arrived together, and return it. Time never runs backwards."""
        self.time_ns = max(self._clock(), self.time_ns)
        return self.time_ns

    def submit(self, command: AnyCommand) -> list[AnyEvent]:
        """Apply a command and have it committed with its batch. Return what happened."""
        self.sequence = sequence = self.sequence + 1
        time_ns = self.time_ns
        events = self.exchange.apply(command, time_ns)
        frame = encode_frame(sequence, self._durable, encode_value((sequence, time_ns, command, events)))
        self._frames.append(frame)
        self._frames_bytes += len(frame)
        self.observe(sequence, time_ns, events)
        if not self._flush_scheduled:
            self.schedule_flush()
        return events

    def schedule_flush(self) -> None:
        """Close the batch when the input that is ready has been worked through."""
        if not self._flush_scheduled:
            assert self._loop is not None, "start() comes first"
            self._flush_scheduled = True
            self._loop.call_soon(self._flush)

    async def flushed(self) -> None:
        """Return when all that was submitted or staged so far has left. Raise the `OSError` that prevents it."""
        while self._flush_scheduled or not self._idle.is_set():
            await asyncio.sleep(0)
            await self._idle.wait()
        if self.failure is not None:
            raise self.failure

    async def stop(self) -> None:
        """Commit what is pending and end the worker."""
        await self.flushed()
        if self._relaxed_sync is not None:
            self._relaxed_sync.cancel()
        self._worker.shutdown()

    def _flush(self) -> None:
        """Close the batch and commit it, unless one is being committed: then this batch goes on growing meanwhile."""
        self._flush_scheduled = False
        if self._committing or self.failure is not None:
            return
        release = self.stage()
        if not self._frames:
            release()
            return
        frames = b"".join(self._frames)
        first, last = self.committed + 1, self.sequence
        self._frames.clear()
        self._frames_bytes = 0
        if self.relaxed:
            try:
                self.journal.append(frames, first, last)
            except OSError as error:
                self._fail(error)
                return
            self._committed(last, release)
            if self._relaxed_sync is None:
                assert self._loop is not None
                self._relaxed_sync = self._loop.call_later(RELAXED_SYNC_S, self._sync_relaxed)
            return
        self._committing = True
        self._idle.clear()
        future = self._worker.submit(self._write, frames, first, last)
        future.add_done_callback(lambda done: self._written(done, last, release))

    def _write(self, frames: bytes, first: int, last: int) -> None:
        self.journal.append(frames, first, last)
        self.journal.sync()

    def _written(self, done: "Future[None]", last: int, release: Callable[[], None]) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._commit_done, done, last, release)

    def _commit_done(self, done: "Future[None]", last: int, release: Callable[[], None]) -> None:
        self._committing = False
        self._idle.set()
        error = done.exception()
        if isinstance(error, OSError):
            self._fail(error)
            return
        done.result()
        self._durable = last
        self._committed(last, release)
        self._flush()

    def _committed(self, last: int, release: Callable[[], None]) -> None:
        self.committed = last
        release()
        self.on_commit()

    def _fail(self, error: OSError) -> None:
        """Say nothing more: what is not on disk must not be known outside."""
        self.failure = error
        self.on_failure(error)

    def _sync_relaxed(self) -> None:
        self._relaxed_sync = None
        last = self.committed
        future = self._worker.submit(self.journal.sync)
        future.add_done_callback(lambda done: self._relaxed_synced(done, last))

    def _relaxed_synced(self, done: "Future[None]", last: int) -> None:
        assert self._loop is not None
        error = done.exception()
        if isinstance(error, OSError):
            self._loop.call_soon_threadsafe(self._fail, error)
        else:
            self._durable = last


def _nothing() -> None:
    """Do nothing."""


def _nothing_of(_error: OSError) -> None:
    """Do nothing about an error; for a sequencer whose owner does not care."""
