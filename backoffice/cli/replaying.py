"""How far a replay of the journal has got."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from backoffice.cli.progress import bar
from engine.errors import JournalError
from engine.journal import JournalReader
from engine.recovery import JOURNAL


@contextmanager
def progress_bar(data: Path) -> Iterator[Callable[[int], None]]:
    """Show a bar while the block runs; give what must be told the sequence reached."""
    with bar("replaying the journal", "records", last_sequence(JournalReader(data / JOURNAL))) as done:
        yield done


def last_sequence(reader: JournalReader) -> int | None:
    """Return the last record's sequence; None if there is none, or only a replay can tell."""
    segments = reader.segments()
    if not segments:
        return None
    last = segments[-1].first_sequence - 1
    try:
        for frame in reader.frames(segments[-1].first_sequence):
            last = frame.sequence
    except JournalError:
        return None
    return last
