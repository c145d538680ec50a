"""The feed: the journal's own frames, streamed to any process that asks from a sequence on. The follower's side.

A follower connects to a Unix socket, or over TLS from another host, and sends `HELLO` and the first sequence it wants
(u64, little-endian). The venue answers `OK`, the last record that is committed, newline, then the frames as they lie in
the segment files: history, then each committed batch as it comes; or `ERROR`, the reason, newline. Who does not want
all of history sends `SNAPSHOT_HELLO` and the record (u64) after which a snapshot may be at the latest, is sent the
newest such snapshot (`SNAPSHOT`, its record, its size, newline, the file), and follows from there. Who wants to be seen
sends `NAMED_HELLO` and its name too, and then now and then the last record that it has taken in (u64).
`engine.feed_server` is the other side.

Promises: a frame comes whole, once and in order, or `FeedError`; whatever the other side does, or does not do, no more
than a chunk, a frame or a snapshot of bounded size is kept, and an answer is not waited for without end.
"""

import asyncio
import re
import ssl
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from engine.errors import FeedError, SnapshotError
from engine.frames import HEADER, HEADER_SIZE, PAYLOAD_BYTES_MAX, Frame, Record, decode_record, frame_at
from engine.images import StateImage
from engine.remote import HUNG_UP, NotTaken, Source, connect, why
from engine.snapshot import SNAPSHOT_BYTES_MAX, image_in
from engine.unix_socket import check_length

HELLO: Final = b"FONDACO FEED 1\n"
NAMED_HELLO: Final = b"FONDACO NAME 1\n"
SNAPSHOT_HELLO: Final = b"FONDACO SNAP 1\n"
SEQUENCE: Final = struct.Struct("<Q")
NAME_BYTES: Final = 16
"""A follower's name, ASCII, is filled up with blanks to so many bytes."""
TAKEN_EVERY_S: Final = 0.25
"""How often a follower says how far it is, if it has come farther."""
CHUNK_BYTES: Final = 256 * 1024
"""How much is read and sent at once; no more waits in memory for a slow follower."""
ANSWER_S: Final = 30.0
"""How long a follower waits for an answer, or for the next piece of a snapshot."""
_OK: Final = re.compile(rb"OK ([0-9]{1,20})\n")
_SNAPSHOT: Final = re.compile(rb"SNAPSHOT ([0-9]{1,20}) ([0-9]{1,20})\n")
_LATEST: Final = 2**64 - 1
_RECONNECT_S: Final = 0.1
_RECONNECT_S_MAX: Final = 5.0
"""How long there is between attempts at most, if the venue is on another host."""

Tell = Callable[[str], None]
"""Called with the reason whenever there is no connection, or no more."""


class Follower(NamedTuple):
    """Who follows, as it is to be seen by staff."""

    name: str
    """At most `NAME_BYTES` characters of ASCII."""
    taken: Callable[[], int]
    """Returns the last record that it has taken in."""


class Arrived(NamedTuple):
    """Whole frames that came together, and the last record that was committed when the connection was made."""

    frames: list[Frame]
    committed: int


class _Attempts:
    """Attempts at a connection to one source: each failure is told, and waited after, longer each time."""

    def __init__(self, source: Source, tell: Tell | None, *, reconnect: bool) -> None:
        """Raise `SocketError` if there cannot be such a socket."""
        if isinstance(source, Path):
            check_length(source)
        self._source = source
        self._tell = tell
        self._reconnect = reconnect
        self._pause_s = _RECONNECT_S

    def succeeded(self) -> None:
        """Begin anew."""
        self._pause_s = _RECONNECT_S

    async def failed(self, error: Exception, sequence: int) -> None:
        """Wait for the next attempt. Raise `FeedError` if none can help, or none is wanted."""
        source = self._source
        if isinstance(error, PermissionError):
            raise FeedError(f"{source}: not permitted to follow: {error}") from error
        if isinstance(error, ssl.SSLCertVerificationError):
            raise FeedError(f"{source}: {why(error)}") from error
        if not self._reconnect:
            raise FeedError(f"{source}: the feed broke off before record {sequence}: {why(error)}") from error
        if self._tell is not None:
            self._tell(f"{source}: {why(error)}")
        await asyncio.sleep(self._pause_s)
        if not isinstance(source, Path):
            self._pause_s = min(2 * self._pause_s, _RECONNECT_S_MAX)


async def follow(
    source: Source, from_sequence: int = 1, *, reconnect: bool = True, name: str = ""
) -> AsyncGenerator[Record, None]:
    """Yield the records from `from_sequence` on as they are committed, for ever.

    With `reconnect`, a broken connection is made again and goes on where it stopped. Raise `FeedError` if the venue
    refuses, if its certificate is not taken, if a frame is damaged or out of order, or, without `reconnect`, if the
    connection breaks. The venue shows staff by `name`, if there is one, how far this is.
    """
    taken = from_sequence - 1
    follower = Follower(name, lambda: taken) if name else None
    async with aclosing(follow_frames(source, from_sequence, reconnect=reconnect, follower=follower)) as arrivals:
        async for arrived in arrivals:
            for frame in arrived.frames:
                try:
                    record = decode_record(frame.payload)
                except msgspec.MsgspecError as error:
                    raise unknown_record(source, frame.sequence, error) from error
                yield record
                taken = frame.sequence


def unknown_record(source: Source, sequence: int, error: Exception) -> FeedError:
    """Return the error for a record that cannot be decoded."""
    return FeedError(f"{source}: record {sequence} is not one that this version knows: {error}")


