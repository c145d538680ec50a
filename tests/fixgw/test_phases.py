"""Phases and auctions in FIX: orders for an auction alone, what it fills, why it cancels."""

from engine.values import SELL, Phase
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
