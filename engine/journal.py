"""The journal on disk: segment files of frames, appended to by one process, read by any.

A segment is named by the sequence of its first record (`00000000000000000001.journal`) and begins with `MAGIC`. A
crash may leave a torn tail, and only in the last segment: opening for writing cuts it off at the last whole frame.
Damage anywhere else stops the start with an error that names segment and offset.
"""

import bisect
import fcntl
import os
import threading
from array import array
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from engine.errors import CorruptJournal, JournalError, JournalInUse, SequenceNotFound
from engine.frames import (
    HEADER,
    HEADER_SIZE,
    PAYLOAD_BYTES_MAX,
    Frame,
    Record,
    decode_record,
    find_frame_after,
    frame_at,
)

MAGIC: Final = b"FONDACO JOURNAL 1\n"
SUFFIX: Final = ".journal"
SEGMENT_BYTES: Final = 64 * 1024 * 1024
READ_BYTES: Final = 256 * 1024
"""How much is read at once, for records that are shorter: so much stays in the processor's cache."""
STRIDE: Final = 256
"""Every how many records a segment's offsets are remembered."""
_WALK_BYTES: Final = 64 * 1024
"""How much is read at once while walking from header to header."""


def segment_path(directory: Path, first_sequence: int) -> Path:
    """Return the file of the segment that begins with a record."""
    return directory / f"{first_sequence:020d}{SUFFIX}"


