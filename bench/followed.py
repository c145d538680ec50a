"""What it takes from trading that the back office follows: the same venue and load, followed and not, by turns.

Trading has a core to itself, which it shares with nobody who follows: what it pays is what it does for its followers.
So that is measured as processor time, which is what its throughput is made of: what it spends on an order, at a pace
and as fast as it can. The rate beside it is what a client saw that shares its core with the back office.
"""

import statistics
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from time import perf_counter, perf_counter_ns
from typing import Final

from bench.books import PACE, sequence_in, wait_for_following
from bench.market_data import Broker
from bench.venues import Cores, following, scratch_directory, trading

COST_PERCENT_MAX: Final = 5.0
_WINDOW: Final = 1_000
"""As fast as it can: so many orders at most are not answered yet."""
_SLICE_S: Final = 0.001
_SETTLED_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Spent:
    """What trading spent on an order, and how many orders went a second, run by run."""

    us_per_order: list[float] = field(default_factory=list)
    orders_per_s: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Followed:
    """What following takes at a pace, 0 for as fast as it can."""

    pace: int
    alone: Spent
    followed: Spent

    @property
    def cost_percent(self) -> float:
        """By how much of its throughput the trading process is slower: the median of runs beside each other."""
        pairs = zip(self.alone.us_per_order, self.followed.us_per_order, strict=True)
        return 100 * (1 - statistics.median(alone / followed for alone, followed in pairs))


def measure_followed(cores: Cores, *, runs: int, seconds: int) -> list[Followed]:
    """Measure both, in turns, at each pace; nothing where processor times of others cannot be read.

    Raise `BenchError`.
    """
    if sys.platform != "linux":
        return []
    found = [Followed(pace, Spent(), Spent()) for pace in (PACE, 0)]
    with scratch_directory() as directory, trading("always", cores, directory) as (port, process):
        broker = Broker(port)
        with broker.session:
            _spend(broker, process, PACE * seconds, 0)  # to warm up
            for _ in range(runs):
                for is_followed in (False, True):
                    with ExitStack() as stack:
                        if is_followed:
                            stack.enter_context(following(cores, directory))
                            _wait_until_up_to_date(directory / "data" / "backoffice.sqlite")
                        for each in found:
                            cost = _spend(broker, process, PACE * seconds, each.pace)
                            spent = each.followed if is_followed else each.alone
                            spent.us_per_order.append(cost[0])
                            spent.orders_per_s.append(cost[1])
    return found


def _spend(broker: Broker, process: int, orders: int, pace: int) -> tuple[float, float]:
    """Send so many orders and cancels; return the processor time of each in microseconds, and the rate."""
    broker.prepare(orders)
    before, count = broker.answered, len(broker.messages)
    begin_ns, spent_ns = perf_counter_ns(), processor_time_ns(process)
    while (answered := broker.answered - before) < count:
        due = (perf_counter_ns() - begin_ns) * pace // 1_000_000_000 if pace else answered + _WINDOW
        broker.send(min(count, due))
        if select([broker.session.sock], [], [], _SLICE_S)[0]:
            broker.receive()
    seconds = (perf_counter_ns() - begin_ns) / 1e9
    return (processor_time_ns(process) - spent_ns) / 1_000 / count, count / seconds


def processor_time_ns(process: int) -> int:
    """Return the processor time that all threads of a process have had: see clock_getcpuclockid(3) of Linux."""
    return time.clock_gettime_ns(~process << 3 | 2)


def _wait_until_up_to_date(path: Path) -> None:
    """Wait until the back office follows, and has come to the end of what there is. Raise `BenchError`."""
    wait_for_following(path)
    last, since = 0, perf_counter()
    while perf_counter() - since < _SETTLED_S:
        sequence = sequence_in(path)
        if sequence != last:
            last, since = sequence, perf_counter()
        time.sleep(_SETTLED_S / 10)
