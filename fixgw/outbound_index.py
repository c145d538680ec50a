"""The outbound index: what was sent to one session under which number, as a fixed-width file.

    header   MAGIC (16 bytes) | resets u64                                       little-endian
    entry n  journal sequence u64 | part u32 | flags u32 | sending time i64      24 bytes, MsgSeqNum n

The messages themselves are in the journal; a resend makes them again. Sequence 0 stands for an administrative message,
which is not resent. Sending time 0 stands for a report that was never transmitted: it is still owed. `resets` says how
often the sequences had begun again at 1 when the file was made; the journal knows how often they have.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

MAGIC: Final = b"FONDACO OUTBOX1\n"
_HEADER: Final = struct.Struct("<16sQ")
ENTRY: Final = struct.Struct("<QIIq")
_TIME: Final = struct.Struct("<q")
_TIME_AT: Final = 16
_SEQUENCE_BYTES: Final = 8
POSSIBLE_RESEND: Final = 1
"""Flag: the report may have been sent before under another number; it carries PossResend(97)=Y."""
_SCAN_ENTRIES: Final = 65_536


class Entry(NamedTuple):
    """One message: where its event is, and when it was first transmitted (nanoseconds, 0: never)."""

    sequence: int
    part: int
    flags: int
    sent_ns: int


ADMINISTRATIVE: Final = 0


entry_bytes: Final = ENTRY.pack
"""An entry as it lies in the file: `entry_bytes(sequence, part, flags, sent_ns)`."""


def is_administrative(entry: bytes) -> bool:
    """Tell whether an entry is of an administrative message."""
    return not any(entry[:_SEQUENCE_BYTES])


def without_times(entries: bytes) -> bytes:
    """Return entries marked as never transmitted, administrative ones aside: those are owed to nobody."""
    return b"".join(
        ENTRY.pack(sequence, part, flags, 0 if sequence else sent_ns)
        for sequence, part, flags, sent_ns in ENTRY.iter_unpack(entries)
    )


class OutboundIndex:
    """The index file of one session."""

    __slots__ = ("_file", "count", "path", "resets")

    def __init__(self, path: Path) -> None:
        """Open the file, making it if need be. A header that was not written whole counts as no file."""
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        header = os.pread(self._file, _HEADER.size, 0)
        if len(header) == _HEADER.size and header.startswith(MAGIC):
            self.resets: int = _HEADER.unpack(header)[1]
            self.count = (os.fstat(self._file).st_size - _HEADER.size) // ENTRY.size
        else:
            self.resets = self.count = 0
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, _HEADER.pack(MAGIC, 0), 0)

    def append(self, entries: bytes) -> None:
        """Add the next entries."""
        os.pwrite(self._file, entries, _HEADER.size + self.count * ENTRY.size)
        self.count += len(entries) // ENTRY.size

    def read(self, first: int, last: int) -> list[Entry]:
        """Return the entries of messages `first` to `last`, as far as they are there."""
        last = min(last, self.count)
        if first > last:
            return []
        data = os.pread(self._file, (last - first + 1) * ENTRY.size, _HEADER.size + (first - 1) * ENTRY.size)
        return [Entry(*fields) for fields in ENTRY.iter_unpack(data)]

    def mark_sent(self, number: int, sent_ns: int) -> None:
        """Note the first transmission of a message that was owed."""
        os.pwrite(self._file, _TIME.pack(sent_ns), _HEADER.size + (number - 1) * ENTRY.size + _TIME_AT)

    def owed(self) -> Iterator[Entry]:
        """Yield the reports that were never transmitted, in order."""
        for first in range(1, self.count + 1, _SCAN_ENTRIES):
            for entry in self.read(first, first + _SCAN_ENTRIES - 1):
                if entry.sequence and not entry.sent_ns:
                    yield entry

    def last_position(self) -> tuple[int, int]:
        """Return (journal sequence, part) of the latest report in the file, (0, 0) if there is none."""
        for last in range(self.count, 0, -_SCAN_ENTRIES):
            for entry in reversed(self.read(max(1, last - _SCAN_ENTRIES + 1), last)):
                if entry.sequence:
                    return entry.sequence, entry.part
        return 0, 0

    def cut_after_sequence(self, sequence: int) -> int:
        """Drop the entries from the first report of a later record on; return how many were dropped."""
        keep = self.count
        for last in range(self.count, 0, -_SCAN_ENTRIES):
            first = max(1, last - _SCAN_ENTRIES + 1)
            entries = self.read(first, last)
            later = [number for number, entry in enumerate(entries, first) if entry.sequence > sequence]
            if later:
                keep = later[0] - 1
            if any(0 < entry.sequence <= sequence for entry in entries):
                break
        dropped = self.count - keep
        if dropped:
            self.count = keep
            os.ftruncate(self._file, _HEADER.size + keep * ENTRY.size)
        return dropped

    def begin_again(self, resets: int, entries: bytes) -> None:
        """Replace the file by a new one with `entries` as its messages from 1 on; at once or not at all."""
        draft = self.path.with_suffix(".draft")
        file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        os.pwrite(file, _HEADER.pack(MAGIC, resets) + entries, 0)
        os.fsync(file)
        draft.replace(self.path)
        os.close(self._file)
        self._file = file
        self.resets, self.count = resets, len(entries) // ENTRY.size

    def sync(self) -> None:
        """Return when the file is on disk."""
        os.fdatasync(self._file)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)