class Segment:
    """One segment file, with the offsets of every `STRIDE`th record for quick access."""

    __slots__ = ("first_sequence", "offsets", "path")

    def __init__(self, path: Path, first_sequence: int) -> None:
        self.path = path
        self.first_sequence = first_sequence
        self.offsets = array("Q", (len(MAGIC),))

    def note(self, sequence: int, offset: int) -> None:
        """Remember, if it is one to remember, where a record begins."""
        if sequence - self.first_sequence == len(self.offsets) * STRIDE:
            self.offsets.append(offset)

    def offset_of(self, sequence: int) -> int:
        """Return where the record begins, or the end of the file if it is the one to come after the last.

        Raise `SequenceNotFound` if the segment ends before that, `CorruptJournal` if the way there is damaged.
        """
        with self.path.open("rb", buffering=0) as file:
            offset = self.walk(file, sequence, self.first_sequence, len(MAGIC))
            if offset > os.fstat(file.fileno()).st_size:  # The last record is torn.
                raise SequenceNotFound(f"{self.path} ends before record {sequence}")
            return offset

    def walk(self, file: BinaryIO, sequence: int, start: int, offset: int) -> int:
        """Do as `offset_of`, in the open file, from the nearest known record: record `start` begins at `offset`."""
        index = min((sequence - self.first_sequence) // STRIDE, len(self.offsets) - 1)
        current = self.first_sequence + index * STRIDE
        if current < start <= sequence:
            current = start
        else:
            offset = self.offsets[index]
        data, at = b"", 0
        while current < sequence:
            if at + HEADER_SIZE > len(data):
                offset += at
                file.seek(offset)
                data, at = file.read(_WALK_BYTES), 0
                if len(data) < HEADER_SIZE:
                    raise SequenceNotFound(f"{self.path} ends before record {sequence}")
            length, _, found, _ = HEADER.unpack_from(data, at)
            if found != current:
                raise CorruptJournal(f"{self.path} offset {offset + at}: holds record {found}, not {current}")
            at += HEADER_SIZE + int(length)
            current += 1
            self.note(current, offset + at)
        return offset + at

    def frames(self, offset: int, expected: int, *, is_last: bool) -> Generator[Frame, None, int]:
        """Yield the whole frames from `offset` on, where record `expected` begins; return which record comes next.

        Raise `CorruptJournal` where records are out of order, or if bytes remain that are no torn tail (see
        `engine.frames`).
        """
        rest = b""
        to_note = self.first_sequence + len(self.offsets) * STRIDE
        with self.path.open("rb", buffering=0) as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise CorruptJournal(f"{self.path} offset 0: not a journal segment of this version")
            file.seek(offset)
            while chunk := file.read(max(READ_BYTES, len(rest))):
                rest += chunk
                at = 0
                while (frame := frame_at(rest, at, offset)) is not None:
                    if frame.sequence != expected:
                        raise CorruptJournal(
                            f"{self.path} offset {frame.offset}: holds record {frame.sequence}, not {expected}"
                        )
                    if expected == to_note:
                        self.note(expected, frame.offset)
                        to_note += STRIDE
                    yield frame
                    at += HEADER_SIZE + len(frame.payload)
                    expected += 1
                rest = rest[at:]
                offset += at
        if rest:
            later = find_frame_after(rest, expected)
            if not is_last or (later is not None and later.durable >= expected):
                raise CorruptJournal(
                    f"{self.path} offset {offset}: record {expected} is damaged, and later ones are there; "
                    "restore the file from a copy"
                )
        return expected


class JournalReader:
    """Reads the journal of a directory, also while another process appends to it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._segments: list[Segment] = []

    def segments(self) -> list[Segment]:
        """Return the segments, oldest first, as the directory has them now."""
        known = {segment.path: segment for segment in self._segments}
        self._segments = []
        for path in sorted(self.directory.glob("*" + SUFFIX)):
            if not path.stem.isdigit():
                raise JournalError(f"{path}: not the name of a segment; take the file away")
            self._segments.append(known.get(path) or Segment(path, int(path.stem)))
        return self._segments

    def segment_of(self, sequence: int) -> Segment:
        """Return the segment that holds, or will hold, a record. Raise `SequenceNotFound` if that is gone."""
        segments = self._segments
        if not segments or sequence >= segments[-1].first_sequence:
            segments = self.segments()
        return segments[self._index(segments, sequence)]

    def frames(self, from_sequence: int = 1) -> Iterator[Frame]:
        """Yield the frames from `from_sequence` on, in order, to the last whole one.

        Raise `CorruptJournal` where a record is damaged or missing though later ones are there.
        """
        segments = self.segments()
        if not segments:
            return
        expected = from_sequence
        first = self._index(segments, expected)
        for segment in segments[first:]:
            if segment is not segments[first] and segment.first_sequence != expected:
                raise CorruptJournal(
                    f"{segment.path} offset 0: begins with record {segment.first_sequence}, not {expected}"
                )
            is_last = segment is segments[-1]
            expected = yield from segment.frames(segment.offset_of(expected), expected, is_last=is_last)

    def records(self, from_sequence: int = 1) -> Iterator[Record]:
        """Yield the decoded records from `from_sequence` on."""
        for frame in self.frames(from_sequence):
            yield decode_record(frame.payload)

    def records_at(self, sequences: Iterable[int]) -> Iterator[Record]:
        """Yield the records of these sequences, which ascend. Raise `SequenceNotFound` or `CorruptJournal`.

        Costs a walk over at most `STRIDE` headers for each, where this reader has been before.
        """
        cursor = Cursor(self)
        try:
            for sequence in sequences:
                yield cursor.record(sequence)
        finally:
            cursor.close()

    def known_segment_of(self, sequence: int) -> Segment:
        """Do as `segment_of`, but with the segments as they were when last looked at."""
        segments = self._segments or self.segments()
        return segments[self._index(segments, sequence)]

    def _index(self, segments: list[Segment], sequence: int) -> int:
        at = bisect.bisect_right(segments, sequence, key=lambda segment: segment.first_sequence) - 1
        if at < 0:
            raise SequenceNotFound(f"{self.directory} holds no record {sequence}")
        return at


class Cursor:
    """A place in the journal, from which it is not far to the records behind it. Reads ahead, so much at a time.

    Remembers the last record, of which another event may be asked for next.
    """

    __slots__ = ("_base", "_data", "_file", "_offset", "_reader", "_record", "_segment", "_sequence")

    def __init__(self, reader: JournalReader) -> None:
        self._reader = reader
        self._segment: Segment | None = None
        self._file: BinaryIO | None = None
        self._sequence = 0
        """The record that begins at `_offset` of `_segment`."""
        self._offset = 0
        self._data = b""
        """What has been read of the segment, from `_base` on."""
        self._base = 0
        self._record: Record | None = None

    def record(self, sequence: int) -> Record:
        """Return a record, and stand behind it. Raise `SequenceNotFound` or `CorruptJournal`."""
        record = self._record
        if record is None or record.sequence != sequence:
            record = self._record = decode_record(self.frame(sequence).payload)
        return record

    def frame(self, sequence: int) -> Frame:
        """Return the frame of a record, and stand behind it. Raise `SequenceNotFound` or `CorruptJournal`."""
        try:
            return self._frame_in(self._reader.known_segment_of(sequence), sequence)
        except SequenceNotFound:  # Since the reader last looked, a new segment may have been begun.
            return self._frame_in(self._reader.segment_of(sequence), sequence)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _frame_in(self, segment: Segment, sequence: int) -> Frame:
        if self._file is None or segment is not self._segment:
            self.close()
            self._file = segment.path.open("rb", buffering=0)
            self._segment, self._sequence, self._offset = segment, segment.first_sequence, len(MAGIC)
            self._data = b""
        file = self._file
        self._skip_to(sequence)
        if self._sequence != sequence:
            self._offset = segment.walk(file, sequence, self._sequence, self._offset)
            self._sequence = sequence
        at = self._offset - self._base
        frame = frame_at(self._data, at, self._base) if 0 <= at < len(self._data) else None
        if frame is None or frame.sequence != sequence:
            frame = self._read_frame(file, segment, sequence)
        self._sequence, self._offset = sequence + 1, frame.end
        segment.note(self._sequence, self._offset)
        return frame

    def _skip_to(self, sequence: int) -> None:
        """Go ahead towards a record, as far as headers have been read already."""
        data, at = self._data, self._offset - self._base
        while self._sequence < sequence and 0 <= at <= len(data) - HEADER_SIZE:
            length, _, found, _ = HEADER.unpack_from(data, at)
            if found != self._sequence:
                break  # It was not whole when it was read, or it is damaged: to be read again.
            at += HEADER_SIZE + int(length)
            self._sequence += 1
            self._offset = self._base + at

    def _read_frame(self, file: BinaryIO, segment: Segment, sequence: int) -> Frame:
        file.seek(self._offset)
        data = file.read(READ_BYTES)
        if len(data) < HEADER_SIZE:
            raise SequenceNotFound(f"{segment.path} ends before record {sequence}")
        length = int(HEADER.unpack_from(data)[0])
        if HEADER_SIZE < len(data) < HEADER_SIZE + length <= HEADER_SIZE + PAYLOAD_BYTES_MAX:
            data += file.read(HEADER_SIZE + length - len(data))
        frame = frame_at(data, 0, self._offset)
        if frame is None or frame.sequence != sequence:
            raise CorruptJournal(f"{segment.path} offset {self._offset}: record {sequence} is damaged")
        self._data, self._base = data, self._offset
        return frame


class Journal:
    """The journal as its one writer sees it; `append` and `sync` may run in a thread of their own."""

    def __init__(self, directory: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Lock the directory, making it if need be. Raise `JournalInUse` if another process writes it."""
        self.directory = directory
        make_directory(directory)
        self.segment_bytes = segment_bytes
        self.cut_bytes = 0
        """Bytes of a torn tail that opening cut off."""
        self.last_sequence = 0
        self.path: Path | None = None
        """The segment being written."""
        self.size = 0
        """Its size in bytes."""
        self._file = -1
        self._failed = False
        self._rolling = threading.Lock()
        """Held while a file is synced or exchanged for the next: `sync` may run beside `append`."""
        self._lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise JournalInUse(f"{directory}: another process is using this journal") from error
        except OSError as error:
            os.close(self._lock)
            raise JournalError(f"{directory}: cannot be locked: {error}") from error

    def open_at(self, sequence: int, path: Path | None, offset: int) -> None:
        """Be ready to append after record `sequence`, which ends at `offset` of segment `path`; cut what follows.

        Recovery, which reads every frame, knows all three; see `engine.recovery`.
        """
        self.last_sequence = sequence
        if path is None:
            return
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self.cut_bytes = os.fstat(self._file).st_size - offset
        assert self.cut_bytes >= 0, "recovery has read as far as that"
        if self.cut_bytes:
            os.ftruncate(self._file, offset)
            os.fsync(self._file)
        self.path, self.size = path, offset

    def append(self, frames: bytes, first_sequence: int, last_sequence: int) -> None:
        """Write frames in one go. They are durable after the next `sync`.

        An `OSError` leaves the journal unusable: what is on disk is known again only after recovery.
        """
        self._check_usable()
        try:
            if self._file < 0 or self.size >= self.segment_bytes:
                self._begin_segment(first_sequence)
            _write(self._file, frames)
        except OSError:
            self._failed = True
            raise
        self.size += len(frames)
        self.last_sequence = last_sequence

    def sync(self) -> None:
        """Return when all that was appended is on disk. An `OSError` leaves the journal unusable."""
        self._check_usable()
        with self._rolling:
            try:
                self._sync_file()
            except OSError:
                self._failed = True
                raise

    def close(self) -> None:
        """Sync and let go of the directory."""
        if self._lock < 0:
            return
        try:
            if not self._failed:
                self.sync()
        finally:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1
            os.close(self._lock)
            self._lock = -1

    def _check_usable(self) -> None:
        """After a failed sync the system may have dropped what it could not write: a later one proves nothing."""
        if self._failed:
            raise JournalError(f"{self.directory}: writing has failed before; the venue must be started again")

    def _sync_file(self) -> None:
        if self._file >= 0:
            os.fdatasync(self._file)

    def _begin_segment(self, first_sequence: int) -> None:
        """Go on in a new file. It gets its name when its beginning is durable: no crash leaves half a segment."""
        path = segment_path(self.directory, first_sequence)
        assert not path.exists(), "a record is written once"
        draft = path.with_suffix(".draft")
        file = os.open(draft, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with self._rolling:
            self._sync_file()
            if self._file >= 0:
                os.close(self._file)
            self._file = file
        _write(file, MAGIC)
        os.fsync(file)
        draft.rename(path)
        sync_directory(self.directory)
        self.path, self.size = path, len(MAGIC)


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = os.write(file, view)  # on its own: as part of the slice, mypyc would do it twice
        view = view[written:]


def make_directory(directory: Path) -> None:
    """Make a directory, and those above it, so that they are there after a power cut."""
    if not directory.is_dir():
        make_directory(directory.parent)
        directory.mkdir(exist_ok=True)
        sync_directory(directory.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
