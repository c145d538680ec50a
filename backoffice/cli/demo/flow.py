"""What the demo's brokers do: some make markets, some take, and now and then one makes a mistake.

Time goes in pulses. At each one the reference prices move a little, one market maker looks after its quotes in one
instrument, and perhaps one taker trades. What is decided depends on the seed alone; what comes of it, as on any
market, also on who is first. Between times the brokers use other kinds of orders (`kinds`).
"""

import random
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Final

from backoffice.cli.demo.broker import Broker, OpenOrder
from backoffice.cli.demo.kinds import Variety
from backoffice.cli.demo.market import Market
from engine.instrument import Instrument
from engine.values import Price, Side, TimeInForce
from fixgw.instruments import InstrumentText

LEVELS: Final = 4
"""Prices that a market maker quotes on each side."""
MAKERS: Final = 3
UNANSWERED_MAX: Final = 400
"""With so many requests unanswered the brokers wait for the venue."""

_SPREAD_PARTS: Final = 8_000
"""Half of a market maker's spread is this part of the price."""
_QUOTE_DOLLARS: Final = (12_000, 25_000, 40_000, 60_000)
"""What a quote is worth, from the best price outwards."""
_TAKE_DOLLARS: Final = (500, 1_000, 2_000, 3_000, 5_000, 8_000, 15_000, 30_000)
_TAKE_PERCENT: Final = 55
"""In how many of a hundred pulses a taker trades."""
_MARKET_PERCENT: Final = 25
_IMMEDIATE_PERCENT: Final = 50
"""Of a taker's orders so many in a hundred are market orders, and immediate-or-cancel; the rest may rest."""
_RESTING_MAX: Final = 8
"""So many orders may rest for a taker before it cancels the oldest."""
_FIRST_MISTAKES: Final = (100, 160, 220)
_PULSES_BETWEEN_MISTAKES: Final = 400
_PULSES_BETWEEN_KINDS: Final = 40
"""So often a broker uses another kind of order than these."""


