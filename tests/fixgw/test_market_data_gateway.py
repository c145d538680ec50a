"""Market data as a session has it: what it may ask for, what it is told, and what becomes of it if it does not read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine import commands
from engine.commands import AnyCommand, ProvisionSession
from engine.events import AnyEvent
from engine.profile import FIX_VERSIONS, SessionProfile, SessionRole
from engine.values import Phase
from fixgw.codec import SOH, Framer, Message, encode
from fixgw.gateway import WAIT
from fixgw.market_data_gateway import MarketDataGateway
from fixgw.market_data_outbound import WAITING_BYTES_MAX, Clock
from fixgw.market_data_request import INSTRUMENTS_MAX
from fixgw.market_publisher import MarketPublisher
from fixgw.session import Session, SessionState
from fixgw.session_numbers import RESERVED_BLOCK
from fixgw.timestamps import format_utc
from fixgw.version import version_named
from tests.engine.builders import SYMBOL, Venue, add_instrument
from tests.fixgw.market_follower import Follower, Timers, check_message

OTHER = "BTC/USD2"
FULL = "264=0|265=1|266=N|267=3|269=0|269=1|269=2|146=1|55=BTC/USD|"
HEARD = frozenset(("W", "X", "Y"))


async def unheard(_comp_id: str, _password_hash: str) -> str:
    return "nobody puts passwords on record here"


class Wire:
    """Takes the place of a transport: it has a buffer of a size, and keeps what was written."""

    def __init__(self) -> None:
        self.written = b""
        self.room_bytes = 10**9
        self.on_full: Callable[[], None] = lambda: None

    def write(self, data: bytes) -> None:
        self.written += data
        if len(self.written) > self.room_bytes:
            self.on_full()

    def is_closing(self) -> bool:
        return False


class Floor(Venue):
    """The builders' venue, and one session that has market data of it."""

    def __init__(self, directory: Path, version: str = "FIX.4.4") -> None:
        self.directory = directory
        self.version = version_named(version)
        self.unseen: list[tuple[int, list[AnyEvent]]] = []
        super().__init__()
        self.apply(add_instrument(symbol=OTHER))
        self.provision()
        self.clock = Clock(lambda: self.now_ns)
        self.publisher = MarketPublisher(self.state, Timers())
        self.unseen.clear()
        self.gateway = MarketDataGateway(self.state, self.publisher, self.clock, directory, unheard)
        self.publish()
        self.session = Session("FONDACO", "MD1", version=self.version)
        self.outbound = self.gateway.open(self.session)
        self.log_on()

    def provision(self, *instruments: str) -> None:
        profile = SessionProfile(SessionRole.MARKET_DATA, self.version.name, instruments=instruments)
        self.apply(ProvisionSession("MD1", (), "$argon2id$hash", profile=profile))

    def apply(self, command: AnyCommand) -> list[AnyEvent]:
        events = super().apply(command)
        self.unseen.append((self.now_ns, events))
        return events

    def publish(self) -> None:
        self.clock.tick()
        for time_ns, events in self.unseen:
            self.publisher.observe(time_ns, events)
            self.gateway.tell(events)
        self.unseen.clear()
        self.publisher.publish()

    def log_on(self) -> None:
        self.wire = Wire()
        self.wire.on_full = self.outbound.pause
        self.outbound.connect(self.wire)
        self.session.state = SessionState.ACTIVE
        self.framer = Framer()

    def log_off(self) -> None:
        self.gateway.gone("MD1")
        self.outbound.disconnect()

    def say(self, msg_type: str, body: str) -> int:
        """Say a message, its fields written `262=R|263=1|`."""
        time = format_utc(self.clock.tick())
        text = f"35={msg_type}|49=MD1|56=FONDACO|34={self.session.next_in}|52={time}|{body}".replace("|", SOH)
        (message,) = Framer().receive(encode(text, self.version.begin_string))
        assert self.session.accept(message, self.now_ns)
        return self.gateway.take("MD1", self.session.next_in - 1, message, self.session.flaw, Framer())

    def hear(self) -> list[Message]:
        """Return what was written since the last time."""
        written, self.wire.written = self.wire.written, b""
        messages = self.framer.receive(written)
        for message in messages:
            if message.msg_type in HEARD:
                check_message(message, self.version)
        return messages

    def ask(self, body: str) -> list[Message]:
        """Say a MarketDataRequest, and return what comes back."""
        self.say("V", body)
        return self.hear()


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    return Floor(tmp_path)


