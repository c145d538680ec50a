"""Views of the market: whoever follows updates from a snapshot on has the engine's own book, under any trading."""

import random
from itertools import chain, islice
from pathlib import Path

import pytest

from engine.commands import AnyCommand, BustTrade
from engine.events import AnyEvent
from engine.exchange import Exchange
from engine.frames import encode_value
from engine.snapshot import capture, read_snapshot, restore, write_snapshot
from engine.terms import Terms
from engine.values import BUY, Phase
from fixgw.market_entries import AUCTION, BID, ENTRY_TYPES, HIGH, IMBALANCE, LOW, OFFER, STATISTICS, TRADE, VOLUME
from fixgw.market_messages import ENTRIES_MAX, Part
from fixgw.market_publisher import MarketPublisher
from fixgw.market_view import Asked, Subscription
from tests.engine.builders import SYMBOL, Venue
from tests.engine.tape import Tape, opening
from tests.fixgw.market_follower import Follower, Timers, split_entries

ALL = sum(ENTRY_TYPES.values())
VIEWS = {
    "by order": Asked(SYMBOL, ALL, 0, by_order=True, interval_ms=0, is_refresh=False),
    "all levels": Asked(SYMBOL, ALL, 0, by_order=False, interval_ms=0, is_refresh=False),
    "top": Asked(SYMBOL, BID | OFFER, 1, by_order=False, interval_ms=0, is_refresh=False),
    "five levels": Asked(SYMBOL, ALL, 5, by_order=False, interval_ms=0, is_refresh=False),
    "all levels, gathered": Asked(SYMBOL, ALL, 0, by_order=False, interval_ms=100, is_refresh=False),
    "three levels, gathered": Asked(SYMBOL, ALL, 3, by_order=False, interval_ms=100, is_refresh=False),
    "two levels, whole": Asked(SYMBOL, BID | OFFER | TRADE, 2, by_order=False, interval_ms=0, is_refresh=True),
}


class Floor(Venue):
    """The builders' venue, and followers of it."""

    def __init__(self) -> None:
        self.timers = Timers()
        self.unseen: list[tuple[int, list[AnyEvent]]] = []
        self.subscriptions: list[Subscription] = []
        super().__init__()
        self.publisher = MarketPublisher(self.state, self.timers)
        self.unseen.clear()

    def apply(self, command: AnyCommand) -> list[AnyEvent]:
        events = super().apply(command)
        self.unseen.append((self.now_ns, events))
        return events

    def publish(self) -> None:
        for time_ns, events in self.unseen:
            self.publisher.observe(time_ns, events)
        self.unseen.clear()
        self.publisher.publish()

    def follow(self, asked: Asked) -> Follower:
        """Return a new follower, which has had its snapshot."""
        self.publish()
        follower = Follower(by_order=asked.by_order)
        subscription = self.publisher.subscribe(asked, follower, "R")
        self.subscriptions.append(subscription)
        for part in subscription.view.snapshot():
            follower.take(part)
        return follower

    def update(self) -> list[str]:
        """Publish, and return what the first follower is told: entries as `279=0|269=2|`, without their time."""
        follower = self.subscriptions[0].receiver
        assert isinstance(follower, Follower)
        seen = len(follower.messages)
        self.publish()
        return [
            "|".join(f"{tag}={value}" for tag, value in entry.items() if tag not in ("272", "273"))
            for message in follower.messages[seen:]
            for entry in split_entries(message)[1]
        ]


class Audience:
    """Followers of all kinds, that come and go."""

    def __init__(self, publisher: MarketPublisher, timers: Timers, seed: int) -> None:
        self.publisher = publisher
        self.timers = timers
        self.random = random.Random(seed)
        self.following: dict[Subscription, Follower] = {}

    def look(self) -> None:
        """Hold everybody's book against the engine's; let one come or go now and then, and time pass by."""
        if self.random.random() < 0.2:
            self.timers.pass_by()
        for subscription, follower in self.following.items():
            if subscription.view not in [view for _, view in self.timers.waiting]:
                asked = subscription.view.asked
                follower.check(self.publisher.markets[SYMBOL], asked.depth)
        if self.following and self.random.random() < 0.05:
            subscription = self.random.choice(list(self.following))
            self.publisher.unsubscribe(subscription)
            del self.following[subscription]
        if self.random.random() < 0.1:
            self.join(self.random.choice(list(VIEWS.values())))

    def join(self, asked: Asked) -> Follower:
        follower = Follower(by_order=asked.by_order)
        subscription = self.publisher.subscribe(asked, follower, "R")
        self.following[subscription] = follower
        for part in subscription.view.snapshot():
            follower.take(part)
        follower.check(self.publisher.markets[SYMBOL], asked.depth)
        return follower


