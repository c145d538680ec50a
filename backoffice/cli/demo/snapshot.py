"""How the demo stands at a moment: made where the brokers are, drawn elsewhere."""

import time
from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from backoffice.cli.demo.broker import Broker, OpenOrder, Tape, TapeRow
from backoffice.cli.demo.figures import grouped, per_second
from backoffice.cli.demo.latency import percentile
from backoffice.cli.demo.market import Market
from engine.values import Price, Qty, Side

_SAMPLES: Final = 8
"""Rates and latencies are those since so many snapshots ago."""


class BookRow(msgspec.Struct, frozen=True):
    """An instrument's best prices, by the brokers' own orders; texts, empty where there is nothing."""

    symbol: str
    bid_qty: str
    bid: str
    ask: str
    ask_qty: str
    last: str
    trades: int


class Snapshot(msgspec.Struct, frozen=True):
    """All that the live view shows."""

    elapsed_ms: int
    orders_per_s: int
    reports_per_s: int
    trades_per_s: int
    trades: int
    open_orders: int
    rejects: int
    p50_ns: int
    p99_ns: int
    books: tuple[BookRow, ...]
    tape: tuple[TapeRow, ...]
    """The latest first."""


class _Counts(msgspec.Struct, frozen=True):
    at_ns: int
    sent: int
    reports: int
    trades: int
    latencies: tuple[int, ...]
    """How many each broker had measured."""


class Photographer:
    """Takes snapshots of the brokers."""

    def __init__(self, brokers: Sequence[Broker], tape: Tape, market: Market) -> None:
        self._brokers = brokers
        self._tape = tape
        self._instruments = market.instruments
        self._begun_ns = time.perf_counter_ns()
        self._counts: deque[_Counts] = deque([self._count()], _SAMPLES)

    def take(self) -> Snapshot:
        """Return the state of things now, with the rates since some snapshots ago."""
        before, now = self._counts[0], self._count()
        self._counts.append(now)
        elapsed_ns = now.at_ns - before.at_ns
        latencies_ns: list[int] = []
        for broker, start, end in zip(self._brokers, before.latencies, now.latencies, strict=True):
            latencies_ns += broker.order_latency_ns[start:end]
        latencies_ns.sort()
        return Snapshot(
            elapsed_ms=(now.at_ns - self._begun_ns) // 1_000_000,
            orders_per_s=per_second(now.sent - before.sent, elapsed_ns),
            reports_per_s=per_second(now.reports - before.reports, elapsed_ns),
            trades_per_s=per_second(now.trades - before.trades, elapsed_ns),
            trades=now.trades,
            open_orders=sum(len(broker.orders) for broker in self._brokers),
            rejects=sum(broker.rejects.total() for broker in self._brokers),
            p50_ns=percentile(latencies_ns, 500),
            p99_ns=percentile(latencies_ns, 990),
            books=self._books(),
            tape=tuple(reversed(self._tape.latest)),
        )

    def _books(self) -> tuple[BookRow, ...]:
        sides: dict[tuple[str, Side], list[OpenOrder]] = {}
        for broker in self._brokers:
            for order in broker.orders.values():
                if order.is_accepted and order.price:
                    sides.setdefault((order.symbol, order.side), []).append(order)
        rows = []
        for symbol, text in self._instruments.items():
            bid, bid_qty = _best(sides.get((symbol, Side.BUY), []), is_bid=True)
            ask, ask_qty = _best(sides.get((symbol, Side.SELL), []), is_bid=False)
            last = self._tape.last_price[symbol]
            rows.append(
                BookRow(
                    symbol,
                    grouped(text.qty_text[bid_qty]) if bid else "",
                    grouped(text.price_text[bid]) if bid else "",
                    grouped(text.price_text[ask]) if ask else "",
                    grouped(text.qty_text[ask_qty]) if ask else "",
                    grouped(text.price_text[last]) if last else "",
                    self._tape.trades[symbol],
                )
            )
        return tuple(rows)

    def _count(self) -> _Counts:
        return _Counts(
            time.perf_counter_ns(),
            sum(broker.sent for broker in self._brokers),
            sum(broker.reports for broker in self._brokers),
            self._tape.trades.total(),
            tuple(len(broker.order_latency_ns) for broker in self._brokers),
        )


def _best(orders: Sequence[OpenOrder], *, is_bid: bool) -> tuple[Price, Qty]:
    """Return the best price of one side of a book and the quantity there, zeros if nothing is."""
    if not orders:
        return 0, 0
    prices = [order.price for order in orders]
    best = max(prices) if is_bid else min(prices)
    return best, sum(order.leaves_qty for order in orders if order.price == best)
