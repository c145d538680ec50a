"""`fondaco serve`: run the venue, or one process of it, until told to stop.

The whole venue is the trading process, which also starts the others and starts them again if they die.
"""

import os
import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.failure import CommandFailed
from backoffice.cli.venue.request import ConfigOption, DataOption

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable

    from config.settings import Settings

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Process(StrEnum):
    """What can be run."""

    VENUE = "venue"
    TRADING = "trading"
    MARKET_DATA = "marketdata"
    BACK_OFFICE = "backoffice"


ProcessArgument = Annotated[Process, typer.Argument(help="The whole venue, or one process of it.")]
SupervisedOption = Annotated[
    bool, typer.Option("--supervised", hidden=True, help="Stop when standard input ends, as its other end is gone.")
]


def serve(
    config: ConfigOption,
    process: ProcessArgument = Process.VENUE,
    data: DataOption = None,
    supervised: SupervisedOption = False,
) -> None:
    """Run the venue until SIGINT or SIGTERM.

    It consists of the process *trading*, and of *marketdata* and *backoffice* if the settings have a table of that
    name. The venue runs them all, and starts those two again if they die; each can be run for itself too. Market data
    follows the feed in the data directory, or, with a table `remote` in the settings, that of a venue on another host;
    it keeps files of its own in its data directory. Several may run, on other ports or hosts, which their settings
    name; one back office at a time keeps a database.

    The first start creates what the settings name: assets, instruments, accounts with their deposits, sessions. Later
    starts recover from the journal in the data directory, and add what is new in the settings.

    Logs go to standard error: readable on a terminal, else one JSON object a line.
    """
    from backoffice.cli.directory import made
    from backoffice.cli.logs import log_to_stderr
    from backoffice.cli.loop import run
    from config.reading import load

    settings = load(config)
    log_to_stderr()
    directory = made(data or Path(settings.data))
    if process is Process.MARKET_DATA:
        run(_serve_market_data(settings, directory, supervised))
        return
    if process is Process.BACK_OFFICE:
        run(_serve_back_office(settings, directory, supervised))
        return
    if settings.remote is not None:
        raise CommandFailed(
            "the settings have a table remote: the venue is elsewhere; here run `serve marketdata` or `backoffice`"
        )
    beside: dict[str, tuple[str, ...]] = {}
    if process is Process.VENUE:
        wanted = {Process.MARKET_DATA: settings.market_data is not None, Process.BACK_OFFICE: settings.back_office.runs}
        command = ("serve", "--config", str(config), "--data", str(directory), "--supervised")
        beside = {each: (*command, each) for each, is_wanted in wanted.items() if is_wanted}
    run(_serve(settings, directory, beside))


async def _serve_market_data(settings: "Settings", data: Path, supervised: bool) -> None:
    """Run the market-data process."""
    import asyncio
    from contextlib import AsyncExitStack

    from fixgw.market_data import MarketData

    if settings.market_data is None:
        raise CommandFailed("the settings have no table market_data; add [market_data] with host and port")
    stop = _Interruption().event()
    if supervised:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _stop_at_end, stop)
    async with AsyncExitStack() as stack:
        opening = asyncio.create_task(stack.enter_async_context(MarketData.open(settings, data)))
        await _first(opening, stop.wait())
        if not opening.done():
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
            return
        market_data = opening.result()
        await _first(stop.wait(), market_data.failed.wait())
    if market_data.failed.is_set():
        raise typer.Exit(1)


async def _serve_back_office(settings: "Settings", data: Path, supervised: bool) -> None:
    """Run the back office."""
    import asyncio

    from backoffice.control import VenueControl
    from backoffice.office import Venue, work
    from fixgw.sources import check_files, control_of, feed_of

    check_files(settings)
    stop = _Interruption().event()
    if supervised:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _stop_at_end, stop)
    venue = Venue(data, feed_of(settings, data), VenueControl(control_of(settings, data)))
    await work(settings, venue, stop)


async def _serve(settings: "Settings", data: Path, beside: dict[str, tuple[str, ...]]) -> None:
    """Run the trading process, and keep others running `beside` it."""
    import asyncio

    import structlog

    from backoffice.cli.replaying import progress_bar
    from backoffice.cli.supervised import keep_running
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
    keeping = [asyncio.create_task(keep_running(each, command)) for each, command in beside.items()]
    try:
        await _first(interruption.event().wait(), trading.failed.wait())
    finally:
        for task in keeping:
            task.cancel()
        try:
            await venue.__aexit__(*sys.exc_info())
        finally:
            await asyncio.gather(*keeping, return_exceptions=True)
    if trading.failed.is_set():
        raise typer.Exit(1)


async def _first(*awaited: "Awaitable[object]") -> None:
    """Return when one of these is done; the others are given up if they are no tasks."""
    import asyncio

    tasks = {asyncio.ensure_future(each) for each in awaited}
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks.difference(awaited):
        task.cancel()


def _stop_at_end(stop: "asyncio.Event") -> None:
    """Stop if standard input has ended."""
    import asyncio

    if not os.read(sys.stdin.fileno(), 1024):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


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
