"""Connections to a FIX server, on a codec that is not the venue's own: simplefix.

A message that comes in must have the BodyLength and CheckSum that are right for its bytes; the codec does not look. A
connection holds at most one message of 1 MiB that is not whole yet.
"""

import socket
import ssl
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
from simplefix import FixMessage, FixParser
from simplefix.errors import ParsingError

from backoffice.cli.qa.values import wire_bytes, wire_text

SOH: Final = "\x01"
MESSAGE_BYTES_MAX: Final = 1 << 20
_READ_BYTES: Final = 1 << 16
_CONNECT_S: Final = 10.0
_NOTICED_S: Final = 0.5


class Broken(Exception):
    """The connection, or what came over it, is not as FIX has it; the message says how."""


class HungUp(Exception):
    """The other side has ended the connection."""


class Address(msgspec.Struct, frozen=True):
    """Where the server is, and how to get there."""

    host: str
    port: int
    tls: bool = False
    ca: Path | None = None
    """Certificates to trust instead of the system's."""
    certificate: Path | None = None
    """Our own, with its key, for a server that asks for one."""
    server_name: str = ""
    """The name that the server's certificate must have, if it is not the host."""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" + (" over TLS" if self.tls else "")


class Received(msgspec.Struct, frozen=True):
    """A message that came: its fields in the order of the wire, and what is wrong with its length or checksum."""

    fields: tuple[tuple[str, str], ...]
    flaw: str = ""

    def get(self, tag: str) -> str:
        """Return the first value of a field, or an empty text."""
        return next((value for name, value in self.fields if name == tag), "")


class Connection:
    """A TCP or TLS connection over which whole messages come and bytes go."""

    def __init__(self, address: Address) -> None:
        """Connect. Raise `Broken` if that cannot be."""
        try:
            context = _context(address) if address.tls else None
            plain = socket.create_connection((address.host, address.port), _CONNECT_S)
            self._socket = plain if context is None else _secured(plain, context, address)
        except (OSError, ssl.SSLError) as error:
            raise Broken(f"cannot connect to {address}: {error.strerror or error}") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._parser = FixParser(allow_empty_values=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up, and give the other side some time to notice: who comes again at once would else be there twice."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
            end = time.monotonic() + _NOTICED_S
            while (left := end - time.monotonic()) > 0:
                self._socket.settimeout(left)
                if not self._socket.recv(_READ_BYTES):
                    break
        self._socket.close()

    def send(self, raw: bytes, limit_s: float) -> None:
        """Send bytes. Raise `HungUp`, or `Broken` if the other side does not read."""
        self._socket.settimeout(limit_s)
        try:
            self._socket.sendall(raw)
        except TimeoutError as error:
            raise Broken(f"the other side has not read for {limit_s:g} s") from error
        except OSError as error:
            raise HungUp(str(error.strerror)) from error

    def receive(self, limit_s: float) -> Received | None:
        """Return the next message, or None if none comes in time.

        Raise `HungUp`, or `Broken` for what is no FIX message.
        """
        deadline = time.monotonic() + limit_s
        while True:
            try:
                message = self._parser.get_message()
            except ParsingError as error:
                start = wire_text(self._parser.get_buffer()[:80])
                raise Broken(
                    f"what came is no FIX message: {type(error).__name__} {error}, before {start!r}"
                ) from error
            if message is not None:
                return _received(message)
            if len(self._parser.get_buffer()) > MESSAGE_BYTES_MAX:
                raise Broken(f"a message has more than {MESSAGE_BYTES_MAX:,} bytes")
            self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                data = self._socket.recv(_READ_BYTES)
            except TimeoutError:
                return None
            except OSError as error:
                raise HungUp(str(error.strerror)) from error
            if not data:
                raise HungUp("the end")
            self._parser.append_buffer(data)


def encoded(pairs: list[tuple[str, str]]) -> bytes:
    """Return a message with the BodyLength and CheckSum that are right."""
    message = FixMessage()
    for tag, value in pairs:
        message.append_pair(tag, wire_bytes(value))
    raw = message.encode()
    assert isinstance(raw, bytes)
    return raw


def joined(pairs: list[tuple[str, str]]) -> bytes:
    """Return fields as they are, right or wrong."""
    return wire_bytes("".join(f"{tag}={value}{SOH}" for tag, value in pairs))


def right_length(pairs: list[tuple[str, str]]) -> int:
    """Return the bytes between BodyLength (or, without one, BeginString) and CheckSum."""
    tags = [tag for tag, _ in pairs]
    begin = tags.index("9") + 1 if "9" in tags else 1
    end = tags.index("10") if "10" in tags else len(pairs)
    return len(joined(pairs[begin:end]))


def right_sum(pairs: list[tuple[str, str]]) -> int:
    """Return the sum of all bytes before CheckSum, modulo 256."""
    tags = [tag for tag, _ in pairs]
    return sum(joined(pairs[: tags.index("10") if "10" in tags else len(pairs)])) % 256


def _received(message: FixMessage) -> Received:
    fields = [(wire_text(tag), wire_text(value)) for tag, value in message.pairs]
    received = Received(tuple(fields))
    tags = [tag for tag, _ in fields]
    length, total = right_length(fields), f"{right_sum(fields):03d}"
    if tags[:3] != ["8", "9", "35"] or tags[-1] != "10":
        return msgspec.structs.replace(received, flaw="it does not begin with 8, 9 and 35 and end with 10")
    if received.get("9") != str(length):
        return msgspec.structs.replace(received, flaw=f"BodyLength(9) should be {length}")
    if received.get("10") != total:
        return msgspec.structs.replace(received, flaw=f"CheckSum(10) should be {total}")
    return received


def _context(address: Address) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=address.ca)
    if address.certificate is not None:
        context.load_cert_chain(address.certificate)
    return context


def _secured(plain: socket.socket, context: ssl.SSLContext, address: Address) -> socket.socket:
    try:
        return context.wrap_socket(plain, server_hostname=address.server_name or address.host)
    except BaseException:
        plain.close()
        raise
