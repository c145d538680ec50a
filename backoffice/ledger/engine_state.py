"""The engine's state at a record, as the journal gives it: what the books are proved against."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.errors import SequenceNotFound, SnapshotError
from engine.exchange import Exchange
from engine.journal import JournalReader
from engine.recovery import JOURNAL, SNAPSHOTS, apply_again
from engine.snapshot import read_snapshot, restore, snapshots
from engine.state import State

_PROGRESS_EVERY: Final = 10_000


def state_at(data: Path, sequence: int, *, progress: Callable[[int], None] | None = None) -> State:
    """Replay the journal of a data directory through a record, from the latest snapshot before it or from the first.

    Raise a `JournalError` if the journal does not hold it, `ReplayDiverged` if it gives other events than are recorded.
    """
    exchange, reached = Exchange(), 0
    for path in snapshots(data / SNAPSHOTS):
        try:
            image = read_snapshot(path)
        except SnapshotError:
            continue  # An older one, or the journal itself, serves as well.
        if image.sequence <= sequence:
            exchange, reached = Exchange(restore(image)), image.sequence
            break
    for frame in JournalReader(data / JOURNAL).frames(reached + 1):
        if frame.sequence > sequence:
            break
        apply_again(exchange, frame.payload)
        reached = frame.sequence
        if progress is not None and reached % _PROGRESS_EVERY == 0:
            progress(reached)
    if reached < sequence:
        raise SequenceNotFound(f"{data / JOURNAL} ends with record {reached}; the books are at record {sequence}")
    return exchange.state
