"""How far a replay has got: a bar on a terminal, nothing elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import JournalError
from engine.journal import JournalReader
from engine.recovery import JOURNAL


@contextmanager
def progress_bar(data: Path) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error while the block runs; give what must be told the sequence reached."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with Progress(
        TextColumn("replaying the journal"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,} records"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task("replay", total=last_sequence(JournalReader(data / JOURNAL)))
        yield lambda sequence: progress.update(task, completed=sequence)


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
