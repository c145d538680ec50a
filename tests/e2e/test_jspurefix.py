"""A real jspurefix initiator, on Node.js, the venue's own dictionary in it: trades, is away, loses messages, agrees."""

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Self

import pytest

from fixgw.codec import Message
from fixgw.initiator import Initiator
from tests.e2e.relay import Relay
from tests.e2e.venue import DEADLINE_S, HOST, PASSWORD, ROOT, Venue
from tests.e2e.wire import now

PROGRAM: Final = ROOT / "tests" / "e2e" / "jspurefix" / "broker.js"
DICTIONARY: Final = ROOT / "spec" / "FONDACO44.xml"
LINE_BYTES_MAX: Final = 1024 * 1024

pytestmark = pytest.mark.e2e

Fields = dict[str, str]


class JsPureFix:
    """One connection of BROKER1, and all that the program has told of it."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.told: list[dict[str, Any]] = []

    @classmethod
    @asynccontextmanager
    async def connected(cls, directory: Path, port: int, password: str = PASSWORD) -> AsyncIterator[Self]:
        """Start the program; what it keeps of its sequences stays in `directory`, for the next one."""
        settings = directory / "jspurefix.json"
        settings.write_text(json.dumps(_settings(port, password)), encoding="ascii")
        node = shutil.which("node")
        assert node is not None, "Node.js 20 or newer runs jspurefix"
        assert (PROGRAM.parent / "node_modules").exists(), "`make test` installs jspurefix"
        process = await asyncio.create_subprocess_exec(
            *(node, str(PROGRAM), str(settings), str(directory / "numbers.json")),
            stdin=PIPE,
            stdout=PIPE,
            limit=LINE_BYTES_MAX,
        )
        try:
            broker = cls(process)
            yield broker
            await broker.tell_rest()
            assert process.returncode == 0, broker.told
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def send(self, msg_type: str, **fields: object) -> None:
        """Send a message by the names of its fields."""
        self._do(do="send", msgType=msg_type, fields=fields)

    def order(self, name: str, side: str, price: float, qty: float = 1) -> None:
        self.send(
            "D", ClOrdID=name, Symbol="BTC/USD", Side=side, OrderQty=qty, OrdType="2", Price=price, TimeInForce="1"
        )

    def log_out(self) -> None:
        self._do(do="logout")

    async def hear(self, **expected: object) -> dict[str, Any]:
        """Return the next event that has these values."""
        while True:
            event = await self._next()
            assert event is not None, f"ended without {expected}: {self.told}"
            if expected.items() <= event.items():
                return event

    async def hear_in(self, expected: str) -> Fields:
        """Return the next message from the venue that has fields, written `35=8|150=F`."""
        while True:
            text = (await self.hear(event="in"))["text"]
            if set(expected.split("|")) <= set(text.split("|")):
                return fields_of(text)

    async def tell_rest(self) -> None:
        """Take in what it tells until it ends."""
        while await self._next() is not None:
            pass
        await asyncio.wait_for(self._process.wait(), DEADLINE_S)

    def messages(self, direction: str) -> list[Fields]:
        return [fields_of(event["text"]) for event in self.told if event["event"] == direction]

    def check_contented(self) -> None:
        """Find nothing that jspurefix had to find fault with."""
        assert not [event for event in self.told if event["event"] in {"warning", "error", "failed"}], self.told
        assert not [fields for fields in self.messages("out") if fields["35"] in {"3", "j"}], self.told

    async def _next(self) -> dict[str, Any] | None:
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), DEADLINE_S)
        except TimeoutError:
            raise AssertionError(f"waited in vain: {self.told}") from None
        if not line:
            return None
        event: dict[str, Any] = json.loads(line)
        self.told.append(event)
        return event

    def _do(self, **order: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")


def fields_of(text: str) -> Fields:
    return dict(piece.split("=", 1) for piece in text.rstrip("|").split("|"))


def _settings(port: int, password: str) -> dict[str, Any]:
    """Return the session's description, as jspurefix calls it."""
    return {
        "application": {
            "type": "initiator",
            "name": "broker",
            "protocol": "ascii",
            "dictionary": str(DICTIONARY),
            "tcp": {"host": HOST, "port": port},
        },
        "BeginString": "FIX.4.4",
        "SenderCompId": "BROKER1",
        "TargetCompID": "FONDACO",
        "Username": "BROKER1",
        "Password": password,
        "EncryptMethod": 0,
        "HeartBtInt": 30,
        "ResetSeqNumFlag": False,
    }


class Other:
    """The other side of each trade: BROKER2, on our own initiator."""

    def __init__(self) -> None:
        self.wire = Initiator("BROKER2", PASSWORD, self._receive)
        self._heard: asyncio.Queue[Message] = asyncio.Queue()
        self._count = 0

    async def order(self, side: str, price: str, qty: str) -> list[str]:
        """Send a limit order; return the OrdStatus of its first two reports."""
        self._count += 1
        body = f"11=O{self._count}|55=BTC/USD|54={side}|38={qty}|40=2|44={price}|59=1|60={now()}|"
        self.wire.send("D", body.replace("|", "\x01"))
        async with asyncio.timeout(DEADLINE_S):
            return [(await self._heard.get()).fields["39"] for _ in range(2)]

    def _receive(self, message: Message) -> None:
        self._heard.put_nowait(message)


