"""Peers on other hosts: TCP, always with TLS, and with certificates on both sides, which are all the identity there is.

TLS itself is set up at the edge, which hands in contexts; here is what the feed and control make of it. Either side
asks the network now and then whether the other is still there, so that a host that has vanished is noticed within half
a minute, however quiet the connection.
"""

import asyncio
import hashlib
import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, Protocol, TypeAlias

CONNECT_S: Final = 10.0
"""How long a connection, with its TLS, may take to be made."""
_IDLE_S: Final = 10
_PROBE_S: Final = 5
_PROBES: Final = 3
_GONE_MS: Final = (_IDLE_S + _PROBE_S * _PROBES) * 1000


HUNG_UP: Final = "it hung up before it answered, as it does on a certificate that it does not take"


class NotTaken(ConnectionError):
    """The other side hung up before it said a word."""


class Place:
    """Where a part of a venue on another host is reached. Its certificate must be for that host."""

    __slots__ = ("context", "host", "port")

    def __init__(self, host: str, port: int, context: Callable[[], ssl.SSLContext]) -> None:
        """`context` is asked for each connection, so that certificates can be renewed; it may raise `OSError`."""
        self.host = host
        self.port = port
        self.context = context

    def __str__(self) -> str:
        """Return it as people write it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


Source: TypeAlias = Path | Place
"""Where the venue is: its Unix socket here, or a place on another host."""


class Peer(NamedTuple):
    """Who is at the other end, by the certificate that was shown; TLS has made sure that somebody vouches for it."""

    address: str
    name: str
    """The certificate's common name, empty if it has none."""
    fingerprint: str
    """SHA-256 of the certificate, hexadecimal."""

    def flaw(self, fingerprints: frozenset[str]) -> str:
        """Return why a peer is not heard, empty if it is. `fingerprints`: of the only ones that are; none for any."""
        if fingerprints and self.fingerprint not in fingerprints:
            return "the certificate is not one of those that may"
        if not (self.name.isascii() and self.name.isprintable() and self.name.strip()):
            return "the certificate has no common name in printable ASCII, so it does not say who you are"
        return ""


class Note(Protocol):
    """Takes down what happened at the door: what, with which peer, and why."""

    def __call__(self, event: str, peer: str, reason: str) -> None:
        """Take it down."""


def peer_of(transport: asyncio.BaseTransport) -> Peer:
    """Return who has connected over TLS."""
    tls = transport.get_extra_info("ssl_object")
    address = transport.get_extra_info("peername") or ("?",)
    subject = (tls.getpeercert() or {}).get("subject", ())
    names = [value for part in subject for key, value in part if key == "commonName"]
    shown = tls.getpeercert(binary_form=True) or b""
    return Peer(str(address[0]), names[0] if names else "", hashlib.sha256(shown).hexdigest())


def keep_alive(connection: socket.socket) -> None:
    """Have the network asked whether the other side is still there."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        (socket.TCP_KEEPIDLE, _IDLE_S),
        (socket.TCP_KEEPINTVL, _PROBE_S),
        (socket.TCP_KEEPCNT, _PROBES),
        (socket.TCP_USER_TIMEOUT, _GONE_MS),
    ):
        connection.setsockopt(socket.IPPROTO_TCP, option, value)


async def connect(source: Source, limit_bytes: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection to a source. Raise `OSError`."""
    if isinstance(source, Path):
        return await asyncio.open_unix_connection(source, limit=limit_bytes)
    async with asyncio.timeout(CONNECT_S):
        reader, writer = await asyncio.open_connection(
            source.host, source.port, limit=limit_bytes, ssl=source.context(), server_hostname=source.host
        )
    keep_alive(writer.get_extra_info("socket"))
    return reader, writer


def connect_blocking(place: Place, timeout_s: float) -> socket.socket:
    """Return a connection to a place, which gives up after `timeout_s`. Raise `OSError`."""
    connection = socket.create_connection((place.host, place.port), min(CONNECT_S, timeout_s))
    try:
        secured = place.context().wrap_socket(connection, server_hostname=place.host)
    except BaseException:
        connection.close()
        raise
    secured.settimeout(timeout_s)
    return secured


def why(error: Exception) -> str:
    """Return in a few words why there is no connection, or no more."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not taken: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS: {(error.reason or 'unknown').lower().replace('_', ' ')}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, EOFError | ConnectionResetError | BrokenPipeError):
        return "it hung up"
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        reason = os.strerror(error.errno)
        return f"{error.filename}: {reason}" if error.filename else reason
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
