"""Market data of a running venue: what subscribers are told is what brokers do, whatever dies in between."""

import os
import signal
import subprocess
from collections.abc import Iterator
from decimal import Decimal

import pytest

from engine.recovery import recover
from fixgw.codec import Framer
from tests.e2e.conftest import MakeVenue
from tests.e2e.venue import DEADLINE_S, Venue, free_port, wait_until
from tests.e2e.wire import Client, Fields, now
from tests.fixgw.market_follower import Follower

pytestmark = pytest.mark.e2e

FULL = "264=0|265=1|266=N|267=3|269=0|269=1|269=2|146=1|55=BTC/USD|"


class Subscriber:
    """A session for market data, and what it makes of it."""

    def __init__(self, port: int, comp_id: str = "MD1", extra: str = "141=Y|", next_out: int = 1) -> None:
        self.client = Client(port, comp_id, next_out=next_out)
        self.follower = Follower(by_order=True)
        self.logon = self.client.log_on(extra)
        self.client.inspect = self._inspect

    def subscribe(self) -> None:
        """Ask for the full book, and hear its snapshot."""
        self.client.say("V", f"262=R|263=1|{FULL}")
        self.client.hear("W")

    def hear_through(self, rpt_seq: int) -> None:
        """Hear updates until the one with a number."""
        while self.follower.rpt_seq < rpt_seq:
            self.client.hear("X", "W")

    def _inspect(self, raw: bytes) -> None:
        (message,) = Framer().receive(raw)
        if message.msg_type in ("W", "X"):
            self.follower.hear(message)


@pytest.fixture
def venue(make_venue: MakeVenue) -> Venue:
    venue = make_venue(market_data=True)
    venue.start()
    return venue


@pytest.fixture
def broker(venue: Venue) -> Iterator[Client]:
    with Client(venue.port) as client:
        client.log_on()
        yield client


def test_new_password_holds_from_the_answer_on_and_for_good(venue: Venue) -> None:
    new = "a quite different one"
    with Client(venue.market_data_port, "MD1") as client:
        assert client.log_on(f"141=Y|925={new}|")["35"] == "A"
        client.say("5", "")
        client.hear_end()
    with Client(venue.market_data_port, "MD1") as client:
        assert client.log_on()["35"] == "5"
    venue.stop()
    venue.start()
    with Client(venue.market_data_port, "MD1") as client:
        assert client.log_on(password=new)["35"] == "A"


def trade(broker: Client, count: int, first: int = 0) -> list[Fields]:
    """Enter orders that rest, and some that trade; return the reports, each with its number."""
    reports = []
    for number in range(first, first + count):
        side, price = (2, 100 + number % 3) if number % 3 == 2 else (1, 99 + number % 5)
        broker.say("D", f"11=O{number}|55=BTC/USD|54={side}|38=1|40=2|44={price}|59=1|60={now()}|")
    while (report := broker.hear()).get("11") != f"O{first + count - 1}" or report["150"] != "0":
        reports.append(report)
    reports += [report, *broker.synchronize()]
    return reports


def numbers(reports: list[Fields]) -> list[int]:
    return sorted({int(report["83"]) for report in reports if "83" in report})


def test_subscriber_has_the_book_that_brokers_made_and_their_numbers(venue: Venue, broker: Client) -> None:
    first = Subscriber(venue.market_data_port)
    first.subscribe()
    told = numbers(trade(broker, 200))
    assert told == list(range(1, told[-1] + 1))
    first.hear_through(told[-1])
    second = Subscriber(venue.market_data_port, "MD2")
    second.subscribe()
    for letter in "01":
        assert first.follower.side(letter) == second.follower.side(letter) != []
    traded = [report for report in broker.received if report.get("150") == "F"]
    assert {trade["1003"] for trade in first.follower.trades} == {report["1003"] for report in traded}


def test_numbers_go_on_over_a_restart_of_the_venue(venue: Venue, broker: Client) -> None:
    told = numbers(trade(broker, 50))
    before = Subscriber(venue.market_data_port)
    before.subscribe()
    number = int(before.client.received[-1]["34"])
    venue.kill()
    venue.start()
    after = Subscriber(venue.market_data_port, extra="", next_out=before.client.next_out)
    assert int(after.logon["34"]) > number, "no number of ours is used twice"
    after.subscribe()
    assert after.follower.rpt_seq == told[-1]
    assert [after.follower.side(letter) for letter in "01"] == [before.follower.side(letter) for letter in "01"]
    with Client(venue.port) as again:
        again.log_on()
        more = numbers(trade(again, 10, first=1_000))
    assert more[0] == told[-1] + 1
    after.hear_through(more[-1])


