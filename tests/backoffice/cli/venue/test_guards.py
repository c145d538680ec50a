"""`fondaco venue block`, `block-withdrawals`, `limits` and their likes."""

import json

from engine.commands import HoldWithdrawal
from engine.events import FundsRefused, WithdrawalHeld
from engine.rules import Limits
from engine.values import Side
from tests.backoffice.cli.conftest import order
from tests.backoffice.cli.venue.conftest import CommandedVenue

WHY = ("--why", "a test", "--by", "mira")


def test_a_block_says_how_many_orders_it_has_cancelled_and_shows(venue: CommandedVenue) -> None:
    first, _ = venue.fondaco("block", "account", "ALPHA-A", *WHY).splitlines()
    assert first == "account ALPHA-A is blocked; 1 open order was cancelled"
    assert "account ALPHA-A is blocked, by mira: a test" in venue.fondaco("status").splitlines()
    (block,) = json.loads(venue.fondaco("status", "--json"))["blocks"]
    assert (block["scope"], block["name"], block["by"]) == ("ACCOUNT", "ALPHA-A", "mira")
    again, _ = venue.fondaco("block", "account", "ALPHA-A", *WHY).splitlines()
    assert again == "account ALPHA-A was blocked already; 0 open orders were cancelled"


def test_unblock_lets_trade_again(venue: CommandedVenue) -> None:
    venue.fondaco("block", "session", "BETA", *WHY)
    assert venue.fondaco("unblock", "session", "BETA", *WHY).startswith("session BETA may trade again\n")
    assert venue.fondaco("unblock", "session", "BETA", *WHY).startswith("session BETA was not blocked\n")
    assert venue.refusal("block", "firm", "NOBODY", *WHY) == "block: unknown firm NOBODY (record 15)"


def test_a_block_of_withdrawals_shows_until_it_is_lifted(venue: CommandedVenue) -> None:
    first, _ = venue.fondaco("block-withdrawals", "firm", "ALPHA-A", *WHY).splitlines()
    assert first == "firm ALPHA-A is blocked for withdrawals"
    assert "firm ALPHA-A is blocked for withdrawals, by mira: a test" in venue.fondaco("status").splitlines()
    hold = HoldWithdrawal("ALPHA-A", "BTC", 5, "W-1", "mira", "as asked")
    assert [type(event) for event in venue.apply(hold)] == [FundsRefused]
    again = venue.fondaco("block-withdrawals", "firm", "ALPHA-A", *WHY)
    assert again.startswith("firm ALPHA-A was blocked for withdrawals already\n")
    assert venue.fondaco("unblock-withdrawals", "firm", "ALPHA-A", *WHY).startswith("firm ALPHA-A may withdraw again\n")
    assert [type(event) for event in venue.apply(hold)] == [WithdrawalHeld]
    lifted = venue.fondaco("unblock-withdrawals", "account", "ALPHA-A", *WHY)
    assert lifted.startswith("account ALPHA-A was not blocked for withdrawals\n")
    assert venue.refusal("block-withdrawals", "account", "NOBODY", *WHY).endswith("unknown account NOBODY (record 18)")


def test_limits_are_set_in_the_assets_own_units(venue: CommandedVenue) -> None:
    asked = ("--open-orders", 2, "--order", "BTC=0.5", "--notional", "USD=100.25")
    first, _ = venue.fondaco("limits", "account", "BETA-A", *asked, *WHY).splitlines()
    assert first == "account BETA-A has these limits now"
    account = venue.sequencer.exchange.state.accounts["BETA-A"]
    assert account.guard.limits == Limits(2, {"BTC": 500}, {"USD": 10_025_000})
    (event,) = venue.apply(order("BETA", Side.BUY, 501, 1))
    assert type(event).__name__ == "OrderRejected"


def test_limits_that_cannot_be_are_one_line(venue: CommandedVenue) -> None:
    limits = ("limits", "account", "BETA-A", *WHY)
    assert venue.refusal(*limits, "--order", "BTC") == "BTC: write ASSET=AMOUNT, as USD=1000.50"
    assert venue.refusal(*limits, "--order", "X=1") == "X=1: unknown asset X; the venue has BTC, USD"
    assert venue.refusal(*limits, "--order", "BTC=0.0001") == "BTC=0.0001: '0.0001' has more than 3 decimals"
