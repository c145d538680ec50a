"""Phases and auctions in FIX: orders for an auction alone, what it fills, why it cancels."""

import pytest

from engine.values import SELL, Phase
from fixgw.delivery import recipients
from fixgw.phases import SESSION_STATUS, SESSION_SUB_ID, TRADING_STATUS
from tests.engine.builders import SYMBOL
from tests.fixgw.over_fix import FixVenue


def test_orders_for_an_auction_alone_are_taken_and_told_what_became_of_them() -> None:
    venue = FixVenue()
    (entered,) = venue.enter("40=2 38=0.005 44=1.00 59=2")
    assert (entered["150"], entered["59"]) == ("0", "2")
    (entered,) = venue.enter("40=2 38=0.002 44=1.00 59=7", SELL, "B")
    assert entered["59"] == "7"
    venue.enter("40=2 38=0.003 44=1.00", SELL, "B")
    venue.told(venue.phase(Phase.OPENING_AUCTION))
    sold, bought, canceled = venue.told(venue.phase(Phase.CONTINUOUS))
    assert {sold["54"], bought["54"]} == {"1", "2"}
    for fill in (sold, bought):
        assert (fill["150"], fill["31"], fill["32"], fill["851"]) == ("F", "1.00", "0.003", "1")
        assert (fill["336"], fill["625"]) == (SYMBOL, "2")
        assert "1057" not in fill
    assert (canceled["150"], canceled["378"]) == ("4", "8")
    assert canceled["58"] == "the auction that it was for is over"


def test_what_a_phase_does_not_take_is_refused_by_name() -> None:
    venue = FixVenue()
    venue.phase(Phase.HALT)
    (refused,) = venue.enter("40=2 38=0.005 44=1.00")
    assert (refused["150"], refused["103"]) == ("8", "2")
    assert refused["58"] == "[1085] the instrument's present phase takes no new orders"


# Status of instruments


def test_security_status_is_told_when_asked_for() -> None:
    venue = FixVenue()
    venue.phase(Phase.CLOSING_AUCTION)
    (told,) = venue.send("e", f"324=R1 55={SYMBOL} 263=0")
    assert told == {
        "35": "f",
        "324": "R1",
        "55": SYMBOL,
        "336": SYMBOL,
        "625": "4",
        "326": "5",
        "60": told["60"],
        "58": "closing auction",
    }


def test_trading_session_status_is_told_for_one_instrument_or_all() -> None:
    venue = FixVenue()
    (told,) = venue.send("g", f"335=R1 336={SYMBOL} 263=0")
    assert told == {"35": "h", "335": "R1", "336": SYMBOL, "625": "3", "340": "2", "58": "continuous"}
    assert venue.send("g", "335=R1 263=0") == [told]


@pytest.mark.parametrize("phase", Phase)
def test_each_phase_has_its_values(phase: Phase) -> None:
    venue = FixVenue()
    if phase is not Phase.CONTINUOUS:
        venue.phase(phase)
    (security,) = venue.send("e", f"324=R1 55={SYMBOL} 263=0")
    (session,) = venue.send("g", "335=R1 263=0")
    assert security["625"] == session["625"] == SESSION_SUB_ID[phase]
    assert security["326"] == TRADING_STATUS[phase]
    assert session["340"] == SESSION_STATUS[phase]


def test_an_unknown_instrument_is_answered_as_fix_has_it() -> None:
    venue = FixVenue()
    (security,) = venue.send("e", "324=R1 55=XRP/USD 263=1")
    assert (security["326"], security["58"]) == ("20", "[1001] unknown instrument")
    (session,) = venue.send("g", "335=R2 336=XRP/USD 263=1")
    assert (session["335"], session["340"], session["567"]) == ("R2", "6", "1")


def test_who_has_subscribed_is_told_of_each_change_until_it_unsubscribes() -> None:
    venue = FixVenue()
    venue.send("e", f"324=R1 55={SYMBOL} 263=1")
    venue.send("g", "335=R2 263=1", "B")
    security, session = venue.told(venue.phase(Phase.HALT))
    assert (security["35"], security["325"], security["326"], security["327"]) == ("f", "Y", "2", "M")
    assert security["58"] == "halt: test"
    assert (session["35"], session["325"], session["340"]) == ("h", "Y", "1")
    assert venue.send("e", f"324=R1 55={SYMBOL} 263=2") == []
    assert [told["35"] for told in venue.told(venue.phase(Phase.CONTINUOUS))] == ["h"]


def test_a_session_may_be_told_both_ways() -> None:
    venue = FixVenue()
    venue.send("e", f"324=R1 55={SYMBOL} 263=1")
    venue.send("g", "335=R2 263=1")
    events = venue.phase(Phase.VOLATILITY_AUCTION, lasts_ms=5_000)
    assert [recipient for event in events for recipient in recipients(event)] == [("A", 0), ("A", 1)]
    security, session = venue.told(events)
    assert security["327"] == "I"
    assert "345" in session


def test_indicative_prices_are_told_by_security_status() -> None:
    venue = FixVenue()
    venue.send("e", f"324=R1 55={SYMBOL} 263=1")
    venue.phase(Phase.OPENING_AUCTION)
    venue.enter("40=2 38=0.005 44=1.01")
    venue.enter("40=2 38=0.003 44=0.99", SELL, "B")
    (told,) = venue.told(venue.tick(venue.now_ns + 10**9))
    assert (told["326"], told["31"], told["330"], told["331"]) == ("5", "1.01", "0.005", "0.003")
    assert (told["58"], told["625"]) == ("indicative price", "2")
    venue.mass_cancel()
    (told,) = venue.told(venue.tick(venue.now_ns + 10**9))
    assert told["58"] == "no indicative price"
    assert "31" not in told


def test_a_kind_of_request_that_there_is_not_is_refused_by_its_id() -> None:
    venue = FixVenue()
    (refused,) = venue.send("e", f"324=R1 55={'X' * 65} 263=0")
    assert (refused["35"], refused["379"]) == ("j", "R1")
