"""A market in which every kind of order is used, and the engine alone under it: `python -m bench.every_type`.

A third are plain limit orders, a third cancels of what came lately; the rest is each of the other kinds in turn. Prices
lie about a middle that wanders, so that what waits for a price is now and then called.
"""

import random
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Final

from msgspec.structs import replace

from bench.engine_bench import ACCOUNTS, LATELY, SYMBOL, Load, collector_as_in_trading, median, seconds_of
from engine import commands
from engine.commands import AnyCommand, NewOrder
from engine.exchange import Exchange
from engine.terms import Terms
from engine.values import (
    BUY,
    LIMIT,
    MARKET,
    MARKET_TO_LIMIT,
    PEGGED,
    SELL,
    Contingency,
    OffsetUnit,
    OrderType,
    PegReference,
    PostOnly,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerSource,
)

MIDDLE: Final = 5_000_000
SPREAD: Final = 20
GTC: Final = TimeInForce.GOOD_TILL_CANCEL
SECOND_NS: Final = 1_000_000_000
MESSAGE_NS: Final = 10_000
"""Between two commands: a hundred thousand a second."""


class EveryType:
    """An endless stream of commands, the same each time."""

    def __init__(self) -> None:
        self._random = random.Random(1)
        self._number = 0
        self._middle = MIDDLE
        self._leg = ""
        self._lately: list[tuple[str, str, Side]] = []
        self.now_ns = SECOND_NS
        makers: tuple[Callable[[Side], AnyCommand], ...] = (
            self._post_only,
            self._immediate,
            self._fill_or_kill,
            self._market,
            self._market_for_amount,
            self._market_to_limit,
            self._iceberg,
            self._good_till_date,
            self._scheduled,
            self._minimum,
            self._pegged,
            self._self_trade,
            self._stop,
            self._stop_limit,
            self._take_profit,
            self._trailing,
            self._one_cancels_other,
            self._one_triggers_other,
            self._replace,
        )
        self._others = cycle(makers)

    def __iter__(self) -> Iterator[AnyCommand]:
        """Yield commands."""
        chance = self._random
        while True:
            self._number += 1
            self.now_ns += MESSAGE_NS
            side = BUY if chance.random() < 0.5 else SELL
            what = chance.random()
            if what < 1 / 3:
                yield self._order(side)
            elif what < 2 / 3 and self._lately:
                yield self._cancel()
            else:
                self._middle += chance.choice((-1, 0, 1))
                yield next(self._others)(side)

    def _order(
        self,
        side: Side,
        away: int | None = None,
        *,
        order_type: OrderType = LIMIT,
        time_in_force: TimeInForce = GTC,
        qty: int | None = None,
        terms: Terms | None = None,
    ) -> NewOrder:
        """Return an order some ticks away from the middle on its own side; 0 away: without a price."""
        account = ACCOUNTS[self._number % len(ACCOUNTS)]
        cl_ord_id = f"ORDER-{self._number}{self._leg}"
        away = self._random.randint(1, SPREAD) if away is None else away
        price = 0 if not away else self._middle - away if side is BUY else self._middle + away
        qty = self._random.randint(1, 9) * 1_000 if qty is None else qty
        if len(self._lately) > LATELY:
            self._lately.pop(self._random.randrange(len(self._lately)))
        self._lately.append((account, cl_ord_id, side))
        return NewOrder(
            account,
            self._number,
            account,
            cl_ord_id,
            SYMBOL,
            side,
            order_type,
            time_in_force,
            qty,
            price,
            terms=terms,
        )

    def _cancel(self) -> AnyCommand:
        account, original, side = self._lately.pop(self._random.randrange(len(self._lately)))
        return commands.CancelOrder(account, self._number, account, f"CANCEL-{self._number}", original, 0, SYMBOL, side)

    def _replace(self, _side: Side) -> AnyCommand:
        if not self._lately:
            return self._order(BUY)
        account, original, side = self._lately.pop(self._random.randrange(len(self._lately)))
        order = self._order(side)
        return commands.ReplaceOrder(
            account,
            self._number,
            account,
            order.cl_ord_id,
            original,
            0,
            SYMBOL,
            side,
            LIMIT,
            GTC,
            order.qty,
            order.price,
        )

    def _post_only(self, side: Side) -> AnyCommand:
        return self._order(side, -2, terms=Terms(post_only=PostOnly.SLIDE))

    def _immediate(self, side: Side) -> AnyCommand:
        return self._order(side, -5, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)

    def _fill_or_kill(self, side: Side) -> AnyCommand:
        return self._order(side, -5, time_in_force=TimeInForce.FILL_OR_KILL)

    def _market(self, side: Side) -> AnyCommand:
        terms = Terms(slippage_unit=OffsetUnit.BASIS_POINTS, slippage_max=50)
        return self._order(side, 0, order_type=MARKET, terms=terms)

    def _market_for_amount(self, side: Side) -> AnyCommand:
        notional = MIDDLE * 5_000
        return self._order(side, 0, order_type=MARKET, qty=0, terms=Terms(cash_amount=notional))

    def _market_to_limit(self, side: Side) -> AnyCommand:
        return self._order(side, 0, order_type=MARKET_TO_LIMIT)

    def _iceberg(self, side: Side) -> AnyCommand:
        return self._order(side, 1, qty=20_000, terms=Terms(display_qty=2_000))

    def _good_till_date(self, side: Side) -> AnyCommand:
        terms = Terms(expire_ns=self.now_ns + self._random.randint(1, 1_000) * MESSAGE_NS)
        return self._order(side, time_in_force=TimeInForce.GOOD_TILL_DATE, terms=terms)

    def _scheduled(self, side: Side) -> AnyCommand:
        return self._order(side, terms=Terms(effective_ns=self.now_ns + self._random.randint(1, 1_000) * MESSAGE_NS))

    def _minimum(self, side: Side) -> AnyCommand:
        return self._order(side, -3, qty=5_000, terms=Terms(min_qty=1_000))

    def _pegged(self, side: Side) -> AnyCommand:
        reference = self._random.choice((PegReference.PRIMARY, PegReference.MIDPOINT))
        return self._order(side, -1, order_type=PEGGED, terms=Terms(peg=reference))

    def _self_trade(self, side: Side) -> AnyCommand:
        return self._order(side, -2, terms=Terms(self_trade=SelfTrade.CANCEL_OLDEST))

    def _stop(self, side: Side, order_type: OrderType = OrderType.STOP) -> NewOrder:
        """Return a stop so far away that it is called when the middle has wandered there."""
        distance = self._random.randint(40, 80)
        if order_type is OrderType.TAKE_PROFIT:
            distance = -distance
        stop_price = self._middle + distance if side is BUY else self._middle - distance
        terms = Terms(trigger=TriggerSource.LAST, stop_price=stop_price)
        away = 0 if order_type is not OrderType.STOP_LIMIT else -distance - 10
        return self._order(side, away, order_type=order_type, terms=terms)

    def _stop_limit(self, side: Side) -> NewOrder:
        return self._stop(side, OrderType.STOP_LIMIT)

    def _take_profit(self, side: Side) -> NewOrder:
        return self._stop(side, OrderType.TAKE_PROFIT)

    def _trailing(self, side: Side) -> AnyCommand:
        terms = Terms(trigger=TriggerSource.LAST, offset_unit=OffsetUnit.TICKS, offset=self._random.randint(40, 80))
        return self._order(side, 0, order_type=OrderType.TRAILING_STOP, terms=terms)

    def _one_cancels_other(self, side: Side) -> AnyCommand:
        self._leg = "-1"
        limit = self._order(side, 30)
        self._leg = "-2"
        return self._list(Contingency.ONE_CANCELS_OTHER, limit, replace(self._stop(side), qty=limit.qty))

    def _one_triggers_other(self, side: Side) -> AnyCommand:
        self._leg = "-1"
        working = self._order(side)
        self._leg = "-2"
        return self._list(Contingency.ONE_TRIGGERS_OTHER, working, self._order(SELL if side is BUY else BUY))

    def _list(self, contingency: Contingency, *orders: NewOrder) -> AnyCommand:
        self._leg = ""
        return commands.NewOrderList(orders[0].session, self._number, f"LIST-{self._number}", contingency, orders)


def run(*, quick: bool = False) -> dict[str, float]:
    """Return the figures by name."""
    count = 20_000 if quick else 100_000
    with collector_as_in_trading():
        return {"engine_ops_per_s_every_type": median(1 if quick else 3, lambda: _ops_per_s(count))}


def _ops_per_s(count: int) -> float:
    exchange, load = Exchange(), EveryType()
    for command in Load().opening():
        exchange.apply(command, 0)
    return count / seconds_of(exchange, iter(load), count, lambda: load.now_ns)


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:<40} {value:>12,.0f}")
