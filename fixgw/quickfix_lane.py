"""The QuickFIX lane: the same gateway on the acceptor of the `quickfix` package, which speaks the session layer.

QuickFIX validates by the venue's dictionary, keeps the sequences and the messages sent in files of its own, and answers
ResendRequests from them. Here is what is left, on the loop: commands from the messages that it passes on, what the
journal must know of sessions, and the beginning and end of it all. Its threads are met in `fixgw.quickfix_callbacks`
and `fixgw.quickfix_outgoing`. A call into QuickFIX may wait for one of them, and they for the loop: so while sessions
may be logged on none is made from the loop.

The journal is the truth: at a start QuickFIX is told to expect the number after the last one journaled, so that what
had come in but was not journaled is asked for again, and to use no number that may have been used.
"""

import asyncio
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import quickfix
import structlog

from config.network import Fix
from engine.commands import ResetSequence
from engine.events import AnyEvent
from engine.overview import OnWire
from engine.sequencer import Sequencer
from engine.session_events import (
    LogoutOrdered,
    SequenceReset,
    SequenceSet,
    SessionProvisioned,
    SessionRemoved,
    SessionResumed,
    SessionSuspended,
)
from fixgw import quickfix_settings, quickfix_store
from fixgw.authentication import Authenticator
from fixgw.codec import Message
from fixgw.connection import EVENTS_AT_ONCE_MAX, HOLD_BACK_S
from fixgw.errors import ListenError
from fixgw.gateway import WAIT
from fixgw.order_gateway import OrderGateway
from fixgw.origin import Origin
from fixgw.quickfix_callbacks import Callbacks, Inbox, Link
from fixgw.quickfix_log import LogFactory, SessionLog, raw_bytes
from fixgw.quickfix_outgoing import QuickFixDelivery
from fixgw.session import ON_DISCONNECT, Session
from fixgw.version import version_named

TAKEN_AT_ONCE: Final = 1_024
"""How many messages are dealt with before the loop looks elsewhere."""
TICK_S: Final = 1.0
GOODBYE_S: Final = 5.0
"""How long a stopping venue waits for the answers to its Logouts: QuickFIX looks at its sessions once a second."""
_POLL_S: Final = 0.05

_log = structlog.get_logger("fix")


