"""Balances follow from events: of each kind, and after every one of many random commands."""

import pytest

from engine import commands
from engine.balance_changes import BalanceChange, Bucket, Pair, balance_changes, pair_of
from engine.events import AnyEvent, InstrumentAdded, PhaseChanged, Trade
from engine.exchange import Exchange
from engine.terms import Terms
from engine.values import BUY, MARKET, SELL, Contingency, OrderType, Phase, TriggerSource
from tests.engine.builders import SYMBOL, Venue, add_asset, add_instrument, only
from tests.engine.followed_balances import FollowedBalances
from tests.engine.workload import tape

INSTRUMENTS = {SYMBOL: Pair("BTC", "USD", 1)}
AVAILABLE, RESERVED, HELD, FEES, OUTSIDE = Bucket


def changes(events: list[AnyEvent]) -> list[tuple[str, str, Bucket, int]]:
    return [
        (change.account, change.asset, change.bucket, change.amount)
        for event in events
        for change in balance_changes(event, INSTRUMENTS)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_balances_from_events_are_the_exchanges_after_every_command(seed: int) -> None:
    exchange, balances = Exchange(), FollowedBalances()
    for time_ns, command in enumerate(tape(seed, 3_000), start=1):
        balances.follow(exchange.apply(command, time_ns))
        balances.check(exchange.state)


def test_instrument_tells_what_its_trades_are_made_of() -> None:
    venue = Venue(accounts=())
    venue.apply(add_asset("EUR", 2))
    added = only(
        InstrumentAdded, venue.apply(add_instrument(symbol="X", quote="EUR", qty_decimals=1, price_decimals=1))
    )
    assert pair_of(added) == Pair("BTC", "EUR", 100)


def test_trade_moves_both_assets_and_the_fees() -> None:
    venue = Venue(maker_bps=-100, taker_bps=1_000)
    venue.sell(5, 100, "A")
    events = venue.buy(2, 110, "B")
    assert changes(events) == [
        ("B", "USD", AVAILABLE, -242),
        ("B", "USD", RESERVED, 242),
        ("A", "BTC", RESERVED, -2),
        ("A", "USD", AVAILABLE, 202),
        ("B", "USD", RESERVED, -242),
        ("B", "BTC", AVAILABLE, 2),
        ("B", "USD", AVAILABLE, 22),
        ("", "USD", FEES, 18),
    ]


def test_busted_trade_takes_all_of_it_back() -> None:
    venue = Venue(taker_bps=1_000)
    venue.sell(5, 100, "A")
    trade = only(Trade, venue.buy(2, 100, "B"))
    assert changes(venue.apply(commands.BustTrade(trade.trade_id, "staff", ""))) == [
        ("A", "BTC", AVAILABLE, 2),
        ("A", "USD", AVAILABLE, -200),
        ("B", "BTC", AVAILABLE, -2),
        ("B", "USD", AVAILABLE, 220),
        ("", "USD", FEES, -20),
    ]


def test_market_order_gives_back_what_it_reserved_too_much_with_its_last_trade() -> None:
    venue = Venue(taker_bps=1_000, maker_bps=2_000)
    venue.sell(5, 100, "A")
    moved = changes(venue.market(BUY, 5, "B"))
    assert sum(amount for account, _, bucket, amount in moved if (account, bucket) == ("B", RESERVED)) == 0
    assert venue.balance("B", "USD") == (10**9 - 550, 0)


def test_pair_gives_back_once_what_it_reserved_once() -> None:
    venue = Venue()
    venue.sell(1, 100, "B")
    venue.buy(1, 100, "C")
    stop = Terms(trigger=TriggerSource.LAST, stop_price=120)
    legs = venue.leg(BUY, 5, 90), venue.leg(BUY, 5, 130, order_type=OrderType.STOP_LIMIT, terms=stop)
    assert changes(venue.order_list(Contingency.ONE_CANCELS_OTHER, *legs)) == [
        ("A", "USD", AVAILABLE, -650),
        ("A", "USD", RESERVED, 650),
    ]
    moved = changes(venue.sell(5, 90, "B"))
    assert sum(amount for account, _, bucket, amount in moved if (account, bucket) == ("A", RESERVED)) == -650


def test_withdrawal_goes_from_available_to_held_and_out() -> None:
    venue = Venue()
    hold = commands.HoldWithdrawal("A", "USD", 100, "W-1", "staff", "")
    assert changes(venue.apply(hold)) == [("A", "USD", AVAILABLE, -100), ("A", "USD", HELD, 100)]
    assert changes(venue.apply(hold)) == []
    assert changes(venue.apply(commands.SettleWithdrawal("W-1", 70, "staff", ""))) == [
        ("A", "USD", HELD, -70),
        ("", "USD", OUTSIDE, 70),
        ("A", "USD", HELD, -30),
        ("A", "USD", AVAILABLE, 30),
    ]


def test_a_fee_that_is_charged_goes_from_available_to_fees() -> None:
    charge = commands.ChargeFee("A", "USD", 7, "INV-1", "staff", "minimum")
    assert changes(Venue().apply(charge)) == [("A", "USD", AVAILABLE, -7), ("", "USD", FEES, 7)]


def test_what_is_no_money_changes_no_balance() -> None:
    venue = Venue()
    events = venue.phase(Phase.HALT)
    only(PhaseChanged, events)
    assert changes(events) == []


def test_seller_reserves_the_base_asset() -> None:
    venue = Venue()
    assert balance_changes(venue.sell(5, 100)[0], INSTRUMENTS) == [
        BalanceChange("B", "BTC", AVAILABLE, -5),
        BalanceChange("B", "BTC", RESERVED, 5),
    ]
    assert changes(venue.order("C", SELL, 1, 0, order_type=MARKET)) == []
