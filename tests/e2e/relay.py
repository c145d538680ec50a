"""A wire that can be cut, closed, and made to lose what is sent over it."""

import socket
import struct
import threading
from contextlib import suppress
from typing import Final

from tests.e2e.venue import HOST, free_port

_ABORT: Final = struct.pack("ii", 1, 0)


class Relay:
    """Hands on bytes between clients, who connect to `port`, and a venue."""

    def __init__(self, venue_port: int) -> None:
        self.port = free_port()
        self.is_open = True
        """Whether new connections are taken; others are hung up on at once."""
        self.loses_upstream = False
        """Whether what clients send is thrown away."""
        self.lost = 0
        """How many bytes have been."""
        self._venue_port = venue_port
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((HOST, self.port))
        self._start(self._accept)

    def cut(self) -> None:
        """Break all connections, as a failing network does."""
        while self._sockets:
            broken = self._sockets.pop()
            with suppress(OSError):
                broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
                broken.shutdown(socket.SHUT_RDWR)
            broken.close()

    def close(self) -> None:
        self.is_open = False
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                venue = socket.create_connection((HOST, self._venue_port)) if self.is_open else None
            except OSError:
                venue = None
            if venue is None:
                client.close()
                continue
            self._sockets += (client, venue)
            self._start(self._hand_on, client, venue, True)
            self._start(self._hand_on, venue, client, False)

    def _hand_on(self, source: socket.socket, target: socket.socket, upstream: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if upstream and self.loses_upstream:
                    self.lost += len(data)
                else:
                    target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _start(self, work: object, *arguments: object) -> None:
        assert callable(work)
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()
