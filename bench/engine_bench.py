"""The engine alone, in one process: `python -m bench.engine_bench`.

The load is 55 % plain limit orders that rest, on some four hundred price levels, 40 % cancels of any of them, and 5 %
orders that cross the book; eight accounts, events included. On a book that is full beforehand, as many orders go as
come, and what is cancelled came lately, as it does in markets: the same work on a book of any size. Commands are made
beforehand, outside of what is timed. Time is processor time, so that other programs disturb as little as they can. The
garbage collector is set as the trading process sets it.
"""

import gc
import random
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path

from bench.journals import write_journal
from engine import commands
from engine.commands import AnyCommand
from engine.exchange import Exchange
from engine.recovery import JOURNAL, recover
from engine.values import BUY, LIMIT, SELL, Side, TimeInForce

SYMBOL = "BTC/USD"
ACCOUNTS = tuple(f"BROKER{number}" for number in range(8))
MIDDLE = 5_000_000
LEVELS = 200
"""On each side."""
CHUNK = 1_000
"""Commands made, then applied, at a time: few enough to stay in the cache, like those that come off a wire."""
LATELY = 1_000
"""What is cancelled on a full book is one of so many orders that came last."""


def run(*, quick: bool = False) -> dict[str, float]:
    """Return the figures by name."""
    with collector_as_in_trading():
        small, large = 1_000, 100_000 if quick else 1_000_000
        return {
            "engine_ops_per_s": median(1 if quick else 5, lambda: _ops_per_s(40_000 if quick else 200_000)),
            f"engine_ops_per_s_at_{small}_resting": (few := _ops_per_s_at(small, 20_000)),
            f"engine_ops_per_s_at_{large}_resting": (many := _ops_per_s_at(large, 20_000)),
            "engine_cost_of_a_full_book": few / many,
            f"engine_ops_per_s_at_{large}_resting_cancels_of_any": _ops_per_s_at(large, 20_000, lately=large),
            "engine_bytes_per_resting_order": _bytes_per_resting_order(20_000 if quick else 100_000),
            "recovery_records_per_s": _recovery_records_per_s(20_000 if quick else 200_000, 1 if quick else 3),
        }


def plain(count: int = 200_000) -> float:
    """Return plain orders and cancels per second: what any engine of ours can do, however old."""
    with collector_as_in_trading():
        return _ops_per_s(count)


class Load:
    """An endless stream of commands, the same each time. With `is_level`, as many orders go as come."""

    def __init__(self, *, is_level: bool = False) -> None:
        self._random = random.Random(1)
        self._cancel_share = 0.5 if is_level else 0.4
        self._number = 0
        self._resting: list[tuple[str, str, Side]] = []

    def opening(self) -> Iterator[AnyCommand]:
        """Yield what opens the venue."""
        yield commands.AddAsset("BTC", 9)
        yield commands.AddAsset("USD", 8)
        yield commands.AddInstrument(SYMBOL, "BTC", "USD", 1, 2, 1, 6, 0, 2, 10**12)
        for account in ACCOUNTS:
            yield commands.OpenAccount(account)
            yield commands.Credit(account, "BTC", 10**17, f"{account} BTC")
            yield commands.Credit(account, "USD", 10**17, f"{account} USD")
            yield commands.ProvisionSession(account, (account,), "")

    def mixed(self) -> Iterator[AnyCommand]:
        """Yield orders and cancels."""
        while True:
            what = self._random.random()
            if what < self._cancel_share and self._resting:
                yield self._cancel()
            else:
                yield self._order(crosses=what > 0.95)

    def resting(self, count: int, lately: int) -> Iterator[AnyCommand]:
        """Yield orders that rest, of which the last `lately` may be cancelled later."""
        for _ in range(count):
            yield self._order(crosses=False)
        del self._resting[:-lately]

    def _order(self, *, crosses: bool) -> AnyCommand:
        self._number += 1
        account, cl_ord_id = ACCOUNTS[self._number % len(ACCOUNTS)], f"ORDER-{self._number}"
        side = BUY if self._random.random() < 0.5 else SELL
        away = -LEVELS - 1 if crosses else self._random.randint(1, LEVELS)
        price = MIDDLE - away if side is BUY else MIDDLE + away
        if not crosses:
            self._resting.append((account, cl_ord_id, side))
        return commands.NewOrder(
            account,
            self._number,
            account,
            cl_ord_id,
            SYMBOL,
            side,
            LIMIT,
            TimeInForce.GOOD_TILL_CANCEL,
            self._random.randint(1, 4) * 1_000,
            price,
        )

    def _cancel(self) -> AnyCommand:
        self._number += 1
        resting = self._resting
        at = self._random.randrange(len(resting))
        resting[at], resting[-1] = resting[-1], resting[at]
        account, orig_cl_ord_id, side = resting.pop()
        return commands.CancelOrder(
            account, self._number, account, f"CANCEL-{self._number}", orig_cl_ord_id, 0, SYMBOL, side
        )


@contextmanager
def collector_as_in_trading() -> Iterator[None]:
    """Set the garbage collector as the trading process sets it, for a while."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 50, 1_000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _ops_per_s(count: int) -> float:
    load, exchange = Load(), Exchange()
    for command in load.opening():
        exchange.apply(command, 0)
    return count / seconds_of(exchange, load.mixed(), count)


def _ops_per_s_at(resting: int, count: int, lately: int = LATELY) -> float:
    load, exchange = Load(is_level=True), Exchange()
    for command in chain(load.opening(), load.resting(resting, lately)):
        exchange.apply(command, 0)
    return count / seconds_of(exchange, load.mixed(), count)


def seconds_of(
    exchange: Exchange, load: Iterator[AnyCommand], count: int, clock: Callable[[], int] = lambda: 0
) -> float:
    """Return what it takes to apply the next `count` commands of a load, each chunk stamped by a clock."""
    apply = exchange.apply
    seconds = 0.0
    for _ in range(count // CHUNK):
        now_ns = clock()
        chunk = list(islice(load, CHUNK))
        begin = time.process_time()
        for command in chunk:
            apply(command, now_ns)
        seconds += time.process_time() - begin
    return seconds


def _bytes_per_resting_order(count: int) -> float:
    load, exchange = Load(), Exchange()
    for command in load.opening():
        exchange.apply(command, 0)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number, side in enumerate((BUY, SELL) * (count // 2)):
            # Each command is dropped; what is left of it are the texts and numbers that its order owns.
            account, price = ACCOUNTS[number % len(ACCOUNTS)], MIDDLE + (1 - 2 * (side is BUY)) * (1 + number % LEVELS)
            exchange.apply(
                commands.NewOrder(
                    account,
                    number,
                    account,
                    f"ORDER-{number:014}",
                    SYMBOL,
                    side,
                    LIMIT,
                    TimeInForce.GOOD_TILL_CANCEL,
                    1_000 + number,
                    price,
                ),
                0,
            )
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (after - before) / count


def _recovery_records_per_s(count: int, repeats: int) -> float:
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory)
        load = Load()
        records, _ = write_journal(data / JOURNAL, chain(load.opening(), islice(load.mixed(), count)))

        def once() -> float:
            begin = time.process_time()
            recovered = recover(data)
            seconds = time.process_time() - begin
            assert recovered.sequence == records, "the whole journal is replayed"
            return records / seconds

        return median(repeats, once)


def median(repeats: int, measure: Callable[[], float]) -> float:
    """Return the median of what is measured several times."""
    return statistics.median(measure() for _ in range(repeats))


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:<40} {value:>12,.0f}")
