"""Run the benchmarks: `python -m bench`, or `make bench`.

Some five minutes, or one with --quick; the compiled venue is built before that, if its sources have
changed, in a minute or two. Both cores should be idle otherwise.
"""

import signal
import sys
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from bench.against import SIMPLE, is_known, measure_against
from bench.books import FLOWS as BOOKED_FLOWS
from bench.books import measure_lag, measure_taking_in
from bench.client import BenchError
from bench.compiled import NotCompiled, build, is_interpreted
from bench.crowding import LOGGED_ON, TRADING, measure_crowd
from bench.followed import measure_followed
from bench.market_data import PACE, SUBSCRIBERS, measure_market_data
from bench.measure import (
    BUILDS,
    FLOWS,
    FULL,
    LANES,
    PEERS,
    QUICK,
    VENUES,
    Peer,
    Size,
    measure_engine,
    measure_ping_pong,
    measure_pipelined,
    measure_scaling,
    measure_validation,
    probe_fsync_us,
)
from bench.report import PEER_NAMES, Results, print_tables, write_json
from bench.reports import EXPORT, measure_reports
from bench.resending import measure_resend
from bench.tls import measure_tls
from bench.venues import ROOT, Cores, choose_cores, quickfix_is_installed, scratch_directory

JSON_PATH = ROOT / "build" / "bench.json"


class Part(StrEnum):
    """What can be measured on its own."""

    ENGINE = "engine"
    PIPELINED = "pipelined"
    PING_PONG = "ping-pong"
    AGAINST = "against"
    TLS = "tls"
    SCALING = "scaling"
    VALIDATION = "validation"
    MARKET_DATA = "market-data"
    SESSIONS = "sessions"
    RESEND = "resend"
    BOOKS = "books"
    REPORTS = "reports"


_LONG = frozenset((Part.SCALING, Part.SESSIONS))
"""What takes too long for a quick look."""


