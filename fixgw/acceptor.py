"""The acceptor: TCP connections in, each bound to its session at Logon. All I/O of the gateway is here.

One pass over all complete messages in what has arrived, one batch of commands, one write per batch. A connection that
does not log on in time is dropped; passwords are verified in a thread, so that trading does not wait for them.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, cast

import structlog
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from config.settings import Fix
from engine.commands import Refuse, ResetSequence, SessionConnected, SessionDisconnected
from engine.sequencer import Sequencer
from fixgw.codec import Framer, Message
from fixgw.delivery import Delivery
from fixgw.errors import ListenError
from fixgw.order_entry import OrderEntry, refuse_flaw
from fixgw.outbound import Outbound
from fixgw.session import ON_DISCONNECT, Session, SessionState
from fixgw.support import GROUPED

TICK_S: Final = 0.25
WRITE_BUFFER_BYTES: Final = 1024 * 1024
"""With more than this unread by the client, its reports wait in the journal."""
GOODBYE_S: Final = 2.0
"""How long a stopping venue waits for the answers to its Logouts."""
VERIFICATIONS_AT_ONCE: Final = 2
MANY_EVENTS: Final = 16
"""A command with more events than this asks for much with few bytes."""
EVENTS_AT_ONCE_MAX: Final = 10_000
"""After so many events of such commands, the rest of what has arrived waits for the next commit."""

_log = structlog.get_logger("fix")


class Acceptor:
    """Serves all sessions on one address."""

    def __init__(self, settings: Fix, sequencer: Sequencer, order_entry: OrderEntry, delivery: Delivery) -> None:
        self.settings = settings
        self.sequencer = sequencer
        self.order_entry = order_entry
        self.delivery = delivery
        self.sessions: dict[str, Session] = {}
        self.bound: dict[str, Connection] = {}
        """The connection that each logged-on session has."""
        self.connections: dict[Connection, None] = {}
        """All connections, oldest first."""
        self.connection_gone = asyncio.Event()
        """Set whenever a connection has ended."""
        self.congested: list[Connection] = []
        """Connections that are not read until what they caused is on disk."""
        self._hasher = PasswordHasher()
        self._decoy = ""
        self._verifiers = ThreadPoolExecutor(VERIFICATIONS_AT_ONCE, "password")
        """What waits for them is given up when its connection goes."""
        self._server: asyncio.Server | None = None
        self._ticker: asyncio.Task[None] | None = None
        self.is_stopping = False
        """The venue ends: what becomes of orders on a disconnect counts from when it is up again."""
        self.refresh()

    def refresh(self) -> None:
        """Serve sessions that have been provisioned since; their sequences go on where the journal says."""
        known = self.sequencer.exchange.state.sessions
        for comp_id, session in known.items():
            if comp_id not in self.sessions:
                self.sessions[comp_id] = Session(self.settings.comp_id, comp_id, session.last_in + 1)
                self.delivery.add(self.sessions[comp_id])
        self._decoy = _decoy([session.password_hash for session in known.values()])

    def let_go_of_sessions(self) -> None:
        """Note, at a start, that the sessions that were logged on when the venue ended are gone."""
        for session in self.sequencer.exchange.state.sessions.values():
            if session.is_connected:
                self.sequencer.submit(SessionDisconnected(session.session))

    async def start(self) -> None:
        """Listen. Raise `ListenError` if the address is taken."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: Connection(self), self.settings.host, self.settings.port, backlog=1024
            )
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise ListenError(
                f"cannot listen on {self.settings.host}:{self.settings.port}: {reason}; set another fix.port, or end "
                "what listens there"
            ) from error
        self._ticker = loop.create_task(self._tick())

    async def stop(self) -> None:
        """Log all sessions out, wait a little for their answers, and close every connection."""
        self.is_stopping = True
        if self._server is not None:
            self._server.close()
        if self._ticker is not None:
            self._ticker.cancel()
        self.sequencer.begin_batch()
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
        self._verifiers.shutdown()

    async def verify(self, comp_id: str, username: str, password: str) -> bool:
        """Tell whether a Logon's credentials are those of its session; as slow for sessions that do not exist."""
        known = self.sequencer.exchange.state.sessions.get(comp_id)
        password_hash = known.password_hash if known is not None else self._decoy
        matches = await asyncio.get_running_loop().run_in_executor(
            self._verifiers, self._matches, password_hash, password
        )
        return matches and known is not None and username == comp_id

    def make_room(self) -> None:
        """Drop the connection that has been without a Logon longest: strangers must not keep brokers out."""
        for connection in self.connections:
            if not connection.is_bound:
                connection.abort("too many connections")
                del self.connections[connection]
                return

    def committed(self) -> None:
        """Read on where reading had stopped for the disk."""
        if self.congested and not self.sequencer.congested:
            congested, self.congested = self.congested, []
            for connection in congested:
                asyncio.get_running_loop().call_soon(connection.resume_reading)

    async def _until(self, holds: Callable[[], bool]) -> None:
        """Wait until connections have gone so far that `holds`."""
        while not holds():
            self.connection_gone.clear()
            await self.connection_gone.wait()

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now_ns = self.sequencer.begin_batch()
            for connection in list(self.bound.values()):
                connection.tick(now_ns)


