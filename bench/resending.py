"""A long resend, and what it costs the others: one session asks for all that it was ever told while another trades.

Both ends of the client are polled in turn, the one that trades first, and little is read at once of what is sent again,
so that the client does not delay what it measures.
"""

from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, perf_counter_ns
from typing import Final

from bench.client import STALL_S, BenchError, Session, run_pipelined
from bench.measure import Peer, running
from bench.orders import BUY, Load, Writer
from bench.venues import Cores

_AT_ONCE: Final = 20_000
"""Orders that one session has open before it cancels them."""
_READ_BYTES: Final = 1 << 15
_REPORT: Final = b"\x0135=8\x01"
_REPEATED: Final = b"\x0143=Y\x01"
_REPLIED: Final = b"\x0110="
_QUIET_S: Final = 3.0
"""How long the other session is measured alone."""


@dataclass(frozen=True, slots=True)
class Resent:
    """A resend, and the round trips of another session's orders without it and beside it."""

    peer: Peer
    messages: int
    messages_per_s: float
    alone_p50_us: float
    alone_p99_us: float
    beside_p50_us: float
    beside_p99_us: float

    @property
    def delay_p99_ms(self) -> float:
        """What the resend adds to the others' 99th percentile."""
        return (self.beside_p99_us - self.alone_p99_us) / 1e3


class _Flood:
    """Counts what is sent again on one session."""

    def __init__(self, session: Session, messages: int) -> None:
        self._session = session
        self._messages = messages
        self._rest = b""
        self.count = 0
        self.begin_ns = self.end_ns = 0

    def ask(self) -> None:
        writer, sock = self._session.writer, self._session.sock
        sock.settimeout(STALL_S)
        writer.stamp()
        self.begin_ns = perf_counter_ns()
        sock.sendall(writer.resend_request(2))
        sock.settimeout(0.0)

    def receive(self) -> None:
        """Read what there is, but not much."""
        with suppress(BlockingIOError):
            data = self._session.sock.recv(_READ_BYTES)
            if not data:
                raise BenchError("the peer closed the connection in the middle of the resend")
            data = self._rest + data
            end = data.rfind(b"\x018=FIX") + 1 or len(data)
            whole, self._rest = data[:end], data[end:]
            self.count += min(whole.count(_REPORT), whole.count(_REPEATED))
            if self.count + 1 >= self._messages and not self.end_ns:
                self.count += self._rest.count(_REPEATED)
                if self.count >= self._messages:
                    self.end_ns = perf_counter_ns()


def measure_resend(peer: Peer, messages: int, cores: Cores) -> Resent:
    """Let one session be told `messages` reports, and ask for all of them again. Raise `BenchError`."""
    with (
        running(peer, cores) as port,
        Session(Writer("BROKER1"), port) as asking,
        Session(Writer("BROKER2"), port) as trading,
    ):
        for begin in range(0, messages, 2 * _AT_ONCE):
            _add_and_cancel(asking, min(_AT_ONCE, (messages - begin) // 2))
        flood = _Flood(asking, messages)
        alone = _trade(trading, None)
        flood.ask()
        beside = _trade(trading, flood)
        if flood.count != messages:
            raise BenchError(f"{messages:,} reports were asked for again, and {flood.count:,} came")
    return Resent(
        peer,
        messages,
        messages * 1e9 / (flood.end_ns - flood.begin_ns),
        *(times[int(len(times) * part)] / 1e3 for times in (alone, beside) for part in (0.5, 0.99)),
    )


def _add_and_cancel(session: Session, count: int) -> None:
    load = Load()
    session.writer.stamp()
    resting = [session.writer.add(load, BUY, b"%d.50" % (49_900 - number % 200)) for number in range(count)]
    for order in resting:
        session.writer.cancel(load, order)
    run_pipelined([session], [load])


def _trade(session: Session, flood: _Flood | None) -> list[int]:
    """Send an order, its cancel, and so on, one at a time; return the round trips (ns), the shortest first."""
    writer, sock, answers = session.writer, session.sock, session.answers
    sock.settimeout(0.0)
    times: list[int] = []
    deadline = monotonic() + (_QUIET_S if flood is None else 4 * STALL_S)
    while flood is None or not flood.end_ns:
        load = Load()
        writer.stamp()
        writer.cancel(load, writer.add(load, BUY, b"49900.50"))
        for message in load.messages:
            begin_ns = perf_counter_ns()
            sock.send(message)
            reply = b""
            while _REPLIED not in reply[-8:]:
                try:
                    reply += sock.recv(_READ_BYTES)
                except BlockingIOError:
                    if flood is not None:
                        flood.receive()
            times.append(perf_counter_ns() - begin_ns)
            answers.space()[: len(reply)] = reply
            answers.received(len(reply))
        if monotonic() > deadline:
            if flood is None:
                break
            raise BenchError(f"the resend has not ended: {flood.count:,} messages so far")
    return sorted(times)
