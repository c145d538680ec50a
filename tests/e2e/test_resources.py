"""Nobody makes the venue grow without bound, or keeps others out: floods, strangers, and those who never read."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.conftest import MakeVenue
from tests.e2e.venue import HOST, Venue, wait_until
from tests.e2e.wire import Client, Disconnected, Fields, now

pytestmark = pytest.mark.e2e

MIB: Final = 1024 * 1024
GROWTH_BYTES_MAX: Final = 48 * MIB
T: Final = "60=20260102-03:04:05.678|"


@contextmanager
def memory_stays_bounded(venue: Venue, growth_bytes_max: int = GROWTH_BYTES_MAX) -> Iterator[None]:
    before = venue.rss_bytes()
    venue.forget_peak()
    yield
    grown = venue.peak_bytes() - before
    assert grown < growth_bytes_max, f"the venue has grown by {grown / MIB:.0f} MiB"


def order(name: str, side: int = 1, qty: str = "0.01", price: str = "100.00", symbol: str = "BTC/USD") -> str:
    return f"11={name}|55={symbol}|54={side}|38={qty}|40=2|44={price}|59=1|{T}"


class Pair:
    """Two brokers who trade with each other while something goes on; the symbol is theirs alone."""

    def __init__(self, venue: Venue, seller: str = "BROKER3", buyer: str = "BROKER4") -> None:
        self.seller, self.buyer = Client(venue.port, seller), Client(venue.port, buyer)
        self.count = 0
        for client in (self.seller, self.buyer):
            client.log_on()

    def trade(self) -> None:
        self.count += 1
        self.seller.say("D", order(f"{now()}/{self.count}", 2, symbol="ETH/USD"))
        assert self.seller.hear("8")["150"] == "0"
        self.buyer.say("D", order(f"{now()}/{self.count}", 1, symbol="ETH/USD"))
        assert [self.buyer.hear("8")["150"] for _ in range(2)] == ["0", "F"]
        assert self.seller.hear("8")["150"] == "F"

    def close(self) -> None:
        for client in (self.seller, self.buyer):
            client.log_out()
            client.close()


@pytest.fixture
def pair(venue: Venue) -> Iterator[Pair]:
    pair = Pair(venue)
    pair.trade()
    yield pair
    pair.trade()
    pair.close()


# ----------------------------------------------------------------------------------------- bytes without end

ENDLESS: Final = {
    "letters": b"A" * MIB,
    "zeros": bytes(MIB),
    "SOHs": b"\x01" * MIB,
    "a value that never ends": b"8=FIX.4.4\x019=60000\x0135=D\x0158=" + b"A" * (MIB - 31),
    "a BodyLength that never ends": b"8=FIX.4.4\x019=" + b"1" * (MIB - 12),
    "a BeginString that never ends": b"8=FIX" + b"." * (MIB - 5),
}
HEADS: Final = {
    "heads that claim what follows": (b"8=FIX.4.4\x019=65000\x01" * 80_000)[:MIB],
    "heads cut short": (b"8=FIX.4.4\x019" * 120_000)[:MIB],
}


@pytest.mark.parametrize("chunk", ENDLESS.values(), ids=list(ENDLESS))
def test_hundred_megabytes_from_a_stranger_are_not_kept(venue: Venue, pair: Pair, chunk: bytes) -> None:
    with memory_stays_bounded(venue), Client(venue.port) as stranger:
        with suppress(ConnectionError):
            for _ in range(100):
                stranger.put(chunk)
                pair.trade()
        assert stranger.hear_end() == []


@pytest.mark.parametrize("chunk", ENDLESS.values(), ids=list(ENDLESS))
def test_hundred_megabytes_from_a_broker_are_not_kept(venue: Venue, pair: Pair, chunk: bytes) -> None:
    with Client(venue.port) as broker:
        broker.log_on()
        with memory_stays_bounded(venue):
            for number in range(100):
                broker.put(chunk)
                if number % 10 == 0:
                    pair.trade()
        broker.put(b"X" * 65_536)  # what the last head claims has come, and is none
        assert broker.synchronize() == []
        broker.log_out()


@pytest.mark.parametrize("chunk", HEADS.values(), ids=list(HEADS))
def test_megabytes_of_nothing_but_heads_are_not_kept(venue: Venue, pair: Pair, chunk: bytes) -> None:
    with Client(venue.port) as broker:
        broker.log_on()
        with memory_stays_bounded(venue):
            for _ in range(15):
                broker.put(chunk)
                pair.trade()
        broker.put(b"X" * 65_536)
        assert broker.synchronize() == []
        broker.log_out()


# ------------------------------------------------------------------------------------- memories of the venue


def test_numbers_in_ever_new_spellings_are_not_remembered(venue: Venue, pair: Pair) -> None:
    with Client(venue.port) as broker:
        broker.log_on()
        with memory_stays_bounded(venue):
            for number in range(1_500):
                broker.say("D", order(f"N{number}", qty=f"{number}." + "0" * 60_000))
                assert broker.hear()["35"] == "3"
        broker.log_out()


def test_shapes_of_ever_new_groups_are_not_remembered(venue: Venue, pair: Pair) -> None:
    with Client(venue.port) as broker:
        broker.log_on()
        with memory_stays_bounded(venue):
            for size in range(1_000, 2_000, 4):
                broker.say("D", f"{order('X')}453={size}|" + "448=P|447=D|452=1|" * size)
                assert broker.hear()["35"] == "8"
        broker.log_out()


def test_clordids_and_texts_of_any_length_are_refused_or_bounded(venue: Venue, pair: Pair) -> None:
    with Client(venue.port) as broker:
        broker.log_on()
        with memory_stays_bounded(venue):
            for number in range(1_000):
                for body in (order(f"{number}" + "X" * 60_000), f"{order(str(number), qty='0')}58={'X' * 60_000}|"):
                    broker.say("D", body)
                    assert broker.hear()["150"] == "8"
        broker.log_out()


# ------------------------------------------------------------------------------------------------- strangers


def open_files(venue: Venue) -> int:
    return len(list(Path(f"/proc/{venue.pid}/fd").iterdir()))


def test_thousands_of_connections_that_never_log_on_keep_nobody_out(make_venue: MakeVenue) -> None:
    venue = make_venue(fix={"connections_max": 100, "logon_timeout_s": 300})
    venue.start()
    pair = Pair(venue)
    files = open_files(venue)
    strangers: list[socket.socket] = []
    with memory_stays_bounded(venue):
        for number in range(4_000):
            strangers.append(socket.create_connection((HOST, venue.port)))
            if number % 200 == 0:
                pair.trade()
                assert open_files(venue) < files + 110
    with Client(venue.port) as broker:
        assert broker.log_on()["35"] == "A"
        broker.log_out()
    for stranger in strangers[:3_800]:  # those were dropped to make room
        assert stranger.recv(1) == b""
    for stranger in strangers:
        stranger.close()
    wait_until(lambda: open_files(venue) <= files, "the strangers' connections are closed")
    pair.trade()
    pair.close()


@pytest.mark.parametrize("victim", ("BROKER1", "BROKER9"))
def test_flood_of_wrong_passwords_keeps_nobody_out(make_venue: MakeVenue, victim: str) -> None:
    venue = make_venue(dear_passwords=True)
    venue.start()
    pair = Pair(venue)
    with memory_stays_bounded(venue):
        flood = [Client(venue.port, victim) for _ in range(150)]
        for stranger in flood:
            stranger.say("A", f"98=0|108=30|553={victim}|554=guess|")
        pair.trade()
        with Client(venue.port, "BROKER2") as other:
            assert other.log_on()["35"] == "A"
            pair.trade()
            other.log_out()
        for stranger in flood:
            assert "A" not in {fields["35"] for fields in stranger.hear_end()}
            stranger.close()
    log_on_eventually(venue)
    pair.close()


def test_flood_of_wrong_passwords_for_a_session_does_not_keep_its_owner_out(make_venue: MakeVenue) -> None:
    venue = make_venue(dear_passwords=True)
    venue.start()
    flood: list[Client] = []
    for _ in range(100):
        flood.append(Client(venue.port, "BROKER1"))
        flood[-1].say("A", "98=0|108=30|553=BROKER1|554=guess|")
    log_on_eventually(venue)
    for stranger in flood:
        stranger.hear_end()
        stranger.close()


def test_flood_of_logons_that_hang_up_at_once_leaves_nothing_behind(venue: Venue, pair: Pair) -> None:
    with memory_stays_bounded(venue):
        for number in range(1_000):
            with Client(venue.port, "BROKER1") as stranger:
                stranger.say("A", f"98=0|108=30|553=BROKER1|554=guess{number}|")
            if number % 100 == 0:
                pair.trade()
    log_on_eventually(venue)


def test_thousand_logons_leave_nothing_behind_but_a_few_bytes_on_disk(venue: Venue, pair: Pair) -> None:
    outbound = venue.data / "outbound"

    def disk_bytes() -> int:
        return sum(path.stat().st_size for folder in (outbound, venue.data / "journal") for path in folder.iterdir())

    logons = 1_000
    next_out = 1
    files, before_bytes = sorted(outbound.iterdir()), disk_bytes()
    with memory_stays_bounded(venue, 8 * MIB):
        for number in range(logons):
            client = Client(venue.port, "BROKER2", next_out=next_out)
            client.log_on(extra="")
            if number % 100 == 0:
                pair.trade()
            client.log_out()
            next_out = client.next_out
            client.close()
    assert sorted(outbound.iterdir()) == files
    assert disk_bytes() - before_bytes < logons * 400


def log_on_eventually(venue: Venue) -> None:
    def logs_on() -> bool:
        with Client(venue.port) as client, suppress(Disconnected):
            is_on = client.log_on()["35"] == "A"
            client.log_out()
            return is_on
        return False

    wait_until(logs_on, "the owner logs on")


# ----------------------------------------------------------------------------------------- over the limit


def test_flood_of_orders_over_the_limit_is_refused_and_others_trade_meanwhile(make_venue: MakeVenue) -> None:
    venue = make_venue(first={"throttle": {"orders_per_s": 1, "orders_burst": 5}})
    venue.start()
    pair = Pair(venue)
    flooder = Client(venue.port)
    flooder.log_on()
    count = 2_000
    with memory_stays_bounded(venue):
        for number in range(count):
            flooder.say("D", order(f"F{number}"))
        flooder.say("q", f"11=all|530=7|{T}")
        for _ in range(20):
            pair.trade()
        kinds = [flooder.hear("8") for _ in range(count)]
    refused = [fields for fields in kinds if fields.get("58", "").startswith("[2009]")]
    assert len(refused) == len([fields for fields in kinds if fields["150"] == "8"])
    accepted = [fields["11"] for fields in kinds if fields["150"] == "0"]
    assert accepted[:5] == [f"F{number}" for number in range(5)]
    assert len(accepted) < count // 10
    canceled = [flooder.hear("8")["150"] for _ in accepted]
    assert set(canceled) == {"4"}
    assert flooder.hear("r")["531"] == "7"
    flooder.log_out()
    pair.close()


# ------------------------------------------------------------------------------------------ who never reads


def silent_client(venue: Venue, comp_id: str = "BROKER1") -> Client:
    """Return a client with a small window, that has logged on and will not read again."""
    client = Client(venue.port, comp_id, receive_buffer_bytes=4_096)
    client.log_on()
    return client


def test_client_that_never_reads_costs_no_memory_and_loses_nothing(make_venue: MakeVenue) -> None:
    venue = make_venue(fix={"slow_reader_timeout_s": 1})
    venue.start()
    pair = Pair(venue)
    slow = silent_client(venue)
    resting = 200
    with memory_stays_bounded(venue):
        for number in range(resting):
            slow.say("D", order(f"S{number}", 2, price=f"{200 + number}.00"))
        for number in range(250):
            slow.say("AF", f"584=Q{number}|585=7|")
        for number in range(20):  # it is filled while it does not read
            pair.buyer.say("D", order(f"B{number}", 1, price=f"{200 + number}.00"))
            assert [pair.buyer.hear("8")["150"] for _ in range(2)] == ["0", "F"]
        wait_until(lambda: bool(venue.events("session ended")), "the slow reader is cut off")
        for number in range(20, 40):  # and while it is away
            pair.buyer.say("D", order(f"B{number}", 1, price=f"{200 + number}.00"))
            assert [pair.buyer.hear("8")["150"] for _ in range(2)] == ["0", "F"]
    assert venue.events("session ended")[0]["reason"] == "the client does not read"
    slow.close()

    with Client(venue.port, next_out=slow.next_out) as again:
        again.say("A", "98=0|108=30|553=BROKER1|554=sandbox-only|")
        last = int(again.hear()["34"])
        again.say("2", "7=2|16=0|")
        reports = read_through(again, last)
        again.log_out()
    by_kind = {kind: [fields for fields in reports if fields["150"] == kind] for kind in "0IF"}
    assert [fields["11"] for fields in by_kind["0"]] == [f"S{number}" for number in range(resting)]
    assert [fields["11"] for fields in by_kind["F"]] == [f"S{number}" for number in range(40)]
    answered = [fields["584"] for fields in by_kind["I"] if fields["912"] == "Y"]
    assert answered == [f"Q{number}" for number in range(len(answered))]
    assert len(answered) > 200, "the test was too small to fill what lies between the venue and a client"
    pair.close()


def read_through(client: Client, last: int) -> list[Fields]:
    """Return the application messages of a resend from 2 to `last`; every number comes once and in order."""
    messages = []
    expected = 2
    while expected <= last:
        fields = client.hear()
        assert int(fields["34"]) == expected
        assert fields["43"] == "Y"
        expected = int(fields["36"]) if fields["35"] == "4" else expected + 1
        if fields["35"] != "4":
            messages.append(fields)
    return messages


FLOODS: Final = {
    "everything again": ("2", "7=1|16=0|"),
    "one message again": ("2", "7=2|16=2|"),
    "signs of life": ("1", f"112={'X' * 1_000}|"),
    "all orders' status": ("AF", "584=S|585=7|"),
    "what it may not": ("D", f"{order('X', qty='0')}58={'X' * 1_000}|"),
}


@pytest.mark.parametrize("case", FLOODS.values(), ids=list(FLOODS))
def test_flood_of_requests_without_reading_the_answers_is_bounded(make_venue: MakeVenue, case: tuple[str, str]) -> None:
    venue = make_venue(fix={"slow_reader_timeout_s": 1})
    venue.start()
    pair = Pair(venue)
    flooder = silent_client(venue)
    for number in range(500):
        flooder.say("D", order(f"S{number}"))
    with memory_stays_bounded(venue), suppress(ConnectionError):
        for _ in range(4):
            numbers = range(flooder.next_out, flooder.next_out + 2_500)
            flooder.put(b"".join(flooder.message(case[0], number, case[1]) for number in numbers))
            flooder.next_out += 2_500
            pair.trade()
    pair.trade()
    flooder.close()
    pair.close()
    log_on_eventually(venue)


def test_reader_who_is_slow_but_reads_gets_everything_in_order(make_venue: MakeVenue) -> None:
    venue = make_venue()
    venue.start()
    slow = silent_client(venue)
    with memory_stays_bounded(venue):
        for number in range(200):
            slow.say("D", order(f"S{number}"))
        for number in range(150):
            slow.say("AF", f"584=Q{number}|585=7|")
        slow.say("1", "112=END|")
        numbers = []
        while True:
            fields = slow.hear()
            assert "43" not in fields, "nothing has been sent twice"
            numbers.append(int(fields["34"]))
            if fields.get("112") == "END":
                break
    assert numbers == list(range(2, len(numbers) + 2))
    assert len(numbers) == 200 + 150 * 200 + 1
    slow.log_out()
    slow.close()


# --------------------------------------------------------------------------------------------- byte by byte


def test_client_that_sends_byte_by_byte_trades_like_any_other(venue: Venue, pair: Pair) -> None:
    client = Client(venue.port)
    for number, (msg_type, body) in enumerate(
        [
            ("A", "98=0|108=30|141=Y|553=BROKER1|554=sandbox-only|"),
            ("D", order("BYTE", 2)),
            ("G", f"11=BYTE2|41=BYTE|55=BTC/USD|54=2|38=2|40=2|44=101.00|59=1|{T}"),
            ("F", f"11=BYTE3|41=BYTE2|55=BTC/USD|54=2|38=2|{T}"),
            ("5", ""),
        ],
        1,
    ):
        for byte in client.message(msg_type, number, body):
            client.put(bytes((byte,)))
        if number == 3:
            pair.trade()
    assert [(fields["35"], fields.get("150")) for fields in client.hear_end()] == [
        ("A", None),
        ("8", "0"),
        ("8", "5"),
        ("8", "4"),
        ("5", None),
    ]
    client.close()
