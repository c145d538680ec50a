"""The sequencer: stamps commands, lets the exchange apply them, and commits them to the journal in groups.

Commands that arrive together are applied one after another and written with one write and one `fdatasync`, which runs
in a worker thread while the next commands are applied. What a batch has to say leaves only when the batch is durable.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Final

import msgspec

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
        self.committed_path = journal.path
        """The segment that holds it, None in an empty journal,"""
        self.committed_size = journal.size
        """and where in that segment it ends."""
        self.time_ns = exchange.state.time_ns
        self.failure: Exception | None = None
        """Why nothing leaves any more, once that is so."""
        self.observe: Observer = _unobserved
        self.stage: Stage = _nothing_staged
        self.on_commit: Callable[[], None] = _nothing
        self.on_failure: Callable[[Exception], None] = _unnoticed
        self._clock = clock
        self._frames: list[bytes] = []
        self._frames_bytes = 0
        self._durable = journal.last_sequence
        self._sync_wanted = False
        """The batch must be on disk before it is let go, relaxed or not."""
        self._flush_wanted = False
        """Something waits to be closed into the next batch."""
        self._committing = False
        """A batch is being written; the next goes on growing meanwhile."""
        self._batches_closed = 0
        self._batches_released = 0
        self._waiters: list[asyncio.Future[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._worker: Executor = ThreadPoolExecutor(1, "journal")
        self._relaxed_sync: asyncio.TimerHandle | None = None

    @property
    def congested(self) -> bool:
        """Tell whether the disk is so far behind that input should wait."""
        return self._frames_bytes > CONGESTED_BYTES

    def start(self) -> None:
        """Begin, on the running loop."""
        self._loop = asyncio.get_running_loop()

    def begin_batch(self) -> int:
        """Read the clock for the commands that have just arrived together, and return it. Time never runs backwards."""
        self.time_ns = max(self._clock(), self.time_ns)
        return self.time_ns

    def submit(self, command: AnyCommand) -> list[AnyEvent]:
        """Apply a command and have it committed with its batch. Return what happened.

        A command that the journal could not hold (a number beyond 64 bits, a text that is not Unicode) raises
        `OverflowError` or `UnicodeEncodeError` and changes nothing. After a failure, every command raises what failed.
        """
        if self.failure is not None:
            raise self.failure
        encoded = msgspec.Raw(encode_value(command))
        sequence, time_ns = self.sequence + 1, self.time_ns
        try:
            events = self.exchange.apply(command, time_ns)
            frame = encode_frame(sequence, self._durable, encode_value((sequence, time_ns, encoded, events)))
        except Exception as error:
            # The exchange is broken and may have carried out half a command. What the journal holds is sound.
            self._fail(error)
            raise
        self.sequence = sequence
        self._frames.append(frame)
        self._frames_bytes += len(frame)
        self.observe(sequence, time_ns, events)
        if not self._flush_wanted:
            self.schedule_flush()
        return events

    def require_sync(self) -> None:
        """Have the current batch on disk before it leaves, even if the journal is relaxed: numbers depend on it."""
        self._sync_wanted = True

    def schedule_flush(self) -> None:
        """Close the batch when the input that is ready has been worked through."""
        if not self._flush_wanted:
            assert self._loop is not None, "start() comes first"
            self._flush_wanted = True
            if not self._committing:
                self._loop.call_soon(self._flush)

    async def flushed(self) -> None:
        """Return when all that was submitted or staged so far has left. Raise what prevents it."""
        self.schedule_flush()
        assert self._loop is not None, "start() comes first"
        last = self._batches_closed + 1
        while self.failure is None and self._batches_released < last:
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            await waiter
        if self.failure is not None:
            raise self.failure

    async def written(self) -> None:
        """Return when the batch that is being written, or is about to be, if one is, has left, or cannot.

        Who has much to do and nothing urgent waits for it: on a core of its own, this thread would keep the worker
        from its work.
        """
        if (self._committing or self._flush_wanted) and self.failure is None:
            assert self._loop is not None, "start() comes first"
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            await waiter

    async def stop(self) -> None:
        """Commit what is pending, sync, and end the worker. Raise what prevents it."""
        try:
            if self._loop is not None:
                await self.flushed()
                if self.relaxed:
                    await self._loop.run_in_executor(self._worker, self.journal.sync)
        finally:
            if self._relaxed_sync is not None:
                self._relaxed_sync.cancel()
            self._worker.shutdown()

    def _flush(self) -> None:
        """Close the batch and commit it."""
        if self.failure is not None:
            return
        assert not self._committing, "one batch is written after another"
        self._flush_wanted = False
        self._batches_closed += 1
        release = self.stage()
        if not self._frames:
            self._let_go(release)
            return
        frames = b"".join(self._frames)
        first, last = self.committed + 1, self.sequence
        self._frames.clear()
        self._frames_bytes = 0
        if self.relaxed and not self._sync_wanted:
            try:
                self.journal.append(frames, first, last)
            except OSError as error:
                self._fail(error)
                return
            self._committed(last, release)
            if self._relaxed_sync is None:
                assert self._loop is not None, "start() comes first"
                self._relaxed_sync = self._loop.call_later(RELAXED_SYNC_S, self._sync_relaxed)
            return
        self._committing = True
        self._sync_wanted = False
        self._in_worker(lambda: self._write(frames, first, last), lambda: self._written(last, release))

    def _write(self, frames: bytes, first: int, last: int) -> None:
        self.journal.append(frames, first, last)
        self.journal.sync()

    def _written(self, last: int, release: Callable[[], None]) -> None:
        self._committing = False
        self._durable = last
        try:
            self._committed(last, release)
        finally:
            if self._flush_wanted:
                self._flush()

    def _committed(self, last: int, release: Callable[[], None]) -> None:
        self.committed = last
        self.committed_path, self.committed_size = self.journal.path, self.journal.size
        try:
            self._let_go(release)
        finally:
            self.on_commit()

    def _let_go(self, release: Callable[[], None]) -> None:
        try:
            release()
        finally:
            self._batches_released += 1
            self._wake()

    def _fail(self, error: Exception) -> None:
        """Say nothing more: what is not on disk must not be known outside."""
        if self.failure is None:
            self.failure = error
            self._wake()
            self.on_failure(error)

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    def _sync_relaxed(self) -> None:
        self._relaxed_sync = None
        last = self.committed
        self._in_worker(self.journal.sync, lambda: self._synced(last))

    def _synced(self, last: int) -> None:
        self._durable = last

    def _in_worker(self, work: Callable[[], None], then: Callable[[], None]) -> None:
        """Do `work` in the worker thread, and when it is done `then` here. If it raises, fail."""
        loop = self._loop
        assert loop is not None, "start() comes first"

        def done(future: "Future[None]") -> None:
            error = future.exception()
            if error is None:
                loop.call_soon_threadsafe(then)
            else:
                assert isinstance(error, Exception), "nobody cancels what the worker does"
                loop.call_soon_threadsafe(self._fail, error)

        self._worker.submit(work).add_done_callback(done)


# What an owner who wants to know nothing is told.


def _unobserved(_sequence: int, _time_ns: int, _events: list[AnyEvent]) -> None: ...


def _nothing_staged() -> Callable[[], None]:
    return _nothing


def _nothing() -> None: ...


def _unnoticed(_error: Exception) -> None: ...
