"""What an account has, asked for over FIX: positions and collateral."""

import pytest

from engine import commands
from tests.fixgw.venue import NOW, Told, Venue

POSITIONS = f"710=P|724=0|1=ACC1|581=1|715=20261118|60={NOW}|"
INQUIRY = "909=C|1=ACC1|"


@pytest.fixture
def venue() -> Venue:
    return Venue(funds=50_000_000_000)


def by_asset(told: list[Told]) -> dict[str, Told]:
    return {report["15"]: report for report in told}


def test_positions_are_acknowledged_with_their_number_and_told_one_by_one(venue: Venue) -> None:
    ack, *reports = venue.say("AN", POSITIONS)
    assert ack.msg_type == "AO"
    assert ack.has("710=P|727=3|728=0|729=0|1=ACC1|581=1|")
    assert [report.msg_type for report in reports] == ["AP"] * 3
    bitcoin = by_asset(reports)["BTC"]
    assert bitcoin.has("710=P|727=3|1=ACC1|704=50.000000000|708=50.000000000|")
    assert bitcoin["715"] == NOW[:8]


def test_what_an_open_order_reserves_is_not_free(venue: Venue) -> None:
    venue.order("sale", "2", "1", "100")
    bitcoin = by_asset(venue.say("AN", POSITIONS)[1:])["BTC"]
    assert [value for tag, value in bitcoin.pairs if tag in ("707", "708")] == [
        "CASH",
        "50.000000000",
        "CRES",
        "49.000000000",
    ]
    collateral = by_asset(venue.say("BB", INQUIRY)[1:])["BTC"]
    assert collateral.has("909=C|910=3|1=ACC1|899=49.000000000|900=50.000000000|")


def test_what_is_held_for_a_withdrawal_is_not_free(venue: Venue) -> None:
    venue.apply(commands.HoldWithdrawal("ACC1", "BTC", 10**9, "W-1", "staff", ""))
    bitcoin = by_asset(venue.say("AN", POSITIONS)[1:])["BTC"]
    assert [value for tag, value in bitcoin.pairs if tag == "708"] == ["50.000000000", "49.000000000"]
    collateral = by_asset(venue.say("BB", INQUIRY)[1:])["BTC"]
    assert collateral.has("899=49.000000000|900=50.000000000|")


def test_inquiry_without_an_account_is_for_all_of_the_session(venue: Venue) -> None:
    ack, *reports = venue.say("BB", "909=C|")
    assert ack.msg_type == "BG"
    assert ack.has("909=C|945=2|946=0|911=6|")
    assert [(report["1"], report["15"]) for report in reports] == [
        (account, asset) for account in ("ACC1", "ACC1B") for asset in ("BTC", "ETH", "USD")
    ]
    assert [report["912"] for report in reports] == ["N"] * 5 + ["Y"]


def test_account_with_nothing_has_no_reports() -> None:
    (ack,) = Venue(funds=0).say("AN", POSITIONS)
    assert ack.has("727=0|728=0|729=0|")


def test_account_of_another_is_not_told(venue: Venue) -> None:
    (ack,) = venue.say("AN", POSITIONS.replace("ACC1", "ACC2"))
    assert ack.has("727=0|728=3|729=2|1=ACC2|")
    assert ack["58"].startswith("[1002]")
    (ack,) = venue.say("BB", INQUIRY.replace("ACC1", "ACC2"))
    assert ack.has("945=4|946=99|911=0|1=ACC2|")


@pytest.mark.parametrize(
    ("msg_type", "fields", "tag"),
    (
        ("AN", POSITIONS.replace("724=0", "724=1"), "724"),
        ("AN", POSITIONS + "263=1|", "263"),
        ("BB", INQUIRY + "263=1|", "263"),
    ),
)
def test_what_is_not_offered_is_refused_by_its_field(venue: Venue, msg_type: str, fields: str, tag: str) -> None:
    (answer,) = venue.say(msg_type, fields)
    assert (answer.msg_type, answer["372"]) == ("j", msg_type)
    assert f"({tag})" in answer["58"]
    assert answer["58"].startswith("[2002]")
