"""The market-data process: follows the feed, keeps a copy of the venue, and serves market data from it.

async with MarketData.open(settings, data) as market_data: ...      # serving

It begins with the venue's newest snapshot, and carries out every command of the record after that in an exchange of its
own; each must give the events that the record holds: so what it publishes is what the venue has, also after a restart.
What comes together from the feed is published together. It changes nothing but its sessions' passwords, which it asks
the trading process for; and several may run, on this host or, where the settings say that the venue is elsewhere, on
another one.
"""

import asyncio
import fcntl
import gc
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import structlog

from config.network import MarketData as MarketDataSettings
from config.settings import Settings
from engine.control import ask
from engine.errors import EngineError
from engine.events import AnyEvent
from engine.exchange import Exchange
from engine.feed import Arrived, Follower, follow_frames, newest_snapshot, unknown_record
from engine.frames import Frame
from engine.images import StateImage
from engine.journal import make_directory
from engine.recovery import apply_again
from engine.session_events import SequenceReset, SequenceSet, SessionProvisioned
from engine.snapshot import restore
from fixgw.acceptor import Acceptor
from fixgw.authentication import Authenticator
from fixgw.delivery import OF_SESSIONS
from fixgw.errors import ListenError
from fixgw.market_data_gateway import MarketDataGateway
from fixgw.market_data_outbound import Clock
from fixgw.market_publisher import MarketPublisher
from fixgw.new_passwords import CONFIRMED_WITHIN_S, NewPasswords
from fixgw.signed_logons import SignedLogons
from fixgw.sources import check_files, control_of, feed_of
from fixgw.vault import Vault

DIRECTORY: Final = "market-data"
"""Where this process keeps its sessions' numbers, under the data directory, by port."""
PUBLISH_EVERY_S: Final = 0.002
"""What comes so soon after a publication waits for the next one: it costs a write to everybody."""

LOCK_S: Final = 5.0
"""How long a process that is about to stop, and keeps the same numbers, is waited for."""

_log = structlog.get_logger("market-data")


