"""Statistics of a trading day in one instrument: opening, high, low and closing price, volume, average price.

A bust takes its trade out of them again, a correction changes it; the opening price stays. The closing price is that of
the closing auction, else that of the last trade before the day ended. They are part of the state, so that who begins
with a snapshot knows them as well as who has seen the whole day.
"""

from msgspec.structs import replace

from engine.events import AuctionEnded, Trade, TradeAmended
from engine.images import DayImage
from engine.values import Amount, Phase, Price, Qty


class DayStatistics:
    """The trading day so far; 0 where there is nothing yet."""

    __slots__ = (
        "_first_trade_id",
        "_is_closed",
        "_trade_counts",
        "closing",
        "high",
        "last",
        "last_ns",
        "low",
        "notional",
        "opening",
        "qty",
        "trade_count",
    )

    def __init__(self) -> None:
        self.opening: Price = 0
        self.high: Price = 0
        self.low: Price = 0
        self.closing: Price = 0
        """Of the last day that had one."""
        self.qty: Qty = 0
        self.notional: Amount = 0
        self.trade_count = 0
        self.last: Trade | None = None
        """The last trade, whenever that was,"""
        self.last_ns = 0
        """and when, nanoseconds since the epoch."""
        self._trade_counts: dict[Price, int] = {}
        """How many trades there were at each price."""
        self._first_trade_id = 0
        self._is_closed = False
        """The closing price is that of this day."""

    def trade(self, event: Trade, time_ns: int) -> None:
        """Count a trade of that time."""
        price = event.price
        if not self.trade_count:
            self._first_trade_id = self._first_trade_id or event.trade_id
            self.opening = self.opening or price
        self.high = max(self.high, price)
        self.low = min(self.low or price, price)
        counts = self._trade_counts
        counts[price] = counts.get(price, 0) + 1
        self.trade_count += 1
        self.qty += event.qty
        self.notional += event.notional
        self.last, self.last_ns = event, time_ns

    def amend(self, event: TradeAmended) -> None:
        """Take a trade out that was busted, or have it as it was corrected to."""
        last = self.last
        if last is not None and last.trade_id == event.trade_id:
            self.last = replace(last, price=event.price, qty=event.qty) if event.qty else None
        if not self._first_trade_id or event.trade_id < self._first_trade_id:
            return  # of an earlier day
        counts = self._trade_counts
        counts[event.previous_price] -= 1
        if not counts[event.previous_price]:
            del counts[event.previous_price]
        if event.qty:
            counts[event.price] = counts.get(event.price, 0) + 1
        else:
            self.trade_count -= 1
        self.qty += event.qty - event.previous_qty
        self.notional += event.notional - event.previous_notional
        self.high, self.low = max(counts, default=0), min(counts, default=0)

    def auction_ended(self, event: AuctionEnded) -> None:
        """Take the price of the closing auction."""
        if event.phase is Phase.CLOSING_AUCTION and event.price:
            self.closing, self._is_closed = event.price, True

    def day_ended(self) -> None:
        """Begin a new day."""
        if not self._is_closed and self.trade_count and self.last is not None:
            self.closing = self.last.price
        self._is_closed = False
        self.opening = self.high = self.low = self.qty = self.notional = self.trade_count = self._first_trade_id = 0
        self._trade_counts = {}

    def image(self) -> DayImage:
        """Return it as plain data."""
        return DayImage(
            self.opening,
            self.high,
            self.low,
            self.closing,
            self.qty,
            self.notional,
            self.trade_count,
            self.last,
            self.last_ns,
            dict(self._trade_counts),
            self._first_trade_id,
            self._is_closed,
        )

    def restore(self, image: DayImage) -> None:
        """Be what an image shows."""
        self.opening = image.opening
        self.high = image.high
        self.low = image.low
        self.closing = image.closing
        self.qty = image.qty
        self.notional = image.notional
        self.trade_count = image.trade_count
        self.last = image.last
        self.last_ns = image.last_ns
        self._trade_counts = dict(image.trade_counts)
        self._first_trade_id = image.first_trade_id
        self._is_closed = image.is_closed
