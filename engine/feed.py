"""The feed: the journal's own frames, streamed to any process that asks from a sequence on.

A follower connects to a Unix socket and sends `HELLO` and the first sequence it wants (u64, little-endian). The venue
answers `OK`, the last record that is committed, newline, then the frames as they lie in the segment files: history,
then each committed batch as it comes; or `ERROR`, the reason, newline. What is sent is always read back from the files
and never past what is committed, so that a follower gets all of it, in order, however slow it is, and costs no memory.
"""

import asyncio
import os
import re
import struct
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Final, NamedTuple, cast

import msgspec

from engine.errors import FeedError, JournalError
from engine.frames import HEADER, HEADER_SIZE, PAYLOAD_BYTES_MAX, Frame, Record, decode_record, frame_at
from engine.journal import MAGIC, JournalReader
from engine.sequencer import Sequencer
from engine.unix_socket import check_length, listen

HELLO: Final = b"FONDACO FEED 1\n"
_SEQUENCE: Final = struct.Struct("<Q")
_HELLO_SIZE: Final = len(HELLO) + _SEQUENCE.size
_CHUNK_BYTES: Final = 256 * 1024
"""How much is read and sent at once; no more waits in memory for a slow follower."""
_OK: Final = re.compile(rb"OK ([0-9]{1,20})\n")
_HELLO_S: Final = 10.0
_RECONNECT_S: Final = 0.1


