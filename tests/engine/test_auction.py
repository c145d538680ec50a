"""The auction's price: what exchanges print as worked examples, and every small book against a slow calculation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction import Ladder, Uncrossing, uncrossing

ANY = 10**6
"""The worst price of a market order that would trade at any."""


def outcome(found: Uncrossing | None) -> tuple[int, int, int] | None:
    """Return price, quantity and surplus."""
    return None if found is None else (found.price, found.qty, found.surplus)


# Deutsche Boerse, Xetra Release 16.0, Market Model Equities: "Price determination in auctions", examples 1 to 6, and
# the example of the strike match in the Market Model for T7.


def test_xetra_1_one_limit_with_the_highest_quantity_and_no_surplus() -> None:
    bids, asks = [(202, 200), (201, 200), (200, 300)], [(197, 400), (198, 200), (200, 100)]
    assert outcome(uncrossing(bids, asks, 0)) == (200, 700, 0)


def test_xetra_2_buyers_left_over_make_it_the_highest_limit() -> None:
    assert outcome(uncrossing([(202, 400), (201, 200)], [(198, 200), (199, 300)], 0)) == (201, 500, 100)


def test_xetra_3_sellers_left_over_make_it_the_lowest_limit() -> None:
    assert outcome(uncrossing([(202, 300), (201, 200)], [(198, 200), (199, 400)], 0)) == (199, 500, -100)


@pytest.mark.parametrize(("reference", "price"), ((199, 199), (200, 199), (202, 202)))
def test_xetra_4_a_surplus_of_either_kind_makes_it_the_limit_nearest_the_reference(reference: int, price: int) -> None:
    found = uncrossing([(199, 100)], [(202, 100)], reference, [(ANY, 100)], [(1, 100)])
    assert found is not None
    assert (found.price, found.qty) == (price, 100)


@pytest.mark.parametrize(("reference", "price"), ((200, 201), (202, 201), (198, 199)))
def test_xetra_5_no_surplus_makes_it_the_limit_nearest_the_reference(reference: int, price: int) -> None:
    bids, asks = [(202, 300), (201, 200)], [(198, 200), (199, 300)]
    assert outcome(uncrossing(bids, asks, reference)) == (price, 500, 0)


def test_xetra_6_market_orders_alone_trade_at_the_reference() -> None:
    assert outcome(uncrossing([], [], 250, [(ANY, 900)], [(1, 800)])) == (250, 800, 100)


def test_xetra_strike_match_sellers_left_over_make_it_198() -> None:
    found = uncrossing([(199, 150)], [(198, 200)], 201, [(ANY, 300)], [(1, 300)])
    assert outcome(found) == (198, 450, -50)


# Others


def test_tokyo_opening_by_itayose_is_500_yen() -> None:
    """Tokyo Stock Exchange, "How are stock prices determined?": the order books before and after the opening.

    After it 700 of H's 800 are left at 500 yen, so that 1,400 were traded there.
    """
    bids = [(501, 900), (500, 1000), (499, 3000), (498, 500)]
    asks = [(498, 400), (500, 400), (501, 2000), (502, 800)]
    assert outcome(uncrossing(bids, asks, 0, [(ANY, 400)], [(1, 600)])) == (500, 1400, 900)


def test_hong_kong_closing_auction_example_1_is_24_00() -> None:
    """HKEX, examples of the closing auction session, Example 1: the IEP is $24.00, where 1,000 are tradeable."""
    bids = [(2405, 200), (2400, 1000), (2395, 400)]
    asks = [(2395, 400), (2400, 600), (2405, 800)]
    assert outcome(uncrossing(bids, asks, 0)) == (2400, 1000, 200)


def test_national_stock_exchange_of_india_opens_at_105() -> None:
    """NSE, "Pre-open session", equilibrium price determination: 105, where 27,500 shares can be traded."""
    bids = [(108, 4000), (107, 5000), (106, 6500), (105, 12000), (104, 9500), (103, 13500)]
    asks = [(103, 11500), (104, 9800), (105, 15000), (106, 12000), (107, 12500)]
    assert outcome(uncrossing(bids, asks, 0)) == (105, 27500, -8800)


def test_australian_algorithm_ends_at_6_39_for_stock_x() -> None:
    """The ASX algorithm of 2002 as taught at UNSW (Trading Engine Course, session 3, appendix): stock X.

    1,000 shares can be traded, from $6.35 on with a surplus of 500; it is on the buy side, so the highest limit is it.
    """
    bids = [(640, 500), (639, 1000), (634, 1000), (633, 500)]
    asks = [(610, 1000), (640, 500), (641, 520), (642, 550), (643, 519)]
    assert outcome(uncrossing(bids, asks, 0)) == (639, 1000, 500)


# Our own


def test_sides_that_do_not_overlap_do_not_trade() -> None:
    assert uncrossing([(100, 5)], [(101, 5)], 100) is None
    assert uncrossing([], [(101, 5)], 100) is None
    assert uncrossing([(100, 5)], [], 100) is None


def test_market_order_trades_no_further_than_its_worst_price() -> None:
    assert uncrossing([], [(106, 5)], 100, [(105, 5)]) is None
    assert outcome(uncrossing([], [(104, 5), (106, 5)], 100, [(105, 9)])) == (104, 5, 4)


def test_market_orders_alone_need_a_reference() -> None:
    assert uncrossing([], [], 0, [(105, 5)], [(95, 5)]) is None


def test_without_reference_it_is_the_limit_nearest_the_middle_of_the_range() -> None:
    assert outcome(uncrossing([(106, 5)], [(100, 5)], 0)) == (106, 5, 0)
    assert outcome(uncrossing([(106, 5), (104, 1)], [(100, 5), (103, 1)], 0)) == (104, 6, 0)


prices = st.integers(1, 12)
quantities = st.integers(1, 9)
ladders = st.dictionaries(prices, quantities, max_size=6)


@given(ladders, ladders, st.integers(0, 13), ladders, ladders)
def test_price_is_that_of_a_calculation_without_regard_for_speed(
    bids: dict[int, int],
    asks: dict[int, int],
    reference: int,
    market_bids: dict[int, int],
    market_asks: dict[int, int],
) -> None:
    def volumes(price: int) -> tuple[int, int]:
        buyers = sum(qty for side in (bids, market_bids) for limit, qty in side.items() if limit >= price)
        sellers = sum(qty for side in (asks, market_asks) for limit, qty in side.items() if limit <= price)
        return min(buyers, sellers), buyers - sellers

    def rank(price: int) -> tuple[int, int]:
        qty, surplus = volumes(price)
        return -qty, abs(surplus)

    found = uncrossing(descending(bids), ascending(asks), reference, descending(market_bids), ascending(market_asks))
    tradable = [price for price in sorted(bids.keys() | asks.keys()) if volumes(price)[0]]
    if not tradable:
        at_reference = volumes(reference)
        assert outcome(found) == ((reference, *at_reference) if reference and at_reference[0] else None)
        return
    assert found is not None
    equal = [price for price in tradable if rank(price) == min(map(rank, tradable))]
    if all(volumes(price)[1] > 0 for price in equal):
        expected = equal[-1]
    elif all(volumes(price)[1] < 0 for price in equal):
        expected = equal[0]
    else:
        aim = reference or (equal[0] + equal[-1]) / 2
        expected = min(equal, key=lambda price: (abs(price - aim), -price))
    assert outcome(found) == (expected, *volumes(expected))


def descending(side: dict[int, int]) -> Ladder:
    return sorted(side.items(), reverse=True)


def ascending(side: dict[int, int]) -> Ladder:
    return sorted(side.items())
