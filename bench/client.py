"""The load client: FIX sessions on plain sockets, as cheap as Python allows, so that the peer is the bottleneck.

Messages are made before the clock runs. What comes back is not decoded: reports are counted by what stands in their
bytes, whole messages only, so that where a read ends does not matter. Every message must be a report that was asked
for (or a heartbeat); anything else stops the run with that message in the error. At the end of a run each session
must have got exactly what its load calls for.
"""

import gc
import os
import selectors
import socket
import ssl
from dataclasses import dataclass
from time import monotonic, perf_counter_ns
from typing import Final, Self

from bench.orders import Load, Writer

WINDOW: Final = 2_000
"""Orders of a session that may be unanswered."""
CHUNK: Final = 50
"""Orders that go out with one write."""
STALL_S: Final = 15.0
"""A peer that says nothing for so long has failed."""
BUFFER_BYTES: Final = 1 << 20
READ_BYTES: Final = 1 << 18

_END: Final = b"\x0110="
_END_BYTES: Final = len(b"\x0110=000\x01")
_REPORT: Final = b"\x0135=8\x01"
_ACCEPTED: Final = b"\x01150=0\x01"
_CANCELED: Final = b"\x01150=4\x01"
_FILLED: Final = b"\x01150=F\x01"
_HEARTBEAT: Final = b"\x0135=0\x01"
_SPINS_MAX: Final = 20_000_000
_REPLY_BYTES: Final = 4_096


class BenchError(Exception):
    """The measurement cannot go on; the text says why."""


class Answers:
    """Counts the reports in what arrives on one session."""

    __slots__ = ("_buffer", "_held", "accepted", "canceled", "filled", "heartbeats", "view")

    def __init__(self, buffer_bytes: int = BUFFER_BYTES) -> None:
        self.accepted = self.canceled = self.filled = self.heartbeats = 0
        self._buffer = bytearray(buffer_bytes)
        self._held = 0
        """Bytes at the start of the buffer: the beginning of a message."""
        self.view = memoryview(self._buffer)

    def space(self, size: int = READ_BYTES) -> memoryview:
        """Return where the next bytes of the stream belong."""
        return self.view[self._held : self._held + size]

    def received(self, size: int) -> None:
        """Count what `size` more bytes complete. Raise `BenchError` for a message that nobody asked for."""
        buffer, held = self._buffer, self._held + size
        end = buffer.rfind(_END, 0, held)
        if end >= 0 and end + _END_BYTES > held:  # the last CheckSum is not whole yet
            end = buffer.rfind(_END, 0, end)
        if end < 0:
            self._held = held
            if held == len(buffer):
                raise BenchError(f"no message ends within {held} bytes: {_readable(bytes(buffer[:200]))}…")
            return
        end += _END_BYTES
        accepted = buffer.count(_ACCEPTED, 0, end)
        canceled = buffer.count(_CANCELED, 0, end)
        filled = buffer.count(_FILLED, 0, end)
        messages = buffer.count(_END, 0, end)
        if not messages == buffer.count(_REPORT, 0, end) == accepted + canceled + filled:
            self._count_heartbeats(bytes(buffer[:end]))
        self.accepted += accepted
        self.canceled += canceled
        self.filled += filled
        self._held = held - end
        buffer[: self._held] = buffer[end:held]

    def _count_heartbeats(self, data: bytes) -> None:
        start = 0
        while start < len(data):
            end = data.index(_END, start) + _END_BYTES
            message = data[start:end]
            kinds = sum(message.count(kind) for kind in (_ACCEPTED, _CANCELED, _FILLED))
            if _HEARTBEAT in message:
                self.heartbeats += 1
            elif message.count(_REPORT) != 1 or kinds != 1:
                raise BenchError(f"the peer sent what nobody asked for: {_readable(message)}")
            start = end


