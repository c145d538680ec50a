"""A real QuickFIX initiator, its own FIX44 dictionary and all its checks on, trades through breaks of every kind."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

import pytest

from engine.recovery import recover
from fixgw.codec import Message
from fixgw.initiator import Initiator
from tests.e2e.conftest import MakeVenue
from tests.e2e.relay import Relay
from tests.e2e.venue import DEADLINE_S, HOST, PASSWORD, Venue
from tests.e2e.wire import now

pytestmark = [pytest.mark.e2e, pytest.mark.quickfix, pytest.mark.timeout(180)]

DICTIONARY: Final = Path(sys.prefix) / "share" / "quickfix" / "FIX44.xml"
SETTINGS: Final = """[DEFAULT]
ConnectionType=initiator
ReconnectInterval=1
FileStorePath={directory}
StartTime=00:00:00
EndTime=00:00:00
HeartBtInt=5
SocketNodelay=Y
TimestampPrecision=6
CheckLatency=Y
CheckCompID=Y
UseDataDictionary=Y
DataDictionary={dictionary}
ValidateFieldsOutOfOrder=Y
ValidateFieldsHaveValues=Y
ValidateUserDefinedFields=Y
ValidateLengthAndChecksum=Y
# ExecutionReports carry AggressorIndicator(1057) and TradeID(1003), which FIX 4.4 does not have yet.
AllowUnknownMsgFields=Y
ResetOnLogon={reset}
ResetOnLogout=N
ResetOnDisconnect=N
[SESSION]
BeginString=FIX.4.4
SenderCompID=BROKER1
TargetCompID=FONDACO
SocketConnectHost=127.0.0.1
SocketConnectPort={port}
"""

Fields = dict[str, str]


class QuickFixBroker:
    """BROKER1 on QuickFIX, in a process of its own."""

    def __init__(self, directory: Path, port: int, *, reset: bool = False) -> None:
        directory.mkdir(exist_ok=True)
        self.seen: list[dict[str, Any]] = []
        self._settings = directory / "settings"
        self._settings.write_text(
            SETTINGS.format(directory=directory, dictionary=DICTIONARY, port=port, reset="Y" if reset else "N"),
            encoding="ascii",
        )
        self._process: asyncio.subprocess.Process | None = None
        self._news = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("quickfix_broker.py")),
            str(self._settings),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        assert self._reading is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    def order(self, **what: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")

    def send(self, msg_type: str, **fields: str) -> None:
        """Send a message; fields are given as t11="…"."""
        pairs = [[tag[1:], value] for tag, value in fields.items()]
        if msg_type in "DFGq":
            pairs.append(["60", now()])
        self.order(do="send", msg_type=msg_type, fields=pairs)

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(DEADLINE_S), self._news:
                await self._news.wait_for(holds)
        except TimeoutError:
            pytest.fail(f"never came: {what}; last seen: {self.seen[-8:]}")

    async def report(self, **fields: str) -> Fields:
        """Return the first message in that has these fields, when it has come."""
        wanted = {tag[1:]: value for tag, value in fields.items()}

        def found() -> list[Fields]:
            return [message for message in self.messages("in") if wanted.items() <= message.items()]

        await self.until(lambda: bool(found()), f"a message with {wanted}")
        return found()[0]

    async def count(self, event: str, number: int) -> None:
        await self.until(lambda: self.counted(event) >= number, f"{event} number {number}")

    def counted(self, event: str) -> int:
        return sum(seen["event"] == event for seen in self.seen)

    def messages(self, direction: str) -> list[Fields]:
        """Return the messages in or out, oldest first; of a repeated tag the last value."""
        return [
            dict(field.split("=", 1) for field in seen["text"].split("|") if field)
            for seen in self.seen
            if seen["event"] == direction
        ]

    async def stop(self) -> tuple[int, int]:
        """Log out and end; return the numbers to be sent and to be received next."""
        self.order(do="stop")
        await self.count("stopped", 1)
        return self.seen[-1]["out"], self.seen[-1]["into"]

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            async with self._news:
                self.seen.append(json.loads(line))
                self._news.notify_all()


def limit(cl_ord_id: str, side: str, qty: str, price: str) -> Fields:
    return {"t11": cl_ord_id, "t55": "BTC/USD", "t54": side, "t38": qty, "t40": "2", "t44": price, "t59": "1"}


class Counterparty:
    """BROKER2, who takes what BROKER1 offers."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.wire = Initiator("BROKER2", PASSWORD, self.heard.append)
        self._count = 0

    def sell(self, qty: str, price: str) -> None:
        self._count += 1
        self.wire.send(
            "D",
            f"11=S{self._count}|55=BTC/USD|54=2|38={qty}|40=2|44={price}|59=1|60={now()}|".replace("|", "\x01"),
        )


def check_numbers(venue: Venue, numbers: tuple[int, int]) -> None:
    """After a clean stop of both, the venue's journal and QuickFIX's store agree on what comes next."""
    session = recover(venue.data).exchange.state.sessions["BROKER1"]
    assert (session.last_in + 1, session.reserved_out + 1) == numbers


def check_no_complaint(broker: QuickFixBroker) -> None:
    """QuickFIX found nothing to reject in all that the venue sent."""
    assert [message for message in broker.messages("out") if message["35"] in "3j"] == []


