"""Control's own side: takes requests, one after another, and answers each when its record is committed.

Promises: on this host only the venue's own user (or root) is heard, from other hosts only whom a certificate vouches
for, and its name goes on record; no command is accepted but those that `engine.control` lists; no client makes the
venue keep more than one request and one answer, both of bounded size; nothing is said before its record is durable.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, cast

import msgspec
from msgspec.structs import replace

from engine.commands import ProvisionSession, SetCredentials
from engine.control import HELLO, LENGTH, Answer, Done, Failed, Request, StaffCommand, encode
from engine.overview import (
    FollowerShown,
    FollowersShown,
    OnWire,
    ShowFollowers,
    ShowSessions,
    ShowTrade,
    ShowVenue,
    show_sessions,
    show_trade,
    show_venue,
)
from engine.profile import NO_CREDENTIALS, Credentials
from engine.remote import Note, keep_alive, peer_of
from engine.sequencer import Sequencer
from engine.sessions import flaw_of_credentials
from engine.unix_socket import listen

REQUEST_BYTES_MAX: Final = 64 * 1024
EVENTS_MAX: Final = 1_000
"""A record with more events is answered with the first of them; the journal has all."""
CONNECTIONS_MAX: Final = 16
"""On this host, and as many from others."""
IDLE_S: Final = 60.0
"""A connection that asks nothing, or does not take its answer, for so long is closed."""
TEXT_CHARS_MAX: Final = 200
"""No text of a command is longer."""
_ROOT: Final = 0
_CREDENTIALS: Final = struct.Struct("3i")
"""What SO_PEERCRED gives: process, user and group."""

_decode_request: Final = msgspec.msgpack.Decoder(Request).decode


class ControlServer:
    """Takes requests for a sequencer."""

    def __init__(
        self,
        sequencer: Sequencer,
        path: Path,
        wires: Callable[[], Mapping[str, OnWire]] = dict[str, OnWire],
        note: Note | None = None,
        followers: Callable[[], tuple[FollowerShown, ...]] = tuple[FollowerShown, ...],
    ) -> None:
        """`path`: the Unix socket, for the venue's own user only. `wires`: of the sessions that are served here.

        `note` hears of who is refused. `followers`: of the feed.
        """
        self.path = path
        self.sequencer = sequencer
        self.clients: set[_Client] = set()
        self.is_open = False
        self.note = note
        self._wires = wires
        self._followers = followers
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raise `SocketError` if the socket cannot be made."""
        listener = listen(self.path)
        self.is_open = True
        self._server = await asyncio.get_running_loop().create_unix_server(lambda: _Client(self), sock=listener)

    def over_tls(self, fingerprints: frozenset[str]) -> Callable[[], asyncio.Protocol]:
        """Return what makes the protocol of a connection with mutual TLS; `fingerprints`: as `Peer.flaw` has them."""
        return lambda: _Client(self, fingerprints)

    async def stop(self) -> None:
        """Stop listening, answer what was asked, and end all connections."""
        if self._server is None:
            return
        self.is_open = False
        self._server.close()
        if self.sequencer.failure is None and any(client.is_waiting for client in self.clients):
            await asyncio.gather(self.sequencer.flushed(), return_exceptions=True)
            self.committed()
        for client in self.clients:
            client.abort()
        await asyncio.gather(*(client.lost for client in self.clients))
        self._server = None
        self.path.unlink(missing_ok=True)

    def committed(self) -> None:
        """Let the clients have the answers that waited for what has just been committed."""
        for client in list(self.clients):
            client.committed()

    def answer_to(self, payload: bytes, name: str = "") -> tuple[Answer, int]:
        """Carry out a request, and return the answer with the record that must be durable before it leaves.

        `name`: of the certificate that it comes by, empty on the Unix socket. It goes on record with who asks.
        """
        try:
            request = _decode_request(payload)
        except (msgspec.MsgspecError, RecursionError) as error:
            return Failed(f"not a request that control takes: {error}"), 0
        sequencer = self.sequencer
        state, sequence = sequencer.exchange.state, sequencer.sequence
        if isinstance(request, ShowVenue):
            return show_venue(state, sequence), sequence
        if isinstance(request, ShowSessions):
            return show_sessions(state, sequence, self._wires()), sequence
        if isinstance(request, ShowFollowers):
            return FollowersShown(sequencer.committed, self._followers()), 0
        if isinstance(request, ShowTrade):
            trade = show_trade(state, sequence, request.trade_id)
            text = f"trade {request.trade_id} is unknown, or older than the venue keeps trades"
            return trade or Failed(text), sequence
        if name and request.by.strip() and request.by != name:
            request = replace(request, by=f"{request.by} via {name}")
        flaw = _flaw(request)
        if flaw:
            return Failed(flaw), 0
        time_ns = sequencer.begin_batch()
        try:
            events = sequencer.submit(request)
        except (OverflowError, UnicodeEncodeError) as error:
            return Failed(f"not a request that control takes: {error}"), 0
        shown = tuple(events[:EVENTS_MAX])
        return Done(sequencer.sequence, time_ns, shown, len(events) - len(shown)), sequencer.sequence