class Session:
    """One FIX session: logs on when it is entered, and out when it is left."""

    def __init__(self, writer: Writer, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.writer = writer
        self.answers = Answers()
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=STALL_S)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.sock = tls.wrap_socket(self.sock)

    def __enter__(self) -> Self:
        try:
            self.writer.stamp()
            self.sock.sendall(self.writer.logon())
            reply = b""
            while _END not in reply[-_END_BYTES:]:
                reply += self._receive("instead of answering the logon")
            if b"\x0135=A\x01" not in reply or reply.count(_END) != 1:
                raise BenchError(f"the logon was not simply accepted: {_readable(reply)}")
        except BaseException:
            self.sock.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._log_out()
        finally:
            self.sock.close()

    def _log_out(self) -> None:
        self.sock.settimeout(STALL_S)
        self.writer.stamp()
        self.sock.sendall(self.writer.logout())
        reply = b""
        while b"\x0135=5\x01" not in reply:
            reply += self._receive("before it answered the logout")
        if _REPORT in reply:
            raise BenchError(f"a report too many: {_readable(reply)}")

    def _receive(self, when: str) -> bytes:
        data = self.sock.recv(READ_BYTES)
        if not data:
            raise BenchError(f"the peer closed the connection of {self.writer.comp_id.decode()} {when}")
        return data


@dataclass(frozen=True, slots=True)
class Outcome:
    """One pipelined run: from the first byte sent to the last report."""

    elapsed_ns: int
    orders: int
    """Orders and cancels, each of them answered."""
    reports: int

    @property
    def orders_per_s(self) -> float:
        return self.orders * 1e9 / self.elapsed_ns

    @property
    def reports_per_s(self) -> float:
        return self.reports * 1e9 / self.elapsed_ns


class _Lane:
    """A session's part of a pipelined run: what it has sent, and what it waits for."""

    __slots__ = ("_answers", "_chunk", "_chunks", "_rest", "_sent", "_sock", "expected", "name", "start")

    def __init__(self, session: Session, load: Load) -> None:
        messages = load.messages
        self.name = session.writer.comp_id.decode()
        self.expected = (load.accepted, load.canceled, load.filled)
        self._sock = session.sock
        self._answers = session.answers
        self._chunks = [b"".join(messages[at : at + CHUNK]) for at in range(0, len(messages), CHUNK)]
        self._chunk = 0
        self._sent = 0
        self._rest = memoryview(b"")
        """What the socket would not take of the last chunk."""
        self.start = (self._answers.accepted, self._answers.canceled, self._answers.filled)

    def got(self) -> tuple[int, int, int]:
        answers, (accepted, canceled, filled) = self._answers, self.start
        return answers.accepted - accepted, answers.canceled - canceled, answers.filled - filled

    def is_done(self) -> bool:
        return all(got >= expected for got, expected in zip(self.got(), self.expected, strict=True))

    def receive(self) -> None:
        """Take in what has come; over TLS all of it, as the socket does not tell of what was decrypted already."""
        answers = self._answers
        is_secured = isinstance(self._sock, ssl.SSLSocket)
        while True:
            try:
                size = self._sock.recv_into(answers.space())
            except ssl.SSLWantReadError:
                return
            if not size:
                raise BenchError(f"the peer closed the connection of {self.name}; got {self.got()} of {self.expected}")
            answers.received(size)
            if not is_secured:
                return

    def send(self) -> bool:
        """Send what the window allows; return whether the socket would not take it all."""
        if self._rest:
            self._rest = self._rest[self._send(self._rest) :]
            if self._rest:
                return True
        answers = self._answers
        answered = answers.accepted + answers.canceled - self.start[0] - self.start[1]
        while self._chunk < len(self._chunks) and self._sent - answered + CHUNK <= WINDOW:
            data = self._chunks[self._chunk]
            self._chunk += 1
            self._sent += CHUNK
            size = self._send(data)
            if size < len(data):
                self._rest = memoryview(data)[size:]
                return True
        return False

    def _send(self, data: bytes | memoryview) -> int:
        try:
            return self._sock.send(data)
        except (BlockingIOError, ssl.SSLWantWriteError):
            return 0


