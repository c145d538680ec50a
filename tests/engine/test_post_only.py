import pytest

from engine.events import CancelRejected, OrderAccepted, OrderRejected, OrderReplaced, OrderStatusReported, Trade
from engine.reject import RejectReason
from engine.snapshot import capture, restore
from engine.terms import Terms
from engine.values import BUY, LIMIT, MARKET, PRICE_MAX, SELL, OrderType, PostOnly, Side, TimeInForce
from tests.engine.builders import FOK, GTC, IOC, Venue, only
from tests.engine.invariants import check_state

REJECT = Terms(post_only=PostOnly.REJECT)
SLIDE = Terms(post_only=PostOnly.SLIDE)


@pytest.fixture
def venue() -> Venue:
    """A bid at 90 and an offer at 110."""
    venue = Venue()
    venue.buy(5, 90, "B", cl_ord_id="bid")
    venue.sell(5, 110, "B", cl_ord_id="ask")
    return venue


@pytest.mark.parametrize(("side", "price"), ((BUY, 109), (SELL, 91)))
@pytest.mark.parametrize("terms", (REJECT, SLIDE))
def test_order_that_does_not_trade_rests_at_its_price(venue: Venue, side: Side, price: int, terms: Terms) -> None:
    event = only(OrderAccepted, venue.order("A", side, 5, price, terms=terms, cl_ord_id="x"))
    assert (event.price, event.terms) == (price, terms)
    assert venue.open_order("x").price == price


@pytest.mark.parametrize(("side", "price"), ((BUY, 110), (BUY, 120), (SELL, 90), (SELL, 80)))
def test_order_that_would_trade_is_refused(venue: Venue, side: Side, price: int) -> None:
    event = only(OrderRejected, venue.order("A", side, 5, price, terms=REJECT))
    assert (event.reason, event.terms, event.price) == (RejectReason.POST_ONLY_WOULD_TRADE, REJECT, price)


@pytest.mark.parametrize(("side", "price", "slid"), ((BUY, 110, 109), (BUY, 500, 109), (SELL, 90, 91), (SELL, 1, 91)))
def test_order_that_would_trade_slides_to_one_tick_behind_the_other_side(
    venue: Venue, side: Side, price: int, slid: int
) -> None:
    events = venue.order("A", side, 5, price, terms=SLIDE, cl_ord_id="x")
    assert only(OrderAccepted, events).price == slid
    assert not [event for event in events if isinstance(event, Trade)]
    assert venue.open_order("x").price == slid
    check_state(venue.state)


def test_slid_buy_reserves_what_it_needs_at_its_new_price(venue: Venue) -> None:
    venue.order("A", BUY, 5, 10_000, terms=SLIDE)
    assert venue.balance("A", "USD")[1] == 5 * 109


def test_order_without_a_price_to_slide_to_is_refused() -> None:
    venue = Venue()
    venue.sell(1, 1)
    event = only(OrderRejected, venue.order("A", BUY, 1, 1, terms=SLIDE))
    assert event.reason is RejectReason.POST_ONLY_WOULD_TRADE
    venue.mass_cancel("B")
    venue.credit("C", "USD", 2**60)
    venue.buy(1, PRICE_MAX, "C")
    event = only(OrderRejected, venue.order("A", SELL, 1, 1, terms=SLIDE))
    assert event.reason is RejectReason.POST_ONLY_WOULD_TRADE


@pytest.mark.parametrize("terms", (REJECT, SLIDE))
@pytest.mark.parametrize(
    ("order_type", "time_in_force", "price"), ((LIMIT, IOC, 95), (LIMIT, FOK, 95), (MARKET, GTC, 0), (MARKET, IOC, 0))
)
def test_order_that_cannot_rest_is_refused(
    venue: Venue, order_type: OrderType, time_in_force: TimeInForce, price: int, terms: Terms
) -> None:
    events = venue.order("A", BUY, 1, price, order_type=order_type, time_in_force=time_in_force, terms=terms)
    assert only(OrderRejected, events).reason is RejectReason.POST_ONLY_MUST_REST


def test_replace_may_not_trade_either(venue: Venue) -> None:
    venue.buy(5, 100, cl_ord_id="x")
    event = only(CancelRejected, venue.replace("x", 5, 110, terms=REJECT))
    assert event.reason is RejectReason.POST_ONLY_WOULD_TRADE
    replaced = only(OrderReplaced, venue.replace("x", 5, 110, terms=SLIDE, cl_ord_id="y"))
    assert (replaced.price, replaced.terms) == (109, SLIDE)
    check_state(venue.state)


def test_slide_to_the_price_it_has_keeps_priority(venue: Venue) -> None:
    venue.buy(5, 109, cl_ord_id="x")
    venue.buy(5, 109, cl_ord_id="behind")
    venue.replace("x", 5, 110, terms=SLIDE, cl_ord_id="y")
    assert venue.bids()[0] == (109, ["y", "behind"])


def test_replace_states_the_terms_anew(venue: Venue) -> None:
    venue.order("A", BUY, 5, 100, terms=REJECT, cl_ord_id="x")
    events = venue.replace("x", 5, 110, cl_ord_id="y")
    assert only(OrderReplaced, events).terms is None
    assert only(Trade, events).taker_terms is None


def test_terms_are_told_wherever_the_order_is(venue: Venue) -> None:
    venue.order("A", BUY, 5, 100, terms=REJECT, cl_ord_id="x")
    trade = only(Trade, venue.sell(2, 100))
    assert (trade.maker_terms, trade.taker_terms) == (REJECT, None)
    assert only(OrderStatusReported, venue.query("x")).terms == REJECT
    venue.exchange.state = venue.state = restore(capture(venue.state, 1))
    assert venue.open_order("x").terms == REJECT
    (event,) = venue.cancel("x")
    assert getattr(event, "terms", None) == REJECT
