"""The kinds of orders that the demo's brokers use now and then, beside limit and market orders: FIX fields and prices.

Each use is of the next kind in turn, by any broker in any instrument. The stops and their like are placed so near to
the market that most of them are triggered within seconds.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Final

from backoffice.cli.demo.broker import Broker, Leg
from backoffice.cli.demo.market import Market
from engine.values import Contingency, Price, Qty, Side
from fixgw.instruments import InstrumentText
from fixgw.timestamps import format_utc

_DOLLARS: Final = 10_000
_ICEBERG_DOLLARS: Final = 80_000
_REACH_PARTS: Final = 8_000
"""A reach, by which prices here are set apart from the market, is this part of the price: about half a spread."""
_GOOD_FOR_NS: Final = 1_500_000_000


@dataclass(frozen=True, slots=True)
class Occasion:
    """What an order is made for: side, quantities, and where the market is."""

    text: InstrumentText
    side: Side
    qty: Qty
    large_qty: Qty
    reference: Price

    def behind(self, reaches: int, side: Side | None = None) -> Price:
        """Return a price that many reaches behind the market, as an order of a side sees it (if negative, beyond)."""
        distance = reaches * max(1, self.reference // _REACH_PARTS)
        return max(1, self.reference - distance if (side or self.side) is Side.BUY else self.reference + distance)

    def shown(self, reaches: int, side: Side | None = None) -> str:
        """Return such a price as a text."""
        return self.text.price_text[self.behind(reaches, side)]

    def order(self, order_type: str, terms: str, price: Price = 0, qty: Qty = 0) -> list[Leg]:
        """Return a single order of this type and these terms."""
        return [Leg(self.side, qty or self.qty, price, order_type, terms)]


def _iceberg(at: Occasion) -> list[Leg]:
    shown = at.text.qty_text[max(1, at.large_qty // 8)]
    return at.order("2", f"59=0\x01111={shown}\x01", at.behind(0), at.large_qty)


def _good_till_date(at: Occasion) -> list[Leg]:
    ends = format_utc(time.time_ns() + _GOOD_FOR_NS)
    return at.order("2", f"59=6\x01126={ends}\x01", at.behind(3))


def _pair(at: Occasion) -> list[Leg]:
    """Leave at a better price, or at a worse one if that comes first."""
    return [_limit(at, at.side, 4), _stop(at, at.side, -4)]


def _bracket(at: Occasion) -> list[Leg]:
    """Trade at the market's price, then leave by a pair."""
    leaves = Side.SELL if at.side is Side.BUY else Side.BUY
    return [_limit(at, at.side, -2), _limit(at, leaves, 5), _stop(at, leaves, -5)]


def _limit(at: Occasion, side: Side, reaches: int) -> Leg:
    return Leg(side, at.qty, at.behind(reaches, side), "2", "59=1\x01")


def _stop(at: Occasion, side: Side, reaches: int) -> Leg:
    return Leg(side, at.qty, 0, "3", f"99={at.shown(reaches, side)}\x0159=1\x01")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of order."""

    name: str
    field: str
    """What asks for it in FIX."""
    make: Callable[[Occasion], list[Leg]]
    contingency: Contingency | None = None


KINDS: Final = (
    Kind("post-only", "18=6", lambda at: at.order("2", "59=0\x0118=6\x01", at.behind(0))),
    Kind("iceberg", "111", _iceberg),
    Kind("fill or kill", "59=4", lambda at: at.order("2", "59=4\x01", at.behind(-1))),
    Kind("slippage limit", "388=1", lambda at: at.order("1", "59=3\x01388=1\x01389=1\x01842=1\x01", 0, at.large_qty)),
    Kind("stop", "40=3", lambda at: [_stop(at, at.side, -3)]),
    Kind("take-profit", "40=J", lambda at: at.order("J", f"99={at.shown(3)}\x0159=1\x01")),
    Kind("trailing stop", "18=a", lambda at: at.order("P", "18=a\x01211=5\x01836=1\x0159=1\x01")),
    Kind("midpoint peg", "18=M", lambda at: at.order("P", f"18=M\x0144={at.shown(-9)}\x0159=0\x01")),
    Kind("good till date", "59=6", _good_till_date),
    Kind("OCO list", "1385=1", _pair, Contingency.ONE_CANCELS_OTHER),
    Kind("OTO list", "1385=2", _bracket, Contingency.ONE_TRIGGERS_OTHER),
)


class Variety:
    """Lets brokers use one kind after another."""

    def __init__(self, brokers: Sequence[Broker], market: Market, seed: int) -> None:
        self._brokers = brokers
        self._market = market
        self._random = random.Random(seed)  # noqa: S311 - a seeded flow is no secret
        self._kinds = cycle(KINDS)

    def use_next(self) -> None:
        """Send an order, or a list of orders, of the next kind."""
        kind, choose = next(self._kinds), self._random
        text = choose.choice(list(self._market.instruments.values()))
        instrument = text.instrument
        occasion = Occasion(
            text,
            choose.choice((Side.BUY, Side.SELL)),
            self._market.lots_worth(instrument, _DOLLARS),
            self._market.lots_worth(instrument, _ICEBERG_DOLLARS),
            self._market.reference_price(instrument),
        )
        broker = choose.choice(self._brokers)
        broker.enter_kind(kind.name, instrument.symbol, kind.make(occasion), kind.contingency)
