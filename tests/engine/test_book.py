import random

from hypothesis import given
from hypothesis import strategies as st

from engine.book import Book, BookSide
from engine.order import Order
from engine.values import AMOUNT_MAX, BUY, SELL, Side
from tests.engine.builders import Venue
from tests.engine.test_order import an_order


def resting(side: BookSide, price: int, qty: int = 10, of: Side = BUY) -> Order:
    order = an_order(of)
    order.price, order.qty, order.leaves_qty = price, qty, qty
    side.rest(order)
    return order


def prices(side: BookSide) -> list[int]:
    return [level.price for level in side]


def test_best_bid_is_the_highest_and_best_ask_the_lowest() -> None:
    bids, asks = BookSide(BUY), BookSide(SELL)
    for price in (101, 103, 102):
        resting(bids, price)
        resting(asks, price, of=SELL)
    assert prices(bids) == [103, 102, 101]
    assert prices(asks) == [101, 102, 103]


def test_level_goes_with_its_last_order() -> None:
    bids = BookSide(BUY)
    best, other = resting(bids, 103), resting(bids, 101)
    bids.remove(best)
    assert prices(bids) == [101]
    bids.remove(other)
    assert prices(bids) == []
    assert bids.best is None
    assert not bids.levels


def test_quantity_within_a_bound_counts_the_levels_up_to_it() -> None:
    asks = BookSide(SELL)
    for price in (100, 101, 103):
        resting(asks, price, qty=price, of=SELL)
    assert [asks.qty_within(bound) for bound in (99, 100, 102, 103)] == [0, 100, 201, 304]


def test_cost_takes_the_best_prices_first_and_no_more_than_there_is() -> None:
    asks = BookSide(SELL)
    resting(asks, 102, qty=5, of=SELL)
    resting(asks, 100, qty=3, of=SELL)
    assert list(asks.within(1, AMOUNT_MAX)) == [(1, 100)]
    costs = [sum(taken * price for taken, price in asks.within(qty, AMOUNT_MAX)) for qty in (1, 3, 4, 100)]
    assert costs == [100, 300, 402, 810]
    assert list(asks.within(100, 100)) == [(3, 100)]


def test_sides_of_a_book() -> None:
    book = Book(an_order().instrument)
    assert book.side(BUY) is book.opposite(SELL) is book.bids
    assert book.side(SELL) is book.opposite(BUY) is book.asks


@given(seed=st.integers(0, 10**6), side=st.sampled_from((BUY, SELL)))
def test_queue_is_that_of_a_list(seed: int, side: Side) -> None:
    """Rest, take out, and reduce at random; a plain list, sorted by price alone (the sort is stable), says the same."""
    rng = random.Random(seed)
    levels, listed = BookSide(side), list[Order]()
    for _ in range(60):
        if rng.random() < 0.6 or not listed:
            listed.append(resting(levels, rng.randint(1, 6), rng.randint(2, 9), side))
        elif rng.random() < 0.7:
            levels.remove(listed.pop(rng.randrange(len(listed))))
        else:
            order = rng.choice(listed)
            levels.reduce(order, min(1, order.leaves_qty - 1))
        expected = sorted(listed, key=lambda order: order.price * levels.sign)
        assert [order for level in levels for order in level] == expected
        assert (levels.best.head if levels.best else None) is (expected[0] if expected else None)
        for level in levels:
            assert level.total_qty == sum(order.leaves_qty for order in level)
            assert level.order_count == len(list(level))


def test_removed_order_keeps_no_hold_of_its_neighbours() -> None:
    venue = Venue()
    for cl_ord_id in ("first", "middle", "last"):
        venue.buy(1, 100, cl_ord_id=cl_ord_id)
    middle = venue.open_order("middle")
    assert middle.ahead is venue.open_order("first")
    assert middle.behind is venue.open_order("last")
    venue.cancel("middle")
    assert middle.ahead is middle.behind is None
