"""What each session is owed after each kind of stop, and under which numbers it comes."""

import asyncio
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from engine.events import (
    AccountOpened,
    AnyEvent,
    AssetAdded,
    CommandRejected,
    Credited,
    InstrumentAdded,
    OrderCanceled,
    Trade,
    TradingDayEnded,
)
from engine.journal import JournalReader
from engine.session_events import SequenceReset, SessionProvisioned
from engine.values import CancelReason, OrderType, Side, TimeInForce
from fixgw.codec import Message
from fixgw.delivery import _read_delivered, recipients
from fixgw.errors import OutboundError
from fixgw.outbound import Outbound
from fixgw.outbound_index import ENTRY, OutboundIndex
from tests.fixgw.house import Broker, House, numbers, sleep
from tests.fixgw.venue import NOW, Venue

HEADER_BYTES = 40
MARKET = f"11=T|55=BTC/USD|54=2|60={NOW}|38=1|40=1|"


def reports(messages: list[Message]) -> list[tuple[str, str, str]]:
    """Return what the application reports are about: type, ClOrdID and CumQty."""
    return [(m.msg_type, m.fields["11"], m.fields["14"][:1]) for m in messages if m.msg_type == "8"]


def canceled(session: str, requester: str) -> OrderCanceled:
    return OrderCanceled(
        session, requester, "A", 1, "C", "O", "X", Side.BUY, OrderType.LIMIT, TimeInForce.DAY, 1, 1, 0, 0,
        CancelReason.REQUESTED,
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------- who is told


def test_requester_is_told_before_the_owner() -> None:
    assert recipients(canceled("OWNER", "ASKER")) == (("ASKER", 0), ("OWNER", 1))
    assert recipients(canceled("OWNER", "OWNER")) == (("OWNER", 0),)


def test_both_sides_are_told_of_a_trade_the_maker_first() -> None:
    venue = Venue()
    venue.order("M", "1", "1", "100")
    trade = next(e for e in venue.apply(venue.command("D", MARKET, by="BROKER2")) if isinstance(e, Trade))
    assert recipients(trade) == (("BROKER1", 0), ("BROKER2", 1))


@pytest.mark.parametrize(
    "event",
    (
        AssetAdded("A"),
        InstrumentAdded("I"),
        AccountOpened("A"),
        Credited("A", "X", 1, 1, "r"),
        SessionProvisioned("S"),
        SequenceReset("S"),
        CommandRejected("why"),
        TradingDayEnded(20261118),
    ),
)
def test_nobody_is_told_of_the_houses_own_affairs(event: AnyEvent) -> None:
    assert recipients(event) == ()


# ------------------------------------------------------------------------------------------------ clean stop


async def test_clean_stop_leaves_no_gap_in_either_direction(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.order("O1")
    broker.say("0")
    await broker.heard_now()
    await house.stop()
    house = await house.restarted()
    assert house.owed == 0
    broker.house = house
    await broker.log_on()
    assert numbers(broker.heard) == [1, 2, 3]
    broker.order("O2")
    assert numbers(await broker.heard_now()) == [4]
    await house.stop()


async def test_history_can_be_asked_for_after_any_number_of_starts(house: House) -> None:
    broker = await Broker(house).log_on()
    for start in range(3):
        broker.order(f"O{start}")
        await broker.heard_now()
        await house.stop()
        house = broker.house = await house.restarted(boot=f"boot {start}")
        await broker.log_on()
    broker.say("2", "7=1|16=0|")
    assert reports(await broker.heard_now()) == [("8", "O0", "0"), ("8", "O1", "0"), ("8", "O2", "0")]
    await house.stop()


# ------------------------------------------------------------------------------------------------- unclean stop


class History:
    """A venue that was killed in the middle of trading, and what its broker had heard by then."""

    def __init__(self, house: House, broker: Broker, checkpointed: int) -> None:
        self.data = house.data
        self.heard = list(broker.heard)
        self.next_in = len(broker.heard) + 1
        self.next_out = broker.next_out
        self.checkpointed = checkpointed
        """How many entries of the broker's index were safely on disk."""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return asyncio.run(make_history(tmp_path_factory.mktemp("history") / "venue"))


async def make_history(data: Path) -> History:
    house = await House(data).start()
    checkpointed = 0
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    for number in range(3):
        broker.order(f"M{number}")
        broker.say("1", "112=X|")
        await broker.heard_now()
        other.order(f"T{number}", side="2")
        await broker.heard_now()
        if number == 1:
            house.checkpoint()
            checkpointed = house.index().count
    await house.kill()
    return History(house, broker, checkpointed)


EXPECTED = [("8", f"M{number}", cum) for number in range(3) for cum in "01"]


@pytest.mark.parametrize("boot", ("boot 1", "boot 2"))
@pytest.mark.parametrize("kept", range(11))
async def test_index_that_lost_entries_is_made_whole_and_no_number_is_used_twice(
    history: History, tmp_path: Path, kept: int, boot: str
) -> None:
    shutil.copytree(history.data, tmp_path / "venue")
    index = tmp_path / "venue" / "outbound" / "BROKER1.index"
    with index.open("r+b") as file:
        file.truncate(HEADER_BYTES + kept * ENTRY.size)
    await check_complete(history, tmp_path, boot)


@pytest.mark.parametrize("zeroed", range(8, 11))
@pytest.mark.parametrize("length", range(1, 4))
async def test_index_with_a_hole_that_a_power_cut_left_is_made_whole(
    history: History, tmp_path: Path, zeroed: int, length: int
) -> None:
    shutil.copytree(history.data, tmp_path / "venue")
    index = tmp_path / "venue" / "outbound" / "BROKER1.index"
    assert zeroed > history.checkpointed - 1
    with index.open("r+b") as file:
        file.seek(HEADER_BYTES + (zeroed - 1) * ENTRY.size)
        file.write(bytes(length * ENTRY.size))
    await check_complete(history, tmp_path, "boot 2")


async def check_complete(history: History, tmp_path: Path, boot: str) -> None:
    """The broker that comes back hears all it is owed, and nothing new under a number that it knows."""
    house = House(tmp_path / "venue", boot)
    house.now_ns += 60_000_000_000
    broker = Broker(await house.start())
    await broker.log_on(number=history.next_out)
    logon = broker.heard[0]
    assert int(logon.fields["34"]) >= history.next_in
    broker.say("2", "7=1|16=0|")
    told: dict[int, Message] = {int(message.fields["34"]): message for message in history.heard}
    for message in await broker.heard_now():
        if message.msg_type == "4":
            continue
        number = int(message.fields["34"])
        assert message.fields["43"] == "Y"
        known = told.setdefault(number, message)
        assert known.fields.get("17") == message.fields.get("17")
        if number >= history.next_in:
            assert message.fields["97"] == "Y"
    in_order = [message for _, message in sorted(told.items())]
    first_told = {message.fields["17"]: message for message in reversed(in_order) if message.msg_type == "8"}
    assert reports(sorted(first_told.values(), key=place)) == EXPECTED
    await house.stop()


def place(report: Message) -> tuple[int, Decimal]:
    return int(report.fields["37"]), Decimal(report.fields["14"])


async def test_number_that_was_reserved_is_not_used_after_a_kill(house: House) -> None:
    broker = await Broker(house).log_on()
    reserved = house.sequencer.exchange.state.sessions["BROKER1"].reserved_out
    await house.kill()
    house = broker.house = await house.restarted()
    await broker.log_on()
    assert numbers(broker.heard) == [1, reserved + 1, reserved + 2]
    broker.say("2", "7=2|16=0|")
    gaps = await broker.heard_now()
    assert {gap.msg_type for gap in gaps} == {"4"}
    assert (gaps[0].fields["34"], gaps[-1].fields["36"]) == ("2", str(reserved + 3))
    await house.stop()


async def test_record_that_nobody_was_told_of_is_owed_after_a_kill(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = await Broker(house).log_on()
    await broker.heard_now()
    with monkeypatch.context() as patched:
        patched.setattr(OutboundIndex, "append", lambda self, entries: None)
        broker.order("O1")
        await house.sequencer.flushed()
        await house.kill()
    house = broker.house = await house.restarted()
    assert house.owed == 1
    await broker.log_on()
    broker.say("2", "7=2|16=0|")
    heard = await broker.heard_now()
    assert reports(heard) == [("8", "O1", "0")]
    assert [message.fields.get("97") for message in heard if message.msg_type == "8"] == ["Y"]
    await house.stop()


async def test_report_that_is_owed_twice_over_keeps_its_number(house: House) -> None:
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    broker.order("M")
    await broker.heard_now()
    broker.wire.break_off()
    other.order("T", side="2")
    await house.settle()
    for _ in range(3):
        await house.kill()
        house = await house.restarted()
    broker.house = house
    await broker.log_on()
    broker.say("2", "7=3|16=0|")
    assert reports(await broker.heard_now()) == [("8", "M", "1")]
    await house.stop()


async def test_second_kill_before_anything_was_said_changes_nothing(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.order("O1")
    await broker.heard_now()
    await house.kill()
    counts = []
    for _ in range(3):
        house = await house.restarted()
        counts.append(house.index().count)
        await house.kill()
    assert len(set(counts)) == 1


async def test_first_start_after_a_power_cut_trusts_what_it_has_restored(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.order("O1")
    await broker.heard_now()
    await house.kill()
    house = await house.restarted(boot="boot 2")
    assert house.owed == 1
    await house.kill()
    house = await house.restarted(boot="boot 2")
    assert house.owed == 0
    await house.stop()


# ---------------------------------------------------------------------------------------------------- resets


async def test_kill_between_a_reset_and_its_new_index_is_made_up_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    broker.order("M")
    await broker.heard_now()
    broker.wire.break_off()
    other.order("T", side="2")
    await house.settle()
    with monkeypatch.context() as patched:
        patched.setattr(Outbound, "begin_again", lambda self, resets, *, by_logon: None)
        broker.wire, broker.next_out = house.connect(), 1
        broker.say("A", "98=0|108=30|141=Y|")
        while house.sequencer.exchange.state.sessions["BROKER1"].resets == 0:
            await sleep()
        await house.sequencer.flushed()
        await house.kill()
    house = broker.house = await house.restarted()
    assert (house.index().resets, house.owed) == (1, 0)
    broker.heard.clear()
    broker.next_out = 2
    await broker.log_on()
    assert [m.msg_type + m.fields["34"] for m in broker.heard] == ["A2", "23"]
    broker.say("4", "123=Y|36=3|", number=1, header=f"43=Y|122={broker.heard[0].fields['52']}|")
    broker.say("2", "7=1|16=0|")
    assert reports(await broker.heard_now()) == [("8", "M", "1")]
    await house.stop()


@pytest.mark.parametrize("boot", ("boot 1", "boot 2"))
async def test_report_sent_before_a_reset_is_not_owed_after_a_kill(house: House, boot: str) -> None:
    broker = await Broker(house).log_on()
    broker.order("O1")
    await broker.heard_now()
    broker.wire.break_off()
    await broker.log_on("141=Y|")
    await broker.heard_now()
    await house.kill()
    house = await house.restarted(boot=boot)
    assert house.owed == 0
    await house.stop()


@pytest.mark.parametrize("boot", ("boot 1", "boot 2"))
async def test_report_owed_before_a_reset_is_still_there_after_a_kill(house: House, boot: str) -> None:
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    broker.order("M")
    await broker.heard_now()
    broker.wire.break_off()
    other.order("T", side="2")
    await house.settle()
    await broker.log_on("141=Y|")
    await broker.heard_now()
    await house.kill()
    house = broker.house = await house.restarted(boot=boot)
    await broker.log_on()
    broker.say("2", "7=1|16=0|")
    assert reports(await broker.heard_now()) == [("8", "M", "1")]
    await house.stop()


async def test_numbers_used_after_a_reset_are_not_used_again_if_the_new_index_is_lost(house: House) -> None:
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    broker.order("M", qty="2")
    await broker.heard_now()
    broker.wire.break_off()
    other.order("T1", side="2")
    await house.settle()
    house.checkpoint()
    old_index = house.index().path.read_bytes()
    broker.heard.clear()
    await broker.log_on("141=Y|")
    other.order("T2", side="2")
    await broker.heard_now()
    assert reports(broker.heard) == [("8", "M", "1"), ("8", "M", "2")]
    used = set(numbers(broker.heard))
    await house.kill()
    house.index().path.write_bytes(old_index)
    house = broker.house = await house.restarted(boot="boot 2")
    known = {message.fields.get("17") for message in broker.heard}
    broker.heard.clear()
    await broker.log_on()
    broker.say("2", "7=1|16=0|")
    heard = await broker.heard_now()
    for message in [*broker.heard, *heard]:
        if message.msg_type == "8":
            assert int(message.fields["34"]) not in used
            assert message.fields["17"] not in known or message.fields["97"] == "Y"
    await house.stop()


async def test_sending_time_that_a_power_cut_took_makes_a_report_a_possible_resend(house: House) -> None:
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    broker.order("M")
    await broker.heard_now()
    broker.wire.break_off()
    other.order("T", side="2")
    await house.settle()
    house.checkpoint()
    saved = house.index().path.read_bytes()
    await broker.log_on()
    broker.say("2", "7=3|16=3|")
    assert reports(await broker.heard_now()) == [("8", "M", "1")]
    await house.kill()
    house.index().path.write_bytes(saved)
    house = broker.house = await house.restarted(boot="boot 2")
    broker.heard.clear()
    await broker.log_on("141=Y|")
    await broker.heard_now()
    assert [message.fields.get("97") for message in broker.heard if message.msg_type == "8"] == ["Y"]
    await house.stop()


# ----------------------------------------------------------------------------------------------- contradictions


async def lose_two_records(house: House) -> Broker:
    """Have a broker enter orders, then kill the venue, and take the journal's last two records away."""
    broker = await Broker(house).log_on()
    for number in range(3):
        broker.order(f"O{number}")
        await broker.heard_now()
    await house.kill()
    last = list(JournalReader(house.journal.directory).frames())[-2]
    segment = house.journal.path
    assert segment is not None
    with segment.open("r+b") as file:
        file.truncate(last.offset)
    return broker


async def test_index_that_knows_more_than_the_journal_stops_the_start(house: House) -> None:
    await lose_two_records(house)
    with pytest.raises(OutboundError, match="the journal ends at record"):
        await house.restarted()


async def test_relaxed_journal_may_have_lost_what_an_index_knows(house: House) -> None:
    broker = await lose_two_records(house)
    relaxed = House(house.data, "boot 2")
    relaxed.relaxed = True
    await relaxed.start()
    broker.house = relaxed
    broker.next_out -= 2
    broker.heard.clear()
    await broker.log_on()
    broker.order("NEW")
    assert reports(await broker.heard_now()) == [("8", "NEW", "0")]
    await relaxed.stop()


async def test_checkpoint_says_through_which_record_the_indexes_are_on_disk(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = await Broker(house).log_on()
    broker.order("O1")
    await broker.heard_now()
    house.checkpoint()
    delivered = _read_delivered(house.delivery.directory)
    assert (delivered.sequence, delivered.boot_id) == (house.sequencer.committed, "boot 1")
    synced: list[str] = []
    monkeypatch.setattr(OutboundIndex, "sync", lambda self: synced.append("again"))
    house.checkpoint()
    assert synced == [], "nothing has happened since"


async def test_checkpoint_that_cannot_be_read_counts_as_none(house: House) -> None:
    (house.data / "outbound" / "delivered").write_bytes(b"{")
    assert _read_delivered(house.delivery.directory).sequence == 0


def test_boot_id_is_the_same_all_the_while() -> None:
    from fixgw import delivery  # noqa: PLC0415 - as it is, before any house pretends another

    assert delivery._boot_id() == delivery._boot_id()
