"""Statistics of a trading day in one instrument: opening, high, low and closing price, volume, average price.

They are made of the public events alone. A bust takes its trade out of them again, a correction changes it; the opening
price stays. The closing price is that of the closing auction, else that of the last trade before the day ended.
"""

from msgspec.structs import replace

from engine.events import AuctionEnded, Trade, TradeAmended
from engine.values import Amount, Phase, Price, Qty
from fixgw.instruments import InstrumentText
from fixgw.market_entries import CLOSING, HIGH, LOW, OPENING, VOLUME, VWAP, Kinds, priced


class DayStatistics:
    """The trading day so far; 0 where there is nothing yet."""

    __slots__ = (
        "_first_trade_id",
        "_is_closed",
        "_trade_counts",
        "closing",
        "high",
        "last",
        "last_time",
        "low",
        "notional",
        "opening",
        "qty",
        "trade_count",
        "version",
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
        self.last_time = ""
        """and when, as FIX has it."""
        self.version = 0
        """Another one whenever anything has changed."""
        self._trade_counts: dict[Price, int] = {}
        """How many trades there were at each price."""
        self._first_trade_id = 0
        self._is_closed = False
        """The closing price is that of this day."""

    def trade(self, event: Trade, time: str) -> None:
        """Count a trade of that time."""
        self.version += 1
        price = event.price
        if not self.trade_count:
            self._first_trade_id = self._first_trade_id or event.trade_id
            self.opening = self.opening or price
        self.high = max(self.high, price)
        self.low = min(self.low or price, price)
        self._trade_counts[price] = self._trade_counts.get(price, 0) + 1
        self.trade_count += 1
        self.qty += event.qty
        self.notional += event.notional
        self.last, self.last_time = event, time

    def amend(self, event: TradeAmended) -> None:
        """Take a trade out that was busted, or have it as it was corrected to."""
        self.version += 1
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
            self.version += 1
            self.closing, self._is_closed = event.price, True

    def day_ended(self) -> None:
        """Begin a new day."""
        self.version += 1
        if not self._is_closed and self.trade_count and self.last is not None:
            self.closing = self.last.price
        self._is_closed = False
        self.opening = self.high = self.low = self.qty = self.notional = self.trade_count = self._first_trade_id = 0
        self._trade_counts = {}

    def values(self, kinds: Kinds, text: InstrumentText) -> dict[Kinds, str]:
        """Return the fields of each statistic that is among `kinds`, empty where there is none."""
        prices = text.price_text
        average = f"270={text.average_price(self.notional, self.qty)}\x01" if self.qty else ""
        found: dict[Kinds, str] = {}
        if kinds & OPENING:
            found[OPENING] = priced(prices, self.opening)
        if kinds & CLOSING:
            found[CLOSING] = priced(prices, self.closing)
        if kinds & HIGH:
            found[HIGH] = priced(prices, self.high)
        if kinds & LOW:
            found[LOW] = priced(prices, self.low)
        if kinds & VWAP:
            found[VWAP] = average
        if kinds & VOLUME:
            volume = f"{average}271={text.qty_text[self.qty]}\x015128={self.trade_count}\x01"
            found[VOLUME] = volume if self.trade_count else ""
        return found
