"""Logon: who may, who may not, and what each hears; and connections on which nobody ever logs on."""

from collections.abc import Iterator
from typing import Final

import pytest

from fixgw.authentication import NOT_OF_THE_SESSION
from tests.e2e.conftest import MakeVenue
from tests.e2e.venue import Venue
from tests.e2e.wire import Client, Disconnected, frame, now

pytestmark = pytest.mark.e2e

GOOD: Final = "98=0|108=30|141=Y|553=BROKER1|554=sandbox-only|"


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    venue = Venue(tmp_path_factory.mktemp("venue"), fix={"logon_timeout_s": 1})
    venue.start()
    yield venue
    venue.terminate()
    venue.check_log()


REFUSED: Final = {
    "a wrong password": (GOOD.replace("sandbox-only", "guess"), NOT_OF_THE_SESSION),
    "another's name": (GOOD.replace("553=BROKER1", "553=BROKER2"), NOT_OF_THE_SESSION),
    "no credentials": ("98=0|108=30|141=Y|", NOT_OF_THE_SESSION),
    "an empty password": (GOOD.replace("sandbox-only", ""), NOT_OF_THE_SESSION),
    "a password of 60,000 characters": (GOOD.replace("only", "x" * 60_000), NOT_OF_THE_SESSION),
    "no HeartBtInt": (GOOD.replace("108=30|", ""), "Required tag missing: tag 108"),
    "a HeartBtInt of 0": (GOOD.replace("108=30", "108=0"), "HeartBtInt(108) must be 1 to 3600 seconds"),
    "a negative HeartBtInt": (GOOD.replace("108=30", "108=-1"), "HeartBtInt(108) must be 1 to 3600 seconds"),
    "a HeartBtInt of 5,000 digits": (GOOD.replace("108=30", "108=" + "9" * 5_000), "Incorrect data format for value"),
    "no EncryptMethod": (GOOD.replace("98=0|", ""), "Required tag missing: tag 98"),
    "encryption": (GOOD.replace("98=0", "98=1"), "EncryptMethod(98) must be 0 (none)"),
    "a tag of another message": (f"{GOOD}55=X|", "Tag not defined for this message type: tag 55"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=list(REFUSED))
def test_logon_that_cannot_be_accepted_is_answered_by_a_logout_that_says_why(
    venue: Venue, case: tuple[str, str]
) -> None:
    body, text = case
    with Client(venue.port) as client:
        client.say("A", body)
        (logout,) = client.hear_end()
    assert logout["35"] == "5"
    assert logout["58"].startswith(text)
    log_on_and_out(venue)


HEADERS: Final = {
    "another version of FIX": ("8=FIX.4.4", "8=FIX.4.2", "Incorrect BeginString: FIX.4.2, expected FIX.4.4"),
    "a SendingTime of last year": ("\x0152=2", "\x0152=1", "SendingTime(52) must be within 120 seconds"),
    "a reset that does not begin at 1": ("\x0134=1", "\x0134=2", "MsgSeqNum(34) must be 1"),
    "a number in words": ("\x0134=1", "\x0134=one", "Incorrect data format for value: tag 34"),
    "a number of 5,000 digits": ("\x0134=1", "\x0134=" + "9" * 5_000, "Incorrect data format for value: tag 34"),
    "no number": ("\x0134=1", "", "Required tag missing: tag 34"),
}


@pytest.mark.parametrize("case", HEADERS.values(), ids=list(HEADERS))
def test_logon_with_a_bad_header_is_answered_by_a_logout_that_says_why(
    venue: Venue, case: tuple[str, str, str]
) -> None:
    old, new, text = case
    with Client(venue.port) as client:
        good = client.message("A", 1, GOOD).decode()
        body = good.partition("\x01")[2].partition("\x01")[2].rpartition("10=")[0]
        begin_string = "FIX.4.2" if "4.2" in new else "FIX.4.4"
        client.put(
            frame(body.replace("\x01", "|").replace(old.replace("\x01", "|"), new.replace("\x01", "|")), begin_string)
        )
        (logout,) = client.hear_end()
    assert logout["35"] == "5"
    assert logout["58"].startswith(text)
    log_on_and_out(venue)


def test_number_below_the_expected_one_is_refused_and_says_which_is_expected(venue: Venue) -> None:
    log_on_and_out(venue)
    with Client(venue.port) as client:
        client.say("A", GOOD.replace("141=Y|", ""))
        (logout,) = client.hear_end()
    assert logout["58"] == "MsgSeqNum too low, expecting 3 but received 1"
    with Client(venue.port, next_out=3) as client:
        assert client.log_on("")["34"] == "4"
        client.log_out()


def test_next_expected_number_that_never_was_is_refused(venue: Venue) -> None:
    log_on_and_out(venue)
    with Client(venue.port, next_out=3) as client:
        client.log_on("789=4|")
        assert client.received[-1]["58"] == "NextExpectedMsgSeqNum(789) too high, expecting at most 3 but received 4"


@pytest.mark.parametrize(
    ("old", "new"),
    (
        ("49=BROKER1", "49=BROKER9"),
        ("49=BROKER1", "49=" + "X" * 60_000),
        ("56=FONDACO", "56=NASDAQ"),
        ("49=BROKER1|", ""),
    ),
)
def test_logon_between_parties_that_the_venue_does_not_know_is_not_answered(venue: Venue, old: str, new: str) -> None:
    with Client(venue.port) as client:
        client.put(frame(f"35=A|49=BROKER1|56=FONDACO|34=1|52={now()}|{GOOD}".replace(old, new)))
        assert client.hear_end() == []
    log_on_and_out(venue)


def test_second_logon_of_a_session_is_hung_up_on_and_the_first_goes_on(venue: Venue) -> None:
    with Client(venue.port) as first:
        first.log_on()
        for _ in range(3):
            with Client(venue.port) as second:
                second.say("A", GOOD)
                assert second.hear_end() == []
        assert first.synchronize() == []
        first.log_out()


def test_logon_within_a_session_ends_it(venue: Venue) -> None:
    with Client(venue.port) as client:
        client.log_on()
        client.say("A", GOOD.replace("141=Y|", ""))
        (logout,) = client.hear_end()
        assert logout["58"] == "Logon received on an active session"
    log_on_and_out(venue)


def test_messages_right_behind_the_logon_are_answered_after_it(venue: Venue) -> None:
    with Client(venue.port) as client:
        messages = [client.message("A", 1, GOOD)]
        messages += [client.message("1", number, f"112=T{number}|") for number in range(2, 100)]
        client.put(b"".join(messages))
        client.next_out = 100
        assert client.hear()["35"] == "A"
        assert [client.hear()["112"] for _ in range(2, 100)] == [f"T{number}" for number in range(2, 100)]
        client.log_out()


@pytest.mark.parametrize(
    "opening",
    (
        frame(f"35=D|49=BROKER1|56=FONDACO|34=1|52={now()}|11=A|55=BTC/USD|54=1|60={now()}|40=1|38=1|"),
        frame(f"35=0|49=BROKER1|56=FONDACO|34=1|52={now()}|"),
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"8=FIX.4.4\x019=5\x0135=A\x0110=000\x01",
        b"\x00",
    ),
    ids=("order", "heartbeat", "HTTP", "TLS", "no header", "NUL"),
)
def test_connection_that_begins_with_anything_but_a_logon_is_dropped(venue: Venue, opening: bytes) -> None:
    with Client(venue.port) as client:
        client.put(opening)
        assert client.hear_end() == []
    log_on_and_out(venue)


@pytest.mark.parametrize("share", (0.0, 0.01, 0.5, 0.99))
def test_connection_without_a_whole_logon_is_dropped_after_a_while(venue: Venue, share: float) -> None:
    with Client(venue.port) as client:
        logon = client.message("A", 1, GOOD)
        client.put(logon[: int(len(logon) * share)])
        assert client.hear_end() == []
    log_on_and_out(venue)


def test_half_a_message_and_silence_end_the_session_after_its_heartbeats(venue: Venue) -> None:
    with Client(venue.port, "BROKER2") as other, Client(venue.port) as client:
        other.log_on()
        client.say("A", GOOD.replace("108=30", "108=1"))
        client.put(client.message("D", 2, "11=A|")[:-20])
        heard = client.hear_end()
        assert [fields["35"] for fields in heard if fields["35"] != "0"] == ["A", "1", "5"]
        assert heard[-1]["58"] == "no answer to TestRequest"
        assert other.synchronize() == []
        other.log_out()
    log_on_and_out(venue)


def test_refused_logons_use_up_their_numbers_and_no_more(make_venue: MakeVenue) -> None:
    venue = make_venue()
    venue.start()
    with Client(venue.port) as client:
        client.log_on("", password="guess")
    with Client(venue.port) as client:
        logon = client.log_on("")
        assert (logon["35"], logon["34"]) == ("A", "2")
        client.say("2", "7=1|16=0|")
        assert client.hear()["36"] == "3"
        client.log_out()


def log_on_and_out(venue: Venue) -> None:
    """The venue is open to who may."""
    with Client(venue.port) as client:
        logon = client.log_on()
        assert (logon["35"], logon["34"]) == ("A", "1")
        client.log_out()


def test_client_that_hangs_up_at_any_moment_of_its_logon_may_come_again(venue: Venue) -> None:
    for size in (0, 1, 50, None):
        with Client(venue.port) as client:
            client.put(client.message("A", 1, GOOD)[:size])
    log_on_eventually(venue)


def log_on_eventually(venue: Venue) -> None:
    while True:
        with Client(venue.port) as client:
            try:
                client.log_on()
            except Disconnected:
                continue
            client.log_out()
            return
