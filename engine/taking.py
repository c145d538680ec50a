"""Taking with care: where an order may meet pegged ones, or ones of its own owner.

It trades with the better of what rests on the book and what is pegged, with the book first where both have one price.
Pegs stand, until the order has traded what it can, where the best displayed prices were when it came. Orders that meet
neither never come here.
"""

from collections.abc import Iterator
from heapq import merge
from typing import TypeAlias

from engine.bands import limits
from engine.book import Book, BookSide
from engine.cash import lots_left
from engine.events import AnyEvent
from engine.order import Order
from engine.pegs import Pegs
from engine.places import withdraw
from engine.self_trade import Prevention, prevent, prevention
from engine.settlement import cancel, fill, finish
from engine.state import State
from engine.terms import Terms
from engine.values import (
    BUY,
    CANCELED,
    CONTINUOUS,
    FILLED,
    ON_BOOK,
    SELL,
    CancelReason,
    Place,
    Price,
    Qty,
    SelfTrade,
    Side,
)

_Part: TypeAlias = tuple[int, Order, Qty, bool]
"""The key of a price, an order, how much of it, and whether that is what the order hides at first."""


def priced_pegs(book: Book, terms: Terms | None) -> Pegs | None:
    """Return a book's pegs, priced as it is now, None if there are none that an order with these terms may take."""
    pegs = book.pegs
    if pegs is None or (terms is not None and terms.post_only):
        return None
    bid, ask = book.bids.best, book.asks.best
    best_bid, best_ask = bid.price if bid is not None else 0, ask.price if ask is not None else 0
    bands = book.rules.bands
    if bands is None:
        pegs.follow(best_bid, best_ask)
    else:
        lowest, highest = limits(book, bands)
        pegs.follow(best_bid, best_ask, max(lowest, 1), highest)
    return pegs


def forecast(
    book: Book, side: Side, qty: Qty, bound: int, pegs: Pegs | None, prevents: Prevention | None
) -> Iterator[tuple[Qty, Price]]:
    """Yield quantity and price of each trade that an order for `qty` would make within keys up to `bound`."""
    opposite = book.opposite(side)
    for key, maker, part, is_hidden in _ranked(opposite, pegs):
        if not qty or key > bound:
            return
        if prevents is None or not prevents.is_own(maker):
            taken = min(qty, part)
            qty -= taken
            yield taken, key * opposite.sign
        elif not is_hidden:  # It is met, and dealt with, as a whole.
            if prevents.mode is SelfTrade.DECREMENT:
                qty -= min(qty, maker.leaves_qty)
            elif prevents.mode is not SelfTrade.CANCEL_OLDEST:
                return


def take(state: State, taker: Order, book: Book, bound: int, least: Qty, events: list[AnyEvent]) -> bool:
    """Trade what can be traded, or nothing and cancel the order if that is less than `least`.

    An order that is not to trade with its owner's may be cancelled here too. False, with nothing done, if the order
    needs no such care.
    """
    pegs = priced_pegs(book, taker.terms)
    prevents = prevention(state, taker.session, taker.account, taker.terms)
    if pegs is None and prevents is None:
        return False
    if least:
        trades = forecast(book, taker.side, taker.leaves_qty, bound, pegs, prevents)
        if sum(qty for qty, _ in trades) < least:
            events.append(cancel(state, taker, CancelReason.NOT_FILLABLE))
            return True
    opposite = book.opposite(taker.side)
    while taker.leaves_qty:
        first = _first(opposite, pegs)
        if first is None or first[0] > bound:
            break
        key, maker = first
        if not _encounter(state, book, maker, taker, key * opposite.sign, prevents, events):
            break
    if not taker.leaves_qty and taker.status is not CANCELED:
        finish(state, taker, FILLED)
    return True


def meet(state: State, book: Book, events: list[AnyEvent]) -> None:
    """Let pegged orders trade with each other while they can, at the price of the older one."""
    while book.phase is CONTINUOUS:
        pegs = priced_pegs(book, None)
        if pegs is None:
            return
        first_buy, first_sell = pegs.side(BUY).first(), pegs.side(SELL).first()
        if first_buy is None or first_sell is None or -first_buy[0] < first_sell[0]:
            return
        (buy_key, buy), (sell_key, sell) = first_buy, first_sell
        if pegs.age(buy) < pegs.age(sell):
            maker, taker, price = buy, sell, -buy_key
        else:
            maker, taker, price = sell, buy, sell_key
        prevents = prevention(state, taker.session, taker.account, taker.terms)
        _encounter(state, book, maker, taker, price, prevents, events)
        state.restless[book.instrument.symbol] = book
        if taker.place is Place.PEGS and not taker.leaves_qty:
            withdraw(state, taker)
            finish(state, taker, FILLED)


def _encounter(
    state: State,
    book: Book,
    maker: Order,
    taker: Order,
    price: Price,
    prevents: Prevention | None,
    events: list[AnyEvent],
) -> bool:
    """Let two orders trade, or keep them from it. False if the taker's amount does not suffice for one lot more."""
    if prevents is not None and prevents.is_own(maker):
        prevent(state, maker, taker, prevents.mode, events)
        return True
    qty = min(maker.leaves_qty - maker.hidden_qty, taker.leaves_qty)
    if taker.terms is not None and taker.terms.cash_amount:
        qty = min(qty, lots_left(taker, price))
        if not qty:
            return False
    if maker.place is ON_BOOK:
        book.side(maker.side).take(maker, qty)
    else:
        if qty == maker.leaves_qty:
            withdraw(state, maker)
        maker.leaves_qty -= qty
    fill(state, book, maker, taker, price, qty, events)
    return True


def _first(side: BookSide, pegs: Pegs | None) -> tuple[int, Order] | None:
    """Return the first order to trade, with the key of its price."""
    level, peg = side.best, None if pegs is None else pegs.side(side.side).first()
    if level is None or (peg is not None and peg[0] < level.key):
        return peg
    assert level.head is not None, "a level without orders is dropped"
    return level.key, level.head


def _ranked(side: BookSide, pegs: Pegs | None) -> Iterator[_Part]:
    """Yield what an order may take of the orders there, in the order in which it would."""
    on_book = _on_book(side)
    if pegs is None:
        return on_book
    pegged = ((key, order, order.leaves_qty, False) for key, order in pegs.side(side.side).ranked())
    return merge(on_book, pegged, key=_key)  # Where keys are equal, the first comes first.


def _on_book(side: BookSide) -> Iterator[_Part]:
    """Yield what rests on one side of the book. What icebergs hide comes when all at their price has had its turn."""
    for level in side:
        for order in level:
            yield level.key, order, order.leaves_qty - order.hidden_qty, False
        if level.hidden_qty:
            for order in level:
                if order.hidden_qty:
                    yield level.key, order, order.hidden_qty, True


def _key(part: _Part) -> int:
    return part[0]
