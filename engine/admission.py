"""Admission: whether what an order asks for fits together, and what price it may have. One check after another."""

from typing import Final

from engine.book import Book
from engine.commands import NewOrder, ReplaceOrder
from engine.reject import RejectReason
from engine.state import State
from engine.terms import NO_TERMS, Terms
from engine.triggering import why_not_triggered
from engine.triggers import LIMITED_TYPES, TRIGGERED_TYPES
from engine.values import (
    AMOUNT_MAX,
    BASIS_POINTS,
    BUY,
    FILL_OR_KILL,
    GOOD_TILL_DATE,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    MARKET,
    MARKET_TO_LIMIT,
    PEGGED,
    PRICE_MAX,
    OffsetUnit,
    OrderType,
    PegReference,
    PostOnly,
    Price,
    Side,
)

_MAY_START_LATER: Final = frozenset((LIMIT, *TRIGGERED_TYPES)) - {OrderType.TRAILING_STOP}
"""The order types of which it is known what they may cost by then."""

MAY_REST: Final = frozenset((LIMIT, MARKET_TO_LIMIT, *LIMITED_TYPES))
"""The order types that rest at a price of their own, unless their time in force keeps them from it."""


def why_not(state: State, command: NewOrder | ReplaceOrder, *, is_entry: bool) -> RejectReason | None:
    """Return the first reason for which an order cannot have its terms and time in force, None if it can.

    `is_entry` tells that the order has not acted yet: it is new, or waits for its start.
    """
    terms, order_type, time_in_force = command.terms or NO_TERMS, command.order_type, command.time_in_force
    if terms.valid_until_ns and state.time_ns > terms.valid_until_ns:
        return RejectReason.DEADLINE_PASSED
    if (terms.expire_ns != 0) + (terms.expire_day != 0) != (time_in_force is GOOD_TILL_DATE):
        return RejectReason.EXPIRY_MISMATCH
    if (terms.expire_ns and terms.expire_ns <= state.time_ns) or (
        terms.expire_day and terms.expire_day <= state.trading_day_ended
    ):
        return RejectReason.EXPIRED_ON_ARRIVAL
    if terms.post_only and (
        order_type is not LIMIT or time_in_force is IMMEDIATE_OR_CANCEL or time_in_force is FILL_OR_KILL
    ):
        return RejectReason.POST_ONLY_MUST_REST
    reason = _why_not_of_kind(command, terms)
    if reason is not None:
        return reason
    if terms.min_qty and (
        not 0 < terms.min_qty <= command.qty or terms.post_only or time_in_force is FILL_OR_KILL or not is_entry
    ):
        return RejectReason.MIN_QTY_MISMATCH
    if terms.effective_ns and (
        order_type not in _MAY_START_LATER
        or terms.post_only
        or (not is_entry and terms.effective_ns > state.time_ns)
        or 0 < terms.expire_ns <= terms.effective_ns
    ):
        return RejectReason.SCHEDULE_MISMATCH
    if terms.slippage_unit:
        largest = 10_000 if terms.slippage_unit is OffsetUnit.BASIS_POINTS else PRICE_MAX
        if order_type is not MARKET or not 0 <= terms.slippage_max <= largest:
            return RejectReason.SLIPPAGE_MISMATCH
    if terms.display_qty or terms.display_low_qty or terms.display_high_qty:
        reason = _why_not_iceberg(state, command, terms)
        if reason is not None:
            return reason
    return why_not_triggered(command, terms)


def why_not_priced(order_type: OrderType, price: Price) -> RejectReason | None:
    """Return why an order of a type cannot have a price, which is 0 for none; None if it can."""
    if order_type is LIMIT or order_type in LIMITED_TYPES:
        if not 0 < price <= PRICE_MAX:
            return RejectReason.PRICE_OUT_OF_RANGE
    elif price and order_type is not PEGGED:
        return RejectReason.MARKET_ORDER_NEEDS_NO_PRICE
    elif not 0 <= price <= PRICE_MAX:
        return RejectReason.PRICE_OUT_OF_RANGE
    return None


def _why_not_of_kind(command: NewOrder | ReplaceOrder, terms: Terms) -> RejectReason | None:
    """Return why an order cannot be pegged, or for an amount, as it asks for; None if it can."""
    reason = None
    has_offset = terms.offset_unit is not OffsetUnit.NONE and command.order_type not in TRIGGERED_TYPES
    if terms.peg or has_offset or command.order_type is PEGGED:
        reason = _why_not_pegged(command, terms)
    if reason is None and terms.cash_amount:
        reason = _why_not_for_amount(command, terms)
    return reason


def _why_not_iceberg(state: State, command: NewOrder | ReplaceOrder, terms: Terms) -> RejectReason | None:
    qty, low, high = command.qty, terms.display_low_qty, terms.display_high_qty
    if command.order_type not in MAY_REST or command.time_in_force in (IMMEDIATE_OR_CANCEL, FILL_OR_KILL):
        return RejectReason.DISPLAY_MUST_REST
    if (low or high) and not 0 < low <= high <= qty:
        return RejectReason.DISPLAY_RANGE_MISMATCH
    if not 0 < terms.display_qty <= qty:
        return RejectReason.DISPLAY_OUT_OF_RANGE
    if min(terms.display_qty, low or qty) * BASIS_POINTS < qty * state.books[command.symbol].rules.display_min_bps:
        return RejectReason.DISPLAY_TOO_SMALL
    return None


def _why_not_for_amount(command: NewOrder | ReplaceOrder, terms: Terms) -> RejectReason | None:
    if command.order_type is not MARKET or command.qty or terms.min_qty or isinstance(command, ReplaceOrder):
        return RejectReason.CASH_MISMATCH
    return None if 0 < terms.cash_amount <= AMOUNT_MAX else RejectReason.CASH_OUT_OF_RANGE


def _why_not_pegged(command: NewOrder | ReplaceOrder, terms: Terms) -> RejectReason | None:
    """Return why an order cannot be pegged as it asks for, None if it can."""
    if not terms.peg or command.order_type is not PEGGED:
        return RejectReason.PEG_MISMATCH
    if terms.min_qty or command.time_in_force in (IMMEDIATE_OR_CANCEL, FILL_OR_KILL):
        return RejectReason.PEG_MUST_REST
    if terms.offset_unit is OffsetUnit.BASIS_POINTS or not -PRICE_MAX <= terms.offset <= PRICE_MAX:
        return RejectReason.PEG_OFFSET_OUT_OF_RANGE
    if not command.price and command.side is BUY:
        return RejectReason.PEG_NEEDS_LIMIT
    return None


def has_reference(book: Book, side: Side, peg: PegReference) -> bool:
    """Tell whether a book has the price that an order is to be pegged to."""
    if peg is PegReference.MIDPOINT:
        return book.bids.best is not None and book.asks.best is not None
    followed = book.side(side) if peg is PegReference.PRIMARY else book.opposite(side)
    return followed.best is not None


def passive_price(book: Book, side: Side, price: Price, post_only: PostOnly) -> Price:
    """Return the price at which a post-only order may rest: its own or, if it slides, one tick behind the other side.

    0 if it may not: it would trade and does not slide, or there is no price left to slide to.
    """
    best = book.opposite(side).best
    if best is None:
        return price
    if side is BUY:
        if price < best.price:
            return price
        slid = best.price - 1
    else:
        if price > best.price:
            return price
        slid = best.price + 1
    return slid if post_only is PostOnly.SLIDE and slid <= PRICE_MAX else 0
