"""What QuickFIX is given of the reports, and when; a recorder stands in for its session."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest

from engine import commands
from engine.journal import Journal
from engine.recovery import JOURNAL, recover
from engine.sequencer import Sequencer
from engine.values import LIMIT, OrderType, Side, TimeInForce
from fixgw import delivery as delivery_module
from fixgw.instruments import InstrumentText
from fixgw.reports import Reports
from fixgw.session import Session

quickfix = pytest.importorskip("quickfix")
pytestmark = pytest.mark.quickfix

from fixgw.quickfix_outgoing import QuickFixDelivery  # noqa: E402 (needs the package)

DEADLINE_S: Final = 10.0
Fields = dict[str, str]


class Recorder:
    """QuickFIX's session, as far as `Outgoing` knows it: numbers what it is given."""

    def __init__(self) -> None:
        self.given: list[Fields] = []
        self.next_out = 1
        self.broken = False

    def send(self, message: Any) -> bool:
        if self.broken:
            raise RuntimeError("broken")
        pieces = (piece.split("=", 1) for piece in message.toString().split("\x01")[:-1])
        self.given.append(dict(pieces))
        self.next_out += 1
        return True

    def getExpectedSenderNum(self) -> int:
        return self.next_out


class House:
    """A sequencer, its journal, and BROKER1's outgoing side in the QuickFIX lane."""

    def __init__(self, data: Path, boot: str = "boot 1") -> None:
        self.data = data
        self._boot = patch.object(delivery_module, "_boot_id", lambda: boot)
        self._boot.start()
        data.mkdir(exist_ok=True)
        self.journal = Journal(data / JOURNAL)
        recovered = recover(data)
        self.journal.open_at(recovered.sequence, recovered.last_segment, recovered.end_offset)
        self.sequencer = Sequencer(recovered.exchange, self.journal)
        self.sequencer.start()
        state = recovered.exchange.state
        texts: dict[str, InstrumentText] = {}
        self.delivery = QuickFixDelivery(data / "outbound", self.sequencer, Reports(texts), data / "store")
        self.owed = self.delivery.restore()
        self.sequencer.begin_batch()
        if not state.sessions:
            for command in (
                commands.AddAsset("BTC", 9),
                commands.AddAsset("USD", 8),
                commands.AddInstrument("BTC/USD", "BTC", "USD", 1, 2, 1, 6, 0, 2, 10_000_000_000),
                commands.OpenAccount("A"),
                commands.Credit("A", "USD", 10**17, "USD"),
                commands.ProvisionSession("BROKER1", ("A",), "hash"),
            ):
                self.sequencer.submit(command)
        texts["BTC/USD"] = InstrumentText(state.books["BTC/USD"].instrument, state.assets["USD"])
        self.outgoing = self.delivery.open(Session("FONDACO", "BROKER1"))
        self.recorder = Recorder()
        self.outgoing.bind(self.recorder, ())

    async def order(self, name: str) -> None:
        number = self.sequencer.exchange.state.sessions["BROKER1"].last_in + 1
        self.sequencer.submit(
            commands.NewOrder(
                "BROKER1", number, "A", name, "BTC/USD", Side.BUY, OrderType(LIMIT), TimeInForce.DAY, 10**6, 100
            )
        )
        await self.sequencer.flushed()

    def heard(self, *names: str) -> list[Fields]:
        """Return what QuickFIX has been given, when it is the reports on these orders."""
        self.wait_until(lambda: [fields["11"] for fields in self.recorder.given] == list(names))
        return self.recorder.given

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Return when the session's thread has got so far."""
        deadline = time.monotonic() + DEADLINE_S
        while not holds():
            assert time.monotonic() < deadline, self.recorder.given
            time.sleep(0.001)

    async def restarted(self, *, crash: bool = False, boot: str = "boot 1") -> "House":
        self.outgoing.close()
        if crash:
            for index in self.delivery._indexes.values():
                index.close()
        await self.sequencer.stop()
        if not crash:
            self.delivery.close()
        self.journal.close()
        self._boot.stop()
        return House(self.data, boot)


