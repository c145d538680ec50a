"""The trading process without sockets: sequencer, journal on disk, delivery, acceptor; and brokers on wires of memory.

It can be stopped cleanly, killed (what was in memory is gone) and cut from power (what was not synced is gone too).
Its disk works in a thread, as it does in production; or, in the event loop, so that the same always happens again.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from pathlib import Path
from typing import Any, Final, cast
from unittest.mock import patch

from argon2 import PasswordHasher

from config.network import Fix
from engine import commands
from engine.commands import ReleaseOutbound
from engine.journal import Journal
from engine.profile import SessionProfile
from engine.recovery import JOURNAL, recover
from engine.sequencer import Sequencer
from engine.state import Session
from fixgw import delivery as delivery_module
from fixgw.acceptor import Acceptor
from fixgw.authentication import NOT_OF_THE_SESSION, Authenticator, Verdict
from fixgw.codec import SOH, Framer, Message, encode
from fixgw.connection import Connection
from fixgw.delivery import Delivery
from fixgw.order_entry import OrderEntry
from fixgw.order_gateway import OrderGateway
from fixgw.origin import Origin
from fixgw.outbound import Outbound
from fixgw.outbound_index import OutboundIndex
from fixgw.reports import Reports
from fixgw.session import SECOND_NS
from fixgw.timestamps import format_utc
from fixgw.version import version_named

START_NS: Final = 1_795_000_000 * SECOND_NS
BROKERS: Final = ("BROKER1", "BROKER2")
QUICK_HASH, OTHER_HASH = map(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash, ("secret", "another"))


class OpenDoor(Authenticator):
    """Asks for no password, and takes any new one for another; hashing them is slow on purpose."""

    async def judge(self, known: Session | None, logon: Message, origin: Origin) -> Verdict:
        await asyncio.sleep(0)
        if known is None:
            return Verdict("unknown")
        if logon.fields.get("554") == "wrong":
            return Verdict("wrong", NOT_OF_THE_SESSION)
        return Verdict(password_hash=OTHER_HASH if "925" in logon.fields else "")


class SteadyDisk(Executor):
    """The journal's worker without a thread: what it is given to do is done when the event loop has gone round."""

    def __init__(self) -> None:
        self.rounds = 1
        """How often the loop goes round before."""

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        self._go_round(self.rounds, future, partial(work, *arguments, **named))
        return future

    def _go_round(self, rounds: int, future: "Future[Any]", work: Callable[[], Any]) -> None:
        if rounds:
            asyncio.get_running_loop().call_soon(self._go_round, rounds - 1, future, work)
        else:
            future.set_result(work())


