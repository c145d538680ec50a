"""What others may get wrong, and what the venue answers: nothing stops it, each answer is the one of FIX 4.4."""

from collections.abc import Iterator
from typing import Final

import pytest

from tests.e2e.venue import Venue
from tests.e2e.wire import Client, Fields, frame, now

pytestmark = pytest.mark.e2e

T: Final = "60=20260102-03:04:05.678|"
ORDER: Final = f"11=A|55=BTC/USD|54=1|38=1|40=2|44=100.00|59=1|{T}"
CANCEL: Final = f"11=B|41=A|55=BTC/USD|54=1|38=1|{T}"
REPLACE: Final = f"11=B|41=A|55=BTC/USD|54=1|38=2|40=2|44=100.00|59=1|{T}"
LONG: Final = "9" * 5_000


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    """One venue for all that is said to it here: it has to survive the lot."""
    venue = Venue(tmp_path_factory.mktemp("venue"))
    venue.start()
    yield venue
    venue.terminate()
    venue.check_log()
    verified = venue.run("journal", "verify", str(venue.data))
    assert verified.returncode == 0, verified.stderr


@pytest.fixture
def client(venue: Venue) -> Iterator[Client]:
    """A client that has just logged on, with sequences at their beginning and no open orders."""
    with Client(venue.port) as client:
        client.log_on()
        client.say("q", f"11=CLEAN{now()}|530=7|{T}")
        client.hear("r")
        yield client


def assert_says(fields: Fields, expected: str) -> None:
    """Check that a message has fields, written `35=3|373=1|`; a tag without value must be absent."""
    for piece in expected.rstrip("|").split("|"):
        tag, _, value = piece.partition("=")
        assert fields.get(tag, "") == value, (piece, fields)


# ------------------------------------------------------------------------------------------ session rejects

