"""The outbound index: what was sent to one session under which number, as a fixed-width file.

    header   MAGIC (16 bytes) | resets u64 | after sequence u64 | after part u64      little-endian
    entry n  journal sequence u64 | part u32 | flags u32 | sending time i64           24 bytes, MsgSeqNum n

The messages themselves are in the journal; a resend makes them again. Sequence 0 stands for an administrative message,
which is not resent. Sending time 0 stands for a report that was never transmitted: it is still owed. `resets` says how
often the sequences had begun again at 1 when the file was made; the journal knows how often they have. What is not in
the file of the reports up to `after` was dealt with under the numbers before.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from engine.journal import sync_directory

MAGIC: Final = b"FONDACO OUTBOX1\n"
_HEADER: Final = struct.Struct("<16sQQQ")
ENTRY: Final = struct.Struct("<QIIq")
_FLAGS: Final = struct.Struct("<I")
_FLAGS_AT: Final = 12
POSSIBLE_RESEND: Final = 1
"""Flag: the report may have been sent before under another number; it carries PossResend(97)=Y."""
NUMBERED: Final = 2
"""Flag: QuickFIX has given the report a number, and nobody has been sent it (`fixgw.quickfix_outgoing`)."""
REPLAYED: Final = 4
"""Flag: the report has been sent under another number, and is sent once more as asked (`fixgw.replay`)."""
_SCAN_ENTRIES: Final = 65_536


class Entry(NamedTuple):
    """One message: where its event is, and when it was first transmitted (nanoseconds, 0: never)."""

    sequence: int
    part: int
    flags: int
    sent_ns: int


ADMINISTRATIVE: Final = 0

Position = tuple[int, int]
"""Journal sequence and part of a report. Later reports have greater ones, but for those that are replayed."""
PART_MAX: Final = 2**32 - 1

entry_bytes: Final = ENTRY.pack
"""An entry as it lies in the file: `entry_bytes(sequence, part, flags, sent_ns)`."""


def without_times(entries: bytes) -> bytes:
    """Return entries marked as never transmitted, administrative ones aside: those are owed to nobody."""
    return b"".join(
        ENTRY.pack(sequence, part, flags, 0 if sequence else sent_ns)
        for sequence, part, flags, sent_ns in ENTRY.iter_unpack(entries)
    )


class OutboundIndex:
    """The index file of one session."""

    __slots__ = ("_file", "after", "count", "path", "resets")

    def __init__(self, path: Path) -> None:
        """Open the file, making it if need be. A header that was not written whole counts as no file."""
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        header = os.pread(self._file, _HEADER.size, 0)
        if len(header) == _HEADER.size and header.startswith(MAGIC):
            _, self.resets, *after = _HEADER.unpack(header)
            self.after: Position = (after[0], after[1])
            self.count = (os.fstat(self._file).st_size - _HEADER.size) // ENTRY.size
        else:
            self.resets = self.count = 0
            self.after = (0, 0)
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, _HEADER.pack(MAGIC, 0, 0, 0), 0)

    def append(self, entries: bytes) -> None:
        """Add the next entries."""
        os.pwrite(self._file, entries, _HEADER.size + self.count * ENTRY.size)
        self.count += len(entries) // ENTRY.size

    def read(self, first: int, last: int) -> list[Entry]:
        """Return the entries of messages `first` to `last`, as far as they are there."""
        return [Entry(*fields) for fields in ENTRY.iter_unpack(self.read_bytes(first, last))]

    def read_bytes(self, first: int, last: int) -> bytes:
        """Return the same as it lies in the file."""
        last = min(last, self.count)
        if first > last:
            return b""
        return os.pread(self._file, (last - first + 1) * ENTRY.size, _HEADER.size + (first - 1) * ENTRY.size)

    def mark_sent(self, first: int, last: int, sent_ns: int) -> None:
        """Note that those of messages `first` to `last` that were owed have been transmitted for the first time."""
        entries = b"".join(
            ENTRY.pack(sequence, part, flags, sent_before_ns or (sent_ns if sequence else 0))
            for sequence, part, flags, sent_before_ns in ENTRY.iter_unpack(self.read_bytes(first, last))
        )
        self.rewrite(first, entries)

    def rewrite(self, first: int, entries: bytes) -> None:
        """Put other entries in the place of those from `first` on, which are there."""
        os.pwrite(self._file, entries, _HEADER.size + (first - 1) * ENTRY.size)

    def owed_among(self, first: int, last: int) -> tuple[int, int]:
        """Return the first of the messages `first` to `last` that is still owed, 0 if none is, and how many are."""
        first_owed = count = 0
        for number, (sequence, _, _, sent_ns) in enumerate(ENTRY.iter_unpack(self.read_bytes(first, last)), first):
            if sequence and not sent_ns:
                first_owed = first_owed or number
                count += 1
        return first_owed, count

    def owed(self) -> Iterator[Entry]:
        """Yield the reports that were never transmitted, in order."""
        return (entry for _, entry in self._numbered_owed())

    def flag_owed(self) -> None:
        """Mark the reports still owed as possibly sent: that they were may not have reached the disk."""
        for number, entry in self._numbered_owed():
            flags = entry.flags | POSSIBLE_RESEND
            os.pwrite(self._file, _FLAGS.pack(flags), _HEADER.size + (number - 1) * ENTRY.size + _FLAGS_AT)

    def last_position(self) -> Position:
        """Return where the latest report stands that is in the file, or was dealt with before it; (0, 0) if none."""
        for last in range(self.count, 0, -_SCAN_ENTRIES):
            for entry in reversed(self.read(max(1, last - _SCAN_ENTRIES + 1), last)):
                if entry.sequence and not entry.flags & REPLAYED:
                    return max(self.after, (entry.sequence, entry.part))
        return self.after

    def cut_after_sequence(self, sequence: int) -> int:
        """Drop the entries from the first report of a later record on; return how many were dropped."""
        keep = self.count
        for last in range(self.count, 0, -_SCAN_ENTRIES):
            first = max(1, last - _SCAN_ENTRIES + 1)
            entries = self.read(first, last)
            later = [number for number, entry in enumerate(entries, first) if entry.sequence > sequence]
            if later:
                keep = later[0] - 1
            if any(0 < entry.sequence <= sequence and not entry.flags & REPLAYED for entry in entries):
                break
        dropped = self.count - keep
        if dropped:
            self.count = keep
            os.ftruncate(self._file, _HEADER.size + keep * ENTRY.size)
        return dropped

    def begin_again(self, resets: int, entries: bytes, after: Position) -> None:
        """Replace the file by a new one with `entries` as its messages from 1 on; at once or not at all.

        All reports up to `after` that are still owed are among the entries.
        """
        draft = self.path.with_suffix(".draft")
        file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        os.pwrite(file, _HEADER.pack(MAGIC, resets, *after) + entries, 0)
        os.fsync(file)
        draft.replace(self.path)
        sync_directory(self.path.parent)
        os.dup2(file, self._file, inheritable=False)  # `sync` may be at work in another thread
        os.close(file)
        self.resets, self.after, self.count = resets, after, len(entries) // ENTRY.size

    def sync(self) -> None:
        """Return when the file is on disk."""
        os.fdatasync(self._file)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def _numbered_owed(self) -> Iterator[tuple[int, Entry]]:
        for first in range(1, self.count + 1, _SCAN_ENTRIES):
            for number, entry in enumerate(self.read(first, first + _SCAN_ENTRIES - 1), first):
                if entry.sequence and not entry.sent_ns:
                    yield number, entry
