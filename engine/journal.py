"""The journal on disk: segment files of frames, appended to by one process, read by any.

A segment is named by the sequence of its first record (`00000000000000000001.journal`) and begins with `MAGIC`. A
crash may leave a torn tail, and only in the last segment: opening for writing cuts it off at the last whole frame.
Damage anywhere else stops the start with an error that names segment and offset.
"""

import bisect
import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from engine.errors import CorruptJournal, JournalError, JournalInUse, SequenceNotFound
from engine.frames import HEADER, HEADER_SIZE, Frame, Record, decode_record, find_frame_after, frame_at

MAGIC: Final = b"FONDACO JOURNAL 1\n"
SUFFIX: Final = ".journal"
SEGMENT_BYTES: Final = 64 * 1024 * 1024
READ_BYTES: Final = 4 * 1024 * 1024
STRIDE: Final = 256
"""Every how many records a segment's offsets are remembered."""


class Segment:
    """One segment file, with the offsets of every `STRIDE`th record for quick access."""

    __slots__ = ("first_sequence", "offsets", "path")

    def __init__(self, path: Path, first_sequence: int) -> None:
        self.path = path
        self.first_sequence = first_sequence
        self.offsets = [len(MAGIC)]

    def note(self, sequence: int, offset: int) -> None:
        """Remember, if it is one to remember, where a record begins."""
        if sequence - self.first_sequence == len(self.offsets) * STRIDE:
            self.offsets.append(offset)

    def offset_of(self, sequence: int) -> int:
        """Return where the record begins, or the end of the file if it is the one to come after the last.

        Raise `SequenceNotFound` if the segment ends before that.
        """
        at = min((sequence - self.first_sequence) // STRIDE, len(self.offsets) - 1)
        offset, current = self.offsets[at], self.first_sequence + at * STRIDE
        with self.path.open("rb") as file:
            while current < sequence:
                file.seek(offset)
                header = file.read(HEADER_SIZE)
                if len(header) < HEADER_SIZE:
                    raise SequenceNotFound(f"{self.path} ends before record {sequence}")
                offset += HEADER_SIZE + HEADER.unpack(header)[0]
                current += 1
                self.note(current, offset)
        return offset

    def frames(self, offset: int, *, is_last: bool) -> Iterator[Frame]:
        """Yield the whole frames from `offset` on.

        Raise `CorruptJournal` if bytes remain that are no torn tail (see `engine.frames`).
        """
        rest = b""
        sequence = 0
        with self.path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise CorruptJournal(f"{self.path} offset 0: not a journal segment of this version")
            file.seek(offset)
            while chunk := file.read(READ_BYTES):
                rest += chunk
                at = 0
                while (frame := frame_at(rest, at, offset)) is not None:
                    sequence = frame.sequence
                    yield frame
                    at += HEADER_SIZE + len(frame.payload)
                rest = rest[at:]
                offset += at
        if rest:
            later = find_frame_after(rest, sequence or self.first_sequence - 1)
            if not is_last or (later is not None and later.durable > sequence):
                raise CorruptJournal(
                    f"{self.path} offset {offset}: the record after {sequence} is damaged, and later ones are there; "
                    "restore the file from a copy"
                )


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
        at = bisect.bisect_right(segments, sequence, key=lambda segment: segment.first_sequence) - 1
        if at < 0:
            raise SequenceNotFound(f"{self.directory} holds no record {sequence}")
        return segments[at]

    def frames(self, from_sequence: int = 1) -> Iterator[Frame]:
        """Yield the frames from `from_sequence` on, in order, to the last whole one.

        Raise `CorruptJournal` where a record is damaged or missing though later ones are there.
        """
        segments = self.segments()
        if not segments:
            return
        first = self.segment_of(from_sequence)
        expected = from_sequence
        for segment in segments[segments.index(first) :]:
            if segment is not first and segment.first_sequence != expected:
                raise CorruptJournal(
                    f"{segment.path} offset 0: begins with record {segment.first_sequence}, not {expected}"
                )
            offset = segment.offset_of(expected)
            for frame in segment.frames(offset, is_last=segment is segments[-1]):
                if frame.sequence != expected:
                    raise CorruptJournal(
                        f"{segment.path} offset {frame.offset}: holds record {frame.sequence}, not {expected}"
                    )
                segment.note(expected, frame.offset)
                yield frame
                expected += 1

    def records(self, from_sequence: int = 1) -> Iterator[Record]:
        """Yield the decoded records from `from_sequence` on."""
        for frame in self.frames(from_sequence):
            yield decode_record(frame.payload)

    def records_at(self, sequences: Iterable[int]) -> Iterator[Record]:
        """Yield the records of these sequences, which ascend. Raise `SequenceNotFound` or `CorruptJournal`."""
        for sequence in sequences:
            segment = self.segment_of(sequence)
            offset = segment.offset_of(sequence)
            with segment.path.open("rb") as file:
                file.seek(offset)
                header = file.read(HEADER_SIZE)
                length = HEADER.unpack(header)[0] if len(header) == HEADER_SIZE else 0
                frame = frame_at(header + file.read(length), 0, offset)
            if frame is None or frame.sequence != sequence:
                raise CorruptJournal(f"{segment.path} offset {offset}: record {sequence} is damaged")
            yield decode_record(frame.payload)


class Journal:
    """The journal as its one writer sees it; `append` and `sync` may run in a thread of their own."""

    def __init__(self, directory: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Lock the directory, making it if need be. Raise `JournalInUse` if another process writes it."""
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.segment_bytes = segment_bytes
        self.cut_bytes = 0
        """Bytes of a torn tail that opening cut off."""
        self.last_sequence = 0
        self.path: Path | None = None
        """The segment being written."""
        self.size = 0
        """Its size in bytes."""
        self._file = -1
        self._lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise JournalInUse(f"{directory}: another process is using this journal") from error

    def open_at(self, sequence: int, path: Path | None, offset: int) -> None:
        """Be ready to append after record `sequence`, which ends at `offset` of segment `path`; cut what follows.

        Recovery, which reads every frame, knows all three; see `engine.recovery`.
        """
        self.last_sequence = sequence
        if path is None:
            return
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self.cut_bytes = os.fstat(self._file).st_size - offset
        if self.cut_bytes:
            os.ftruncate(self._file, offset)
            os.fsync(self._file)
        self.path, self.size = path, offset

    def append(self, frames: bytes, first_sequence: int, last_sequence: int) -> None:
        """Write frames in one go. They are durable after the next `sync`. An `OSError` leaves the journal unusable."""
        if self._file < 0 or self.size >= self.segment_bytes:
            self._begin_segment(first_sequence)
        view = memoryview(frames)
        while view:
            written = os.write(self._file, view)
            view = view[written:]
        self.size += len(frames)
        self.last_sequence = last_sequence

    def sync(self) -> None:
        """Return when all that was appended is on disk."""
        if self._file >= 0:
            os.fdatasync(self._file)

    def close(self) -> None:
        """Sync and let go of the directory."""
        if self._file >= 0:
            os.fdatasync(self._file)
            os.close(self._file)
            self._file = -1
        os.close(self._lock)

    def _begin_segment(self, first_sequence: int) -> None:
        if self._file >= 0:
            os.fdatasync(self._file)
            os.close(self._file)
        path = self.directory / f"{first_sequence:020d}{SUFFIX}"
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.write(self._file, MAGIC)
        os.fsync(self._file)
        sync_directory(self.directory)
        self.path, self.size = path, len(MAGIC)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