class FeedServer:
    """Serves the journal that a sequencer writes."""

    def __init__(self, sequencer: Sequencer, path: Path) -> None:
        """`path`: the Unix socket, for the venue's own user only."""
        self.path = path
        self.sequencer = sequencer
        self.followers: set[_Follower] = set()
        self.is_open = False
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raise `SocketError` if the socket cannot be made."""
        listener = listen(self.path)
        self.is_open = True
        self._server = await asyncio.get_running_loop().create_unix_server(lambda: _Follower(self), sock=listener)

    async def stop(self) -> None:
        """Stop listening and end all connections."""
        if self._server is None:
            return
        self.is_open = False
        self._server.close()
        for follower in self.followers:
            follower.abort()
        await asyncio.gather(*(follower.lost for follower in self.followers))
        self._server = None
        self.path.unlink(missing_ok=True)

    def committed(self) -> None:
        """Let the followers have what has just been committed."""
        for follower in list(self.followers):
            follower.send()


class _Follower(asyncio.Protocol):
    """One connection: first its hello, then the journal from the record it asked for."""

    def __init__(self, server: FeedServer) -> None:
        self._server = server
        self._sequencer = server.sequencer
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        """Done when the connection has ended."""
        self._transport: asyncio.Transport | None = None
        self._hello = b""
        self._hello_timeout: asyncio.TimerHandle | None = None
        self._following = False
        self._path: Path | None = None
        """The segment being sent, None while there is none,"""
        self._offset = 0
        """what comes next in it,"""
        self._file = -1
        """and its open file."""
        self._paused = False
        self._scheduled = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not derived from it.
        self._transport.set_write_buffer_limits(high=_CHUNK_BYTES)
        self._server.followers.add(self)
        self._hello_timeout = self._loop.call_later(_HELLO_S, self.abort)
        if not self._server.is_open:
            self.abort()  # It was accepted just before the stop.

    def data_received(self, data: bytes) -> None:
        if len(self._hello) == _HELLO_SIZE:
            self.abort()  # A follower has nothing else to say.
            return
        self._hello += data[: _HELLO_SIZE + 1]
        if not HELLO.startswith(self._hello[: len(HELLO)]) or len(self._hello) > _HELLO_SIZE:
            self._refuse("this is the feed of a journal, and not what you say hello to")
        elif len(self._hello) == _HELLO_SIZE:
            self._begin(_SEQUENCE.unpack_from(self._hello, len(HELLO))[0])

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self.send()

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        self._following = False
        self._stop_waiting()
        self._close_file()
        self._server.followers.discard(self)
        self.lost.set_result(None)

    def abort(self) -> None:
        """End the connection at once; the follower makes a new one when it can."""
        if self._transport is not None:
            self._transport.abort()

    def send(self) -> None:
        """Send the next chunk, if there is one and the follower can take it; the rest follows by itself."""
        if not self._following or self._paused or self._scheduled or self._transport is None:
            return
        try:
            chunk = self._next_chunk()
        except (OSError, JournalError) as error:
            self._loop.call_exception_handler({"message": "the feed cannot read the journal", "exception": error})
            self.abort()
            return
        if chunk:
            self._offset += len(chunk)
            self._transport.write(chunk)
            if self._path != self._sequencer.committed_path or self._offset < self._sequencer.committed_size:
                self._scheduled = True
                self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._scheduled = False
        self.send()

    def _begin(self, sequence: int) -> None:
        """Find where the record lies. In history that takes a while, and a thread."""
        self._stop_waiting()
        committed = self._sequencer.committed
        if not 1 <= sequence <= committed + 1:
            self._refuse(f"the journal has records 1 to {committed}")
        elif sequence > committed:
            self._follow(self._sequencer.committed_path, self._sequencer.committed_size)
        else:
            place = self._loop.run_in_executor(None, _place_of, self._sequencer.journal.directory, sequence)
            place.add_done_callback(self._found)

    def _found(self, place: "asyncio.Future[tuple[Path, int]]") -> None:
        if place.cancelled():
            return
        error = place.exception()
        if error is None:
            self._follow(*place.result())
        else:
            self._refuse(str(error))

    def _follow(self, path: Path | None, offset: int) -> None:
        if self._transport is not None:
            self._transport.write(b"OK %d\n" % self._sequencer.committed)
            if path is not None:
                self._open(path, offset)
            self._following = True
            self.send()

    def _next_chunk(self) -> bytes:
        committed_path = self._sequencer.committed_path
        while self._path != committed_path:
            chunk = os.pread(self._file, _CHUNK_BYTES, self._offset) if self._file >= 0 else b""
            if chunk:
                return chunk
            segments = JournalReader(self._sequencer.journal.directory).segments()
            later = next((s.path for s in segments if self._path is None or s.path > self._path), None)
            if later is None:
                raise JournalError(f"{committed_path} is gone")
            self._open(later, len(MAGIC))
        size = min(self._sequencer.committed_size - self._offset, _CHUNK_BYTES)
        return os.pread(self._file, size, self._offset) if size else b""

    def _open(self, path: Path, offset: int) -> None:
        self._close_file()
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._path, self._offset = path, offset

    def _close_file(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _refuse(self, reason: str) -> None:
        if self._transport is not None:
            self._transport.write(f"ERROR {reason}\n".encode())
            self._transport.close()

    def _stop_waiting(self) -> None:
        if self._hello_timeout is not None:
            self._hello_timeout.cancel()
            self._hello_timeout = None


class Arrived(NamedTuple):
    """Whole frames that came together, and the last record that was committed when the connection was made."""

    frames: list[Frame]
    committed: int


async def follow(path: Path, from_sequence: int = 1, *, reconnect: bool = True) -> AsyncGenerator[Record, None]:
    """Yield the records from `from_sequence` on as they are committed, for ever.

    With `reconnect`, a broken connection is made again and goes on where it stopped. Raise `FeedError` if the venue
    refuses, if a frame is damaged or out of order, or, without `reconnect`, if the connection breaks.
    """
    async with aclosing(follow_frames(path, from_sequence, reconnect=reconnect)) as arrivals:
        async for arrived in arrivals:
            for frame in arrived.frames:
                try:
                    record = decode_record(frame.payload)
                except msgspec.MsgspecError as error:
                    raise unknown_record(path, frame.sequence, error) from error
                yield record


def unknown_record(path: Path, sequence: int, error: Exception) -> FeedError:
    """Return the error for a record that cannot be decoded."""
    return FeedError(f"{path}: record {sequence} is not one that this version knows: {error}")


async def follow_frames(path: Path, from_sequence: int = 1, *, reconnect: bool = True) -> AsyncGenerator[Arrived, None]:
    """Yield the frames from `from_sequence` on, together as they come: first none, when the venue has answered.

    Otherwise as `follow`.
    """
    check_length(path)
    sequence = from_sequence
    while True:
        try:
            async with aclosing(_arrivals(path, sequence)) as arrivals:
                async for arrived in arrivals:
                    if arrived.frames:
                        sequence = arrived.frames[-1].sequence + 1
                    yield arrived
        except PermissionError as error:
            raise FeedError(f"{path}: not permitted to follow: {error}") from error
        except (OSError, asyncio.IncompleteReadError) as error:
            if not reconnect:
                raise FeedError(f"{path}: the feed broke off before record {sequence}") from error
        await asyncio.sleep(_RECONNECT_S)


async def _arrivals(path: Path, sequence: int) -> AsyncGenerator[Arrived, None]:
    """Yield the frames from `sequence` on, until the connection breaks."""
    reader, writer = await asyncio.open_unix_connection(path, limit=_CHUNK_BYTES)
    try:
        writer.write(HELLO + _SEQUENCE.pack(sequence))
        committed = _committed(path, sequence, await reader.readuntil(b"\n"))
        yield Arrived([], committed)
        data, at = b"", 0
        frames: list[Frame] = []
        while True:
            missing = at + HEADER_SIZE - len(data)
            if missing <= 0:
                length = HEADER.unpack_from(data, at)[0]
                missing = missing + length if 0 < length <= PAYLOAD_BYTES_MAX else 0
            if missing > 0:
                if frames:
                    yield Arrived(frames, committed)
                    frames = []
                data, at = data[at:] + await _read(reader, missing), 0
                continue
            frame = frame_at(data, at)
            if frame is None or frame.sequence != sequence:
                if frames:
                    yield Arrived(frames, committed)
                raise FeedError(f"{path}: the frame of record {sequence} is damaged or out of order")
            frames.append(frame)
            sequence += 1
            at = frame.end
    except asyncio.LimitOverrunError as error:
        raise FeedError(f"{path}: who listens here is not a feed") from error
    finally:
        writer.transport.abort()


def _committed(path: Path, sequence: int, answer: bytes) -> int:
    """Return the last committed record that the venue's answer names. Raise `FeedError` if it is another answer."""
    if answer.startswith(b"ERROR "):
        raise FeedError(f"{path}: asked for record {sequence}: {answer[6:].decode(errors='replace').strip()}")
    found = _OK.fullmatch(answer)
    if found is None:
        raise FeedError(f"{path}: who listens here is not a feed")
    return int(found[1])


async def _read(reader: asyncio.StreamReader, size: int) -> bytes:
    """Return at least `size` bytes, and more where there are more."""
    if size > _CHUNK_BYTES:
        return await reader.readexactly(size)
    chunk = await reader.read(2 * _CHUNK_BYTES)
    if not chunk:
        raise asyncio.IncompleteReadError(chunk, size)
    return chunk


def _place_of(directory: Path, sequence: int) -> tuple[Path, int]:
    segment = JournalReader(directory).segment_of(sequence)
    return segment.path, segment.offset_of(sequence)
