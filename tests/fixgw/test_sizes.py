"""Icebergs and orders for an amount, as brokers see them."""

from decimal import Decimal

import pytest

from engine.reject import RejectReason
from engine.values import SELL
from fixgw.reject import GatewayReject
from tests.engine.builders import SYMBOL
from tests.fixgw.over_fix import TIME, FixVenue
from tests.fixgw.test_terms import code


@pytest.fixture
def venue() -> FixVenue:
    """A bid for 0.5 at 0.90 and an offer of 0.5 at 1.10."""
    venue = FixVenue()
    venue.buy(500, 90, "B")
    venue.sell(500, 110, "B")
    return venue


# ---------------------------------------------------------------------------------------------------- iceberg


@pytest.mark.parametrize("tag", ("111", "1138"))
def test_iceberg_tells_what_was_asked_for_and_what_shows_now(venue: FixVenue, tag: str) -> None:
    (accepted,) = venue.enter(f"38=1 40=2 44=1.00 {tag}=0.1", cl_ord_id="x")
    assert (accepted["150"], accepted["38"], accepted["111"], accepted["151"]) == ("0", "1.000", "0.100", "1.000")
    maker, taker = venue.told(venue.sell(30, 100, "C"))[1:]
    assert (maker["111"], maker["1138"], maker["151"]) == ("0.100", "0.070", "0.970")
    assert not {"111", "1138"} & taker.keys()
    (status,) = venue.send("H", f"11=x 1=A 55={SYMBOL} 54=1")
    assert (status["111"], status["1138"], status["151"]) == ("0.100", "0.070", "0.970")
    (replaced,) = venue.send("G", f"11=y 41=x 1=A 55={SYMBOL} 54=1 60={TIME} 38=0.5 40=2 44=1.00 111=0.05")
    assert (replaced["150"], replaced["111"], replaced["1138"], replaced["151"]) == ("5", "0.050", "0.050", "0.470")
    reports = venue.told(venue.sell(470, 100, "C"))
    assert [report.get("1138") for report in reports if report["11"] == "y"][-3:] == ["0.050", None, None]


def test_random_parts_are_asked_for_with_their_bounds_and_get_a_seed_that_nobody_is_told(venue: FixVenue) -> None:
    (report,) = venue.enter("38=1 40=2 44=1.00 111=0.1 1084=3 1085=0.05 1086=0.15", cl_ord_id="x")
    assert [report[tag] for tag in ("111", "1084", "1085", "1086")] == ["0.100", "3", "0.050", "0.150"]
    terms = venue.open_order("x").terms
    assert terms is not None
    assert 0 < terms.display_seed < 2**63
    assert str(terms.display_seed) not in report.values()
    (report,) = venue.enter("38=1 40=2 44=1.00 111=0.1 1084=1")
    assert "1084" not in report


@pytest.mark.parametrize(
    ("text", "form", "reason"),
    (
        ("38=1 40=2 44=1.00 111=0", "13", RejectReason.DISPLAY_OUT_OF_RANGE),
        ("38=1 40=2 44=1.00 1138=-1", "13", RejectReason.DISPLAY_OUT_OF_RANGE),
        ("38=1 40=2 44=1.00 111=1.001", "13", RejectReason.DISPLAY_OUT_OF_RANGE),
        ("38=1 40=2 44=1.00 111=0.0001", "99", GatewayReject.OFF_INCREMENT),
        ("38=1 40=2 44=1.00 111=0.1 1138=0.1", "11", GatewayReject.UNSUPPORTED_FIELD),
        ("38=1 40=2 44=1.00 111=0.1 1084=2", "11", GatewayReject.UNSUPPORTED_VALUE),
        ("38=1 40=2 44=1.00 111=0.1 1085=0.1 1086=0.2", "11", GatewayReject.UNSUPPORTED_FIELD),
        ("38=1 40=2 44=1.00 111=0.1 1084=3 1085=0.2 1086=0.1", "13", RejectReason.DISPLAY_RANGE_MISMATCH),
        ("38=1 40=2 44=1.00 111=0.1 1084=3 1085=0 1086=0.1", "13", RejectReason.DISPLAY_OUT_OF_RANGE),
        ("38=1 40=2 44=1.10 59=3 111=0.1", "11", RejectReason.DISPLAY_MUST_REST),
        ("38=1 40=1 111=0.1", "11", RejectReason.DISPLAY_MUST_REST),
    ),
)
def test_iceberg_that_cannot_be_is_refused(venue: FixVenue, text: str, form: str, reason: int) -> None:
    (report,) = venue.enter(text)
    assert (report["150"], report["103"], code(report)) == ("8", form, reason)


@pytest.mark.parametrize(
    ("text", "tag"),
    (("1084=3", "MaxFloor(111)"), ("111=0.1 1084=3", "DisplayLowQty(1085)")),
)
def test_iceberg_with_a_field_missing_is_told_which(venue: FixVenue, text: str, tag: str) -> None:
    (report,) = venue.enter(f"38=1 40=2 44=1.00 {text}")
    assert (report["35"], report["380"], code(report)) == ("j", "5", GatewayReject.FIELD_MISSING)
    assert tag in report["58"]


# ---------------------------------------------------------------------------------------------- CashOrderQty


def test_order_for_an_amount_is_reported_with_the_amount_and_the_quantity_it_comes_to(venue: FixVenue) -> None:
    accepted, _, fill = venue.enter("152=0.1109 40=1", account="C")
    assert (accepted["150"], accepted["152"], accepted["38"], accepted["151"]) == ("0", "0.11090", "0.100", "0.100")
    assert (fill["150"], fill["39"], fill["152"], fill["38"]) == ("F", "2", "0.11090", "0.100")
    assert (fill["14"], fill["6"], fill["151"]) == ("0.100", "1.10", "0.000")


def test_order_for_more_than_the_book_has_is_cancelled_for_the_rest(venue: FixVenue) -> None:
    _, _, fill, canceled = venue.enter("152=0.9 40=1", SELL, "C")
    assert (fill["38"], fill["14"], fill["151"]) == ("1.000", "0.500", "0.500")
    assert (canceled["150"], canceled["39"], canceled["378"], canceled["152"]) == ("4", "4", "8", "0.90000")
    assert (canceled["38"], canceled["14"], canceled["6"], canceled["151"]) == ("1.000", "0.500", "0.90", "0.000")


@pytest.mark.parametrize(
    ("text", "form", "reason"),
    (
        ("152=0 40=1", "13", RejectReason.CASH_OUT_OF_RANGE),
        ("152=-1 40=1", "13", RejectReason.CASH_OUT_OF_RANGE),
        ("152=0.000001 40=1", "99", GatewayReject.OFF_INCREMENT),
        ("152=0.001 40=1", "13", RejectReason.CASH_BELOW_ONE_LOT),
        ("152=1 40=1 38=1", "11", RejectReason.CASH_MISMATCH),
        ("152=1 40=1 110=0.1", "11", RejectReason.CASH_MISMATCH),
        ("152=1 40=2 44=1.00", "11", RejectReason.CASH_MISMATCH),
    ),
)
def test_amount_that_does_not_fit_is_refused(venue: FixVenue, text: str, form: str, reason: int) -> None:
    (report,) = venue.enter(text)
    assert (report["150"], report["103"], code(report)) == ("8", form, reason)
    assert ("38" in report) == ("38=" in text)
    assert Decimal(report["152"]) == Decimal(text.partition("152=")[2].partition(" ")[0])
