"""`fondaco serve`: run the venue until told to stop."""

import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import structlog
import typer

from config.settings import Settings, load

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The venue's settings, a TOML file.")]
DataOption = Annotated[
    Path | None, typer.Option("--data", "-d", help="The venue's files; default: `data` in the settings.")
]


T = TypeVar("T")


def serve(config: ConfigOption, data: DataOption = None) -> None:
    """Run the venue until SIGINT or SIGTERM."""
    settings = load(config)
    log_to_stderr()
    run(_serve(settings, data or Path(settings.data)))


def log_to_stderr(level: int = logging.INFO) -> None:
    """Log one line per event to standard error: key=value, or JSON where it is not a terminal."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on uvloop where that is installed, else on asyncio's own loop."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


async def _serve(settings: Settings, data: Path) -> None:
    from fixgw.trading import Trading

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Trading.open(settings, data) as trading:
        waiting = {asyncio.create_task(stop.wait()), asyncio.create_task(trading.failed.wait())}
        _, rest = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
    if trading.failed.is_set():
        raise typer.Exit(1)
