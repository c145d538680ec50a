"""The other side of a session: a broker's FIX client, for the demo, tests and certification scripts.

It keeps the sequences over any number of connections, fills gaps in both directions, and hands each application message
to its owner exactly once and in order. What it sent is kept in memory, so that it can be sent again.
"""

import asyncio
import ssl
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fixgw.codec import Framer, Message, encode
from fixgw.signatures import code, sign
from fixgw.timestamps import format_utc

ANSWER_S: Final = 10.0
SENT_KEPT_MAX: Final = 1_000_000
_ADMINISTRATIVE: Final = frozenset("01245A")
"""What the owner does not see; Reject(3) it does, as it speaks of what the owner sent."""

Receiver = Callable[[Message], None]

Proof = str | Ed25519PrivateKey | bytes
"""What proves who a session is: its password, its private key, or the secret that it shares with the venue for HMAC."""


class LogonRefusedError(Exception):
    """The venue answered the Logon with a Logout, or hung up."""


class Initiator:
    """A broker's end of one session.

    `receive` is called with each new application message, Reject(3) included, in order. `next_in` and `next_out` are
    the sequence numbers expected and to be used next.
    """

    def __init__(
        self,
        comp_id: str,
        proof: Proof,
        receive: Receiver,
        *,
        venue_comp_id: str = "FONDACO",
        heartbeat_s: int = 30,
        sent_kept_max: int = SENT_KEPT_MAX,
        tls: ssl.SSLContext | None = None,
        server_name: str = "",
    ) -> None:
        """`sent_kept_max`: what was sent before so many messages can no longer be sent again.

        `tls`: what the venue's certificate is held against, and ours if we have one; `server_name`: whose certificate
        that must be, if the host that we connect to is none of its names.
        """
        self.comp_id = comp_id
        self.venue_comp_id = venue_comp_id
        self.heartbeat_s = heartbeat_s
        self.receive = receive
        self.next_in = 1
        self.next_out = 1
        self.sent: dict[int, tuple[str, str, str]] = {}
        """MsgType, body and SendingTime of the application messages sent lately, by MsgSeqNum."""
        self.logout_text = ""
        """Text(58) of the last Logout received."""
        self._proof = proof
        self._tls = tls
        self._server_name = server_name
        self._sent_kept_max = sent_kept_max
        self._header = f"\x0149={comp_id}\x0156={venue_comp_id}\x0134="
        self._link: _Link | None = None
        self._asked_from = 0
        self._answered: asyncio.Event = asyncio.Event()
        self._is_logged_on = self._is_leaving = False
        self._heart: asyncio.Task[None] | None = None

    @property
    def is_connected(self) -> bool:
        """Tell whether the session is logged on."""
        return self._is_logged_on

    async def log_on(
        self, host: str, port: int, *, reset: bool = False, next_expected: bool = False, new_password: str = ""
    ) -> None:
        """Connect and log on. Raise `OSError` if nobody listens, `LogonRefusedError` if the venue does not want us.

        `reset`: both sequences start again at 1. `next_expected`: send NextExpectedMsgSeqNum(789). `new_password`: the
        one that we log on by from then on.
        """
        loop = asyncio.get_running_loop()
        self._answered = asyncio.Event()
        self.logout_text = ""
        self._asked_from = 0
        server_name = (self._server_name or host) if self._tls is not None else None
        _, link = await loop.create_connection(
            lambda: _Link(self), host, port, ssl=self._tls, server_hostname=server_name
        )
        self._link = link
        if reset:
            self.next_in = self.next_out = 1
            self.sent.clear()
        body = f"98=0\x01108={self.heartbeat_s}\x01"
        body += "141=Y\x01" if reset else ""
        body += f"789={self.next_in}\x01" if next_expected else ""
        body += f"925={new_password}\x01" if new_password else ""
        self._say_logon(body)
        async with asyncio.timeout(ANSWER_S):
            await self._answered.wait()
        if not self._is_logged_on:
            raise LogonRefusedError(self.logout_text or "the venue hung up")
        self._proof = new_password or self._proof
        self._heart = loop.create_task(self._beat())

    def send(self, msg_type: str, body: str) -> int:
        """Send an application message, fields after the header each ended by SOH; return its MsgSeqNum.

        While there is no connection the message waits, and goes out when the venue asks for what it lacks.
        """
        number = self.next_out
        time_text = format_utc(time.time_ns())
        self.sent[number] = (msg_type, body, time_text)
        self.next_out = number + 1
        self.sent.pop(number - self._sent_kept_max, None)
        if self._link is not None and self._is_logged_on:
            self._link.write(encode(f"35={msg_type}{self._header}{number}\x0152={time_text}\x01{body}"))
        return number

    async def log_out(self) -> None:
        """Say goodbye and wait for the answer."""
        if self._is_logged_on and self._link is not None:
            self._is_leaving = True
            self._send_now("5", "")
            await self._link.closed.wait()

    def cut(self) -> None:
        """Drop the connection without a word, as a broken network does."""
        if self._link is not None:
            self._link.abort()

    async def disconnected(self) -> None:
        """Return when there is no connection."""
        if self._link is not None:
            await self._link.closed.wait()

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave politely, or drop the connection if something went wrong."""
        if error is None:
            await self.log_out()
        else:
            self.cut()

    def _accept(self, message: Message) -> None:
        fields = message.fields
        msg_type = message.msg_type
        number = int(fields["34"])
        if msg_type == "5":
            self.logout_text = fields.get("58", "")
        elif msg_type == "A" and fields.get("141") == "Y":
            self.next_in = 1
        elif msg_type == "4" and fields.get("123") != "Y":
            self.next_in = int(fields["36"])
            return
        lacking_from = int(fields.get("789", "0")) if msg_type == "A" else 0
        if number > self.next_in:
            self._accept_early(message)
        elif number < self.next_in:
            if fields.get("43") != "Y":
                self.logout_text = f"MsgSeqNum too low: {number} instead of {self.next_in}"
                self.cut()
        else:
            self.next_in = number + 1
            if msg_type in _ADMINISTRATIVE:
                self._administer(message)
            else:
                self.receive(message)
        if 0 < lacking_from < self.next_out and self._link is not None:
            self._resend(lacking_from, 0)  # who tells its expected number does not ask

    def _administer(self, message: Message) -> None:
        """Deal with a message of the session layer that came in its turn."""
        fields = message.fields
        match message.msg_type:
            case "1":
                self._send_now("0", f"112={fields['112']}\x01")
            case "2":
                self._resend(int(fields["7"]), int(fields["16"]))
            case "4":
                self.next_in = int(fields["36"])
            case "5":
                if self._is_logged_on and not self._is_leaving:
                    self._send_now("5", "")
                self.cut()
            case "A":
                self._is_logged_on = True
                self._answered.set()

    def _accept_early(self, message: Message) -> None:
        """Ask once for what is missing; the venue will send this message again too."""
        if message.msg_type == "5":
            self.cut()
            return
        if message.msg_type == "2":
            self._resend(int(message.fields["7"]), int(message.fields["16"]))
        if message.msg_type == "A":
            self._is_logged_on = True
            self._answered.set()
        if self._asked_from != self.next_in:
            self._asked_from = self.next_in
            self._send_now("2", f"7={self.next_in}\x0116=0\x01")

    def _resend(self, begin: int, end: int) -> None:
        """Send again what the venue asks for; administrative messages become gap fills."""
        assert self._link is not None, "only a connected venue asks"
        last = min(end or self.next_out - 1, self.next_out - 1)
        now = format_utc(time.time_ns())
        gap_from = 0
        for number in range(begin, last + 2):
            sent = self.sent.get(number)
            if sent is None and number <= last:
                gap_from = gap_from or number
                continue
            if gap_from:
                gap = f"\x0152={now}\x0143=Y\x01122={now}\x01123=Y\x0136={number}\x01"
                self._link.write(encode(f"35=4{self._header}{gap_from}{gap}"))
                gap_from = 0
            if sent is not None and number <= last:
                msg_type, body, sent_at = sent
                times = f"\x0152={now}\x0143=Y\x01122={sent_at}\x01"
                self._link.write(encode(f"35={msg_type}{self._header}{number}{times}{body}"))

    def _say_logon(self, body: str) -> None:
        """Say Logon with what proves who we are."""
        number, self.next_out = self.next_out, self.next_out + 1
        now = format_utc(time.time_ns())
        fields = {"35": "A", "49": self.comp_id, "56": self.venue_comp_id, "34": str(number), "52": now}
        match self._proof:
            case str(password):
                body += f"553={self.comp_id}\x01554={password}\x01"
            case bytes(secret):
                body += _raw_data(code(secret, fields))
            case key:
                body += _raw_data(sign(key, fields))
        assert self._link is not None, "a connection has been made"
        self._link.write(encode(f"35=A{self._header}{number}\x0152={now}\x01{body}"))

    def _send_now(self, msg_type: str, body: str) -> None:
        if self._link is None:
            return
        number, self.next_out = self.next_out, self.next_out + 1
        now = format_utc(time.time_ns())
        self._link.write(encode(f"35={msg_type}{self._header}{number}\x0152={now}\x01{body}"))

    def _closed(self) -> None:
        self._is_logged_on = self._is_leaving = False
        self._link = None
        self._answered.set()
        if self._heart is not None:
            self._heart.cancel()
            self._heart = None

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.heartbeat_s)
            self._send_now("0", "")


def _raw_data(text: str) -> str:
    return f"95={len(text)}\x0196={text}\x01"


class _Link(asyncio.Protocol):
    """One TCP connection of an initiator."""

    def __init__(self, owner: Initiator) -> None:
        self.closed = asyncio.Event()
        self._owner = owner
        self._framer = Framer()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        for message in self._framer.receive(data):
            if self.closed.is_set():
                return
            self._owner._accept(message)  # noqa: SLF001 - the two are one

    def connection_lost(self, _error: Exception | None) -> None:
        self.closed.set()
        self._owner._closed()  # noqa: SLF001

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
