"""Trading phases: what an instrument takes in each, and what becomes of orders there. One table.

`PHASES` says it all; `spec/phases.md` shows it to brokers. In CONTINUOUS an order trades at once. Where orders
*gather*, nothing trades, the sides of the book may overlap, and an auction ends it. Where they *rest*, only what does
not trade is taken. Where they *wait*, nothing comes in and nothing trades. Cancels are taken always.
"""

from enum import IntEnum
from typing import Final

from engine.book import Book
from engine.commands import NewOrder, ReplaceOrder
from engine.events import AnyEvent
from engine.order import Order
from engine.reject import RejectReason
from engine.settlement import cancel
from engine.state import State
from engine.terms import NO_TERMS
from engine.triggers import UNLIMITED_TYPES
from engine.values import (
    AT_THE_CLOSE,
    AT_THE_OPENING,
    BUY,
    FILL_OR_KILL,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    MARKET,
    MARKET_TO_LIMIT,
    PRICE_MAX,
    CancelReason,
    OrderType,
    Phase,
    Place,
    Price,
    Side,
    TimeInForce,
)


class Trading(IntEnum):
    """What becomes of orders in a phase."""

    AT_ONCE = 0
    GATHER = 1
    REST = 2
    WAIT = 3


class PhaseRule:
    """One row of the table: what a phase takes, besides cancels."""

    __slots__ = ("auction_only", "immediate", "is_auction", "market", "new", "post_only", "replace", "trading")

    def __init__(
        self,
        trading: Trading,
        *,
        new: bool = False,
        replace: bool = False,
        market: bool = False,
        immediate: bool = False,
        post_only: bool = False,
        auction_only: bool = False,
        is_auction: bool = False,
    ) -> None:
        self.trading = trading
        self.new = new
        self.replace = replace
        self.market = market
        self.immediate = immediate
        """IOC, FOK and MinQty."""
        self.post_only = post_only
        self.auction_only = auction_only
        """At the opening and at the close: they wait for their auction."""
        self.is_auction = is_auction
        """Its end uncrosses the book, and until then an indicative price is published."""


def _call(*, is_auction: bool) -> PhaseRule:
    return PhaseRule(Trading.GATHER, new=True, replace=True, market=True, auction_only=True, is_auction=is_auction)


PHASES: Final[dict[Phase, PhaseRule]] = {
    Phase.CONTINUOUS: PhaseRule(
        Trading.AT_ONCE, new=True, replace=True, market=True, immediate=True, post_only=True, auction_only=True
    ),
    Phase.CLOSED: PhaseRule(Trading.WAIT),
    Phase.PRE_OPEN: _call(is_auction=False),
    Phase.OPENING_AUCTION: _call(is_auction=True),
    Phase.VOLATILITY_AUCTION: _call(is_auction=True),
    Phase.CLOSING_AUCTION: _call(is_auction=True),
    Phase.HALT: PhaseRule(Trading.WAIT),
    Phase.POST_ONLY: PhaseRule(Trading.REST, new=True, replace=True, post_only=True, auction_only=True),
    Phase.CANCEL_ONLY: PhaseRule(Trading.WAIT),
}


def is_auction_only(time_in_force: TimeInForce) -> bool:
    """Tell whether an order takes part in an auction alone."""
    return time_in_force is AT_THE_OPENING or time_in_force is AT_THE_CLOSE


def why_not_now(book: Book, command: NewOrder | ReplaceOrder) -> RejectReason | None:
    """Return why the instrument's phase does not take an order or a replace, None if it does."""
    rule = PHASES[book.phase]
    terms, order_type, time_in_force = command.terms or NO_TERMS, command.order_type, command.time_in_force
    auction_only = is_auction_only(time_in_force)
    if auction_only and (
        order_type not in {LIMIT, MARKET}
        or terms.post_only
        or terms.min_qty
        or terms.slippage_unit
        or terms.effective_ns
        or terms.display_qty
        or terms.cash_amount
    ):
        return RejectReason.AUCTION_ONLY_MISMATCH
    if isinstance(command, ReplaceOrder):
        if not rule.replace:
            return RejectReason.NO_REPLACES_IN_PHASE
    elif not rule.new:
        return RejectReason.NO_ORDERS_IN_PHASE
    if auction_only:
        return None
    if order_type in {MARKET, MARKET_TO_LIMIT} and not (
        rule.market and (rule.trading is Trading.AT_ONCE or (order_type is MARKET and not terms.cash_amount))
    ):
        return RejectReason.NO_MARKET_ORDERS_IN_PHASE
    if not rule.immediate and (
        time_in_force is IMMEDIATE_OR_CANCEL or time_in_force is FILL_OR_KILL or terms.min_qty or terms.slippage_unit
    ):
        return RejectReason.NO_IMMEDIATE_ORDERS_IN_PHASE
    if terms.post_only and not rule.post_only:
        return RejectReason.NO_POST_ONLY_IN_PHASE
    if rule.trading is Trading.REST and order_type is LIMIT and would_trade(book, command.side, command.price):
        return None if terms.post_only else RejectReason.POST_ONLY_WOULD_TRADE
    return None


def waits_for_auction(book: Book, order_type: OrderType, time_in_force: TimeInForce) -> bool:
    """Tell whether such an order, entered now, waits for an auction off the book."""
    return is_auction_only(time_in_force) or (order_type is MARKET and PHASES[book.phase].trading is Trading.GATHER)


def would_trade(book: Book, side: Side, price: Price) -> bool:
    """Tell whether the other side has anything at this price or better."""
    best = book.opposite(side).best
    return best is not None and (best.price <= price if side is BUY else best.price >= price)


def auction_reference(book: Book) -> Price:
    """Return what auctions go by: the last price; before the first trade what the house gave, or the index. Or 0."""
    return book.last_price or book.rules.reference_price or book.index_price


def worst_price(book: Book, side: Side) -> Price:
    """Return the worst price at which a market order of this side may trade in an auction, 0 without a reference."""
    reference = auction_reference(book)
    away = reference * book.rules.auction_protection_bps // 10_000
    return min(reference + away, PRICE_MAX) if side is BUY else max(reference - away, min(reference, 1))


def gather(state: State, order: Order, book: Book, events: list[AnyEvent]) -> None:
    """Let an order, which is nowhere, wait where nothing trades at once, or be cancelled if it cannot."""
    rule, terms = PHASES[book.phase], order.terms
    if order.price and waits_for_auction(book, order.order_type, order.time_in_force):
        book.for_auction[order.order_id] = order
        order.place = Place.AUCTION
    elif (
        order.order_type is MARKET
        or order.order_type in UNLIMITED_TYPES
        or order.time_in_force is IMMEDIATE_OR_CANCEL
        or order.time_in_force is FILL_OR_KILL
        or (terms is not None and terms.min_qty)
        or (rule.trading is Trading.REST and would_trade(book, order.side, order.price))
    ):
        events.append(cancel(state, order, CancelReason.PHASE))
        return
    else:
        book.side(order.side).rest(order)
    if book.watchers:
        state.restless[order.instrument.symbol] = book
