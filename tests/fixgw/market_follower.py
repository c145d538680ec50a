"""A client that follows market data: makes the book of what it is sent alone, and trusts none of it.

It reads messages with the standard's dictionary at hand, numbers must fit together, and what a message says must be
possible: nothing is changed or deleted that is not there.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from engine.book import BookSide
from engine.profile import FIX_VERSIONS
from fixgw.codec import SOH, Framer, Message, encode
from fixgw.groups import Fields, split_group
from fixgw.market_messages import Part
from fixgw.market_view import Subscription, View
from fixgw.public_market import PublicMarket
from fixgw.support import ENTRY_EXTENSIONS
from fixgw.validation import find_flaw
from fixgw.version import FIX44, Version, version_named

HEADER: Final = "49=FONDACO|56=MD1|34=1|52=20261123-03:12:25|262=R|".replace("|", SOH)
SIDES: Final = {"0": "bids", "1": "offers"}

Order = tuple[str, Decimal, Decimal]
"""OrderID, price, quantity."""
Level = tuple[Decimal, Decimal, int]
"""Price, quantity, number of orders."""


class Follower:
    """One instrument as a client sees it, by one request. It takes the place of a session's outgoing side too."""

    def __init__(self, *, by_order: bool) -> None:
        self.by_order = by_order
        self.rpt_seq = -1
        """The last number that is covered."""
        self.orders: dict[str, list[Order]] = {"0": [], "1": []}
        """By order: as they came, so those of a price are in their queue."""
        self.levels: dict[str, dict[Decimal, Level]] = {"0": {}, "1": {}}
        self.single: dict[str, Fields] = {}
        """Entries of which there is one of a type: statistics, index, auction."""
        self.trades: list[Fields] = []
        self.messages: list[Message] = []
        self._fragments: list[Fields] = []

    def send(self, subscription: Subscription, parts: list[Part]) -> None:
        assert not subscription.is_over
        for part in parts:
            self.take(part)

    def flush(self) -> None:
        pass

    def take(self, part: Part) -> None:
        """Take in a message."""
        for name in FIX_VERSIONS:
            version = version_named(name)
            check_message(_message(part.in_version(version), version), version)
        self.hear(_message(part, FIX44))

    def hear(self, message: Message) -> None:
        """Take in a message as it came."""
        self.messages.append(message)
        body, entries = split_entries(message)
        assert int(body["268"]) == len(entries)
        if message.msg_type == "W":
            self._snapshot(body, entries)
        else:
            self._update(body, entries)

    def check(self, market: PublicMarket, depth: int = 0) -> None:
        """Hold what was heard against what the engine displays."""
        text, book = market.text, market.book
        assert self.rpt_seq <= book.rpt_seq == market.rpt_seq
        for letter, side in (("0", book.bids), ("1", book.asks)):
            if self.by_order:
                assert self.side(letter) == displayed_orders(side, market)
            else:
                levels = [
                    (
                        Decimal(text.price_text[level.price]),
                        Decimal(text.qty_text[level.displayed_qty]),
                        level.order_count,
                    )
                    for level in side
                ]
                assert sorted(self.levels[letter].values()) == sorted(levels[:depth] if depth else levels)

    def side(self, letter: str) -> list[Order]:
        """Return the orders of a side, the first to trade first."""
        sign = -1 if letter == "0" else 1
        return sorted(self.orders[letter], key=lambda order: sign * order[1])

    def _snapshot(self, body: Fields, entries: list[Fields]) -> None:
        if not self._fragments:
            self.orders = {"0": [], "1": []}
            self.levels = {"0": {}, "1": {}}
            self.single = {}
        self._fragments += entries
        if body["893"] == "N":
            return
        whole, self._fragments = self._fragments, []
        self.rpt_seq = int(body["83"])
        for entry in whole:
            self._new(entry["269"], entry)

    def _update(self, body: Fields, entries: list[Fields]) -> None:
        first, last = int(body["25043"]), int(body["25044"])
        assert first <= self.rpt_seq + 1, "numbers are missing"
        assert last >= self.rpt_seq, "numbers go back"
        for entry in entries:
            assert first <= int(entry["83"]) <= last
            letter = entry["269"]
            if entry["279"] != "0" and letter != "2":
                self._delete(letter, entry, keep=entry["279"] == "1")
            if entry["279"] == "0":
                self._new(letter, entry)
            elif letter == "2":
                self.trades.append(entry)
        if body["893"] == "Y":
            self.rpt_seq = last

    def _new(self, letter: str, entry: Fields) -> None:
        if letter == "2":
            self.trades.append(entry)
        elif letter not in SIDES:
            assert letter not in self.single
            self.single[letter] = entry
        elif self.by_order:
            order = order_of(entry)
            assert order[0] not in [known for known, _, _ in self.orders[letter]]
            self.orders[letter].append(order)
        else:
            level = level_of(entry)
            assert level[0] not in self.levels[letter]
            self.levels[letter][level[0]] = level

    def _delete(self, letter: str, entry: Fields, *, keep: bool) -> None:
        """Delete what is there, or `keep` it as the entry has it."""
        if letter not in SIDES:
            del self.single[letter]
            if keep:
                self.single[letter] = entry
        elif self.by_order:
            orders = self.orders[letter]
            (place,) = (at for at, order in enumerate(orders) if order[0] == entry["37"])
            assert orders[place][1] == Decimal(entry["270"])
            orders[place : place + 1] = [order_of(entry)] if keep else []
        else:
            price = Decimal(entry["270"])
            del self.levels[letter][price]
            if keep:
                self.levels[letter][price] = level_of(entry)


