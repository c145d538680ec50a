"""The outgoing side of a market-data session: numbers, and messages as long as the client reads.

What the client has not read is not kept for it. While its connection takes no more, updates wait in a bounded buffer;
when that is full they are dropped, all at once, and as soon as the connection takes something again each subscription
goes on with a fresh snapshot. Snapshots leave piece by piece, one at a time, as the client reads them.

A resend is answered by a gap fill: prices of the past are of no use, and those of the present are asked for anew.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

import structlog

from fixgw.codec import encode
from fixgw.gateway import Wire
from fixgw.market_messages import Part, frame
from fixgw.market_view import Subscription
from fixgw.session import Answer, Session
from fixgw.session_numbers import RESERVED_BLOCK, Numbers, NumbersFile
from fixgw.timestamps import format_utc

WAITING_BYTES_MAX: Final = 1024 * 1024
"""With more updates than this waiting for a client, it is sent a snapshot instead of them."""
_QUEUE_FLUSHED: Final = "814=1\x01"
"""ApplQueueResolution(814) of a snapshot that stands for updates that were dropped."""

_log = structlog.get_logger("market-data")


class Clock:
    """The time of what is being dealt with, as a number and as text."""

    __slots__ = ("_read", "now_ns", "text")

    def __init__(self, read: Callable[[], int]) -> None:
        self._read = read
        self.now_ns = 0
        self.text = ""
        self.tick()

    def tick(self) -> int:
        """Read the time again, and return it (nanoseconds since the epoch)."""
        self.now_ns = self._read()
        self.text = format_utc(self.now_ns)
        return self.now_ns


class MarketDataOutbound:
    """One session's outgoing side."""

    __slots__ = (
        "_clock",
        "_file",
        "_frames",
        "_header",
        "_reserved",
        "_resets",
        "_session",
        "_times_set",
        "_waiting",
        "_waiting_bytes",
        "_wire",
        "live",
        "next_out",
        "subscriptions",
        "writable",
    )

    def __init__(self, session: Session, file: NumbersFile, numbers: Numbers, clock: Clock) -> None:
        """`numbers`: where `file` has the sequences."""
        self._session = session
        self._file = file
        self._clock = clock
        self._header = f"49={session.venue_comp_id}\x0156={session.comp_id}\x0134="
        self._reserved = numbers.reserved_out
        self._resets = numbers.resets
        self._times_set = numbers.times_set
        self.next_out = numbers.reserved_out + 1
        self.live = False
        """The session is logged on."""
        self._wire: Wire | None = None
        self.writable = True
        """The client reads as fast as we write."""
        self._frames: list[bytes] = []
        self._waiting: deque[tuple[Subscription, Part, bool]] = deque()
        """What leaves when the connection takes it: of which subscription, what, and whether it is an update."""
        self._waiting_bytes = 0
        """How much of that is updates."""
        self.subscriptions: dict[tuple[str, str], Subscription] = {}
        """By MDReqID and instrument."""

    # What there is to say

    def say(self, msg_type: str, body: str) -> None:
        """Send a message at once, if the session is logged on."""
        if self.live:
            self._put(self._message(*self._session.version.render(msg_type, body)))

    def send(self, subscription: Subscription, parts: list[Part]) -> None:
        """Send an update of what was subscribed to, unless that must have a snapshot first."""
        if subscription.is_stale:
            return
        if self.writable and not self._waiting:
            for part in parts:
                self._put(self._frame(subscription.request_id, part))
            return
        self._waiting_bytes += sum(len(part.data) for part in parts)
        if self._waiting_bytes > WAITING_BYTES_MAX:
            self._drop_updates()
        else:
            self._waiting.extend((subscription, part, True) for part in parts)

    def send_snapshot(self, subscription: Subscription) -> None:
        """Send a subscription its first snapshot, as soon as those before it have left."""
        subscription.is_stale = True
        self._go_on()

    def answer(self, answers: list[Answer]) -> None:
        """Send administrative messages, in order, and empty the list."""
        for msg_type, body in answers:
            if self._wire is not None and (self.live or msg_type == "5"):
                self._put(self._message(msg_type, body))
        answers.clear()
        self.flush()

    def resend(self, begin: int, end: int) -> None:
        """Fill the gap: nothing of it is sent again."""
        last = min(end or self.next_out - 1, self.next_out - 1)
        if self._wire is None or begin > last:
            return
        time = self._clock.text
        times = f"\x0152={time}\x0143=Y\x01122={time}\x01"
        text = f"35=4\x01{self._header}{begin}{times}123=Y\x0136={last + 1}\x01"
        self._put(encode(text, self._session.version.begin_string))
        self.flush()

    # Connections

    def connect(self, wire: Wire, *, live: bool = True) -> None:
        """Send over `wire` from now on. Not `live`: Logouts only."""
        self._wire = wire
        self.writable = True
        self.live = live

    def disconnect(self) -> None:
        """Send no more, and forget what waits."""
        self._frames.clear()
        self._waiting.clear()
        self._waiting_bytes = 0
        self.live = False
        self._wire = None
        self.save()

    def begin_again(self) -> None:
        """Let both sequences begin again at 1."""
        self._session.next_in = self.next_out = 1
        self._reserved = 0
        self.save()

    def answer_reset(self, logon: Answer) -> None:
        """Send our Logon as number 1 after a reset."""
        self.answer([logon])

    def skip_to(self, number: int) -> None:
        """Use no number below this one any more."""
        self.next_out = max(self.next_out, number)
        self.save()

    def pause(self) -> None:
        """Note that the client does not read as fast as we write."""
        self.writable = False

    def resume(self) -> None:
        """Go on with what waits; where updates were dropped, with a snapshot."""
        self.writable = True
        self._clock.tick()
        self._go_on()

    def flush(self) -> None:
        """Write what has been said."""
        if self._frames and self._wire is not None and not self._wire.is_closing():
            data = b"".join(self._frames)
            self._session.last_sent_ns = self._clock.now_ns
            self._frames.clear()
            self._wire.write(data)
        self._frames.clear()

    def note_staff(self, resets: int, times_set: int) -> None:
        """Note that so many resets, and settings since the last of them, have been done here too."""
        self._resets, self._times_set = resets, times_set
        self.save()

    def save(self) -> None:
        """Put on disk where both sequences stand."""
        self._reserved = max(self.next_out - 1, self._reserved if self.live else 0)
        self._write()

    def _go_on(self) -> None:
        """Let what waits leave as far as the connection takes it, then snapshots for the stale, one after the other."""
        self.flush()
        stale = deque(each for each in self.subscriptions.values() if each.is_stale)
        while self.writable and self.live:
            if self._waiting:
                self._write_waiting()
            elif stale:
                subscription = stale.popleft()
                subscription.is_stale = False
                if subscription.is_once:
                    del self.subscriptions[subscription.key]
                self._waiting.extend((subscription, part, False) for part in subscription.view.snapshot())
            else:
                break

    def _write_waiting(self) -> None:
        subscription, part, is_update = self._waiting.popleft()
        if is_update:
            self._waiting_bytes -= len(part.data)
        if not subscription.is_over:
            self._put(self._frame(subscription.request_id, part, "" if is_update else subscription.why_snapshot))
            self.flush()

    def _drop_updates(self) -> None:
        """Forget what waits: the client is too slow for it."""
        _log.warning("a client is too slow, a snapshot will stand for its updates", session=self._session.comp_id)
        self._waiting = deque([each for each in self._waiting if each[0].is_once])
        self._waiting_bytes = 0
        for subscription in self.subscriptions.values():
            subscription.is_stale = True
            subscription.why_snapshot = _QUEUE_FLUSHED

    def _frame(self, request_id: str, part: Part, more: str = "") -> bytes:
        head = f"{self._header}{self._number()}\x0152={self._clock.text}\x01262={request_id}\x01{more}"
        version = self._session.version
        return frame(part.in_version(version), head, version.begin_string)

    def _message(self, msg_type: str, body: str) -> bytes:
        text = f"35={msg_type}\x01{self._header}{self._number()}\x0152={self._clock.text}\x01{body}"
        return encode(text, self._session.version.begin_string)

    def _put(self, data: bytes) -> None:
        self._frames.append(data)

    def _number(self) -> int:
        number = self.next_out
        self.next_out = number + 1
        if number > self._reserved:
            self._reserved = number + RESERVED_BLOCK
            self._write()
        return number

    def _write(self) -> None:
        self._file.write(Numbers(self._session.next_in, self._reserved, self._resets, self._times_set))
