"""What it takes from trading that the back office follows: the instructions that it executes for an order, counted.

A machine that others use as well is faster and slower by far more than what is looked for here, and what processes of
an idle one spend on waking up is more than that again; so nothing is timed. The trading process runs under Callgrind
(https://valgrind.org), which counts each instruction of a process outside the kernel, and gives the same count again
within some thousandths. The back office follows in every other turn, and stands still in those between (SIGSTOP).
"""

import os
import shutil
import signal
import statistics
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from typing import Final

from bench.books import sequence_in, wait_for_following
from bench.client import BenchError
from bench.market_data import Broker
from bench.venues import Cores, following, scratch_directory, trading

COST_PERCENT_MAX: Final = 5.0
WINDOWS: Final = (1_000, 1)
"""So many orders at most are not answered yet: as fast as trading can, and each by itself, as costly as can be."""
_SLICE_S: Final = 0.01
_SETTLED_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Followed:
    """What following takes while so many orders are on their way."""

    window: int
    alone: list[float] = field(default_factory=list)
    """Instructions for an order, or its cancel, turn by turn,"""
    followed: list[float] = field(default_factory=list)
    """and while the back office follows."""

    @property
    def cost_percent(self) -> float:
        """How much of its throughput trading gives away for it."""
        return 100 * (1 - statistics.median(self.alone) / statistics.median(self.followed))


def measure_followed(cores: Cores, *, turns: int, orders: int) -> list[Followed]:
    """Count in so many turns of each kind; nothing where Callgrind is not installed. Raise `BenchError`."""
    if shutil.which("callgrind_control") is None:
        return []
    found = [Followed(window) for window in WINDOWS]
    with ExitStack() as stack:
        directory = stack.enter_context(scratch_directory())
        counts = directory / "instructions"
        counted = ("valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}")
        port, process = stack.enter_context(trading("relaxed", cores, directory, counted))
        broker = Broker(port)
        stack.enter_context(broker.session)
        _trade(broker, orders, WINDOWS[0])  # to warm up
        office = stack.enter_context(following(cores, directory))
        for _ in range(turns):
            for is_followed in (False, True):
                for each in found:
                    _wait_until_up_to_date(directory / "data" / "backoffice.sqlite")
                    if not is_followed:
                        os.kill(office, signal.SIGSTOP)
                    _instructions(process, counts)
                    _trade(broker, orders, each.window)
                    spent = _instructions(process, counts) / orders
                    os.kill(office, signal.SIGCONT)
                    (each.followed if is_followed else each.alone).append(spent)
    return found


def _trade(broker: Broker, orders: int, window: int) -> None:
    """Send so many orders and cancels, and wait for the answers."""
    broker.prepare(orders)
    before = broker.answered
    while (answered := broker.answered - before) < len(broker.messages):
        broker.send(min(len(broker.messages), answered + window))
        if select([broker.session.sock], [], [], _SLICE_S)[0]:
            broker.receive()


def _instructions(process: int, counts: Path) -> int:
    """Return how many instructions a process has executed since this was last asked."""
    subprocess.run(["callgrind_control", "--dump", str(process)], check=True, capture_output=True)  # noqa: S607 - found
    newest = max(counts.parent.glob(f"{counts.name}.*"), key=lambda path: int(path.suffix[1:]))
    for line in newest.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(("totals: ", "summary: ")):
            return int(line.partition(": ")[2])
    raise BenchError(f"{newest.name}: says no total")


def _wait_until_up_to_date(path: Path) -> None:
    """Wait until the back office follows, and has come to the end of what there is. Raise `BenchError`."""
    wait_for_following(path)
    last, since = 0, time.monotonic()
    while time.monotonic() - since < _SETTLED_S:
        sequence = sequence_in(path)
        if sequence != last:
            last, since = sequence, time.monotonic()
        time.sleep(_SETTLED_S / 10)
