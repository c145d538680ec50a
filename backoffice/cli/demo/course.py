"""The course of a demo: the venue starts, brokers log on and trade, all of it is brought to an end, and audited."""

import asyncio
import gc
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console

from backoffice.cli.demo import audit, closing
from backoffice.cli.demo.broker import Broker, Tape
from backoffice.cli.demo.flow import Flow
from backoffice.cli.demo.market import Market
from backoffice.cli.demo.opening import hold_auction
from backoffice.cli.demo.progress import progress
from backoffice.cli.demo.snapshot import Photographer
from backoffice.cli.demo.venue import HOST, VenueProcess
from backoffice.cli.failure import CommandFailed
from engine.decimals import parse_decimal
from fixgw.initiator import LogonRefusedError

PASSWORD: Final = "sandbox-only"  # noqa: S105 - the sandbox's, and public
_PULSE_S: Final = 0.001
_PULSES_LATE_MAX: Final = 50
"""What is later than that is left out, not caught up with."""
_PULSES_BETWEEN_CHECKS: Final = 50
_ANSWERS_S_MAX: Final = 20.0
_POLL_S: Final = 0.005


class Course:
    """One run. Raise `CommandFailed` from any step that cannot be done."""

    def __init__(self, console: Console, seconds: int, seed: int, directory: Path) -> None:
        self.console = console
        self.seconds = seconds
        self.seed = seed
        self.directory = directory
        self.interrupted = False
        self.brokers: list[Broker] = []
        self.measured = closing.Measured(0, 0, 0)
        self._begun_ns = time.perf_counter_ns()
        self._stop = asyncio.Event()

    async def trade(self) -> None:
        """Run the venue and the brokers, from start to stop."""
        with self._signals():
            async with VenueProcess(self.directory) as venue:
                try:
                    await self._trade(venue)
                except (OSError, LogonRefusedError) as error:
                    venue.check()
                    raise CommandFailed(
                        f"a broker cannot reach the venue: {str(error) or 'no answer in time'}"
                    ) from error
                await venue.stop()

    def conclude(self) -> None:
        """Read the journal back, print what there is to know, and raise `CommandFailed` if it does not add up."""
        with self.console.status("reading the journal back"):
            found = audit.read(self.directory, lambda _: None)
        closing.show(self.console, found, self.brokers, self.measured)
        differences = audit.differences(found, self.brokers)
        self.console.print()
        if differences:
            for difference in differences:
                self.console.print(f"[red]✗[/] {difference}", highlight=False, soft_wrap=True)
            raise CommandFailed(f"{len(differences)} things do not add up: {differences[0]}")
        reports = sum(broker.reports for broker in self.brokers)
        balances = sum(len(broker.balances) for broker in self.brokers)
        for line in (
            "Every asset adds up: accounts and fees together are what was deposited.",
            f"{balances} balances in the journal are what the brokers make of their {reports:,} reports.",
            f"{found.records:,} journal records, replayed from the first, gave every event again.",
        ):
            self.console.print(f"[bold green]✓[/] {line}", highlight=False)

    async def _trade(self, venue: VenueProcess) -> None:
        console = self.console
        with console.status("starting the venue"):
            await venue.wait_until_up()
        console.print(f"The venue is up: fondaco serve, process {venue.pid}, {HOST}:{venue.port}", highlight=False)
        market = Market(venue.settings, self.seed)
        tape = Tape(market.instruments)
        self.brokers = _brokers(venue, market, tape)
        with console.status("logging on"):
            await asyncio.gather(*(broker.session.log_on(HOST, venue.port) for broker in self.brokers))
        tenths = (time.perf_counter_ns() - self._begun_ns) // 100_000_000
        opening = await hold_auction(self.brokers, market, self.directory, lambda: self._all_answered(venue))
        for line in (
            f"{len(self.brokers)} brokers have logged on over FIX 4.4, {tenths // 10}.{tenths % 10} s after the start.",
            opening,
            f"They trade for {self.seconds} s, by seed {self.seed}; Ctrl-C ends it early.",
        ):
            console.print(line, highlight=False)
        gc.collect()
        gc.freeze()
        title = f"{len(self.brokers)} brokers on {HOST}:{venue.port}, seed {self.seed}"
        photographer = Photographer(self.brokers, tape, market)
        async with progress(console, photographer, self.seconds, title):
            await self._run_market(Flow(self.brokers, market, self.seed), venue)
            for broker in self.brokers:
                broker.cancel_all()
            await self._all_answered(venue)
        async with asyncio.timeout(_ANSWERS_S_MAX):
            for broker in self.brokers:
                await broker.session.log_out()

    async def _run_market(self, flow: Flow, venue: VenueProcess) -> None:
        loop = asyncio.get_running_loop()
        begun_ns = time.perf_counter_ns()
        next_at = loop.time()
        end_at = next_at + self.seconds
        turns = 0
        while not self._stop.is_set() and loop.time() < end_at:
            flow.pulse()
            turns += 1
            if turns % _PULSES_BETWEEN_CHECKS == 0:
                await self._check(venue)
            now = loop.time()
            next_at = max(next_at + _PULSE_S, now - _PULSES_LATE_MAX * _PULSE_S)
            await asyncio.sleep(max(0.0, next_at - now))
        await self._all_answered(venue)
        elapsed_ns = time.perf_counter_ns() - begun_ns
        self.measured = closing.Measured(
            elapsed_ns,
            sum(broker.sent for broker in self.brokers),
            sum(broker.reports for broker in self.brokers),
        )

    async def _all_answered(self, venue: VenueProcess) -> None:
        deadline = asyncio.get_running_loop().time() + _ANSWERS_S_MAX
        while any(broker.unanswered for broker in self.brokers):
            await self._check(venue)
            if asyncio.get_running_loop().time() > deadline:
                waiting = sum(len(broker.unanswered) for broker in self.brokers)
                raise CommandFailed(f"{waiting} requests have had no answer for {_ANSWERS_S_MAX:.0f} s")
            await asyncio.sleep(_POLL_S)

    async def _check(self, venue: VenueProcess) -> None:
        """Raise `CommandFailed` if the venue or a broker is not well."""
        try:
            for broker in self.brokers:
                broker.check()
        except CommandFailed:
            await asyncio.sleep(_POLL_S)  # A venue that has ended cuts its brokers off before its status is known.
            venue.check()
            raise

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Let the first signal end the trading early, the second everything."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"

        def interrupt() -> None:
            if self.interrupted:
                task.cancel()
            self.interrupted = True
            self._stop.set()

        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for number in numbers:
            loop.add_signal_handler(number, interrupt)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)


def _brokers(venue: VenueProcess, market: Market, tape: Tape) -> list[Broker]:
    """Return one broker for each session of the settings that trades, with what its account is opened with."""
    deposits = {account.account: account.deposits for account in venue.settings.accounts}
    return [
        Broker(
            session.comp_id,
            session.accounts[0],
            PASSWORD,
            market=market,
            balances={
                asset: parse_decimal(deposits[session.accounts[0]].get(asset, "0"), decimals)
                for asset, decimals in market.decimals.items()
            },
            tape=tape,
        )
        for session in venue.settings.sessions
        if session.role == "order-entry"
    ]
