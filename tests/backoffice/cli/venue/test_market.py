"""`fondaco venue phase`, `halt`, `resume`."""

import getpass
import json

import msgspec

from engine.values import Phase, Side
from tests.backoffice.cli.command_line import SANDBOX, fondaco_here
from tests.backoffice.cli.conftest import order
from tests.backoffice.cli.venue.conftest import CommandedVenue

WHY = ("--why", "a test", "--by", "mira")


def phase_of(venue: CommandedVenue) -> Phase:
    return venue.sequencer.exchange.state.books["BTC/USD"].phase


def test_halt_and_resume_say_what_was_done_and_who_asked(venue: CommandedVenue) -> None:
    first, second = venue.fondaco("halt", "BTC/USD", *WHY).splitlines()
    assert first == "BTC/USD: halt, after continuous"
    assert second.startswith("Record 12, ")
    assert second.endswith(", asked by mira: a test")
    assert phase_of(venue) is Phase.HALT
    assert "continuous, after halt" in venue.fondaco("resume", "BTC/USD", *WHY)
    assert phase_of(venue) is Phase.CONTINUOUS


def test_an_auction_is_shown_while_it_gathers_and_when_it_ends(venue: CommandedVenue) -> None:
    venue.fondaco("phase", "BTC/USD", "opening-auction", *WHY)
    venue.apply(msgspec.structs.replace(order("BETA", Side.BUY, 50, 4_300), cl_ord_id="another"))
    (shown,) = json.loads(venue.fondaco("status", "--json"))["instruments"]
    assert (shown["phase"], shown["indicative"]) == ("opening-auction", "0.050 at 42.00")
    lines = venue.fondaco("resume", "BTC/USD", *WHY).splitlines()
    assert lines[0] == "BTC/USD: the auction has traded 0.050 at 42.00"


def test_an_auction_may_be_given_a_time(venue: CommandedVenue) -> None:
    first, *_ = venue.fondaco("phase", "BTC/USD", "opening-auction", "--for", "2.5", *WHY).splitlines()
    assert first.startswith("BTC/USD: opening-auction until 20")
    (shown,) = json.loads(venue.fondaco("status", "--json"))["instruments"]
    assert shown["phase"].startswith("opening-auction until ")


def test_an_index_price_is_taken_and_shown(venue: CommandedVenue) -> None:
    assert venue.fondaco("index", "BTC/USD", "41.50", *WHY).splitlines()[0] == "BTC/USD: the index is 41.50"
    (shown,) = json.loads(venue.fondaco("status", "--json"))["instruments"]
    assert shown["index"] == "41.50"
    assert venue.refusal("index", "BTC/USD", "41.505", *WHY) == "price: '41.505' has more than 2 decimals"
    assert (
        venue.refusal("index", "BTC/USD", "0", *WHY) == "BTC/USD: an index price of 0 ticks is out of range (record 13)"
    )


def test_the_outcome_is_there_for_programs(venue: CommandedVenue) -> None:
    shown = json.loads(venue.fondaco("halt", "BTC/USD", *WHY, "--json"))
    assert shown["sequence"] == 12
    assert shown["events"][0]["type"] == "PhaseChanged"
    assert (shown["events"][0]["by"], shown["events"][0]["why"]) == ("mira", "a test")


def test_who_asks_is_the_user_if_nobody_else_is_named(venue: CommandedVenue) -> None:
    assert f"asked by {getpass.getuser()}: a test" in venue.fondaco("halt", "BTC/USD", "--why", "a test")


def test_what_cannot_be_is_one_line(venue: CommandedVenue) -> None:
    assert venue.refusal("halt", "X/Y", *WHY) == "X/Y: no instrument of this venue, which has BTC/USD"
    assert venue.refusal("resume", "BTC/USD", *WHY) == "BTC/USD: is in phase CONTINUOUS already (record 12)"
    finished = fondaco_here("venue", "phase", "BTC/USD", "lunch", "--config", SANDBOX, *WHY)
    assert finished.returncode == 2
    assert "lunch is no phase; choose from continuous, closed, " in finished.stderr
    finished = fondaco_here("venue", "phase", "BTC/USD", "halt", "--for", "nan", "--config", SANDBOX, *WHY)
    assert (finished.returncode, "nan is no time" in finished.stderr) == (2, True)


def test_nothing_that_affects_trading_goes_without_a_reason() -> None:
    for verb in (
        ("halt", "X"),
        ("index", "X", "1"),
        ("block", "firm", "X"),
        ("bust", "1"),
        ("correct", "1", "--qty", "1"),
    ):
        finished = fondaco_here("venue", *verb, "--config", SANDBOX)
        assert finished.returncode == 2
        assert "missing option '--why'" in finished.stderr
