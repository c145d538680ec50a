"""Matching: price-time priority, trades at the resting order's price."""

from engine.bands import furthest_key
from engine.book import Book, BookSide
from engine.cash import lots_left
from engine.events import AnyEvent
from engine.order import Order
from engine.phases import gather
from engine.settlement import cancel, fill, finish
from engine.state import State
from engine.taking import take
from engine.transitions import interrupt
from engine.triggers import UNLIMITED_TYPES
from engine.values import BUY, CONTINUOUS, FILL_OR_KILL, FILLED, IMMEDIATE_OR_CANCEL, MARKET, CancelReason


def trade_and_rest(  # noqa: C901 - one step after another; a call more would be one for every order
    state: State, order: Order, book: Book, events: list[AnyEvent]
) -> None:
    """Trade what can be traded at once; then the order rests, or what is left of it is cancelled."""
    if book.phase is not CONTINUOUS:
        gather(state, order, book, events)
        return
    if order.side is BUY:
        own, opposite = book.bids, book.asks
    else:
        own, opposite = book.asks, book.bids
    order_type, time_in_force, terms = order.order_type, order.time_in_force, order.terms
    # Nothing trades if less than this can; a fill-or-kill order goes with any shortfall.
    least = order.leaves_qty if time_in_force is FILL_OR_KILL else 0 if terms is None else terms.min_qty
    best, has_pegs = opposite.best, book.pegs is not None
    if best is not None or has_pegs:
        # In keys of the other side: smaller is better for the taker.
        bound = book.market_bound(order.side, terms) if order_type is MARKET else order.price * opposite.sign
        bands, wanted = book.rules.bands, bound
        if bands is not None:
            bound = min(bound, furthest_key(book, order.side, bands))
        if has_pegs or (best is not None and best.key <= bound):
            is_plain = terms is None and not (has_pegs or state.self_trade_accounts or state.self_trade_sessions)
            if is_plain or not take(state, order, book, bound, least, events):
                if least and opposite.qty_within(bound) < least:
                    events.append(cancel(state, order, CancelReason.NOT_FILLABLE))
                    return
                _match(state, order, book, opposite, bound, events)
            if not order.leaves_qty:
                return
            least = 0
        if bands is not None and not least and _stops_at(opposite, bound, wanted):
            _break_off(state, order, book, bands.auction_ms, events)
            return
    if least:
        events.append(cancel(state, order, CancelReason.NOT_FILLABLE))
    elif (
        order_type is MARKET
        or time_in_force is IMMEDIATE_OR_CANCEL
        or (terms is not None and terms.trigger and order_type in UNLIMITED_TYPES)
    ):
        events.append(cancel(state, order, CancelReason.IMMEDIATE_REMAINDER))
    else:
        own.rest(order)
        if book.watchers:
            state.restless[order.instrument.symbol] = book


def _stops_at(opposite: BookSide, bound: int, wanted: int) -> bool:
    """Tell whether there is something to trade with between a bound and what an order wanted."""
    best = opposite.best
    return best is not None and bound < best.key <= wanted


def _break_off(state: State, order: Order, book: Book, auction_ms: int, events: list[AnyEvent]) -> None:
    """Begin a volatility auction instead of the next trade; what is left of the order gathers in it, if it may."""
    interrupt(state, book, auction_ms, events)
    if order.order_type is MARKET:  # whose funds are for the prices that it saw
        events.append(cancel(state, order, CancelReason.PHASE))
    else:
        gather(state, order, book, events)


def _match(state: State, taker: Order, book: Book, opposite: BookSide, bound: int, events: list[AnyEvent]) -> None:
    terms = taker.terms
    for_amount = terms is not None and terms.cash_amount > 0
    while taker.leaves_qty:
        level = opposite.best
        if level is None or level.key > bound:
            return
        maker = level.head
        assert maker is not None, "a level without orders is dropped"
        price = level.price
        qty = min(taker.leaves_qty, maker.leaves_qty - maker.hidden_qty)
        if for_amount:
            qty = min(qty, lots_left(taker, price))
            if not qty:
                return
        if qty == maker.leaves_qty:
            opposite.remove(maker)
            maker.leaves_qty = 0
        else:
            opposite.take(maker, qty)
        fill(state, book, maker, taker, price, qty, events)
    finish(state, taker, FILLED)
