"""The feed: the journal's own frames, streamed to any process that asks from a sequence on.

A follower connects to a Unix socket and sends `HELLO` and the first sequence it wants (u64, little-endian). The venue
answers `OK\\n`, then the frames as they lie in the segment files: history, then each committed batch as it comes; or
`ERROR reason\\n`. Frames are always read back from the files and never past what is committed, so that a follower gets
all of them, in order, however slow it is, and costs no memory.
"""

import asyncio
import os
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

from engine.errors import FeedError, JournalError
from engine.frames import HEADER, HEADER_SIZE, PAYLOAD_BYTES_MAX, Frame, Record, decode_record, frame_at
from engine.journal import JournalReader
from engine.sequencer import Sequencer

HELLO: Final = b"FONDACO FEED 1\n"
_SEQUENCE: Final = struct.Struct("<Q")
_CHUNK_BYTES: Final = 1024 * 1024
_HELLO_S: Final = 10.0
_RECONNECT_S: Final = 0.1


class FeedServer:
    """Serves the journal that a sequencer writes."""

    def __init__(self, sequencer: Sequencer, path: Path) -> None:
        """`path`: the Unix socket, readable by the venue's own user only."""
        self.path = path
        self._sequencer = sequencer
        self._reader = JournalReader(sequencer.journal.directory)
        self._server: asyncio.Server | None = None
        self._news: asyncio.Event = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. Raise `FeedError` if the socket cannot be made."""
        self.path.unlink(missing_ok=True)
        mask = os.umask(0o077)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self.path)
        except OSError as error:
            raise FeedError(f"{self.path}: cannot listen here: {error}") from error
        finally:
            os.umask(mask)

    async def stop(self) -> None:
        """End all connections and stop listening."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self.path.unlink(missing_ok=True)

    def committed(self) -> None:
        """Wake the followers: a batch has been committed."""
        if self._connections:
            self._news.set()
            self._news = asyncio.Event()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a connection is served by a task"
        self._connections.add(task)
        try:
            async with asyncio.timeout(_HELLO_S):
                hello = await reader.readexactly(len(HELLO) + _SEQUENCE.size)
            (sequence,) = _SEQUENCE.unpack(hello[len(HELLO) :])
            if not hello.startswith(HELLO) or not 1 <= sequence <= self._sequencer.committed + 1:
                writer.write(f"ERROR the journal has records 1 to {self._sequencer.committed}\n".encode())
                await writer.drain()
                return
            writer.write(b"OK\n")
            await self._stream(sequence, writer)
        except (asyncio.IncompleteReadError, TimeoutError, ConnectionError):
            return  # the follower has gone, or never was one
        except JournalError as error:
            writer.write(f"ERROR {error}\n".encode())
        finally:
            self._connections.discard(task)
            writer.close()

    async def _stream(self, sequence: int, writer: asyncio.StreamWriter) -> None:
        """Send the frames from `sequence` on, for ever."""
        while True:
            news = self._news
            while sequence <= self._sequencer.committed:
                segment = self._reader.segment_of(sequence)
                with segment.path.open("rb") as file:
                    file.seek(segment.offset_of(sequence))
                    sequence = await self._send_segment(file.read, sequence, writer)
            await news.wait()

    async def _send_segment(self, read: Callable[[int], bytes], sequence: int, writer: asyncio.StreamWriter) -> int:
        """Send what is committed of one segment from `sequence` on; return the sequence to go on with."""
        rest = b""
        while sequence <= self._sequencer.committed and (chunk := read(_CHUNK_BYTES)):
            rest += chunk
            at = 0
            while sequence <= self._sequencer.committed and len(rest) - at >= HEADER_SIZE:
                length = HEADER.unpack_from(rest, at)[0]
                if at + HEADER_SIZE + length > len(rest):
                    break
                at += HEADER_SIZE + length
                sequence += 1
            writer.write(rest[:at])
            rest = rest[at:]
            await writer.drain()
        return sequence


async def follow(path: Path, from_sequence: int = 1, *, reconnect: bool = True) -> AsyncIterator[Record]:
    """Yield the records from `from_sequence` on as they are committed, for ever.

    With `reconnect`, a broken connection is made again and goes on where it stopped. Raise `FeedError` if the venue
    refuses, if a frame is damaged or out of order, or, without `reconnect`, if the connection breaks.
    """
    sequence = from_sequence
    while True:
        try:
            async for frame in _frames(path, sequence):
                yield decode_record(frame.payload)
                sequence = frame.sequence + 1
        except (OSError, asyncio.IncompleteReadError) as error:
            if not reconnect:
                raise FeedError(f"{path}: the feed broke off before record {sequence}") from error
        await asyncio.sleep(_RECONNECT_S)


async def _frames(path: Path, sequence: int) -> AsyncIterator[Frame]:
    reader, writer = await asyncio.open_unix_connection(path, limit=_CHUNK_BYTES)
    try:
        writer.write(HELLO + _SEQUENCE.pack(sequence))
        answer = await reader.readline()
        if answer.startswith(b"ERROR "):
            raise FeedError(f"{path}: asked for record {sequence}: {answer[6:].decode(errors='replace').strip()}")
        if answer != b"OK\n":
            raise ConnectionError(f"{path}: no answer")
        while True:
            header = await reader.readexactly(HEADER_SIZE)
            length = HEADER.unpack(header)[0]
            if not 0 < length <= PAYLOAD_BYTES_MAX:
                raise FeedError(f"{path}: the frame after record {sequence - 1} is damaged")
            frame = frame_at(header + await reader.readexactly(length), 0)
            if frame is None or frame.sequence != sequence:
                raise FeedError(f"{path}: the frame after record {sequence - 1} is damaged or out of order")
            yield frame
            sequence += 1
    finally:
        writer.close()
