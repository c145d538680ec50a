"""Admission: whether what an order asks for fits together, and what price it may have. One check after another."""

from engine.book import Book
from engine.reject import RejectReason
from engine.terms import Terms
from engine.values import (
    BUY,
    FILL_OR_KILL,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    PRICE_MAX,
    OrderType,
    PostOnly,
    Price,
    Side,
    TimeInForce,
)


def why_not(terms: Terms, order_type: OrderType, time_in_force: TimeInForce) -> RejectReason | None:
    """Return the first reason for which an order cannot have these terms, None if it can."""
    if terms.post_only and (
        order_type is not LIMIT or time_in_force is IMMEDIATE_OR_CANCEL or time_in_force is FILL_OR_KILL
    ):
        return RejectReason.POST_ONLY_MUST_REST
    return None


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
