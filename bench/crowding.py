"""What a venue full of sessions that do nothing costs those that trade.

Two venues are up together and take turns: on the one fifty sessions trade and are alone, on the other nine hundred and
fifty more are logged on and send heartbeats.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from bench.client import BenchError, Session
from bench.crowd import allow_many_sockets, crowd_tables
from bench.flows import Mix
from bench.measure import VENUES, Contestant, Peer, Size
from bench.venues import ROOT, Cores, environment, scratch_directory, venue

TRADING: Final = 50
LOGGED_ON: Final = 1_000
_IN_SANDBOX: Final = 8
"""Sessions that the sandbox's settings have."""
_STOP_S_MAX: Final = 10.0


@dataclass(frozen=True, slots=True)
class Crowded:
    """Orders and cancels per second of those that trade: alone, and in the crowd."""

    peer: Peer
    alone_per_s: float
    crowded_per_s: float

    @property
    def kept(self) -> float:
        """How much of the rate there is in the crowd."""
        return self.crowded_per_s / self.alone_per_s


def measure_crowd(peer: Peer, size: Size, cores: Cores) -> Crowded:
    """Measure the mix on fifty sessions, without a crowd and with one, in turns. Raise `BenchError`."""
    allow_many_sockets()
    with ExitStack() as stack:
        contestants = [stack.enter_context(_contestant(peer, cores, crowd=crowd)) for crowd in (False, True)]
        for _ in range(size.runs):
            for contestant in contestants:
                contestant.run(size.orders)
    alone, crowded = (contestant.result().median for contestant in contestants)
    return Crowded(peer, alone, crowded)


@contextmanager
def _contestant(peer: Peer, cores: Cores, *, crowd: bool) -> Iterator[Contestant]:
    home, sync = VENUES[peer]
    flow = Mix(sessions=TRADING)
    with ExitStack() as stack:
        directory = stack.enter_context(scratch_directory())
        port = stack.enter_context(venue(sync, cores, directory, home, more=crowd_tables(_IN_SANDBOX + 1, LOGGED_ON)))
        if crowd:
            stack.enter_context(_crowd(port))
        yield Contestant(peer, flow, [stack.enter_context(Session(writer, port)) for writer in flow.writers])


@contextmanager
def _crowd(port: int) -> Iterator[None]:
    """Have all the others logged on; it is an error if one of them is ended before the block is left."""
    numbers = ["--first", str(TRADING + 1), "--last", str(LOGGED_ON)]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.crowd", "--port", str(port), *numbers],
        cwd=ROOT,
        env=environment(ROOT),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        if process.stdout.readline() != "ready\n":
            raise BenchError(f"the crowd could not log on: {process.stderr.read().strip()}")
        yield
        process.stdin.close()
        if process.wait(_STOP_S_MAX):
            raise BenchError(f"the crowd has lost sessions: {process.stderr.read().strip()}")
    finally:
        process.kill()
        process.wait()