class Run:
    """One run of the benchmarks: measures part after part and shows how far it is.

    The progress is drawn between measurements only: a drawing thread would take its time from the client.
    """

    def __init__(self, console: Console, size: Size, cores: Cores, peers: list[Peer], *, quick: bool) -> None:
        with scratch_directory() as directory:
            self.results = Results(quick, probe_fsync_us(directory))
        self._console = console
        self._size = size
        self._cores = cores
        self._peers = peers
        homes = [VENUES[peer][0] for peer in peers if peer in VENUES]
        self._builds = [build for build, home in BUILDS.items() if home in homes]
        self._durable = [peer for peer in peers if peer in VENUES and VENUES[peer][1] == "always"]
        self._clients = (True, False) if cores.apart else (False,)
        """Whether the client of a ping-pong polls. On the peer's own core it would be in the peer's way."""
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console, auto_refresh=False
        )
        self._task = TaskID(0)

    def measure(self, parts: list[Part]) -> None:
        steps = {
            Part.ENGINE: (self._engine, len(self._builds)),
            Part.AGAINST: (self._against, 1),
            Part.PIPELINED: (self._pipelined, len(FLOWS)),
            Part.PING_PONG: (self._ping_pong, len(self._clients) * len(self._peers)),
            Part.TLS: (self._tls, 1),
            Part.SCALING: (self._scaling, 1),
            Part.VALIDATION: (self._validation, len(self._builds)),
            Part.MARKET_DATA: (self._market_data, len(self._builds)),
            Part.SESSIONS: (self._sessions, len(self._durable)),
            Part.RESEND: (self._resend, len(self._durable)),
            Part.BOOKS: (self._books, 4),
            Part.REPORTS: (self._reports, 1),
        }
        with self._progress:
            self._task = self._progress.add_task("", total=sum(steps[part][1] for part in parts))
            for part in parts:
                steps[part][0]()

    def _begin(self, what: str) -> None:
        self._progress.update(self._task, description=what, refresh=True)

    def _end(self, result: str) -> None:
        self._console.print(result)
        self._progress.update(self._task, advance=1, refresh=True)

    def _engine(self) -> None:
        for name in self._builds:
            self._begin(f"engine alone, and recovery: {name}")
            if find_spec("bench.engine_bench") is None:
                self._end("engine: there is no bench/engine_bench.py yet")
                continue
            found = self.results.engine[name] = measure_engine(name, quick=self.results.quick)
            self._end(f"engine, {name}: " + ", ".join(f"{key} {value:,.0f}" for key, value in found.items()))

    def _against(self) -> None:
        self._begin("plain orders, now and before there were others")
        if not is_known(SIMPLE):
            self._end(f"plain orders, now and before: revision {SIMPLE[:9]} is not here to compare with")
            return
        count, runs = (40_000, 3) if self.results.quick else (200_000, 5)
        found = self.results.against = measure_against(SIMPLE, runs=runs, count=count)
        self._end(f"a plain order costs {found.cost:.2f} times what it did at {SIMPLE[:9]}")

    def _pipelined(self) -> None:
        for name, make_flow in FLOWS.items():
            self._begin(f"pipelined: {name}")
            contests = [(peer, make_flow()) for peer in self._peers]
            found = measure_pipelined(contests, self._size, self._cores)
            self.results.pipelined += found
            rates = (f"{PEER_NAMES[run.peer]} {run.median:,.0f}" for run in found)
            self._end(f"{name}, orders/s: " + "; ".join(rates))

    def _ping_pong(self) -> None:
        for spin in self._clients:
            for peer in self._peers:
                self._begin(f"ping-pong: {PEER_NAMES[peer]}")
                found = measure_ping_pong(peer, self._size, self._cores, spin=spin)
                self.results.ping_pong.append(found)
                self._end(f"ping-pong, the client {found.client}: {PEER_NAMES[peer]}: p50 {found.p50_us:,.0f} µs")

    def _tls(self) -> None:
        self._begin("the mix over TLS and over plain TCP")
        found = self.results.tls = measure_tls(self._size, self._cores)
        self._end(f"TLS costs {found.cost_percent:.0f} % of the throughput of the mix")

    def _scaling(self) -> None:
        self._begin("the mix on a growing venue")
        self.results.scaling = measure_scaling(self._size, self._cores)
        costs = (f"{run.case} {run.us_per_order:,.1f}" for run in self.results.scaling)
        self._end("µs per order: " + "; ".join(costs))

    def _validation(self) -> None:
        for name in self._builds:
            self._begin(f"dictionary validation: {name}")
            found = measure_validation(name, self._size, self._cores)
            self.results.validation += found
            costs = ", ".join(f"{run.flow} {100 * run.cost:.1f} %" for run in found)
            self._end(f"dictionary validation costs, {name}: {costs}")

    def _market_data(self) -> None:
        updates = 20_000 if self.results.quick else 50_000
        for name in self._builds:
            self._begin(f"market data: {name}")
            found = measure_market_data(name, self._cores, updates=updates, paces=(PACE, 0), home=BUILDS[name])
            self.results.market_data += found
            rates = (f"{fed.updates_per_s:,.0f} updates/s, p99 {fed.p99_us / 1_000:,.1f} ms" for fed in found)
            self._end(f"market data for {SUBSCRIBERS} subscribers, {name}: " + "; ".join(rates))

    def _sessions(self) -> None:
        for peer in self._durable:
            self._begin(f"a thousand sessions: {PEER_NAMES[peer]}")
            found = measure_crowd(peer, self._size, self._cores)
            self.results.crowded.append(found)
            self._end(
                f"{TRADING} sessions trade, {PEER_NAMES[peer]}: {found.alone_per_s:,.0f} orders/s alone, "
                f"{found.crowded_per_s:,.0f} with {LOGGED_ON:,} logged on"
            )

    def _resend(self) -> None:
        for peer in self._durable:
            self._begin(f"a long resend: {PEER_NAMES[peer]}")
            found = measure_resend(peer, self._size.resent, self._cores)
            self.results.resent.append(found)
            self._end(
                f"{found.messages:,} messages sent again, {PEER_NAMES[peer]}: {found.messages_per_s:,.0f}/s; another "
                f"session's round trips p99 {found.alone_p99_us:,.0f} µs, beside it {found.beside_p99_us:,.0f} µs"
            )

    def _books(self) -> None:
        records = 50_000 if self.results.quick else 500_000
        for flow in BOOKED_FLOWS:
            self._begin(f"the back office takes a journal in: {flow}")
            found = measure_taking_in(flow, records, self._cores)
            self.results.taken_in.append(found)
            self._end(
                f"{found.records:,} records taken in, {flow}: {found.records_per_s:,.0f}/s, "
                f"{found.executions_per_s:,.0f} executions/s, {found.peak_mib:,.0f} MiB"
            )
        self._begin("the back office behind trading")
        lag = self.results.lag = measure_lag(5 if self.results.quick else 20)
        self._end(f"the back office at {lag.pace:,} orders/s: {lag.p50_ms:,.0f} ms behind, {lag.max_ms:,.0f} at most")

        self._begin("what it takes from trading that the back office follows")
        turns, orders = (2, 2_000) if self.results.quick else (5, 4_000)
        self.results.followed = measure_followed(self._cores, turns=turns, orders=orders)
        costs = (f"{each.cost_percent:,.2f} % with {each.window:,} on their way" for each in self.results.followed)
        self._end(f"trading pays for being followed: {', '.join(costs) or 'not known where valgrind is not installed'}")

    def _reports(self) -> None:
        trades = 100_000 if self.results.quick else 1_000_000
        self._begin(f"reports over {trades:,} trades")
        found = self.results.reported = measure_reports(trades)
        longest = max((seconds, name) for name, seconds in found.seconds.items() if name != EXPORT)
        self._end(
            f"{len(found.seconds)} reports over {trades:,} trades: {longest[0]:,.2f} s at most ({longest[1]}), "
            f"{EXPORT} {found.seconds[EXPORT]:,.1f} s; {found.peak_mib:,.0f} MiB"
        )


