"""Stops, take-profits and trailing stops over FIX."""

import pytest

from engine.commands import SetIndexPrice
from engine.reject import RejectReason
from engine.values import BUY, SELL
from fixgw.reject import GatewayReject
from tests.engine.builders import SYMBOL
from tests.fixgw.over_fix import FixVenue


@pytest.fixture
def venue() -> FixVenue:
    """The last trade was at 1.00; a bid at 0.90 and an offer at 1.10."""
    venue = FixVenue()
    trade_at(venue, 100)
    venue.buy(500, 90, "B")
    venue.sell(500, 110, "B")
    return venue


def trade_at(venue: FixVenue, price: int) -> list[dict[str, str]]:
    """Let one lot trade; return what A is told of what follows."""
    venue.sell(1, price, "C")
    return venue.told(venue.buy(1, price, "C")[2:])


def code(report: dict[str, str]) -> int:
    return int(report["58"][1:5])


def test_stop_is_reported_when_it_comes_when_it_fires_and_when_it_trades(venue: FixVenue) -> None:
    (accepted,) = venue.enter("38=0.1 40=3 99=1.05", cl_ord_id="x")
    assert (accepted["150"], accepted["39"], accepted["40"], accepted["99"]) == ("0", "0", "3", "1.05")
    assert (accepted["44"], accepted["5127"]) == ("1.10", "2"), "the worst price at which it may trade"
    (status,) = venue.send("H", "11=x 1=A 55=BTC/USD 54=1")
    assert (status["150"], status["39"], status["99"]) == ("I", "0", "1.05")
    fired, _, traded = trade_at(venue, 105)
    assert (fired["150"], fired["39"], fired["636"], fired["378"], fired["11"]) == ("D", "0", "Y", "99", "x")
    assert fired["58"] == "its trigger price was reached"
    assert (traded["150"], traded["39"], traded["31"], traded["40"], traded["99"]) == ("F", "2", "1.10", "3", "1.05")


@pytest.mark.parametrize(
    ("text", "side", "price", "kind"),
    (
        ("40=4 44=0.80 99=0.95", SELL, 95, "4"),
        ("40=J 99=0.95", BUY, 95, "J"),
        ("40=J 44=1.00 99=0.95", BUY, 95, "J"),
        ("40=P 18=a 211=0.05", SELL, 95, "P"),
        ("40=P 18=a 211=5 836=2", SELL, 95, "P"),
        ("40=P 18=a 211=500 836=1", BUY, 105, "P"),
    ),
)
def test_each_type_keeps_its_own_in_the_reports(venue: FixVenue, text: str, side: int, price: int, kind: str) -> None:
    (accepted,) = venue.enter(f"38=0.1 {text}", BUY if side == BUY else SELL)
    fired, *_ = trade_at(venue, price)
    for report in (accepted, fired):
        asked = dict(field.split("=") for field in text.split())
        asked.setdefault("99", f"{price / 100:.2f}")
        assert {tag: report[tag] for tag in asked} == asked
        assert report["40"] == kind


def test_status_of_a_trailing_stop_shows_where_it_stands(venue: FixVenue) -> None:
    venue.enter("38=0.1 40=P 18=a 211=0.05", SELL, cl_ord_id="x")
    trade_at(venue, 108)
    (status,) = venue.send("H", "11=x 1=A 55=BTC/USD 54=2")
    assert status["99"] == "1.03"


def test_stop_may_be_triggered_by_the_index(venue: FixVenue) -> None:
    venue.apply(SetIndexPrice(SYMBOL, 100, "a source", 1))
    (accepted,) = venue.enter("38=0.1 40=4 44=0.50 99=1.05 5127=3")
    assert accepted["5127"] == "3"
    assert trade_at(venue, 105) == []
    (fired,) = venue.told(venue.apply(SetIndexPrice(SYMBOL, 105, "a source", 2)))
    assert fired["150"] == "D"


def test_replace_gives_another_stop_price(venue: FixVenue) -> None:
    venue.enter("38=0.1 40=3 99=1.05", cl_ord_id="x")
    ids = "11=y 41=x 1=A 55=BTC/USD 54=1 60=20261123-03:12:25"
    (replaced,) = venue.send("G", f"{ids} 38=0.2 40=3 99=1.07")
    assert (replaced["150"], replaced["38"], replaced["99"]) == ("5", "0.200", "1.07")
    (canceled,) = venue.send("F", "11=z 41=y 1=A 55=BTC/USD 54=1 60=20261123-03:12:25")
    assert (canceled["150"], canceled["99"]) == ("4", "1.07")


@pytest.mark.parametrize(
    ("text", "reason"),
    (
        ("40=3", GatewayReject.FIELD_MISSING),
        ("40=4 99=1.05", GatewayReject.FIELD_MISSING),
        ("40=J", GatewayReject.FIELD_MISSING),
        ("40=P 18=a", GatewayReject.FIELD_MISSING),
        ("40=3 99=1.05 44=1.06", RejectReason.MARKET_ORDER_NEEDS_NO_PRICE),
        ("40=3 99=1.051", GatewayReject.OFF_INCREMENT),
        ("40=3 99=1.05 5127=1", GatewayReject.UNSUPPORTED_VALUE),
        ("40=3 99=1.00", RejectReason.STOP_PRICE_REACHED),
        ("40=3 99=0", RejectReason.STOP_PRICE_OUT_OF_RANGE),
        ("40=3 99=1.05 5127=3", RejectReason.NO_INDEX_PRICE),
        ("40=3 99=1.05 59=3", RejectReason.STOP_TRADES_AT_ONCE),
        ("40=2 44=1.00 99=1.05", RejectReason.TRIGGER_MISMATCH),
        ("40=2 44=1.00 5127=2", RejectReason.TRIGGER_MISMATCH),
        ("40=P 18=a 211=0", RejectReason.TRAIL_MISMATCH),
        ("40=P 18=a 211=0.05 99=1.05", RejectReason.TRIGGER_MISMATCH),
        ("40=3 99=1.05 18=6", RejectReason.POST_ONLY_MUST_REST),
        ("40=3 99=1.05 18=a", GatewayReject.UNSUPPORTED_VALUE),
    ),
)
def test_what_does_not_fit_is_refused(venue: FixVenue, text: str, reason: int) -> None:
    (report,) = venue.enter(f"38=0.1 {text}")
    assert code(report) == reason
