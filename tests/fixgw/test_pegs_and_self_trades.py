"""Pegged orders and self-trade prevention over FIX."""

import pytest

from engine.reject import RejectReason
from engine.values import BUY, SELL
from fixgw.reject import GatewayReject
from tests.fixgw.over_fix import Fields, FixVenue


@pytest.fixture
def venue() -> FixVenue:
    """A venue whose best bid is 1.00 and whose best offer is 1.06."""
    venue = FixVenue()
    venue.buy(10, 100, "C")
    venue.sell(10, 106, "C")
    return venue


def code(report: Fields) -> int:
    return int(report["58"].partition("]")[0][1:])


@pytest.mark.parametrize(
    ("asked", "price"),
    (
        ("18=R", "1.06"),
        ("18=R 211=-0.02", "1.04"),
        ("18=R 211=-0.02 836=0", "1.04"),
        ("18=R 211=-2 836=2", "1.04"),
        ("18=P 211=0.03", "1.03"),
        ("18=M", "1.03"),
        ("18=M 44=1.05", "1.05"),
    ),
)
def test_peg_is_accepted_told_as_asked_and_trades_at_its_price(venue: FixVenue, asked: str, price: str) -> None:
    (told,) = venue.enter(f"38=0.005 40=P {asked}", SELL)
    assert (told["150"], told["40"]) == ("0", "P")
    fields = dict(field.split("=") for field in asked.split())
    assert fields.items() <= told.items()
    assert ("44" in told) == ("44" in fields)
    fills = venue.enter("38=0.005 40=2 44=1.05" if price != "1.06" else "38=0.015 40=2 44=1.06", BUY, "B")
    assert [fill["31"] for fill in fills if fill["150"] == "F" and fill["1"] == "A"] == [price]


@pytest.mark.parametrize(
    ("asked", "reason"),
    (
        ("40=P", RejectReason.PEG_MISMATCH),
        ("40=2 44=1.00 18=R", RejectReason.PEG_MISMATCH),
        ("40=2 44=1.00 211=0.01", RejectReason.PEG_MISMATCH),
        ("40=P 18=R", RejectReason.PEG_NEEDS_LIMIT),
        ("40=P 18=R 44=1.00 59=3", RejectReason.PEG_MUST_REST),
        ("40=P 18=R_6 44=1.00", RejectReason.POST_ONLY_MUST_REST),
        ("40=P 18=R 44=1.00 110=0.001", RejectReason.PEG_MUST_REST),
        ("40=P 18=R 44=1.00 111=0.001", RejectReason.DISPLAY_MUST_REST),
        ("40=P 18=R 44=1.00 211=100 836=1", RejectReason.PEG_OFFSET_OUT_OF_RANGE),
        ("40=P 18=R_M 44=1.00", GatewayReject.UNSUPPORTED_VALUE),
        ("40=P 18=R 44=1.00 211=1 836=3", GatewayReject.UNSUPPORTED_VALUE),
        ("40=P 18=R 44=1.00 211=0.001", GatewayReject.OFF_INCREMENT),
        ("40=2 44=1.00 7928=X", GatewayReject.UNSUPPORTED_VALUE),
    ),
)
def test_what_does_not_fit_together_is_refused(venue: FixVenue, asked: str, reason: int) -> None:
    (told,) = venue.enter(f"38=0.010 {asked}")
    assert (told["150"], told["103"], code(told)) == ("8", "11" if told["103"] == "11" else "99", reason)


def test_offset_type_alone_lacks_the_offset(venue: FixVenue) -> None:
    (told,) = venue.enter("38=0.010 40=P 18=R 44=1.00 836=2")
    assert (told["35"], told["380"], code(told)) == ("j", "5", GatewayReject.FIELD_MISSING)


def test_peg_without_a_book_is_refused() -> None:
    (told,) = FixVenue().enter("38=0.010 40=P 18=M", SELL)
    assert (told["150"], code(told)) == ("8", RejectReason.PEG_WITHOUT_REFERENCE)


def test_replace_of_a_peg(venue: FixVenue) -> None:
    venue.enter("38=0.010 40=P 18=R", SELL, cl_ord_id="X")
    ids = "11=Y 41=X 1=A 55=BTC/USD 54=2 60=20261123-03:12:25"
    (told,) = venue.send("G", f"{ids} 38=0.008 40=P 18=M 211=0.01 44=1.02")
    assert {"150": "5", "38": "0.008", "18": "M", "211": "0.01", "836": "0", "44": "1.02"}.items() <= told.items()
    (told,) = venue.send("G", f"{ids.replace('11=Y 41=X', '11=Z 41=Y')} 38=0.008 40=2 44=1.02")
    assert (told["35"], told["102"], code(told)) == ("9", "99", RejectReason.PEG_STAYS_PEG)


def test_self_trade_cancels_and_says_with_what(venue: FixVenue) -> None:
    venue.enter("38=0.004 40=2 44=1.05", SELL)
    accepted, canceled = venue.enter("38=0.010 40=2 44=1.05 7928=N", BUY)
    assert accepted["7928"] == "N"
    assert {
        "150": "4",
        "39": "4",
        "378": "8",
        "58": "would have traded with an order of the same owner",
        "25029": "3",
        "25031": "0.004",
        "7928": "N",
    }.items() <= canceled.items()


def test_decrement_is_a_restatement_of_the_larger_order(venue: FixVenue) -> None:
    venue.enter("38=0.010 40=2 44=1.05", SELL, cl_ord_id="X")
    accepted, restated, canceled = venue.enter("38=0.004 40=2 44=1.05 7928=D", BUY)
    assert accepted["150"] == "0"
    assert {
        "11": "X",
        "150": "D",
        "39": "0",
        "378": "5",
        "38": "0.006",
        "151": "0.006",
        "14": "0.000",
        "25029": "4",
        "25031": "0.004",
    }.items() <= restated.items()
    assert {"150": "4", "25029": "3", "25031": "0.004"}.items() <= canceled.items()


def test_group_is_told_and_has_a_length(venue: FixVenue) -> None:
    (told,) = venue.enter("38=0.001 40=2 44=1.00 7928=O 2362=DESK-1")
    assert (told["7928"], told["2362"]) == ("O", "DESK-1")
    (told,) = venue.enter(f"38=0.001 40=2 44=1.00 2362={'G' * 65}")
    assert (told["150"], code(told)) == ("8", GatewayReject.FIELD_TOO_LONG)
