"""The fuzzer: random commands over all that the engine can do, every promise checked after each.

python -m tests.engine.fuzz [--commands N] [--seed S]

After every command the invariants of the whole state hold. Now and then the state is put into a snapshot and taken out
again, and goes on from there. All is journaled; at the end the journal is replayed from its beginning, in one piece,
and must give the same events and the same state hash.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Final, TypeAlias

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from engine.commands import AnyCommand
from engine.events import AnyEvent, ListReported
from engine.exchange import Exchange
from engine.frames import encode_frame, encode_value
from engine.journal import Journal
from engine.recovery import JOURNAL, recover
from engine.snapshot import capture, restore, state_hash
from engine.state import FINISHED_ORDERS_KEPT
from tests.engine.followed_balances import FollowedBalances
from tests.engine.invariants import check_state
from tests.engine.public_book import Public
from tests.engine.tape import Tape, opening

BATCH: Final = 100
SNAPSHOT_EVERY: Final = 997
LATEST: Final = 50
"""So many of the finished orders are looked at after every command, and all of them before each snapshot."""

Seen: TypeAlias = Counter[type | int]
"""How often each kind of command and event, and each reason, has come."""


class Broken(AssertionError):
    """A promise was broken: by which command, and how."""


def fuzz(
    directory: Path, seed: int, length: int, watch: Callable[[Iterable[AnyCommand]], Iterable[AnyCommand]]
) -> Seen:
    """Put `length` commands through an exchange and its journal; `watch` may look on as they come."""
    exchange = Exchange()
    journal = Journal(directory / JOURNAL)
    public, balances = Public(), FollowedBalances()
    seen: Seen = Counter()
    tape = Tape(seed)
    frames: list[bytes] = []
    sequence = 0
    for command in watch(chain(opening(), islice(tape, length))):
        try:
            encode_value(command)
        except (OverflowError, UnicodeEncodeError):
            continue  # The sequencer refuses such commands.
        sequence += 1
        try:
            events = exchange.apply(command, tape.now_ns)
            public.follow(events)
            public.check(exchange.state)
            balances.follow(events)
            balances.check(exchange.state)
            check_state(exchange.state, FINISHED_ORDERS_KEPT if sequence % SNAPSHOT_EVERY == 0 else LATEST)
        except Exception as error:
            raise Broken(f"seed {seed}, record {sequence}: {command}") from error
        count(seen, command, events)
        frames.append(encode_frame(sequence, 0, encode_value((sequence, tape.now_ns, command, events))))
        if len(frames) == BATCH:
            journal.append(b"".join(frames), sequence - BATCH + 1, sequence)
            frames.clear()
        if sequence % SNAPSHOT_EVERY == 0:
            exchange = Exchange(restore(capture(exchange.state, sequence)))
    if frames:
        journal.append(b"".join(frames), sequence - len(frames) + 1, sequence)
    journal.close()
    replayed = recover(directory)
    if state_hash(replayed.exchange.state, sequence) != state_hash(exchange.state, sequence):
        raise Broken(f"seed {seed}: the replay ends in another state")
    return seen


def count(seen: Seen, command: AnyCommand, events: Iterable[AnyEvent]) -> None:
    """Count a command, its events and their reasons."""
    seen[type(command)] += 1
    for event in events:
        seen[type(event)] += 1
        for told in (event, *(event.orders if isinstance(event, ListReported) else ())):
            reason = getattr(told, "reason", 0)
            if reason:
                seen[reason] += 1


def main(commands: int = 1_000_000, seed: int = 1) -> None:
    """Fuzz the engine with random commands; say what came of them, or which command broke what."""
    console = Console()
    with tempfile.TemporaryDirectory() as directory:
        seen = fuzz(
            Path(directory), seed, commands, lambda tape: track(tape, f"seed {seed}", commands, console=console)
        )
    table = Table("what", "times", title=f"{commands:,} commands, seed {seed}: every promise kept")
    for what, times in sorted(seen.items(), key=lambda item: -item[1]):
        table.add_row(what.__name__ if isinstance(what, type) else f"{what!r}", f"{times:,}")
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
