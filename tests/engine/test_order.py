from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from engine.holding import Holding
from engine.order import Order, round_fee
from engine.values import BUY, LIMIT, SELL, Side, TimeInForce
from tests.engine.builders import Venue, an_instrument
from tests.engine.invariants import check_state

maker_and_taker_bps = st.tuples(st.integers(-9_999, 9_999), st.integers(-9_999, 9_999)).filter(
    lambda bps: sum(bps) >= 0
)


def an_order(side: Side = BUY, *, maker_bps: int = 0, taker_bps: int = 0) -> Order:
    instrument = an_instrument(maker_bps=maker_bps, taker_bps=taker_bps)
    return Order(1, "S", "A", "x", instrument, side, LIMIT, TimeInForce.DAY, 10, 100, Holding(), Holding())


@given(st.integers(-(10**20), 10**20))
def test_fee_is_rounded_up_against_the_payer(fee_raw: int) -> None:
    assert round_fee(fee_raw) == ceil(Fraction(fee_raw, 1_000_000))


def test_sell_reserves_the_base_it_sells() -> None:
    assert an_order(SELL).reserve_needed(7, 100) == 7


def test_buy_reserves_notional_and_the_dearest_fee_rounded_up() -> None:
    assert an_order(maker_bps=3, taker_bps=2).reserve_needed(7, 100) == 700 + 1


@given(
    bps=maker_and_taker_bps,
    fills=st.lists(st.tuples(st.integers(1, 50), st.integers(0, 30), st.booleans()), min_size=1, max_size=12),
    limit=st.integers(31, 10_000),
)
def test_reservation_suffices_however_the_order_is_filled(
    bps: tuple[int, int], fills: list[tuple[int, int, bool]], limit: int
) -> None:
    """Each fill: its quantity, by how much its price is better than the limit, and whether the order was the maker."""
    order = an_order(maker_bps=bps[0], taker_bps=bps[1])
    left = sum(qty for qty, _, _ in fills)
    reserved = order.reserve_needed(left, limit)
    exact_fee = Fraction(0)
    for qty, better, is_maker in fills:
        notional = qty * (limit - better)
        fee_before = round_fee(order.fee_raw)
        order.fee_raw += notional * (bps[0] if is_maker else bps[1]) * 100
        exact_fee += Fraction(notional * (bps[0] if is_maker else bps[1]), 10_000)
        reserved -= notional + round_fee(order.fee_raw) - fee_before
        left -= qty
        assert reserved >= order.reserve_needed(left, limit) >= 0
    assert round_fee(order.fee_raw) == ceil(exact_fee), "the fee is rounded once, on the order's total"


@given(
    bps=maker_and_taker_bps,
    qty=st.integers(1, 60),
    price=st.integers(1, 2_000),
    slices=st.lists(st.integers(1, 20), min_size=1, max_size=10),
    side=st.sampled_from((BUY, SELL)),
)
def test_no_balance_goes_negative_however_an_order_is_sliced(
    bps: tuple[int, int], qty: int, price: int, slices: list[int], side: Side
) -> None:
    venue = Venue(accounts=("A", "B"), funds=0, maker_bps=bps[0], taker_bps=bps[1])
    dearest = max(bps)
    needed = qty * price + ceil(Fraction(qty * price * dearest, 10_000))
    venue.credit("A", "USD" if side is BUY else "BTC", needed if side is BUY else qty)
    venue.credit("B", "BTC" if side is BUY else "USD", 10**9)
    venue.order("A", side, qty, price, cl_ord_id="sliced")
    for part in slices:
        venue.order("B", SELL if side is BUY else BUY, part, price)
        check_state(venue.state)
    order = venue.state.find_order(venue.state.accounts["A"], 1)
    assert order is not None
    assert order.cum_qty == min(qty, sum(slices))
    charged = -venue.holding("A", "USD").available - venue.holding("A", "USD").reserved
    charged += needed - order.cum_notional if side is BUY else order.cum_notional
    assert charged == ceil(Fraction(order.cum_notional * bps[0], 10_000))
