"""Brokers trade while connections break, readers are slow, sequences are reset, and the venue is stopped, killed or
loses power, and ask for reports once more, by their numbers or by the venue's: each broker ends up with every report it
is owed, once and in order, and each order is taken once.

Threads and clocks have no say in it: what an example finds, it finds each time.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, cast
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from engine.commands import NewOrder
from engine.journal import JournalReader
from fixgw.codec import Message
from fixgw.delivery import recipients
from fixgw.outbound_index import ENTRY, OutboundIndex
from fixgw.timestamps import format_utc
from tests.fixgw.house import BROKERS, Broker, House, SteadyDisk

HEADER_BYTES = 40
REPORTS = frozenset(("8", "9", "r"))
BY_BROKER = st.sampled_from(BROKERS)


def key_of(fields: dict[str, str], msg_type: str) -> str:
    """Return what makes a report one of its own: ExecID, or of a rejected cancel the ClOrdID."""
    return fields["17"] if msg_type == "8" else f"{msg_type} {fields['11']}"


class Client(Broker):
    """A broker that keeps its side of the protocol: fills gaps in both directions, and takes each report once."""

    def __init__(self, house: House, comp_id: str) -> None:
        super().__init__(house, comp_id)
        self.next_in = 1
        self.asked_from = 0
        self.taken: list[str] = []
        self.written: set[str] = set()
        """Reports that were put on the wire for us, whether they arrived or not."""
        self.forgone: set[str] = set()
        """Reports that were lost on the wire before a reset of ours."""
        self.sent: dict[int, tuple[str, str, str]] = {}
        self.unsent_orders: set[str] = set()
        """Orders that a reset of ours may have made void."""

    @property
    def is_logged_on(self) -> bool:
        return self.house.acceptor.bound.get(self.comp_id) is self.wire.connection

    async def come(self, *, reset: bool, next_expected: bool) -> None:
        if reset:
            self.forgone |= self.written - set(self.taken)
            self.unsent_orders |= {fields.partition("|")[0][3:] for _, fields, _ in self.sent.values()}
            self.sent.clear()
            self.next_in = 1
        self.asked_from = 0
        fields = "141=Y|" if reset else ""
        await self.log_on(fields + (f"789={self.next_in}|" if next_expected else ""))

    def ask(self, msg_type: str, fields: str) -> None:
        """Say something now, or as soon as the venue asks for what it lacks."""
        self.sent[self.next_out] = (msg_type, fields, format_utc(self.house.now_ns))
        if self.is_logged_on:
            self.say(msg_type, fields)
        else:
            self.next_out += 1

    def hear(self) -> list[Message]:
        messages = super().hear()
        for message in messages:
            self._take_in(message)
        return messages

    def note_what_is_lost(self) -> None:
        """Look at what is on the wire and will never be read."""
        for message in self._framer.receive(bytes(self.wire.unread)):
            if message.msg_type in REPORTS:
                self.written.add(key_of(message.fields, message.msg_type))

    def _take_in(self, message: Message) -> None:
        fields, msg_type = message.fields, message.msg_type
        number = int(fields["34"])
        if msg_type in REPORTS:
            self.written.add(key_of(fields, msg_type))
        if msg_type == "2":
            self._send_again(int(fields["7"]))
        if msg_type == "A" and "789" in fields:
            self._send_again(int(fields["789"]))
        if number > self.next_in:
            if self.asked_from != self.next_in:
                self.asked_from = self.next_in
                self.say("2", f"7={self.next_in}|16=0|")
        elif number < self.next_in:
            assert fields.get("43") == "Y", f"{message} was number {number} before, and is no repetition"
        else:
            self.next_in = int(fields["36"]) if msg_type == "4" else number + 1
            if msg_type in REPORTS:
                key = key_of(fields, msg_type)
                if key in self.taken:
                    assert fields.get("97") == "Y", f"{message} came before, and does not say that it may have"
                elif key not in self.forgone or fields.get("97") != "Y":  # forgone, a replay may bring it out of turn
                    self.taken.append(key)

    def _send_again(self, begin: int) -> None:
        gap_from = 0
        now = format_utc(self.house.now_ns)
        last = self.next_out - 1
        for number in range(begin, last + 2):
            if number <= last and number not in self.sent:
                gap_from = gap_from or number
                continue
            if gap_from:
                self.say("4", f"123=Y|36={number}|", gap_from, f"43=Y|122={now}|")
                gap_from = 0
            if number <= last:
                msg_type, fields, said_at = self.sent[number]
                self.say(msg_type, fields, number, f"43=Y|122={said_at}|")


P = ParamSpec("P")


def in_loop(
    method: "Callable[Concatenate[Venue, P], Coroutine[Any, Any, None]]",
) -> "Callable[Concatenate[Venue, P], None]":
    """Let a rule run in the venue's event loop."""

    @wraps(method)
    def run(self: "Venue", /, *arguments: P.args, **named: P.kwargs) -> None:
        self.loop.run_until_complete(method(self, *arguments, **named))

    return cast("Callable[Concatenate[Venue, P], None]", run)


class TimelessLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers never run out, however slow the machine is."""

    def time(self) -> float:
        return 0.0


class Venue(RuleBasedStateMachine):
    """All that can happen to two brokers and a venue."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = TimelessLoop()
        self.folder = Path(tempfile.mkdtemp(prefix="venue-"))
        self.synced: dict[str, bytes] = {}
        """What is safely on disk of each index."""
        sync, begin_again = OutboundIndex.sync, OutboundIndex.begin_again

        def noted_sync(index: OutboundIndex) -> None:
            sync(index)
            self.synced[index.path.name] = index.path.read_bytes()

        def noted_begin_again(index: OutboundIndex, *arguments: Any) -> None:
            begin_again(index, *arguments)
            self.synced[index.path.name] = index.path.read_bytes()

        self.patches = [
            patch.object(OutboundIndex, "sync", noted_sync),
            patch.object(OutboundIndex, "begin_again", noted_begin_again),
        ]
        for each in self.patches:
            each.start()
        self.boots = 1
        self.disk = SteadyDisk()
        self.house = House(self.folder / "venue", disk=self.disk)
        self.clients: dict[str, Client] = {}
        self.names = 0
        self.orders: dict[str, tuple[str, str]] = {}

    @initialize(version=st.sampled_from(("FIX.4.4", "FIX.5.0SP2")))
    @in_loop
    async def open(self, version: str) -> None:
        self.house = House(self.folder / "venue", version=version, disk=self.disk)
        await self.house.start()
        self.clients = {name: Client(self.house, name) for name in BROKERS}
        for client in self.clients.values():
            await client.come(reset=False, next_expected=False)

    def name(self) -> str:
        self.names += 1
        return f"N{self.names}"

    @rule(by=BY_BROKER, side=st.sampled_from("12"), price=st.integers(99, 101), how_many=st.integers(1, 3))
    @in_loop
    async def order(self, by: str, side: str, price: int, how_many: int) -> None:
        for _ in range(how_many):
            name = self.name()
            self.orders[name] = (by, side)
            time = format_utc(self.house.now_ns)
            self.clients[by].ask("D", f"11={name}|55=BTC/USD|54={side}|60={time}|38=1|40=2|44={price}|59=1|")

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    @in_loop
    async def cancel(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.orders)))
        by, side = self.orders[name]
        time = format_utc(self.house.now_ns)
        self.clients[by].ask("F", f"11={self.name()}|41={name}|55=BTC/USD|54={side}|60={time}|")

    @rule(by=BY_BROKER)
    @in_loop
    async def cancel_all(self, by: str) -> None:
        self.clients[by].ask("q", f"11={self.name()}|530=7|60={format_utc(self.house.now_ns)}|")

    @rule(by=BY_BROKER, limit=st.sampled_from((1, 500, 5_000, 10**6)))
    @in_loop
    async def read(self, by: str, limit: int) -> None:
        """Read what there is, and from now on no more than `limit` before the venue has to wait."""
        client = self.clients[by]
        client.wire.limit = limit
        if not client.wire.is_lost:
            client.hear()

    @rule()
    @in_loop
    async def wait_for_the_disk(self) -> None:
        await self.house.settle()

    @rule(rounds=st.sampled_from((0, 1, 5, 100)))
    def let_the_disk_take(self, rounds: int) -> None:
        """Have what is written from now on written at once, soon, or while much else happens."""
        self.disk.rounds = rounds

    @rule(seconds=st.sampled_from((1, 20)))
    @in_loop
    async def let_time_pass(self, seconds: int) -> None:
        self.house.pass_time(seconds)

    @rule(by=BY_BROKER)
    @in_loop
    async def ping(self, by: str) -> None:
        client = self.clients[by]
        if client.is_logged_on:
            client.say("1", "112=PING|")

    @rule(by=BY_BROKER, begin=st.integers(1, 30), end=st.integers(0, 30))
    @in_loop
    async def ask_again(self, by: str, begin: int, end: int) -> None:
        client = self.clients[by]
        begin = min(begin, self.house.outbound(by).next_out - 1)  # what is not sent yet would be rejected
        if client.is_logged_on and (end == 0 or end >= begin):
            client.say("2", f"7={begin}|16={end}|")

    @precondition(lambda self: self.house.version.is_sequenced)
    @rule(by=BY_BROKER, back=st.integers(-2, 30), count=st.integers(0, 30))
    @in_loop
    async def ask_for_reports(self, by: str, back: int, count: int) -> None:
        """Have reports once more, from so many records back on; so many records, or all."""
        client = self.clients[by]
        if client.is_logged_on:
            begin = max(1, self.house.sequencer.sequence - back)
            end = begin + count - 1 if count else 0
            client.say("BW", f"1346={self.name()}|1347=0|1351=1|1355=REPORTS|1182={begin}|1183={end}|")

    @rule(by=BY_BROKER)
    @in_loop
    async def break_off(self, by: str) -> None:
        client = self.clients[by]
        client.note_what_is_lost()
        client.wire.break_off()

    @rule(by=BY_BROKER, reset=st.booleans(), next_expected=st.booleans())
    @in_loop
    async def log_on_again(self, by: str, reset: bool, next_expected: bool) -> None:
        client = self.clients[by]
        client.note_what_is_lost()
        client.wire.break_off()
        await client.come(reset=reset, next_expected=next_expected)

    @rule(first=BY_BROKER, side=st.sampled_from("12"))
    @in_loop
    async def trade(self, first: str, side: str) -> None:
        """Let one broker's order meet the other's, and both hear of it."""
        for client in (self.clients[first], *self.clients.values()):
            name = self.name()
            self.orders[name] = (client.comp_id, side)
            time = format_utc(self.house.now_ns)
            client.ask("D", f"11={name}|55=BTC/USD|54={side}|60={time}|38=1|40=2|44=100|59=1|")
            side = "1" if side == "2" else "2"
        for client in self.clients.values():
            await client.heard_now()

    @rule()
    @in_loop
    async def checkpoint(self) -> None:
        self.house.checkpoint()

    @rule(by=BY_BROKER)
    @in_loop
    async def begin_again_while_an_order_is_on_its_way(self, by: str) -> None:
        await self.leave_an_order_behind(by)
        await self.clients[by].come(reset=True, next_expected=False)

    @rule(by=BY_BROKER)
    @in_loop
    async def lose_power_after_catching_up(self, by: str) -> None:
        """Let a broker hear what it has missed, while the disk knows only that it is owed; then let it go on.

        That shows a number that is used twice; beginning again, a report that does not say that it may have come.
        """
        await self.leave_an_order_behind(by)
        self.house.checkpoint()
        client = self.clients[by]
        await client.come(reset=False, next_expected=True)
        await client.heard_now()
        await self.go_off("power cut")
        for name, synced in self.synced.items():
            (self.folder / "venue" / "outbound" / name).write_bytes(synced)
        await self.come_up()
        await client.come(reset=False, next_expected=False)
        await client.heard_now()
        client.wire.break_off()
        await client.come(reset=True, next_expected=False)

    async def leave_an_order_behind(self, by: str) -> None:
        """Enter an order, and be gone before it is on disk and its report is sent."""
        client = self.clients[by]
        if not client.is_logged_on:
            client.note_what_is_lost()
            client.wire.break_off()
            await client.come(reset=False, next_expected=False)
        rounds, self.disk.rounds = self.disk.rounds, 100
        name = self.name()
        self.orders[name] = (by, "1")
        time = format_utc(self.house.now_ns)
        client.ask("D", f"11={name}|55=BTC/USD|54=1|60={time}|38=1|40=2|44=99|59=1|")
        for _ in range(3):  # the batch is on its way, and takes longer
            await asyncio.sleep(0)
        client.note_what_is_lost()
        client.wire.break_off()
        self.disk.rounds = rounds
        await self.house.settle()

    @rule(how=st.sampled_from(("stop", "kill", "kill", "power cut", "power cut")), data=st.data())
    @in_loop
    async def go_down(self, how: str, data: st.DataObject) -> None:
        await self.go_off(how)
        if how == "power cut":
            for name, synced in self.synced.items():
                self.lose_power(name, synced, data)
        await self.come_up()
        for client in self.clients.values():
            if data.draw(st.booleans(), "comes back at once"):
                await client.come(reset=False, next_expected=data.draw(st.booleans(), "789"))

    async def go_off(self, how: str) -> None:
        for client in self.clients.values():
            client.note_what_is_lost()
        if how == "stop":
            await self.house.stop()
        else:
            await self.house.kill()
        for client in self.clients.values():
            client.note_what_is_lost()
        if how == "power cut":
            self.boots += 1

    async def come_up(self) -> None:
        self.house = await self.house.restarted(f"boot {self.boots}")
        for client in self.clients.values():
            client.house = self.house

    def lose_power(self, name: str, synced: bytes, data: st.DataObject) -> None:
        """Leave of an index what was synced, and of the rest what chance leaves of it."""
        path = self.folder / "venue" / "outbound" / name
        now = path.read_bytes()
        kept = synced if data.draw(st.booleans(), "times are lost") else now[: len(synced)]
        entries = (len(now) - len(synced)) // ENTRY.size
        survivors = data.draw(st.integers(0, entries), "entries that survive")
        rest = bytearray(now[len(synced) : len(synced) + survivors * ENTRY.size])
        if survivors and data.draw(st.booleans(), "there is a hole"):
            at = data.draw(st.integers(0, survivors - 1), "where")
            rest[at * ENTRY.size : (at + 1) * ENTRY.size] = bytes(ENTRY.size)
        path.write_bytes(kept + rest)

    def teardown(self) -> None:
        try:
            if not self.house.is_down:  # the data of an example may end while the venue is down
                self.come_to_an_end()
        finally:
            if not self.house.is_down:
                self.loop.run_until_complete(self.house.stop())
            self.loop.close()
            for each in self.patches:
                each.stop()
            shutil.rmtree(self.folder)

    @in_loop
    async def come_to_an_end(self) -> None:
        """Everybody comes back, and stays until there is nothing left to say."""
        for client in self.clients.values():
            if not client.is_logged_on:
                client.note_what_is_lost()
                client.wire.break_off()
                await client.come(reset=False, next_expected=False)
        quiet = 0
        while quiet < 3:
            said = 0
            for client in self.clients.values():
                client.wire.limit = 10**9
                said += len(await client.heard_now())
            quiet = 0 if said else quiet + 1
        for client in self.clients.values():
            assert client.is_logged_on
            self.check_taken(client)
            self.check_orders(client)

    def check_taken(self, client: Client) -> None:
        owed = []
        for record in JournalReader(self.house.journal.directory).records():
            for number, event in enumerate(record.events):
                for comp_id, low_bit in recipients(event):
                    if comp_id == client.comp_id:
                        part = number << 1 | low_bit
                        msg_type, body = self.house.delivery.reports.report(event, record.sequence, part, "t")
                        fields = dict(piece.split("=", 1) for piece in reversed(body.split("\x01")[:-1]))
                        owed += [key_of(fields, msg_type)] if msg_type in REPORTS else []
        forgone = client.forgone - set(client.taken)
        assert client.taken == [key for key in owed if key not in forgone]

    def check_orders(self, client: Client) -> None:
        records = JournalReader(self.house.journal.directory).records()
        commands = [record.command for record in records]
        taken = [c.cl_ord_id for c in commands if isinstance(c, NewOrder) and c.session == client.comp_id]
        assert len(set(taken)) == len(taken), "no order is taken twice"
        asked = {name for name, (by, _) in self.orders.items() if by == client.comp_id}
        assert asked - set(taken) <= client.unsent_orders, "no order is lost but by the broker's own reset"


TestVenue = Venue.TestCase
TestVenue.settings = settings(max_examples=60, stateful_step_count=25)
