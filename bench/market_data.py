"""Market data: one process feeds many subscribers of the full book, while orders come and go.

Subscribers share one client with the broker that makes the updates. What they get is not decoded: entries are counted
by what stands in their bytes, and their numbers must follow each other without a gap. Latency is from the engine's
stamp on an update to where a subscriber has read it, of the oldest update in each read.
"""

import gc
import selectors
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns, time_ns
from typing import Final, Self

from bench.client import READ_BYTES, STALL_S, BenchError, Session
from bench.orders import BUY, Load, Writer
from bench.venues import Cores, market_data_venue, scratch_directory

SUBSCRIBERS: Final = 100
PACE: Final = 5_000
"""Updates a second that one process must keep up with."""
WINDOW: Final = 1_000
"""Orders that may be unanswered where there is no pace."""
_SLICE_S: Final = 0.002
"""How often orders are sent at a pace."""
_END: Final = b"\x0110="
_END_BYTES: Final = len(b"\x0110=000\x01")
_NUMBER: Final = b"\x0183="
_TIME: Final = b"\x01273="
_SNAPSHOT: Final = b"\x0135=W\x01"
_DAY_NS: Final = 86_400_000_000_000
_PRICES: Final = 50


@dataclass(frozen=True, slots=True)
class Fed:
    """What the subscribers of one process got."""

    build: str
    subscribers: int
    pace: int
    """Updates a second that were asked for, 0 for as many as there could be."""
    updates: int
    updates_per_s: float
    p50_us: float
    p99_us: float
    gaps: int
    """Updates that a subscriber had missed, or snapshots that stood for them."""


class Subscriber:
    """A session that follows the full book, and counts."""

    def __init__(self, writer: Writer, port: int) -> None:
        self._session = Session(writer, port)
        self._rest = b""
        self.last = 0
        self.gaps = 0
        self.latencies_ns: list[int] = []

    def __enter__(self) -> Self:
        self._session.__enter__()
        self._session.sock.sendall(self._session.writer.market_data_request())
        while _SNAPSHOT not in self._rest or _END not in self._rest[-_END_BYTES:]:
            self._rest += self._session.sock.recv(READ_BYTES)
        self.last = _number_at(self._rest, self._rest.index(_NUMBER))
        self._rest = b""
        self.sock.settimeout(0.0)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.sock.close()

    @property
    def sock(self) -> socket.socket:
        return self._session.sock

    def receive(self) -> None:
        """Read what is there, once."""
        data = self._rest + self.sock.recv(READ_BYTES)
        if len(data) == len(self._rest):
            raise BenchError("the market data of a subscriber ended")
        end = data.rfind(_END)
        if end + _END_BYTES > len(data):
            end = data.rfind(_END, 0, end)
        if end < 0:
            self._rest = data
            return
        end += _END_BYTES
        count = data.count(_NUMBER, 0, end)
        if count:
            first = _number_at(data, data.find(_NUMBER))
            last = _number_at(data, data.rfind(_NUMBER, 0, end))
            if first != self.last + 1 or last - first + 1 != count or data.find(_SNAPSHOT, 0, end) >= 0:
                self.gaps += 1
            self.last = last
            self.latencies_ns.append((time_ns() - _time_at(data, data.find(_TIME))) % _DAY_NS)
        self._rest = data[end:]


class Broker:
    """A session that makes updates: it adds orders, and cancels each some time later."""

    def __init__(self, port: int) -> None:
        self.session = Session(Writer("BROKER1"), port)
        self.messages: list[bytes] = []
        self.sent = 0

    def prepare(self, updates: int) -> None:
        writer = self.session.writer
        writer.stamp()
        load = Load()
        resting = []
        for number in range(updates // 2):
            price = b"%d.00" % (40_000 + number % _PRICES)
            resting.append(writer.add(load, BUY, price))
            if number >= _PRICES:
                writer.cancel(load, resting[number - _PRICES])
        for order in resting[-_PRICES:]:
            writer.cancel(load, order)
        self.messages = load.messages
        self.sent = 0

    def send(self, through: int) -> None:
        """Send so many messages in all."""
        if through > self.sent:
            self.session.sock.sendall(b"".join(self.messages[self.sent : through]))
            self.sent = through

    @property
    def answered(self) -> int:
        answers = self.session.answers
        return answers.accepted + answers.canceled

    def receive(self) -> None:
        answers = self.session.answers
        size = self.session.sock.recv_into(answers.space())
        if not size:
            raise BenchError("the venue closed the broker's connection")
        answers.received(size)


def measure_market_data(build: str, cores: Cores, *, updates: int, paces: tuple[int, ...], home: Path) -> list[Fed]:
    """Return what the subscribers got at each pace."""
    with ExitStack() as stack:
        directory = stack.enter_context(scratch_directory())
        port, data_port = stack.enter_context(market_data_venue(cores, directory, SUBSCRIBERS, home))
        writers = [Writer(f"MD{number}") for number in range(1, SUBSCRIBERS + 1)]
        subscribers = [stack.enter_context(Subscriber(writer, data_port)) for writer in writers]
        broker = Broker(port)
        stack.enter_context(broker.session)
        found = []
        for pace in paces:
            broker.prepare(updates)
            found.append(_feed(build, broker, subscribers, pace))
    return found


def _feed(build: str, broker: Broker, subscribers: list[Subscriber], pace: int) -> Fed:
    updates = len(broker.messages)
    through = subscribers[0].last + updates
    answered_before = broker.answered
    for subscriber in subscribers:
        subscriber.latencies_ns.clear()
        subscriber.gaps = 0
    with selectors.DefaultSelector() as selector:
        selector.register(broker.session.sock, selectors.EVENT_READ, broker)
        for subscriber in subscribers:
            selector.register(subscriber.sock, selectors.EVENT_READ, subscriber)
        gc.collect()
        gc.disable()
        try:
            begin_ns = perf_counter_ns()
            behind = set(subscribers)
            heard_ns = begin_ns
            while behind:
                now_ns = perf_counter_ns()
                if pace:
                    broker.send(min(updates, (now_ns - begin_ns) * pace // 1_000_000_000))
                else:
                    broker.send(min(updates, broker.answered - answered_before + WINDOW))
                ready = selector.select(_SLICE_S)
                for key, _ in ready:
                    key.data.receive()
                    heard_ns = now_ns
                    if key.data is not broker and key.data.last >= through:
                        behind.discard(key.data)
                if now_ns - heard_ns > STALL_S * 1e9:
                    raise BenchError(f"market data stalls: {len(behind)} subscribers wait for update {through}")
            elapsed_ns = perf_counter_ns() - begin_ns
        finally:
            gc.enable()
    while broker.answered < answered_before + updates:
        broker.receive()
    latencies = sorted(each for subscriber in subscribers for each in subscriber.latencies_ns)
    return Fed(
        build,
        len(subscribers),
        pace,
        updates,
        updates * 1e9 / elapsed_ns,
        latencies[len(latencies) // 2] / 1_000,
        latencies[len(latencies) * 99 // 100] / 1_000,
        sum(subscriber.gaps for subscriber in subscribers),
    )


def _number_at(data: bytes, at: int) -> int:
    return int(data[at + len(_NUMBER) : data.index(b"\x01", at + 1)])


def _time_at(data: bytes, at: int) -> int:
    """Return the nanoseconds of the day that an MDEntryTime has, such as 23:07:49.123456."""
    text = data[at + len(_TIME) :][:15]
    seconds = (int(text[:2]) * 60 + int(text[3:5])) * 60 + int(text[6:8])
    return seconds * 1_000_000_000 + int(text[9:15]) * 1_000