class QuickFixLane:
    """Serves all sessions that there are at a start."""

    def __init__(
        self,
        settings: Fix,
        sequencer: Sequencer,
        gateway: OrderGateway,
        authenticator: Authenticator,
        delivery: QuickFixDelivery,
        directory: Path,
    ) -> None:
        """`directory` is for QuickFIX's own files."""
        self.settings = settings
        self.sequencer = sequencer
        self.gateway = gateway
        self.authenticator = authenticator
        self.delivery = delivery
        self.directory = directory
        self.links: dict[str, Link] = {}
        self.is_stopping = False
        self._loop = asyncio.get_running_loop()
        self._inbox = Inbox(self._loop, self._take_in)
        self._callbacks = Callbacks(self._loop, self._inbox, self.links, check=self._check, admit=self._admit)
        self._log_factory = LogFactory(self._make_log)
        self._acceptor: Any = None
        self._ticker: asyncio.Task[None] | None = None
        self._waits_for_commit = False
        self.refresh()

    def refresh(self) -> None:
        """Keep what all sessions are owed; QuickFIX serves those that there are at the start."""
        for comp_id, known in self.gateway.known.items():
            if comp_id not in self.links and self.gateway.serves(known):
                session = Session(self.settings.comp_id, comp_id, version=version_named(known.profile.version))
                session.validates = known.profile.validates
                self.links[comp_id] = Link(session, self.delivery.open(session))
                if self._acceptor is not None:
                    _log.warning("the session is served after the next start", session=comp_id)
        self.authenticator.refresh(self.gateway.known.values())

    def session_changed(self, event: AnyEvent) -> None:
        """Do what staff want of a session, as far as QuickFIX can; the record of it is on disk."""
        link = self.links.get(getattr(event, "session", ""))
        match event:
            case SessionProvisioned():
                self.refresh()
            case SessionSuspended() if link is not None:
                self._log_out(link, "the session is suspended", again=False)
            case SessionResumed() if link is not None and link.quickfix is not None:
                self._loop.run_in_executor(None, link.quickfix.logon)
            case LogoutOrdered() if link is not None:
                self._log_out(link, "logged out by the venue", again=True)
            case SessionRemoved() if link is not None:
                self._log_out(link, "the session is removed", again=False)
                del self.links[link.comp_id]
                link.outgoing.end()
                self.gateway.close(link.comp_id)
            case SequenceReset() | SequenceSet() if link is not None and event.by:
                _log.warning("the sequences are set at the next start", session=link.comp_id)
            case _:
                pass

    async def start(self) -> None:
        """Listen. Raise `ListenError` if the address is taken."""
        for limit in quickfix_settings.limits(self.settings):
            _log.warning("the QuickFIX lane is limited", limit=limit)
        self._mend_store()
        versions = {comp_id: link.session.version for comp_id, link in self.links.items()}
        file = quickfix_settings.write(self.settings, versions, self.directory)
        settings = quickfix.SessionSettings(str(file))
        self._stores = quickfix.FileStoreFactory(settings)
        self._acceptor = quickfix.ThreadedSocketAcceptor(self._callbacks, self._stores, settings, self._log_factory)
        for link in self.links.values():
            self._bind(link)
        try:
            await asyncio.to_thread(self._acceptor.start)
        except quickfix.RuntimeError as error:
            raise ListenError(
                f"cannot listen on port {self.settings.port}: {error}; set another fix.port, or end what listens there"
            ) from error
        self._ticker = self._loop.create_task(self._tick())

    async def stop(self) -> None:
        """Log all sessions out, wait a little for their answers, and end QuickFIX's threads and ours."""
        self.is_stopping = True
        if self._ticker is not None:
            self._ticker.cancel()
        if self._acceptor is not None:
            await asyncio.to_thread(self._end_sessions)
            self._inbox.close()
            while len(self._inbox) and not self.gateway.failed:
                self._take_in()
                await self.gateway.flushed()
            await asyncio.to_thread(self._end_threads)
        self.authenticator.close()

    def wires(self) -> dict[str, OnWire]:
        """Return nothing: QuickFIX is not asked while its threads may be at work."""
        return {}

    def sequences(self) -> Iterator[tuple[str, int, int]]:
        """Yield CompID, next number in and next number out of the sessions that QuickFIX has, at the end."""
        for link in self.links.values():
            if link.quickfix is not None:
                yield link.comp_id, link.quickfix.getExpectedTargetNum(), link.quickfix.getExpectedSenderNum()

    def committed(self) -> None:
        """Go on where taking in had stopped for the disk."""
        if self._waits_for_commit and not self.gateway.congested:
            self._waits_for_commit = False
            self._inbox.wake()

    # Beginning and end

    def _mend_store(self) -> None:
        """Have QuickFIX's files say nothing that is wrong by now."""
        for comp_id in self.delivery.renumbered:
            quickfix_store.forget(self.delivery.store, f"-{self.settings.comp_id}-{comp_id}")
        if self.delivery.is_after_power_cut:
            quickfix_store.mend(self.delivery.store)

    def _bind(self, link: Link) -> None:
        """Put a session's numbers right before anybody can log on, and give it its way out."""
        known = self.gateway.known[link.comp_id]
        version = link.session.version
        session_id = quickfix.SessionID(version.begin_string, self.settings.comp_id, link.comp_id)
        link.quickfix = quickfix.Session.lookupSession(session_id)
        link.quickfix.setNextTargetMsgSeqNum(known.last_in + 1)
        link.quickfix.setNextSenderMsgSeqNum(max(link.quickfix.getExpectedSenderNum(), known.reserved_out + 1))
        dictionaries = [str(self.directory / name) for name in quickfix_settings.FILES[version.name]]
        link.outgoing.bind(link.quickfix, tuple(self._dictionary(path) for path in dictionaries))

    @lru_cache  # noqa: B019 (the lane lives as long as the process)
    def _dictionary(self, path: str) -> Any:
        return quickfix.DataDictionary(path)

    def _end_sessions(self) -> None:
        sessions = [link.quickfix for link in self.links.values() if link.quickfix is not None]
        for session in sessions:
            session.logout("the venue is closing")
        deadline = time.monotonic() + GOODBYE_S
        while any(session.isLoggedOn() for session in sessions) and time.monotonic() < deadline:
            time.sleep(_POLL_S)

    def _end_threads(self) -> None:
        self._acceptor.stop(True)  # noqa: FBT003 (SWIG): the Logouts have been waited for
        for link in self.links.values():
            link.outgoing.close()

    def _make_log(self, comp_id: str) -> SessionLog:
        link = self.links.get(comp_id)
        if link is None:
            return SessionLog(comp_id, lambda _text: None, self._callbacks.hear_acceptor)
        return SessionLog(
            comp_id,
            lambda text: self._callbacks.look_at(link, text),
            lambda event: self._callbacks.hear(link, event),
        )

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            await asyncio.to_thread(self._look_at_numbers)

    def _look_at_numbers(self) -> None:
        for link in self.links.values():
            link.outgoing.look_at_numbers()

    def _log_out(self, link: Link, text: str, *, again: bool) -> None:
        """Have QuickFIX log a session out, and take its Logons `again` or not."""
        if link.quickfix is not None:
            link.is_barred = again  # so the next Logon finds it open
            self._loop.run_in_executor(None, link.quickfix.logout, text)

    # Logons

    async def _check(self, link: Link, logon: Message) -> str | None:
        """Return why a Logon is not welcome, its sequence numbers aside, or an empty text; None to hang up on it."""
        known = self.gateway.known.get(link.comp_id)
        verdict = await self.authenticator.judge(known, logon, Origin(link.address))
        if known is None or verdict.reason:
            _log.warning("logon refused", session=link.comp_id, peer=link.address, reason=verdict.reason)
            return verdict.answer or None
        problem = "the session is suspended" if known.is_suspended else link.session.check_logon(logon, time.time_ns())
        problem = problem or verdict.problem
        if verdict.password_hash and not problem:
            problem = await self.gateway.set_password(link.comp_id, verdict.password_hash)
        return problem

    async def _admit(self, link: Link, logon: Message) -> str:
        """Put on record that a session is there; return why it cannot be, or an empty text."""
        gateway = self.gateway
        while len(self._inbox):  # its last connection may have left something
            self._take_in()
            await gateway.flushed()
        known = gateway.known.get(link.comp_id)
        if known is None or gateway.failed or self.is_stopping:
            return "the session is not served"
        fields = logon.fields
        resets = fields.get("141") == "Y"
        gateway.begin_batch()
        if resets:
            self.sequencer.submit(ResetSequence(link.comp_id))
            link.outgoing.reset()
        else:
            link.outgoing.reserve()
        gateway.logged_on(link.comp_id, ON_DISCONNECT.get(fields.get("8013", ""), known.default_on_disconnect))
        link.is_admitted = True
        await gateway.flushed()
        if resets:
            link.outgoing.begin_again(known.resets)
        _log.info("session logged on", session=link.comp_id, heartbeat_s=int(fields["108"]), reset=resets)
        return ""

    # Messages

    def _take_in(self) -> None:
        """Make commands of what has come."""
        self._inbox.looking()
        gateway = self.gateway
        if gateway.failed:
            return
        gateway.begin_batch()
        event_count = 0
        for _ in range(TAKEN_AT_ONCE):
            if not len(self._inbox):
                return
            if gateway.congested or event_count > EVENTS_AT_ONCE_MAX:
                self._waits_for_commit = True
                return
            link, number, text = self._inbox.pop()
            if number:
                event_count += max(0, self._take(link, number, text))  # WAIT is not held here
            else:
                self._gone(link)
        self._inbox.wake()

    def _take(self, link: Link, number: int, text: str) -> int:
        """Submit what a message comes to, and return the number of events."""
        messages = link.framer.receive(raw_bytes(text))
        if not messages:
            _log.warning("garbled message ignored", session=link.comp_id, reason=link.framer.garbled_reason)
            return 0
        message = messages[0]
        flaw = link.session.application_flaw(message)
        event_count = self.gateway.take(link.comp_id, number, message, flaw, link.framer)
        if event_count == WAIT:
            link.held_back_s = time.monotonic() + HOLD_BACK_S
        return max(event_count, 0)

    def _gone(self, link: Link) -> None:
        """Put on record that a session is gone, unless the venue itself is about to be."""
        if link.is_admitted:
            link.is_admitted = False
            _log.info("session ended", session=link.comp_id)
            if not self.is_stopping:
                self.gateway.gone(link.comp_id)
