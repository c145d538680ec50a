"""Price bands: a trade outside them does not happen, and a volatility auction begins in its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import commands
from engine.events import AnyEvent, AuctionEnded, OrderCanceled, PhaseChanged, Trade
from engine.rules import Bands, Rules
from engine.values import BUY, SELL, CancelReason, Phase, Side
from tests.engine.builders import FOK, IOC, SYMBOL, Venue, all_of, only
from tests.engine.invariants import check_state

MS_NS = 1_000_000


def banded(bands: Bands, reference: int = 10_000) -> Venue:
    venue = Venue()
    venue.apply(commands.SetRules(SYMBOL, Rules(reference_price=reference, bands=bands)))
    return venue


def phase_of(venue: Venue) -> Phase:
    return venue.state.books[SYMBOL].phase


def prices(events: list[AnyEvent]) -> list[int]:
    return [trade.price for trade in all_of(Trade, events)]


# Warsaw Stock Exchange, "Price variation limits", 2007, examples of dynamic trading limits (+/- 3.5 %) within static
# ones (+/- 10 %), prices in zloty with two decimals.


def test_warsaw_1_a_transaction_within_the_limits_moves_the_dynamic_ones() -> None:
    venue = banded(Bands(static_bps=1_000, dynamic_bps=350))
    venue.sell(10, 9_800)
    assert prices(venue.buy(10, 9_800)) == [9_800]
    venue.sell(10, 9_457)
    assert phase_of(venue) is Phase.CONTINUOUS
    venue.buy(10, 9_400)
    venue.buy(10, 10_143)
    assert phase_of(venue) is Phase.CONTINUOUS, "the limits are 94.57 and 101.43 now"


def test_warsaw_2_one_of_the_transactions_outside_the_dynamic_limits_starts_balancing() -> None:
    """The order for 11 would trade 10 at 103 and 1 at 104; the last transaction was at 100, the limit is 103.5.

    Warsaw rejects the order whole into balancing; as Xetra does it, what is within the limits trades first.
    """
    venue = banded(Bands(static_bps=1_000, dynamic_bps=350))
    venue.buy(10, 10_100)
    venue.buy(5, 10_000)
    venue.state.books[SYMBOL].last_price = 10_000
    venue.sell(10, 10_300)
    venue.sell(5, 10_400)
    events = venue.buy(11, 10_400, account="C")
    assert prices(events) == [10_300]
    assert only(PhaseChanged, events).phase is Phase.VOLATILITY_AUCTION
    ended = venue.phase(Phase.CONTINUOUS)
    assert only(AuctionEnded, ended).price == 10_400
    assert prices(ended) == [10_400]
    assert venue.asks()[0][0] == 10_400


# Our own


@pytest.mark.parametrize(("side", "other", "price"), ((BUY, SELL, 10_301), (SELL, BUY, 9_699)))
def test_a_trade_outside_the_band_starts_an_auction_and_the_order_gathers_in_it(
    side: Side, other: Side, price: int
) -> None:
    venue = banded(Bands(dynamic_bps=300, auction_ms=1_000))
    venue.order("B", other, 5, price)
    events = venue.order("A", side, 5, price, cl_ord_id="mine")
    changed = only(PhaseChanged, events)
    assert (changed.phase, changed.why) == (
        Phase.VOLATILITY_AUCTION,
        "the next trade would be outside the price band",
    )
    assert changed.ends_ns == venue.now_ns + 1_000 * MS_NS
    assert venue.open_order("mine").leaves_qty == 5
    check_state(venue.state)


def test_at_the_very_edge_of_the_band_an_order_trades() -> None:
    venue = banded(Bands(dynamic_bps=300))
    venue.sell(5, 10_300)
    assert prices(venue.buy(5, 10_300)) == [10_300]


def test_the_dynamic_band_moves_with_each_order_and_not_within_one() -> None:
    venue = banded(Bands(dynamic_bps=300))
    for price in (10_300, 10_609, 10_610):
        venue.sell(5, price)
    assert prices(venue.buy(5, 10_300)) == [10_300]
    assert prices(venue.buy(10, 10_610)) == [10_609]
    assert phase_of(venue) is Phase.VOLATILITY_AUCTION, "10300 + 3 %"
    venue = banded(Bands(dynamic_bps=300))
    for price in (10_300, 10_609):
        venue.sell(5, price)
    assert prices(venue.buy(10, 10_609)) == [10_300], "the band of the order is that of its arrival"
    assert phase_of(venue) is Phase.VOLATILITY_AUCTION


def test_the_static_band_stays_where_the_last_auction_was() -> None:
    venue = banded(Bands(static_bps=300))
    venue.sell(5, 10_300)
    venue.sell(5, 10_301)
    venue.buy(5, 10_300)
    assert prices(venue.buy(5, 10_301)) == []
    assert prices(venue.phase(Phase.CONTINUOUS)) == [10_301]
    venue.sell(5, 10_610)
    assert prices(venue.buy(5, 10_610)) == [10_610]


def test_what_must_trade_at_once_is_cancelled_where_the_auction_begins() -> None:
    for kind in ("IOC", "market"):
        venue = banded(Bands(dynamic_bps=300))
        venue.sell(5, 10_100)
        venue.sell(5, 10_400)
        events = venue.buy(10, 10_400, time_in_force=IOC) if kind == "IOC" else venue.market(BUY, 10)
        assert prices(events) == [10_100]
        assert only(OrderCanceled, events).reason is CancelReason.PHASE
        assert phase_of(venue) is Phase.VOLATILITY_AUCTION
        check_state(venue.state)


def test_a_fill_or_kill_order_that_the_band_keeps_from_its_fill_starts_nothing() -> None:
    venue = banded(Bands(dynamic_bps=300))
    venue.sell(5, 10_100)
    venue.sell(5, 10_400)
    assert only(OrderCanceled, venue.buy(10, 10_400, time_in_force=FOK)).reason is CancelReason.NOT_FILLABLE
    assert phase_of(venue) is Phase.CONTINUOUS


def test_an_auction_whose_price_would_be_outside_goes_on_once_and_then_ends_with_it() -> None:
    venue = banded(Bands(dynamic_bps=300, auction_ms=1_000))
    venue.sell(5, 10_400)
    first = only(PhaseChanged, venue.buy(5, 10_400))
    second = only(PhaseChanged, venue.tick(first.ends_ns))
    assert (second.phase, second.before) == (Phase.VOLATILITY_AUCTION, Phase.VOLATILITY_AUCTION)
    assert second.ends_ns == first.ends_ns + 1_000 * MS_NS
    ended = venue.tick(second.ends_ns)
    assert only(PhaseChanged, ended).phase is Phase.CONTINUOUS
    assert prices(ended) == [10_400]
    check_state(venue.state)


def test_an_auction_whose_price_is_inside_by_its_end_ends_in_time() -> None:
    venue = banded(Bands(dynamic_bps=300, auction_ms=1_000))
    venue.sell(5, 10_400)
    first = only(PhaseChanged, venue.buy(5, 10_400, cl_ord_id="far"))
    venue.cancel("far")
    venue.sell(3, 10_000)
    venue.buy(3, 10_010)
    ended = venue.tick(first.ends_ns)
    assert only(PhaseChanged, ended).phase is Phase.CONTINUOUS


orders = st.lists(
    st.tuples(st.sampled_from("ABC"), st.sampled_from((BUY, SELL)), st.integers(1, 9), st.integers(80, 120)),
    max_size=40,
)


@given(orders, st.integers(0, 1_500), st.integers(0, 1_500))
def test_no_trade_in_continuous_trading_is_ever_outside_a_band(
    tape: list[tuple[str, Side, int, int]], static_bps: int, dynamic_bps: int
) -> None:
    venue = banded(Bands(static_bps, dynamic_bps), reference=100)
    book = venue.state.books[SYMBOL]
    for account, side, qty, price in tape:
        if book.phase is not Phase.CONTINUOUS:
            venue.phase(Phase.CONTINUOUS)
        static, dynamic = book.auction_price or 100, book.last_price or book.auction_price or 100
        for traded in prices(venue.order(account, side, qty, price)):
            assert not static_bps or abs(traded - static) * 10_000 <= static * static_bps
            assert not dynamic_bps or abs(traded - dynamic) * 10_000 <= dynamic * dynamic_bps
        check_state(venue.state)
