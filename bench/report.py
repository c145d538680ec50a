"""What was measured, as tables for people and as JSON for machines.

A figure is met or missed against its target. End-to-end targets are held by the median run, durable or not, of either
build. The engine alone has its targets interpreted; the ratio of the durable medians to the baseline has its target
compiled; the other build's figure stands beside each. The round trip that counts is that of a client that polls.
"""

import json
import os
import platform
import statistics
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.against import Against
from bench.books import EXECUTIONS_PER_S_MIN, LAG_MS_MAX, TAKEN_IN_PER_S_MIN, Lag, TakenIn
from bench.crowding import LOGGED_ON, TRADING, Crowded
from bench.followed import COST_PERCENT_MAX, Followed
from bench.market_data import PACE, Fed
from bench.measure import FLOWS, LANES, VENUES, Build, Peer, PingPong, Pipelined, Scaling, Validation
from bench.reports import EXPORT, REPORT_S_MAX, Reported
from bench.resending import Resent
from bench.tls import TlsCost

ORDERS_PER_S_MIN: Final = 40_000
BASELINE_RATIOS_MIN: Final[dict[Peer, float | None]] = {"always": None, "compiled-always": 3.0}
ON_LANES: Final[dict[Peer, Peer]] = {"always": "lane", "compiled-always": "compiled-lane"}
PING_PONG_P50_US_MAX: Final = 80
PLAIN_COST_MAX: Final = 1.1
"""What a plain limit order may cost, in times of what it cost the engine that knew no other."""
TLS_COST_PERCENT_MAX: Final = 30
VALIDATION_PERCENT_MAX: Final = 20
"""How much of its throughput a venue may lose by holding to the dictionary what clients write."""
CROWDED_RATIO_MIN: Final = 0.85
"""How much of their rate those that trade keep when all the others are logged on."""
RESENT_PER_S_MIN: Final = 50_000
RESENT_DELAY_MS_MAX: Final = 2
"""What a long resend may add to the 99th percentile of others' round trips."""
SCALING_RATIO_MAX: Final = 1.5
"""A busier venue may cost so much more per order, for the processor's caches' sake; growth shows well beyond it."""