def split_entries(message: Message) -> tuple[Fields, list[Fields]]:
    """Return the fields of a W or X outside of its entries, and those of each."""
    block = FIX44.dictionary.body_of(message.msg_type)
    entry = block.members["268"] if block is not None else None
    assert entry is not None
    return split_group(message, "268", entry.tags() | ENTRY_EXTENSIONS[message.msg_type]["268"])


def check_message(message: Message, version: Version = FIX44) -> None:
    """Hold a message of market data against the standard, and against what the venue says that it sends."""
    msg_type = message.msg_type
    body = version.dictionary.body_of(msg_type)
    assert body is not None
    entry = body.members.get("268")
    within = frozenset() if entry is None else frozenset(_ENTRY_TAGS) - entry.tags()
    extra = frozenset(version.sent[msg_type]) - (body.tags() if entry is None else frozenset(body.members))
    flaw = find_flaw(message, version.dictionary, extra, {"268": within})
    assert flaw is None, (version.name, flaw, message)
    assert {tag for tag, _ in message.pairs()} <= {*version.sent[msg_type], "35", "49", "56", "34", "52"}


def _message(part: Part, version: Version) -> Message:
    text = f"35={part.msg_type}{SOH}{HEADER}{part.data.decode('latin-1')}"
    (message,) = Framer().receive(encode(text, version.begin_string))
    return message


_ENTRY_TAGS: Final = (
    *("279", "269", "55", "270", "271", "272", "273", "336", "625", "277", "37", "1003", "346", "83", "2446", "5128"),
)


def displayed_orders(side: BookSide, market: PublicMarket) -> list[Order]:
    """Return the orders of a side of the engine's book as the market sees them."""
    text = market.text
    return [
        (
            str(order.order_id),
            Decimal(text.price_text[order.price]),
            Decimal(text.qty_text[order.leaves_qty - order.hidden_qty]),
        )
        for level in side
        for order in level
    ]


def order_of(entry: Fields) -> Order:
    return entry["37"], Decimal(entry["270"]), Decimal(entry["271"])


def level_of(entry: Fields) -> Level:
    return Decimal(entry["270"]), Decimal(entry["271"]), int(entry["346"])


class Timers:
    """Takes the place of a loop's `call_later`: what is due comes when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[View], None], View]] = []

    def __call__(self, _delay_s: float, callback: Callable[[View], None], view: View) -> None:
        self.waiting.append((callback, view))

    def pass_by(self) -> None:
        """Let all that waits be due."""
        waiting, self.waiting = self.waiting, []
        for callback, view in waiting:
            callback(view)
