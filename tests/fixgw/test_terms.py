import pytest

from engine.reject import RejectReason
from engine.values import BUY, SELL, Side
from fixgw.reject import GatewayReject
from fixgw.timestamps import parse_utc
from tests.fixgw.over_fix import FixVenue


@pytest.fixture
def venue() -> FixVenue:
    """A bid at 0.90 and an offer at 1.10."""
    venue = FixVenue()
    venue.buy(500, 90, "B")
    venue.sell(500, 110, "B")
    return venue


def code(report: dict[str, str]) -> int:
    """Return the venue's reason from Text(58)."""
    return int(report["58"][1:5])


# -------------------------------------------------------------------------------------------------- post-only


def test_post_only_is_participate_dont_initiate(venue: FixVenue) -> None:
    (report,) = venue.enter("38=0.1 40=2 44=1.09 18=6")
    assert (report["150"], report["18"], report["44"]) == ("0", "6", "1.09")
    (report,) = venue.enter("38=0.1 40=2 44=1.10 18=6")
    assert (report["150"], report["103"], code(report)) == ("8", "99", RejectReason.POST_ONLY_WOULD_TRADE)
    assert (report["18"], report["44"]) == ("6", "1.10")


@pytest.mark.parametrize(
    ("side", "exec_inst", "price", "echo"),
    ((BUY, "6_9", "1.09", "6 9"), (BUY, "9_6", "1.09", "6 9"), (SELL, "6_0", "0.91", "6 0")),
)
def test_post_only_that_stays_on_its_side_slides(
    venue: FixVenue, side: Side, exec_inst: str, price: str, echo: str
) -> None:
    (report,) = venue.enter(f"38=0.1 40=2 44=1.00 18={exec_inst}", side)
    assert report["44"] == "1.00"
    (report,) = venue.enter(f"38=0.1 40=2 44={'2.00' if side is BUY else '0.50'} 18={exec_inst}", side)
    assert (report["150"], report["18"]) == ("0", echo)
    assert report["44"] == price


@pytest.mark.parametrize("exec_inst", ("9", "6_0", "6_9_0", "6_6", "G", "6_G"))
def test_other_instructions_are_refused(venue: FixVenue, exec_inst: str) -> None:
    (report,) = venue.enter(f"38=0.1 40=2 44=1.00 18={exec_inst}")
    assert (report["150"], report["103"], code(report)) == ("8", "11", GatewayReject.UNSUPPORTED_VALUE)
    assert report["18"] == exec_inst.replace("_", " ")


def test_instruction_that_fix_does_not_know_gets_the_standards_reject(venue: FixVenue) -> None:
    (report,) = venue.enter("38=0.1 40=2 44=1.00 18=!")
    assert (report["35"], report["371"], report["373"]) == ("3", "18", "5")


def test_post_only_immediate_order_is_refused(venue: FixVenue) -> None:
    (report,) = venue.enter("38=0.1 40=2 44=1.00 59=3 18=6")
    assert (report["103"], code(report)) == ("11", RejectReason.POST_ONLY_MUST_REST)


def test_terms_are_in_every_report_of_the_order(venue: FixVenue) -> None:
    venue.enter("38=0.1 40=2 44=1.00 18=6", cl_ord_id="x")
    ids = "11=y 41=x 1=A 55=BTC/USD 54=1 60=20261123-03:12:25"
    (replaced,) = venue.send("G", f"{ids} 38=0.2 40=2 44=1.01 18=6_9")
    assert (replaced["150"], replaced["18"]) == ("5", "6 9")
    (status,) = venue.send("H", "11=y 1=A 55=BTC/USD 54=1")
    assert (status["150"], status["18"]) == ("I", "6 9")
    maker, taker = venue.told(venue.sell(100, 101))[1:]
    assert (maker["150"], maker["18"]) == ("F", "6 9")
    assert "18" not in taker
    (canceled,) = venue.send("F", "11=z 41=y 1=A 55=BTC/USD 54=1 60=20261123-03:12:25")
    assert (canceled["150"], canceled["18"]) == ("4", "6 9")


