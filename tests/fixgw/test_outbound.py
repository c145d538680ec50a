"""What a session is owed leaves once, in order, and not before it is on disk; what is asked for again comes again."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commands import ProvisionSession, SetPhase
from engine.frames import Frame
from engine.journal import Cursor
from engine.values import Phase
from fixgw import acceptor as acceptor_module
from fixgw.codec import Message
from fixgw.outbound import PIECE_REPORTS, RESENDS_WAITING_MAX, RESERVED_BLOCK, _not_in
from tests.fixgw.house import QUICK_HASH, Broker, House, Wire, numbers, sleep


class HeldDisk:
    """A disk on which each sync waits to be let go."""

    def __init__(self, house: House) -> None:
        self._sync = house.journal.sync
        self._permits = threading.Semaphore(0)
        self._house = house
        house.journal.sync = self._held_sync  # type: ignore[method-assign]

    def _held_sync(self) -> None:
        self._permits.acquire()
        self._sync()

    def let_one_go(self) -> None:
        self._permits.release()

    def be_quick(self) -> None:
        self._house.journal.sync = self._sync  # type: ignore[method-assign]
        self._permits.release(1_000)


def kinds(messages: list[Message]) -> str:
    """Return MsgTypes and numbers: `A1 8x2`, an `x` for PossDup, `4x3>7` for a gap fill."""
    words = []
    for message in messages:
        repeats = "x" if message.fields.get("43") == "Y" else ""
        to = f">{message.fields['36']}" if message.msg_type == "4" else ""
        words.append(f"{message.msg_type}{repeats}{message.fields['34']}{to}")
    return " ".join(words)


# ---------------------------------------------------------------------------------------------------- live


async def test_report_leaves_when_its_record_is_on_disk_and_not_before(house: House) -> None:
    broker = await Broker(house).log_on()
    disk = HeldDisk(house)
    broker.order("O1")
    while not house.sequencer._committing:
        await sleep()
    for _ in range(100):
        await sleep()
    assert broker.hear() == []
    disk.be_quick()
    assert kinds(await broker.heard_now()) == "82"


async def test_messages_of_all_kinds_share_one_sequence(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.order("O1")
    broker.say("1", "112=X|")
    broker.order("O2")
    broker.say("ZZ")
    assert kinds(broker.heard) == "A1"
    assert kinds(await broker.heard_now()) == "82 03 84 35"


async def test_report_carries_the_time_of_its_record_as_sending_time(house: House) -> None:
    broker = await Broker(house).log_on()
    house.now_ns += 1_234_567_000
    broker.order("O1")
    (report,) = await broker.heard_now()
    assert report.fields["52"] == report.fields["60"]


async def test_numbers_are_reserved_before_they_are_used(house: House) -> None:
    broker = await Broker(house).log_on()
    state = house.sequencer.exchange.state.sessions["BROKER1"]
    for count in range(1, 3 * RESERVED_BLOCK // 1_000):
        for n in range(1_000):
            broker.say("H", f"11=O{count}/{n}|55=BTC/USD|54=1|")
        await broker.heard_now()
        assert state.reserved_out >= house.outbound().next_out - 1
    assert house.index().count == house.outbound().next_out - 1


# ------------------------------------------------------------------------------------------------- resending


@pytest.fixture
async def talked(house: House) -> Broker:
    """A session on which 1 is our Logon, 2 3 5 6 are reports, 4 and 7 Heartbeats."""
    broker = await Broker(house).log_on()
    for word in ("D", "D", "1", "D", "D", "1"):
        house.now_ns += 1_000_000
        if word == "D":
            broker.order(f"O{broker.next_out}")
        else:
            broker.say("1", "112=X|")
        await house.settle()
    assert kinds(broker.hear()) == "82 83 04 85 86 07"
    return broker


RESENDS = {
    "everything": ("7=1|16=0|", "4x1>2 8x2 8x3 4x4>5 8x5 8x6 4x7>8"),
    "everything there will be": ("7=1|16=999999|", "4x1>2 8x2 8x3 4x4>5 8x5 8x6 4x7>8"),
    "a part": ("7=3|16=5|", "8x3 4x4>5 8x5"),
    "one report": ("7=5|16=5|", "8x5"),
    "one that is no report": ("7=4|16=4|", "4x4>5"),
    "a part that begins with none": ("7=1|16=2|", "4x1>2 8x2"),
    "a part that ends with none": ("7=3|16=4|", "8x3 4x4>5"),
    "what has not been said yet, which is rejected": ("7=8|16=0|", "38"),
}


@pytest.mark.parametrize("case", RESENDS.values(), ids=list(RESENDS))
async def test_resend_has_gap_fills_where_no_report_was(talked: Broker, case: tuple[str, str]) -> None:
    asked, expected = case
    talked.say("2", asked)
    assert kinds(await talked.heard_now()) == expected


async def test_report_that_is_sent_again_is_the_same_with_two_times(house: House, talked: Broker) -> None:
    first = talked.heard[1]
    house.now_ns += 7_000_000
    talked.say("2", "7=2|16=2|")
    (again,) = await talked.heard_now()
    assert again.fields.pop("43") == "Y"
    assert again.fields.pop("122") == first.fields["52"]
    assert again.fields.pop("52") > first.fields.pop("52")
    assert again.fields == first.fields
    assert "97" not in again.fields


async def test_what_is_said_after_a_resend_request_comes_after_the_resend(talked: Broker) -> None:
    talked.say("2", "7=2|16=2|")
    talked.say("1", "112=Y|")
    talked.order("NEW")
    assert kinds(await talked.heard_now()) == "8x2 88 09"


async def test_what_was_said_before_a_resend_request_comes_before_the_resend(talked: Broker) -> None:
    talked.say("1", "112=Y|")
    talked.order("NEW")
    talked.say("2", "7=2|16=2|")
    assert kinds(await talked.heard_now()) == "08 89 8x2"


async def test_session_is_live_again_after_a_resend(house: House, talked: Broker) -> None:
    talked.say("2", "7=1|16=0|")
    await talked.heard_now()
    assert house.outbound().live
    talked.order("NEW")
    assert kinds(await talked.heard_now()) == "88"


async def test_same_request_twice_is_answered_once(talked: Broker) -> None:
    talked.say("2", "7=2|16=3|")
    talked.say("2", "7=2|16=3|")
    assert kinds(await talked.heard_now()) == "8x2 8x3"


async def test_many_overlapping_requests_are_all_answered_and_come_to_an_end(talked: Broker) -> None:
    for begin in range(1, 8):
        for end in range(begin, 8):
            talked.say("2", f"7={begin}|16={end}|")
    heard = await talked.heard_now()
    assert set(numbers(heard)) == set(range(1, 8))
    assert len(heard) < 8 * 28


async def test_requests_beyond_the_limit_are_joined_and_not_forgotten(house: House) -> None:
    broker = await Broker(house).log_on()
    for number in range(RESENDS_WAITING_MAX + 50):
        broker.order(f"O{number}", qty="0.000001")
    await broker.heard_now()
    for number in range(2, RESENDS_WAITING_MAX + 52):
        broker.say("2", f"7={number}|16={number}|")
    assert len(house.outbound()._resends) == RESENDS_WAITING_MAX
    assert set(numbers(await broker.heard_now())) == set(range(2, RESENDS_WAITING_MAX + 52))


async def test_requests_for_the_same_add_no_work(house: House, talked: Broker) -> None:
    for begin, end in ((2, 3), (1, 0), (3, 6), (1, 7), (5, 5)):
        talked.say("2", f"7={begin}|16={end}|")
    assert kinds(await talked.heard_now()) == "8x2 8x3 4x1>2 4x4>5 8x5 8x6 4x7>8"
    talked.say("2", "7=2|16=3|")
    assert kinds(await talked.heard_now()) == "8x2 8x3", "what has been sent may be asked for again"


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), max_size=12))
def test_ranges_of_what_waits_do_not_overlap(asked: list[tuple[int, int]]) -> None:
    waiting: list[tuple[int, int]] = []
    for begin, end in asked:
        waiting += _not_in(waiting, begin, end)
    numbers_waiting = [number for begin, end in waiting for number in range(begin, end + 1)]
    assert len(numbers_waiting) == len(set(numbers_waiting))
    assert set(numbers_waiting) == {number for begin, end in asked for number in range(begin, end + 1)}


async def test_long_resend_comes_in_pieces_and_lets_others_trade(house: House) -> None:
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    count = 5 * PIECE_REPORTS
    for number in range(count):
        broker.order(f"O{number}", qty="0.000001")
    await broker.heard_now()
    broker.say("2", "7=1|16=0|")
    other.say("1", "112=X|")
    while not other.hear():
        await sleep()
    assert len(broker.hear()) < count
    await broker.heard_now()
    resent = [message for message in broker.heard if message.fields.get("43") == "Y" and message.msg_type == "8"]
    assert numbers(resent) == list(range(2, count + 2))


async def test_resends_of_several_sessions_take_turns(house: House) -> None:
    brokers = [await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()]
    count = 10 * PIECE_REPORTS
    for broker in brokers:
        for number in range(count):
            broker.order(f"O{number}", qty="0.000001")
        await broker.heard_now()
    for broker in brokers:
        broker.say("2", "7=2|16=0|")
    while not brokers[1].hear():
        await sleep()
    assert 0 < len(brokers[0].hear()) <= 3 * PIECE_REPORTS
    for broker in brokers:
        await broker.heard_now()
        assert numbers(broker.heard[-count:]) == list(range(2, count + 2))


async def test_record_with_many_reports_is_read_once_for_all_of_them(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = await Broker(house).log_on()
    count = 10 * PIECE_REPORTS
    for number in range(count):
        broker.order(f"O{number}", qty="0.000001")
    broker.say("q", "11=Q|530=7|60=20261118-10:00:00|")
    first = len(await broker.heard_now()) + 1 - count
    read: list[int] = []
    frame = Cursor.frame

    def noted(cursor: Cursor, sequence: int) -> Frame:
        read.append(sequence)
        return frame(cursor, sequence)

    monkeypatch.setattr(Cursor, "frame", noted)
    broker.say("2", f"7={first}|16=0|")
    assert len(await broker.heard_now()) == count + 1
    assert len(read) == 1


async def test_resend_reads_reports_of_every_kind_from_the_journal(house: House) -> None:
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    time = "60=20261118-10:00:00|"
    broker.order("M", qty="3")
    await house.settle()
    other.order("T", side="2", qty="1")
    await house.settle()
    for msg_type, fields in (
        ("G", f"11=R|41=M|55=BTC/USD|54=1|{time}38=2.5|40=2|44=99|59=1|"),
        ("F", f"11=C|41=NONE|55=BTC/USD|54=1|{time}"),
        ("F", f"11=C|41=R|55=BTC/USD|54=1|{time}"),
        ("H", "11=R|55=BTC/USD|54=1|"),
        ("AF", "584=A|585=7|"),
        ("q", f"11=Q|530=7|{time}"),
        ("D", f"11=X|55=BTC/USD|54=1|{time}38=1|40=2|"),
        ("D", f"11=X|55=NONE|54=1|{time}38=1|40=2|44=1|"),
        ("B", "148=x|33=1|58=x|"),
        ("ZZ", ""),
    ):
        broker.say(msg_type, fields)
    first = [message for message in [*broker.heard, *await broker.heard_now()] if message.msg_type != "A"]
    assert {message.msg_type for message in first} == {"8", "9", "r", "j", "3"}
    broker.say("2", "7=2|16=0|")
    again = await broker.heard_now()
    assert [without_times(message) for message in again] == [without_times(message) for message in first]


def without_times(message: Message) -> dict[str, str]:
    return {tag: value for tag, value in message.fields.items() if tag not in {"43", "122", "52"}}


# --------------------------------------------------------------------------------------------- slow readers


async def test_slow_reader_costs_no_memory_and_gets_everything_once_and_in_order(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.wire.limit = 10_000
    count = 2_000
    biggest = 0
    for number in range(count):
        broker.order(f"O{number}", qty="0.000001")
        if number % 50 == 0:
            await house.sequencer.flushed()
        biggest = max(biggest, len(broker.wire.unread) + sum(map(len, house.outbound()._frames)))
    assert broker.wire.is_paused
    assert biggest < 10_000 + 50 * 300 + PIECE_REPORTS * 300
    while len(broker.heard) < count + 1:
        await broker.heard_now()
    assert kinds(broker.heard) == " ".join(["A1", *(f"8{number}" for number in range(2, count + 2))])
    await house.settle()
    assert house.outbound().live


async def test_many_readers_that_stall_cost_no_memory_and_get_everything(house: House) -> None:
    brokers = []
    for number in range(60):
        name = f"DESK{number}"
        house.sequencer.submit(ProvisionSession(name, ("BROKER1-A",), QUICK_HASH))
        await house.settle()
        broker = await Broker(house, name).log_on()
        broker.say("g", "335=G|336=BTC/USD|263=1|")
        await broker.heard_now()
        broker.wire.limit = 2_000
        brokers.append(broker)
    changes = 200
    for number in range(changes):
        phase = Phase.HALT if number % 2 == 0 else Phase.CONTINUOUS
        house.sequencer.submit(SetPhase("BTC/USD", phase, "mira", "a test"))
        if number % 10 == 0:
            await house.settle()
    await house.settle()
    for broker in brokers:
        outbound = house.outbound(broker.comp_id)
        assert broker.wire.is_paused
        assert len(broker.wire.unread) < 2_000 + PIECE_REPORTS * 300
        assert (outbound._frames, outbound._entries, len(outbound._resends)) == ([], [], 0)
    for broker in brokers:
        while len(broker.heard) < 2 + changes:
            await broker.heard_now()
        assert numbers(broker.heard) == list(range(1, 3 + changes))


async def test_answers_to_a_slow_reader_wait_and_heartbeats_are_left_out(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.wire.limit = 1
    broker.order("O1")
    await house.sequencer.flushed()
    assert broker.wire.is_paused
    broker.say("1", "112=X|")
    house.pass_time(31)
    house.pass_time(1)
    broker.say("ZZ")
    await house.sequencer.flushed()
    broker.wire.limit = 1_000
    assert kinds(broker.hear()) == "82"
    assert kinds(await broker.heard_now()) == "33 04"


async def test_answers_that_wait_for_a_slow_reader_are_bounded(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.wire.limit = 1
    broker.order("O1")
    await house.sequencer.flushed()
    for _ in range(1_000):
        broker.say("1", "112=X|")
    assert len(house.outbound()._deferred) <= 64


async def test_slow_reader_may_ask_again_for_what_it_has(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.order("O1")
    await broker.heard_now()
    broker.wire.limit = 1
    broker.order("O2")
    await house.sequencer.flushed()
    broker.order("O3")
    broker.say("2", "7=1|16=0|")
    await house.sequencer.flushed()
    assert kinds(broker.hear()) == "83"
    broker.wire.limit = 10_000
    assert kinds(await broker.heard_now()) == "4x1>2 8x2 8x3 84"


# ------------------------------------------------------------------------------------------------ connections


async def test_what_happens_while_nobody_is_connected_is_a_gap_and_can_be_asked_for(house: House) -> None:
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    broker.order("M")
    await broker.heard_now()
    broker.wire.break_off()
    other.order("T", side="2")
    await house.settle()
    await broker.log_on()
    assert kinds(broker.heard) == "A1 82 A4"
    broker.say("2", "7=3|16=0|")
    fill, gap = await broker.heard_now()
    assert kinds([fill, gap]) == "8x3 4x4>5"
    assert (fill.fields["150"], fill.fields["11"]) == ("F", "M")
    assert "97" not in fill.fields


async def test_next_expected_number_brings_the_rest_without_a_request(house: House) -> None:
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    broker.order("M")
    await broker.heard_now()
    broker.wire.break_off()
    other.order("T", side="2")
    await house.settle()
    await broker.log_on("789=3|")
    assert kinds(broker.heard[2:] + await broker.heard_now()) == "A4 8x3"
    broker.say("1", "112=X|")
    assert kinds(await broker.heard_now()) == "05"


async def test_batch_that_is_on_its_way_to_the_disk_when_the_connection_breaks_stays_owed(house: House) -> None:
    broker = await Broker(house).log_on()
    disk = HeldDisk(house)
    broker.order("O1")
    while not house.sequencer._committing:
        await sleep()
    broker.wire.break_off()
    disk.be_quick()
    await house.settle()
    (entry,) = house.index().owed()
    assert entry.sequence
    await broker.log_on()
    broker.say("2", "7=2|16=0|")
    assert kinds(await broker.heard_now()) == "8x2 4x3>4"


async def test_batch_that_is_on_its_way_does_not_leave_over_the_next_connection(house: House) -> None:
    broker = await Broker(house).log_on()
    disk = HeldDisk(house)
    broker.order("O1")
    while not house.sequencer._committing:
        await sleep()
    broker.wire.break_off()
    broker.wire = house.connect()
    broker.say("A", "98=0|108=30|")
    for _ in range(20):
        await sleep()
    disk.be_quick()
    assert kinds(await broker.heard_now()) == "A3"


# ---------------------------------------------------------------------------------------------------- resets


async def test_reset_begins_again_at_1_on_both_sides(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.order("O1")
    await broker.heard_now()
    broker.wire.break_off()
    broker.heard.clear()
    await broker.log_on("141=Y|")
    assert kinds(broker.heard) == "A1"
    broker.order("O2")
    assert kinds(await broker.heard_now()) == "82"
    state = house.sequencer.exchange.state.sessions["BROKER1"]
    assert (state.resets, house.index().resets, state.last_in) == (1, 1, 2)


async def test_reset_brings_the_reports_that_were_never_sent_and_no_others(house: House) -> None:
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    broker.order("M", qty="3")
    await broker.heard_now()
    broker.wire.break_off()
    other.order("T1", side="2")
    other.order("T2", side="2")
    await house.settle()
    broker.heard.clear()
    await broker.log_on("141=Y|")
    await broker.heard_now()
    assert kinds(broker.heard) == "A1 82 83"
    assert [message.fields["14"] for message in broker.heard[1:]] == ["1.000000", "2.000000"]
    assert not any("97" in message.fields for message in broker.heard)
    broker.say("2", "7=1|16=0|")
    assert kinds(await broker.heard_now()) == "4x1>2 8x2 8x3"


async def test_report_that_a_reset_brought_is_not_brought_by_the_next(house: House) -> None:
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    broker.order("M", qty="3")
    await broker.heard_now()
    broker.wire.break_off()
    other.order("T1", side="2")
    await house.settle()
    for expected in ("A1 82", "A1"):
        broker.heard.clear()
        await broker.log_on("141=Y|")
        await broker.heard_now()
        assert kinds(broker.heard) == expected
        broker.wire.break_off()


async def test_report_that_is_on_its_way_to_the_disk_at_a_reset_keeps_its_place(house: House) -> None:
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    broker.order("M", qty="3")
    await broker.heard_now()
    broker.wire.break_off()
    other.order("T1", side="2")
    await house.settle()
    broker.heard.clear()
    disk = HeldDisk(house)
    broker.wire, broker.next_out = house.connect(), 1
    broker.say("A", "98=0|108=30|141=Y|")
    while not house.sequencer._committing:
        await sleep()
    other.order("T2", side="2")  # goes into the batch behind the reset's
    disk.let_one_go()
    while house.index().resets == 0:
        await sleep()
    assert house.sequencer._committing
    other.order("T3", side="2")  # and this into the one behind that
    disk.be_quick()
    await broker.heard_now()
    assert kinds(broker.heard) == "A1 82 83 84"
    assert [message.fields["14"] for message in broker.heard[1:]] == ["1.000000", "2.000000", "3.000000"]
    assert house.outbound().next_out == house.index().count + 1
    broker.say("2", "7=4|16=0|")
    assert kinds(await broker.heard_now()) == "8x4"


async def test_reset_is_seen_through_when_its_connection_breaks_meanwhile(house: House) -> None:
    broker = await Broker(house).log_on()
    for name in ("O1", "O2", "O3"):
        broker.order(name)
    await broker.heard_now()
    broker.wire.break_off()
    await house.settle()
    disk = HeldDisk(house)
    broker.wire, broker.next_out = house.connect(), 1
    broker.say("A", "98=0|108=30|141=Y|")
    while not house.sequencer._committing:
        await sleep()
    broker.wire.break_off()
    late = Broker(house)
    late.say("A", "98=0|108=30|")
    for _ in range(20):
        await sleep()
    assert late.wire.is_lost, "nobody else has the session before the reset is through"
    disk.be_quick()
    await house.settle()
    assert house.acceptor.bound == {}
    assert (house.index().resets, house.acceptor.sessions["BROKER1"].next_in) == (1, 1)
    broker.heard.clear()
    await broker.log_on()
    assert kinds(broker.heard) == "A2 23"
    assert house.outbound().next_out == house.index().count + 1 + len(house.outbound()._entries)


async def test_reset_does_not_disturb_others(house: House) -> None:
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    broker.wire.break_off()
    await broker.log_on("141=Y|")
    other.say("1", "112=X|")
    assert kinds(await other.heard_now()) == "02"


# ------------------------------------------------------------------------------------------- strangers, goodbyes


async def test_refused_logon_hears_nothing_but_the_refusal(house: House) -> None:
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    broker.order("M")
    await broker.heard_now()
    broker.wire.break_off()
    disk = HeldDisk(house)
    stranger = Broker(house)
    number = house.outbound().next_out
    stranger.say("A", "98=0|108=30|553=BROKER1|554=wrong|")
    while house.outbound().next_out == number:
        await sleep()
    other.order("T", side="2")
    disk.be_quick()
    while not stranger.wire.is_lost:
        await sleep()
    assert kinds(stranger.hear()) == "53"
    await house.settle()
    assert [entry.part for entry in house.index().owed()] == [2]


async def test_number_of_a_refused_logon_is_filled_when_asked_for(house: House) -> None:
    stranger = await Broker(house).log_on("553=BROKER1|554=wrong|")
    assert kinds(stranger.heard) == "51"
    broker = await Broker(house).log_on()
    assert kinds(broker.heard) == "A2"
    broker.say("2", "7=1|16=0|")
    assert kinds(await broker.heard_now()) == "4x1>3"


async def test_logout_does_not_wait_for_a_resend(house: House, talked: Broker) -> None:
    talked.wire.limit = 1
    talked.say("2", "7=1|16=0|")
    await house.sequencer.flushed()
    talked.say("5")
    await house.sequencer.flushed()
    assert kinds(talked.hear()).split()[-1] == "58"


async def test_connection_that_is_not_read_is_aborted_after_the_goodbye(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = await Broker(house).log_on()
    monkeypatch.setattr(acceptor_module, "GOODBYE_S", 0)
    monkeypatch.setattr(Wire, "close", lambda self: setattr(self, "_is_closing", True))
    monkeypatch.setattr(Wire, "abort", Wire.break_off)
    broker.say("5")
    while house.acceptor.bound:
        await sleep()
    assert broker.wire.is_lost


async def test_session_that_is_gone_is_still_owed_what_happens(house: House) -> None:
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    broker.order("M")
    broker.say("5")
    await broker.heard_now()
    other.order("T", side="2")
    await house.settle()
    assert len(list(house.index().owed())) == 1
