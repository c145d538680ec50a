"""The least FIX that a test needs, written without any of the venue's code, so that the two cannot err alike.

`frame` and `parse` are a message's way to bytes and back; `Client` is one session on a blocking socket, that says
exactly what it is told to.
"""

import re
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import ClassVar, Final, Self

from tests.e2e.venue import DEADLINE_S, HOST, PASSWORD

SOH: Final = "\x01"
_MESSAGE: Final = re.compile(rb"8=FIX\.4\.4\x019=([0-9]+)\x01")

Fields = dict[str, str]
"""Tag → value of a message, BeginString to CheckSum; of a repeated tag the last."""


def now() -> str:
    return f"{datetime.now(UTC):%Y%m%d-%H:%M:%S.%f}"[:-3]


def frame(body: str, begin_string: str = "FIX.4.4") -> bytes:
    """Return a message whose fields from MsgType on are `body`, written with "|" for SOH."""
    content = body.replace("|", SOH).encode("latin-1")
    head = f"8={begin_string}{SOH}9={len(content)}{SOH}".encode("ascii")
    return head + content + f"10={sum(head + content) % 256:03d}{SOH}".encode("ascii")


def parse(raw: bytes) -> Fields:
    """Return the fields of a message; fail unless BodyLength and CheckSum are true."""
    head = _MESSAGE.match(raw)
    assert head is not None, raw
    assert len(raw) == head.end() + int(head[1]) + 7, raw
    assert raw[-7:] == f"10={sum(raw[:-7]) % 256:03d}{SOH}".encode(), raw
    fields = {}
    for piece in raw[:-1].decode("latin-1").split(SOH):
        tag, equals, value = piece.partition("=")
        assert tag.isdigit(), raw
        assert equals, raw
        assert value, raw
        fields[tag] = value
    return fields


def split(data: bytes) -> Iterator[bytes]:
    """Yield the whole messages that `data` begins with."""
    start = 0
    while (head := _MESSAGE.match(data, start)) is not None:
        end = head.end() + int(head[1]) + 7
        if end > len(data):
            return
        yield data[start:end]
        start = end


class Disconnected(Exception):
    """The venue has closed the connection."""


class Client:
    """One TCP connection to the venue. `next_out` is the number that `say` uses next, and may be set to any."""

    opened: ClassVar[list["Client"]] = []
    """All that there are, so that a test that fails leaves none open."""

    def __init__(
        self, port: int, comp_id: str = "BROKER1", *, next_out: int = 1, receive_buffer_bytes: int = 0
    ) -> None:
        """`receive_buffer_bytes`: what the system takes in before the venue must wait; 0: as much as it likes."""
        self.comp_id = comp_id
        self.next_out = next_out
        self.received: list[Fields] = []
        self.inspect: Callable[[bytes], None] = lambda _raw: None
        """Called with each message as it comes in."""
        self._rest = b""
        self._socket = socket.socket()
        self.opened.append(self)
        self._socket.settimeout(DEADLINE_S)
        if receive_buffer_bytes:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self._socket.connect((HOST, port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def say(self, msg_type: str, body: str = "", header: str = "") -> int:
        """Send a well-formed message; return its MsgSeqNum. `header`: fields to go between SendingTime and body."""
        number = self.next_out
        self.next_out += 1
        self.put(self.message(msg_type, number, body, header))
        return number

    def message(self, msg_type: str, number: int, body: str = "", header: str = "") -> bytes:
        return frame(f"35={msg_type}|49={self.comp_id}|56=FONDACO|34={number}|52={now()}|{header}{body}")

    def put(self, data: bytes) -> None:
        self._socket.sendall(data)

    def say_no_more(self) -> None:
        """Close one's own side of the connection."""
        self._socket.shutdown(socket.SHUT_WR)

    def log_on(self, extra: str = "141=Y|", *, password: str = PASSWORD) -> Fields:
        """Say Logon and return what comes back."""
        self.say("A", f"98=0|108=30|{extra}553={self.comp_id}|554={password}|")
        return self.hear()

    def hear(self, *msg_types: str) -> Fields:
        """Return the next message; with `msg_types` the next of these types. Raise `Disconnected` at the end."""
        while True:
            fields = self._next()
            if not msg_types or fields["35"] in msg_types:
                return fields

    def hear_end(self) -> list[Fields]:
        """Return all messages until the venue hangs up."""
        messages = []
        while True:
            try:
                messages.append(self._next())
            except Disconnected:
                return messages

    def synchronize(self) -> list[Fields]:
        """Say TestRequest and return all that comes before its answer: the venue has dealt with all said before."""
        number = self.say("1", f"112=SYNC{self.next_out}|")
        messages: list[Fields] = []
        while True:
            fields = self._next()
            if fields["35"] == "0" and fields.get("112") == f"SYNC{number}":
                return messages
            messages.append(fields)

    def log_out(self) -> None:
        """Say Logout and hear the answer and the end."""
        self.say("5")
        assert [fields["35"] for fields in self.hear_end()][-1:] == ["5"]

    def _next(self) -> Fields:
        deadline = time.monotonic() + DEADLINE_S
        while (raw := next(split(self._rest), None)) is None:
            assert _MESSAGE.match(self._rest) or len(self._rest) < 30, self._rest
            assert time.monotonic() < deadline, "the venue says nothing"
            try:
                data = self._socket.recv(65_536)
            except ConnectionResetError:
                data = b""
            if not data:
                raise Disconnected
            self._rest += data
        self._rest = self._rest[len(raw) :]
        fields = parse(raw)
        self.inspect(raw)
        self.received.append(fields)
        return fields