def _decoy(password_hashes: list[str]) -> str:
    """Return a hash that takes as long to check as those of the sessions: time must not tell which sessions exist."""
    try:
        hasher = PasswordHasher.from_parameters(extract_parameters(password_hashes[0]))
    except (IndexError, InvalidHashError):
        hasher = PasswordHasher()
    return hasher.hash("no session has this password")


class Connection(asyncio.Protocol):
    """One TCP connection, from its first byte to its last."""

    __slots__ = (
        "_acceptor",
        "_framer",
        "_garbled_seen",
        "_is_closing",
        "_is_resetting",
        "_is_up",
        "_logon",
        "_outbound",
        "_peer",
        "_sequencer",
        "_session",
        "_slow_timer",
        "_submit",
        "_translate",
        "_transport",
        "_waiting",
    )

    def __init__(self, acceptor: Acceptor) -> None:
        self._acceptor = acceptor
        self._sequencer = acceptor.sequencer
        self._submit = acceptor.sequencer.submit
        self._translate = acceptor.order_entry.translate
        self._framer = Framer()
        self._garbled_seen = 0
        self._session: Session | None = None
        self._outbound: Outbound | None = None
        self._logon: asyncio.Task[None] | asyncio.TimerHandle | None = None
        """The timer until a Logon has come, then the task that deals with it."""
        self._waiting: list[Message] = []
        """What came behind a Logon that is being verified, or behind what made very many events."""
        self._slow_timer: asyncio.TimerHandle | None = None
        self._is_closing = False
        self._is_resetting = False
        """The sequences are about to begin again, which must be seen through whether the client stays or not."""
        self._is_up = False
        """The session is logged on, and whoever asks the journal is told so."""
        self._peer = "?"

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or refuse if there are too many."""
        self._transport = cast("asyncio.Transport", transport)
        self._peer = str(transport.get_extra_info("peername"))
        acceptor = self._acceptor
        acceptor.connections[self] = None
        if len(acceptor.connections) > acceptor.settings.connections_max:
            acceptor.make_room()
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport.set_write_buffer_limits(WRITE_BUFFER_BYTES)
        self._logon = asyncio.get_running_loop().call_later(
            acceptor.settings.logon_timeout_s, self.abort, "no Logon in time"
        )

    def data_received(self, data: bytes) -> None:
        """Take in what has arrived."""
        if self._is_closing:
            return
        messages = self._framer.receive(data)
        if self._framer.garbled_count != self._garbled_seen:
            self._log_garbled()
        if self._session is None:
            self._before_logon(messages)
        elif self._waiting:
            self._waiting += messages
        elif messages:
            self._process(messages)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the session wait for its next connection."""
        acceptor = self._acceptor
        acceptor.connections.pop(self, None)
        acceptor.connection_gone.set()
        if self in acceptor.congested:
            acceptor.congested.remove(self)
        if self._slow_timer is not None:
            self._slow_timer.cancel()
        self._is_closing = True
        if not self._is_resetting:
            if self._logon is not None:
                self._logon.cancel()
            self._unbind(str(exc) if exc else "connection lost")

    def pause_writing(self) -> None:
        """The client reads too slowly: give it time, not memory."""
        if self._outbound is not None:
            self._outbound.pause()
            self._slow_timer = asyncio.get_running_loop().call_later(
                self._acceptor.settings.slow_reader_timeout_s, self.abort, "the client does not read"
            )

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self._slow_timer is not None:
            self._slow_timer.cancel()
            self._slow_timer = None
        if self._outbound is not None:
            self._outbound.resume()

    # What the acceptor asks for

    @property
    def is_bound(self) -> bool:
        """Tell whether the connection is a session's."""
        return self._session is not None

    def tick(self, now_ns: int) -> None:
        """Let time pass for the session."""
        assert self._session is not None, "only bound connections tick"
        self._session.tick(now_ns)
        self._follow_up(self._session)

    def log_out(self, text: str) -> None:
        """Ask the client to leave."""
        assert self._session is not None, "only bound connections log out"
        self._session.log_out(text)
        self._follow_up(self._session)

    def resume_reading(self) -> None:
        """Go on with what has come already, then with reading."""
        waiting, self._waiting = self._waiting, []
        if waiting and not self._is_closing:
            self._process(waiting)
        if not self._is_closing and self not in self._acceptor.congested:
            self._transport.resume_reading()

    def abort(self, reason: str) -> None:
        """Drop the connection at once; what it has not been sent stays owed."""
        if self._session is None:
            _log.info("connection dropped", peer=self._peer, reason=reason)
        elif not self._session.close_reason:
            self._session.close_reason = reason
        self._is_closing = True
        self._transport.abort()

    def _unbind(self, reason: str) -> None:
        """Let go of the session, if there is one: another connection may have it."""
        session = self._session
        if session is not None and self._outbound is not None:
            del self._acceptor.bound[session.comp_id]
            self._acceptor.connection_gone.set()
            self._outbound.disconnect()
            if self._is_up and not self._acceptor.is_stopping and self._sequencer.failure is None:
                self._sequencer.begin_batch()
                self._submit(SessionDisconnected(session.comp_id))
            self._is_up = False
            _log.info("session ended", session=session.comp_id, reason=session.close_reason or reason)
            session.disconnected()

    # Messages

    def _process(self, messages: list[Message]) -> None:
        session = self._session
        assert session is not None, "a session is bound"
        now_ns = self._sequencer.begin_batch()
        comp_id = session.comp_id
        submit, translate, accept = self._submit, self._translate, session.accept
        many_count = 0
        for position, message in enumerate(messages, 1):
            if accept(message, now_ns):
                if session.flaw is None:
                    command = translate(comp_id, session.next_in - 1, message)
                    event_count = len(submit(command))
                    if event_count > MANY_EVENTS:
                        many_count += event_count
                        if many_count > EVENTS_AT_ONCE_MAX:
                            self._waiting = messages[position:]
                            break
                    if not message.known and type(command) is not Refuse and message.msg_type not in GROUPED:
                        self._framer.learn(message)
                else:
                    submit(refuse_flaw(comp_id, session.next_in - 1, message, session.flaw))
            elif session.answers or session.resend_requests or session.state is not SessionState.ACTIVE:
                self._follow_up(session)
                if self._is_closing:
                    return
        if self._waiting or self._sequencer.congested:
            self._transport.pause_reading()
            self._acceptor.congested.append(self)

    def _follow_up(self, session: Session) -> None:
        """Do what the session layer wants done."""
        assert self._outbound is not None, "a bound connection has an outgoing side"
        if session.answers:
            self._outbound.answer(session.answers)
        for begin, end in session.resend_requests:
            self._outbound.resend(begin, end)
        session.resend_requests.clear()
        if session.state is SessionState.CLOSED and not self._is_closing:
            self._is_closing = True
            self._logon = asyncio.get_running_loop().create_task(self._close())

    async def _close(self) -> None:
        """Close when all that was said has been committed and written, or is not read for too long."""
        await self._sequencer.flushed()
        self._transport.close()
        self._logon = asyncio.get_running_loop().call_later(GOODBYE_S, self._transport.abort)

    def _log_garbled(self) -> None:
        session = self._session.comp_id if self._session else None
        if not self._garbled_seen:
            _log.warning(
                "garbled message ignored", session=session, peer=self._peer, reason=self._framer.garbled_reason
            )
        self._garbled_seen = self._framer.garbled_count

    # Logon

    def _before_logon(self, messages: list[Message]) -> None:
        if not messages:
            if self._framer.garbled_count:
                self.abort("garbled before Logon")
            return
        if isinstance(self._logon, asyncio.Task):
            self._waiting += messages
            return
        if messages[0].msg_type != "A":
            self.abort("the first message was no Logon")
            return
        if self._logon is not None:
            self._logon.cancel()
        self._waiting = messages[1:]
        self._transport.pause_reading()
        self._logon = asyncio.get_running_loop().create_task(self._try_to_log_on(messages[0]))

    async def _try_to_log_on(self, logon: Message) -> None:
        try:
            await self._log_on(logon)
        except Exception:  # noqa: BLE001 - nobody awaits this task; the log is where its error belongs
            _log.exception("logon failed", peer=self._peer)
            self.abort("logon failed")

    async def _log_on(self, logon: Message) -> None:
        """Verify, bind, reset if asked, answer; then take in what came behind the Logon."""
        acceptor = self._acceptor
        fields = logon.fields
        comp_id = fields.get("49", "")
        verified = await acceptor.verify(comp_id, fields.get("553", ""), fields.get("554", ""))
        if self._transport.is_closing():
            return
        session = acceptor.sessions.get(comp_id)
        if session is None or fields.get("56") != acceptor.settings.comp_id:
            self._refuse_logon(comp_id, "unknown SenderCompID(49) or TargetCompID(56)")
            return
        if comp_id in acceptor.bound:
            self._refuse_logon(comp_id, "the session is logged on already")
            return
        known = self._sequencer.exchange.state.sessions[comp_id]
        outbound = acceptor.delivery.outbounds[comp_id]
        acceptor.bound[comp_id] = self
        self._session, self._outbound = session, outbound
        now_ns = self._sequencer.begin_batch()
        problem = session.check_logon(logon, now_ns) if verified else "Username(553) or Password(554) is wrong"
        resets = not problem and fields.get("141") == "Y"
        if resets:
            self._is_resetting = True
            self._submit(ResetSequence(comp_id))
            self._sequencer.require_sync()
            await self._sequencer.flushed()
            self._is_resetting = False
            session.next_in = 1
            outbound.begin_again(known.resets)
            if self._is_closing:
                self._unbind("connection lost")
                return
            now_ns = self._sequencer.begin_batch()
        if not problem:
            problem = session.begin(logon, now_ns, 1 if resets else outbound.next_out)
        if problem:
            _log.warning("logon refused", session=comp_id, peer=self._peer, reason=problem)
            outbound.connect(self._transport, live=False)  # nothing but our Logout: who this is may be unknown
            session.refuse(problem)
            self._follow_up(session)
            return
        _log.info("session logged on", session=comp_id, peer=self._peer, heartbeat_s=session.heartbeat_s, reset=resets)
        on_disconnect = ON_DISCONNECT.get(fields.get("8013", ""), known.default_on_disconnect)
        self._submit(SessionConnected(comp_id, on_disconnect))
        self._is_up = True
        outbound.connect(self._transport)
        if resets:
            outbound.answer_reset(session.answers.pop(0))
        self._follow_up(session)
        waiting, self._waiting = self._waiting, []
        self._transport.resume_reading()
        if waiting:
            self._process(waiting)

    def _refuse_logon(self, comp_id: str, reason: str) -> None:
        """Hang up without a word: it would have to come from a session that is not this connection's."""
        _log.warning("logon refused", session=comp_id, peer=self._peer, reason=reason)
        self._is_closing = True
        self._transport.close()
