"""`fondaco journal`: look into a journal, and check it."""

from collections import Counter
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backoffice.cli.numbers import ID_MAX
from backoffice.cli.shown import counted, fields_of, print_json, time_text
from backoffice.cli.tables import Form, JsonOption, show_fields, show_table

if TYPE_CHECKING:
    from engine.frames import Record
    from engine.recovery import Recovered

app = typer.Typer(help="Look into the venue's journal, and check it. The venue may be running.", no_args_is_help=True)

DataArgument = Annotated[Path, typer.Argument(metavar="DIRECTORY", help="The venue's data directory.")]


@app.command()
def verify(data: DataArgument, as_json: JsonOption = False) -> None:
    """Replay the whole journal, and check every frame and every event.

    Status 0 and the hash of the venue's state if all is well; else what is wrong and where, and status 1.
    """
    from backoffice.cli.directory import journal_in
    from backoffice.cli.replaying import progress_bar
    from engine.recovery import recover
    from engine.snapshot import state_hash

    reader = journal_in(data)
    with progress_bar(data) as progress:
        recovered = recover(data, use_snapshot=False, progress=progress)
    segments = reader.segments()
    size = sum(segment.path.stat().st_size for segment in segments)
    torn = _torn_bytes(recovered)
    digest = state_hash(recovered.exchange.state, recovered.sequence)
    if as_json:
        print_json(
            {
                "records": recovered.sequence,
                "segments": len(segments),
                "bytes": size,
                "torn_tail_bytes": torn,
                "state_hash": digest,
            }
        )
        return
    typer.echo(f"{recovered.sequence:,} records in {counted(len(segments), 'segment')}, {size:,} bytes")
    typer.echo("Every frame is whole, and every event is what replaying its command gives.")
    if torn:
        typer.echo(f"The last {torn:,} bytes are a torn tail, as a crash leaves it; the next start cuts them off.")
    typer.echo(f"state hash {digest}")


@app.command()
def dump(
    data: DataArgument,
    from_sequence: Annotated[int, typer.Option("--from", metavar="N", min=1, max=ID_MAX, help="First record.")] = 1,
    count: Annotated[
        int | None,
        typer.Option("--count", "-n", metavar="N", min=1, max=ID_MAX, help="How many records.", show_default="all"),
    ] = None,
) -> None:
    """Print records as JSON, one a line: sequence, time, command, events.

    Prices count the instrument's price increments, quantities its quantity increments, amounts the asset's smallest
    units: integers, as the venue reckons. Secrets are masked.
    """
    import sys

    import msgspec

    from backoffice.cli.directory import journal_in
    from backoffice.cli.failure import CommandFailed
    from engine.errors import SequenceNotFound

    encode = msgspec.json.Encoder().encode
    records = journal_in(data).records(from_sequence)
    none = f"{data}: there is no record {from_sequence}; `fondaco journal stat` tells how many there are"
    try:
        first = next(records, None)
    except SequenceNotFound as error:
        raise CommandFailed(none) from error
    if first is None:
        raise CommandFailed(none)
    for record in islice(chain((first,), records), count):
        sys.stdout.buffer.write(encode(_shown(record)) + b"\n")


@app.command()
def follow(
    data: DataArgument,
    from_sequence: Annotated[int, typer.Option("--from", metavar="N", min=1, max=ID_MAX, help="First record.")] = 1,
    count: Annotated[
        int | None,
        typer.Option("--count", "-n", metavar="N", min=1, max=ID_MAX, help="How many records.", show_default="no end"),
    ] = None,
) -> None:
    """Print records as `dump` does, and go on as the venue commits them, over restarts of the venue, until Ctrl-C."""
    import asyncio
    import sys

    import msgspec

    from backoffice.cli.directory import journal_in
    from engine.feed import follow as records_of

    journal_in(data)
    encode = msgspec.json.Encoder().encode
    if not (data / "feed.sock").is_socket():
        typer.echo("The venue is not running; its records will show when it is.", err=True)

    async def print_records() -> None:
        left = count
        async for record in records_of(data / "feed.sock", from_sequence, name="journal follow"):
            sys.stdout.buffer.write(encode(_shown(record)) + b"\n")
            sys.stdout.buffer.flush()
            if left is not None:
                left -= 1
                if not left:
                    return

    asyncio.run(print_records())


@app.command()
def stat(data: DataArgument, as_json: JsonOption = False) -> None:
    """Count what the journal holds."""
    from backoffice.cli.directory import journal_in

    reader = journal_in(data)
    commands: Counter[str] = Counter()
    events: Counter[str] = Counter()
    first = last = None
    for record in reader.records():
        first = first or record
        last = record
        commands[type(record.command).__name__] += 1
        events.update(type(event).__name__ for event in record.events)
    segments = reader.segments()
    summary = {
        "segments": len(segments),
        "bytes": sum(segment.path.stat().st_size for segment in segments),
        "records": last.sequence if last else 0,
        "first_time": time_text(first.time_ns) if first else None,
        "last_time": time_text(last.time_ns) if last else None,
    }
    if as_json:
        print_json({**summary, "commands": dict(commands), "events": dict(events)})
        return
    show_fields({name.replace("_", " "): value for name, value in summary.items()}, Form.PEOPLE)
    for title, counter in (("command", commands), ("event", events)):
        typer.echo()
        show_table((title, "count"), counter.most_common(), Form.PEOPLE)


def _torn_bytes(recovered: "Recovered") -> int:
    if recovered.last_segment is None:
        return 0
    return recovered.last_segment.stat().st_size - recovered.end_offset


def _shown(record: "Record") -> dict[str, Any]:
    return {
        "sequence": record.sequence,
        "time": time_text(record.time_ns),
        "command": fields_of(record.command),
        "events": [fields_of(event) for event in record.events],
    }