Quick = Annotated[bool, typer.Option("--quick", help="Some seconds instead of minutes; the figures are rough.")]
Json = Annotated[Path, typer.Option(help="Where the results go.")]
Only = Annotated[list[Part] | None, typer.Option(help="Measure this part only. May be given more than once.")]
Peers = Annotated[list[str] | None, typer.Option(help=f"Measure this peer only: {', '.join(PEERS)}.")]


def main(*, quick: Quick = False, json: Json = JSON_PATH, only: Only = None, peer: Peers = None) -> None:
    """Measure the venue, interpreted and compiled, and QuickFIX beside it."""
    signal.signal(signal.SIGTERM, _stop)  # so that what we started is ended
    console = Console(highlight=False)
    if not is_interpreted(ROOT):
        console.print("The working tree is compiled, and would be measured as if it were not: `make interpret` first.")
        raise typer.Exit(1)
    peers = _available([name for name in PEERS if peer is None or name in peer], console)
    parts = only or (list(Part) if not quick else [part for part in Part if part not in _LONG])
    cores = choose_cores()
    cores.keep_client()
    try:
        run = Run(console, QUICK if quick else FULL, cores, peers, quick=quick)
        run.measure(parts)
    except BenchError as error:
        console.print(f"\n{error}", style="red", markup=False)
        raise typer.Exit(1) from None
    write_json(run.results, json)
    print_tables(run.results, console)
    console.print(f"\nAll of it: {json}")


def _available(peers: list[Peer], console: Console) -> list[Peer]:
    """Return the peers that there are here; say which there are not, and why. Builds the compiled venue if need be."""
    if not quickfix_is_installed():
        console.print("The quickfix package is not installed: no baseline, no QuickFIX lane, and no ratio to them.")
        peers = [peer for peer in peers if peer != "quickfix" and peer not in LANES]
    if any(peer.startswith("compiled") for peer in peers):
        try:
            with console.status("building the compiled venue"):
                build()
        except NotCompiled as error:
            console.print(f"There is no compiled venue here, and figures of the interpreted one only: {error}")
            peers = [peer for peer in peers if not peer.startswith("compiled")]
    return peers


def _stop(*_: object) -> NoReturn:
    sys.exit("stopped")


if __name__ == "__main__":
    typer.run(main)