async def test_report_is_given_when_its_record_is_on_disk(tmp_path: Path) -> None:
    house = House(tmp_path / "data")
    house.outgoing.begin()
    await house.order("A")
    (report,) = house.heard("A")
    assert (report["35"], report["150"], report["17"]) == ("8", "0", "7-0")
    assert "97" not in report
    await house.restarted()


async def test_what_happens_while_nobody_is_there_gets_its_number_at_the_logon(tmp_path: Path) -> None:
    house = House(tmp_path / "data")
    await house.order("A")
    await house.order("B")
    assert house.recorder.given == []
    house.outgoing.catch_up()
    house.heard("A", "B")
    house.outgoing.begin()
    await house.order("C")
    house.heard("A", "B", "C")
    await house.restarted()


async def test_stopped_and_started_again_gives_only_what_is_owed(tmp_path: Path) -> None:
    house = House(tmp_path / "data")
    house.outgoing.begin()
    await house.order("A")
    house.heard("A")
    house.outgoing.end()
    await house.order("B")
    again = await house.restarted()
    assert again.owed == 0
    again.outgoing.begin()
    (report,) = again.heard("B")
    assert "97" not in report
    await again.restarted()


async def test_what_a_crash_leaves_in_doubt_is_given_again_as_a_possible_resend(tmp_path: Path) -> None:
    house = House(tmp_path / "data")
    house.recorder.broken = True
    house.outgoing.begin()
    await house.order("A")
    house.wait_until(lambda: not house.outgoing.is_up)
    again = await house.restarted(crash=True)
    again.outgoing.begin()
    (report,) = again.heard("A")
    assert report["97"] == "Y"
    await again.restarted()


async def test_power_cut_puts_all_since_the_last_checkpoint_in_doubt(tmp_path: Path) -> None:
    house = House(tmp_path / "data")
    house.outgoing.begin()
    await house.order("A")
    house.heard("A")
    house.outgoing.look_at_numbers()
    house.outgoing.end()
    house.outgoing.close()
    house.delivery.checkpoint(house.sequencer.committed)
    house.outgoing = house.delivery.open(Session("FONDACO", "BROKER1"))
    house.outgoing.bind(house.recorder, ())
    house.outgoing.begin()
    await house.order("B")
    house.heard("A", "B")
    again = await house.restarted(crash=True, boot="boot 2")
    assert again.delivery.is_after_power_cut
    again.outgoing.begin()
    (report,) = again.heard("B")
    assert report["97"] == "Y"
    await again.restarted(boot="boot 2")


@pytest.mark.parametrize("asked", (False, True))
async def test_reset_brings_again_what_had_a_number_and_was_not_asked_for(tmp_path: Path, *, asked: bool) -> None:
    house = House(tmp_path / "data")
    await house.order("A")
    house.outgoing.catch_up()
    house.heard("A")
    if asked:
        house.outgoing.sent_again(house.recorder.next_out - 1)
    await house.order("B")
    house.sequencer.submit(commands.ResetSequence("BROKER1"))
    house.outgoing.reset()
    await house.sequencer.flushed()
    house.outgoing.begin_again(1)
    house.recorder.given.clear()
    house.outgoing.begin()
    await house.order("C")
    reports = house.heard("B", "C") if asked else house.heard("A", "B", "C")
    assert not [report for report in reports if "97" in report]
    await house.restarted()


async def test_numbers_are_reserved_ahead_of_what_is_given(tmp_path: Path) -> None:
    house = House(tmp_path / "data")
    house.recorder.next_out = 100_000
    house.outgoing.look_at_numbers()
    await house.order("A")
    assert house.sequencer.exchange.state.sessions["BROKER1"].reserved_out > 100_000
    await house.restarted()


async def test_more_than_memory_holds_comes_from_the_journal(tmp_path: Path) -> None:
    house = House(tmp_path / "data")
    with patch("fixgw.quickfix_outgoing.WAITING_MAX", 2):
        house.outgoing.is_up = True  # but nobody hands over yet
        for number in range(6):
            await house.order(f"A{number}")
        assert len(house.outgoing._waiting) == 2
        house.outgoing.begin()
        house.heard(*(f"A{number}" for number in range(6)))
    await house.restarted()
