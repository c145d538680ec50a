"""What instruments there are, asked for over FIX, of trading and of market data."""

from pathlib import Path

import pytest

from engine.commands import SetRules
from engine.rules import Bands, Rules
from engine.values import Phase
from tests.engine.builders import SYMBOL
from tests.fixgw.test_market_data_gateway import Floor
from tests.fixgw.venue import Venue, check_report

RULES = Rules(
    order_qty_min=2,
    order_qty_max=500_000,
    order_notional_min=1_000,
    order_notional_max=10**15,
    reference_price=10_000,
    bands=Bands(static_bps=1_000),
)


@pytest.fixture
def venue() -> Venue:
    return Venue()


def test_list_has_a_message_for_each_instrument_of_which_the_last_says_so(venue: Venue) -> None:
    told = venue.say("x", "320=Q|559=4|")
    assert [(each.msg_type, each["55"], each["393"], each["893"]) for each in told] == [
        ("y", "BTC/USD", "2", "N"),
        ("y", "ETH/USD", "2", "Y"),
    ]
    assert told[0].has("320=Q|560=0|146=1|15=USD|561=0.000001|562=0.000001|625=3|969=0.01|1140=10000.000000|")
    assert told[0].has("5130=0|5131=2|")
    assert not {"1148", "1149", "1150", "5132", "5133"} & told[0].fields.keys()


def test_rules_of_an_instrument_are_told_with_it(venue: Venue) -> None:
    venue.apply(SetRules("BTC/USD", RULES, "staff", ""))
    (told,) = venue.say("c", "320=Q|321=0|55=BTC/USD|")
    assert told.msg_type == "d"
    assert told.has("320=Q|323=1|55=BTC/USD|562=0.000002|1140=0.500000|1148=90.00|1149=110.00|1150=100.00|")
    assert told.has("5132=0.00001000|5133=10000000.00000000|")


@pytest.mark.parametrize(
    ("msg_type", "body", "answer"),
    (("x", "320=Q|559=0|55=XXX|", "560=2|393=0|893=Y|"), ("c", "320=Q|321=0|55=XXX|", "323=6|")),
)
def test_an_instrument_that_there_is_not_is_not_found(venue: Venue, msg_type: str, body: str, answer: str) -> None:
    (told,) = venue.say(msg_type, body)
    assert told.has(answer)


@pytest.mark.parametrize(
    ("msg_type", "body", "code"),
    (
        ("x", "320=Q|559=2|", "2002"),
        ("x", "320=Q|559=0|", "2005"),
        ("x", "320=Q|559=4|55=BTC/USD|", "2001"),
        ("c", "320=Q|321=1|55=BTC/USD|", "2002"),
        ("c", f"320={'Q' * 65}|321=3|", "2007"),
    ),
)
def test_what_the_venue_does_not_offer_is_refused(venue: Venue, msg_type: str, body: str, code: str) -> None:
    (told,) = venue.say(msg_type, body)
    assert (told.msg_type, told["372"]) == ("j", msg_type)
    assert told["58"].startswith(f"[{code}] ")


def test_market_data_answers_from_its_copy_of_the_venue(tmp_path: Path) -> None:
    floor = Floor(tmp_path)
    floor.phase(Phase.CLOSED)
    floor.say("x", "320=Q|559=4|")
    first, second = floor.hear()
    assert (first.fields["55"], first.fields["625"], first.fields["893"]) == (SYMBOL, "7", "N")
    assert (second.fields["55"], second.fields["893"]) == (f"{SYMBOL}2", "Y")
    floor.provision(SYMBOL)
    floor.say("x", "320=Q|559=4|")
    (only,) = floor.hear()
    assert (only.fields["55"], only.fields["393"]) == (SYMBOL, "1")
    for message in (first, second, only):
        body = "".join(f"{tag}={value}\x01" for tag, value in message.pairs()[5:])
        check_report((message.msg_type, body))
