"""`fondaco venue trade`, `bust`, `correct`: the venue's one trade is of 0.040 BTC at 42.00."""

import json

from tests.backoffice.cli.command_line import SANDBOX, fondaco_here
from tests.backoffice.cli.venue.conftest import CommandedVenue

WHY = ("--why", "a wrong price", "--by", "mira")


def test_a_trade_is_shown_with_both_sides(venue: CommandedVenue) -> None:
    assert venue.fondaco("trade", "1").splitlines() == [
        "trade 1: 0.040 BTC/USD at 42.00",
        "  taker BETA-A buys: order 2, ClOrdID BETA-1 of session BETA",
        "  maker ALPHA-A sells: order 1, ClOrdID ALPHA-1 of session ALPHA",
    ]
    shown = json.loads(venue.fondaco("trade", "T1-1", "--json"))
    assert (shown["trade"]["trade_id"], shown["price"], shown["qty"]) == (1, 4_200, 40)


def test_a_bust_gives_the_money_back_and_says_who_is_told(venue: CommandedVenue) -> None:
    lines = venue.fondaco("bust", "T1-0", *WHY).splitlines()
    assert lines[:2] == [
        "trade 1 in BTC/USD is busted: 0.040 at 42.00",
        "  ALPHA-A (maker) and BETA-A (taker) are told over FIX",
    ]
    assert lines[2].endswith("asked by mira: a wrong price")
    assert venue.sequencer.exchange.state.accounts["BETA-A"].holdings["USD"].available == 900_000_000
    assert venue.fondaco("trade", "1").splitlines()[-1] == "  it was busted"
    assert venue.refusal("bust", "1", *WHY) == "trade 1 was busted before (record 13)"


def test_a_correction_changes_what_is_given_and_nothing_else(venue: CommandedVenue) -> None:
    first, *_ = venue.fondaco("correct", "1", "--price", "41.50", *WHY).splitlines()
    assert first == "trade 1 in BTC/USD is corrected to 0.040 at 41.50; it was 0.040 at 42.00"
    first, *_ = venue.fondaco("correct", "1", "--qty", "0.010", *WHY).splitlines()
    assert first == "trade 1 in BTC/USD is corrected to 0.010 at 41.50; it was 0.040 at 41.50"
    assert venue.fondaco("trade", "1").splitlines()[-1] == "  it was corrected: 0.010 at 41.50"


def test_what_cannot_be_is_one_line(venue: CommandedVenue) -> None:
    unknown = "trade 2 is unknown, or older than the venue keeps trades"
    assert venue.refusal("trade", "2") == venue.refusal("bust", "2", *WHY) == unknown
    assert venue.refusal("correct", "1", "--price", "4.001", *WHY) == "price: '4.001' has more than 2 decimals"
    assert venue.refusal("correct", "1", "--qty", "x", *WHY) == "quantity: 'x' is not a decimal number"
    assert venue.refusal("correct", "1", "--qty", "9", *WHY).startswith("trade 1 was of 0.040, and cannot be")


def test_wrong_usage_has_status_2() -> None:
    for arguments in (("correct", "1", *WHY), ("bust", "first", *WHY), ("bust", "-1", *WHY)):
        finished = fondaco_here("venue", *arguments, "--config", SANDBOX)
        assert (finished.returncode, finished.stdout) == (2, "")
