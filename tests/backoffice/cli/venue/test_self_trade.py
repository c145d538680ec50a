"""`fondaco venue self-trade`."""

from engine.rules import SelfTradeRule
from engine.values import SelfTrade, SelfTradeScope
from tests.backoffice.cli.venue.conftest import CommandedVenue

WHY = ("--why", "a test", "--by", "mira")


def test_default_of_an_account_is_set_and_taken_back(venue: CommandedVenue) -> None:
    told = venue.fondaco("self-trade", "account", "ALPHA-A", "newest", "--owner", "firm", *WHY).splitlines()
    assert told[0] == "account ALPHA-A: trades with oneself: newest, within the firm"
    rules = venue.sequencer.exchange.state.self_trade_accounts
    assert rules == {"ALPHA-A": SelfTradeRule(SelfTrade.CANCEL_NEWEST, SelfTradeScope.FIRM)}
    venue.fondaco("self-trade", "account", "ALPHA-A", "unset", *WHY)
    assert rules == {}


def test_default_of_a_session(venue: CommandedVenue) -> None:
    venue.fondaco("self-trade", "session", "BETA", "decrement", *WHY)
    assert venue.sequencer.exchange.state.self_trade_sessions == {"BETA": SelfTradeRule(SelfTrade.DECREMENT)}


def test_unknown_name_is_refused(venue: CommandedVenue) -> None:
    refusal = venue.refusal("self-trade", "session", "NOBODY", "none", *WHY)
    assert refusal.startswith("self-trade prevention: unknown session NOBODY")