class MarketMaker:
    """Quotes both sides of every instrument, and follows the reference price by cancel/replace."""

    def __init__(self, broker: Broker, market: Market, generator: random.Random, rank: int) -> None:
        """`rank`: 0 for the one with the narrowest spread."""
        self.broker = broker
        self._market = market
        self._random = generator
        self._rank = rank
        self._quotes: dict[str, dict[tuple[Side, int], OpenOrder]] = {symbol: {} for symbol in market.instruments}
        self._quoted_at: dict[str, Price] = dict.fromkeys(market.instruments, 0)

    def look_after(self, symbol: str) -> None:
        """Bring the quotes in an instrument to where they belong, if the price has moved or some are gone."""
        instrument = self._market.instruments[symbol].instrument
        quotes = self._quotes[symbol]
        for place in [place for place, order in quotes.items() if not order.leaves_qty]:
            del quotes[place]
        if any(not order.is_idle for order in quotes.values()):
            return
        reference = self._market.reference_price(instrument)
        half_spread = max(1, reference // _SPREAD_PARTS) * (4 + self._rank) // 4
        moved = reference - self._quoted_at[symbol]
        follows = abs(moved) > half_spread // 3
        if not follows and len(quotes) == 2 * LEVELS:
            return
        self._quoted_at[symbol] = reference
        # The side that the market moves towards goes first, so that a maker's own two sides do not meet.
        for side in (Side.SELL, Side.BUY) if moved > 0 else (Side.BUY, Side.SELL):
            for level in range(LEVELS):
                self._quote(quotes, instrument, side, level, _quote_price(reference, half_spread, side, level))

    def _quote(
        self,
        quotes: dict[tuple[Side, int], OpenOrder],
        instrument: Instrument,
        side: Side,
        level: int,
        price: Price,
    ) -> None:
        order = quotes.get((side, level))
        if order is None:
            qty = self._market.lots_worth(instrument, _QUOTE_DOLLARS[level] * self._random.randint(60, 140) // 100)
            quotes[side, level] = self.broker.enter(instrument.symbol, side, qty, price)
        elif order.price != price:
            qty = self._market.lots_worth(instrument, _QUOTE_DOLLARS[level] * self._random.randint(60, 140) // 100)
            self.broker.replace(order, qty, price)


class Taker:
    """Trades against what is quoted, and leaves an order in the book now and then."""

    def __init__(self, broker: Broker, market: Market, generator: random.Random) -> None:
        self.broker = broker
        self._market = market
        self._random = generator
        self._symbols = list(market.instruments)
        self._resting: deque[OpenOrder] = deque()

    def trade(self) -> None:
        """Send one order."""
        choose = self._random
        symbol = choose.choice(self._symbols)
        instrument = self._market.instruments[symbol].instrument
        side = choose.choice((Side.BUY, Side.SELL))
        qty = self._market.lots_worth(instrument, choose.choice(_TAKE_DOLLARS) * choose.randint(50, 150) // 100)
        reference = self._market.reference_price(instrument)
        reach = max(1, reference // _SPREAD_PARTS)
        towards = 1 if side is Side.BUY else -1
        kind = choose.randrange(100)
        patience = choose.randint(0, 3)
        self._make_way(symbol, side)
        if kind < _MARKET_PERCENT:
            self.broker.enter(symbol, side, qty, None, TimeInForce.IMMEDIATE_OR_CANCEL)
        elif kind < _MARKET_PERCENT + _IMMEDIATE_PERCENT:
            price = max(1, reference + towards * reach * 3)
            self.broker.enter(symbol, side, qty, price, TimeInForce.IMMEDIATE_OR_CANCEL)
        else:
            price = max(1, reference - towards * reach * patience // 2)
            self._resting.append(self.broker.enter(symbol, side, qty, price))

    def _make_way(self, symbol: str, side: Side) -> None:
        """Cancel what the next order must not trade with, what is old, and forget what is finished."""
        kept: deque[OpenOrder] = deque()
        for order in self._resting:
            if not order.leaves_qty:
                continue
            is_in_the_way = order.symbol == symbol and order.side is not side
            is_old = len(self._resting) - len(kept) > _RESTING_MAX
            if order.is_idle and (is_in_the_way or is_old):
                self.broker.cancel(order)
            kept.append(order)
        self._resting = kept


class Flow:
    """All brokers together."""

    def __init__(self, brokers: Sequence[Broker], market: Market, seed: int) -> None:
        self.pulses = 0
        self.held_back = 0
        """Pulses that were left out because the venue was behind."""
        self._market = market
        self._brokers = brokers
        self._random = random.Random(seed + 1)  # noqa: S311 - a seeded flow is no secret
        self._makers = [MarketMaker(broker, market, self._random, rank) for rank, broker in enumerate(brokers[:MAKERS])]
        self._takers = [Taker(broker, market, self._random) for broker in brokers[MAKERS:]]
        self._quoted = [(maker, symbol) for symbol in market.instruments for maker in self._makers]
        self._visits = cycle(self._quoted)
        self._mistakes = self._mistakes_in_turn()
        self._variety = Variety(brokers, market, seed + 2)

    def pulse(self) -> None:
        """Let a little time pass on the market."""
        if sum(len(broker.unanswered) for broker in self._brokers) > UNANSWERED_MAX:
            self.held_back += 1
            return
        self.pulses += 1
        self._market.step()
        maker, symbol = next(self._visits)
        maker.look_after(symbol)
        if self.pulses > 2 * len(self._quoted) and self._random.randrange(100) < _TAKE_PERCENT:
            self._random.choice(self._takers).trade()
        if self.pulses in _FIRST_MISTAKES or self.pulses % _PULSES_BETWEEN_MISTAKES == 0:
            next(self._mistakes)
        if self.pulses % _PULSES_BETWEEN_KINDS == 0:
            self._variety.use_next()

    def _mistakes_in_turn(self) -> Iterator[None]:
        """Make one mistake after another, each by the broker to whom such a thing happens."""
        texts = cycle(self._market.instruments.values())
        while True:
            self._use_an_id_twice(self._takers[-1].broker, next(texts))
            yield
            self._miss_the_tick(self._takers[-2].broker, next(texts))
            yield
            self._ask_for_too_much(self._takers[-3].broker, next(texts))
            yield

    def _use_an_id_twice(self, broker: Broker, text: InstrumentText) -> None:
        if broker.last_accepted:
            broker.enter_as_is(broker.last_accepted, text.instrument.symbol, Side.BUY, text.qty_text[1], None)

    def _miss_the_tick(self, broker: Broker, text: InstrumentText) -> None:
        price = text.price_text[self._market.reference_price(text.instrument)] + "5"
        broker.enter_as_is(broker.next_id(), text.instrument.symbol, Side.BUY, text.qty_text[1], price)

    def _ask_for_too_much(self, broker: Broker, text: InstrumentText) -> None:
        instrument = text.instrument
        lots_owned = broker.balances[instrument.base] // instrument.base_per_lot
        price = text.price_text[self._market.reference_price(instrument)]
        broker.enter_as_is(broker.next_id(), instrument.symbol, Side.SELL, text.qty_text[2 * lots_owned], price)


def _quote_price(reference: Price, half_spread: Price, side: Side, level: int) -> Price:
    distance = half_spread + level * max(1, half_spread // 2)
    return max(1, reference - distance) if side is Side.BUY else reference + distance