def run_pipelined(sessions: list[Session], loads: list[Load]) -> Outcome:
    """Send all loads, each session within its window, until all of it is answered. Raise `BenchError`."""
    lanes = [_Lane(session, load) for session, load in zip(sessions, loads, strict=True)]
    for session in sessions:
        session.sock.settimeout(0.0)
    with selectors.DefaultSelector() as selector:
        for session, lane in zip(sessions, lanes, strict=True):
            selector.register(session.sock, selectors.EVENT_READ, lane)
        gc.collect()
        gc.disable()
        try:
            elapsed_ns = _exchange(selector, lanes)
        finally:
            gc.enable()
    for lane in lanes:
        if lane.got() != lane.expected:
            raise BenchError(
                f"{lane.name} expected (accepted, canceled, filled) = {lane.expected} and got {lane.got()}"
            )
    orders = sum(len(load.messages) for load in loads)
    return Outcome(elapsed_ns, orders, sum(sum(lane.expected) for lane in lanes))


def _exchange(selector: selectors.BaseSelector, lanes: list[_Lane]) -> int:
    both = selectors.EVENT_READ | selectors.EVENT_WRITE
    waiting = {lane for lane in lanes if not lane.is_done()}
    begin_ns = perf_counter_ns()
    for key in list(selector.get_map().values()):
        if key.data.send():
            selector.modify(key.fileobj, both, key.data)
    while waiting:
        ready = selector.select(STALL_S)
        if not ready:
            states = ", ".join(f"{lane.name} got {lane.got()} of {lane.expected}" for lane in waiting)
            raise BenchError(f"the peer has been silent for {STALL_S:g} s: {states}")
        for key, events in ready:
            lane: _Lane = key.data
            if events & selectors.EVENT_READ:
                lane.receive()
                if lane.is_done():
                    waiting.discard(lane)
            wanted = both if lane.send() else selectors.EVENT_READ
            if wanted != key.events:
                selector.modify(key.fileobj, wanted, lane)
    return perf_counter_ns() - begin_ns


def run_ping_pong(session: Session, load: Load, time_s_max: float, *, spin: bool) -> list[int]:
    """Send one message at a time and wait for its report; return the round trips in nanoseconds.

    With `spin` the client polls its socket, as clients do that are after latency: the figure then holds the time
    that the peer takes to wake up, but not the client's. Ends early, between two messages, after `time_s_max`.
    """
    answers, sock = session.answers, session.sock
    before = answers.accepted + answers.canceled
    sock.settimeout(0.0 if spin else STALL_S)
    gc.collect()
    gc.disable()
    try:
        round_trips = _echo(session, load.messages, monotonic() + time_s_max, spin=spin)
    finally:
        gc.enable()
    answered = answers.accepted + answers.canceled - before
    if answered != len(round_trips) or answers.filled:
        raise BenchError(f"{len(round_trips)} messages, one at a time, got {answered} answers")
    session.writer.next_seq -= len(load.messages) - len(round_trips)  # the numbers that were not sent
    return round_trips


def _echo(session: Session, messages: list[bytes], end_s: float, *, spin: bool) -> list[int]:
    send, answers, now_ns = session.sock.send, session.answers, perf_counter_ns
    receive = _receive_spinning if spin else _receive_sleeping
    round_trips: list[int] = []
    for message in messages:
        if monotonic() > end_s:
            break
        begin_ns = now_ns()
        send(message)
        reply = receive(session.sock)
        end_ns = now_ns()
        while reply[-_END_BYTES : -_END_BYTES + len(_END)] != _END:  # it came in pieces, which is rare
            reply += receive(session.sock)
            end_ns = now_ns()
        round_trips.append(end_ns - begin_ns)
        answers.space()[: len(reply)] = reply
        answers.received(len(reply))
    return round_trips


def _receive_spinning(sock: socket.socket) -> bytes:
    for _ in range(_SPINS_MAX):
        try:
            data = sock.recv(_REPLY_BYTES)
        except BlockingIOError:
            os.sched_yield()  # the kernel's own threads may need this core to get the peer's data on disk
            continue
        if not data:
            raise BenchError("the peer closed the connection")
        return data
    raise BenchError("the peer has stopped answering")


def _receive_sleeping(sock: socket.socket) -> bytes:
    data = sock.recv(_REPLY_BYTES)
    if not data:
        raise BenchError("the peer closed the connection")
    return data


def _readable(raw: bytes) -> str:
    return raw.decode("ascii", "backslashreplace").replace("\x01", "|")
