"""The same random sessions with the venue and with QuickFIX's acceptor: both say the same, under the same numbers.

What differs by intent stays out of the sessions. The venue sends its Rejects again where QuickFIX fills the gap, and
asks for what is missing before it answers a ResendRequest that came early. It has nothing to say to a request for
numbers that are still to come, counts a SequenceReset that it rejects, and hangs up after its last Logout by itself.
"""

import random
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.conftest import MakeVenue
from tests.e2e.venue import HOST, PASSWORD, ROOT, free_port, wait_until
from tests.e2e.wire import Client, Disconnected, Fields, frame, now

pytest.importorskip("quickfix")
pytestmark = [pytest.mark.e2e, pytest.mark.quickfix]

SESSIONS: Final = 24
STEPS: Final = 40
LOGON: Final = f"98=0|108=30|553=BROKER1|554={PASSWORD}|"
ORDER: Final = "11=A|55=BTC/USD|54=1|60=20260102-03:04:05|38=1|40=2|44=100.00|"
FLAWED: Final = (
    ("ZZ", ""),
    ("0", "4999=1|"),
    ("0", "7=1|"),
    ("1", ""),
    ("1", "112=|"),
    ("1", "112=X|112=Y|"),
    ("1", "112=X|50=Y|"),
    ("1", "93=1|89=x|112=X|"),
    ("2", "7=1|"),
    ("2", "7=1.5|16=0|"),
    ("D", ORDER.replace("54=1|", "")),
    ("D", ORDER.replace("54=1", "54=Z")),
    ("D", ORDER.replace("54=1", "54=12")),
    ("D", ORDER.replace("38=1", "38=x")),
    ("D", ORDER.replace("44=100.00", "44=+1")),
    ("D", ORDER.replace("60=20260102-03:04:05", "60=noon")),
    ("D", f"{ORDER}38=1|"),
    ("D", f"{ORDER}58=|"),
    ("D", f"{ORDER}115=X|"),
    ("D", f"{ORDER}5000=1|"),
    ("D", f"{ORDER}453=2|448=X|447=D|452=1|"),
)
"""Messages that are rejected, for whatever reason."""
_COMPARED: Final = ("35", "34", "43", "7", "16", "36", "45", "112", "123", "141", "371", "372", "373")


class Peer:
    """One of the two acceptors, and the connection to it."""

    def __init__(self, port: int) -> None:
        self.client = Client(port)
        self.port = port

    def say(self, messages: list[bytes]) -> None:
        for message in messages:
            self.client.put(message)

    def hear(self, is_last: Callable[[Fields], bool]) -> list[Fields]:
        """Return what comes until the last that is expected."""
        heard: list[Fields] = []
        with suppress(Disconnected, TimeoutError):
            while not heard or not is_last(heard[-1]):
                heard.append(self.client.hear())
        return [{tag: fields[tag] for tag in _COMPARED if tag in fields} for fields in heard]

    def connect_again(self) -> None:
        self.client.close()
        self.client = Client(self.port)


class Talk:
    """A client that says the same to both, and keeps the number that both expect next."""

    def __init__(self, peers: list[Peer], seed: int) -> None:
        self.peers = peers
        self.pick = random.Random(seed)
        self.next = 1
        self.steps = [*STEPS_OF_ALL, *(RESENDS if seed % 2 else REJECTS)]
        self.said: list[str] = []

    def run(self) -> None:
        self.say([self.message("A", f"{LOGON}141=Y|")], lambda fields: fields["35"] == "A")
        for _ in range(STEPS):
            step = self.pick.choice(self.steps)
            self.say([*step(self), self.message("1", "112=DONE|")], lambda fields: fields.get("112") == "DONE")
            if self.pick.random() < 0.1:
                self.come_again()
        self.say([self.pick.choice(ENDS)(self)], lambda fields: fields["35"] == "5")

    def come_again(self) -> None:
        self.say([self.message("5")], lambda fields: fields["35"] == "5")
        for peer in self.peers:
            assert peer.client.hear_end() == []
            peer.connect_again()
        self.say([self.message("A", LOGON)], lambda fields: fields["35"] == "A")

    def say(self, messages: list[bytes], is_last: Callable[[Fields], bool]) -> None:
        self.said += [message.decode("latin-1").replace("\x01", "|") for message in messages]
        for peer in self.peers:
            peer.say(messages)
        ours, theirs = (peer.hear(is_last) for peer in self.peers)
        assert ours == theirs, "\n".join(self.said[-20:])

    def message(self, msg_type: str, body: str = "", *, header: str = "") -> bytes:
        """Return a message under the next number, which is used up."""
        self.next += 1
        return self.numbered(self.next - 1, msg_type, body, header=header)

    def numbered(self, number: int, msg_type: str, body: str = "", *, header: str = "") -> bytes:
        return self.peers[0].client.message(msg_type, number, body, header)

    def again(self, number: int, msg_type: str, body: str = "") -> bytes:
        """Return a message that says that it came before."""
        return self.numbered(number, msg_type, body, header=f"43=Y|122={now()}|")

    def early(self, first: int, count: int) -> list[bytes]:
        """Return messages that come too early, from number `first` on."""
        return [self.numbered(number, "1", f"112=EARLY{number}|") for number in range(first, first + count)]


