"""One TCP connection of the gateway, from its first byte to its last: bound to a session by its Logon.

One pass over all complete messages in what has arrived, one batch of commands, one write per batch. A connection that
does not log on in time is dropped.
"""

import asyncio
import socket
from typing import TYPE_CHECKING, Final, cast

import structlog

from fixgw.authentication import Verdict
from fixgw.codec import Framer, Message, encode
from fixgw.gateway import WAIT, Outgoing
from fixgw.origin import Origin, origin_of
from fixgw.session import ON_DISCONNECT, Session, SessionState, SessionStatus
from fixgw.timestamps import format_utc

if TYPE_CHECKING:
    from fixgw.acceptor import Acceptor

WRITE_BUFFER_BYTES: Final = 64 * 1024
"""With more than this that the system does not take, as the client does not read, its reports wait in the journal."""
GOODBYE_S: Final = 2.0
"""How long the answer to a Logout is waited for."""
MANY_EVENTS: Final = 16
"""A command with more events than this asks for much with few bytes."""
EVENTS_AT_ONCE_MAX: Final = 10_000
"""After so many events of such commands, the rest of what has arrived waits for the next commit."""
HOLD_BACK_S: Final = 0.01
"""How long a connection is not read that sends far more than its session may."""

_log = structlog.get_logger("fix")


