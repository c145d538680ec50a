"""The order flows: which orders each session sends, and what they must be answered with.

Each flow gives loads run after run. However the venue interleaves the sessions, the number of reports of each kind is
the same, so that a run can be checked to the last report: orders that cross share one price and one size, so each of
them is filled exactly once, by whichever comes from the other side; orders that are cancelled stand where nothing
crosses.
"""

from random import Random
from typing import Final, Protocol

from bench.orders import BUY, SELL, Load, Resting, VariedWriter, Writer

LEVELS: Final = 400
"""Price levels of orders that rest, both sides together."""
MIX_BOOKED: Final = 2_000
"""Orders that the sessions of the mix have in the book before the clock runs, so that cancels have a choice."""

_CROSSING_PRICE: Final = b"50000.00"


class Flow(Protocol):
    """A kind of load over a fixed set of sessions."""

    name: str
    writers: list[Writer]

    def prepare(self) -> list[Load]:
        """Return what must be in the book before the first run, for each session."""
        ...

    def next_run(self, orders: int) -> list[Load]:
        """Return the next run of `orders` messages in all, for each session; they must be sent once, in order."""
        ...


class Resters:
    """Orders that rest, on both sides, over a few hundred price levels."""

    def __init__(self, sessions: int = 1) -> None:
        self.name = "rest"
        self.writers = _writers(sessions)
        self._ladder = _Ladder(LEVELS)

    def prepare(self) -> list[Load]:
        return [Load() for _ in self.writers]

    def next_run(self, orders: int) -> list[Load]:
        loads = self.prepare()
        for writer, load in zip(self.writers, loads, strict=True):
            writer.stamp()
            for _ in range(orders // len(self.writers)):
                self._ladder.add(writer, load)
        return loads


class Varied(Resters):
    """The same, each with its fields in one of 64 orders: more than a connection learns, fewer than are remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "varied"
        self.writers = [VariedWriter("BROKER1", 64)]


class Unlike(Resters):
    """The same, each with its fields in any order, as no client writes them: each is new to who reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "unlike"
        self.writers = [VariedWriter("BROKER1", 0)]


class Crossers:
    """Two sessions whose orders all trade with each other, one buying and one selling, by turns."""

    def __init__(self) -> None:
        self.name = "cross"
        self.writers = _writers(2)
        self._sides = (SELL, BUY)

    def prepare(self) -> list[Load]:
        return [Load(), Load()]

    def next_run(self, orders: int) -> list[Load]:
        loads = self.prepare()
        for writer, load, side in zip(self.writers, loads, self._sides, strict=True):
            writer.stamp()
            for _ in range(orders // 2):
                writer.add(load, side, _CROSSING_PRICE)
            load.filled = load.accepted
        self._sides = self._sides[::-1]  # the coins go back
        return loads


class Mix:
    """55 % adds, 40 % cancels, 5 % orders that cross, over a few hundred price levels.

    Sessions come in pairs. Of its messages, the first of a pair offers one in ten for the other to hit, so that of
    all messages 5 % are offers that trade (they count as adds) and 5 % the orders that cross to them. Whatever else
    is added stands away from the touch, and cancels take any of it at random.
    """

    def __init__(self, sessions: int = 4, booked: int = MIX_BOOKED, levels: int = LEVELS) -> None:
        assert sessions % 2 == 0, "makers and takers come in pairs"
        self.name = "mix"
        self.writers = _writers(sessions)
        self.booked = booked
        self.levels = levels
        self._ladder = _Ladder(levels)
        self._random = Random(1)
        self._open: list[list[Resting]] = [[] for _ in self.writers]

    def prepare(self) -> list[Load]:
        loads = [Load() for _ in self.writers]
        for writer, load, resting in zip(self.writers, loads, self._open, strict=True):
            writer.stamp()
            resting += [self._ladder.add(writer, load) for _ in range(self.booked // len(self.writers))]
        return loads

    def next_run(self, orders: int) -> list[Load]:
        share = orders // len(self.writers)
        crossing, cancels = share // 10, share * 4 // 10
        steps = ["cross"] * crossing + ["cancel"] * cancels + ["add"] * (share - crossing - cancels)
        loads = [Load() for _ in self.writers]
        for number, (writer, load) in enumerate(zip(self.writers, loads, strict=True)):
            writer.stamp()
            self._random.shuffle(steps)
            resting = self._open[number]
            side = BUY if number % 2 else SELL
            for step in steps:
                if step == "cross":
                    writer.add(load, side, _CROSSING_PRICE)
                    load.filled += 1
                elif step == "cancel" and resting:
                    writer.cancel(load, self._take_any(resting))
                else:
                    resting.append(self._ladder.add(writer, load))
        return loads

    def _take_any(self, resting: list[Resting]) -> Resting:
        position = int(self._random.random() * len(resting))
        resting[position], resting[-1] = resting[-1], resting[position]
        return resting.pop()


class _Ladder:
    """Prices away from the touch, 1 USD apart, as many below as above; none of them is ever crossed."""

    def __init__(self, levels: int) -> None:
        self._bids = [b"%d.50" % (49_900 - level) for level in range(levels // 2)]
        self._asks = [b"%d.50" % (50_100 + level) for level in range(levels // 2)]
        self._random = Random(2)

    def add(self, writer: Writer, load: Load) -> Resting:
        """Add an order at any of the levels."""
        position = int(self._random.random() * 2 * len(self._bids))
        if position < len(self._bids):
            return writer.add(load, BUY, self._bids[position])
        return writer.add(load, SELL, self._asks[position - len(self._bids)])


def _writers(sessions: int) -> list[Writer]:
    return [Writer(f"BROKER{number}") for number in range(1, sessions + 1)]
