"""A broker under load: sends, cancels, replaces, crosses; is cut off, comes again, and remembers all it ever heard."""

import asyncio
import random
from contextlib import suppress
from typing import Final

from fixgw.codec import Message
from fixgw.initiator import Initiator, LogonRefusedError
from tests.e2e.venue import DEADLINE_S, HOST, PASSWORD
from tests.e2e.wire import now

POLL_S: Final = 0.005
SYMBOL: Final = "BTC/USD"
_OF_THE_MOMENT: Final = frozenset(("34", "52", "43", "122", "97"))
"""Fields that may differ when a message is sent again."""


class Wire(Initiator):
    """An initiator that holds what comes in against all that ever came under the same number."""

    def __init__(self, comp_id: str, broker: "Broker") -> None:
        super().__init__(comp_id, PASSWORD, broker.hear)
        self.bodies: dict[int, dict[str, str]] = {}
        """Application messages by MsgSeqNum, without the fields of the moment."""
        self.filled: set[int] = set()
        """Numbers that were only filled."""

    def _accept(self, message: Message) -> None:
        number = int(message.fields["34"])
        if message.msg_type == "4":
            assert message.fields.get("123") == "Y", "the venue never jumps"
            self.filled.update(range(number, int(message.fields["36"])))
        elif message.msg_type not in "0125A":
            body = {tag: value for tag, value in message.fields.items() if tag not in _OF_THE_MOMENT}
            known = self.bodies.setdefault(number, body)
            assert known == body, f"{self.comp_id}: number {number} stood for {known}, and now for {body}"
            if number < self.next_in:
                assert message.fields.get("43") == "Y", f"{number} came before, and is not marked"
        super()._accept(message)


class Broker:
    """One session with a view of its orders that is made from what it hears alone."""

    def __init__(self, comp_id: str, port: int, seed: int, *, window: int = 100, cut_odds: float = 0.0) -> None:
        """`window`: requests going at a time. `cut_odds`: how likely the line fails each time that there is news."""
        self.comp_id = comp_id
        self.port = port
        self.wire = Wire(comp_id, self)
        self.heard: list[Message] = []
        """Application messages, each number once, in order."""
        self.sent: dict[str, str] = {}
        """MsgType of each request by its ClOrdID (or request id)."""
        self.unanswered: set[str] = set()
        self.open: dict[str, str] = {}
        """OrderID of each order that is open, as far as we know, by its latest ClOrdID."""
        self.sides: dict[str, str] = {}
        self.news = asyncio.Event()
        self.working = True
        self.cut_count = 0
        self._window = window
        self._cut_odds = cut_odds
        self._random = random.Random(f"{seed} {comp_id}")

    # What comes in

    def hear(self, message: Message) -> None:
        self.heard.append(message)
        fields = message.fields
        self.unanswered.discard(fields.get("11", ""))
        self.unanswered.discard(fields.get("790", ""))
        if message.msg_type == "8" and fields["37"] != "NONE":
            order_id = fields["37"]
            if fields["39"] in "01":
                for cl_ord_id in [known for known, other in self.open.items() if other == order_id]:
                    del self.open[cl_ord_id]
                self.open[fields["11"]] = order_id
                self.sides[fields["11"]] = fields["54"]
            else:
                for cl_ord_id in [known for known, other in self.open.items() if other == order_id]:
                    del self.open[cl_ord_id]
        self.news.set()

    # What goes out

    async def work(self) -> None:
        """Keep `window` requests going, over any number of connections, until `working` is unset."""
        while self.working:
            self.news.clear()
            if not self.wire.is_connected:
                await self.log_on()
            while len(self.unanswered) < self._window and self.working:
                self.request()
            if self._random.random() < self._cut_odds:
                self.cut_count += 1
                self.wire.cut()
                await self.wire.disconnected()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await self.news.wait()

    def request(self) -> None:
        """Send a new order, a cancel or a replace, as it comes."""
        pick = self._random
        name = f"{self.comp_id}/{len(self.sent)}"
        qty, price = pick.choice(("0.5", "1", "2.25")), f"{100 + pick.randint(-4, 4)}.00"
        kind = pick.choices("DFG", (6, 3, 2))[0] if self.open else "D"
        if kind == "D":
            side, tif, order_type = pick.choice("12"), pick.choices("0134", (6, 6, 2, 1))[0], pick.choice("2222221")
            body = f"11={name}|55={SYMBOL}|54={side}|38={qty}|40={order_type}|59={tif}|60={now()}|"
            body += f"44={price}|" if order_type == "2" else ""
        else:
            original = pick.choice(tuple(self.open))
            side = self.sides[original]
            body = f"11={name}|41={original}|55={SYMBOL}|54={side}|38={qty}|60={now()}|"
            body += f"40=2|44={price}|59=1|" if kind == "G" else ""
        self.say(kind, name, body)

    def say(self, msg_type: str, name: str, body: str) -> None:
        self.sent[name] = msg_type
        self.unanswered.add(name)
        self.wire.send(msg_type, body.replace("|", "\x01"))

    # Connections

    async def log_on(self) -> None:
        """Come back, however long it takes until the venue listens again."""
        async with asyncio.timeout(DEADLINE_S):
            while not self.wire.is_connected:
                try:
                    await self.wire.log_on(HOST, self.port)
                except (OSError, LogonRefusedError) as error:
                    assert "too low" not in str(error), f"{self.comp_id}: {error}"
                    assert "too high" not in str(error), f"{self.comp_id}: {error}"
                    await asyncio.sleep(POLL_S)

    async def settle(self) -> None:
        """Return when everything sent has been answered."""
        async with asyncio.timeout(DEADLINE_S):
            while self.unanswered:
                self.news.clear()
                if not self.wire.is_connected:
                    await self.log_on()
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await self.news.wait()

    async def synchronize(self) -> None:
        """Ask something, and return when it has been answered: what was caused before has been heard."""
        name = f"{self.comp_id}/{len(self.sent)}"
        self.say("H", name, f"11=NONE|55={SYMBOL}|54=1|790={name}|")
        await self.settle()
