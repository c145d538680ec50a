"""Real conversations, mutated as a whole: what is flipped, lost, doubled, out of order or torn harms nobody else.

The conversations are those of `spec/examples.md`. BROKER1 says them over and over, each time mutated anew and cut into
pieces at random, while two other brokers trade without a break.
"""

import random
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

import pytest

from fixgw.version import FIX44
from tests.e2e.conftest import MakeVenue
from tests.e2e.test_fuzz import FILLER, Fuzzer, inspect_by_our_dictionary, mutate_bytes
from tests.e2e.test_resources import Pair, memory_stays_bounded
from tests.e2e.venue import Venue
from tests.e2e.wire import now
from tests.fuzz import corpus
from tests.fuzz.script import framed, read

pytestmark = pytest.mark.e2e

CONVERSATIONS: Final = 400
MUTATIONS_MAX: Final = 4
PIECES_MAX: Final = 20
_NAMES: Final = re.compile(r"(\x01(?:11|41|66)=[^\x01]+)")


def messages_of(script: bytes, first_number: int, salt: int) -> list[bytes]:
    """Return the messages of a conversation, numbered anew, with names that have not been used."""
    messages = []
    for number, line in enumerate(read(script), first_number):
        text = line.message("BROKER1", number, now()) if line.is_framed else line.text
        messages.append(framed(_NAMES.sub(rf"\1/{salt}", text), FIX44) if line.is_framed else text.encode("latin-1"))
    return messages


def mutate(pick: random.Random, messages: list[bytes]) -> None:
    """Change one thing in a conversation."""
    at, other = pick.randrange(len(messages)), pick.randrange(len(messages))
    match pick.randrange(6):
        case 0:
            messages[at] = mutate_bytes(pick, messages[at])
        case 1:
            messages.insert(other, messages[at])
        case 2 if len(messages) > 1:
            del messages[at]
        case 3:
            messages[at], messages[other] = messages[other], messages[at]
        case 4:
            torn, rest = messages[at], messages[other]
            messages[at] = torn[: pick.randrange(len(torn))] + rest[pick.randrange(len(rest)) :]
        case _:
            messages[at] = messages[at][: pick.randrange(len(messages[at])) + 1]


def in_pieces(pick: random.Random, data: bytes) -> Iterator[bytes]:
    """Yield the bytes in as many pieces as it pleases."""
    cuts = sorted(pick.randrange(len(data) + 1) for _ in range(pick.randrange(PIECES_MAX)))
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        yield data[start:end]


@contextmanager
def others_trade(venue: Venue) -> Iterator[None]:
    """Have two brokers trade all the time; at the end they must have been told of everything, in order, and once."""
    pair = Pair(venue)
    ends = threading.Event()

    def trade_on() -> None:
        while not ends.is_set():
            pair.trade()

    with ThreadPoolExecutor(1) as executor:
        trading = executor.submit(trade_on)
        try:
            yield
        finally:
            ends.set()
        trading.result()
    pair.close()
    for client, reports in ((pair.seller, 2), (pair.buyer, 2)):
        numbers = [int(fields["34"]) for fields in client.received]
        assert numbers == list(range(1, len(numbers) + 1))
        assert [fields["35"] for fields in client.received] == ["A", *["8"] * reports * pair.count, "5"]
    assert pair.count > CONVERSATIONS / 10, "they have traded all the while"


def test_mutated_conversations_harm_nobody_else(make_venue: MakeVenue) -> None:
    venue = make_venue(sync="relaxed")
    venue.start()
    pick = random.Random(5)
    scripts = corpus.conversations()
    fuzzer = Fuzzer(venue, inspect_by_our_dictionary)
    with memory_stays_bounded(venue), others_trade(venue):
        for salt in range(CONVERSATIONS):
            messages = messages_of(pick.choice(scripts), fuzzer.client.next_out, salt)
            for _ in range(pick.randint(1, MUTATIONS_MAX)):
                mutate(pick, messages)
            stream = b"".join(messages) + FILLER
            fuzzer.exchange(in_pieces(pick, stream), fuzzer.client.next_out + 2 * len(messages))
    fuzzer.client.close()
    venue.terminate()
    assert venue.run("journal", "verify", str(venue.data)).returncode == 0
