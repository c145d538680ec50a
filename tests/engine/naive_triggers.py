"""Orders that wait for a price, once more: every price is held against every one of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from engine.reject import RejectReason
from engine.values import PRICE_MAX, OffsetUnit, OrderType, Side, TimeInForce, TriggerSource

if TYPE_CHECKING:
    from engine.commands import NewOrder, ReplaceOrder
    from engine.terms import Terms
    from tests.engine.naive_order import NaiveOrder

LIMITED = (OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)
UNLIMITED = (OrderType.STOP, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP)
TAKE_PROFITS = (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
PROTECTION = Fraction(5, 100)


@dataclass
class NaiveWait:
    """What an order waits for."""

    side: Side
    order_type: OrderType
    terms: Terms
    mark: int = 0

    @property
    def is_trailing(self) -> bool:
        return self.order_type is OrderType.TRAILING_STOP

    @property
    def rises(self) -> bool:
        against_a_sale = self.order_type in TAKE_PROFITS
        return against_a_sale if self.side is Side.SELL else not against_a_sale

    @property
    def stop(self) -> int:
        if not self.is_trailing:
            return self.terms.stop_price
        away = self.terms.offset
        if self.terms.offset_unit is OffsetUnit.BASIS_POINTS:
            away = max(1, floor(Fraction(self.mark * away, 10_000)))
        return self.mark + away if self.side is Side.BUY else self.mark - away

    def follow(self, price: int) -> None:
        self.mark = min(self.mark, price) if self.side is Side.BUY else max(self.mark, price)

    def is_reached(self, price: int) -> bool:
        return self.stop <= price if self.rises else self.stop >= price

    def protected_price(self) -> int:
        slip = floor(self.stop * PROTECTION)
        return self.stop + slip if self.side is Side.BUY else self.stop - slip


class NaiveTriggers:
    def __init__(self) -> None:
        self.prices: dict[tuple[TriggerSource, str], int] = {}
        self.turns: list[NaiveOrder] = []
        """Orders that have been triggered."""

    def observe(self, source: TriggerSource, symbol: str, price: int, orders: list[NaiveOrder]) -> None:
        """Hold a price against every order."""
        self.prices[source, symbol] = price
        reached = []
        for order in orders:
            wait = order.wait
            if wait is None or order in self.turns or (wait.terms.trigger, order.instrument.symbol) != (source, symbol):
                continue
            wait.follow(price)
            if wait.is_reached(price):
                reached.append((wait.stop if wait.rises else -wait.stop, order.order_id, order))
        self.turns += [order for _, _, order in sorted(reached, key=lambda entry: entry[:2])]

    def begin(self, order: NaiveOrder, command: NewOrder | ReplaceOrder, mark: int = 0) -> None:
        assert command.terms is not None
        price = self.prices.get((command.terms.trigger, order.instrument.symbol), 0)
        order.wait = wait = NaiveWait(order.side, command.order_type, command.terms, mark or price)
        if price and wait.is_reached(price):
            self.turns.append(order)

    @staticmethod
    def kept_mark(wait: NaiveWait | None, command: ReplaceOrder) -> int:
        """Return the mark that a trailing stop goes on with when it is replaced by another, else 0."""
        trails_on = wait is not None and wait.is_trailing and command.order_type is OrderType.TRAILING_STOP
        if wait is None or not trails_on or command.terms is None or command.terms.trigger is not wait.terms.trigger:
            return 0
        return wait.mark

    def price_of(self, command: NewOrder | ReplaceOrder, mark: int) -> int:
        """Return the worst price at which a triggered order may trade, 0 if it is not known yet."""
        if command.order_type not in UNLIMITED or command.terms is None:
            return command.price
        mark = mark or self.prices.get((command.terms.trigger, command.symbol), 0)
        if command.order_type is OrderType.TRAILING_STOP and not mark:
            return 0
        return NaiveWait(command.side, command.order_type, command.terms, mark).protected_price()

    @staticmethod
    def why_not_terms(command: NewOrder | ReplaceOrder, terms: Terms) -> RejectReason | None:
        is_trailing = command.order_type is OrderType.TRAILING_STOP
        is_triggered = command.order_type in (*LIMITED, *UNLIMITED)
        if is_triggered != (terms.trigger is not TriggerSource.NONE):
            return RejectReason.TRIGGER_MISMATCH
        if is_triggered and is_trailing != (terms.offset_unit is not OffsetUnit.NONE):
            return RejectReason.TRAIL_MISMATCH
        if terms.stop_price and not is_triggered:
            return RejectReason.TRIGGER_MISMATCH
        if is_trailing and terms.stop_price:
            return RejectReason.TRIGGER_MISMATCH
        largest = 9_999 if terms.offset_unit is OffsetUnit.BASIS_POINTS else PRICE_MAX
        if is_trailing and not 1 <= terms.offset <= largest:
            return RejectReason.TRAIL_MISMATCH
        if is_triggered and not is_trailing and not 1 <= terms.stop_price <= PRICE_MAX:
            return RejectReason.STOP_PRICE_OUT_OF_RANGE
        is_immediate = command.time_in_force in (TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL)
        if is_immediate and command.order_type in UNLIMITED:
            return RejectReason.STOP_TRADES_AT_ONCE
        return None

    def why_not_now(self, command: NewOrder | ReplaceOrder, mark: int = 0) -> RejectReason | None:
        assert command.terms is not None
        price = self.prices.get((command.terms.trigger, command.symbol), 0)
        if not price:
            by_index = command.terms.trigger is TriggerSource.INDEX
            return RejectReason.NO_INDEX_PRICE if by_index else RejectReason.NO_LAST_PRICE
        wait = NaiveWait(command.side, command.order_type, command.terms, mark or price)
        if wait.is_trailing and not 1 <= wait.stop <= PRICE_MAX:
            return RejectReason.TRAIL_TOO_LONG
        return RejectReason.STOP_PRICE_REACHED if wait.is_reached(price) else None