def heartbeat(talk: Talk) -> list[bytes]:
    return [talk.message("0")]


def not_a_repeat(talk: Talk) -> list[bytes]:
    return [talk.message("1", "112=NOW|", header="43=N|")]


def repeat_of_what_never_came(talk: Talk) -> list[bytes]:
    return [talk.message("1", "112=AGAIN|", header=f"43=Y|122={now()}|")]


def repeat_of_what_has_come(talk: Talk) -> list[bytes]:
    return [talk.again(talk.pick.randint(1, talk.next - 1), "1", "112=OLD|")]


def reject(talk: Talk) -> list[bytes]:
    return [talk.message("3", "45=1|58=no|")]


def garbled(talk: Talk) -> list[bytes]:
    good = talk.numbered(talk.next, "0")
    return [good[:-4] + b"%03d\x01" % ((int(good[-4:-1]) + 1) % 256)]


def gap_fill(talk: Talk) -> list[bytes]:
    first, talk.next = talk.next, talk.next + talk.pick.randint(1, 5)
    return [talk.numbered(first, "4", f"123=Y|36={talk.next}|")]


def reset_ahead(talk: Talk) -> list[bytes]:
    """Whatever number it comes under."""
    number, talk.next = talk.next + talk.pick.randint(-1, 3), talk.next + talk.pick.randint(1, 5)
    return [talk.numbered(number, "4", f"36={talk.next}|")]


def reset_back(talk: Talk) -> list[bytes]:
    return [talk.message("4", f"36={talk.pick.randint(1, talk.next - 1)}|")]


def gap_that_is_filled(talk: Talk) -> list[bytes]:
    """What came early is filled over too."""
    lost, count = talk.pick.randint(1, 4), talk.pick.randint(1, 3)
    first, talk.next = talk.next, talk.next + lost + count
    return [*talk.early(first + lost, count), talk.again(first, "4", f"123=Y|36={talk.next}|")]


def gap_that_is_sent_again(talk: Talk) -> list[bytes]:
    """All that was lost comes again, and what came early too."""
    first, early = talk.next, talk.next + talk.pick.randint(1, 4)
    talk.next = early + 1
    again = [talk.again(number, "1", f"112=EARLY{number}|") for number in range(first, early + 1)]
    return [*talk.early(early, 1), *again]


def flawed(talk: Talk) -> list[bytes]:
    return [talk.message(*talk.pick.choice(FLAWED))]


def resend(talk: Talk) -> list[bytes]:
    return [talk.message("2", f"7=1|16={talk.pick.choice((0, 1, 5_000))}|")]


def logout(talk: Talk) -> bytes:
    return talk.message("5", "58=good night|")


def number_too_low(talk: Talk) -> bytes:
    return talk.numbered(talk.pick.randint(1, talk.next - 1), "0")


def another_version(talk: Talk) -> bytes:
    return frame(f"35=0|49=BROKER1|56=FONDACO|34={talk.next}|52={now()}|", "FIX.4.2")


def from_a_stranger(talk: Talk) -> bytes:
    return frame(f"35=0|49=BROKER9|56=FONDACO|34={talk.next}|52={now()}|")


def from_last_year(talk: Talk) -> bytes:
    return frame(f"35=0|49=BROKER1|56=FONDACO|34={talk.next}|52=20251118-11:06:40|")


STEPS_OF_ALL: Final = (
    *(heartbeat, not_a_repeat, repeat_of_what_never_came, repeat_of_what_has_come, reject, garbled, gap_fill),
    *(reset_ahead, gap_that_is_filled, gap_that_is_sent_again),
)
RESENDS: Final = (resend, resend)
REJECTS: Final = (flawed, flawed, flawed)
ENDS: Final = (logout, number_too_low, another_version, from_a_stranger, from_last_year)


@pytest.fixture
def quickfix_port(tmp_path: Path) -> Iterator[int]:
    """The port of a QuickFIX acceptor."""
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.quickfix_acceptor", str(port), str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
    ) as process:

        def listens() -> bool:
            with suppress(OSError), socket.create_connection((HOST, port)):
                return True
            return False

        wait_until(listens, "QuickFIX listens")
        yield port
        assert process.stdin is not None
        process.stdin.close()


def test_random_sessions_are_answered_as_quickfix_does(make_venue: MakeVenue, quickfix_port: int) -> None:
    venue = make_venue(sync="relaxed")
    venue.start()
    for seed in range(SESSIONS):
        peers = [Peer(venue.port), Peer(quickfix_port)]
        Talk(peers, seed).run()
        for peer in peers:
            peer.client.close()