class MarketData:
    """A running market-data process."""

    def __init__(
        self,
        settings: Settings,
        data: Path,
        clock: Callable[[], int] = time.time_ns,
        image: StateImage | None = None,
    ) -> None:
        """`clock`: nanoseconds since the epoch. `image`: the snapshot to begin with, if not with the first record."""
        own = settings.market_data or MarketDataSettings()
        self.failed = asyncio.Event()
        """Set when the record cannot be followed any more; the process must stop."""
        self.failure: EngineError | None = None
        """Why."""
        self.exchange = Exchange() if image is None else Exchange(restore(image))
        self.sequence = 0 if image is None else image.sequence
        """The last record that was carried out."""
        self.acceptor: Acceptor | None = None
        self._settings = msgspec.structs.replace(
            settings.fix, host=own.host, port=own.port, slow_reader_timeout_s=own.slow_reader_timeout_s
        )
        self._data = data
        self._feed = feed_of(settings, data)
        self._outages = Outages()
        self._clock = Clock(clock)
        self.publisher = MarketPublisher(self.exchange.state, asyncio.get_running_loop().call_later)
        self._directory = data / DIRECTORY / str(own.port)
        self._new_passwords = NewPasswords(partial(ask, control_of(settings, data), timeout_s=CONFIRMED_WITHIN_S))
        self.gateway = MarketDataGateway(
            self.exchange.state, self.publisher, self._clock, self._directory, self._new_passwords.put_on_record
        )
        self._lock = -1
        """Held while this process alone keeps the sessions' numbers."""
        self._session_events: list[AnyEvent] = []
        self._is_up_to_date = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, data: Path, progress: Callable[[int], None] | None = None
    ) -> "AsyncIterator[MarketData]":
        """Serve market data of the venue, and stop cleanly at the end. This process keeps its own files under `data`.

        `progress` is told how far the record has been followed. Raise an `EngineError` or `GatewayError` if it cannot
        be served.
        """
        check_files(settings)
        feed = feed_of(settings, data)
        _log.info("following the record", feed=str(feed))
        image = await newest_snapshot(feed, tell=Outages().tell)
        if image is not None:
            _log.info("beginning with a snapshot", sequence=image.sequence)
        market_data = cls(settings, data, image=image)
        try:
            await market_data._start(progress)
            yield market_data
        finally:
            await market_data._stop()

    async def _start(self, progress: Callable[[int], None] | None) -> None:
        self._following = asyncio.create_task(self._follow(progress))
        await self._is_up_to_date.wait()
        if self.failure is not None:
            raise self.failure
        gc.collect()
        gc.freeze()
        gc.set_threshold(200_000, 50, 1_000)
        self._lock = await _locked(self._directory)
        settings = self._settings
        authenticator = Authenticator(
            Vault(self._data),
            window_s=settings.logon_window_s,
            lockout_after=settings.lockout_after,
            signed_logons=SignedLogons(self._data),
        )
        self.acceptor = Acceptor(settings, self.gateway, authenticator)
        try:
            await self.acceptor.start()
        except ListenError as error:
            raise ListenError(str(error).replace("fix.port", "market_data.port")) from error
        _log.info("serving market data", host=self._settings.host, port=self._settings.port, sequence=self.sequence)

    async def _stop(self) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        if self.acceptor is not None:
            await self.acceptor.stop()
        if self._lock >= 0:
            os.close(self._lock)
        _log.info("market data stopped", sequence=self.sequence)

    async def _follow(self, progress: Callable[[int], None] | None) -> None:
        try:
            follower = Follower("market data", lambda: self.sequence)
            arriving = follow_frames(self._feed, self.sequence + 1, tell=self._outages.tell, follower=follower)
            async with aclosing(arriving) as arrivals:
                async for arrived in arrivals:
                    self._outages.is_over()
                    self.take_in(arrived)
                    if progress is not None and not self._is_up_to_date.is_set():
                        progress(self.sequence)
                    if self.sequence >= arrived.committed:
                        self._is_up_to_date.set()
                    await asyncio.sleep(PUBLISH_EVERY_S if self.acceptor is not None else 0)
        except EngineError as error:
            self.failure = error
            self.gateway.failed = True
            _log.critical("the record cannot be followed; stopping", reason=str(error))
            self.failed.set()
            self._is_up_to_date.set()

    def take_in(self, arrived: Arrived) -> None:
        """Carry out what has come, and publish what came of it."""
        for frame in arrived.frames:
            self._apply(frame)
        self._clock.tick()
        self.publisher.publish()
        events, self._session_events = self._session_events, []
        if self.acceptor is not None:
            for event in events:
                if isinstance(event, SessionProvisioned):
                    self.gateway.profile_changed(event.session)
                self.acceptor.session_changed(event)
                if isinstance(event, SequenceReset | SequenceSet):
                    self.gateway.note_staff(event.session)
        self._new_passwords.followed(self.sequence)

    def _apply(self, frame: Frame) -> None:
        try:
            time_ns, events = apply_again(self.exchange, frame.payload)
        except msgspec.MsgspecError as error:
            raise unknown_record(self._feed, frame.sequence, error) from error
        self.sequence = frame.sequence
        self.publisher.observe(time_ns, events)
        if self.acceptor is not None:
            self.gateway.tell(events)
            self._session_events += [event for event in events if isinstance(event, OF_SESSIONS)]


class Outages:
    """The log of trouble with the feed: each reason once, however often it is tried."""

    def __init__(self) -> None:
        self._reason = ""

    def tell(self, reason: str) -> None:
        """Log why it is away, or what is wrong with its snapshot."""
        if reason != self._reason:
            _log.warning("trouble with the feed", reason=reason)
        self._reason = reason

    def is_over(self) -> None:
        """Log that it is there again, if it was away."""
        if self._reason:
            _log.info("the feed is there again")
        self._reason = ""


async def _locked(directory: Path) -> int:
    """Return the lock of a directory when it is let go of; after `LOCK_S` unlocked, as then its port is taken too."""
    make_directory(directory)
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    give_up_at = time.monotonic() + LOCK_S
    while time.monotonic() < give_up_at:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(0.05)
        else:
            break
    return lock