async def test_quickfix_trades_through_every_kind_of_break(make_venue: MakeVenue, tmp_path: Path) -> None:
    venue = make_venue()
    await asyncio.to_thread(venue.start)
    other = Counterparty()
    async with Relay(venue.port) as relay, QuickFixBroker(tmp_path / "broker", relay.port) as broker:
        await broker.count("logon", 1)
        await other.wire.log_on(HOST, venue.port)

        # Trade: rest, and be filled in part.
        broker.send("D", **limit("A1", "1", "0.5", "50000.00"))
        await broker.report(t11="A1", t150="0")
        other.sell("0.2", "50000.00")
        fill = await broker.report(t11="A1", t150="F")
        assert (fill["39"], fill["151"], fill["14"], fill["31"]) == ("1", "0.300000", "0.200000", "50000.00")

        # The line breaks; the rest of the order is filled meanwhile; QuickFIX asks for what it lacks.
        relay.is_open = False
        relay.cut()
        await broker.count("logout", 1)
        other.sell("0.3", "49999.00")
        relay.is_open = True
        await broker.count("logon", 2)
        missed = await broker.report(t11="A1", t39="2")
        assert missed["43"] == "Y"
        assert (missed["150"], missed["14"], missed["1057"]) == ("F", "0.500000", "N")

        # What QuickFIX sends is lost; the venue asks for it.
        relay.loses_requests = True
        broker.send("D", **limit("A2", "1", "0.1", "40000.00"))
        broker.send("D", **limit("A3", "1", "0.1", "40000.00"))
        await broker.until(lambda: relay.lost_bytes > 0 and _has_sent(broker, "A3"), "requests lost")
        await _until(lambda: relay.lost_bytes > 300)
        relay.loses_requests = False
        broker.send("D", **limit("A4", "1", "0.1", "40000.00"))
        for cl_ord_id in ("A2", "A3", "A4"):
            await broker.report(t11=cl_ord_id, t150="0")
        assert any(message["35"] == "2" for message in broker.messages("in"))

        # The venue is stopped, and then killed; each time trading goes on.
        for breaks, (end, cl_ord_id) in enumerate(((venue.terminate, "A5"), (venue.kill, "A6")), 2):
            await asyncio.to_thread(end)
            await broker.count("logout", breaks)
            await asyncio.to_thread(venue.start)
            await broker.count("logon", breaks + 1)
            broker.send("D", **limit(cl_ord_id, "1", "0.1", "40000.00"))
            await broker.report(t11=cl_ord_id, t150="0")

        numbers = await broker.stop()
        check_no_complaint(broker)
    await asyncio.to_thread(venue.terminate)
    check_numbers(venue, numbers)


async def test_quickfix_accepts_every_kind_of_answer(make_venue: MakeVenue, tmp_path: Path) -> None:
    venue = make_venue()
    await asyncio.to_thread(venue.start)
    async with QuickFixBroker(tmp_path / "broker", venue.port) as broker:
        await broker.count("logon", 1)
        broker.send("D", **limit("A1", "1", "0.5", "50000.00"))
        order = await broker.report(t11="A1", t150="0")
        broker.send("D", **limit("A1", "1", "0.5", "50000.00"))
        assert (await broker.report(t150="8"))["103"] == "6"
        broker.send("D", **limit("A2", "2", "0.1", "50000.00"))
        assert (await broker.report(t11="A2", t150="F"))["1057"] == "Y"
        broker.send("G", **limit("A3", "1", "0.4", "50000.00"), t41="A1")
        assert (await broker.report(t150="5"))["37"] == order["37"]
        broker.send("H", t11="A3", t55="BTC/USD", t54="1", t790="Q")
        assert (await broker.report(t790="Q"))["150"] == "I"
        broker.send("AF", t584="M", t585="7")
        assert (await broker.report(t584="M"))["911"] == "1"
        broker.send("F", t11="C1", t41="NONE", t55="BTC/USD", t54="1")
        assert (await broker.report(t35="9"))["102"] == "1"
        broker.send("F", t11="C2", t41="A3", t55="BTC/USD", t54="1")
        assert (await broker.report(t150="4"))["41"] == "A3"
        broker.send("D", **limit("A4", "1", "0.5", "50000.00"))
        broker.send("q", t11="MC", t530="7")
        assert (await broker.report(t35="r"))["533"] == "1"
        broker.send("D", **limit("A5", "Z", "0.5", "50000.00"))
        assert (await broker.report(t35="3"))["371"] == "54"
        broker.send("x", t320="LIST", t559="4")
        assert (await broker.report(t35="j"))["380"] == "3"
        numbers = await broker.stop()
        check_no_complaint(broker)
    await asyncio.to_thread(venue.terminate)
    check_numbers(venue, numbers)


async def test_quickfix_may_reset_its_numbers_at_logon(make_venue: MakeVenue, tmp_path: Path) -> None:
    venue = make_venue()
    await asyncio.to_thread(venue.start)
    numbers = (0, 0)
    for visit in range(2):
        async with QuickFixBroker(tmp_path / "broker", venue.port, reset=True) as broker:
            await broker.count("logon", 1)
            broker.send("D", **limit(f"A{visit}", "1", "0.5", "50000.00"))
            assert (await broker.report(t11=f"A{visit}", t150="0"))["34"] == "2"
            numbers = await broker.stop()
            check_no_complaint(broker)
    await asyncio.to_thread(venue.terminate)
    check_numbers(venue, numbers)


def _has_sent(broker: QuickFixBroker, cl_ord_id: str) -> bool:
    return any(message.get("11") == cl_ord_id for message in broker.messages("out"))


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not holds():
            await asyncio.sleep(0.005)
