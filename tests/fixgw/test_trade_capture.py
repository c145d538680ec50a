"""Trades asked for over FIX: which ones, in what form, and how an answer goes on."""

import pytest

from engine import commands, trade_queries
from engine.profile import CopyScope, SessionProfile, SessionRole
from tests.fixgw.venue import NOW, Told, Venue

ALL = "568=T|569=0|"


def traded(count: int = 2) -> Venue:
    """Return a venue where BROKER2 has sold to BROKER1 so often, one lot more each time."""
    venue = Venue()
    for number in range(1, count + 1):
        venue.order(f"b{number}", "1", str(number), "100")
        venue.order(f"s{number}", "2", str(number), "100", by="BROKER2")
    return venue


def exec_ids(told: list[Told]) -> list[str]:
    return [report["17"] for report in told if report.msg_type == "AE"]


def test_trades_are_acknowledged_with_their_number_and_told_one_by_one() -> None:
    ack, first, second = traded().say("AD", ALL)
    assert ack.msg_type == "AQ"
    assert ack.has("568=T|569=0|748=2|749=0|750=1|")
    assert first.has("568=T|748=2|912=N|17=T1-0|55=BTC/USD|32=1.000000|31=100.00|552=1|54=1|11=b1|1=ACC1|1003=1|")
    assert first.has(f"75={NOW[:8]}|60={NOW}|487=0|")
    assert second.has("912=Y|17=T2-0|32=2.000000|")


def test_taker_is_told_its_own_side_with_its_fee() -> None:
    _, first, _ = traded().say("AD", ALL, by="BROKER2")
    assert first.has("17=T1-1|54=2|11=s1|1=ACC2|136=1|137=0.02000000|138=USD|139=4|")


@pytest.mark.parametrize(
    ("fields", "expected"),
    (
        ("17=T2-0|", ["T2-0", "T3-0"]),
        ("17=3|", ["T3-0"]),
        ("17=T9|", []),
        ("55=BTC/USD|", ["T1-0", "T2-0", "T3-0"]),
        ("55=ETH/USD|", []),
        ("37=3|", ["T2-0"]),
        (f"580=1|75={NOW[:8]}|", ["T1-0", "T2-0", "T3-0"]),
        (f"580=1|75={NOW[:8]}|60={NOW}|", ["T1-0", "T2-0", "T3-0"]),
        ("580=1|75=20261119|", []),
        ("580=2|75=20261101|75=20261117|", []),
        (f"580=2|75=20261101|75={NOW[:8]}|", ["T1-0", "T2-0", "T3-0"]),
    ),
)
def test_trades_are_those_that_are_asked_for(fields: str, expected: list[str]) -> None:
    assert exec_ids(traded(3).say("AD", "568=T|569=1|" + fields)) == expected


def test_busted_and_corrected_trades_say_so() -> None:
    venue = traded()
    venue.apply(commands.BustTrade(1, "mira", ""))
    venue.apply(commands.CorrectTrade(2, 9_000, 1_500_000, "mira", ""))
    _, busted, corrected = venue.say("AD", ALL)
    assert busted.has("487=1|17=T1-0|32=1.000000|31=100.00|")
    assert corrected.has("487=2|17=T2-0|32=1.500000|31=90.00|")


def test_answer_that_could_not_tell_all_says_where_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trade_queries, "LOOKED_AT_MAX", 2)
    venue = traded(5)
    ack, *reports = venue.say("AD", ALL)
    assert exec_ids(reports) == ["T1-0", "T2-0"]
    assert ack["58"] == "there may be more: ask again with 17=T3"
    assert exec_ids(venue.say("AD", ALL + "17=T3|")) == ["T3-0", "T4-0"]
    ack, *reports = venue.say("AD", ALL + "17=T5|")
    assert exec_ids(reports) == ["T5-0"]
    assert "58" not in ack


def test_drop_copy_session_sees_both_sides_of_its_scope() -> None:
    venue = traded(1)
    profile = SessionProfile(SessionRole.DROP_COPY, copies=CopyScope(("ACC1",), ("ACC2",)))
    venue.apply(commands.ProvisionSession("BROKER1", (), "", profile=profile))
    assert exec_ids(venue.say("AD", ALL)) == ["T1-0", "T1-1"]


def test_stranger_sees_nothing() -> None:
    assert exec_ids(traded().say("AD", ALL, by="BROKER3")) == ["T1-0", "T2-0"]
    venue = traded()
    venue.apply(commands.ProvisionSession("BROKER3", ("ACC3",), ""))
    (ack,) = venue.say("AD", ALL, by="BROKER3")
    assert ack.has("748=0|749=0|750=1|")


def test_unknown_instrument_is_refused_in_the_answer() -> None:
    (ack,) = traded().say("AD", ALL + "55=XRP/USD|")
    assert ack.has("748=0|749=1|750=2|")
    assert ack["58"].startswith("[1001]")


@pytest.mark.parametrize("fields", ("17=X|", "37=X|", "263=1|", "580=1|75=20261118|60=20261332-00:00:00|"))
def test_what_cannot_be_asked_for_is_refused(fields: str) -> None:
    (answer,) = traded().say("AD", ALL + fields)
    assert answer.msg_type in "3j"


def test_trade_request_of_another_type_is_refused() -> None:
    (answer,) = traded().say("AD", "568=T|569=2|")
    assert (answer.msg_type, answer["58"][:6]) == ("j", "[2002]")
