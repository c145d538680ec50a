"""The trading process: recovery, exchange, journal, feed, control and FIX sessions, wired together.

async with Trading.open(settings, data) as trading: ...      # serving
"""

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Final

import structlog

from config.settings import Settings
from engine.commands import EndTradingDay, ReleaseOutbound
from engine.control import SOCKET
from engine.control_server import ControlServer
from engine.feed_server import FeedServer
from engine.journal import Journal
from engine.overview import OnWire
from engine.recovery import JOURNAL, SNAPSHOTS, recover
from engine.sequencer import Sequencer
from engine.snapshot import write_snapshot
from fixgw.delivery import check_journal_end
from fixgw.due_timer import DueTimer
from fixgw.lanes import OUTBOUND, Lane, choose
from fixgw.order_entry import OrderEntry
from fixgw.other_hosts import OtherHosts
from fixgw.seed import seed
from fixgw.sources import FEED

CHECKPOINT_S: Final = 5.0
SWITCH_S: Final = 0.0002
"""How long the thread that has synced the journal waits to say so while this one has much to do."""
SNAPSHOT_AT_STOP_RECORDS: Final = 10_000
"""A stop writes a snapshot if the next start would otherwise have to replay more than this."""

_log = structlog.get_logger("trading")


class Trading:
    """A running venue."""

    def __init__(self, settings: Settings, data: Path, sequencer: Sequencer, snapshot_sequence: int) -> None:
        self.settings = settings
        self.data = data
        self.sequencer = sequencer
        self.failed = asyncio.Event()
        """Set when the journal cannot be written any more; the venue must stop."""
        self.order_entry = OrderEntry(sequencer.exchange.state)
        chosen = choose(settings.fix, data, sequencer, self.order_entry)
        self.delivery = chosen.delivery
        self._gateway = chosen.gateway
        self._make_acceptor = chosen.make
        self._other_hosts = OtherHosts(settings)
        self.feed = FeedServer(sequencer, data / FEED, self._other_hosts.note)
        self.control = ControlServer(sequencer, data / SOCKET, self._wires, self._other_hosts.note, self.feed.shown)
        self.acceptor: Lane | None = None
        self._due_timer = DueTimer(sequencer)
        self._snapshot_sequence = snapshot_sequence
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, data: Path, progress: Callable[[int], None] | None = None
    ) -> "AsyncIterator[Trading]":
        """Start the venue on the files under `data`, and stop it cleanly at the end.

        `progress` is told how far recovery has got. Raise an `EngineError` or `GatewayError` if it cannot start.
        """
        journal = Journal(data / JOURNAL, segment_bytes=settings.journal.segment_mib * 1024 * 1024)
        try:
            recovered = recover(data, progress=progress)
            check_journal_end(data / OUTBOUND, recovered.sequence)
            journal.open_at(recovered.sequence, recovered.last_segment, recovered.end_offset)
            for reason in recovered.unusable_snapshots:
                _log.warning("snapshot passed over", reason=reason)
            if journal.cut_bytes:
                _log.warning(
                    "torn tail cut", segment=str(journal.path), offset=journal.size, cut_bytes=journal.cut_bytes
                )
            relaxed = settings.journal.sync == "relaxed"
            if relaxed:
                _log.warning("the journal is relaxed: a power cut may lose the last second of acknowledged orders")
            sequencer = Sequencer(recovered.exchange, journal, relaxed=relaxed)
            _log.info("recovered", sequence=recovered.sequence, replayed=recovered.replayed)
            trading = cls(settings, data, sequencer, recovered.snapshot_sequence)
            try:
                await trading._start()
                yield trading
            finally:
                await trading._stop()
        finally:
            journal.close()

    async def _start(self) -> None:
        sequencer = self.sequencer
        sequencer.start()
        owed = self.delivery.restore()
        if owed:
            _log.warning("reports owed from before the stop", reports=owed)
        missed_day = self._missed_trading_day()
        sequencer.begin_batch()
        self.acceptor = self._make_acceptor()
        self.acceptor.refresh()
        seed(self.settings, sequencer)
        self.order_entry.refresh()
        self.acceptor.refresh()
        self._gateway.let_go()
        self.delivery.on_session_changed = self.acceptor.session_changed
        sequencer.on_commit = self._on_commit
        sequencer.on_failure = self._on_failure
        if missed_day:
            sequencer.submit(EndTradingDay(missed_day))
        await sequencer.flushed()
        gc.collect()
        gc.freeze()
        # Records and orders are freed by reference counting; the few cycles there are come from connections.
        gc.set_threshold(200_000, 50, 1_000)
        sys.setswitchinterval(SWITCH_S)
        await self.feed.start()
        await self.acceptor.start()
        await self.control.start()
        await self._other_hosts.start(self.feed.over_tls, self.control.over_tls)
        self._due_timer.arm()
        self._tasks = [
            asyncio.create_task(self._end_trading_days()),
            asyncio.create_task(self._checkpoints()),
            asyncio.create_task(self._snapshots()),
        ]
        _log.info("serving", host=self.settings.fix.host, port=self.settings.fix.port, data=str(self.data))

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._due_timer.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._other_hosts.stop()
        await self.control.stop()
        sequencer = self.sequencer
        if self.acceptor is not None:
            await self.acceptor.stop()
            if sequencer.failure is None:
                for comp_id, next_in, next_out in self.acceptor.sequences():
                    known = sequencer.exchange.state.sessions[comp_id]
                    if (known.last_in + 1, known.reserved_out + 1) != (next_in, next_out):
                        sequencer.submit(ReleaseOutbound(comp_id, next_in, next_out))
        await self.feed.stop()
        try:
            await sequencer.stop()
        finally:
            self.delivery.close()
        if sequencer.committed - self._snapshot_sequence > SNAPSHOT_AT_STOP_RECORDS:
            write_snapshot(self.data / SNAPSHOTS, sequencer.exchange.state, sequencer.committed)
        _log.info("stopped", sequence=sequencer.committed)

    def _on_commit(self) -> None:
        self.feed.committed()
        assert self.acceptor is not None, "batches are committed while serving"
        self.acceptor.committed()
        self.control.committed()
        self._due_timer.arm()

    def _wires(self) -> dict[str, OnWire]:
        return {} if self.acceptor is None else self.acceptor.wires()

    def _on_failure(self, error: Exception) -> None:
        _log.critical("the venue cannot go on; stopping", reason=str(error))
        self.failed.set()

    # What happens by the clock

    def _last_day_end(self) -> datetime:
        now = datetime.now(UTC)
        end = datetime.combine(now.date(), time.fromisoformat(self.settings.venue.trading_day_ends), UTC)
        return end if end <= now else end - timedelta(days=1)

    def _missed_trading_day(self) -> int:
        """Return the trading day that should have ended while the venue was down, 0 if none."""
        last_end = self._last_day_end()
        state = self.sequencer.exchange.state
        was_up_before = 0 < state.time_ns < int(last_end.timestamp()) * 1_000_000_000
        day = _day_ending_at(last_end)
        return day if was_up_before and day > state.trading_day_ended else 0

    async def _end_trading_days(self) -> None:
        while True:
            next_end = self._last_day_end() + timedelta(days=1)
            await asyncio.sleep((next_end - datetime.now(UTC)).total_seconds() + 0.001)
            self.sequencer.begin_batch()
            self.sequencer.submit(EndTradingDay(_day_ending_at(next_end)))
            _log.info("trading day ended", day=_day_ending_at(next_end))

    async def _checkpoints(self) -> None:
        while True:
            await asyncio.sleep(CHECKPOINT_S)
            await asyncio.to_thread(self.delivery.checkpoint, self.sequencer.committed)

    async def _snapshots(self) -> None:
        while True:
            await asyncio.sleep(CHECKPOINT_S)
            if self.sequencer.committed - self._snapshot_sequence >= self.settings.journal.snapshot_every_records:
                await self._snapshot()

    async def _snapshot(self) -> None:
        """Have another process replay the journal and write a snapshot, so that trading does not pause."""
        self._snapshot_sequence = self.sequencer.committed
        process = await asyncio.create_subprocess_exec(
            "nice", sys.executable, "-m", "engine.snapshotter", str(self.data), stderr=asyncio.subprocess.PIPE
        )
        _give_way(process.pid)
        _, errors = await process.communicate()
        if process.returncode == 0:
            _log.info("snapshot written", sequence=self._snapshot_sequence)
        else:
            _log.error("snapshot failed", reason=errors.decode(errors="replace").strip().splitlines()[-1:])


def _give_way(process_id: int) -> None:
    """Let a process run when nobody else wants its core: being nice, it would keep it for milliseconds at a time."""
    if sys.platform == "linux":
        with suppress(ProcessLookupError):  # it has ended already
            os.sched_setscheduler(process_id, os.SCHED_IDLE, os.sched_param(0))


def _day_ending_at(end: datetime) -> int:
    """Return the trading day (YYYYMMDD) that ends then: the date of its last moment."""
    return int((end - timedelta(microseconds=1)).strftime("%Y%m%d"))
