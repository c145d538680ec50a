"""Mass cancels and mass status requests as a broker sends them, and what comes back."""

import pytest

from engine import commands
from engine.settlement import cancel as cancel_for
from engine.values import BUY, EXPIRIES, SELL, CancelReason
from tests.fixgw.over_fix import TIME, Fields, FixVenue


@pytest.fixture
def venue() -> FixVenue:
    """A venue where session DESK may trade for A and B, and has entered an order for each."""
    venue = FixVenue()
    venue.apply(commands.ProvisionSession("DESK", ("A", "B"), ""))
    venue.enter("38=1 40=2 44=50 59=1", BUY, "A", "a")
    for account, side in (("A", BUY), ("B", SELL)):
        ids = f"11=desk-{account} 1={account} 55=BTC/USD 54={side:d} 60={TIME}"
        venue.send("D", f"{ids} 38=1 40=2 44={50 + side} 59=1", "DESK")
    return venue


def cancel(venue: FixVenue, fields: str) -> tuple[list[str], Fields]:
    """Ask DESK's mass cancel; return the ClOrdIDs that were cancelled, and the report on the whole."""
    *canceled, whole = venue.send("q", f"11=q 60={TIME} {fields}", "DESK")
    assert all(report["150"] == report["39"] == "4" for report in canceled)
    return [report["11"] for report in canceled], whole


@pytest.mark.parametrize(
    ("fields", "gone"),
    (
        ("530=7", ["a", "desk-A", "desk-B"]),
        ("530=7 54=2", ["desk-B"]),
        ("530=7 1=A", ["a", "desk-A"]),
        ("530=6", ["desk-A", "desk-B"]),
        ("530=6 1=A", ["desk-A"]),
        ("530=1 55=BTC/USD 1=B", ["desk-B"]),
        ("530=1 55=BTC/USD 54=1", ["a", "desk-A"]),
    ),
)
def test_mass_cancel_takes_what_was_asked_and_tells_how_many(venue: FixVenue, fields: str, gone: list[str]) -> None:
    canceled, whole = cancel(venue, fields)
    assert canceled == gone
    asked = dict(field.split("=") for field in fields.split() if not field.startswith("1="))
    assert {tag: whole[tag] for tag in asked} == asked
    assert (whole["531"], whole["533"], whole["534"]) == (asked["530"], str(len(gone)), str(len(gone)))


@pytest.mark.parametrize(
    ("fields", "reason", "text"),
    (
        ("530=7 1=C", "99", "[1002] unknown account, or not an account of this session"),
        ("530=1 55=ETH/USD", "1", "[1001] unknown instrument"),
        ("530=6 55=BTC/USD", "99", "Symbol(55): the venue does not take this field (for MassCancelRequestType(530)=6)"),
        ("530=3", "0", "MassCancelRequestType(530): the venue does not offer this value (3)"),
    ),
)
def test_mass_cancel_that_means_nothing_is_refused(venue: FixVenue, fields: str, reason: str, text: str) -> None:
    canceled, whole = cancel(venue, fields)
    assert (canceled, whole["531"], whole["532"]) == ([], "0", reason)
    assert whole["58"].endswith(text)


def test_an_order_that_another_session_cancels_says_why(venue: FixVenue) -> None:
    first, *_ = venue.send("q", f"11=q 60={TIME} 530=7", "DESK")
    assert (first["11"], first["58"]) == ("a", "cancelled by a mass cancel")


@pytest.mark.parametrize("reason", CancelReason, ids=lambda reason: reason.name)
def test_a_cancel_that_nobody_asked_for_is_reported_as_such(venue: FixVenue, reason: CancelReason) -> None:
    order = venue.open_order("a", "A")
    (report,) = venue.told([cancel_for(venue.state, order, reason)])
    assert ("58" in report) == (reason is not CancelReason.REQUESTED)
    assert report["150"] == report["39"] == ("C" if reason in EXPIRIES else "4")
    is_asked_for = reason in {CancelReason.REQUESTED, CancelReason.MASS_CANCEL, CancelReason.LIST_CANCELED}
    assert ("378" in report) == (not is_asked_for and reason not in EXPIRIES)


def status(venue: FixVenue, fields: str) -> list[Fields]:
    reports = venue.send("AF", f"584=s {fields}", "DESK")
    assert all((report["150"], report["584"]) == ("I", "s") for report in reports)
    assert [report["912"] for report in reports] == ["N"] * (len(reports) - 1) + ["Y"]
    return reports


@pytest.mark.parametrize(
    ("fields", "told"),
    (
        ("585=7", ["a", "desk-A", "desk-B"]),
        ("585=6", ["desk-A", "desk-B"]),
        ("585=7 1=B", ["desk-B"]),
        ("585=1 55=BTC/USD 54=1", ["a", "desk-A"]),
    ),
)
def test_mass_status_tells_what_was_asked(venue: FixVenue, fields: str, told: list[str]) -> None:
    reports = status(venue, fields)
    assert [report["11"] for report in reports] == told
    assert {report["911"] for report in reports} == {str(len(told))}


def test_mass_status_in_pages_tells_each_order_once(venue: FixVenue) -> None:
    first = status(venue, "585=7 911=2")
    assert [(report["11"], report["911"]) for report in first] == [("a", "2"), ("desk-A", "2")]
    second = status(venue, f"585=7 911=2 37={first[-1]['37']}")
    assert [(report["11"], report["911"]) for report in second] == [("desk-B", "1")]
    (end,) = status(venue, f"585=7 911=1 37={second[-1]['37']}")
    assert (end["37"], end["911"], end["58"]) == ("NONE", "0", "[1017] no open orders match the request")


@pytest.mark.parametrize("fields", ("911=0", "911=1001", "37=x", "37=0"))
def test_page_that_cannot_be_is_refused(venue: FixVenue, fields: str) -> None:
    (report,) = status(venue, f"585=7 {fields}")
    assert (report["39"], report["103"], report["911"]) == ("8", "99", "0")
    assert report["58"].startswith("[1100] ")


def test_page_size_that_is_no_count_is_refused(venue: FixVenue) -> None:
    (report,) = venue.send("AF", "584=s 585=7 911=-1", "DESK")
    assert (report["35"], report["380"]) == ("j", "0")
    assert report["58"].startswith("[2002] TotNumReports(911)")