@pytest.fixture
async def other(venue: Venue) -> AsyncIterator[Other]:
    other = Other()
    await other.wire.log_on(HOST, venue.port)
    yield other
    await other.wire.log_out()


async def test_jspurefix_trades_by_our_dictionary(venue: Venue, tmp_path: Path, other: Other) -> None:
    async with JsPureFix.connected(tmp_path, venue.port) as broker:
        await broker.hear(event="ready")

        broker.order("A", "2", 100.25, 2)
        accepted = await broker.hear_in("35=8|150=0|39=0|11=A|44=100.25|38=2.000000")
        assert await other.order("1", "100.25", "0.5") == ["0", "2"]
        filled = await broker.hear_in("35=8|150=F|39=1|11=A|31=100.25|32=0.500000|151=1.500000|14=0.500000")
        assert filled["37"] == accepted["37"]

        terms = {"Symbol": "BTC/USD", "Side": "2"}
        broker.send("G", ClOrdID="B", OrigClOrdID="A", **terms, OrderQty=1, OrdType="2", Price=101.5, TimeInForce="1")
        await broker.hear_in("35=8|150=5|11=B|41=A|44=101.50|151=0.500000")
        broker.send("F", ClOrdID="C", OrigClOrdID="B", **terms)
        await broker.hear_in("35=8|150=4|39=4|11=C|41=B|151=0.000000")
        broker.send("F", ClOrdID="D", OrigClOrdID="B", **terms)
        await broker.hear_in("35=9|434=1|102=0|11=D|41=B")
        broker.order("E", "2", 100.253)
        await broker.hear_in("35=8|150=8|39=8|11=E|103=99")

        broker.order("F", "2", 102.5)
        broker.send("q", ClOrdID="G", MassCancelRequestType="7")
        affected = (await broker.hear(event="application", msgType="r"))["fields"]["NoAffectedOrders"]
        assert [each["OrigClOrdID"] for each in affected] == ["F"], "a group of our dictionary, as it reads it"

        broker.log_out()
        await broker.hear(event="stopped", error="")
    broker.check_contented()
    assert [fields["35"] for fields in broker.messages("in")][-1] == "5"


async def test_jspurefix_that_was_away_asks_for_its_fills(venue: Venue, tmp_path: Path, other: Other) -> None:
    async with JsPureFix.connected(tmp_path, venue.port) as broker:
        await broker.hear(event="ready")
        broker.order("A", "2", 100.25, 2)
        await broker.hear_in("35=8|150=0|11=A")
        broker.log_out()
    assert await other.order("1", "100.25", "0.5") == ["0", "2"]
    assert await other.order("1", "100.25", "1.5") == ["0", "2"]
    last_out, last_in = (int(broker.messages(direction)[-1]["34"]) for direction in ("out", "in"))

    async with JsPureFix.connected(tmp_path, venue.port) as again:
        partly = await again.hear_in("35=8|150=F|39=1|43=Y|11=A|32=0.500000")
        whole = await again.hear_in("35=8|150=F|39=2|43=Y|11=A|32=1.500000")
        assert [int(fields["34"]) for fields in (partly, whole)] == [last_in + 1, last_in + 2]
        again.order("B", "2", 200.0)
        await again.hear_in("35=8|150=0|11=B")
        again.log_out()
    logon, request, *_ = again.messages("out")
    assert (logon["35"], int(logon["34"])) == ("A", last_out + 1)
    assert (request["35"], int(request["7"]), request["16"]) == ("2", last_in + 1, "0")
    assert not [fields for fields in again.messages("out") if fields["35"] in {"3", "j"}]

    async with JsPureFix.connected(tmp_path, venue.port) as last:
        await last.hear(event="ready")
        last.log_out()
    last.check_contented()
    assert [fields["35"] for fields in last.messages("in")] == ["A", "5"], "nothing is owed any more"


async def test_orders_of_jspurefix_that_are_lost_are_asked_for(venue: Venue, tmp_path: Path) -> None:
    relay = Relay(venue.port)
    async with JsPureFix.connected(tmp_path, relay.port) as broker:
        await broker.hear(event="ready")
        relay.loses_upstream = True
        broker.order("A", "2", 100.25)
        broker.order("B", "2", 100.5)
        sent = [(await broker.hear(event="out"))["text"] for _ in range(2)]
        async with asyncio.timeout(DEADLINE_S):
            while relay.lost < len("".join(sent)):
                await asyncio.sleep(0.005)
        relay.loses_upstream = False

        broker.order("C", "2", 100.75)
        request = await broker.hear_in("35=2")
        assert (request["7"], request["16"]) == (fields_of(sent[0])["34"], "0")
        for name, price in (("A", "100.25"), ("B", "100.50"), ("C", "100.75")):
            await broker.hear_in(f"35=8|150=0|11={name}|44={price}")
        broker.log_out()
    relay.close()
    accepted = [fields["11"] for fields in broker.messages("in") if fields["35"] == "8"]
    assert accepted == ["A", "B", "C"], "each once"
    repeated = [fields for fields in broker.messages("out") if fields.get("43") == "Y"]
    assert [fields["11"] for fields in repeated] == ["A", "B", "C"]


async def test_jspurefix_is_told_why_it_cannot_log_on(venue: Venue, tmp_path: Path) -> None:
    async with JsPureFix.connected(tmp_path, venue.port, password="guess") as broker:
        await broker.hear(event="stopped")
    (logout,) = broker.messages("in")
    assert logout["35"] == "5"
    assert logout["58"]
