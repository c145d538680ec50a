"""Valid messages, mutated at random: the venue survives them, answers what it understands, and others keep trading."""

import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest

from fixgw.codec import Framer
from fixgw.support import LATER_FIELDS
from fixgw.validation import find_flaw
from fixgw.version import FIX44
from tests.e2e.conftest import MakeVenue
from tests.e2e.test_quickfix_initiator import extended_dictionary
from tests.e2e.test_resources import Pair, memory_stays_bounded
from tests.e2e.venue import Venue
from tests.e2e.wire import Client, Disconnected, Fields, frame, now

pytestmark = pytest.mark.e2e

TAGS: Final = tuple(FIX44.dictionary.fields)
FIELDS_MUTATED: Final = 5_000
BYTES_MUTATED: Final = 10_000
BURST: Final = 10
STRANGERS: Final = 100
EXTENSIONS: Final = frozenset(LATER_FIELDS)
"""Fields of later versions of FIX in our reports."""
FILLER: Final = b"X" * 65_536
"""Enough to end whatever a mutated BodyLength claims."""

Pieces = list[tuple[str, str]]


class Messages:
    """Messages as brokers send them, of all types; some are about orders sent before."""

    def __init__(self, randomness: random.Random) -> None:
        self.randomness = randomness
        self.count = 0

    def body(self) -> tuple[str, Pieces]:
        """Return a MsgType and a body."""
        pick = self.randomness
        self.count += 1
        name, earlier = f"N{self.count}", f"N{pick.randint(1, self.count)}"
        terms = [("55", "BTC/USD"), ("54", pick.choice("12")), ("38", pick.choice(("1", "0.5", "2.000000")))]
        kind = [("40", "2"), ("44", f"{pick.randint(90, 110)}.{pick.randint(0, 99):02d}"), ("59", pick.choice("0134"))]
        time = [("60", now())]
        msg_type = pick.choice(
            ("D", "D", "D", "D", "F", "F", "G", "G", "q", "q", "H", "AF", "0", "1", "2", "3", "B", "j")
        )
        bodies: dict[str, Pieces] = {
            "D": [("11", name), *terms, *kind, *time],
            "F": [("11", name), ("41", earlier), *terms, *time],
            "G": [("11", name), ("41", earlier), *terms, *kind, *time],
            "q": [("11", name), ("530", pick.choice("17")), ("55", "BTC/USD"), *time],
            "H": [("11", earlier), *terms[:2], ("790", name)],
            "AF": [("584", name), ("585", pick.choice("17")), ("55", "BTC/USD")],
            "0": [("112", name)],
            "1": [("112", name)],
            "2": [("7", str(pick.randint(1, 50))), ("16", str(pick.randint(1, 50)))],
            "3": [("45", "1"), ("58", "no")],
            "B": [("148", "news"), ("33", "1"), ("58", "text")],
            "j": [("45", "1"), ("372", "8"), ("380", "0")],
        }
        return msg_type, bodies[msg_type]


NASTY: Final = (
    *("", " ", "0", "-0", "-1", "1", "00", ".", "-", "1.", ".5", "1e9", "NaN", "inf", "+1", "0x10", "9" * 18, "9" * 19),
    *(
        "9" * 400,
        "0." + "0" * 17 + "1",
        "\xb2",
        "\xff",
        "\x00",
        "\x02",
        "=",
        "==",
        "a=b",
        "Y",
        "N",
        "|",
        "%s%n",
        "{}",
        "\\",
    ),
    *("20260102-03:04:05", "99999999-99:99:99", "A" * 64, "A" * 65, "A" * 3_000, "BROKER2-A", "XXX/YYY", "BTC/USD "),
    *("2147483647", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "-9223372036854775808"),
)