@pytest.mark.parametrize("seed", range(3))
def test_followers_have_the_engines_book_after_every_batch(seed: int) -> None:
    exchange = Exchange()
    timers = Timers()
    publisher = MarketPublisher(exchange.state, timers)
    audience = Audience(publisher, timers, seed)
    tape = Tape(seed)
    for number, command in enumerate(chain(opening(), islice(tape, 2_000))):
        try:
            encode_value(command)
        except (OverflowError, UnicodeEncodeError):
            continue
        publisher.observe(tape.now_ns, exchange.apply(command, tape.now_ns))
        if number == 20:
            for asked in VIEWS.values():
                audience.join(asked)
        if number > 20 and audience.random.random() < 0.4:
            publisher.publish()
            audience.look()
    heard = {message.msg_type for follower in audience.following.values() for message in follower.messages}
    assert heard == {"W", "X"}


class Recorder:
    """Takes the place of a session's outgoing side, and keeps what it is given as it is."""

    def __init__(self, publisher: MarketPublisher) -> None:
        self.told: list[tuple[str, str, bytes]] = []
        for name, asked in VIEWS.items():
            for symbol in publisher.markets:
                subscription = publisher.subscribe(asked._replace(symbol=symbol), self, f"{name} of {symbol}")
                self.send(subscription, subscription.view.snapshot())

    def send(self, subscription: Subscription, parts: list[Part]) -> None:
        self.told += [(subscription.request_id, part.msg_type, part.data) for part in parts]

    def flush(self) -> None:
        pass


@pytest.mark.parametrize("begins_at", (30, 500, 1_001, 1_700))
@pytest.mark.parametrize("seed", range(2))
def test_who_begins_with_a_snapshot_tells_what_one_tells_who_has_seen_it_all(
    seed: int, begins_at: int, tmp_path: Path
) -> None:
    exchange, timers = Exchange(), Timers()
    publisher = MarketPublisher(exchange.state, timers)
    processes = [(exchange, publisher, timers)]
    recorders: list[Recorder] = []
    tape = Tape(seed)
    for number, command in enumerate(chain(opening(), islice(tape, 2_000))):
        try:
            encode_value(command)
        except (OverflowError, UnicodeEncodeError):
            continue
        for exchange, publisher, timers in processes:
            publisher.observe(tape.now_ns, exchange.apply(command, tape.now_ns))
            if number % 7 == 0 or number == begins_at:
                publisher.publish()
            if number % 35 == 0:
                timers.pass_by()
        if number == begins_at:
            state = restore(read_snapshot(write_snapshot(tmp_path, exchange.state, number)))
            timers = Timers()
            processes.append((Exchange(state), MarketPublisher(state, timers), timers))
            recorders = [Recorder(publisher) for _, publisher, _ in processes]
    whole, from_snapshot = recorders
    assert len(whole.told) > 50
    assert from_snapshot.told == whole.told


# What single changes look like


@pytest.fixture
def floor() -> Floor:
    return Floor()


def test_a_snapshot_has_the_price_of_an_auction_that_gathers_and_the_statistics_of_the_day(floor: Floor) -> None:
    floor.sell(3, 100)
    floor.buy(1, 100)
    floor.phase(Phase.CLOSING_AUCTION)
    floor.buy(5, 101)
    floor.sell(2, 99)
    floor.tick(floor.now_ns + 10**9)
    floor.publish()
    from_snapshot = MarketPublisher(restore(capture(floor.state, 1)), Timers())
    told = [Recorder(publisher).told for publisher in (floor.publisher, from_snapshot)]
    assert told[0] == told[1]
    for letter in "2478B9QA":
        assert f"\x01269={letter}\x01".encode() in told[0][0][2]


def test_full_book_tells_each_order_and_what_becomes_of_it(floor: Floor) -> None:
    follower = floor.follow(VIEWS["by order"])
    floor.buy(5, 100, cl_ord_id="a")
    floor.buy(3, 100)
    assert floor.update() == [
        "279=0|269=0|55=BTC/USD|270=1.00|271=0.005|37=1|83=1",
        "279=0|269=0|55=BTC/USD|270=1.00|271=0.003|37=2|83=2",
    ]
    floor.replace("a", 4, 100, cl_ord_id="b")
    assert floor.update() == ["279=1|269=0|55=BTC/USD|270=1.00|271=0.004|37=1|83=3"]
    floor.cancel("b")
    assert floor.update() == ["279=2|269=0|55=BTC/USD|270=1.00|37=1|83=4"]
    assert follower.rpt_seq == 4


def test_next_part_of_an_iceberg_is_a_new_entry_behind_the_others(floor: Floor) -> None:
    floor.order("A", BUY, 25, 100, terms=Terms(display_qty=10))
    floor.buy(1, 100)
    follower = floor.follow(Asked(SYMBOL, BID, 0, by_order=True, interval_ms=0, is_refresh=False))
    floor.sell(10, 100)
    assert floor.update() == [
        "279=2|269=0|55=BTC/USD|270=1.00|37=1|83=3",
        "279=0|269=0|55=BTC/USD|270=1.00|271=0.010|37=1|83=3",
    ]
    assert [order_id for order_id, _, _ in follower.side("0")] == ["2", "1"]


