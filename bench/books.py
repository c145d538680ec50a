"""The back office: how fast it takes a journal into its database, and how far behind trading it is while orders come.

A journal is made beforehand, then taken in by a process of its own, `python -m bench.books DIRECTORY RECORDS FLOW
CORE...`. Its memory is its peak. A mix of orders is caught up with, on two cores. Where every other order trades, one
process does it all on one core, as when it keeps up. The lag is the age of the last record in the database, looked at
every tenth of a second while orders and cancels come at a pace.
"""

import asyncio
import json
import os
import resource
import selectors
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import aclosing, closing
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from time import perf_counter_ns
from typing import Final

from backoffice.database import Database
from backoffice.database.database import address_of
from backoffice.database.migrating import upgrade
from backoffice.projector.catching_up import catch_up
from backoffice.projector.deriving import BATCH_RECORDS, batches
from backoffice.projector.projector import Projector
from backoffice.projector.source import identity_of
from bench.client import BenchError
from bench.engine_bench import ACCOUNTS, MIDDLE, SYMBOL, Load
from bench.journals import write_journal
from bench.market_data import Broker
from bench.venues import ROOT, START_S_MAX, Cores, environment, scratch_directory, venue
from engine.commands import AnyCommand, NewOrder
from engine.journal import JournalReader
from engine.recovery import JOURNAL
from engine.values import BUY, LIMIT, SELL, TimeInForce

PACE: Final = 5_000
"""Orders and cancels a second at which the lag is measured."""
TAKEN_IN_PER_S_MIN: Final = 50_000
EXECUTIONS_PER_S_MIN: Final = 20_000
LAG_MS_MAX: Final = 1_000
_LOOK_S: Final = 0.1
_SLICE_S: Final = 0.002
FLOWS: Final = ("mix", "trades")


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What taking a journal in came to."""

    flow: str
    records: int
    records_per_s: float
    executions_per_s: float
    """Fills, one for each side of a trade."""
    peak_mib: float


@dataclass(frozen=True, slots=True)
class Lag:
    """How far behind the database was, while trading went at a pace."""

    pace: int
    p50_ms: float
    max_ms: float


def measure_taking_in(flow: str, records: int, cores: Cores) -> TakenIn:
    """Return how fast a journal of so many records is taken in. Raise `BenchError`."""
    with scratch_directory() as directory:
        commands = islice(_mix() if flow == "mix" else _trades(), records)
        _, executions = write_journal(directory / JOURNAL, commands, time.time_ns())
        command = [sys.executable, "-m", "bench.books", str(directory), str(records), flow]
        allowed = (cores.peer, cores.client) if flow == "mix" else (cores.peer,)
        command += [str(core) for core in allowed if core is not None]
        done = subprocess.run(
            command, cwd=ROOT, env=environment(ROOT), capture_output=True, text=True, check=False, timeout=600
        )
    if done.returncode:
        raise BenchError(f"the projector failed: {done.stderr.strip().splitlines()[-1]}")
    found = json.loads(done.stdout)
    seconds = found["seconds"]
    return TakenIn(flow, records, records / seconds, executions / seconds, found["peak_mib"])


def measure_lag(seconds: int) -> Lag:
    """Return how far behind the back office is at a pace. Neither it nor the venue is tied to a core."""
    lags_ms = []
    with scratch_directory() as directory, venue("always", Cores(None, None), directory, more="[back_office]") as port:
        path = directory / "data" / "backoffice.sqlite"
        broker = Broker(port)
        with broker.session, selectors.DefaultSelector() as selector:
            selector.register(broker.session.sock, selectors.EVENT_READ)
            wait_for_following(path)
            broker.prepare(PACE * seconds)
            begin_ns, looked_ns = perf_counter_ns(), perf_counter_ns()
            while broker.answered < len(broker.messages):
                now_ns = perf_counter_ns()
                broker.send(min(len(broker.messages), (now_ns - begin_ns) * PACE // 1_000_000_000))
                if selector.select(_SLICE_S):
                    broker.receive()
                if now_ns - looked_ns > _LOOK_S * 1e9 and now_ns - begin_ns > 1e9:
                    looked_ns = now_ns
                    lags_ms.append((time.time_ns() - _position_ns(path)) / 1_000_000)
    return Lag(PACE, statistics.median(lags_ms), max(lags_ms))


def wait_for_following(path: Path) -> None:
    """Wait until the back office follows. Raise `BenchError`."""
    deadline = time.monotonic() + START_S_MAX
    while time.monotonic() < deadline:
        try:
            if _position_ns(path):
                return
        except sqlite3.OperationalError:
            pass  # It is being made.
        time.sleep(_LOOK_S)
    raise BenchError("the back office does not follow")


def sequence_in(path: Path) -> int:
    """Return the last record that is in a database that is followed into."""
    return _position(path)[0]


def _position_ns(path: Path) -> int:
    return _position(path)[1]


def _position(path: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        found = "SELECT COALESCE(MAX(sequence), 0), COALESCE(MAX(time_ns), 0) FROM position"
        sequence, time_ns = database.execute(found).fetchone()
    return sequence, time_ns


def _mix() -> Iterator[AnyCommand]:
    load = Load()
    return chain(load.opening(), load.mixed())


def _trades() -> Iterator[AnyCommand]:
    """Yield orders of which every other one meets the one before it."""
    yield from Load().opening()
    number = 0
    while True:
        number += 1
        account = ACCOUNTS[number % len(ACCOUNTS)]
        side = BUY if number % 2 else SELL
        good = TimeInForce.GOOD_TILL_CANCEL
        yield NewOrder(account, number, account, f"ORDER-{number}", SYMBOL, side, LIMIT, good, 1_000, MIDDLE)


async def _take_in(data: Path, records: int, flow: str) -> float:
    """Take the journal into a new database, and return how many seconds it took."""
    async with Database(address_of("sqlite:///books.sqlite", data)) as database:
        await upgrade(database)
        first = next(iter(JournalReader(data / JOURNAL).frames(1)))
        projector = await Projector.open(database, identity_of(first))
        begin_ns = perf_counter_ns()
        if flow == "mix":
            async with aclosing(catch_up(projector, data / JOURNAL, records)) as caught_up:
                async for _ in caught_up:
                    pass
        else:
            for batch in batches(projector.known, data / JOURNAL, 1, records, BATCH_RECORDS):
                await projector.write(batch)
        return (perf_counter_ns() - begin_ns) / 1e9


if __name__ == "__main__":
    if sys.argv[4:]:
        os.sched_setaffinity(0, map(int, sys.argv[4:]))
    _taken_s = asyncio.run(_take_in(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
    _peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(json.dumps({"seconds": _taken_s, "peak_mib": _peak_kib / 1024}))
