"""The course of a demo: the venue starts, brokers come in, are funded, trade and are paid out, and all is audited."""

import asyncio
import gc
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console

from backoffice.cli.demo import audit, closing, records, records_shown
from backoffice.cli.demo.broker import Broker, Tape
from backoffice.cli.demo.files import BROKERS
from backoffice.cli.demo.flow import Flow
from backoffice.cli.demo.funding import fund
from backoffice.cli.demo.house import House
from backoffice.cli.demo.market import Market
from backoffice.cli.demo.onboarding import Onboarded, Onboarding
from backoffice.cli.demo.opening import hold_auction
from backoffice.cli.demo.paying_out import ASSET, pay_out, settled
from backoffice.cli.demo.progress import progress
from backoffice.cli.demo.snapshot import Photographer
from backoffice.cli.demo.suspending import suspend_for_a_while
from backoffice.cli.demo.venue import HOST, VenueProcess, sandbox_text
from backoffice.cli.failure import CommandFailed
from backoffice.database import Database
from backoffice.database.database import address_of
from backoffice.errors import BackOfficeError
from config.reading import parse
from engine.decimals import parse_decimal
from engine.values import Amount
from fixgw.initiator import LogonRefusedError

_PULSE_S: Final = 0.001
_PULSES_LATE_MAX: Final = 50
"""What is later than that is left out, not caught up with."""
_PULSES_BETWEEN_CHECKS: Final = 50
_ANSWERS_S_MAX: Final = 20.0
_POLL_S: Final = 0.005
_SUSPENDED_AFTER_PARTS: Final = 0.4
_SUSPENDED_AFTER_S_MAX: Final = 4.0
_SUSPENDED_PARTS: Final = 0.1
_SUSPENDED_S_MAX: Final = 1.0


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
        self.codes: dict[str, str] = {}
        """Those by which members of staff set their passwords."""
        self._venue = VenueProcess(directory)
        self._suspension = ""
        """How a broker's suspension went, if there was time for one."""
        self._begun_ns = time.perf_counter_ns()
        self._stop = asyncio.Event()

    async def trade(self) -> None:
        """Run the venue and the brokers, from start to stop."""
        venue = self._venue
        with self._signals():
            async with House(venue.settings, self.directory) as house, venue:
                self.codes = house.codes
                try:
                    await self._trade(venue, house)
                except (OSError, LogonRefusedError) as error:
                    venue.check()
                    raise CommandFailed(
                        f"a broker cannot reach the venue: {str(error) or 'no answer in time'}"
                    ) from error
                except BackOfficeError:
                    venue.check()
                    raise
                await venue.stop()

    async def conclude(self) -> None:
        """Read everything back, print what there is to know, and raise `CommandFailed` if it does not add up."""
        with self.console.status("reading the journal back"):
            found = audit.read(self.directory, lambda _: None)
        closing.show(self.console, found, self.brokers, self.measured)
        differences = audit.differences(found, self.brokers)
        settings = self._venue.settings
        with self.console.status("reading the books back"):
            async with Database(address_of(settings.back_office.database, self.directory)) as database:
                read = await records.read(database, self.directory, self.brokers[1].account)
        records_shown.show(self.console, read)
        differences += records.differences(read)
        self.console.print()
        if differences:
            for difference in differences:
                self.console.print(f"[red]✗[/] {difference}", highlight=False, soft_wrap=True)
            raise CommandFailed(f"{len(differences)} things do not add up: {differences[0]}")
        reports = sum(broker.reports for broker in self.brokers)
        balances = sum(len(broker.balances) for broker in self.brokers)
        for line in (
            "Every asset adds up: accounts and fees together are what was deposited, less what was withdrawn.",
            f"{balances} balances in the journal are what the brokers make of their {reports:,} reports.",
            f"{found.records:,} journal records, replayed from the first, gave every event again.",
            *records.conclusions(read),
        ):
            self.console.print(f"[bold green]✓[/] {line}", highlight=False, soft_wrap=True)

    async def _trade(self, venue: VenueProcess, house: House) -> None:
        console = self.console
        with console.status("starting the venue"):
            await venue.wait_until_up()
        self._say(f"The venue is up: fondaco serve, process {venue.pid}, {HOST}:{venue.port}")
        market = Market(venue.settings, self.seed)
        tape = Tape(market.instruments)
        onboarded = await self._take_in(house, market)
        deposits = _deposits(market)
        self.brokers = [_broker(each, market, deposits, tape) for each in onboarded]
        with console.status("logging on"):
            await asyncio.gather(*(broker.session.log_on(HOST, venue.port) for broker in self.brokers))
        tenths = (time.perf_counter_ns() - self._begun_ns) // 100_000_000
        opening = await hold_auction(self.brokers, market, self.directory, lambda: self._all_answered(venue))
        self._say(
            f"{len(self.brokers)} brokers have logged on over FIX 4.4, {tenths // 10}.{tenths % 10} s after the start."
        )
        self._say(opening)
        self._say(f"They trade for {self.seconds} s, by seed {self.seed}; Ctrl-C ends it early.")
        gc.collect()
        gc.freeze()
        title = f"{len(self.brokers)} brokers on {HOST}:{venue.port}, seed {self.seed}"
        photographer = Photographer(self.brokers, tape, market)
        async with progress(console, photographer, self.seconds, title):
            suspending = asyncio.create_task(self._suspend_one(house, onboarded[-1]))
            try:
                await self._run_market(Flow(self.brokers, market, self.seed), venue, suspending)
                await suspending
            finally:
                suspending.cancel()
            for broker in self.brokers:
                broker.cancel_all()
            await self._all_answered(venue)
        if self._suspension:
            self._say(self._suspension)
        with console.status("paying out"):
            paid = await pay_out(house, onboarded, market.decimals[ASSET])
        for broker in self.brokers:
            broker.balances[ASSET] -= settled(paid, broker.account)
        async with asyncio.timeout(_ANSWERS_S_MAX):
            for broker in self.brokers:
                await broker.session.log_out()
        with console.status("closing the books"):
            await records.close(house, self.directory)

    async def _take_in(self, house: House, market: Market) -> list[Onboarded]:
        """Onboard the brokers, and fund them, and tell of each step."""
        onboarding = Onboarding(house, market.decimals[ASSET])
        onboarded: list[Onboarded] = []
        with self.console.status("onboarding") as status:
            async for each in onboarding.brokers():
                onboarded.append(each)
                status.update(f"onboarding: {each.client} {each.name}, {len(onboarded)} of {BROKERS}")
        self._say(
            f"{len(onboarded)} brokers have come in through the back office, as clients {onboarded[0].client} to "
            f"{onboarded[-1].client}: entered by mira, screened ({onboarding.hits} likeness, decided), rated and "
            "approved by theo; accounts, limits, fees and sessions each by both."
        )
        with self.console.status("deposits over the sandbox rail"):
            count = await fund(house, onboarded, _deposits(market))
        self._say(f"{count} deposits have come in over the sandbox rail, and are credited.")
        return onboarded

    async def _suspend_one(self, house: House, client: Onboarded) -> None:
        """Suspend a broker for a while, some time after the start; not if the demo ends before."""
        after_s = min(self.seconds * _SUSPENDED_AFTER_PARTS, _SUSPENDED_AFTER_S_MAX)
        try:
            async with asyncio.timeout(after_s):
                await self._stop.wait()
        except TimeoutError:
            for_s = min(self.seconds * _SUSPENDED_PARTS, _SUSPENDED_S_MAX)
            self._suspension = await suspend_for_a_while(house, self.brokers[-1], client.client, for_s)

    def _say(self, line: str) -> None:
        self.console.print(line, highlight=False, soft_wrap=True)

    async def _run_market(self, flow: Flow, venue: VenueProcess, suspending: asyncio.Task[None]) -> None:
        """Let them trade for as long as was asked for, and until an order of the suspended one has been refused."""
        loop = asyncio.get_running_loop()
        begun_ns = time.perf_counter_ns()
        next_at = loop.time()
        end_at = next_at + self.seconds
        turns = 0
        while (loop.time() < end_at and not self._stop.is_set()) or not suspending.done():
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


def _deposits(market: Market) -> dict[str, Amount]:
    """Return what each broker pays in: of each asset as much as the sandbox's accounts have."""
    account = parse(sandbox_text(), "sandbox.toml").accounts[0]
    return {asset: parse_decimal(account.deposits[asset], decimals) for asset, decimals in market.decimals.items()}


def _broker(onboarded: Onboarded, market: Market, deposits: Mapping[str, Amount], tape: Tape) -> Broker:
    return Broker(
        *(onboarded.comp_id, onboarded.account, onboarded.password), market=market, balances=deposits, tape=tape
    )