async def follow_frames(
    source: Source,
    from_sequence: int = 1,
    *,
    reconnect: bool = True,
    tell: Tell | None = None,
    follower: Follower | None = None,
) -> AsyncGenerator[Arrived, None]:
    """Yield the frames from `from_sequence` on, together as they come: first none, when the venue has answered.

    The venue shows staff how far `follower` is, if there is one. Otherwise as `follow`.
    """
    attempts = _Attempts(source, tell, reconnect=reconnect)
    sequence = from_sequence
    while True:
        try:
            async with aclosing(_arrivals(source, sequence, follower)) as arrivals:
                async for arrived in arrivals:
                    attempts.succeeded()
                    if arrived.frames:
                        sequence = arrived.frames[-1].sequence + 1
                    yield arrived
        except (OSError, asyncio.IncompleteReadError) as error:
            await attempts.failed(error, sequence)


async def newest_snapshot(source: Source, *, tell: Tell | None = None) -> StateImage | None:
    """Return the venue's newest sound snapshot, to be followed from the record after it; None if there is none.

    The venue is waited for. A snapshot that is damaged is told of and passed over. Raise `FeedError` as `follow` does.
    """
    attempts = _Attempts(source, tell, reconnect=True)
    at_most = _LATEST
    while True:
        try:
            sequence, data = await _snapshot(source, at_most)
        except (OSError, asyncio.IncompleteReadError) as error:
            await attempts.failed(error, 1)
            continue
        if not sequence:
            return None
        try:
            image = image_in(data, f"{source}: snapshot {sequence}")
        except SnapshotError as error:
            if tell is not None:
                tell(str(error))
        else:
            if image.sequence == sequence:
                return image
            raise FeedError(f"{source}: snapshot {sequence} is one of record {image.sequence}")
        at_most = sequence - 1


async def _snapshot(source: Source, at_most: int) -> tuple[int, bytes]:
    """Return a snapshot of record `at_most` or an earlier one, and its record; 0 if there is none."""
    reader, writer = await connect(source, CHUNK_BYTES)
    try:
        hello = SNAPSHOT_HELLO + SEQUENCE.pack(at_most)
        found = _SNAPSHOT.fullmatch(await _answer(source, reader, writer, hello, "a snapshot"))
        if found is None:
            raise FeedError(f"{source}: who listens here is not a feed")
        sequence, size = int(found[1]), int(found[2])
        if sequence > at_most or size > SNAPSHOT_BYTES_MAX or bool(size) != bool(sequence):
            raise FeedError(f"{source}: offers a snapshot of record {sequence} with {size} bytes, which cannot be")
        data = bytearray()
        while len(data) < size:
            async with asyncio.timeout(ANSWER_S):
                data += await reader.readexactly(min(size - len(data), CHUNK_BYTES))
        return sequence, bytes(data)
    finally:
        writer.transport.abort()


async def _arrivals(source: Source, sequence: int, follower: Follower | None) -> AsyncGenerator[Arrived, None]:
    """Yield the frames from `sequence` on, until the connection breaks."""
    reader, writer = await connect(source, CHUNK_BYTES)
    telling: asyncio.Task[None] | None = None
    try:
        hello = HELLO + SEQUENCE.pack(sequence)
        if follower is not None:
            hello = NAMED_HELLO + SEQUENCE.pack(sequence) + follower.name.encode("ascii").ljust(NAME_BYTES)
        found = _OK.fullmatch(await _answer(source, reader, writer, hello, f"record {sequence}"))
        if found is None:
            raise FeedError(f"{source}: who listens here is not a feed")
        committed = int(found[1])
        if follower is not None:
            telling = asyncio.create_task(_tell_how_far(writer, follower))
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
                raise FeedError(f"{source}: the frame of record {sequence} is damaged or out of order")
            frames.append(frame)
            sequence += 1
            at = frame.end
    finally:
        if telling is not None:
            telling.cancel()
        writer.transport.abort()


async def _tell_how_far(writer: asyncio.StreamWriter, follower: Follower) -> None:
    """Say again and again how far a follower is. A broken connection is noticed by who reads from it."""
    told = -1
    while True:
        taken = follower.taken()
        if taken != told and not writer.transport.get_write_buffer_size():
            writer.write(SEQUENCE.pack(taken))
            told = taken
        await asyncio.sleep(TAKEN_EVERY_S)


async def _answer(
    source: Source, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hello: bytes, asked: str
) -> bytes:
    """Say hello, and return the venue's answer. Raise `FeedError` if it refuses what it was asked for."""
    writer.write(hello)
    try:
        async with asyncio.timeout(ANSWER_S):
            answer = await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError as error:
        raise FeedError(f"{source}: who listens here is not a feed") from error
    except (asyncio.IncompleteReadError, ConnectionResetError) as error:
        if isinstance(source, Path):
            raise
        raise NotTaken(HUNG_UP) from error
    if answer.startswith(b"ERROR "):
        raise FeedError(f"{source}: asked for {asked}: {answer[6:].decode(errors='replace').strip()}")
    return answer


async def _read(reader: asyncio.StreamReader, size: int) -> bytes:
    """Return at least `size` bytes, and more where there are more."""
    if size > CHUNK_BYTES:
        return await reader.readexactly(size)
    chunk = await reader.read(2 * CHUNK_BYTES)
    if not chunk:
        raise asyncio.IncompleteReadError(chunk, size)
    return chunk
