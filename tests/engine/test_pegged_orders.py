"""Pegged orders: priced from the displayed book when it matters, dark, passive, and as safe as any other order."""

import pytest

from engine.commands import SetPhase, SetRules
from engine.events import AnyEvent, OrderAccepted, OrderCanceled, OrderRejected, OrderReplaced, Trade
from engine.reject import RejectReason
from engine.rules import Bands, Rules
from engine.terms import Terms
from engine.values import (
    BUY,
    MARKET,
    PEGGED,
    SELL,
    CancelReason,
    OffsetUnit,
    OrderType,
    PegReference,
    Phase,
    Place,
    PostOnly,
    Side,
    TimeInForce,
    TriggerSource,
)
from tests.engine.builders import FOK, GTC, IOC, SYMBOL, Venue, all_of, only

PRIMARY, MIDPOINT = PegReference.PRIMARY, PegReference.MIDPOINT


@pytest.fixture
def venue() -> Venue:
    """A venue whose best bid is 100 and whose best offer is 106, ten lots each."""
    venue = Venue()
    venue.buy(10, 100, "C")
    venue.sell(10, 106, "C")
    return venue


def peg(
    venue: Venue,
    side: Side,
    qty: int,
    limit: int = 0,
    *,
    reference: PegReference = PRIMARY,
    offset: int = 0,
    account: str = "A",
    cl_ord_id: str = "",
    time_in_force: TimeInForce = GTC,
) -> list[AnyEvent]:
    terms = Terms(peg=reference, offset_unit=OffsetUnit.TICKS, offset=offset)
    return venue.order(
        account,
        side,
        qty,
        limit,
        order_type=PEGGED,
        cl_ord_id=cl_ord_id,
        time_in_force=time_in_force,
        terms=terms,
    )


def prices(events: list[AnyEvent]) -> list[tuple[int, int]]:
    """Return price and quantity of each trade."""
    return [(trade.price, trade.qty) for trade in all_of(Trade, events)]


def test_peg_rests_unseen(venue: Venue) -> None:
    events = peg(venue, SELL, 5, offset=-2, cl_ord_id="x")
    only(OrderAccepted, events)
    assert venue.open_order("x").place is Place.PEGS
    assert [price for price, _ in venue.asks()] == [106]


def test_taker_gets_the_better_price_of_book_and_pegs(venue: Venue) -> None:
    peg(venue, SELL, 5, offset=-2)
    assert prices(venue.buy(8, 106, "B")) == [(104, 5), (106, 3)]


def test_at_one_price_the_book_comes_first(venue: Venue) -> None:
    peg(venue, SELL, 5)
    assert prices(venue.buy(12, 106, "B")) == [(106, 10), (106, 2)]


def test_price_follows_the_best_one(venue: Venue) -> None:
    peg(venue, SELL, 5, offset=-1)
    venue.sell(1, 104, "C")
    assert prices(venue.buy(1, 103, "B")) == [(103, 1)]


def test_peg_stands_still_while_an_order_trades(venue: Venue) -> None:
    """Were it priced anew after the first trade, it would give 109."""
    venue.sell(10, 110, "C")
    peg(venue, SELL, 5, offset=1)
    assert prices(venue.buy(20, 110, "B")) == [(106, 10), (107, 5), (110, 5)]


def test_limit_holds_wherever_the_market_goes(venue: Venue) -> None:
    peg(venue, BUY, 5, 101, offset=3)
    assert prices(venue.sell(1, 100, "B")) == [(101, 1)]
    venue.buy(10, 105, "C")
    assert prices(venue.sell(11, 101, "B")) == [(105, 10), (101, 1)]


def test_peg_is_never_priced_into_the_other_side(venue: Venue) -> None:
    peg(venue, SELL, 5, offset=-50)
    assert prices(venue.buy(1, 101, "B")) == [(101, 1)]
    venue.order("B", BUY, 1, 103, terms=Terms(post_only=PostOnly.REJECT))
    assert prices(venue.buy(1, 104, "C")) == [(104, 1)]


def test_without_a_reference_a_peg_is_parked_and_its_place_is_kept(venue: Venue) -> None:
    peg(venue, SELL, 5, account="A")
    venue.cancel("", "C", order_id=2, side=SELL)
    assert prices(venue.order("B", BUY, 1, 120, time_in_force=IOC)) == []
    venue.sell(1, 110, "C")
    assert prices(venue.order("B", BUY, 2, 120, time_in_force=IOC)) == [(110, 1), (110, 1)]


