"""Rates of an account or a firm in the place of an instrument's own: which apply, and that nobody loses by a change."""

import msgspec
import pytest

from engine import commands
from engine.events import CommandRejected, FeesSet, Trade
from engine.exchange import Exchange
from engine.snapshot import capture, restore, state_hash
from engine.terms import Terms
from engine.values import BUY, MARKET, SELL, Scope
from tests.engine.builders import IOC, SYMBOL, Venue, add_asset, add_instrument, all_of, only
from tests.engine.invariants import check_state

FIRM, ACCOUNT = Scope.FIRM, Scope.ACCOUNT


def fees(scope: Scope, maker: int | None, taker: int | None, symbol: str = SYMBOL, name: str = "A") -> commands.SetFees:
    return commands.SetFees(scope, name, symbol, maker, taker, "mira", "a tier")


def traded(venue: Venue, qty: int = 10) -> tuple[int, int]:
    """Let A make and B take `qty` at 1,000, and return their fees."""
    venue.sell(qty, 1_000, "A")
    trade = only(Trade, venue.buy(qty, 1_000, "B"))
    check_state(venue.state)
    return trade.maker_fee, trade.taker_fee


def restarted(venue: Venue) -> Venue:
    venue.exchange = Exchange(restore(capture(venue.state, 1)))
    venue.state = venue.exchange.state
    return venue


@pytest.mark.parametrize("restarts", (False, True))
@pytest.mark.parametrize(
    ("schedules", "fee"),
    (
        ((), 10),
        ((fees(FIRM, 2_000, 2_000, ""),), 20),
        ((fees(FIRM, 3_000, 3_000), fees(FIRM, 2_000, 2_000, "")), 30),
        ((fees(ACCOUNT, 4_000, 4_000, ""), fees(FIRM, 3_000, 3_000), fees(FIRM, 2_000, 2_000, "")), 40),
        ((fees(ACCOUNT, 5_000, 5_000), fees(ACCOUNT, 4_000, 4_000, ""), fees(FIRM, 3_000, 3_000)), 50),
        ((fees(ACCOUNT, 5_000, 5_000), fees(ACCOUNT, None, None), fees(FIRM, 3_000, 3_000)), 30),
        ((fees(ACCOUNT, 5_000, 5_000, name="B"),), 10),
    ),
)
def test_first_schedule_that_is_set_applies(
    schedules: tuple[commands.SetFees, ...], fee: int, *, restarts: bool
) -> None:
    venue = Venue(maker_bps=10, taker_bps=20)
    for schedule in schedules:
        assert only(FeesSet, venue.apply(schedule)).maker_ppm == schedule.maker_ppm
    assert traded(restarted(venue) if restarts else venue)[0] == fee


def test_rates_are_finer_than_a_basis_point_and_told_with_the_trade() -> None:
    venue = Venue(maker_bps=10, taker_bps=20)
    venue.apply(fees(ACCOUNT, -25, 75))
    venue.apply(fees(FIRM, 0, 75, name="B"))
    venue.sell(10**5, 1_000, "A")
    trade = only(Trade, venue.buy(10**5, 1_000, "B"))
    assert (trade.maker_fee_ppm, trade.taker_fee_ppm) == (-25, 75)
    assert (trade.maker_fee, trade.taker_fee) == (-2_500, 7_500)
    assert venue.state.fees["USD"] == 5_000
    check_state(venue.state)


def test_open_order_keeps_its_rates_until_it_is_replaced() -> None:
    venue = restarted(_with_open_purchase())
    check_state(venue.state)
    assert only(Trade, venue.sell(1, 1_000, "B")).maker_fee == 1
    venue.replace("x", 10, 1_000, cl_ord_id="y")
    assert venue.balance("A", "USD")[1] == 9_000 + 450
    check_state(venue.state)
    assert only(Trade, venue.sell(1, 1_000, "B")).maker_fee == 50


def _with_open_purchase() -> Venue:
    venue = Venue(maker_bps=10, taker_bps=20)
    venue.buy(10, 1_000, "A", cl_ord_id="x")
    venue.apply(fees(ACCOUNT, 50_000, 50_000))
    return venue


def test_replace_that_cannot_be_paid_leaves_the_rates_as_they_were() -> None:
    venue = _with_open_purchase()
    venue.replace("x", 10**6, 10**6)
    assert venue.open_order("x").fees is venue.state.books[SYMBOL].instrument.fees
    check_state(venue.state)