class Connection(asyncio.Protocol):
    """One TCP connection, from its first byte to its last."""

    __slots__ = (
        "_acceptor",
        "_framer",
        "_garbled_seen",
        "_gateway",
        "_is_closing",
        "_is_held_back",
        "_is_resetting",
        "_is_up",
        "_logon",
        "_logout_at_once",
        "_logout_text",
        "_origin",
        "_outbound",
        "_peer",
        "_session",
        "_slow_timer",
        "_take",
        "_transport",
        "_waiting",
    )

    def __init__(self, acceptor: "Acceptor") -> None:
        self._acceptor = acceptor
        self._gateway = acceptor.gateway
        self._take = acceptor.gateway.take
        self._framer = Framer()
        self._garbled_seen = 0
        self._session: Session | None = None
        self._outbound: Outgoing | None = None
        self._logon: asyncio.Task[None] | asyncio.TimerHandle | None = None
        """The timer until a Logon has come, then the task that deals with it."""
        self._waiting: list[Message] = []
        """What came behind a Logon that is being verified, or behind what made very many events."""
        self._slow_timer: asyncio.TimerHandle | None = None
        self._is_closing = False
        self._is_held_back = False
        self._is_resetting = False
        """The sequences are about to begin again, which must be seen through whether the client stays or not."""
        self._logout_text = ""
        self._logout_at_once = False
        """Why the session is to be logged out, as soon as its Logon has been dealt with."""
        self._is_up = False
        """The session is logged on, and whoever asks the journal is told so."""
        self._peer = "?"
        self._origin = Origin()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or refuse if there are too many."""
        self._transport = cast("asyncio.Transport", transport)
        self._peer = _address(transport.get_extra_info("peername"))
        self._origin = origin_of(transport)
        acceptor = self._acceptor
        acceptor.connections[self] = None
        if acceptor.is_stopping:
            self.abort("the venue is closing")
            return
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
        elif self._waiting or self._is_logging_on():
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

    def _is_logging_on(self) -> bool:
        """Tell whether a Logon of the session is being dealt with; what comes behind it waits."""
        return self._session is not None and self._session.state is SessionState.AWAITING_LOGON

    @property
    def peer(self) -> str:
        """The address at the other end."""
        return self._peer

    def tick(self, now_ns: int) -> None:
        """Let time pass for the session."""
        assert self._session is not None, "only bound connections tick"
        self._session.tick(now_ns)
        self._follow_up(self._session)

    def log_out(self, text: str, *, at_once: bool = False) -> None:
        """Ask the client to leave; one whose Logon is being dealt with, after that.

        `at_once`: its answer is not awaited, and nothing more of it is taken.
        """
        assert self._session is not None, "only bound connections log out"
        if self._is_logging_on():
            self._logout_text = text
            self._logout_at_once = self._logout_at_once or at_once
            return
        if at_once:
            self._session.refuse(text)
        else:
            self._session.log_out(text)
        self._follow_up(self._session)

    def resume_reading(self) -> None:
        """Go on with what has come already, then with reading."""
        if self._is_logging_on():
            return
        waiting, self._waiting = self._waiting, []
        if waiting and not self._is_closing:
            self._process(waiting)
        if not (self._is_closing or self._is_held_back or self._is_logging_on() or self in self._acceptor.congested):
            self._transport.resume_reading()

    def abort(self, reason: str) -> None:
        """Drop the connection at once; what it has not been sent stays owed."""
        if self._session is None:
            self._acceptor.note_refused("connection dropped", self._peer, reason)
        elif not self._session.close_reason:
            self._session.close_reason = reason
        self._is_closing = True
        self._transport.abort()

    def cut(self, reason: str) -> None:
        """Let go of the session at once, and drop the connection."""
        self.abort(reason)
        self._unbind(reason)
        self._session = None

    def _unbind(self, reason: str) -> None:
        """Let go of the session, if there is one: another connection may have it."""
        session = self._session
        if session is not None and self._outbound is not None:
            del self._acceptor.bound[session.comp_id]
            self._acceptor.connection_gone.set()
            self._outbound.disconnect()
            if self._is_up and not self._acceptor.is_stopping and not self._gateway.failed:
                self._gateway.begin_batch()
                self._gateway.gone(session.comp_id)
            self._is_up = False
            _log.info("session ended", session=session.comp_id, reason=session.close_reason or reason)
            session.disconnected()

    # Messages

    def _process(self, messages: list[Message]) -> None:
        session, outbound = self._session, self._outbound
        assert session is not None, "a session is bound"
        assert outbound is not None, "a bound connection has an outgoing side"
        now_ns = self._gateway.begin_batch()
        session.sent_through = outbound.next_out - 1
        comp_id = session.comp_id
        take, accept, framer = self._take, session.accept, self._framer
        many_count = 0
        for position, message in enumerate(messages, 1):
            if accept(message, now_ns):
                event_count = take(comp_id, session.next_in - 1, message, session.flaw, framer)
                if event_count == WAIT:
                    self._waiting = messages[position:]
                    self._hold_back()
                    return
                if event_count > MANY_EVENTS:
                    many_count += event_count
                    if many_count > EVENTS_AT_ONCE_MAX:
                        self._waiting = messages[position:]
                        break
            elif session.answers or session.resend_requests or session.state is not SessionState.ACTIVE:
                self._follow_up(session)
                if self._is_closing:
                    return
                if session.state is SessionState.AWAITING_LOGON:
                    self._waiting = messages[position:]
                    self._take_logon(message)
                    return
        if self._waiting or self._gateway.congested:
            self._transport.pause_reading()
            self._acceptor.congested.append(self)

    def _hold_back(self) -> None:
        """Read no more for a moment."""
        self._is_held_back = True
        self._transport.pause_reading()
        asyncio.get_running_loop().call_later(HOLD_BACK_S, self._let_go_on)

    def _let_go_on(self) -> None:
        self._is_held_back = False
        self.resume_reading()

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
        await self._gateway.flushed()
        self._transport.close()
        self._logon = asyncio.get_running_loop().call_later(GOODBYE_S, self._transport.abort)

    def _log_garbled(self) -> None:
        if not self._garbled_seen and self._session is not None:
            _log.warning(
                "garbled message ignored",
                session=self._session.comp_id,
                peer=self._peer,
                reason=self._framer.garbled_reason,
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
        self._take_logon(messages[0])

    def _take_logon(self, logon: Message) -> None:
        """Deal with a Logon, and take in nothing else before that is done."""
        self._transport.pause_reading()
        self._logon = asyncio.get_running_loop().create_task(self._try_to_log_on(logon))

    async def _try_to_log_on(self, logon: Message) -> None:
        try:
            if self._session is None:
                await self._log_on(logon)
            else:
                await self._log_on_again(self._session, logon)
        except Exception:  # noqa: BLE001 - nobody awaits this task; the log is where its error belongs
            _log.exception("logon failed", peer=self._peer)
            self.abort("logon failed")

    async def _log_on(self, logon: Message) -> None:
        """Verify a Logon, bind the connection to its session, and begin."""
        acceptor, gateway = self._acceptor, self._gateway
        fields = logon.fields
        comp_id = fields.get("49", "")
        session = acceptor.sessions.get(comp_id) if fields.get("56") == acceptor.settings.comp_id else None
        known = gateway.known.get(comp_id) if session is not None else None
        verdict = await acceptor.authenticator.judge(known, logon, self._origin)
        if self._transport.is_closing():
            return
        if verdict.reason or session is None or known is None:
            await self._refuse(session, verdict)
            return
        if gateway.known.get(comp_id) is not known or comp_id in acceptor.bound:
            self._hang_up("the session is logged on already" if comp_id in acceptor.bound else "removed", comp_id)
            return
        outbound = acceptor.outgoing[comp_id]
        acceptor.bound[comp_id] = self
        self._session, self._outbound = session, outbound
        await self._begin(session, outbound, logon, verdict)

    async def _log_on_again(self, session: Session, logon: Message) -> None:
        """Verify a Logon within a session, say what was to be said before it, and begin again with it."""
        acceptor, gateway, outbound = self._acceptor, self._gateway, self._outbound
        assert outbound is not None, "a bound connection has an outgoing side"
        verdict = await acceptor.authenticator.judge(gateway.known.get(session.comp_id), logon, self._origin)
        await gateway.flushed()
        if self._is_closing:
            return
        if verdict.reason and not verdict.answer:
            self.abort(verdict.reason)
            return
        outbound.disconnect()
        await self._begin(session, outbound, logon, verdict)

    async def _begin(self, session: Session, outbound: Outgoing, logon: Message, verdict: Verdict) -> None:
        """Reset if the Logon asks for it, and answer it; then take in what came behind it."""
        gateway, fields, comp_id = self._gateway, logon.fields, session.comp_id
        known = gateway.known[comp_id]
        now_ns = gateway.begin_batch()
        problem = "the session is suspended" if known.is_suspended else session.check_logon(logon, now_ns)
        problem = verdict.answer or problem or verdict.problem
        if verdict.password_hash and not problem:
            problem = await gateway.set_password(comp_id, verdict.password_hash)
            if self._is_closing:
                return
            now_ns = gateway.begin_batch()
        resets = not problem and fields.get("141") == "Y"
        if resets:
            self._is_resetting = True
            await gateway.reset(session)
            self._is_resetting = False
            if self._is_closing:
                self._unbind("connection lost")
                return
            now_ns = gateway.begin_batch()
        if not problem:
            problem = session.begin(logon, now_ns, 1 if resets else outbound.next_out)
        if problem:
            _log.warning("logon refused", session=comp_id, peer=self._peer, reason=problem)
            outbound.connect(self._transport, live=False)  # nothing but our Logout
            session.refuse(problem)
            self._follow_up(session)
            return
        _log.info("session logged on", session=comp_id, peer=self._peer, heartbeat_s=session.heartbeat_s, reset=resets)
        gateway.logged_on(comp_id, ON_DISCONNECT.get(fields.get("8013", ""), known.default_on_disconnect))
        self._is_up = True
        outbound.connect(self._transport)
        if resets:
            outbound.answer_reset(session.answers.pop(0))
        if self._slow_timer is not None:
            outbound.pause()
        self._follow_up(session)
        if self._logout_text:
            self.log_out(self._logout_text, at_once=self._logout_at_once)
            if self._is_closing:
                return
        waiting, self._waiting = self._waiting, []
        self._transport.resume_reading()
        if waiting:
            self._process(waiting)

    async def _refuse(self, session: Session | None, verdict: Verdict) -> None:
        """Answer a Logon of which nobody knows whom it is from, if it is to be answered, and hang up.

        The Logout is not sent over the session, which may be another connection's; but as its client may count it, it
        takes the session's next number, for good.
        """
        acceptor, gateway = self._acceptor, self._gateway
        comp_id = session.comp_id if session is not None else ""
        if session is not None and verdict.answer and acceptor.sessions.get(comp_id) is session:
            number = acceptor.outgoing[comp_id].next_out
            now_ns = gateway.begin_batch()
            if comp_id not in acceptor.bound:
                acceptor.outgoing[comp_id].skip_to(number + 1)
                await gateway.flushed()
            if self._is_closing:
                return
            version = session.version
            header = f"35=5\x0149={session.venue_comp_id}\x0156={comp_id}\x0134={number}\x0152={format_utc(now_ns)}\x01"
            status = f"1409={SessionStatus.WRONG_CREDENTIALS:d}\x01" if version.appl_ver_id else ""
            self._transport.write(encode(f"{header}{status}58={verdict.answer}\x01", version.begin_string))
        self._hang_up(verdict.reason, comp_id)

    def _hang_up(self, reason: str, comp_id: str) -> None:
        """Close the connection of a Logon that came to nothing."""
        self._acceptor.note_refused("logon refused", self._peer, reason, comp_id)
        self._is_closing = True
        self._transport.close()
        self._logon = asyncio.get_running_loop().call_later(GOODBYE_S, self._transport.abort)


def _address(peer: tuple[str, int] | None) -> str:
    """Return how a peer's address is written: `192.0.2.1:4711`, `[2001:db8::1]:4711`."""
    if not peer:
        return "?"
    host, port = peer[0], peer[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
