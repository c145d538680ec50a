"""`fondaco serve`: run the venue until told to stop."""

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import asyncio

    from config.settings import Settings

ConfigOption = Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The venue's settings, in TOML.")]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", "-d", metavar="DIRECTORY", help="The venue's files.", show_default="the settings' own, `data`"
    ),
]
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(config: ConfigOption, data: DataOption = None) -> None:
    """Run the venue until SIGINT or SIGTERM.

    The first start creates what the settings name: assets, instruments, accounts with their deposits, sessions. Later
    starts recover from the journal in the data directory, and add what is new in the settings.

    Logs go to standard error: readable on a terminal, else one JSON object a line.
    """
    from backoffice.cli.directory import made
    from backoffice.cli.logs import log_to_stderr
    from backoffice.cli.loop import run
    from config.settings import load

    settings = load(config)
    log_to_stderr()
    run(_serve(settings, made(data or Path(settings.data))))


async def _serve(settings: "Settings", data: Path) -> None:
    import asyncio

    import structlog

    from backoffice.cli.replaying import progress_bar
    from engine.journal import JournalReader
    from engine.recovery import JOURNAL
    from fixgw.trading import Trading

    log = structlog.get_logger("serve")
    interruption = _Interruption()
    with progress_bar(data) as progress:
        size = sum(segment.path.stat().st_size for segment in JournalReader(data / JOURNAL).segments())
        if size:
            log.info("recovering from the journal", data=str(data), journal_bytes=size)

        def recovering(sequence: int) -> None:
            progress(sequence)
            if interruption.requested:
                log.info("stopped while recovering", sequence=sequence)
                raise typer.Exit

        venue = Trading.open(settings, data, recovering)
        trading = await venue.__aenter__()
    try:
        stop = interruption.event()
        waiting = {asyncio.create_task(stop.wait()), asyncio.create_task(trading.failed.wait())}
        _, rest = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
    finally:
        await venue.__aexit__(*sys.exc_info())
    if trading.failed.is_set():
        raise typer.Exit(1)


class _Interruption:
    """SIGINT and SIGTERM: asked for while recovery keeps the loop busy, waited for afterwards."""

    def __init__(self) -> None:
        self.requested = False
        for number in _SIGNALS:
            signal.signal(number, self._request)

    def event(self) -> "asyncio.Event":
        """Return the event that a signal sets from now on; it is set already if one has come."""
        import asyncio

        stop = asyncio.Event()
        for number in _SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        if self.requested:
            stop.set()
        return stop

    def _request(self, _number: int, _frame: object) -> None:
        self.requested = True