def test_market_data_that_dies_is_started_again_and_trading_goes_on(venue: Venue, broker: Client) -> None:
    trade(broker, 20)
    (started,) = venue.events("process started")
    os.kill(started["pid"], signal.SIGKILL)
    wait_until(lambda: len(venue.events("serving market data")) == 2, "market data is back", venue.stderr)
    (died,) = venue.events("process died")
    assert (died["process"], died["status"]) == ("marketdata", -signal.SIGKILL)
    subscriber = Subscriber(venue.market_data_port)
    subscriber.subscribe()
    told = numbers(trade(broker, 20, first=100))
    subscriber.hear_through(told[-1])


def test_market_data_ends_with_the_venue(venue: Venue) -> None:
    subscriber = Subscriber(venue.market_data_port)
    venue.terminate()
    assert [fields["35"] for fields in subscriber.client.hear_end()] == ["5"]
    assert venue.events("market data stopped")


def test_market_data_is_gone_when_the_venue_is_killed(venue: Venue) -> None:
    (started,) = venue.events("process started")
    venue.kill()
    wait_until(lambda: not _is_alive(started["pid"]), "market data is gone")


def test_a_subscriber_that_is_cut_off_goes_on_with_a_fresh_snapshot(venue: Venue, broker: Client) -> None:
    before = Subscriber(venue.market_data_port)
    before.subscribe()
    before.hear_through(numbers(trade(broker, 30))[-1])
    next_in = int(before.client.received[-1]["34"]) + 1
    before.client.close()
    told = numbers(trade(broker, 30, first=100))
    wait_until(lambda: bool(venue.events("session ended")), "the venue has noticed", venue.stderr)
    after = Subscriber(venue.market_data_port, extra="", next_out=before.client.next_out)
    after.client.say("2", f"7={next_in}|16=0|")
    fill = after.client.hear("4")
    assert (fill["34"], fill["123"]) == (str(next_in), "Y")
    after.subscribe()
    assert after.follower.rpt_seq == told[-1]
    more = numbers(trade(broker, 30, first=200))
    after.hear_through(more[-1])


def test_two_market_data_processes_tell_the_same(venue: Venue, broker: Client) -> None:
    port = free_port()
    config = venue.config.with_name("other.toml")
    text = venue.config.read_text(encoding="utf-8")
    config.write_text(text.replace(f"port = {venue.market_data_port}", f"port = {port}"), encoding="utf-8")
    log = venue.config.with_name("other.log")
    with log.open("wb") as file:
        other = subprocess.Popen(
            venue.command("serve", "marketdata", "--config", str(config), "--data", str(venue.data)),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        wait_until(lambda: "serving market data" in log.read_text(encoding="utf-8"), "the second serves")
        subscribers = [Subscriber(venue.market_data_port), Subscriber(port)]
        for subscriber in subscribers:
            subscriber.subscribe()
        told = numbers(trade(broker, 60))
        for subscriber in subscribers:
            subscriber.hear_through(told[-1])
        assert subscribers[0].follower.orders == subscribers[1].follower.orders
    finally:
        other.terminate()
        assert other.wait(DEADLINE_S) == 0, log.read_text(encoding="utf-8")


def test_a_session_that_trades_has_no_market_data_and_the_other_way_round(venue: Venue) -> None:
    with Client(venue.market_data_port, "BROKER2") as client:
        client.say("A", "98=0|108=30|553=BROKER2|554=sandbox-only|")
        assert client.hear_end() == []
    with Client(venue.port, "MD1") as client:
        client.say("A", "98=0|108=30|553=MD1|554=sandbox-only|")
        assert client.hear_end() == []


def test_a_subscriber_that_does_not_read_is_cut_off_and_others_do_not_notice(make_venue: MakeVenue) -> None:
    venue = make_venue(market_data=True, slow_market_data_reader_s=1)
    venue.start()
    stalled = Client(venue.market_data_port, "MD2", receive_buffer_bytes=4_096)
    stalled.log_on()
    for number in range(50):
        stalled.say("V", f"262=R{number}|263=1|{FULL}")
    good = Subscriber(venue.market_data_port)
    good.subscribe()
    with Client(venue.port) as broker:
        broker.log_on()
        first = 0
        while not [event for event in venue.events("session ended") if event["session"] == "MD2"]:
            told = numbers(trade(broker, 100, first))
            good.hear_through(told[-1])
            first += 100
    (ended,) = [event for event in venue.events("session ended") if event["session"] == "MD2"]
    assert ended["reason"] == "the client does not read"


def test_the_book_of_the_journal_is_that_of_the_subscriber(venue: Venue, broker: Client) -> None:
    subscriber = Subscriber(venue.market_data_port)
    subscriber.subscribe()
    told = numbers(trade(broker, 100))
    subscriber.hear_through(told[-1])
    venue.terminate()
    book = recover(venue.data).exchange.state.books["BTC/USD"]
    ours = [(order_id, price) for order_id, price, _ in subscriber.follower.side("0")]
    assert ours == [(str(order.order_id), Decimal(level.price) / 100) for level in book.bids for order in level]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