class House:
    """A venue on the files under `data`."""

    def __init__(
        self, data: Path, boot: str = "boot 1", version: str = "FIX.4.4", disk: SteadyDisk | None = None
    ) -> None:
        """`version`: which all sessions speak. `disk`: what writes the journal, if not a thread."""
        self.disk = disk
        self.version = version_named(version)
        self.data = data
        self.boot = boot
        self.now_ns = START_NS
        self.wires: list[Wire] = []
        self.relaxed = False
        self.is_down = False

    async def start(self) -> "House":
        self._boot_id = patch.object(delivery_module, "_boot_id", lambda: self.boot)
        self._boot_id.start()
        self.data.mkdir(exist_ok=True)
        self.journal = Journal(self.data / JOURNAL, segment_bytes=64 * 1024)
        recovered = recover(self.data)
        self.journal.open_at(recovered.sequence, recovered.last_segment, recovered.end_offset)
        self.sequencer = Sequencer(recovered.exchange, self.journal, relaxed=self.relaxed, clock=lambda: self.now_ns)
        if self.disk is not None:
            self.sequencer._worker = self.disk
        self.sequencer.start()
        self.order_entry = OrderEntry(recovered.exchange.state)
        self.delivery = Delivery(self.data / "outbound", self.sequencer, Reports(self.order_entry.instruments))
        self.owed = self.delivery.restore()
        self.sequencer.begin_batch()
        gateway = self.gateway = OrderGateway(self.sequencer, self.order_entry, self.delivery)
        self.acceptor = Acceptor(Fix("FONDACO"), gateway, OpenDoor())
        self.acceptor.refresh()
        if not recovered.exchange.state.sessions:
            self._seed()
        self.order_entry.refresh()
        self.acceptor.refresh()
        gateway.let_go()
        self.delivery.on_session_changed = self.acceptor.session_changed
        self.sequencer.on_commit = self.acceptor.committed
        await self.sequencer.flushed()
        return self

    def _seed(self) -> None:
        submit = self.sequencer.submit
        submit(commands.AddAsset("BTC", 9))
        submit(commands.AddAsset("USD", 8))
        submit(commands.AddInstrument("BTC/USD", "BTC", "USD", 1, 2, 1, 6, 0, 2, 10_000_000_000))
        for broker in BROKERS:
            submit(commands.OpenAccount(f"{broker}-A"))
            for asset in ("BTC", "USD"):
                submit(commands.Credit(f"{broker}-A", asset, 10**17, f"{broker} {asset}"))
            profile = SessionProfile(version=self.version.name)
            submit(commands.ProvisionSession(broker, (f"{broker}-A",), QUICK_HASH, profile=profile))

    async def stop(self) -> None:
        """Stop as the trading process does."""
        self.is_down = self.acceptor.is_stopping = True
        self._hang_up()
        await self.settle()
        for comp_id, session in self.acceptor.sessions.items():
            outbound = self.delivery.outbounds[comp_id]
            self.sequencer.submit(ReleaseOutbound(comp_id, session.next_in, outbound.next_out))
        await self.sequencer.stop()
        self.delivery.close()
        self.journal.close()
        self._boot_id.stop()

    async def kill(self) -> None:
        """Drop all that was in memory, and note nothing more."""
        self.is_down = self.acceptor.is_stopping = True
        self._hang_up()
        sequencer = self.sequencer
        sequencer._frames.clear()
        sequencer._flush_wanted = False
        while sequencer._committing:
            await asyncio.sleep(0)
            sequencer._flush_wanted = False
        for outbound in self.delivery.outbounds.values():
            if outbound._pump_task is not None:
                outbound._pump_task.cancel()
        sequencer._worker.shutdown()
        for index in self.delivery._indexes.values():
            index.close()
        self.journal.close()
        self._boot_id.stop()

    async def restarted(self, boot: str = "") -> "House":
        """Return the venue that comes up on the same files after `stop` or `kill`."""
        house = House(self.data, boot or self.boot, self.version.name, self.disk)
        house.now_ns = self.now_ns
        return await house.start()

    def checkpoint(self) -> None:
        self.delivery.checkpoint(self.sequencer.committed)

    async def settle(self) -> None:
        """Wait until all that was said has been committed, and nobody has anything more to send, or to hang up."""
        sequencer = self.sequencer
        await sequencer.flushed()
        while (is_unwritten := sequencer._flush_wanted or sequencer._committing) or self._is_busy():
            if is_unwritten:
                await sequencer.flushed()
            else:
                await asyncio.sleep(0)

    def outbound(self, comp_id: str = "BROKER1") -> Outbound:
        return self.delivery.outbounds[comp_id]

    def index(self, comp_id: str = "BROKER1") -> OutboundIndex:
        return self.delivery._indexes[comp_id]

    def pass_time(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND_NS)
        now_ns = self.sequencer.begin_batch()
        for connection in list(self.acceptor.bound.values()):
            connection.tick(now_ns)

    def connect(self) -> "Wire":
        """Return a new connection to the venue."""
        wire = Wire(self)
        self.wires.append(wire)
        return wire

    def _hang_up(self) -> None:
        for wire in self.wires:
            wire.break_off()

    def _is_busy(self) -> bool:
        """Tell whether a pump is at work for somebody who reads, or a connection is about to close."""
        outbounds = self.delivery.outbounds.values()
        return any(each._pump_task is not None and each._writable for each in outbounds) or any(
            wire.connection._is_closing and not wire.is_lost for wire in self.wires
        )