def test_snapshot_comes_first_then_updates_under_the_same_request(floor: Floor) -> None:
    floor.buy(5, 100)
    floor.publish()
    (snapshot,) = floor.ask(f"262=R|263=1|{FULL}")
    assert (snapshot.msg_type, snapshot.fields["262"], snapshot.fields["83"]) == ("W", "R", "1")
    floor.buy(1, 99)
    floor.publish()
    (update,) = floor.hear()
    assert (update.msg_type, update.fields["262"], update.fields["25044"]) == ("X", "R", "2")
    assert int(update.fields["34"]) == int(snapshot.fields["34"]) + 1


@pytest.mark.parametrize("version", FIX_VERSIONS)
def test_every_version_has_market_data(tmp_path: Path, version: str) -> None:
    floor = Floor(tmp_path, version)
    floor.buy(5, 100)
    floor.publish()
    (snapshot,) = floor.ask(f"262=R|263=1|{FULL}")
    floor.sell(1, 100)
    floor.publish()
    (update,) = floor.hear()
    assert [message.begin_string for message in (snapshot, update)] == [floor.version.begin_string] * 2
    (reject,) = floor.ask(f"262=S|263=1|{FULL.replace('269=2', '269=6')}")
    assert reject.fields.get("281") == (None if version == "FIX.4.2" else "8")


def test_a_snapshot_alone_is_followed_by_nothing(floor: Floor) -> None:
    (snapshot,) = floor.ask(f"262=R|263=0|{FULL}")
    assert snapshot.msg_type == "W"
    floor.buy(1, 99)
    floor.publish()
    assert floor.hear() == []
    assert floor.outbound.subscriptions == {}


def test_a_request_for_several_instruments_gets_a_snapshot_of_each(floor: Floor) -> None:
    body = "262=R|263=1|264=1|265=1|267=2|269=0|269=1|146=2|55=BTC/USD|55=BTC/USD2|"
    assert [message.fields["55"] for message in floor.ask(body)] == [SYMBOL, OTHER]


def test_unsubscribing_ends_the_updates_and_frees_the_id(floor: Floor) -> None:
    floor.ask(f"262=R|263=1|{FULL}")
    assert floor.ask(f"262=R|263=2|{FULL}") == []
    floor.buy(1, 99)
    floor.publish()
    assert floor.hear() == []
    assert floor.ask(f"262=R|263=1|{FULL}")[0].msg_type == "W"


@pytest.mark.parametrize(
    ("body", "reason", "code"),
    (
        (f"262=R|263=1|{FULL.replace('BTC/USD', 'XXX')}", "0", "1001"),
        (f"262=USED|263=1|{FULL}", "1", "2040"),
        (f"262=R|263=1|{FULL.replace('146=1', f'146={INSTRUMENTS_MAX + 1}')}"
         + "".join(f"55=X{number}|" for number in range(INSTRUMENTS_MAX)), "2", "2043"),
        (f"262=R|263=1|{FULL.replace('BTC/USD', OTHER)}", "3", "2042"),
        (f"262=R|263=1|{FULL.replace('264=0', '264=101')}", "5", "2002"),
        (f"262=R|263=1|{FULL.replace('264=0', '264=-1')}", "5", "2002"),
        ("262=R|263=1|264=0|265=0|267=1|269=0|146=1|55=BTC/USD|", "6", "2002"),
        (f"262=R|263=1|{FULL.replace('265=1|', '')}", "6", "2005"),
        (f"262=R|263=1|{FULL.replace('264=0', '264=5')}", "7", "2002"),
        (f"262=R|263=1|{FULL.replace('269=2', '269=6')}", "8", "2002"),
        (f"262=R|263=1|{FULL.replace('269=2', '269=Z')}", "8", "2002"),
        (f"262=R|263=1|{FULL}5129=100|", None, "2001"),
        (f"262=R|263=1|{FULL.replace('266=N', '266=Y')}5129=10001|", None, "2002"),
        (f"262=R|263=1|{FULL}547=Y|", None, "2001"),
        (f"262={'R' * 65}|263=1|{FULL}", None, "2007"),
        (f"262=R|263=2|{FULL}", None, "2041"),
        ("262=R|263=1|264=0|265=1|267=0|146=1|55=BTC/USD|", "8", "2005"),
        ("262=R|263=1|264=0|265=1|267=1|269=0|146=0|", None, "2005"),
    ),
)  # fmt: skip
def test_what_cannot_be_had_is_rejected_with_a_reason(floor: Floor, body: str, reason: str | None, code: str) -> None:
    floor.provision(SYMBOL)
    floor.ask(f"262=USED|263=1|{FULL}")
    (reject,) = floor.ask(body)
    assert reject.msg_type == "Y"
    assert reject.fields.get("281") == reason
    assert reject.fields["58"].startswith(f"[{code}] ")
    assert len(floor.outbound.subscriptions) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    (
        (f"262=R|263=7|{FULL}", "5"),
        (f"263=1|{FULL}", "1"),
        (f"262=R|263=1|{FULL}9999=1|", "0"),
        (f"262=R|263=1|{FULL.replace('267=3', '267=4')}", "16"),
        (f"262=R|263=1|{FULL.replace('264=0', '264=many')}", "6"),
    ),
)
def test_what_the_standard_does_not_allow_is_a_session_level_reject(floor: Floor, body: str, reason: str) -> None:
    (reject,) = floor.ask(body)
    assert (reject.msg_type, reject.fields["373"], reject.fields["372"]) == ("3", reason, "V")


