"""A network between a broker and the venue that a test can break: cut, closed for a while, or losing what is sent."""

import asyncio
from contextlib import suppress
from typing import Self

from tests.e2e.venue import HOST, free_port


class Relay:
    """Forwards TCP connections to the venue's port."""

    def __init__(self, venue_port: int) -> None:
        self.port = free_port()
        self.is_open = True
        """Whether new connections get through."""
        self.loses_requests = False
        """Whether what the broker sends gets lost, with the connection seemingly alive."""
        self.lost_bytes = 0
        self._venue_port = venue_port
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, HOST, self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Break all connections, without a word to either side."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_open:
            writer.transport.abort()
            return
        try:
            venue_reader, venue_writer = await asyncio.open_connection(HOST, self._venue_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, venue_writer}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._forward(reader, venue_writer, is_request=True))
                both.create_task(self._forward(venue_reader, writer, is_request=False))
        finally:
            self._writers -= {writer, venue_writer}

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_request: bool) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if is_request and self.loses_requests:
                    self.lost_bytes += len(data)
                else:
                    writer.write(data)
                    await writer.drain()
        writer.close()