REJECTED: Final = {
    "a MsgType that FIX does not have": ("ZZ", T, "373=11|372=ZZ"),
    "a MsgType of one control character": ("\x02", T, "373=11"),
    "no Side": ("D", ORDER.replace("54=1|", ""), "373=1|371=54"),
    "no ClOrdID": ("D", ORDER.replace("11=A|", ""), "373=1|371=11"),
    "no OrdType": ("D", ORDER.replace("40=2|", ""), "373=1|371=40"),
    "no TransactTime": ("D", ORDER.replace(T, ""), "373=1|371=60"),
    "no Symbol": ("D", ORDER.replace("55=BTC/USD|", ""), "373=1|371=55"),
    "a cancel without OrigClOrdID": ("F", CANCEL.replace("41=A|", ""), "373=1|371=41"),
    "a replace without OrdType": ("G", REPLACE.replace("40=2|", ""), "373=1|371=40"),
    "a status request without Side": ("H", "11=A|55=BTC/USD|", "373=1|371=54"),
    "a mass status request without its type": ("AF", "584=X|", "373=1|371=585"),
    "a mass cancel without its scope": ("q", f"11=X|{T}", "373=1|371=530"),
    "a tag without a value": ("D", f"{ORDER}58=|", "373=4|371=58"),
    "a ClOrdID without a value": ("D", ORDER.replace("11=A", "11="), "373=4|371=11"),
    "a side that is none": ("D", ORDER.replace("54=1", "54=Z"), "373=5|371=54"),
    "an order type that is none": ("D", ORDER.replace("40=2", "40=Z"), "373=5|371=40"),
    "a time in force that is none": ("D", ORDER.replace("59=1", "59=Z"), "373=5|371=59"),
    "a side of two characters": ("D", ORDER.replace("54=1", "54=12"), "373=6|371=54"),
    "a quantity in words": ("D", ORDER.replace("38=1", "38=one"), "373=6|371=38"),
    "a quantity with an exponent": ("D", ORDER.replace("38=1", "38=1e3"), "373=6|371=38"),
    "a quantity with a plus": ("D", ORDER.replace("38=1", "38=+1"), "373=6|371=38"),
    "a quantity of two points": ("D", ORDER.replace("38=1", "38=1.0.0"), "373=6|371=38"),
    "a quantity that is not a number": ("D", ORDER.replace("38=1", "38=NaN"), "373=6|371=38"),
    "a quantity in superscript": ("D", ORDER.replace("38=1", "38=\xb2"), "373=6|371=38"),
    "a price in words": ("D", ORDER.replace("44=100.00", "44=best"), "373=6|371=44"),
    "a price of 5,000 digits": ("D", ORDER.replace("44=100.00", f"44={LONG}"), "373=6|371=44"),
    "a quantity of 5,000 zeros": ("D", ORDER.replace("38=1", "38=" + "0" * 5_000 + "1"), "373=6|371=38"),
    "a quantity of 5,000 decimals": ("D", ORDER.replace("38=1", "38=1." + "0" * 5_000), "373=6|371=38"),
    "a time that is none": ("D", ORDER.replace(T, "60=noon|"), "373=6|371=60"),
    "a day that is none": ("D", ORDER.replace(T, "60=20260231-00:00:00|"), "373=6|371=60"),
    "a tag that FIX does not have": ("D", f"{ORDER}4999=1|", "373=0|371=4999"),
    "a tag that is not a number": ("D", f"{ORDER}abc=1|", "373=0|371="),
    "a negative tag": ("D", f"{ORDER}-11=1|", "373=0|371=-11"),
    "a tag with a zero before it": ("D", f"{ORDER}058=1|", "373=0"),
    "a tag of another message": ("D", f"{ORDER}7=1|", "373=2|371=7"),
    "a tag twice": ("D", f"{ORDER}38=1|", "373=13|371=38"),
    "a header field in the body": ("D", f"{ORDER}115=X|", "373=14|371=115"),
    "a value with an SOH in it": ("D", ORDER.replace("11=A", "11=A|B"), "373=17|371=11"),
    "a group with too few entries": ("D", f"{ORDER}453=2|448=X|447=D|452=1|", "373=16|371=453"),
    "a group with fields in another order": ("D", f"{ORDER}453=1|447=D|448=X|452=1|", "373=15|371=447"),
    "a group of a negative size": ("D", f"{ORDER}453=-1|", "373=6|371=453"),
    "a data length that is wrong": ("D", f"{ORDER}354=9|355=abc|", "373=5|371=354"),
    "a data field without its length": ("D", f"{ORDER}355=abc|", "373=1|371=354"),
    "a TestRequest without TestReqID": ("1", "", "373=1|371=112"),
    "a ResendRequest in words": ("2", "7=one|16=two|", "373=6|371=7"),
    "a ResendRequest of 5,000 digits": ("2", f"7={LONG}|16=0|", "373=6|371=7"),
    "a ResendRequest in superscript": ("2", "7=\xb2|16=0|", "373=6|371=7"),
    "a gap fill without NewSeqNo": ("4", "123=Y|", "373=1|371=36"),
    "a gap fill of 5,000 digits": ("4", f"123=Y|36={LONG}|", "373=6|371=36"),
    "a gap fill to where it is": ("4", "123=Y|36=3|", "373=5|371=36"),
    "a reset to what has been": ("4", "36=1|", "373=5|371=36"),
}


@pytest.mark.parametrize("case", REJECTED.values(), ids=list(REJECTED))
def test_malformed_message_is_rejected_and_the_session_goes_on(client: Client, case: tuple[str, str, str]) -> None:
    msg_type, body, expected = case
    number = client.say(msg_type, body)
    reject = client.hear()
    assert_says(reject, f"35=3|45={number}|372={msg_type}|{expected}")
    assert reject["58"]
    assert client.synchronize() == []


def test_message_with_an_empty_msg_type_is_rejected_with_a_well_formed_reject(client: Client) -> None:
    number = client.say("", T)
    assert_says(client.hear(), f"35=3|45={number}|373=4|371=35|372=")
    assert client.synchronize() == []


@pytest.mark.parametrize("value", ("\xb2", LONG, "-1", "x", ""))
@pytest.mark.parametrize("tag", ("7", "16"))
def test_early_resend_request_with_a_bad_number_is_no_more_than_a_gap(client: Client, tag: str, value: str) -> None:
    numbers = {"7": "1", "16": "0", tag: value}
    client.next_out += 1
    client.say("2", "".join(f"{tag}={number}|" for tag, number in numbers.items()))
    assert_says(client.hear(), "35=2|7=3|16=0")
    client.put(client.message("4", 3, "123=Y|36=5|", f"43=Y|122={now()}|"))
    assert client.synchronize() == []


# ----------------------------------------------------------------------------------------- business answers