class Wire:
    """A connection: what the venue writes waits here until somebody reads it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.unread = bytearray()
        self.limit = 1024 * 1024
        self.is_paused = False
        self.is_reading = True
        self._is_closing = False
        self._is_lost = False
        self._waiting = bytearray()
        self.connection = Connection(house.acceptor)
        self.connection.connection_made(cast("asyncio.Transport", self))

    # What a broker does

    def put(self, data: bytes) -> None:
        if self._is_lost:
            return
        self._waiting += data
        self._deliver()

    def take(self) -> bytes:
        """Read all that has come."""
        data = bytes(self.unread)
        self.unread.clear()
        if self.is_paused and not self._is_lost:
            self.is_paused = False
            self.connection.resume_writing()
        return data

    def break_off(self) -> None:
        """Be gone without a word, as a broken network is."""
        if not self._is_lost:
            self._is_lost = self._is_closing = True
            self.connection.connection_lost(None)

    @property
    def is_lost(self) -> bool:
        return self._is_lost

    def _deliver(self) -> None:
        if self.is_reading and self._waiting and not self._is_lost:
            data = bytes(self._waiting)
            self._waiting.clear()
            self.connection.data_received(data)

    # What the venue does: asyncio.Transport

    def write(self, data: bytes) -> None:
        assert not self._is_lost, "nothing is written to a lost connection"
        self.unread += data
        if len(self.unread) > self.limit and not self.is_paused:
            self.is_paused = True
            self.connection.pause_writing()

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True
        asyncio.get_running_loop().call_soon(self.break_off)

    def abort(self) -> None:
        self.unread.clear()
        self.close()

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True
        self._deliver()

    def set_write_buffer_limits(self, high: int) -> None:
        pass

    def get_extra_info(self, name: str) -> None:
        return None


class Broker:
    """A broker's end of a session, as simple as it can be: it says what it is told to, and keeps all that it hears."""

    def __init__(self, house: House, comp_id: str = "BROKER1") -> None:
        self.house = house
        self.version = house.version
        self.comp_id = comp_id
        self.next_out = 1
        self.heard: list[Message] = []
        self.wire = house.connect()
        self._framer = Framer()

    async def log_on(self, fields: str = "", number: int = 0) -> "Broker":
        """Log on over a new connection, if the last one is gone."""
        if self.wire.is_lost or self.wire.house is not self.house:
            self.wire = self.house.connect()
            self._framer = Framer()
        if "141=Y" in fields:
            self.next_out = 1
        if number:
            self.next_out = number
        default = f"1137={self.version.appl_ver_id}|" if self.version.appl_ver_id else ""
        self.say("A", f"98=0|108=30|{default}{fields}")
        while not self.wire.is_lost and not any(message.msg_type in "A5" for message in self.hear()):
            await asyncio.sleep(0)
            await self.house.sequencer.flushed()
        self.hear()
        return self

    def say(self, msg_type: str, fields: str = "", number: int = 0, header: str = "") -> int:
        """Say a message, fields written `11=A|55=BTC/USD|`; return its number."""
        number = number or self.next_out
        self.next_out = max(self.next_out, number + 1)
        now = format_utc(self.house.now_ns)
        text = f"35={msg_type}|49={self.comp_id}|56=FONDACO|34={number}|52={now}|{header}{fields}"
        self.put(encode(text.replace("|", SOH), self.version.begin_string))
        return number

    def put(self, raw: bytes) -> None:
        self.wire.put(raw)

    def order(self, name: str, side: str = "1", price: str = "100", qty: str = "1", number: int = 0) -> int:
        now = format_utc(self.house.now_ns)
        handling = "21=1|" if "21" in self.version.always("D") else ""
        fields = f"11={name}|{handling}55=BTC/USD|54={side}|60={now}|38={qty}|40=2|44={price}|59=1|"
        return self.say("D", fields, number)

    def hear(self) -> list[Message]:
        """Return what has been said to us since."""
        messages = self._framer.receive(self.wire.take())
        assert self._framer.garbled_count == 0
        self.heard += messages
        return messages

    async def heard_now(self) -> list[Message]:
        """Return what has been said to us since, when the venue has said it all."""
        await self.house.settle()
        return self.hear()


def numbers(messages: list[Message]) -> list[int]:
    return [int(message.fields["34"]) for message in messages]


async def sleep() -> None:
    """Let everything else that can go on go on a little."""
    await asyncio.sleep(0)