# --------------------------------------------------------------------------------------------- good till date


def test_order_good_till_a_time_is_reported_expired(venue: FixVenue) -> None:
    venue.now_ns = parse_utc("20261123-03:12:25")
    (report,) = venue.enter("38=0.1 40=2 44=1.00 59=6 126=20261123-04:00:00.500")
    assert (report["150"], report["59"], report["126"]) == ("0", "6", "20261123-04:00:00.500000")
    (report,) = venue.told(venue.tick(parse_utc("20261123-04:00:00.500")))
    assert (report["150"], report["39"], report["58"]) == ("C", "C", "its ExpireTime has come")
    assert report["60"] == "20261123-04:00:00.500000"


def test_order_good_till_a_day_is_reported_expired(venue: FixVenue) -> None:
    (report,) = venue.enter("38=0.1 40=2 44=1.00 59=6 432=20261123")
    assert (report["59"], report["432"]) == ("6", "20261123")
    expired, *_ = venue.told(venue.end_day(20261123))
    assert (expired["150"], expired["432"]) == ("C", "20261123")


@pytest.mark.parametrize("expiry", ("126=20261123-03:12:24", "432=20261122"))
def test_order_that_had_expired_came_too_late(venue: FixVenue, expiry: str) -> None:
    venue.end_day(20261122)
    venue.now_ns = parse_utc("20261123-03:12:25")
    (report,) = venue.enter(f"38=0.1 40=2 44=1.00 59=6 {expiry}")
    assert (report["150"], report["103"], code(report)) == ("8", "4", RejectReason.EXPIRED_ON_ARRIVAL)


@pytest.mark.parametrize("terms", ("59=6", "59=1 126=20261123-04:00:00", "59=6 126=20261123-04:00:00 432=20261123"))
def test_expiry_that_does_not_fit_is_refused(venue: FixVenue, terms: str) -> None:
    (report,) = venue.enter(f"38=0.1 40=2 44=1.00 {terms}")
    assert (report["150"], report["103"], code(report)) == ("8", "11", RejectReason.EXPIRY_MISMATCH)


@pytest.mark.parametrize(("tag", "value"), (("126", "20261123-4:00:00"), ("126", "x"), ("432", "2026112")))
def test_expiry_that_is_no_time_gets_the_standards_reject(venue: FixVenue, tag: str, value: str) -> None:
    (report,) = venue.enter(f"38=0.1 40=2 44=1.00 59=6 {tag}={value}")
    assert (report["35"], report["371"], report["373"]) == ("3", tag, "6")


@pytest.mark.parametrize("time", ("99991231-23:59:59", "00010101-00:00:00", "19691231-23:59:59"))
def test_time_that_the_journal_cannot_hold_is_refused(venue: FixVenue, time: str) -> None:
    (report,) = venue.enter(f"38=0.1 40=2 44=1.00 59=6 126={time}")
    assert code(report) == GatewayReject.NUMBER_OUT_OF_RANGE


# -------------------------------------------------------------------------------------- what is asked of entry


def test_minimum_quantity(venue: FixVenue) -> None:
    accepted, canceled = venue.enter("38=1 40=2 44=1.10 110=0.501")
    assert (accepted["150"], accepted["110"]) == ("0", "0.501")
    assert (canceled["150"], canceled["110"], canceled["378"]) == ("4", "0.501", "8")
    (report,) = venue.enter("38=1 40=2 44=1.10 110=1.001")
    assert (report["103"], code(report), report["110"]) == ("13", RejectReason.MIN_QTY_MISMATCH, "1.001")
    for text, reason in (("0", GatewayReject.NUMBER_OUT_OF_RANGE), ("0.0001", GatewayReject.OFF_INCREMENT)):
        (report,) = venue.enter(f"38=1 40=2 44=1.10 110={text}")
        assert code(report) == reason


