"""The acceptor: listens, and keeps account of all connections and of the sessions that they are bound to."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Final

import structlog

from config.network import Fix
from engine.events import AnyEvent
from engine.overview import OnWire
from engine.session_events import (
    CredentialsSet,
    LogoutOrdered,
    SequenceReset,
    SequenceSet,
    SessionProvisioned,
    SessionRemoved,
    SessionSuspended,
)
from fixgw.authentication import Authenticator
from fixgw.connection import GOODBYE_S, Connection
from fixgw.gateway import Gateway, Outgoing
from fixgw.listener import Listener
from fixgw.refused import RefusedLog
from fixgw.session import Session
from fixgw.tls import Tls
from fixgw.version import version_named

TICK_S: Final = 0.25

_log = structlog.get_logger("fix")


class Acceptor:
    """Serves all sessions of one gateway on one address."""

    def __init__(self, settings: Fix, gateway: Gateway, authenticator: Authenticator) -> None:
        self.settings = settings
        self.gateway = gateway
        self.authenticator = authenticator
        self.sessions: dict[str, Session] = {}
        self.outgoing: dict[str, Outgoing] = {}
        """The outgoing side of each."""
        self.bound: dict[str, Connection] = {}
        """The connection that each logged-on session has."""
        self.connections: dict[Connection, None] = {}
        """All connections, oldest first."""
        self.connection_gone = asyncio.Event()
        """Set whenever a connection has ended."""
        self.congested: list[Connection] = []
        """Connections that are not read until what they caused is on disk."""
        self._refused = RefusedLog()
        self._tls: Tls | None = None
        self._listener: Listener | None = None
        self._ticker: asyncio.Task[None] | None = None
        self.is_stopping = False
        """The venue ends: what becomes of orders on a disconnect counts from when it is up again."""
        self.refresh()

    def refresh(self) -> None:
        """Serve all sessions that there are; their sequences go on where the journal says."""
        for comp_id in self.gateway.known:
            self._serve(comp_id)
        self.authenticator.refresh(self.gateway.known.values())

    def session_changed(self, event: AnyEvent) -> None:
        """Do what staff want of a session; the record of it is on disk."""
        match event:
            case SessionProvisioned():
                self._serve_or_not(event.session)
                self.authenticator.refresh(self.gateway.known.values())
            case CredentialsSet():
                self.authenticator.refresh(self.gateway.known.values())
                self.authenticator.lockout.lift(event.session)
            case SessionSuspended():
                self._log_out(event.session, "the session is suspended", at_once=True)
            case LogoutOrdered():
                self._log_out(event.session, "logged out by the venue")
            case SessionRemoved():
                self._close(event.session, "the session is removed")
            case SequenceReset() if event.by and event.session in self.sessions:
                self._cut(event.session, "the sequences were reset")
                self.gateway.begin_again(self.sessions[event.session])
            case SequenceSet() if event.session in self.sessions:
                if event.next_in:
                    self.sessions[event.session].next_in = event.next_in
                if event.next_out:
                    self.outgoing[event.session].skip_to(event.next_out)
            case _:
                pass

    def wires(self) -> dict[str, OnWire]:
        """Return where the sequences of each session stand, and from where it has logged on."""
        return {
            comp_id: OnWire(
                session.next_in,
                self.outgoing[comp_id].next_out,
                self.bound[comp_id].peer if comp_id in self.bound else "",
            )
            for comp_id, session in self.sessions.items()
        }

    async def start(self) -> None:
        """Listen. Raise `ListenError` if the address is taken, `TlsError` if there is TLS and its files do not fit."""
        tls = self.settings.tls
        self._tls = Tls(tls, time.monotonic_ns()) if tls is not None else None
        self._listener = Listener(self.settings, self._tls, lambda: Connection(self), self.note_refused)
        await self._listener.start()
        self._ticker = asyncio.get_running_loop().create_task(self._tick())

    async def stop(self) -> None:
        """Log all sessions out, wait a little for their answers, and close every connection."""
        self.is_stopping = True
        if self._listener is not None:
            self._listener.close()
        if self._ticker is not None:
            self._ticker.cancel()
        self.gateway.begin_batch()
        for connection in list(self.bound.values()):
            connection.log_out("the venue is closing")
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._until(lambda: not self.bound)
        except TimeoutError:
            _log.warning("sessions did not answer our Logout", sessions=list(self.bound))
        for connection in list(self.connections):
            connection.abort("the venue is closing")
        await self._until(lambda: not self.connections)
        self.authenticator.close()

    def sequences(self) -> Iterator[tuple[str, int, int]]:
        """Yield each session's CompID, its next number in and its next number out."""
        for comp_id, session in self.sessions.items():
            yield comp_id, session.next_in, self.outgoing[comp_id].next_out

    def make_room(self) -> None:
        """Drop the connection that has been without a Logon longest: strangers must not keep brokers out."""
        for connection in self.connections:
            if not connection.is_bound:
                connection.abort("too many connections")
                del self.connections[connection]
                return

    def committed(self) -> None:
        """Read on where reading had stopped for the disk."""
        if self.congested and not self.gateway.congested:
            congested, self.congested = self.congested, []
            for connection in congested:
                asyncio.get_running_loop().call_soon(connection.resume_reading)

    def note_refused(self, event: str, peer: str, reason: str, session: str = "") -> None:
        """Log, or count, a connection that came to nothing."""
        self._refused.note(event, peer, reason, time.monotonic_ns(), session)

    async def _until(self, holds: Callable[[], bool]) -> None:
        """Wait until connections have gone so far that `holds`."""
        while not holds():
            self.connection_gone.clear()
            await self.connection_gone.wait()

    def _serve(self, comp_id: str) -> None:
        """Serve a session, if it is one to be served here, in the version of FIX that it has been given."""
        known = self.gateway.known[comp_id]
        version = version_named(known.profile.version)
        session = self.sessions.get(comp_id)
        if session is None:
            if not self.gateway.serves(known):
                return
            session = self.sessions[comp_id] = Session(self.settings.comp_id, comp_id, known.last_in + 1, version)
            self.outgoing[comp_id] = self.gateway.open(session)
        elif session.version is not version:
            self._cut(comp_id, f"the session speaks {version.name} from now on")
            session.version = version
        session.validates = known.profile.validates

    def _serve_or_not(self, comp_id: str) -> None:
        """Serve a session that has been set up, or not any more if it is for something else now."""
        if self.gateway.serves(self.gateway.known[comp_id]):
            self._serve(comp_id)
        else:
            self._close(comp_id, "the session is not for this address any more")

    def _close(self, comp_id: str, reason: str) -> None:
        self._cut(comp_id, reason)
        if self.sessions.pop(comp_id, None) is not None:
            self.gateway.close(comp_id)
            del self.outgoing[comp_id]

    def _log_out(self, comp_id: str, text: str, *, at_once: bool = False) -> None:
        connection = self.bound.get(comp_id)
        if connection is not None:
            self.gateway.begin_batch()
            connection.log_out(text, at_once=at_once)

    def _cut(self, comp_id: str, reason: str) -> None:
        """Part a session from its connection at once."""
        connection = self.bound.get(comp_id)
        if connection is not None:
            connection.cut(reason)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            monotonic_ns = time.monotonic_ns()
            self._refused.flush(monotonic_ns)
            if self._tls is not None:
                self._tls.look(monotonic_ns)
            now_ns = self.gateway.begin_batch()
            for connection in list(self.bound.values()):
                connection.tick(now_ns)
