"""Recovery: the latest snapshot, then the journal replayed, each event checked against the recorded one.

The same replay serves the start of the venue, `fondaco journal verify`, and the process that writes snapshots.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from engine.errors import CorruptJournal, JournalError, ReplayDiverged, SequenceNotFound, SnapshotError
from engine.events import AnyEvent
from engine.exchange import Exchange
from engine.frames import decode_raw_record, decode_record, encode_value
from engine.images import StateImage
from engine.journal import MAGIC, JournalReader
from engine.snapshot import read_snapshot, restore, snapshots, write_snapshot

JOURNAL = "journal"
SNAPSHOTS = "snapshots"
_PROGRESS_EVERY = 50_000


class Recovered:
    """A venue as its files tell it: the exchange, the last record applied, and where that record ends."""

    __slots__ = (
        "end_offset",
        "exchange",
        "last_segment",
        "reader",
        "replayed",
        "sequence",
        "snapshot_sequence",
        "unusable_snapshots",
    )

    def __init__(self, reader: JournalReader) -> None:
        self.reader = reader
        """Knows by now where in the segments the records lie."""
        self.exchange = Exchange()
        self.sequence = 0
        self.snapshot_sequence = 0
        self.replayed = 0
        self.last_segment: Path | None = None
        self.end_offset = len(MAGIC)
        """End of the last whole record in the last segment; a torn tail begins here."""
        self.unusable_snapshots: list[str] = []
        """Why snapshots were passed over, for the log."""


def recover(data: Path, *, use_snapshot: bool = True, progress: Callable[[int], None] | None = None) -> Recovered:
    """Rebuild the venue from the files under `data`.

    Raise `CorruptJournal` for damage, `ReplayDiverged` if a replayed command gave other events than are recorded.
    `progress` is told the sequence reached, now and then.
    """
    recovered = Recovered(JournalReader(data / JOURNAL))
    if use_snapshot:
        image = _latest_snapshot(data / SNAPSHOTS, recovered)
        if image is not None:
            recovered.exchange = Exchange(restore(image))
            recovered.sequence = recovered.snapshot_sequence = image.sequence
            _check_journal_reaches(recovered)
    replay(recovered, progress)
    segments = recovered.reader.segments()
    if segments:
        recovered.last_segment = segments[-1].path
        recovered.end_offset = segments[-1].offset_of(recovered.sequence + 1)
    return recovered


def replay(recovered: Recovered, progress: Callable[[int], None] | None = None) -> None:
    """Apply the records after `recovered.sequence` that the journal holds by now, and check what comes of each."""
    exchange = recovered.exchange
    reader = recovered.reader
    for frame in reader.frames(recovered.sequence + 1):
        sequence = frame.sequence
        try:
            apply_again(exchange, frame.payload)
        except msgspec.MsgspecError as error:
            segment = reader.known_segment_of(sequence)
            raise CorruptJournal(
                f"{segment.path} offset {frame.offset}: record {sequence} is not one that this version knows: {error}"
            ) from error
        recovered.sequence = sequence
        recovered.replayed += 1
        if progress is not None and recovered.replayed % _PROGRESS_EVERY == 0:
            progress(sequence)


def apply_again(exchange: Exchange, payload: bytes) -> tuple[int, list[AnyEvent]]:
    """Carry out the command of a record, and return its time and what came of it.

    Raise `ReplayDiverged` if that is not what the record holds, a `MsgspecError` if it cannot be decoded.
    """
    record = decode_raw_record(payload)
    events = exchange.apply(record.command, record.time_ns)
    if encode_value(events) != bytes(record.events):
        recorded = decode_record(payload).events
        if not _agree(events, recorded, [len(fields) for fields in msgspec.msgpack.decode(record.events)]):
            raise ReplayDiverged(
                f"record {record.sequence}: replaying {record.command!r} gave {events!r}, "
                f"the journal holds {recorded!r}"
            )
    return record.time_ns, events


def _agree(events: Sequence[AnyEvent], recorded: Sequence[AnyEvent], lengths: list[int]) -> bool:
    """Tell whether events are those that were recorded, maybe by an earlier version, which knew fewer fields of them.

    `lengths`: how many fields were written of each, its tag included.
    """
    return len(events) == len(recorded) and all(
        type(event) is type(then) and all(getattr(event, name) == getattr(then, name) for name in written)
        for event, then, written in zip(
            events,
            recorded,
            (event.__struct_fields__[: length - 1] for event, length in zip(recorded, lengths, strict=True)),
            strict=True,
        )
    )


def save_snapshot(data: Path, recovered: Recovered) -> Path:
    """Write a snapshot of what was recovered, so that the next recovery need not replay it.

    What was read from the journal may not be on disk yet; it is made durable first, as a snapshot ahead of its journal
    is of no use.
    """
    if recovered.sequence:
        descriptor = os.open(recovered.reader.segment_of(recovered.sequence).path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
    return write_snapshot(data / SNAPSHOTS, recovered.exchange.state, recovered.sequence)


def _latest_snapshot(directory: Path, recovered: Recovered) -> StateImage | None:
    for path in snapshots(directory):
        try:
            return read_snapshot(path)
        except SnapshotError as error:
            recovered.unusable_snapshots.append(str(error))
    return None


def _check_journal_reaches(recovered: Recovered) -> None:
    """Raise `CorruptJournal` if the journal ends before the snapshot does."""
    sequence = recovered.snapshot_sequence
    try:
        segment = recovered.reader.segment_of(sequence + 1)
        if segment.offset_of(sequence + 1) > segment.path.stat().st_size:
            raise SequenceNotFound(f"{segment.path} ends within record {sequence}")
    except JournalError as error:
        raise CorruptJournal(
            f"the latest snapshot holds the records up to {sequence}, but {recovered.reader.directory} does not: "
            f"{error}. Bring the missing part back from a copy or a standby. If it is lost, as the end of a relaxed "
            "journal may be after a power cut, move that snapshot away: the venue then starts without those records"
        ) from error
