"""FIX messages made before the clock runs, and what must come back for them.

A `Writer` numbers one session's messages and writes them whole: BodyLength, MsgSeqNum, SendingTime, CheckSum. It
shares no code with the venue, so that a fault in the venue's codec cannot hide here. ClOrdIDs are made of the CompID
and MsgSeqNum: they never come twice as long as the session's numbers are not reset.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Final

VENUE: Final = b"FONDACO"
PASSWORD: Final = b"sandbox-only"
HEARTBEAT_S: Final = 60

BUY: Final = b"1"
SELL: Final = b"2"
SYMBOL: Final = b"BTC/USD"
QTY: Final = b"0.000100"
"""So small that no run, however long, spends the sandbox's funds: 5 USD at 50,000."""


@dataclass(frozen=True, slots=True)
class Resting:
    """An order of ours that is open, as a cancel must name it."""

    cl_ord_id: bytes
    side: bytes


@dataclass(slots=True)
class Load:
    """What one session sends in one run, and how many reports of each kind it must get for it."""

    messages: list[bytes] = field(default_factory=list)
    accepted: int = 0
    canceled: int = 0
    filled: int = 0


class Writer:
    """Writes the messages of one session, in order."""

    def __init__(self, comp_id: str, *, next_seq: int = 1) -> None:
        self.comp_id = comp_id.encode()
        self.next_seq = next_seq
        self._account = self.comp_id + b"-A"
        self._order_prefix = b""
        self._time = b""
        self.stamp()

    def stamp(self) -> None:
        """Take the time now as that of the messages to come; the venue takes them for two minutes from it."""
        now = datetime.now(UTC)
        self._time = now.strftime("%Y%m%d-%H:%M:%S.").encode() + b"%03d" % (now.microsecond // 1_000)
        self._order_prefix = self.comp_id + now.strftime("-%y%m%d-").encode()

    def logon(self, heartbeat_s: int = HEARTBEAT_S) -> bytes:
        body = b"98=0\x01108=%d\x01553=%b\x01554=%b\x01" % (heartbeat_s, self.comp_id, PASSWORD)
        return self._message(b"A", body)

    def heartbeat(self) -> bytes:
        return self._message(b"0", b"")

    def logout(self) -> bytes:
        return self._message(b"5", b"")

    def resend_request(self, begin: int) -> bytes:
        """Ask for all messages from number `begin` on."""
        return self._message(b"2", b"7=%d\x0116=0\x01" % begin)

    def market_data_request(self) -> bytes:
        """Ask for the full book of `SYMBOL`, order by order, with updates."""
        types = b"267=2\x01269=0\x01269=1\x01"
        return self._message(
            b"V", b"262=B\x01263=1\x01264=0\x01265=1\x01266=N\x01%b146=1\x0155=%b\x01" % (types, SYMBOL)
        )

    def add(self, load: Load, side: bytes, price: bytes) -> Resting:
        """Add a good-till-cancel limit order to the load; return how to cancel it."""
        cl_ord_id = self._next_cl_ord_id()
        body = (
            b"1=%b\x0111=%b\x0121=1\x0138=%b\x0140=2\x0144=%b\x0154=%b\x0155=%b\x0159=1\x0160=%b\x01"
            % (self._account, cl_ord_id, QTY, price, side, SYMBOL, self._time)
        )  # fmt: skip
        load.messages.append(self._message(b"D", self._arranged(body)))
        load.accepted += 1
        return Resting(cl_ord_id, side)

    def cancel(self, load: Load, order: Resting) -> None:
        """Add the cancel of an open order to the load."""
        body = b"1=%b\x0111=%b\x0138=%b\x0141=%b\x0154=%b\x0155=%b\x0160=%b\x01" % (
            self._account,
            self._next_cl_ord_id(),
            QTY,
            order.cl_ord_id,
            order.side,
            SYMBOL,
            self._time,
        )
        load.messages.append(self._message(b"F", body))
        load.canceled += 1

    def _arranged(self, body: bytes) -> bytes:
        """Return an order's fields in the order in which they are sent."""
        return body

    def _next_cl_ord_id(self) -> bytes:
        return b"%b%07d" % (self._order_prefix, self.next_seq)

    def _message(self, msg_type: bytes, body: bytes) -> bytes:
        rest = b"35=%b\x0134=%d\x0149=%b\x0152=%b\x0156=%b\x01%b" % (
            msg_type,
            self.next_seq,
            self.comp_id,
            self._time,
            VENUE,
            body,
        )
        self.next_seq += 1
        data = b"8=FIX.4.4\x019=%d\x01%b" % (len(rest), rest)
        return b"%b10=%03d\x01" % (data, sum(data) & 0xFF)


class VariedWriter(Writer):
    """Writes each order's fields in one of so many orders, 0 for any: messages look unlike to who reads them."""

    def __init__(self, comp_id: str, arrangements: int) -> None:
        super().__init__(comp_id)
        self._random = Random(3)
        self._arrangements = arrangements

    def _arranged(self, body: bytes) -> bytes:
        fields = body.split(b"\x01")[:-1]
        order = Random(self._random.randrange(self._arrangements)) if self._arrangements else self._random
        order.shuffle(fields)
        return b"\x01".join(fields) + b"\x01"