ENGINE_TARGETS: Final[dict[str, tuple[str, str, float | None, bool]]] = {
    "engine_ops_per_s": ("engine alone, add/cancel/match", "ops/s", 300_000, True),
    "engine_ops_per_s_every_type": ("engine alone, every kind of order", "ops/s", None, True),
    "engine_cost_of_a_full_book": ("a plain order on a full book, to one of 1,000", "times", 1.3, False),
    "engine_bytes_per_resting_order": ("engine alone, a resting order", "bytes", 1_024, False),
    "recovery_records_per_s": ("recovery", "records/s", 150_000, True),
}
PEER_NAMES: Final[dict[Peer, str]] = {
    "always": "interpreted, always",
    "relaxed": "interpreted, relaxed",
    "compiled-always": "compiled, always",
    "compiled-relaxed": "compiled, relaxed",
    "lane": "interpreted, QuickFIX lane",
    "compiled-lane": "compiled, QuickFIX lane",
    "quickfix": "QuickFIX",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, and its target if it has one. `at_least`: the target is a floor, not a ceiling."""

    name: str
    value: float
    unit: str
    target: float | None
    at_least: bool = True

    @property
    def met(self) -> bool | None:
        """Whether the target is met, None without a target."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


@dataclass(slots=True)
class Results:
    """All that one run of the benchmarks has found."""

    quick: bool
    fsync_us: float
    engine: dict[Build, dict[str, float]] = field(default_factory=dict)
    against: Against | None = None
    pipelined: list[Pipelined] = field(default_factory=list)
    ping_pong: list[PingPong] = field(default_factory=list)
    tls: TlsCost | None = None
    scaling: list[Scaling] = field(default_factory=list)
    validation: list[Validation] = field(default_factory=list)
    market_data: list[Fed] = field(default_factory=list)
    crowded: list[Crowded] = field(default_factory=list)
    resent: list[Resent] = field(default_factory=list)
    taken_in: list[TakenIn] = field(default_factory=list)
    lag: Lag | None = None
    followed: list[Followed] = field(default_factory=list)
    reported: Reported | None = None
    began: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def figures(self) -> list[Figure]:
        """Return every figure that has a target, and the other build's beside it."""
        figures = [
            Figure(f"{name}, {build}", found[key], unit, target if build == "interpreted" else None, at_least)
            for key, (name, unit, target, at_least) in ENGINE_TARGETS.items()
            for build, found in self.engine.items()
            if key in found
        ]
        if self.against is not None:
            name = f"a plain order against the engine of {self.against.revision[:9]}"
            figures.append(Figure(name, self.against.cost, "times", PLAIN_COST_MAX, at_least=False))
        for flow in FLOWS:
            medians = {run.peer: run.median for run in self.pipelined if run.flow == flow}
            figures += [
                Figure(f"{flow}: {PEER_NAMES[peer]}", medians[peer], "orders/s", ORDERS_PER_S_MIN)
                for peer in VENUES
                if peer in medians
            ]
            figures += [
                Figure(f"{flow}: {PEER_NAMES[lane]}", medians[lane], "orders/s", None)
                for lane in LANES
                if lane in medians
            ]
            figures += [
                Figure(
                    f"{flow}: {PEER_NAMES[peer]} ÷ the same on its QuickFIX lane",
                    medians[peer] / medians[lane],
                    "times",
                    None,
                )
                for peer, lane in ON_LANES.items()
                if peer in medians and lane in medians
            ]
            if "quickfix" in medians:
                figures += [
                    Figure(
                        f"{flow}: {PEER_NAMES[peer]} ÷ QuickFIX", medians[peer] / medians["quickfix"], "times", target
                    )
                    for peer, target in BASELINE_RATIOS_MIN.items()
                    if peer in medians
                ]
        relaxed = [echo for echo in self.ping_pong if echo.peer in ("relaxed", "compiled-relaxed")]
        for echo in [echo for echo in relaxed if echo.spin] or relaxed:
            name = f"ping-pong p50: {PEER_NAMES[echo.peer]}, client {echo.client}"
            figures.append(Figure(name, echo.p50_us, "µs", PING_PONG_P50_US_MAX, at_least=False))
        if self.tls is not None:
            cost = self.tls.cost_percent
            figures.append(Figure("mix: what TLS costs", cost, "% of orders/s", TLS_COST_PERCENT_MAX, at_least=False))
        for costs in self.validation:
            name = f"dictionary validation, {costs.flow}: {costs.build}"
            figures.append(Figure(name, 100 * costs.cost, "%", VALIDATION_PERCENT_MAX, at_least=False))
        figures += [*self._figures_of_sessions(), *self._figures_of_books()]
        if self.scaling:
            small = self.scaling[0].us_per_order
            for run in self.scaling[1:]:
                growth = run.us_per_order / small
                figures.append(
                    Figure(f"cost of an order: {run.case}", growth, "times", SCALING_RATIO_MAX, at_least=False)
                )
        for fed in self.market_data:
            if not fed.pace:
                name = f"market data to {fed.subscribers} subscribers of the full book, {fed.build}"
                figures.append(Figure(name, fed.updates_per_s, "updates/s", PACE))
                figures.append(Figure(f"{name}: gaps", fed.gaps, "gaps", 0, at_least=False))
        return figures

    def _figures_of_books(self) -> list[Figure]:
        """Return how the back office keeps up."""
        figures = []
        for each in self.taken_in:
            name = f"the back office takes a journal in: {each.flow}"
            if each.flow == "trades":
                figures.append(Figure(name, each.executions_per_s, "executions/s", EXECUTIONS_PER_S_MIN))
            else:
                figures.append(Figure(name, each.records_per_s, "records/s", TAKEN_IN_PER_S_MIN))
        if self.lag is not None:
            name = f"the back office behind {self.lag.pace:,} orders/s, at most"
            figures.append(Figure(name, self.lag.max_ms, "ms", LAG_MS_MAX, at_least=False))
        for followed in self.followed:
            name = f"what trading pays for being followed, {followed.window:,} orders on their way"
            figures.append(Figure(name, followed.cost_percent, "%", COST_PERCENT_MAX, at_least=False))
        if self.reported is not None:
            for name, seconds in self.reported.seconds.items():
                target = REPORT_S_MAX if name != EXPORT else None
                what = f"report over {self.reported.trades:,} trades: {name}"
                figures.append(Figure(what, seconds, "s", target, at_least=False))
            figures.append(Figure("memory of all reports", self.reported.peak_mib, "MiB", None))
        return figures

    def _figures_of_sessions(self) -> list[Figure]:
        """Return what many sessions, and a long resend, cost those that trade."""
        figures = []
        for each in self.crowded:
            name = f"orders/s of {TRADING} sessions among {LOGGED_ON:,} ÷ alone: {PEER_NAMES[each.peer]}"
            figures.append(Figure(name, each.kept, "times", CROWDED_RATIO_MIN))
        for resent in self.resent:
            name = f"{resent.messages:,} messages sent again: {PEER_NAMES[resent.peer]}"
            figures.append(Figure(name, resent.messages_per_s, "messages/s", RESENT_PER_S_MIN))
            name = f"what that adds to others' p99: {PEER_NAMES[resent.peer]}"
            figures.append(Figure(name, resent.delay_p99_ms, "ms", RESENT_DELAY_MS_MAX, at_least=False))
        return figures


def machine() -> dict[str, str | int]:
    """Return what the figures depend on."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count() or 0,
        "system": platform.platform(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        **{package: _version(package) for package in ("fondaco", "msgspec", "uvloop", "quickfix")},
    }


def write_json(results: Results, path: Path) -> None:
    facts = asdict(results) | {
        "machine": machine(),
        "figures": [asdict(figure) | {"met": figure.met} for figure in results.figures()],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def print_tables(results: Results, console: Console) -> None:
    facts = machine()
    console.print(f"\n{facts['cpu']}, {facts['cores']} cores; {facts['python']}; {facts['system']}")
    versions = ", ".join(f"{name} {facts[name]}" for name in ("fondaco", "msgspec", "uvloop", "quickfix"))
    console.print(f"{versions}; a durable append takes {results.fsync_us:,.0f} µs (median)")
    if results.pipelined:
        console.print(_pipelined_table(results.pipelined))
    if results.ping_pong:
        console.print(_ping_pong_table(results.ping_pong))
    if results.validation:
        console.print(_validation_table(results.validation))
    if results.scaling:
        console.print(_scaling_table(results.scaling))
    if results.market_data:
        console.print(_market_data_table(results.market_data))
    console.print(_figures_table(results.figures()))


def _pipelined_table(runs: list[Pipelined]) -> Table:
    table = Table(title="Over FIX, pipelined: orders and cancels acknowledged, and reports, per second")
    for name in ("flow", "peer"):
        table.add_column(name, no_wrap=True)
    for name in ("sessions", "orders, median", "best", "reports, best"):
        table.add_column(name, justify="right")
    for run in runs:
        table.add_row(
            run.flow,
            PEER_NAMES[run.peer],
            str(run.sessions),
            f"{run.median:,.0f}",
            f"{run.best:,.0f}",
            f"{max(run.reports_per_s):,.0f}",
            end_section=run is runs[-1] or run.flow != runs[runs.index(run) + 1].flow,
        )
    return table


def _ping_pong_table(runs: list[PingPong]) -> Table:
    table = Table(title="Over FIX, one order in flight: round trip in µs")
    for name in ("peer", "client"):
        table.add_column(name)
    for name in ("round trips", "p50", "p99", "p99.9"):
        table.add_column(name, justify="right")
    for run in runs:
        table.add_row(
            PEER_NAMES[run.peer],
            run.client,
            f"{run.round_trips:,}",
            *(f"{value:,.0f}" for value in (run.p50_us, run.p99_us, run.p999_us)),
        )
    return table


def _validation_table(runs: list[Validation]) -> Table:
    table = Table(title="Messages held to the dictionary or not, sync relaxed: orders/s, median")
    for name in ("flow", "venue"):
        table.add_column(name)
    for name in ("held", "not held", "cost"):
        table.add_column(name, justify="right")
    for run in runs:
        rates = (f"{statistics.median(rates):,.0f}" for rates in (run.on, run.off))
        table.add_row(run.flow, run.build, *rates, f"{100 * run.cost:.1f} %")
    return table


def _scaling_table(runs: list[Scaling]) -> Table:
    table = Table(title="The mix on a growing venue, interpreted, sync always")
    table.add_column("case")
    for name in ("sessions", "orders resting", "price levels", "orders/s", "µs per order"):
        table.add_column(name, justify="right")
    for run in runs:
        counts = (run.sessions, run.resting_orders, run.levels, run.orders_per_s)
        table.add_row(run.case, *(f"{count:,.0f}" for count in counts), f"{run.us_per_order:,.1f}")
    return table


def _market_data_table(runs: list[Fed]) -> Table:
    table = Table(title="Market data: from the engine's stamp to a subscriber, in ms, trading relaxed")
    table.add_column("build")
    for name in ("subscribers", "pace", "updates/s", "p50", "p99"):
        table.add_column(name, justify="right")
    for fed in runs:
        pace = f"{fed.pace:,}/s" if fed.pace else "as fast as it goes"
        delays = (f"{value / 1_000:,.1f}" for value in (fed.p50_us, fed.p99_us))
        table.add_row(fed.build, f"{fed.subscribers}", pace, f"{fed.updates_per_s:,.0f}", *delays)
    return table


def _figures_table(figures: list[Figure]) -> Table:
    table = Table(title="Against the targets")
    table.add_column("figure")
    for name in ("value", "target"):
        table.add_column(name, justify="right")
    table.add_column("met")
    for figure in figures:
        digits = 2 if figure.unit in ("times", "ms", "s") else 0
        bound = "≥" if figure.at_least else "≤"
        table.add_row(
            figure.name,
            f"{figure.value:,.{digits}f} {figure.unit}",
            "" if figure.target is None else f"{bound} {figure.target:,g} {figure.unit}",
            {True: "[green]yes[/]", False: "[red]no[/]", None: ""}[figure.met],
        )
    return table


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "-"
