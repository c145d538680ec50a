"""Pegs in their sorted structures, against a list of them that is sorted anew each time."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.holding import Holding
from engine.order import Order
from engine.pegs import Pegs
from engine.terms import Terms
from engine.values import BUY, NOWHERE, PEGGED, PRICE_MAX, SELL, OffsetUnit, PegReference, Place, Side, TimeInForce
from tests.engine.builders import an_instrument

INSTRUMENT = an_instrument()


def peg(number: int, side: Side, reference: PegReference, offset: int = 0, limit: int = 0) -> Order:
    order = Order(
        number, "S", "A", f"{number}", INSTRUMENT, side, PEGGED, TimeInForce.DAY, 1, limit, Holding(), Holding()
    )
    order.terms = Terms(peg=reference, offset_unit=OffsetUnit.TICKS, offset=offset)
    return order


def priced(pegs: Pegs, side: Side) -> list[tuple[int, int]]:
    """Return price and number of the pegs that can trade, in their order."""
    book_side = pegs.side(side)
    return [(key * book_side.sign, order.order_id) for key, order in book_side.ranked()]


def price_of(order: Order, bid: int, ask: int) -> tuple[int, int] | None:
    """Return the price that a peg ranks by and the one at which it trades, by the definition."""
    assert order.terms is not None
    own, other = (bid, ask) if order.side is BUY else (ask, bid)
    worse: Callable[[int, int], int] = min if order.side is BUY else max
    match order.terms.peg:
        case PegReference.PRIMARY:
            reference = own
        case PegReference.MARKET:
            reference = other
        case _:
            reference = (bid + ask + (order.side is SELL)) // 2 if bid and ask else 0
    if not reference:
        return None
    wish = reference + order.terms.offset
    if order.price:
        wish = worse(wish, order.price)
    price = worse(wish, 1 if order.side is SELL else PRICE_MAX)
    if other:
        price = worse(price, other + (-1 if order.side is BUY else 1))
    return (wish, price) if 0 < price <= PRICE_MAX else None


references = st.sampled_from((PegReference.PRIMARY, PegReference.MARKET, PegReference.MIDPOINT))
arrivals = st.tuples(st.sampled_from((BUY, SELL)), references, st.integers(-6, 6), st.integers(90, 110) | st.just(0))
markets = st.tuples(st.integers(92, 100) | st.integers(0, 5), st.integers(1, 8) | st.just(0))


@given(st.lists(arrivals | markets | st.integers(0, 20), max_size=40))
def test_pegs_rank_by_their_definition_however_the_market_moves(
    steps: list[tuple[Side, PegReference, int, int] | tuple[int, int] | int],
) -> None:
    pegs, orders, bid, ask, number = Pegs(), list[Order](), 0, 0, 0
    for step in steps:
        if isinstance(step, int):
            if orders:
                pegs.remove(orders.pop(step % len(orders)))
        elif len(step) == 2:
            bid, ask = step[0], step[1] and step[0] + step[1]
            pegs.follow(bid, ask)
        else:
            number += 1
            orders.append(peg(number, *step))
            pegs.rest(orders[-1])
        assert [order.order_id for order in pegs] == [order.order_id for order in orders]
        for side, sign in ((BUY, -1), (SELL, 1)):
            prices = {o.order_id: price_of(o, bid, ask) for o in orders if o.side is side}
            ranked = sorted((sign * p[0], number, p[1]) for number, p in prices.items() if p is not None)
            assert priced(pegs, side) == [(price, number) for _, number, price in ranked]
            assert pegs.side(side).first() == next(pegs.side(side).ranked(), None)


@pytest.mark.parametrize(
    ("side", "reference", "offset", "limit", "price"),
    (
        (BUY, PegReference.PRIMARY, 0, 0, 100),
        (BUY, PegReference.PRIMARY, 2, 0, 102),
        (BUY, PegReference.PRIMARY, -2, 0, 98),
        (BUY, PegReference.PRIMARY, 9, 0, 104),
        (BUY, PegReference.PRIMARY, 3, 101, 101),
        (BUY, PegReference.MARKET, 0, 0, 104),
        (BUY, PegReference.MARKET, -2, 0, 103),
        (BUY, PegReference.MIDPOINT, 0, 0, 102),
        (SELL, PegReference.PRIMARY, 0, 0, 105),
        (SELL, PegReference.PRIMARY, -2, 0, 103),
        (SELL, PegReference.PRIMARY, -9, 0, 101),
        (SELL, PegReference.MARKET, 0, 0, 101),
        (SELL, PegReference.MIDPOINT, 0, 0, 103),
        (SELL, PegReference.MIDPOINT, -1, 0, 102),
        (SELL, PegReference.MIDPOINT, 0, 104, 104),
    ),
)
def test_price_of_a_peg(side: Side, reference: PegReference, offset: int, limit: int, price: int) -> None:
    pegs = Pegs()
    pegs.follow(100, 105)
    pegs.rest(peg(1, side, reference, offset, limit))
    assert priced(pegs, side) == [(price, 1)]


def test_a_move_of_the_market_touches_those_alone_that_come_to_their_limit_or_leave_it() -> None:
    pegs = Pegs()
    for number in range(1, 1001):
        pegs.rest(peg(number, BUY, PegReference.PRIMARY, 0, 1000 + number))
    queue = pegs.side(BUY)._queues[PegReference.PRIMARY]
    pegs.follow(1500, 0)
    assert len(queue._at_limit) == 499
    pegs.follow(1503, 0)
    assert len(queue._at_limit) == 502
    pegs.follow(0, 0)
    assert len(queue._at_limit) == 502
    assert priced(pegs, BUY) == []


def test_a_peg_is_in_one_place() -> None:
    pegs, order = Pegs(), peg(1, SELL, PegReference.MIDPOINT)
    pegs.rest(order)
    assert (order.place, len(pegs)) == (Place.PEGS, 1)
    pegs.remove(order)
    assert (order.place, len(pegs)) == (NOWHERE, 0)
