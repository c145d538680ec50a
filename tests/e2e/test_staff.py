"""Staff command a venue that trades: by the command line, through its socket and journal, to the brokers' ears."""

import pytest

from tests.e2e.venue import Venue
from tests.e2e.wire import Client, now

pytestmark = pytest.mark.e2e


def staff(venue: Venue, *arguments: str) -> str:
    """Have a command of `fondaco venue` carried out; return what it says, or its error."""
    finished = venue.run("venue", *arguments, "--config", str(venue.config), "--data", str(venue.data))
    return finished.stdout if finished.returncode == 0 else finished.stderr


def bust(venue: Venue, trade: str) -> str:
    return staff(venue, "bust", trade, "--by", "mira", "--why", "a wrong price")


def order(name: str, side: str) -> str:
    return f"11={name}|55=BTC/USD|54={side}|38=0.5|40=2|44=100.00|59=1|60={now()}|"


def test_a_bust_reaches_both_brokers_also_one_who_is_away_and_over_a_kill(venue: Venue) -> None:
    maker, taker = Client(venue.port, "BROKER1"), Client(venue.port, "BROKER2")
    maker.log_on()
    taker.log_on()
    maker.say("D", order("bid", "1"))
    assert maker.hear("8")["150"] == "0"
    taker.say("D", order("hit", "2"))
    assert taker.hear("8")["150"] == "0"
    fills = [maker.hear("8"), taker.hear("8")]
    assert [fill["150"] for fill in fills] == ["F", "F"]
    taker.log_out()

    assert bust(venue, fills[0]["17"]).startswith("trade 1 in BTC/USD is busted: 0.500000 at 100.00\n")
    told = maker.hear("8")
    assert (told["150"], told["39"], told["19"]) == ("H", "4", fills[0]["17"])
    assert told["58"] == "the venue has busted this trade: a wrong price"

    venue.kill()
    venue.start()
    taker = Client(venue.port, "BROKER2", next_out=taker.next_out)
    taker.log_on("")
    taker.say("2", "7=4|16=0|")
    told = taker.hear("8")
    assert (told["150"], told["19"], told["43"]) == ("H", fills[1]["17"], "Y")
    assert bust(venue, "1").startswith("fondaco: trade 1 was busted before (record ")


def test_a_halted_instrument_takes_no_orders_until_it_resumes(venue: Venue) -> None:
    client = Client(venue.port, "BROKER1")
    client.log_on()
    assert "halt, after continuous" in staff(venue, "halt", "BTC/USD", "--why", "news")
    client.say("D", order("early", "1"))
    assert client.hear("8")["150"] == "8"
    assert "continuous, after halt" in staff(venue, "resume", "BTC/USD", "--why", "news is out")
    client.say("D", order("late", "1"))
    assert client.hear("8")["150"] == "0"


def test_a_venue_that_is_down_is_no_mystery(venue: Venue) -> None:
    venue.terminate()
    assert staff(venue, "status").endswith("control.sock: no venue listens here; is it running?\n")
