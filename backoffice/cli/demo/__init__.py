"""`fondaco demo`: a venue, brokers that trade on it over FIX, and proof that it all adds up."""

import contextlib
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.numbers import ID_MAX

if TYPE_CHECKING:
    from rich.console import Console

SecondsOption = Annotated[
    int, typer.Option("--seconds", "-s", metavar="N", min=1, max=3_600, help="How long the brokers trade.")
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        "-d",
        metavar="DIRECTORY",
        help="Keep the venue's data in this directory, which must be new or empty.",
    ),
]
SeedOption = Annotated[
    int, typer.Option("--seed", metavar="N", min=0, max=ID_MAX, help="Another seed, another market.")
]


def demo(seconds: SecondsOption = 10, data: DataOption = None, seed: SeedOption = 1) -> None:
    """Open a venue with sample brokers on this machine and trade over FIX.

    The venue runs for itself (`fondaco serve`, on free ports of 127.0.0.1, with fresh data). Two of its staff take
    eight brokers in, each decision made by both, and the brokers fund their accounts over the sandbox rail. They log on
    over FIX 4.4, hold an opening auction, quote and trade all six instruments, now and then with stops, icebergs, pegs,
    lists and other kinds of orders; one is suspended for a while. Then they are paid out and log out.

    At the end the demo prints the trade blotter, the balances and what it measured, what staff did, deposits and
    withdrawals, a statement and the trial balance, and checks them against the venue's journal and each other: status 0
    says that everything adds up.
    """
    import asyncio
    from tempfile import TemporaryDirectory

    from rich.console import Console

    from backoffice.cli.demo.course import Course
    from backoffice.cli.loop import run

    with contextlib.ExitStack() as stack:
        if data is None:
            directory = Path(stack.enter_context(TemporaryDirectory(prefix="fondaco-demo-")))
        else:
            directory = _fresh(data)
        console = Console()
        course = Course(console, seconds, seed, directory)
        try:
            run(course.trade())
        except asyncio.CancelledError:
            sys.stderr.write("fondaco: interrupted\n")
            raise typer.Exit(130) from None
        run(course.conclude())
        if data is not None:
            _tell_of(console, data, course.codes)


def _fresh(data: Path) -> Path:
    """Return the directory, made if need be. Raise `CommandFailed` if there is anything in it."""
    from backoffice.cli.directory import made
    from backoffice.cli.failure import CommandFailed

    directory = made(data)
    if any(directory.iterdir()):
        raise CommandFailed(f"{data}: is not empty, and the demo starts on fresh data; name a new directory")
    return directory


def _tell_of(console: "Console", data: Path, codes: dict[str, str]) -> None:
    from backoffice.cli.demo.venue import SETTINGS

    console.print()
    console.print(f"The venue's data is in {data}. To go on from here:", highlight=False, soft_wrap=True)
    venue, today = f"--config {data / SETTINGS}", datetime.now(UTC)
    for command in (
        f"fondaco journal stat {data}",
        f"fondaco journal verify {data}",
        f"fondaco journal dump {data} | head",
        f"fondaco client list {venue}",
        f"fondaco report statement --client C-2 --period {today:%Y} {venue}",
        f"fondaco books verify {venue}",
        f"fondaco serve {venue}",
    ):
        console.print(f"  {command}", highlight=False, soft_wrap=True)
    if "mira" not in codes:
        console.print("To the back office you are mira.")
    for name, code in codes.items():
        line = f"`fondaco staff password {name} {venue}` asks for the code {code}; then act --as {name}."
        console.print(line, highlight=False, soft_wrap=True)