def test_order_for_an_amount_buys_what_the_accounts_own_rate_leaves() -> None:
    venue = Venue()
    venue.apply(fees(ACCOUNT, 0, 100_000, name="B"))
    venue.sell(10, 100, "A")
    order = venue.order("B", BUY, 0, 0, order_type=MARKET, time_in_force=IOC, terms=Terms(cash_amount=329))
    assert [(trade.qty, trade.taker_fee) for trade in all_of(Trade, order)] == [(2, 20)]
    check_state(venue.state)


def test_correction_is_charged_at_the_rates_of_the_trade() -> None:
    venue = Venue(maker_bps=10, taker_bps=20)
    assert traded(venue) == (10, 20)
    venue.apply(fees(ACCOUNT, 50_000, 50_000))
    venue.apply(commands.CorrectTrade(1, 500, 10, "mira", "wrong price"))
    assert venue.state.fees["USD"] == 5 + 10
    venue.apply(commands.BustTrade(1, "mira", "wrong"))
    assert venue.state.fees["USD"] == 0
    check_state(venue.state)


def test_account_and_instrument_that_come_later_have_the_schedules_of_their_firm() -> None:
    venue = Venue(maker_bps=10, taker_bps=20)
    venue.apply(fees(FIRM, 3_000, 3_000, ""))
    venue.apply(commands.OpenAccount("A2", "A"))
    venue.apply(add_asset("EUR", 5))
    venue.apply(add_instrument(symbol="BTC/EUR", quote="EUR"))
    for symbol in (SYMBOL, "BTC/EUR"):
        assert [venue.state.accounts[name].fees[symbol].maker_ppm for name in ("A", "A2")] == [3_000, 3_000]
    assert state_hash(restarted(venue).state, 1) == state_hash(venue.state, 1)


@pytest.mark.parametrize(
    ("command", "text"),
    (
        (fees(Scope.SESSION, 1, 1), "fees: a session has none; its accounts and firm have"),
        (fees(ACCOUNT, 1, 1, name="X"), "fees: unknown account X"),
        (fees(FIRM, 1, 1, name="X"), "fees: unknown firm X"),
        (fees(ACCOUNT, 1, 1, "X/Y"), "fees: unknown instrument X/Y"),
        (fees(ACCOUNT, 1, None), "fees: maker's and taker's are set together"),
        (fees(ACCOUNT, 10**6, 1), "fees: a maker's must be within 1000000 millionths, a taker's from 0 to below that"),
        (fees(ACCOUNT, 1, -1), "fees: a maker's must be within 1000000 millionths, a taker's from 0 to below that"),
        (fees(ACCOUNT, -2_001, 0), f"fees: on {SYMBOL}, the lowest fee of a taker would not pay for a maker's rebate"),
    ),
)
def test_schedule_that_cannot_be_is_refused_and_changes_nothing(command: commands.SetFees, text: str) -> None:
    venue = Venue(maker_bps=10, taker_bps=20)
    venue.apply(fees(ACCOUNT, 5_000, 5_000))
    assert only(CommandRejected, venue.apply(command)).text == text
    assert traded(venue)[0] == 50


def test_the_house_never_pays_for_a_trade_not_even_with_orders_of_older_rates() -> None:
    venue = Venue(maker_bps=10, taker_bps=20)
    only(FeesSet, venue.apply(fees(ACCOUNT, -2_000, 2_000)))
    venue.sell(10, 1_000, "A", cl_ord_id="x")
    only(FeesSet, venue.apply(fees(ACCOUNT, None, None)))
    only(CommandRejected, venue.apply(fees(ACCOUNT, 0, 1_999, name="B")))
    venue.cancel("x", side=SELL)
    only(FeesSet, venue.apply(fees(ACCOUNT, 0, 1_999, name="B")))


def test_instrument_that_would_not_pay_for_a_rebate_on_all_is_not_added() -> None:
    venue = Venue(maker_bps=10, taker_bps=20)
    venue.apply(fees(ACCOUNT, -100, 100, ""))
    venue.apply(add_asset("EUR", 5))
    rejected = only(CommandRejected, venue.apply(add_instrument(symbol="BTC/EUR", quote="EUR")))
    assert rejected.text == "BTC/EUR: the taker's fee would not pay for the rebate that some have on all"


def test_snapshot_of_whole_basis_points_is_read() -> None:
    venue = Venue(maker_bps=-7, taker_bps=11)
    venue.buy(10, 101, cl_ord_id="x")
    venue.sell(3, 101)
    image = capture(venue.state, 1)
    account = image.accounts[0]
    order = msgspec.structs.replace(account.orders[0], fee_ppm=None, fee_rounding=account.orders[0].fee_rounding // 100)
    older = msgspec.structs.replace(
        image, accounts=[msgspec.structs.replace(account, orders=[order]), *image.accounts[1:]]
    )
    assert restore(older).accounts["A"].orders[order.order_id].fee_raw == -700 * 303