def mutate(pick: random.Random, pieces: Pieces) -> Pieces:
    """Return the fields with one thing changed."""
    pieces = list(pieces)
    at = pick.randrange(len(pieces)) if pieces else 0
    tag, value = pieces[at] if pieces else ("58", "x")
    match pick.randrange(12):
        case 0:
            del pieces[at : at + 1]
        case 1:
            pieces.insert(pick.randint(0, len(pieces)), (tag, value))
        case 2:
            pick.shuffle(pieces)
        case 3 | 4 | 5:
            pieces[at : at + 1] = [(tag, pick.choice(NASTY))]
        case 6:
            pieces.insert(at, (pick.choice(TAGS), pick.choice(NASTY)))
        case 7:
            pieces.insert(at, (pick.choice(TAGS), value))
        case 8:
            pieces[at : at + 1] = [
                (pick.choice(("", "0", "-1", "x", "058", "4999", "9" * 30, "\xb2", "35", "10")), value)
            ]
        case 9:
            size = pick.choice((0, 1, 2, 3, 100))
            entry = [("448", "P"), ("447", "D"), ("452", "1")]
            pieces[at:at] = [("453", str(pick.choice((size, size + 1)))), *(entry * size)]
        case 10:
            length, data = pick.choice((("354", "355"), ("95", "96"), ("212", "213")))
            pieces[at:at] = [(length, pick.choice(("3", "4", "0", "999"))), (data, pick.choice(("a\x01b", "abc", "=")))]
        case _:
            cut = pick.randint(0, len(value))
            pieces[at : at + 1] = [(tag, value[:cut] + pick.choice("\x01=\x00\xff ") + value[cut:])]
    return pieces


def content(pieces: Pieces) -> str:
    return "".join(f"{tag}={value}\x01" for tag, value in pieces)


