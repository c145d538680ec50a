"""Recovery: the latest snapshot, then the journal replayed, each event checked against the recorded one.

The same replay serves the start of the venue, `fondaco journal verify`, and the process that writes snapshots.
"""

from collections.abc import Callable
from pathlib import Path

from engine.errors import CorruptJournal, ReplayDiverged, SnapshotError
from engine.exchange import Exchange
from engine.frames import decode_raw_record, decode_record, encode_value
from engine.journal import MAGIC, JournalReader
from engine.snapshot import StateImage, read_snapshot, restore, snapshots

JOURNAL = "journal"
SNAPSHOTS = "snapshots"
_PROGRESS_EVERY = 50_000


class Recovered:
    """A venue as its files tell it: the exchange, the last record applied, and where that record ends."""

    __slots__ = (
        "end_offset",
        "exchange",
        "last_segment",
        "replayed",
        "sequence",
        "snapshot_sequence",
        "unusable_snapshots",
    )

    def __init__(self) -> None:
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
    recovered = Recovered()
    if use_snapshot:
        image = _latest_snapshot(data / SNAPSHOTS, recovered)
        if image is not None:
            recovered.exchange = Exchange(restore(image))
            recovered.sequence = recovered.snapshot_sequence = image.sequence
    reader = JournalReader(data / JOURNAL)
    replay(reader, recovered, progress)
    segments = reader.segments()
    if recovered.snapshot_sequence and not segments:
        raise CorruptJournal(f"{reader.directory}: a snapshot is there, but the journal is gone")
    if segments:
        recovered.last_segment = segments[-1].path
        if not recovered.replayed or segments[-1].first_sequence > recovered.sequence:
            recovered.end_offset = segments[-1].offset_of(recovered.sequence + 1)
    return recovered


def replay(reader: JournalReader, recovered: Recovered, progress: Callable[[int], None] | None = None) -> None:
    """Apply the records after `recovered.sequence`, and check what comes of each."""
    apply = recovered.exchange.apply
    sequence = recovered.sequence
    for frame in reader.frames(sequence + 1):
        record = decode_raw_record(frame.payload)
        events = apply(record.command, record.time_ns)
        sequence = frame.sequence
        if encode_value(events) != bytes(record.events):
            recorded = decode_record(frame.payload).events
            raise ReplayDiverged(
                f"record {sequence}: replaying {record.command!r} gave {events!r}, the journal holds {recorded!r}"
            )
        recovered.end_offset = frame.end
        recovered.replayed += 1
        if progress is not None and recovered.replayed % _PROGRESS_EVERY == 0:
            progress(sequence)
    recovered.sequence = sequence


def _latest_snapshot(directory: Path, recovered: Recovered) -> StateImage | None:
    for path in snapshots(directory):
        try:
            return read_snapshot(path)
        except SnapshotError as error:
            recovered.unusable_snapshots.append(str(error))
    return None