def test_peg_trades_within_the_price_bands() -> None:
    """Around 100 there are 3 %; a tick above the bid would be 91."""
    venue = Venue()
    venue.apply(SetRules(SYMBOL, Rules(reference_price=100, bands=Bands(dynamic_bps=300))))
    venue.buy(10, 90, "C")
    peg(venue, SELL, 5, reference=PegReference.MARKET, offset=1)
    assert prices(venue.order("B", BUY, 1, 96, time_in_force=IOC)) == []
    assert prices(venue.order("B", BUY, 1, 98, time_in_force=IOC)) == [(97, 1)]


@pytest.mark.parametrize("reference", (PRIMARY, PegReference.MARKET, MIDPOINT))
def test_peg_without_a_book_is_refused(reference: PegReference) -> None:
    assert only(OrderRejected, peg(Venue(), SELL, 5, reference=reference)).reason == RejectReason.PEG_WITHOUT_REFERENCE


def test_purchase_is_funded_at_its_limit(venue: Venue) -> None:
    peg(venue, BUY, 5, 103, account="B", cl_ord_id="x")
    assert venue.balance("B", "USD")[1] == 5 * 103
    venue.sell(2, 100, "A")
    venue.sell(10, 99, "A")
    assert venue.balance("B", "USD")[1] == 3 * 103
    venue.cancel("x", "B")
    assert venue.balance("B", "USD")[1] == 0


def test_pegs_that_meet_trade_at_the_older_ones_price(venue: Venue) -> None:
    """At 100 to 106 the middle is 103: one sells there, the other would pay up to 104."""
    peg(venue, SELL, 5, reference=MIDPOINT, account="A")
    events = peg(venue, BUY, 8, 120, reference=MIDPOINT, offset=1, account="B", cl_ord_id="b")
    assert isinstance(events[0], OrderAccepted)
    (trade,) = all_of(Trade, events)
    assert (trade.price, trade.qty, trade.maker_account, trade.taker_account) == (103, 5, "A", "B")
    assert venue.open_order("b", "B").leaves_qty == 3


def test_pegs_meet_when_the_market_brings_them_together(venue: Venue) -> None:
    peg(venue, SELL, 5, 102, offset=-4, account="A")
    assert all_of(Trade, peg(venue, BUY, 5, 120, offset=1, account="B")) == []
    assert prices(venue.buy(1, 101, "C")) == [(102, 5)]


def test_pegs_meet_when_a_cancel_brings_them_together(venue: Venue) -> None:
    venue.buy(1, 103, "C", cl_ord_id="c")
    peg(venue, SELL, 5, offset=-50, account="A")
    assert all_of(Trade, peg(venue, BUY, 5, 102, offset=1, account="B")) == []
    assert prices(venue.cancel("c", "C")) == [(101, 5)]


def test_pegs_that_meet_trigger_stops(venue: Venue) -> None:
    """The stop sells at the bid of 100, as 103 has been traded."""
    stop = Terms(trigger=TriggerSource.LAST, stop_price=103)
    venue.buy(1, 104, "C", cl_ord_id="up")
    venue.sell(1, 104, "B")
    venue.order("C", SELL, 1, 0, order_type=OrderType.STOP, terms=stop)
    peg(venue, SELL, 5, reference=MIDPOINT, account="A")
    assert prices(peg(venue, BUY, 5, 120, reference=MIDPOINT, account="B")) == [(103, 5), (100, 1)]


def test_pegs_wait_while_nothing_trades_at_once(venue: Venue) -> None:
    venue.apply(SetPhase(SYMBOL, Phase.PRE_OPEN, "staff", ""))
    peg(venue, SELL, 5, reference=MIDPOINT, account="A")
    assert all_of(Trade, peg(venue, BUY, 5, 120, reference=MIDPOINT, account="B")) == []
    assert prices(venue.apply(SetPhase(SYMBOL, Phase.CONTINUOUS, "staff", ""))) == [(103, 5)]


def test_fill_or_kill_counts_pegs(venue: Venue) -> None:
    peg(venue, SELL, 5, offset=-1)
    events = venue.order("B", BUY, 16, 106, time_in_force=FOK)
    assert only(OrderCanceled, events).reason is CancelReason.NOT_FILLABLE
    assert prices(venue.order("B", BUY, 15, 106, time_in_force=FOK)) == [(105, 5), (106, 10)]