@pytest.mark.parametrize(
    ("msg_type", "code", "business_reason"), (("D", "2010", "6"), ("B", "2006", "3"), ("F", "2010", "6"))
)
def test_what_is_not_for_market_data_is_refused(floor: Floor, msg_type: str, code: str, business_reason: str) -> None:
    bodies = {
        "D": f"11=A|55=BTC/USD|54=1|38=1|40=2|44=1|60={format_utc(floor.now_ns)}|",
        "B": "148=News|33=1|58=Text|",
        "F": f"11=B|41=A|55=BTC/USD|54=1|60={format_utc(floor.now_ns)}|",
    }
    floor.say(msg_type, bodies[msg_type])
    (reject,) = floor.hear()
    assert (reject.msg_type, reject.fields["380"]) == ("j", business_reason)
    assert reject.fields["58"].startswith(f"[{code}] ")


def test_staff_take_an_instrument_away_and_its_subscription_ends(floor: Floor) -> None:
    floor.ask(f"262=R|263=1|{FULL}")
    floor.provision(OTHER)
    floor.gateway.profile_changed("MD1")
    (reject,) = floor.hear()
    assert (reject.msg_type, reject.fields["262"], reject.fields["281"]) == ("Y", "R", "3")
    floor.buy(1, 99)
    floor.publish()
    assert floor.hear() == []


def test_phases_are_told_on_request_and_as_they_change(floor: Floor) -> None:
    floor.say("e", "324=S|55=BTC/USD|263=1|")
    floor.say("g", "335=T|336=BTC/USD|263=1|")
    assert [(message.msg_type, message.fields["625"]) for message in floor.hear()] == [("f", "3"), ("h", "3")]
    floor.phase(Phase.CLOSED)
    floor.publish()
    assert [(message.msg_type, message.fields["625"]) for message in floor.hear()] == [("f", "7"), ("h", "7")]
    floor.say("e", "324=S|55=BTC/USD|263=2|")
    floor.say("g", "335=T|263=2|")
    floor.phase(Phase.CONTINUOUS)
    floor.publish()
    assert floor.hear() == []


def test_an_unknown_instrument_has_no_phase(floor: Floor) -> None:
    floor.say("e", "324=S|55=XXX|263=0|")
    (status,) = floor.hear()
    assert (status.msg_type, status.fields["326"]) == ("f", "20")


# A client that does not read


