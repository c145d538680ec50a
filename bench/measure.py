"""The measurements: which load against which peer, how often, and what is kept of it.

Peers are started afresh for each measurement, so that none inherits another's book. Those that are compared are up
together and take turns, run by run, so that a machine that is slower for a while is slower for all of them; who waits
for its turn is idle.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns
from typing import Final, Literal

from bench.client import BenchError, Outcome, Session, run_ping_pong, run_pipelined
from bench.compiled import COMPILED
from bench.flows import Crossers, Flow, Mix, Resters, Unlike, Varied
from bench.orders import BUY, Load, Writer
from bench.venues import ROOT, Cores, Sync, baseline, environment, scratch_directory, venue

Peer = Literal["always", "relaxed", "compiled-always", "compiled-relaxed", "lane", "compiled-lane", "quickfix"]
"""Our venue with that `journal.sync`, interpreted or compiled; the same durable on its QuickFIX lane; the baseline."""

PEERS: Final[tuple[Peer, ...]] = (
    *("always", "compiled-always", "quickfix", "lane", "compiled-lane"),
    *("relaxed", "compiled-relaxed"),
)
VENUES: Final[dict[Peer, tuple[Path, Sync]]] = {
    "always": (ROOT, "always"),
    "relaxed": (ROOT, "relaxed"),
    "compiled-always": (COMPILED, "always"),
    "compiled-relaxed": (COMPILED, "relaxed"),
}
"""The venues among the peers: where their modules come from, and their `journal.sync`."""
LANES: Final[dict[Peer, Path]] = {"lane": ROOT, "compiled-lane": COMPILED}
"""The venues on their QuickFIX lane, all of whose records are on disk before a report leaves."""

Build = Literal["interpreted", "compiled"]
BUILDS: Final[dict[Build, Path]] = {"interpreted": ROOT, "compiled": COMPILED}
"""Where the modules of each build are."""

ENGINE_S_MAX: Final = 120.0
FLOWS: Final[dict[str, Callable[[], Flow]]] = {"rest": Resters, "cross": Crossers, "mix": Mix}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    runs: int
    orders: int
    """Messages of one pipelined run."""
    round_trips: int
    ping_pong_s_max: float
    resting_orders: int
    """For the scaling table: how full the full book is."""
    resent: int
    """Messages of the long resend."""


FULL: Final = Size(
    runs=3, orders=60_000, round_trips=20_000, ping_pong_s_max=20.0, resting_orders=200_000, resent=1_000_000
)
QUICK: Final = Size(
    runs=1, orders=20_000, round_trips=2_000, ping_pong_s_max=2.0, resting_orders=20_000, resent=100_000
)


@dataclass(frozen=True, slots=True)
class Pipelined:
    """Orders sent as fast as a window allows."""

    peer: Peer
    flow: str
    sessions: int
    orders: int
    """Of one run."""
    orders_per_s: list[float]
    reports_per_s: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.orders_per_s)

    @property
    def best(self) -> float:
        return max(self.orders_per_s)


@dataclass(frozen=True, slots=True)
class Validation:
    """Orders a second with messages held to the dictionary, and without, run by run."""

    build: Build
    flow: str
    on: list[float]
    off: list[float]

    @property
    def cost(self) -> float:
        """Which part of the throughput the dictionary takes: the median over the turns."""
        return statistics.median(1 - on / off for on, off in zip(self.on, self.off, strict=True))


@dataclass(frozen=True, slots=True)
class PingPong:
    """One order in flight. `spin`: the client polls its socket instead of sleeping on it."""

    peer: Peer
    spin: bool
    round_trips: int
    p50_us: float
    p99_us: float
    p999_us: float
    max_us: float

    @property
    def client(self) -> str:
        return "polls" if self.spin else "sleeps"


@dataclass(frozen=True, slots=True)
class Scaling:
    """The mix at one size of the venue."""

    case: str
    sessions: int
    resting_orders: int
    levels: int
    orders_per_s: float

    @property
    def us_per_order(self) -> float:
        return 1e6 / self.orders_per_s


@contextmanager
def running(peer: Peer, cores: Cores) -> Iterator[int]:
    """Run a peer on an empty directory; give its port."""
    with scratch_directory() as directory, ExitStack() as stack:
        if peer == "quickfix":
            yield stack.enter_context(baseline(cores, directory))
        elif peer in LANES:
            yield stack.enter_context(venue("always", cores, directory, LANES[peer], lane="quickfix"))
        else:
            home, sync = VENUES[peer]
            yield stack.enter_context(venue(sync, cores, directory, home))


def measure_engine(build: Build, *, quick: bool) -> dict[str, float]:
    """Measure the engine alone, and recovery, in a process of its own. Raise `BenchError` if it fails."""
    home = BUILDS[build]
    program = (
        "import json; from bench import engine_bench, every_type; "
        f"print(json.dumps(engine_bench.run(quick={quick}) | every_type.run(quick={quick})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=home,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=ENGINE_S_MAX,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"the engine alone, {build}, ended with {done.returncode}\n{done.stderr.strip()}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure_pipelined(contests: Sequence[tuple[Peer, Flow]], size: Size, cores: Cores) -> list[Pipelined]:
    """Measure flows on peers, all of them up together and taking turns."""
    with ExitStack() as stack:
        contestants = [stack.enter_context(_contestant(peer, flow, cores)) for peer, flow in contests]
        for _ in range(size.runs):
            for contestant in contestants:
                contestant.run(size.orders)
    return [contestant.result() for contestant in contestants]


class Contestant:
    """A flow on a peer: run after run on the same sessions."""

    def __init__(self, peer: Peer, flow: Flow, sessions: list[Session]) -> None:
        self._peer = peer
        self._flow = flow
        self._sessions = sessions
        self._outcomes: list[Outcome] = []
        run_pipelined(sessions, flow.prepare())

    def run(self, orders: int) -> None:
        loads = self._flow.next_run(orders)
        if self._peer == "quickfix":  # it only acknowledges
            for load in loads:
                load.filled = 0
        self._outcomes.append(run_pipelined(self._sessions, loads))

    def result(self) -> Pipelined:
        outcomes = self._outcomes
        return Pipelined(
            self._peer,
            self._flow.name,
            len(self._sessions),
            outcomes[0].orders,
            [outcome.orders_per_s for outcome in outcomes],
            [outcome.reports_per_s for outcome in outcomes],
        )


@contextmanager
def _contestant(peer: Peer, flow: Flow, cores: Cores) -> Iterator[Contestant]:
    with running(peer, cores) as port, ExitStack() as stack:
        yield Contestant(peer, flow, [stack.enter_context(Session(writer, port)) for writer in flow.writers])


def measure_validation(build: Build, size: Size, cores: Cores) -> list[Validation]:
    """Measure a venue that holds messages to the dictionary and one that does not, in turns, at least three times."""
    flows: tuple[Callable[[], Flow], ...] = (Resters, Varied, Unlike)
    found = []
    for make_flow in flows:
        with ExitStack() as stack:
            on, off = (
                stack.enter_context(_validating(build, make_flow(), cores, validates=validates))
                for validates in (True, False)
            )
            for _ in range(max(size.runs, 3)):
                for contestant in (on, off):
                    contestant.run(size.orders)
        found.append(Validation(build, on.result().flow, on.result().orders_per_s, off.result().orders_per_s))
    return found


@contextmanager
def _validating(build: Build, flow: Flow, cores: Cores, *, validates: bool) -> Iterator[Contestant]:
    with scratch_directory() as directory, ExitStack() as stack:
        port = stack.enter_context(venue("relaxed", cores, directory, BUILDS[build], validates=validates))
        yield Contestant("relaxed", flow, [stack.enter_context(Session(writer, port)) for writer in flow.writers])


def measure_ping_pong(peer: Peer, size: Size, cores: Cores, *, spin: bool) -> PingPong:
    """An order that rests, its cancel, the next order, and so on."""
    with running(peer, cores) as port, Session(Writer("BROKER1"), port) as session:
        load = Load()
        session.writer.stamp()
        for _ in range(size.round_trips // 2):
            session.writer.cancel(load, session.writer.add(load, BUY, b"49900.50"))
        times = sorted(run_ping_pong(session, load, size.ping_pong_s_max, spin=spin))
    p50, p99, p999 = (times[int(len(times) * part)] / 1e3 for part in (0.5, 0.99, 0.999))
    return PingPong(peer, spin, len(times), p50, p99, p999, times[-1] / 1e3)


def measure_scaling(size: Size, cores: Cores) -> list[Scaling]:
    """Measure the mix with more sessions, more resting orders and more price levels; the first case has few of each."""
    full = size.resting_orders
    cases = {
        "small": Mix(sessions=2),
        "8 sessions": Mix(sessions=8),
        "full book": Mix(sessions=2, booked=full),
        "full book, many levels": Mix(sessions=2, booked=full, levels=full // 10),
    }
    found = measure_pipelined([("always", flow) for flow in cases.values()], size, cores)
    return [
        Scaling(case, run.sessions, flow.booked, flow.levels, run.median)
        for (case, flow), run in zip(cases.items(), found, strict=True)
    ]


def probe_fsync_us(directory: Path, syncs: int = 200) -> float:
    """Return the median time to append 4 KiB durably, in microseconds."""
    times: list[int] = []
    descriptor = os.open(directory / "probe", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        for _ in range(syncs):
            os.write(descriptor, bytes(4_096))
            begin_ns = perf_counter_ns()
            os.fdatasync(descriptor)
            times.append(perf_counter_ns() - begin_ns)
    finally:
        os.close(descriptor)
    return statistics.median(times) / 1e3