REFUSED: Final = {
    "unknown instrument": ("D", ORDER.replace("BTC/USD", "XXX/USD"), "35=8|150=8|39=8|103=1|37=NONE|11=A|55=XXX/USD"),
    "unknown account": ("D", f"{ORDER}1=NOBODY|", "35=8|150=8|39=8|103=15|11=A"),
    "another client's account": ("D", f"{ORDER}1=BROKER2-A|", "35=8|150=8|39=8|103=15|11=A"),
    "zero quantity": ("D", ORDER.replace("38=1", "38=0"), "35=8|150=8|103=13|11=A"),
    "negative quantity": ("D", ORDER.replace("38=1", "38=-1"), "35=8|150=8|103=13|11=A"),
    "quantity off the increment": ("D", ORDER.replace("38=1", "38=0.0000005"), "35=8|150=8|103=99|11=A"),
    "quantity above the maximum": ("D", ORDER.replace("38=1", "38=10001"), "35=8|150=8|103=13|11=A"),
    "absurd quantity": ("D", ORDER.replace("38=1", "38=999999999999999999"), "35=8|150=8|103=99|11=A"),
    "zero price": ("D", ORDER.replace("44=100.00", "44=0"), "35=8|150=8|103=99|11=A"),
    "negative price": ("D", ORDER.replace("44=100.00", "44=-100"), "35=8|150=8|103=99|11=A"),
    "price off the tick": ("D", ORDER.replace("44=100.00", "44=100.001"), "35=8|150=8|103=99|11=A"),
    "absurd price": ("D", ORDER.replace("44=100.00", "44=999999999999999999"), "35=8|150=8|103=99|11=A"),
    "price beyond the account": ("D", ORDER.replace("44=100.00", "44=9999999999.99"), "35=8|150=8|103=3|11=A"),
    "limit order without a price": ("D", ORDER.replace("44=100.00|", ""), "35=j|380=5|372=D|379=A"),
    "order without a quantity": ("D", ORDER.replace("38=1|", ""), "35=j|380=5|372=D|379=A"),
    "market order with a price": ("D", ORDER.replace("40=2", "40=1"), "35=8|150=8|103=99|11=A"),
    "market order on an empty book": (
        "D",
        ORDER.replace("40=2|44=100.00|", "40=1|").replace("BTC/USD", "LTC/USD"),
        "35=8|150=8|103=99|11=A",
    ),
    "order type of FIX that the venue lacks": ("D", ORDER.replace("40=2", "40=6"), "35=8|150=8|103=11|11=A"),
    "time in force that the venue lacks": ("D", ORDER.replace("59=1", "59=5"), "35=8|150=8|103=11|11=A"),
    "side that the venue lacks": ("D", ORDER.replace("54=1", "54=5"), "35=8|150=8|103=11|11=A|54=5"),
    "field that the venue does not take": ("D", f"{ORDER}63=0|", "35=8|150=8|103=11|11=A"),
    "group that the venue does not take": ("D", f"{ORDER}453=1|448=X|447=D|452=1|", "35=8|150=8|103=11|11=A"),
    "data that the venue does not take": ("D", f"{ORDER}354=3|355=abc|", "35=8|150=8|103=11|11=A"),
    "currency of another instrument": ("D", f"{ORDER}15=EUR|", "35=8|150=8|103=99|11=A"),
    "handling by hand": ("D", f"{ORDER}21=3|", "35=8|150=8|103=11|11=A"),
    "ClOrdID of 65 characters": ("D", ORDER.replace("11=A", "11=" + "A" * 65), "35=8|150=8|103=99"),
    "ClOrdID of 60,000 characters": ("D", ORDER.replace("11=A", "11=" + "A" * 60_000), "35=8|150=8|103=99"),
    "cancel of an unknown order": ("F", CANCEL.replace("41=A", "41=NONE"), "35=9|434=1|102=1|39=8|37=NONE|41=NONE"),
    "cancel with an absurd OrderID": ("F", f"{CANCEL}37={LONG}|", "35=9|434=1|102=1|39=8|37=NONE|11=B|41=A"),
    "cancel by an unknown account": ("F", f"{CANCEL}1=BROKER2-A|", "35=9|434=1|102=1|39=8|37=NONE"),
    "replace of an unknown order": ("G", REPLACE.replace("41=A", "41=NONE"), "35=9|434=2|102=1|39=8|37=NONE"),
    "replace for an unknown instrument": ("G", REPLACE.replace("BTC/USD", "X"), "35=9|434=2|102=99|39=8|37=NONE"),
    "mass cancel of an unknown instrument": ("q", f"11=M|530=1|55=XXX|{T}", "35=r|531=0|532=1|530=1|11=M"),
    "mass cancel of no instrument": ("q", f"11=M|530=1|{T}", "35=j|380=5|372=q|379=M"),
    "mass cancel scope that the venue lacks": ("q", f"11=M|530=3|{T}", "35=r|531=0|532=0|530=3|11=M"),
    "status of an unknown order": ("H", "11=NONE|55=BTC/USD|54=1|790=S|", "35=8|150=I|39=8|103=5|37=NONE|790=S"),
    "status of all orders where there are none": ("AF", "584=S|585=7|", "35=8|150=I|39=8|37=NONE|584=S|911=0|912=Y"),
    "mass status scope that the venue lacks": ("AF", "584=S|585=3|", "35=j|380=0|372=AF|379=S"),
    "message of FIX that the venue lacks": ("B", "148=X|33=1|58=Y|", "35=j|380=3|372=B"),
    "another message of FIX that it lacks": ("V", "262=X|263=1|264=0|267=1|269=0|146=1|55=X|", "35=j|380=3|372=V"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=list(REFUSED))
def test_request_that_cannot_be_met_is_refused_in_its_own_form(client: Client, case: tuple[str, str, str]) -> None:
    msg_type, body, expected = case
    number = client.say(msg_type, body)
    answer = client.hear()
    assert_says(answer, expected)
    assert answer["58"].startswith("["), "the venue's own code"
    if answer["35"] == "j":
        assert answer["45"] == str(number)
    assert client.synchronize() == []


def test_clordid_is_taken_once(client: Client) -> None:
    order = ORDER.replace("11=A", f"11=ONCE{now()}")
    client.say("D", order)
    first = client.hear()
    assert_says(first, "35=8|150=0|39=0")
    client.say("D", order)
    assert_says(client.hear(), f"35=8|150=8|39=8|103=6|37=NONE|11={first['11']}")
    client.say("D", order, "97=Y|")
    assert_says(client.hear(), f"35=8|150=I|39=0|37={first['37']}|11={first['11']}")
    client.say("F", CANCEL.replace("41=A", f"41={first['11']}").replace("11=B", f"11={first['11']}"))
    assert_says(client.hear(), f"35=9|102=6|434=1|39=0|37={first['37']}")
    assert client.synchronize() == []


def test_finished_order_is_too_late_to_cancel_or_replace(client: Client) -> None:
    name = f"DONE{now()}"
    client.say("D", ORDER.replace("11=A", f"11={name}"))
    order_id = client.hear()["37"]
    client.say("F", CANCEL.replace("41=A", f"41={name}").replace("11=B", f"11={name}/1"))
    assert_says(client.hear(), f"35=8|150=4|39=4|37={order_id}|41={name}|11={name}/1|151=0.000000")
    client.say("F", CANCEL.replace("41=A", f"41={name}").replace("11=B", f"11={name}/2"))
    assert_says(client.hear(), f"35=9|102=0|434=1|39=4|37={order_id}")
    client.say("G", REPLACE.replace("41=A", f"41={name}").replace("11=B", f"11={name}/3"))
    assert_says(client.hear(), f"35=9|102=0|434=2|39=4|37={order_id}")
    assert client.synchronize() == []


def test_order_of_another_client_is_unknown(venue: Venue, client: Client) -> None:
    name = f"MINE{now()}"
    client.say("D", ORDER.replace("11=A", f"11={name}"))
    order_id = client.hear()["37"]
    with Client(venue.port, "BROKER2") as other:
        other.log_on()
        for msg_type, body in (
            ("F", CANCEL.replace("41=A", f"41={name}")),
            ("F", f"{CANCEL}37={order_id}|".replace("41=A", f"41={name}")),
            ("G", REPLACE.replace("41=A", f"41={name}")),
        ):
            other.say(msg_type, body)
            assert_says(other.hear(), "35=9|102=1|39=8|37=NONE")
        other.say("H", f"11={name}|37={order_id}|55=BTC/USD|54=1|")
        assert_says(other.hear(), "35=8|150=I|39=8|37=NONE")
        other.say("q", f"11=ALL{name}|530=7|{T}")
        assert_says(other.hear(), "35=r|531=7|533=0")
        other.log_out()
    client.say("H", f"11={name}|55=BTC/USD|54=1|")
    assert_says(client.hear(), f"35=8|150=I|39=0|37={order_id}")


# -------------------------------------------------------------------------------------------------- garbled

GARBLED: Final = {
    "CheckSum is wrong": lambda good: good[:-4] + f"{(int(good[-4:-1]) + 1) % 256:03d}\x01".encode(),
    "BodyLength is too small": lambda good: b"8=FIX.4.4\x019=5\x01" + good[good.index(b"35=") :],
    "BodyLength is greater than any": lambda good: b"8=FIX.4.4\x019=999999999\x01" + good[good.index(b"35=") :],
    "BodyLength is no number": lambda good: good.replace(b"\x019=", b"\x019=x", 1),
    "BodyLength is negative": lambda good: good.replace(b"\x019=", b"\x019=-", 1),
    "MsgType is not third": lambda good: frame("49=BROKER1|35=D|56=FONDACO|34=3|52=20260101-00:00:00|"),
    "BodyLength is not second": lambda good: b"8=FIX.4.4\x01" + good[good.index(b"35=") :],
    "BeginString is not first": lambda good: good[10:],
    "there is only a CheckSum": lambda good: b"10=000\x01",
    "it is not FIX at all": lambda good: b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "it is all SOH": lambda good: b"\x01" * 1_000,
    "it is all zeros": lambda good: b"\x00" * 1_000,
    "it is every byte there is": lambda good: bytes(range(256)) * 10,
}


@pytest.mark.parametrize("garble", GARBLED.values(), ids=list(GARBLED))
def test_garbled_message_is_ignored_and_its_number_is_still_expected(client: Client, garble: object) -> None:
    assert callable(garble)
    good = client.message("D", client.next_out, ORDER.replace("11=A", f"11=G{now()}"))
    client.put(garble(good))
    client.put(good)
    client.next_out += 1
    assert_says(client.hear(), "35=8|150=0")
    assert client.synchronize() == []


def test_message_after_a_garbled_one_is_a_gap_and_is_asked_for(client: Client) -> None:
    lost = ORDER.replace("11=A", f"11=LOST{now()}")
    client.put(client.message("D", client.next_out, lost).replace(b"|54=1", b"|54=2").replace(b"54=1", b"54=2"))
    after = client.next_out + 1
    client.next_out = after
    client.say("D", ORDER)
    assert_says(client.hear(), f"35=2|7={after - 1}|16=0")
    for number, order in ((after - 1, lost), (after, lost.replace("LOST", "AFTER"))):
        client.put(client.message("D", number, order, f"43=Y|122={now()}|"))
        assert_says(client.hear(), f"35=8|150=0|11={order[3:].partition('|')[0]}")
    assert client.synchronize() == []


def test_message_that_claims_more_bytes_than_it_has_swallows_no_other(client: Client) -> None:
    names = [f"CLAIM{n}/{now()}" for n in range(10)]
    good = [client.message("D", client.next_out + n, ORDER.replace("11=A", f"11={names[n]}")) for n in range(10)]
    client.put(frame("35=0|").replace(b"9=5", b"9=1000"))
    client.put(b"".join(good))
    client.next_out += 10
    for n in range(10):
        assert_says(client.hear(), f"35=8|150=0|11={names[n]}")
    assert client.synchronize() == []


# ----------------------------------------------------------------------------------- the end of the session

ENDED: Final = {
    "another SenderCompID": ("49=BROKER1", "49=BROKER9", "373=9"),
    "another TargetCompID": ("56=FONDACO", "56=NASDAQ", "373=9"),
    "a SendingTime of last year": ("52=2", "52=1", "373=10"),
    "a SendingTime in words": ("52=2", "52=at 2", "373=10"),
}


@pytest.mark.parametrize("case", ENDED.values(), ids=list(ENDED))
def test_message_of_a_stranger_or_of_another_time_ends_the_session(client: Client, case: tuple[str, str, str]) -> None:
    old, new, expected = case
    raw = client.message("D", 3, ORDER).decode().partition("\x0135=")[2].rpartition("\x0110=")[0]
    client.put(frame(f"35={raw}|".replace("\x01", "|").replace(old, new, 1)))
    reject, logout = client.hear_end()
    assert_says(reject, f"35=3|45=3|372=D|{expected}")
    assert_says(logout, "35=5")
    assert logout["58"]
