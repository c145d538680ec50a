"""The feed's own side: streams the journal's frames, and its snapshots, to any process that asks. `engine.feed` asks.

What is sent is always read back from the files and never past what is committed, so that a follower gets all of it, in
order, however slow it is, and costs no memory. Followers on this host come over a Unix socket, which is for the venue's
own user alone; those on other hosts over TLS, by protocols that a listener at the edge asks for.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

from engine.errors import JournalError
from engine.feed import CHUNK_BYTES, HELLO, NAME_BYTES, NAMED_HELLO, SEQUENCE, SNAPSHOT_HELLO
from engine.journal import MAGIC, JournalReader
from engine.overview import FollowerShown
from engine.recovery import SNAPSHOTS
from engine.remote import Note, keep_alive, peer_of
from engine.sequencer import Sequencer
from engine.snapshot import SNAPSHOT_BYTES_MAX, sequence_of, snapshots
from engine.unix_socket import listen

FOLLOWERS_MAX: Final = 64
"""On this host, and as many on others."""
_HELLO_SIZE: Final = len(HELLO) + SEQUENCE.size
_NAMED_SIZE: Final = _HELLO_SIZE + NAME_BYTES
_GREETINGS: Final = (HELLO, NAMED_HELLO, SNAPSHOT_HELLO)
_HELLO_S: Final = 10.0
_REFUSED: Final = "follower refused"


class FeedServer:
    """Serves the journal that a sequencer writes."""

    def __init__(self, sequencer: Sequencer, path: Path, note: Note | None = None) -> None:
        """`path`: the Unix socket, for the venue's own user only, beside the snapshots. `note`: of who is refused."""
        self.path = path
        self.snapshots = path.parent / SNAPSHOTS
        self.sequencer = sequencer
        self.followers: set[_Follower] = set()
        self.is_open = False
        self.note = note
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raise `SocketError` if the socket cannot be made."""
        listener = listen(self.path)
        self.is_open = True
        self._server = await asyncio.get_running_loop().create_unix_server(lambda: _Follower(self), sock=listener)

    def over_tls(self, fingerprints: frozenset[str]) -> Callable[[], asyncio.Protocol]:
        """Return what makes the protocol of a connection with mutual TLS; `fingerprints`: as `Peer.flaw` has them."""
        return lambda: _Follower(self, fingerprints)

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

    def shown(self) -> tuple[FollowerShown, ...]:
        """Return who follows by a name, and how far each of them is, in the order of names."""
        named = [each.shown() for each in self.followers if each.name]
        return tuple(sorted(named, key=lambda each: (each.name, each.peer, each.sequence)))

    def newest_snapshot(self, at_most: int) -> tuple[int, int]:
        """Return the newest snapshot that a follower can go on from, opened: its sequence and file; 0 and -1 if none.

        It is of record `at_most` or an earlier one, which is committed, and within what a follower takes.
        """
        at_most = min(at_most, self.sequencer.committed)
        for path in snapshots(self.snapshots):
            if 0 < sequence_of(path) <= at_most:
                try:
                    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                except FileNotFoundError:
                    continue  # A newer one has just taken its place.
                if 0 < os.fstat(file).st_size <= SNAPSHOT_BYTES_MAX:
                    return sequence_of(path), file
                os.close(file)
        return 0, -1


class _Follower(asyncio.Protocol):
    """One connection: first its hello, then the journal from the record it asked for, or one snapshot."""

    def __init__(self, server: FeedServer, fingerprints: frozenset[str] | None = None) -> None:
        """`fingerprints`: None on the Unix socket."""
        self.is_remote = fingerprints is not None
        self._server = server
        self._sequencer = server.sequencer
        self._fingerprints = fingerprints
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        """Done when the connection has ended."""
        self._transport: asyncio.Transport | None = None
        self._peer = ""
        self._unwelcome = ""
        """Why it is hung up on once it has said its hello: earlier, and it might not read the reason."""
        self.name = ""
        """What it calls itself, if it wants to be seen;"""
        self._taken = 0
        """the last record that it has taken in, by what it says,"""
        self._said = b""
        """and what has come of its next word."""
        self._hello = b""
        self._has_said_hello = False
        self._hello_timeout: asyncio.TimerHandle | None = None
        self._following = False
        self._is_snapshot = False
        """It has asked for a snapshot,"""
        self._snapshot_left = 0
        """of which so many bytes are still to be sent."""
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
        self._transport.set_write_buffer_limits(high=CHUNK_BYTES)
        if self._fingerprints is not None:
            keep_alive(transport.get_extra_info("socket"))
            peer = peer_of(transport)
            self._peer = f"{peer.address} {peer.name!r}"
            self._unwelcome = peer.flaw(self._fingerprints)
        if sum(each.is_remote is self.is_remote for each in self._server.followers) >= FOLLOWERS_MAX:
            self._unwelcome = self._unwelcome or f"{FOLLOWERS_MAX} followers are there already"
        self._server.followers.add(self)
        self._hello_timeout = self._loop.call_later(_HELLO_S, self._hello_is_late)
        if not self._server.is_open:
            self.abort()  # It was accepted just before the stop.

    def data_received(self, data: bytes) -> None:
        if self.name:
            self._hear(data)
            return
        if self._has_said_hello:
            self.abort()  # It has nothing else to say.
            return
        size = _HELLO_SIZE
        self._hello += data[: _NAMED_SIZE + 1]
        greeting = self._hello[: len(HELLO)]
        if greeting == NAMED_HELLO:
            size = _NAMED_SIZE
        if not any(hello.startswith(greeting) for hello in _GREETINGS) or len(self._hello) > size:
            self._refuse("this is the feed of a journal, and not what you say hello to")
        elif len(self._hello) == size:
            self._has_said_hello = True
            self._stop_waiting()
            (sequence,) = SEQUENCE.unpack_from(self._hello, len(HELLO))
            if self._unwelcome:
                self._refuse(self._unwelcome)
            elif greeting == SNAPSHOT_HELLO:
                self._begin_snapshot(sequence)
            elif greeting == HELLO:
                self._begin(sequence)
            else:
                self._begin_named(sequence, self._hello[_HELLO_SIZE:])

    def _begin_named(self, sequence: int, name: bytes) -> None:
        if not (name.isascii() and name.decode("ascii").isprintable() and name.strip()):
            self._refuse("a follower's name is of printable ASCII")
            return
        self.name = name.decode("ascii").strip()
        self._begin(sequence)

    def _hear(self, data: bytes) -> None:
        """Take in how far it is: the last word counts."""
        self._said += data
        whole = len(self._said) // SEQUENCE.size * SEQUENCE.size
        if whole:
            (self._taken,) = SEQUENCE.unpack_from(self._said, whole - SEQUENCE.size)
            self._said = self._said[whole:]
        if self._taken > self._sequencer.committed:
            self.abort()  # It has what is not there.

    def shown(self) -> FollowerShown:
        """Return how far it is."""
        return FollowerShown(self.name, self._taken, self._peer)

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
            chunk = self._next_of_snapshot() if self._is_snapshot else self._next_chunk()
        except (OSError, JournalError) as error:
            self._loop.call_exception_handler({"message": "the feed cannot read the journal", "exception": error})
            self.abort()
            return
        if chunk:
            self._offset += len(chunk)
            self._transport.write(chunk)
            if self._is_more():
                self._scheduled = True
                self._loop.call_soon(self._go_on)
            elif self._is_snapshot:
                self._following = False
                self._transport.close()

    def _is_more(self) -> bool:
        """Tell whether there is more to send now."""
        if self._is_snapshot:
            return self._snapshot_left > 0
        return self._path != self._sequencer.committed_path or self._offset < self._sequencer.committed_size

    def _go_on(self) -> None:
        self._scheduled = False
        self.send()

    def _begin(self, sequence: int) -> None:
        """Find where the record lies. In history that takes a while, and a thread."""
        committed = self._sequencer.committed
        if not 1 <= sequence <= committed + 1:
            self._refuse(f"the journal has records 1 to {committed}")
        elif sequence > committed:
            self._follow(self._sequencer.committed_path, self._sequencer.committed_size)
        else:
            place = self._loop.run_in_executor(None, _place_of, self._sequencer.journal.directory, sequence)
            place.add_done_callback(self._found)

    def _begin_snapshot(self, at_most: int) -> None:
        try:
            sequence, self._file = self._server.newest_snapshot(at_most)
        except OSError as error:
            self._refuse(f"the snapshots cannot be read: {error.strerror}")
            return
        assert self._transport is not None, "it has just been heard"
        if self._file < 0:
            self._transport.write(b"SNAPSHOT 0 0\n")
            self._transport.close()
            return
        self._snapshot_left = os.fstat(self._file).st_size
        self._transport.write(b"SNAPSHOT %d %d\n" % (sequence, self._snapshot_left))
        self._is_snapshot = self._following = True
        self.send()

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
            chunk = os.pread(self._file, CHUNK_BYTES, self._offset) if self._file >= 0 else b""
            if chunk:
                return chunk
            segments = JournalReader(self._sequencer.journal.directory).segments()
            later = next((s.path for s in segments if self._path is None or s.path > self._path), None)
            if later is None:
                raise JournalError(f"{committed_path} is gone")
            self._open(later, len(MAGIC))
        size = min(self._sequencer.committed_size - self._offset, CHUNK_BYTES)
        return os.pread(self._file, size, self._offset) if size else b""

    def _next_of_snapshot(self) -> bytes:
        chunk = os.pread(self._file, min(self._snapshot_left, CHUNK_BYTES), self._offset)
        if not chunk:
            raise JournalError("a snapshot is shorter than it was")
        self._snapshot_left -= len(chunk)
        return chunk

    def _open(self, path: Path, offset: int) -> None:
        self._close_file()
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._path, self._offset = path, offset

    def _close_file(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _hello_is_late(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._note("no hello in time")
        self.abort()

    def _refuse(self, reason: str) -> None:
        self._note(reason)
        if self._transport is not None:
            self._transport.write(f"ERROR {reason}\n".encode())
            self._transport.close()

    def _note(self, reason: str) -> None:
        if self._server.note is not None:
            self._server.note(_REFUSED, self._peer or "this host", reason)

    def _stop_waiting(self) -> None:
        if self._hello_timeout is not None:
            self._hello_timeout.cancel()
            self._hello_timeout = None


def _place_of(directory: Path, sequence: int) -> tuple[Path, int]:
    segment = JournalReader(directory).segment_of(sequence)
    return segment.path, segment.offset_of(sequence)