class _Client(asyncio.Protocol):
    """One connection: its hello, then one request after another, each read when the one before is answered."""

    def __init__(self, server: ControlServer, fingerprints: frozenset[str] | None = None) -> None:
        """`fingerprints`: None on the Unix socket."""
        self.is_remote = fingerprints is not None
        self._server = server
        self._fingerprints = fingerprints
        self._name = ""
        """Of the certificate that was shown,"""
        self._peer = ""
        """and all that is known of the peer, for the log."""
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        """Done when the connection has ended."""
        self._transport: asyncio.Transport | None = None
        self._unread = b""
        self._is_full = False
        """The client has not taken its answer yet."""
        self._is_greeted = False
        self._unwelcome = ""
        """Why it is hung up on once it has said its hello: earlier, and it might not read the reason."""
        self._answer = b""
        """What waits for its record to be durable,"""
        self._due_sequence = 0
        """and that record."""
        self._timeout: asyncio.TimerHandle | None = None

    @property
    def is_waiting(self) -> bool:
        """Tell whether an answer is still to come."""
        return bool(self._answer)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not derived from it.
        self._transport.set_write_buffer_limits(high=1)  # with 0 TLS takes itself for full when it is empty
        self._server.clients.add(self)
        self._wait()
        if not self._server.is_open:
            self.abort()  # It was accepted just before the stop.
            return
        if self._fingerprints is None:
            if not _is_our_user(transport.get_extra_info("socket")):
                self._unwelcome = "another user's process is not heard here"
        else:
            keep_alive(transport.get_extra_info("socket"))
            peer = peer_of(transport)
            self._name, self._peer = peer.name, f"{peer.address} {peer.name!r}"
            self._unwelcome = peer.flaw(self._fingerprints)
        if sum(client.is_remote is self.is_remote for client in self._server.clients) > CONNECTIONS_MAX:
            self._unwelcome = self._unwelcome or f"{CONNECTIONS_MAX} connections are there already"

    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._go_on()

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._go_on()

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        if self._timeout is not None:
            self._timeout.cancel()
        self._server.clients.discard(self)
        self.lost.set_result(None)

    def abort(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def committed(self) -> None:
        """Give the answer, if it waited for what is durable now."""
        if self._answer:
            self._speak()
            self._go_on()

    def _go_on(self) -> None:
        """Take the next request, if the one before is answered, the answer taken, and the next one here."""
        transport = self._transport
        while transport is not None and not transport.is_closing() and not self._answer:
            if self._is_full:
                transport.pause_reading()
                return
            if not self._is_greeted:
                if not self._greet():
                    break
                continue
            if len(self._unread) < LENGTH.size:
                break
            (length,) = LENGTH.unpack_from(self._unread)
            if not 0 < length <= REQUEST_BYTES_MAX:
                self._refuse(f"a request has 1 to {REQUEST_BYTES_MAX} bytes, not {length}")
                return
            end = LENGTH.size + length
            if len(self._unread) < end:
                break
            payload, self._unread = self._unread[LENGTH.size : end], self._unread[end:]
            self._take(payload)
        if transport is not None and not transport.is_closing():
            if self._answer:
                transport.pause_reading()
            else:
                transport.resume_reading()

    def _greet(self) -> bool:
        """Answer the hello; tell whether it was all there."""
        greeting = self._unread[: len(HELLO)]
        if not HELLO.startswith(greeting):
            self._refuse("this is the control of a venue, and not what you say hello to")
            return False
        if len(greeting) < len(HELLO):
            return False
        if self._unwelcome:
            self._refuse(self._unwelcome)
            return False
        self._is_greeted = True
        self._unread = self._unread[len(HELLO) :]
        self._send(b"OK\n")
        return True

    def _take(self, payload: bytes) -> None:
        self._wait()
        try:
            answer, self._due_sequence = self._server.answer_to(payload, self._name)
        except Exception:  # The sequencer has failed and said so; the venue stops.
            self.abort()
            raise
        encoded = encode(answer)
        self._answer = LENGTH.pack(len(encoded)) + encoded
        self._speak()

    def _speak(self) -> None:
        """Give the answer, if it may leave."""
        if self._server.sequencer.committed >= self._due_sequence:
            answer, self._answer = self._answer, b""
            self._send(answer)

    def _send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
            self._wait()

    def _refuse(self, reason: str) -> None:
        if self._server.note is not None:
            self._server.note("control refused", self._peer or "this host", reason)
        if self._transport is not None:
            self._transport.write(f"ERROR {reason}\n".encode())
            self._transport.close()

    def _wait(self) -> None:
        """Close the connection if nothing is heard of it for long."""
        if self._timeout is not None:
            self._timeout.cancel()
        self._timeout = self._loop.call_later(IDLE_S, self.abort)


def _is_our_user(connection: socket.socket) -> bool:
    """Tell whether the process at the other end is run by the venue's own user, or root."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(credentials)
    return user in (os.geteuid(), _ROOT)


def _flaw(command: StaffCommand) -> str:
    """Return what is wrong with the texts of a command, empty if nothing is: they go into FIX messages and logs."""
    if not command.by.strip():
        return "who asks for it is missing"
    for name in command.__struct_fields__:
        text = getattr(command, name)
        if isinstance(text, str) and not (len(text) <= TEXT_CHARS_MAX and text.isprintable() and _is_latin(text)):
            return f"{name} must be at most {TEXT_CHARS_MAX} printable characters of Latin-1"
    # The engine says this too, but then the command is on record, and a password in it as itself.
    return flaw_of_credentials(_given(command))


def _given(command: StaffCommand) -> Credentials:
    """Return the credentials that a command brings."""
    if isinstance(command, ProvisionSession):
        return command.credentials or Credentials(command.password_hash)
    if isinstance(command, SetCredentials):
        return Credentials(
            command.password_hash or "",
            command.public_keys or (),
            command.sealed_secret or "",
            command.certificates or (),
        )
    return NO_CREDENTIALS


def _is_latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True
