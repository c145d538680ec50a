"""Uncrossing a book: the auction of all that has gathered, at the one price that `engine.auction` finds.

Orders trade by price: a market order by the worst one that it may have, so that as a rule it comes first. At one price
first market orders trade, in the order of their time, then those on the book in their queue, then those that are for
the auction alone. Everybody trades at the same price, with their whole quantities. Nobody has come to take what another
offered, so both sides pay the maker's fee; a rebate, which rewards who offers, is paid to neither. What was for the
auction alone, or has no limit, is cancelled where it was not filled. Afterwards the sides of the book no longer
overlap: else a larger quantity could have traded.
"""

from engine.auction import Ladder, Uncrossing, uncrossing
from engine.book import Book, BookSide
from engine.events import AnyEvent, AuctionEnded
from engine.order import Order
from engine.phases import auction_reference
from engine.places import withdraw
from engine.settlement import cancel, fill, finish
from engine.state import State
from engine.values import (
    AT_THE_CLOSE,
    AT_THE_OPENING,
    BUY,
    FILLED,
    MARKET,
    PRICE_MAX,
    SELL,
    CancelReason,
    Phase,
    Place,
    Price,
    Qty,
    Side,
)


def indication(book: Book) -> Uncrossing | None:
    """Return what an auction would come to now, None if nothing would trade."""
    orders = taking_part(book)
    bids = [order for order in orders if order.side is BUY]
    asks = [order for order in orders if order.side is SELL]
    lowest = min([order.price for order in asks], default=PRICE_MAX)
    highest = max([order.price for order in bids], default=0)
    if book.asks.best is not None:
        lowest = min(lowest, book.asks.best.price)
    if book.bids.best is not None:
        highest = max(highest, book.bids.best.price)
    return uncrossing(
        _limits(book.bids, -lowest, bids),
        _limits(book.asks, highest, asks),
        auction_reference(book),
        _market(bids),
        _market(asks),
    )


def uncross(state: State, book: Book, events: list[AnyEvent]) -> None:
    """Hold the auction of a book's present phase, and end what was for it alone."""
    found = indication(book)
    symbol = book.instrument.symbol
    orders = taking_part(book)
    rpt_seq = book.next_rpt_seq(state.time_ns)
    if found is None:
        events.append(AuctionEnded(symbol, book.phase, 0, 0, 0, rpt_seq))
    else:
        ended = AuctionEnded(symbol, book.phase, found.price, found.qty, found.surplus, rpt_seq)
        events.append(ended)
        book.day.auction_ended(ended)
        _trade(state, book, found, events)
        book.auction_price = found.price
        if book.watchers:
            state.restless[symbol] = book
    left_over = [order for order in orders if order.place is Place.AUCTION]
    events += [cancel(state, order, CancelReason.AUCTION_OVER) for order in left_over]


def _trade(state: State, book: Book, found: Uncrossing, events: list[AnyEvent]) -> None:
    buyers = _first(book, BUY, found.price, found.qty)
    sellers = _first(book, SELL, found.price, found.qty)
    places = {order.order_id: order.place for order in (*buyers, *sellers)}
    for order in (*buyers, *sellers):
        withdraw(state, order)
    left, buyer, seller = found.qty, 0, 0
    while left:
        bid, ask = buyers[buyer], sellers[seller]
        qty = min(left, bid.leaves_qty, ask.leaves_qty)
        left -= qty
        # Neither takes; the one who has been there longer stands for the maker.
        maker, taker = (bid, ask) if bid.order_id < ask.order_id else (ask, bid)
        maker.leaves_qty -= qty
        fill(state, book, maker, taker, found.price, qty, events)
        if not taker.leaves_qty:
            finish(state, taker, FILLED)
        buyer += not bid.leaves_qty
        seller += not ask.leaves_qty
    for order in (*buyers[buyer:], *sellers[seller:]):
        if places[order.order_id] is Place.BOOK:
            book.side(order.side).put_back(order)
        else:
            book.for_auction[order.order_id] = order
            order.place = Place.AUCTION


def taking_part(book: Book) -> list[Order]:
    """Return the orders off the book that take part in the auction of its present phase."""
    kind = {Phase.PRE_OPEN: AT_THE_OPENING, Phase.OPENING_AUCTION: AT_THE_OPENING, Phase.CLOSING_AUCTION: AT_THE_CLOSE}
    theirs = kind.get(book.phase)
    return [
        order
        for order in book.for_auction.values()
        if order.time_in_force is theirs
        or (order.time_in_force is not AT_THE_OPENING and order.time_in_force is not AT_THE_CLOSE)
    ]


def _limits(side: BookSide, bound: int, others: list[Order]) -> Ladder:
    """Return the ladder of the limits on one side whose key is at most `bound`, and of the others off the book."""
    quantities: dict[Price, Qty] = {}
    for level in side:
        if level.key > bound:
            break
        quantities[level.price] = level.total_qty
    for order in others:
        if order.order_type is not MARKET:
            quantities[order.price] = quantities.get(order.price, 0) + order.leaves_qty
    return list(quantities.items())


def _market(orders: list[Order]) -> Ladder:
    return [(order.price, order.leaves_qty) for order in orders if order.order_type is MARKET]


def _first(book: Book, side: Side, price: Price, qty: Qty) -> list[Order]:
    """Return the orders of one side that trade `qty` at `price`, the first to trade first; the last maybe in part."""
    book_side = book.side(side)
    sign, bound = book_side.sign, price * book_side.sign
    others = [order for order in taking_part(book) if order.side is side and order.price * sign <= bound]
    queue = [order for order in others if order.order_type is MARKET]
    at_most = qty
    for level in book_side:
        if level.key > bound or at_most <= 0:
            break
        at_most -= level.total_qty
        queue += list(level)
    queue += [order for order in others if order.order_type is not MARKET]
    queue.sort(key=lambda order: order.price * sign)  # which keeps this order among equals
    first: list[Order] = []
    for order in queue:
        if qty <= 0:
            break
        first.append(order)
        qty -= order.leaves_qty
    return first
