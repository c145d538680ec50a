"""`fondaco venue fees`: rates of one's own, in basis points."""

import pytest
from msgspec.structs import replace

from engine.events import Trade
from engine.values import Side
from tests.backoffice.cli.conftest import order
from tests.backoffice.cli.venue.conftest import CommandedVenue
from tests.engine.builders import only

WHY = ("--why", "a test", "--by", "mira")


def test_rates_are_given_and_taken_away(venue: CommandedVenue) -> None:
    given, _ = venue.fondaco("fees", "firm", "BETA-A", "--maker", "-0.5", "--taker", 3.25, *WHY).splitlines()
    assert given == "firm BETA-A pays -0.50 bps as maker and 3.25 bps as taker on all instruments"
    account = venue.sequencer.exchange.state.accounts["BETA-A"]
    assert (account.fees["BTC/USD"].maker_ppm, account.fees["BTC/USD"].taker_ppm) == (-50, 325)
    given = venue.fondaco("fees", "account", "BETA-A", "--symbol", "BTC/USD", "--maker", 0, "--taker", 10, *WHY)
    assert given.startswith("account BETA-A pays 0.00 bps as maker and 10.00 bps as taker on BTC/USD\n")
    trade = only(Trade, venue.apply(replace(order("BETA", Side.BUY, 1, 4_300), cl_ord_id="again", msg_seq_num=3)))
    assert trade.taker_fee_ppm == 1_000
    venue.fondaco("fees", "account", "BETA-A", "--symbol", "BTC/USD", "--none", *WHY)
    taken = venue.fondaco("fees", "firm", "BETA-A", "--none", *WHY)
    assert taken.startswith("firm BETA-A has no rates of its own on all instruments any more\n")
    assert account.fees == {}


@pytest.mark.parametrize(
    ("asked", "line"),
    (
        (("BETA-A", "--maker", "x", "--taker", "1"), "a rate: 'x' is not a decimal number"),
        (("BETA-A", "--maker", "-9", "--taker", "1"), "fees: on BTC/USD, the lowest fee of a taker would not pay"),
        (("BETA-A", "--maker", "0", "--taker", "1", "--symbol", "X/Y"), "fees: unknown instrument X/Y"),
        (("NOBODY", "--none"), "fees: unknown firm NOBODY"),
    ),
)
def test_rates_that_cannot_be_are_one_line(venue: CommandedVenue, asked: tuple[str, ...], line: str) -> None:
    assert venue.refusal("fees", "firm", *asked, *WHY).startswith(line)


@pytest.mark.parametrize("asked", ((), ("--maker", "1"), ("--none", "--maker", "1", "--taker", "1")))
def test_both_rates_or_none_are_given(venue: CommandedVenue, asked: tuple[str, ...]) -> None:
    finished = venue.run("venue", "fees", "firm", "BETA-A", *asked, *WHY)
    assert finished.returncode == 2
    assert "give both --maker and --taker, or --none" in finished.stderr
