"""The guided fuzzer: whatever comes in from the network, against codec, session and order entry.

python -m tests.fuzz [--seconds N] [--seed S] [TARGET…]

Where `tests.engine.fuzz` plays commands that are drawn at random, this one is led by the code that its inputs reach. An
input that breaks a promise is printed as a line for `tests/fuzz/found.py`, which keeps it from coming back.
"""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.fuzz.guidance import fuzz
from tests.fuzz.targets import TARGETS


def main(
    targets: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(TARGETS)}; all unless given.")] = None,
    seconds: float = 100,
    seed: int = 0,
) -> None:
    """Fuzz each target for so many seconds; say how far that came, or which input broke what."""
    console = Console()
    table = Table("target", "inputs", "edges reached", "memory, MiB", title="Every promise kept")
    for target in targets or TARGETS:
        with tempfile.TemporaryDirectory() as directory, console.status(f"{target}, {seconds:g} s"):
            outcome = fuzz(target, seconds, Path(directory), seed)
        if outcome.failing is not None:
            console.print(outcome.report(target), markup=False, highlight=False, soft_wrap=True)
            raise typer.Exit(1)
        table.add_row(target, f"{outcome.inputs:,}", f"{outcome.edges:,}", f"{outcome.memory_mib:,}")
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
