"""The listener: takes connections in on one address, from the networks that may come, and has TLS agreed on.

A connection becomes the acceptor's when it can carry messages. Until then it is only counted here: so many handshakes
at a time, the oldest of which makes room for the next, and each for so long. What comes to nothing leaves nothing but a
line of the log.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from typing import Final

from config.network import Fix
from fixgw.errors import ListenError
from fixgw.origin import Origin
from fixgw.tls import Tls

BACKLOG: Final = 1_024
RETRY_S: Final = 0.1
"""How long nothing is taken in when the system has no more files to open."""
SHUTDOWN_S: Final = 2.0
"""How long the other side has to end TLS."""

Note = Callable[[str, str, str], None]
"""Called with what happened, the peer and the reason."""


class Listener:
    """Listens for one acceptor."""

    def __init__(
        self,
        settings: Fix,
        tls: Tls | None,
        make: Callable[[], asyncio.Protocol],
        note: Note,
        table: str = "fix",
    ) -> None:
        """`make` gives the protocol of a new connection, `table` is where the settings have the port."""
        self._table = table
        self._settings = settings
        self._tls = tls
        self._make = make
        self._note = note
        self._sockets: list[socket.socket] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._handshakes: dict[asyncio.Task[None], None] = {}
        """Oldest first."""

    async def start(self) -> None:
        """Listen. Raise `ListenError` if the address is taken."""
        host, port = self._settings.host, self._settings.port
        loop = asyncio.get_running_loop()
        try:
            for family, kind, proto, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                self._sockets.append(_listening(family, kind, proto, address))
        except OSError as error:
            self.close()
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
            raise ListenError(
                f"cannot listen on {host}:{port}: {reason}; set another {self._table}.port, or end what listens there"
            ) from error
        self._tasks = [loop.create_task(self._take_in(each)) for each in self._sockets]

    def close(self) -> None:
        """Listen no more, and give up what has not become a connection yet."""
        for task in (*self._tasks, *(self._handshakes if self._tls is not None else ())):
            task.cancel()
        for each in self._sockets:
            each.close()
        self._sockets.clear()

    async def _take_in(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError as error:
                self._note("connection not accepted", "?", error.strerror or str(error))
                await asyncio.sleep(RETRY_S)
                continue
            networks = self._settings.networks
            if networks and not Origin(address[0]).is_in(networks):
                self._note("connection refused", address[0], "the address is in none of the venue's networks")
                connection.close()
                continue
            if self._tls is not None and len(self._handshakes) >= self._settings.connections_max:
                next(iter(self._handshakes)).cancel()
            task = loop.create_task(self._shake_hands(connection, address[0]))
            self._handshakes[task] = None
            task.add_done_callback(self._handshakes.pop)

    async def _shake_hands(self, connection: socket.socket, peer: str) -> None:
        loop = asyncio.get_running_loop()
        try:
            if self._tls is None:
                await loop.connect_accepted_socket(self._make, connection)
            else:
                await loop.connect_accepted_socket(
                    self._make,
                    connection,
                    ssl=self._tls.context,
                    ssl_handshake_timeout=self._settings.logon_timeout_s,
                    ssl_shutdown_timeout=SHUTDOWN_S,
                )
        except OSError as error:  # the loop has closed the connection
            self._note("connection dropped", peer, f"no TLS: {_in_words(error)}")


def _in_words(error: OSError) -> str:
    """Return why a handshake failed: one of a few texts, whatever the peer has sent."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "unknown").lower().replace("_", " ")
    return "not in time" if isinstance(error, ConnectionAbortedError) else "the peer hung up"


def _listening(family: int, kind: int, proto: int, address: tuple[object, ...]) -> socket.socket:
    listening = socket.socket(family, kind, proto)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
        listening.settimeout(0)
    except OSError:
        listening.close()
        raise
    return listening
