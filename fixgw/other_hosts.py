"""The feed and control for other hosts, over TCP with mutual TLS, where the settings have `[feed]` and `[control]`.

There is no plain TCP, not even on loopback: the certificate is who the other side is. What a connection may do once it
is there is the business of `engine.feed_server` and `engine.control_server`.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog
from msgspec.structs import replace

from config.network import Served
from config.network import Tls as TlsSettings
from config.settings import Settings
from fixgw.identity_files import fingerprint
from fixgw.listener import Listener
from fixgw.refused import RefusedLog
from fixgw.tls import Tls

HANDSHAKES_MAX: Final = 16
"""How many connections can be about to agree on TLS; the oldest makes room for the next."""
TICK_S: Final = 1.0

Protocols = Callable[[frozenset[str]], Callable[[], asyncio.Protocol]]
"""Gives what makes the protocol of a connection, for the fingerprints of who may come."""

_log = structlog.get_logger("other-hosts")


class OtherHosts:
    """Listens for processes on other hosts."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._refused = RefusedLog()
        self._listeners: list[Listener] = []
        self._tls: list[Tls] = []
        self._ticker: asyncio.Task[None] | None = None

    async def start(self, feed: Protocols, control: Protocols) -> None:
        """Listen. Raise `ListenError`, `TlsError` or `IdentityError` for what does not fit in the settings."""
        for table, served, protocols in (
            ("feed", self._settings.feed, feed),
            ("control", self._settings.control, control),
        ):
            if served is not None:
                fingerprints = frozenset(fingerprint(each) for each in served.certificates)
                await self._listen(table, served, protocols(fingerprints))
        self._ticker = asyncio.get_running_loop().create_task(self._tick())

    def stop(self) -> None:
        """Listen no more. Connections are ended by those whose they are."""
        if self._ticker is not None:
            self._ticker.cancel()
        for listener in self._listeners:
            listener.close()

    def note(self, event: str, peer: str, reason: str) -> None:
        """Log, or count, a connection that came to nothing."""
        self._refused.note(event, peer, reason, time.monotonic_ns())

    async def _listen(self, table: str, served: Served, make: Callable[[], asyncio.Protocol]) -> None:
        tls = Tls(TlsSettings(served.certificate, served.key, "1.3", "required", served.client_ca), time.monotonic_ns())
        address = replace(
            self._settings.fix,
            host=served.host,
            port=served.port,
            networks=served.networks,
            connections_max=HANDSHAKES_MAX,
        )
        listener = Listener(address, tls, make, self.note, table)
        await listener.start()
        self._tls.append(tls)
        self._listeners.append(listener)
        _log.info("serving other hosts", what=table, host=served.host, port=served.port)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now_ns = time.monotonic_ns()
            self._refused.flush(now_ns)
            for tls in self._tls:
                tls.look(now_ns)