@pytest.mark.parametrize(
    "discretion", ("388=1 389=0.01", "388=1 389=0.01 842=0", "388=1 389=1 842=2", "388=1 389=91 842=1")
)
def test_slippage_is_discretion_related_to_the_market_price(venue: FixVenue, discretion: str) -> None:
    venue.sell(500, 111, "B")
    venue.sell(500, 112, "B")
    accepted, *reports, canceled = venue.enter(f"38=2 40=1 {discretion}")
    fields = dict(field.split("=") for field in discretion.split())
    assert {tag: accepted[tag] for tag in ("388", "389", "842")} == {"842": "0", **fields}
    assert [report["31"] for report in reports if report.get("1057") == "Y"] == ["1.10", "1.11"]
    assert (canceled["150"], canceled["389"]) == ("4", fields["389"])


@pytest.mark.parametrize(
    ("discretion", "reason"),
    (
        ("388=0 389=1", GatewayReject.UNSUPPORTED_VALUE),
        ("388=1 389=1 842=3", GatewayReject.UNSUPPORTED_VALUE),
        ("389=1", GatewayReject.FIELD_MISSING),
        ("388=1", GatewayReject.FIELD_MISSING),
        ("388=1 389=0.001", GatewayReject.OFF_INCREMENT),
        ("388=1 389=0.5 842=1", GatewayReject.OFF_INCREMENT),
        ("388=1 389=10001 842=1", RejectReason.SLIPPAGE_MISMATCH),
        ("388=1 389=-1", RejectReason.SLIPPAGE_MISMATCH),
    ),
)
def test_slippage_that_does_not_fit_is_refused(venue: FixVenue, discretion: str, reason: int) -> None:
    (report,) = venue.enter(f"38=2 40=1 {discretion}")
    assert code(report) == reason


def test_market_to_limit_is_market_with_left_over_as_limit(venue: FixVenue) -> None:
    accepted, _, trade = venue.enter("38=1 40=K")
    assert (accepted["40"], accepted["44"]) == ("K", "1.10")
    assert (trade["40"], trade["44"], trade["31"], trade["151"]) == ("K", "1.10", "1.10", "0.500")
    (report,) = venue.enter("38=1 40=K 44=1.10")
    assert code(report) == RejectReason.MARKET_ORDER_NEEDS_NO_PRICE


def test_order_may_carry_a_deadline(venue: FixVenue) -> None:
    venue.now_ns = parse_utc("20261123-03:12:25")
    (report,) = venue.enter("38=1 40=2 44=1.00 62=20261123-03:12:25.001")
    assert report["150"] == "0"
    assert "62" not in report
    (report,) = venue.enter("38=1 40=2 44=1.00 62=20261123-03:12:24.999")
    assert (report["103"], code(report)) == ("4", RejectReason.DEADLINE_PASSED)
    (report,) = venue.enter("38=1 40=2 44=1.00 62=x")
    assert (report["35"], report["371"], report["373"]) == ("3", "62", "6")


# ---------------------------------------------------------------------------------------------------- schedule


def test_scheduled_order_is_pending_until_it_starts(venue: FixVenue) -> None:
    venue.now_ns = parse_utc("20261123-03:12:25")
    (report,) = venue.enter("38=0.1 40=2 44=1.00 168=20261123-04:00:00", cl_ord_id="x")
    assert (report["150"], report["39"], report["168"]) == ("A", "A", "20261123-04:00:00.000000")
    (status,) = venue.send("H", "11=x 1=A 55=BTC/USD 54=1")
    assert (status["150"], status["39"]) == ("I", "A")
    (report,) = venue.told(venue.tick(parse_utc("20261123-04:00:00")))
    assert (report["150"], report["39"], report["11"]) == ("0", "0", "x")


def test_schedule_of_a_market_order_is_refused(venue: FixVenue) -> None:
    (report,) = venue.enter("38=0.1 40=1 168=20261123-04:00:00")
    assert (report["103"], code(report)) == ("11", RejectReason.SCHEDULE_MISMATCH)