class Fuzzer:
    """A broker whose messages are mutated; it keeps the venue's expected number ahead of all that it may have said."""

    def __init__(self, venue: Venue, inspect: Callable[[bytes], None]) -> None:
        """`inspect` is shown each message of the venue."""
        self.venue = venue
        self.inspect = inspect
        self.ended_count = 0
        self.connect()

    def connect(self) -> None:
        self.client = Client(self.venue.port)
        self.client.inspect = self.inspect
        assert self.client.log_on()["35"] == "A"

    def exchange(self, pieces: Iterable[bytes], last_number: int) -> list[Fields]:
        """Send what may hold messages up to `last_number`; return all answers. The session is there afterwards."""
        client = self.client
        client.next_out = last_number + 2
        client.received.clear()
        try:
            for piece in (*pieces, client.message("4", last_number + 1, f"36={client.next_out}|")):
                client.put(piece)
            return client.synchronize()
        except (Disconnected, ConnectionError):
            client.hear_end()
            client.close()
            self.ended_count += 1
            self.connect()
            return client.received

    def mutate_fields(self, pick: random.Random, count: int) -> None:
        """Send well-framed messages with mutated fields; each that is for the application gets an answer."""
        messages = Messages(pick)
        for _ in range(count):
            msg_type, body = messages.body()
            number = self.client.next_out
            header = [("35", msg_type), ("49", "BROKER1"), ("56", "FONDACO"), ("34", str(number)), ("52", now())]
            is_of_header = pick.random() < 0.1
            if is_of_header:
                header = header[:1] + mutate(pick, header[1:])
            else:
                for _ in range(pick.choice((0, 1, 1, 1, 2, 3))):
                    body = mutate(pick, body)
            answers = self.exchange([frame((content(header) + content(body)).replace("|", "/"))], number)
            if not is_of_header and msg_type in {"D", "F", "G", "q", "H", "AF", "B"}:
                assert answers, (header, body)
        assert self.ended_count < count / 5, "most messages should get as far as the application"

    def mutate_bytes(self, pick: random.Random, count: int) -> None:
        """Send bursts of messages with mutated bytes."""
        messages = Messages(pick)
        for _ in range(count // BURST):
            raw = b""
            number = self.client.next_out
            for offset in range(BURST):
                msg_type, body = messages.body()
                raw += mutate_bytes(pick, self.client.message(msg_type, number + offset, content(body)))
            self.exchange([raw, FILLER], number + BURST)


def inspect_by_our_dictionary(raw: bytes) -> None:
    """What the venue sends has no flaw by FIX 4.4."""
    (message,) = Framer().receive(raw)
    flaw = find_flaw(message, FIX44.dictionary, EXTENSIONS)
    assert flaw is None, (flaw, raw)


@pytest.fixture(params=["uvloop", "asyncio"])
def fuzzed(make_venue: MakeVenue, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Venue]:
    """A venue on either event loop; others trade on it before and after, and its memory is watched."""
    if request.param == "asyncio":
        (tmp_path / "uvloop.py").write_text("raise ImportError('not in this test')\n", encoding="utf-8")
    venue = make_venue(patches=tmp_path, sync="relaxed")
    venue.start()
    pair = Pair(venue)
    pair.trade()
    with memory_stays_bounded(venue):
        yield venue
    pair.trade()
    pair.close()
    venue.terminate()
    assert venue.run("journal", "verify", str(venue.data)).returncode == 0


def test_mutated_fields_are_answered_and_never_ignored(fuzzed: Venue) -> None:
    fuzzer = Fuzzer(fuzzed, inspect_by_our_dictionary)
    fuzzer.mutate_fields(random.Random(1), FIELDS_MUTATED)
    fuzzer.client.close()


@pytest.mark.quickfix
def test_quickfix_finds_no_fault_with_any_answer_to_mutated_fields(make_venue: MakeVenue, tmp_path: Path) -> None:
    venue = make_venue(sync="relaxed")
    venue.start()
    quickfix = pytest.importorskip("quickfix")
    dictionary = quickfix.DataDictionary(str(extended_dictionary(tmp_path)))

    def inspect(raw: bytes) -> None:
        if raw.isascii():  # The binding knows UTF-8 only.
            dictionary.validate(quickfix.Message(raw.decode("ascii"), dictionary, True))

    fuzzer = Fuzzer(venue, inspect)
    fuzzer.mutate_fields(random.Random(2), FIELDS_MUTATED)
    fuzzer.client.close()


def test_mutated_bytes_are_survived(fuzzed: Venue) -> None:
    fuzzer = Fuzzer(fuzzed, inspect_by_our_dictionary)
    fuzzer.mutate_bytes(random.Random(3), BYTES_MUTATED)
    fuzzer.client.close()


def mutate_bytes(pick: random.Random, raw: bytes) -> bytes:
    """Return a message with some of its bytes changed, and mostly without a true BodyLength and CheckSum."""
    data = bytearray(raw)
    for _ in range(pick.choice((1, 1, 2, 5))):
        at = pick.randrange(len(data))
        match pick.randrange(6):
            case 0:
                data[at] = pick.randrange(256)
            case 1:
                data[at] ^= 1 << pick.randrange(8)
            case 2:
                del data[at : at + pick.randint(1, 20)]
            case 3:
                data[at:at] = pick.randbytes(pick.randint(1, 20))
            case 4:
                data[at:at] = data[pick.randrange(len(data)) :][: pick.randint(1, 60)]
            case _:
                data[at:at] = pick.choice(
                    (b"\x01", b"8=FIX.4.4\x01", b"8=FIX.4.4\x019=100\x01", b"\x0110=000\x01", b"=")
                )
        if not data:
            break
    return bytes(data)


def test_mutated_logons_of_strangers_are_survived(fuzzed: Venue) -> None:
    pick = random.Random(4)
    for _ in range(STRANGERS):
        with Client(fuzzed.port, pick.choice(("BROKER1", "BROKER2", "BROKER9"))) as stranger:
            body = [("98", "0"), ("108", "30"), ("141", "Y"), ("553", stranger.comp_id), ("554", "guess")]
            header = [("35", "A"), ("49", stranger.comp_id), ("56", "FONDACO"), ("34", "1"), ("52", now())]
            header = header[:1] + mutate(pick, header[1:]) if pick.random() < 0.3 else header
            raw = frame(content(header) + content(mutate(pick, body)))
            stranger.put(mutate_bytes(pick, raw) + FILLER if pick.random() < 0.3 else raw)
            assert "A" not in [fields["35"] for fields in stranger.hear_end()]
