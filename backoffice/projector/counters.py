"""Counts by the hour: what reports add up over long times is added up as it happens.

The hour that is going on is held here, and written as whole numbers over those before: so they are exact however large
they get, and whatever batches they come in. Hours that are over are in the database alone.
"""

from typing import TYPE_CHECKING, Final

from backoffice.projector.batch import Row
from backoffice.times import HOUR_NS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from backoffice.projector.tables import Activity, RejectCount


ACTIVITY_COLUMNS: Final = (
    "hour",
    "account",
    "symbol",
    "session",
    "orders",
    "replaces",
    "cancels",
    "maker_trades",
    "taker_trades",
    "bought_qty",
    "sold_qty",
    "maker_notional",
    "taker_notional",
    "fees",
    "rebates",
    "bought_notional",
    "sold_notional",
    "ordered_qty",
)
"""The columns of `Activity` in the order in which its rows are made;"""
WIDE_FROM: Final = ACTIVITY_COLUMNS.index("bought_qty")
"""from here on integers of any size: texts in a row, as that is what goes everywhere."""


class Counts:
    """What an account has done in an instrument by a session in an hour; the fields are those of `Activity`."""

    __slots__ = (*ACTIVITY_COLUMNS, "is_touched")

    def __init__(self, hour: int, account: str, symbol: str, session: str) -> None:
        self.hour = hour
        self.account = account
        self.symbol = symbol
        self.session = session
        self.orders = self.replaces = self.cancels = self.ordered_qty = 0
        self.maker_trades = self.taker_trades = 0
        self.bought_qty = self.sold_qty = self.bought_notional = self.sold_notional = 0
        self.maker_notional = self.taker_notional = self.fees = self.rebates = 0
        self.is_touched = False
        """It has changed since it was written."""

    def make(self, buys: bool, qty: int, notional: int, fee: int) -> None:  # noqa: FBT001 - for speed
        """Count a trade of a resting order."""
        self.maker_trades += 1
        self.maker_notional += notional
        self._trade(buys, qty, notional, fee)

    def take(self, buys: bool, qty: int, notional: int, fee: int) -> None:  # noqa: FBT001 - for speed
        """Count a trade of an incoming order."""
        self.taker_trades += 1
        self.taker_notional += notional
        self._trade(buys, qty, notional, fee)

    def amend(self, *, made: bool, buys: bool, qty: int, notional: int, fee: int, fee_before: int) -> None:
        """Count by how much a trade has become another one. `fee`: what it is now."""
        if made:
            self.maker_notional += notional
        else:
            self.taker_notional += notional
        self._trade(buys, qty, notional, fee)
        self.fees -= fee_before
        self.rebates -= max(-fee_before, 0)

    def _trade(self, buys: bool, qty: int, notional: int, fee: int) -> None:  # noqa: FBT001 - for speed
        if buys:
            self.bought_qty += qty
            self.bought_notional += notional
        else:
            self.sold_qty += qty
            self.sold_notional += notional
        self.fees += fee
        if fee < 0:
            self.rebates -= fee


class Counters:
    """The counts of the hour that is going on."""

    def __init__(self) -> None:
        self._hour = -1
        self._ends_ns = 0
        self._counts: dict[tuple[str, str, str], Counts] = {}
        self._rejects: dict[tuple[str, int], int] = {}
        self._touched: list[Counts] = []
        self._touched_rejects: dict[tuple[int, str, int], int] = {}

    def resume(self, time_ns: int, activity: "Iterable[Activity]", rejects: "Iterable[RejectCount]") -> None:
        """Go on with the hour of a time, from the rows that there are of it."""
        self._begin(time_ns)
        for row in activity:
            key = (row.account, row.symbol, row.session)
            counts = self._counts[key] = Counts(row.hour, *key)
            for name in ACTIVITY_COLUMNS:
                setattr(counts, name, getattr(row, name))
        for each in rejects:
            self._rejects[each.session, each.reason] = each.rejects

    def of(self, time_ns: int, account: str, symbol: str, session: str) -> Counts:
        """Return the counts that something is to be counted in. Time never runs backwards."""
        if time_ns >= self._ends_ns:
            self._begin(time_ns)
        key = (account, symbol, session)
        counts = self._counts.get(key)
        if counts is None:
            counts = self._counts[key] = Counts(self._hour, *key)
        if not counts.is_touched:
            counts.is_touched = True
            self._touched.append(counts)
        return counts

    def reject(self, time_ns: int, session: str, reason: int) -> None:
        """Count something that was refused."""
        if time_ns >= self._ends_ns:
            self._begin(time_ns)
        count = self._rejects[session, reason] = self._rejects.get((session, reason), 0) + 1
        self._touched_rejects[self._hour, session, reason] = count

    def take_activity(self) -> list[Row]:
        """Return the rows that have changed since this was last asked."""
        rows = []
        for counts in self._touched:
            counts.is_touched = False
            values = [getattr(counts, name) for name in ACTIVITY_COLUMNS]
            rows.append((*values[:WIDE_FROM], *map(str, values[WIDE_FROM:])))
        self._touched = []
        return rows

    def take_rejects(self) -> list[Row]:
        """Return the counts of rejects that have changed since this was last asked."""
        rows: list[Row] = [(*key, count) for key, count in self._touched_rejects.items()]
        self._touched_rejects = {}
        return rows

    def _begin(self, time_ns: int) -> None:
        self._hour = time_ns // HOUR_NS
        self._ends_ns = (self._hour + 1) * HOUR_NS
        self._counts = {}
        self._rejects = {}