def test_trade_names_the_side_that_took_and_an_auctions_trade_its_phase(floor: Floor) -> None:
    floor.follow(Asked(SYMBOL, TRADE, 0, by_order=False, interval_ms=0, is_refresh=False))
    floor.buy(5, 100)
    floor.sell(2, 100)
    assert floor.update() == ["279=0|269=2|55=BTC/USD|270=1.00|271=0.002|1003=1|83=2|2446=2"]
    floor.phase(Phase.CLOSING_AUCTION)
    floor.sell(1, 99)
    floor.phase(Phase.CONTINUOUS)
    assert floor.update() == ["279=0|269=2|55=BTC/USD|270=1.00|271=0.001|336=BTC/USD|625=4|1003=2|83=6"]


def test_bust_takes_a_trade_off_the_tape_and_out_of_the_statistics(floor: Floor) -> None:
    kinds = TRADE | HIGH | LOW | VOLUME
    follower = floor.follow(Asked(SYMBOL, kinds, 0, by_order=False, interval_ms=0, is_refresh=False))
    floor.sell(1, 100)
    floor.sell(1, 250)
    floor.buy(1, 100)
    floor.buy(1, 250)
    floor.update()
    assert {letter: entry["270"] for letter, entry in follower.single.items() if letter != "B"} == {
        "7": "2.50",
        "8": "1.00",
    }
    floor.apply(BustTrade(2, "staff", "a mistake"))
    assert floor.update()[0] == "279=2|269=2|55=BTC/USD|270=2.50|271=0.001|1003=2|83=5"
    assert follower.single["7"]["270"] == "1.00"
    assert (follower.single["B"]["271"], follower.single["B"]["5128"]) == ("0.001", "1")


def test_indicative_price_and_imbalance_come_with_an_auction_and_go_with_it(floor: Floor) -> None:
    follower = floor.follow(Asked(SYMBOL, AUCTION | IMBALANCE, 0, by_order=False, interval_ms=0, is_refresh=False))
    floor.phase(Phase.CLOSING_AUCTION)
    floor.buy(5, 101)
    floor.sell(2, 99)
    floor.tick(floor.now_ns + 10**9)
    floor.update()
    assert (follower.single["Q"]["271"], follower.single["A"]["271"], follower.single["A"]["277"]) == (
        "0.002",
        "0.003",
        "P",
    )
    floor.phase(Phase.CONTINUOUS)
    floor.update()
    assert follower.single == {}


def test_end_of_the_day_closes_the_price_and_begins_the_statistics_again(floor: Floor) -> None:
    follower = floor.follow(Asked(SYMBOL, STATISTICS, 0, by_order=False, interval_ms=0, is_refresh=False))
    floor.sell(1, 100)
    floor.buy(1, 100)
    floor.update()
    assert sorted(follower.single) == ["4", "7", "8", "9", "B"]
    floor.end_day(20_270_101)
    floor.update()
    assert {letter: entry["270"] for letter, entry in follower.single.items()} == {"5": "1.00"}


def test_levels_beyond_the_depth_cost_no_message(floor: Floor) -> None:
    floor.buy(1, 100)
    floor.buy(1, 99, cl_ord_id="second")
    floor.follow(VIEWS["top"])
    floor.cancel("second")
    assert floor.update() == []
    floor.buy(1, 101)
    assert floor.update() == [
        "279=2|269=0|55=BTC/USD|270=1.00|83=4",
        "279=0|269=0|55=BTC/USD|270=1.01|271=0.001|346=1|83=4",
    ]


def test_a_large_snapshot_comes_in_parts_of_which_the_last_says_so(floor: Floor) -> None:
    for _ in range(ENTRIES_MAX + 1):
        floor.buy(1, 100)
    follower = floor.follow(VIEWS["by order"])
    assert [message.fields["893"] for message in follower.messages] == ["N", "Y"]
    assert {message.fields["83"] for message in follower.messages} == {str(ENTRIES_MAX + 1)}
    assert max(len(message.raw) for message in follower.messages) < 32_768


def test_who_joins_a_view_that_gathers_makes_it_tell_at_once(floor: Floor) -> None:
    asked = VIEWS["all levels, gathered"]
    first = floor.follow(asked)
    floor.buy(1, 100)
    assert floor.update() == []
    floor.follow(asked)
    first.check(floor.publisher.markets[SYMBOL])


def test_the_last_who_leaves_lets_go_of_the_view(floor: Floor) -> None:
    floor.follow(VIEWS["by order"])
    assert floor.publisher.markets[SYMBOL].wanted
    floor.publisher.unsubscribe(floor.subscriptions.pop())
    assert not floor.publisher.markets[SYMBOL].wanted
    assert list(floor.publisher.views()) == []