def test_market_order_is_funded_for_what_the_pegs_ask() -> None:
    venue = Venue(accounts=("A", "B"))
    venue.sell(1, 100, "A")
    peg(venue, SELL, 5, offset=10)
    for account, funds in (("POOR", 100 + 4 * 110), ("RICH", 100 + 5 * 110)):
        venue.open(account, funds)
    assert only(OrderRejected, venue.market(BUY, 6, "POOR")).reason == RejectReason.INSUFFICIENT_FUNDS
    assert prices(venue.market(BUY, 6, "RICH")) == [(100, 1), (110, 5)]
    assert venue.balance("RICH", "USD") == (0, 0)


def test_market_order_needs_a_displayed_price(venue: Venue) -> None:
    peg(venue, SELL, 5, reference=PegReference.MARKET, offset=3)
    venue.cancel("", "C", order_id=2, side=SELL)
    assert only(OrderRejected, venue.market(BUY, 1, "B")).reason == RejectReason.NO_LIQUIDITY


def test_order_for_an_amount_counts_pegs(venue: Venue) -> None:
    peg(venue, SELL, 5, offset=-2)
    events = venue.order("B", BUY, 0, 0, order_type=MARKET, terms=Terms(cash_amount=5 * 104 + 2 * 106))
    assert prices(events) == [(104, 5), (106, 2)]


def test_post_only_order_trades_with_no_peg_and_pegs_step_back(venue: Venue) -> None:
    peg(venue, SELL, 5, offset=-4)
    events = venue.order("B", BUY, 1, 103, terms=Terms(post_only=PostOnly.REJECT))
    assert all_of(Trade, events) == []
    assert prices(venue.buy(1, 104, "C")) == [(104, 1)]


def test_replace_to_less_keeps_the_place(venue: Venue) -> None:
    peg(venue, SELL, 5, account="A", cl_ord_id="a")
    peg(venue, SELL, 5, account="B")
    only(OrderReplaced, replace(venue, "a", 3))
    assert [trade.maker_account for trade in all_of(Trade, venue.buy(14, 106, "C"))] == ["C", "A", "B"]


@pytest.mark.parametrize(("qty", "limit", "offset"), ((6, 0, 0), (5, 105, 0), (5, 0, -1)))
def test_replace_to_more_or_to_another_price_goes_behind(venue: Venue, qty: int, limit: int, offset: int) -> None:
    peg(venue, SELL, 5, account="A", cl_ord_id="a")
    peg(venue, SELL, 5, account="B", cl_ord_id="b")
    replace(venue, "a", qty, limit, offset=offset)
    pegs = venue.state.books[SYMBOL].pegs
    assert pegs is not None
    assert [order.cl_ord_id for order in pegs] == ["b", "a2"]


def test_replace_may_make_pegs_meet(venue: Venue) -> None:
    peg(venue, SELL, 5, reference=MIDPOINT, account="B")
    peg(venue, BUY, 5, 102, reference=PRIMARY, offset=1, cl_ord_id="a")
    assert prices(replace(venue, "a", 5, 103, offset=4, side=BUY)) == [(103, 5)]


def test_peg_stays_one() -> None:
    venue = Venue()
    venue.buy(1, 100, cl_ord_id="plain")
    peg(venue, BUY, 1, 100, cl_ord_id="peg")
    for events in (replace(venue, "plain", 1, 100, side=BUY), venue.replace("peg", 1, 100)):
        assert getattr(events[0], "reason", None) == RejectReason.PEG_STAYS_PEG


def test_peg_expires_with_its_day(venue: Venue) -> None:
    peg(venue, SELL, 5, time_in_force=TimeInForce.DAY)
    assert only(OrderCanceled, venue.end_day(20_261_123)).reason is CancelReason.END_OF_DAY
    assert venue.state.books[SYMBOL].pegs is None


def replace(
    venue: Venue, cl_ord_id: str, qty: int, limit: int = 0, *, offset: int = 0, side: Side = SELL
) -> list[AnyEvent]:
    return venue.replace(
        cl_ord_id,
        qty,
        limit,
        cl_ord_id=f"{cl_ord_id}2",
        side=side,
        order_type=PEGGED,
        terms=Terms(peg=PRIMARY, offset_unit=OffsetUnit.TICKS, offset=offset),
    )