def test_a_stalled_client_gets_a_snapshot_for_the_updates_that_it_missed(floor: Floor) -> None:
    floor.ask(f"262=R|263=1|{FULL}")
    follower = Follower(by_order=True)
    floor.outbound.pause()
    for _ in range(WAITING_BYTES_MAX // 150):
        floor.buy(1, 50, cl_ord_id=floor.next_id())
        floor.cancel(f"id{floor.last_id}")
        floor.publish()
    floor.buy(2, 50)
    floor.publish()
    assert floor.hear() == []
    floor.outbound.resume()
    messages = floor.hear()
    assert {message.msg_type for message in messages} == {"W"}
    assert messages[0].fields["814"] == "1"
    floor.sell(1, 50)
    floor.publish()
    for message in [*messages, *floor.hear()]:
        follower.hear(message)
    follower.check(floor.publisher.markets[SYMBOL])


def test_a_client_that_stalls_briefly_misses_nothing(floor: Floor) -> None:
    follower = Follower(by_order=True)
    for message in floor.ask(f"262=R|263=1|{FULL}"):
        follower.hear(message)
    floor.outbound.pause()
    for number in range(10):
        floor.buy(1, 1 + number)
        floor.publish()
    floor.outbound.resume()
    messages = floor.hear()
    assert {message.msg_type for message in messages} == {"X"}
    for message in messages:
        follower.hear(message)
    follower.check(floor.publisher.markets[SYMBOL])


def test_a_snapshot_leaves_as_it_is_read_and_updates_wait_behind_it(floor: Floor) -> None:
    for number in range(2_000):
        floor.buy(1, 1 + number)
    floor.publish()
    floor.wire.room_bytes = 10_000
    messages = floor.ask(f"262=R|263=1|{FULL}")
    assert messages[-1].fields["893"] == "N"
    floor.buy(1, 1)
    floor.publish()
    assert floor.hear() == []
    while not floor.outbound.writable:
        floor.outbound.resume()
        messages += floor.hear()
    follower = Follower(by_order=True)
    for message in messages:
        follower.hear(message)
    assert messages[-1].msg_type == "X"
    follower.check(floor.publisher.markets[SYMBOL])


def test_who_does_not_read_the_answers_is_not_listened_to(floor: Floor) -> None:
    floor.outbound.pause()
    assert floor.say("e", "324=S|55=BTC/USD|263=0|") == WAIT


# Numbers


def test_numbers_go_on_after_a_reconnect_and_a_clean_stop(floor: Floor) -> None:
    last = int(floor.ask(f"262=R|263=1|{FULL}")[-1].fields["34"])
    floor.log_off()
    floor.outbound = floor.gateway.open(floor.session)
    floor.log_on()
    assert int(floor.ask(f"262=R|263=1|{FULL}")[0].fields["34"]) == last + 1
    assert floor.session.next_in == 3


def test_no_number_is_used_twice_after_a_crash(floor: Floor) -> None:
    last = int(floor.ask(f"262=R|263=1|{FULL}")[-1].fields["34"])
    other = Session("FONDACO", "MD1")
    outbound = floor.gateway.open(other)
    assert last < outbound.next_out <= last + RESERVED_BLOCK + 1


def test_a_resend_is_answered_by_a_gap_fill(floor: Floor) -> None:
    floor.ask(f"262=R|263=1|{FULL}")
    next_out = floor.outbound.next_out
    floor.outbound.resend(1, 0)
    (fill,) = floor.hear()
    assert (fill.msg_type, fill.fields["34"], fill.fields["123"], fill.fields["36"]) == ("4", "1", "Y", str(next_out))
    floor.outbound.resend(next_out, 0)
    assert floor.hear() == []


def test_a_damaged_file_of_numbers_is_told(floor: Floor, tmp_path: Path) -> None:
    floor.log_off()
    (tmp_path / "MD1.numbers").write_text("{", encoding="ascii")
    with pytest.raises(Exception, match=r"MD1.numbers: damaged"):
        floor.gateway.open(floor.session)


def test_what_staff_set_while_the_process_was_away_holds_once(floor: Floor) -> None:
    floor.log_off()
    floor.apply(commands.SetSequence("MD1", 7, 1_000, "staff", "a test"))
    for _ in range(2):
        floor.outbound = floor.gateway.open(floor.session)
        assert (floor.session.next_in, floor.outbound.next_out) == (7, 1_000)
        floor.log_on()
        floor.log_off()


def test_of_what_staff_did_while_the_process_was_away_only_what_is_new_is_done(floor: Floor) -> None:
    floor.apply(commands.SetSequence("MD1", 7, 1_000, "staff", "a test"))
    floor.log_off()
    floor.outbound = floor.gateway.open(floor.session)
    floor.session.next_in = 20
    floor.outbound.save()
    floor.apply(commands.SetSequence("MD1", 0, 2_000, "staff", "a test"))
    floor.apply(commands.SetSequence("MD1", 0, 1_500, "staff", "a number that is not reached backwards"))
    floor.outbound = floor.gateway.open(floor.session)
    assert (floor.session.next_in, floor.outbound.next_out) == (20, 2_000)


def test_a_reset_by_staff_while_the_process_was_away_comes_before_what_they_set_later(floor: Floor) -> None:
    floor.apply(commands.SetSequence("MD1", 7, 1_000, "staff", "a test"))
    floor.log_off()
    floor.outbound = floor.gateway.open(floor.session)
    floor.apply(commands.ResetSequence("MD1", by="staff", why="a test"))
    floor.apply(commands.SetSequence("MD1", 0, 50, "staff", "a test"))
    floor.outbound = floor.gateway.open(floor.session)
    assert (floor.session.next_in, floor.outbound.next_out) == (1, 50)


def test_a_session_that_was_removed_and_is_there_again_begins_at_1(floor: Floor) -> None:
    floor.ask(f"262=R|263=1|{FULL}")
    floor.log_off()
    floor.apply(commands.RemoveSession("MD1", "staff", "a test"))
    floor.provision()
    outbound = floor.gateway.open(floor.session)
    assert (floor.session.next_in, outbound.next_out) == (1, 1)
