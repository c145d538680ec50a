"""Pegged orders and self-trade prevention once more: one list of orders, priced and sorted anew for every trade.

It knows no funds and shares no code with the engine but the enumerations, and serves to check it.
"""

from copy import deepcopy
from dataclasses import dataclass, field

from engine.values import CancelReason, PegReference, SelfTrade, SelfTradeScope, Side

Tape = list[tuple[str | int, ...]]
"""What happened: ("trade", maker, taker, price, quantity), ("cancel", order, reason, prevented, counter order),
("decrement", order, quantity, prevented, counter order)."""


@dataclass(eq=False)
class DarkOrder:
    number: int
    account: str
    firm: str
    side: Side
    qty: int
    limit: int
    """0: none."""
    peg: PegReference = PegReference.NONE
    offset: int = 0
    mode: SelfTrade = SelfTrade.DEFAULT
    group: str = ""
    least: int = 0
    rests: bool = True
    post_only: bool = False
    display: int = 0
    """How much of it an iceberg shows at a time."""
    shown: int = 0
    left: int = 0
    age: int = 0


@dataclass
class DarkExchange:
    rules: dict[str, tuple[SelfTrade, SelfTradeScope]] = field(default_factory=dict)
    """By account."""
    orders: list[DarkOrder] = field(default_factory=list)
    """Those that rest."""
    clock: int = 0

    # ------------------------------------------------------------------------------------------ commands

    def has_reference(self, side: Side, peg: PegReference) -> bool:
        own, other = self.best(side), self.best(Side(3 - side))
        match peg:
            case PegReference.PRIMARY:
                return own > 0
            case PegReference.MARKET:
                return other > 0
            case _:
                return own > 0 and other > 0

    def enter(self, order: DarkOrder) -> Tape:
        tape: Tape = []
        order.left = order.qty
        if not order.peg and not order.post_only:
            trial = deepcopy(self)
            if sum(int(line[4]) for line in trial.take(deepcopy(order)) if line[0] == "trade") < order.least:
                return [("cancel", order.number, CancelReason.NOT_FILLABLE, 0, 0)]
            tape += self.take(order)
        if order.left and order.rests:
            self.rest(order)
        elif order.left:
            tape.append(("cancel", order.number, CancelReason.IMMEDIATE_REMAINDER, 0, 0))
        return tape + self.meet()

    def cancel(self, order: DarkOrder) -> Tape:
        self.orders.remove(order)
        return self.meet()

    def replace(self, order: DarkOrder, qty: int, limit: int, offset: int) -> Tape:
        """Replace a pegged order."""
        done = order.qty - order.left
        if (limit, offset) != (order.limit, order.offset) or qty > order.qty:
            order.age = self.tick()
        order.qty, order.limit, order.offset, order.left = qty, limit, offset, qty - done
        return self.meet()

    # --------------------------------------------------------------------------------------------- rules

    def take(self, taker: DarkOrder) -> Tape:
        """Let an order trade; the market's best prices are those from before it."""
        tape: Tape = []
        bid, ask = self.best(Side.BUY), self.best(Side.SELL)
        while taker.left:
            makers = [
                o for o in self.queue(Side(3 - taker.side), bid, ask) if self.trades(taker, self.price(o, bid, ask))
            ]
            if not makers:
                break
            tape += self.encounter(makers[0], taker, self.price(makers[0], bid, ask))
        return tape

    def meet(self) -> Tape:
        tape: Tape = []
        bid, ask = self.best(Side.BUY), self.best(Side.SELL)
        while True:
            buys = [order for order in self.queue(Side.BUY, bid, ask) if order.peg]
            sells = [order for order in self.queue(Side.SELL, bid, ask) if order.peg]
            if not buys or not sells or self.price(buys[0], bid, ask) < self.price(sells[0], bid, ask):
                return tape
            maker, taker = sorted((buys[0], sells[0]), key=lambda order: order.age)
            tape += self.encounter(maker, taker, self.price(maker, bid, ask))

    def encounter(self, maker: DarkOrder, taker: DarkOrder, price: int) -> Tape:
        qty = min(maker.left, taker.left)
        mode = self.prevents(maker, taker)
        if mode in (SelfTrade.NONE, SelfTrade.DEFAULT):
            if maker.display:
                qty = min(maker.shown, taker.left)
                maker.shown -= qty
            self.reduce(maker, qty)
            if maker.display and not maker.shown:
                maker.shown, maker.age = min(maker.display, maker.left), self.tick()
            self.reduce(taker, qty)
            return [("trade", maker.number, taker.number, price, qty)]
        tape: Tape = []
        for order, other, untouched in (
            (maker, taker, SelfTrade.CANCEL_NEWEST),
            (taker, maker, SelfTrade.CANCEL_OLDEST),
        ):
            if mode is untouched:
                continue
            if mode is SelfTrade.DECREMENT and order.left > qty:
                order.qty -= qty
                self.reduce(order, qty)
                tape.append(("decrement", order.number, order.qty, qty, other.number))
            else:
                tape.append(("cancel", order.number, CancelReason.SELF_TRADE, qty, other.number))
        gone = [line[1] for line in tape if line[0] == "cancel"]
        for order in (maker, taker):
            if order.number in gone:
                self.reduce(order, order.left)
        return tape

    def prevents(self, maker: DarkOrder, taker: DarkOrder) -> SelfTrade:
        mode, scope = self.rules.get(taker.account, (SelfTrade.DEFAULT, SelfTradeScope.ACCOUNT))
        if taker.mode is not SelfTrade.DEFAULT:
            mode = taker.mode
        elif taker.group and mode is SelfTrade.DEFAULT:
            mode = SelfTrade.CANCEL_OLDEST
        if taker.group:
            is_own = (maker.firm, maker.group) == (taker.firm, taker.group)
        elif scope is SelfTradeScope.FIRM:
            is_own = maker.firm == taker.firm
        else:
            is_own = maker.account == taker.account
        return mode if is_own else SelfTrade.NONE

    def reduce(self, order: DarkOrder, qty: int) -> None:
        order.left -= qty
        order.shown = min(order.shown, order.left)
        if not order.left and order in self.orders:
            self.orders.remove(order)

    def rest(self, order: DarkOrder) -> None:
        order.age, order.shown = self.tick(), min(order.display, order.left)
        self.orders.append(order)

    # ------------------------------------------------------------------------------------------- look-ups

    def best(self, side: Side) -> int:
        """Return the best displayed price, 0 if there is none."""
        prices = [order.limit for order in self.orders if order.side is side and not order.peg]
        return (max(prices) if side is Side.BUY else min(prices)) if prices else 0

    def queue(self, side: Side, bid: int, ask: int) -> list[DarkOrder]:
        """Return the orders of one side that can trade, first the one to trade first."""
        sign = -1 if side is Side.BUY else 1
        orders = [order for order in self.orders if order.side is side and self.price(order, bid, ask) > 0]
        return sorted(
            orders,
            key=lambda o: (sign * self.price(o, bid, ask), o.peg > 0, sign * self.wish(o, bid, ask), o.age),
        )

    def price(self, order: DarkOrder, bid: int, ask: int) -> int:
        """Return the price at which an order can trade, 0 or less if it cannot."""
        if not order.peg:
            return order.limit
        if not self.has_price(order, bid, ask):
            return 0
        wish = self.wish(order, bid, ask)
        if order.side is Side.SELL:
            return max(wish, bid + 1)
        return min(wish, ask - 1) if ask else wish

    @staticmethod
    def wish(order: DarkOrder, bid: int, ask: int) -> int:
        is_buy = order.side is Side.BUY
        own, other = (bid, ask) if is_buy else (ask, bid)
        reference = {
            PegReference.NONE: order.limit,
            PegReference.PRIMARY: own,
            PegReference.MARKET: other,
            PegReference.MIDPOINT: (bid + ask) // 2 if is_buy else (bid + ask + 1) // 2,
        }[order.peg]
        wish = reference + order.offset
        if not order.limit:
            return wish
        return min(wish, order.limit) if is_buy else max(wish, order.limit)

    @staticmethod
    def has_price(order: DarkOrder, bid: int, ask: int) -> bool:
        needed = {
            PegReference.PRIMARY: (bid if order.side is Side.BUY else ask,),
            PegReference.MARKET: (ask if order.side is Side.BUY else bid,),
        }.get(order.peg, (bid, ask))
        return all(needed)

    @staticmethod
    def trades(taker: DarkOrder, price: int) -> bool:
        return not taker.limit or (price <= taker.limit if taker.side is Side.BUY else price >= taker.limit)

    def tick(self) -> int:
        self.clock += 1
        return self.clock
