"""`fondaco journal`: look into a journal, and check it."""

import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from engine.errors import JournalError
from engine.frames import Record
from engine.journal import JournalReader
from engine.recovery import JOURNAL, Recovered, recover
from engine.snapshot import state_hash

app = typer.Typer(help="Look into the venue's journal, and check it.", no_args_is_help=True)

DataArgument = Annotated[Path, typer.Argument(help="The venue's data directory.", exists=True, file_okay=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_SECRETS = ("password_hash",)


@app.command()
def verify(data: DataArgument, as_json: JsonOption = False) -> None:
    """Replay the whole journal from its first record and check every event and frame. Prints the state hash."""
    reader = _reader(data)
    segments = reader.segments()
    total_bytes = sum(segment.path.stat().st_size for segment in segments)
    console = Console(stderr=True)
    with Progress(
        TextColumn("replaying"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[record]} records"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as progress:
        task = progress.add_task("replay", total=_last_sequence(reader), record=0)
        recovered = recover(
            data,
            use_snapshot=False,
            progress=lambda sequence: progress.update(task, completed=sequence, record=sequence),
        )
    torn = _torn_bytes(recovered)
    digest = state_hash(recovered.exchange.state, recovered.sequence)
    if as_json:
        _print_json(
            {
                "records": recovered.sequence,
                "segments": len(segments),
                "bytes": total_bytes,
                "torn_tail_bytes": torn,
                "state_hash": digest,
            }
        )
        return
    Console().print(
        f"{recovered.sequence:,} records in {len(segments)} segments, {total_bytes:,} bytes: every frame is whole and "
        f"every replayed event equals the recorded one.\nstate hash {digest}",
        soft_wrap=True,
    )
    if torn:
        Console().print(f"The last {torn:,} bytes are a torn tail; the next start cuts them off.")


@app.command()
def dump(
    data: DataArgument,
    from_sequence: Annotated[int, typer.Option("--from", min=1, help="First record.")] = 1,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many records.")] = 2**62,
) -> None:
    """Print records as JSON, one a line: sequence, time, command, events. Secrets are masked."""
    for record in _reader(data).records(from_sequence):
        if record.sequence >= from_sequence + count:
            break
        sys.stdout.write(json.dumps(_shown(record)) + "\n")


@app.command()
def stat(data: DataArgument, as_json: JsonOption = False) -> None:
    """Count what the journal holds."""
    reader = _reader(data)
    segments = reader.segments()
    commands: Counter[str] = Counter()
    events: Counter[str] = Counter()
    first = last = None
    for record in reader.records():
        first = first or record
        last = record
        commands[type(record.command).__name__] += 1
        events.update(type(event).__name__ for event in record.events)
    summary = {
        "segments": len(segments),
        "bytes": sum(segment.path.stat().st_size for segment in segments),
        "records": last.sequence if last else 0,
        "first_time": _time(first.time_ns) if first else None,
        "last_time": _time(last.time_ns) if last else None,
    }
    if as_json:
        _print_json({**summary, "commands": dict(commands), "events": dict(events)})
        return
    console = Console()
    for name, value in summary.items():
        console.print(f"{name.replace('_', ' '):12} {value:,}" if isinstance(value, int) else f"{name:12} {value}")
    for title, counter in (("command", commands), ("event", events)):
        table = Table(title, "count")
        table.columns[1].justify = "right"
        for name, number in counter.most_common():
            table.add_row(name, f"{number:,}")
        console.print(table)


def _reader(data: Path) -> JournalReader:
    directory = data / JOURNAL
    if not directory.is_dir():
        raise JournalError(f"{data}: no journal here (looked for {directory})")
    return JournalReader(directory)


def _last_sequence(reader: JournalReader) -> int | None:
    """Return the last record's sequence, for the progress bar; None if only replay can tell."""
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


def _torn_bytes(recovered: Recovered) -> int:
    if recovered.last_segment is None:
        return 0
    return recovered.last_segment.stat().st_size - recovered.end_offset


def _shown(record: Record) -> dict[str, Any]:
    return {
        "sequence": record.sequence,
        "time": _time(record.time_ns),
        "command": _fields(record.command),
        "events": [_fields(event) for event in record.events],
    }


def _fields(struct: msgspec.Struct) -> dict[str, Any]:
    values = {field: getattr(struct, field) for field in struct.__struct_fields__}
    for secret in _SECRETS:
        if secret in values:
            values[secret] = "***"
    return {"type": type(struct).__name__, **values}


def _time(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
