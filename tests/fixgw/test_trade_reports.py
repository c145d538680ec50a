"""Busts and corrections as the brokers on both sides of the trade read them."""

from engine.commands import BustTrade, CorrectTrade
from engine.values import BUY, SELL
from fixgw.delivery import recipients
from tests.fixgw.over_fix import Fields, FixVenue


def fields_of(report: Fields, *tags: int) -> list[str | None]:
    return [report.get(str(tag)) for tag in tags]


def traded() -> tuple[FixVenue, list[Fields]]:
    """Return a venue where A's bid of 0.500 has been hit for 0.200 by B, and what it told both of the trade."""
    venue = FixVenue()
    venue.enter("38=0.500 40=2 44=50.00 59=1", BUY, "A", "bid")
    _, *fills = venue.enter("38=0.200 40=2 44=50.00 59=3", SELL, "B", "hit")
    return venue, fills


def test_a_bust_names_the_fill_and_takes_it_back() -> None:
    venue, fills = traded()
    events = venue.apply(BustTrade(1, "mira", "a wrong price"))
    assert [session for event in events for session, _ in recipients(event)] == ["A", "B"]
    reports = venue.told(events)
    assert fields_of(reports[0], 35, 150, 39, 37, 11, 1, 54) == ["8", "H", "0", "1", "bid", "A", "1"]
    assert fields_of(reports[1], 35, 150, 39, 37, 11, 1, 54) == ["8", "H", "4", "2", "hit", "B", "2"]
    assert fields_of(reports[0], 38, 151, 14, 6) == ["0.500", "0.300", "0.000", "0"]
    assert fields_of(reports[1], 38, 151, 14, 6) == ["0.200", "0.000", "0.000", "0"]
    for report, fill in zip(reports, fills, strict=True):
        assert report["19"] == fill["17"]
        assert fields_of(report, 32, 31, 1003) == fields_of(fill, 32, 31, 1003) == ["0.200", "50.00", "1"]
        assert report["58"] == "the venue has busted this trade: a wrong price"
        assert "136" not in report
    assert len({report["17"] for report in (*fills, *reports)}) == 4


def test_a_correction_tells_what_the_trade_is_now() -> None:
    venue, fills = traded()
    venue.told(venue.apply(CorrectTrade(1, 4_900, 200, "mira", "")))
    reports = venue.told(venue.apply(CorrectTrade(1, 4_800, 100, "mira", "")))
    for report, fill in zip(reports, fills, strict=True):
        assert fields_of(report, 150, 19, 32, 31, 14, 6) == ["G", fill["17"], "0.100", "48.00", "0.100", "48.00"]
        assert report["58"] == "the venue has corrected this trade"
    assert [report["39"] for report in reports] == ["1", "4"]


def test_the_status_of_an_order_is_what_the_correction_said() -> None:
    venue, _ = traded()
    venue.apply(BustTrade(1, "mira", ""))
    (status,) = venue.send("H", "11=bid 55=BTC/USD 54=1")
    assert fields_of(status, 150, 39, 38, 151, 14) == ["I", "0", "0.500", "0.300", "0.000"]
    (status,) = venue.send("H", "11=hit 55=BTC/USD 54=2", "B")
    assert fields_of(status, 150, 39, 38, 151, 14) == ["I", "4", "0.200", "0.000", "0.000"]
