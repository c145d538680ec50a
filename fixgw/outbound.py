"""The outgoing side of one session: numbers, frames, and everything owed sent once, in order.

A session is *live* while each report is encoded as it happens and leaves with its batch. Otherwise reports only get a
number and an index entry, and the *pump* reads them back from the journal later: for a resend, for a reader that is too
slow, and for what happened while nobody was connected. A pump that has caught up makes the session live again. So
nothing is held in memory for a client that does not read, and nothing is stored twice.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from engine.commands import QueryReplay, ReserveOutbound
from engine.events import AnyEvent
from engine.journal import JournalReader
from engine.sequencer import Sequencer
from fixgw.codec import encode
from fixgw.drop_copy import addressed, is_addressed
from fixgw.gateway import Wire
from fixgw.outbound_index import (
    ADMINISTRATIVE,
    REPLAYED,
    OutboundIndex,
    entry_bytes,
    without_times,
)
from fixgw.playback import Playback
from fixgw.replay import Replay, judged, sequenced
from fixgw.reports import Reports
from fixgw.session import Answer, Session
from fixgw.timestamps import format_utc

RESERVED_BLOCK: Final = 4_096
"""How many outgoing numbers are reserved in the journal at a time."""
PIECE_REPORTS: Final = 52
"""How many reports a pump sends before it lets all others work: less than a millisecond."""
RESENDS_WAITING_MAX: Final = 64
"""When so many ResendRequests wait to be answered, the ranges of further ones are joined to the last."""
_DEFERRED_MAX: Final = 64
_SCAN_ENTRIES: Final = 4_096
"""How many entries of the index are looked at before others work."""


class OutgoingSide(Protocol):
    """A session's outgoing side, as far as reports go."""

    def report(self, event: AnyEvent, sequence: int, part: int, time_ns: int, time: str) -> None:
        """Take in the report on an event, whose record was stamped `time_ns`; `time` is that as text."""

    def stage(self) -> Callable[[], None]:
        """Set aside what the current batch has to say, and return what lets it go once the batch is durable."""


class Outbound:
    """One session's outgoing side."""

    __slots__ = (
        "_cursor",
        "_deferred",
        "_dirty",
        "_entries",
        "_frames",
        "_head",
        "_header",
        "_index",
        "_is_dirty",
        "_journal",
        "_known",
        "_owed_from",
        "_progress",
        "_pump_task",
        "_replay",
        "_replay_due",
        "_reports",
        "_resends",
        "_reserved",
        "_sequencer",
        "_session",
        "_staged_count",
        "_turn",
        "_wire",
        "_writable",
        "live",
        "next_out",
    )

    def __init__(
        self,
        session: Session,
        index: OutboundIndex,
        *,
        sequencer: Sequencer,
        reports: Reports,
        journal: JournalReader,
        dirty: list[OutgoingSide],
        turn: asyncio.Lock,
    ) -> None:
        """`dirty`: where this session puts itself when it has something to leave with the next batch.

        `turn`: held by the pump that is at work, so that however many there are, others wait for one piece at most.
        """
        self._session = session
        self._index = index
        self._sequencer = sequencer
        self._reports = reports
        self._journal = journal
        self._dirty = dirty
        self._turn = turn
        self._is_dirty = False
        self._known = sequencer.exchange.state.sessions[session.comp_id]
        self._header = f"\x0149={session.venue_comp_id}\x0156={session.comp_id}\x0134="
        self.next_out = index.count + 1
        self._reserved = index.count
        self.live = False
        self._wire: Wire | None = None
        self._frames: list[bytes] = []
        self._entries: list[bytes] = []
        self._staged_count = 0
        """Entries that have been set aside and are not in the index yet."""
        self._writable = True
        self._owed_from = 1
        """No message before this one is owed."""
        self._cursor = 0
        """Next number that the pump sends for the first time."""
        self._resends: deque[tuple[int, int]] = deque()
        self._replay: Replay | None = None
        """What is sent once more,"""
        self._replay_due = 0
        """and the number that the pump must have come to before there is more of it."""
        self._deferred: list[Answer] = []
        self._progress = asyncio.Event()
        self._pump_task: asyncio.Task[None] | None = None

    # What there is to say

    def report(self, event: AnyEvent, sequence: int, part: int, time_ns: int, time: str) -> None:
        """Number the report on an event stamped `time_ns`, and send it with the current batch if the session is live.

        `time` is the stamp as text. A live report is made while its record is, so SendingTime is the same.
        """
        number = self.next_out
        self.next_out = number + 1
        if number > self._reserved:
            self._reserve(number)
        if self.live:
            version = self._session.version
            msg_type, body = version.render(*self._reports.report(event, sequence, part, time))
            if version.is_sequenced:
                body = sequenced(event, sequence, msg_type, body)
            if is_addressed(self._known):
                body = addressed(self._known, event, part, msg_type, body)
            text = f"35={msg_type}{self._header}{number}\x0152={time}\x01{body}"
            self._frames.append(encode(text, version.begin_string))
            self._entries.append(entry_bytes(sequence, part, 0, time_ns))
            self._session.last_sent_ns = time_ns
        else:
            self._entries.append(entry_bytes(sequence, part, 0, 0))
        if not self._is_dirty:
            self._is_dirty = True
            self._dirty.append(self)

    def answer(self, answers: list[Answer]) -> None:
        """Send administrative messages, in order; what can wait does, while the pump is at work."""
        for msg_type, body in answers:
            if msg_type == "5":
                self._stop_pump()  # Nothing follows a Logout but what is asked for.
            if self.live or msg_type == "5":
                self._send_administrative(msg_type, body)
            elif msg_type == "0" and not body:
                continue  # a heartbeat, where what the pump sends is sign of life enough
            elif len(self._deferred) < _DEFERRED_MAX and self._wire is not None:
                self._deferred.append((msg_type, body))
        answers.clear()

    def resend(self, begin: int, end: int) -> None:
        """Answer a ResendRequest for `begin` to `end` (0: all) from the journal; what is sent anyway is left out.

        However often and for whatever a client asks, no message waits twice to be sent.
        """
        if self._wire is None or begin >= self.next_out:
            return
        self._stop_being_live()
        last = self._cursor - 1
        for new in _not_in(self._resends, begin, min(end or last, last)):
            joined = self._resends.pop() if len(self._resends) >= RESENDS_WAITING_MAX else new
            self._resends.append((min(new[0], joined[0]), max(new[1], joined[1])))

    def replay(self, request: QueryReplay) -> int:
        """Answer a request for reports once more, and begin with them; return the number of events."""
        is_busy = self._replay is not None
        request = judged(request, self._sequencer.sequence, self._index.after[0], is_busy=is_busy)
        event_count = len(self._sequencer.submit(request))
        if not request.response and self._wire is not None:
            self._replay = Replay(request, self.next_out - 1)
            self._replay_due = self.next_out
            self._stop_being_live()
        return event_count

    @property
    def is_connected(self) -> bool:
        """Tell whether there is somebody to send to."""
        return self._wire is not None

    @property
    def behind(self) -> int:
        """Return how many messages wait to be sent, or sent again, from the journal."""
        asked = sum(end - begin + 1 for begin, end in self._resends)
        return asked if self.live else asked + self.next_out - self._cursor

    async def caught_up(self) -> None:
        """Return when nothing waits to be sent from the journal, or nobody is there any more."""
        if self._pump_task is not None:
            await asyncio.wait([self._pump_task])

    async def resend_owed(self) -> int:
        """Send all again from the first report on that was never transmitted; return how many such there are."""
        await self._sequencer.flushed()
        begin = owed_count = 0
        last = self._index.count
        for first in range(self._owed_from, last + 1, _SCAN_ENTRIES):
            first_owed, count = self._index.owed_among(first, min(last, first + _SCAN_ENTRIES - 1))
            begin = begin or first_owed
            owed_count += count
            await asyncio.sleep(0)
        self._owed_from = begin or last + 1
        if begin:
            self.resend(begin, 0)
        return owed_count

    # Connections

    def connect(self, wire: Wire, *, live: bool = True) -> None:
        """Send over `wire` from now on; what happened before is sent when it is asked for. Not `live`: Logouts only."""
        self._wire = wire
        self._writable = True
        self.live = live
        self._deferred.clear()

    def disconnect(self) -> None:
        """Send no more; reports are numbered and wait."""
        self._withdraw_frames()
        self.live = False
        self._wire = None
        self._replay = None
        self._resends.clear()
        self._deferred.clear()
        self._stop_pump()

    def begin_again(self, resets: int, *, by_logon: bool) -> None:
        """Number anew, with all reports that were never transmitted under the old numbers.

        `by_logon`: 1 is for our Logon, which is to be answered by `answer_reset`. The reset must have been committed.
        """
        self._owed_from = 1
        self._replay = None
        now_ns = self._sequencer.time_ns
        owed = [entry_bytes(entry.sequence, entry.part, entry.flags, 0) for entry in self._index.owed()]
        first = entry_bytes(ADMINISTRATIVE, 0, 0, now_ns) if by_logon else b""
        self._index.begin_again(resets, first + b"".join(owed), self._index.last_position())
        self.next_out = 1 + self._index.count + self._staged_count + len(self._entries)
        self._reserve(self.next_out)

    def answer_reset(self, logon: Answer) -> None:
        """Send our Logon as number 1, then what is owed."""
        assert self._wire is not None, "somebody asked for the reset"
        now_ns = self._sequencer.time_ns
        msg_type, body = logon
        self._session.last_sent_ns = now_ns
        self._wire.write(self._encode(f"35={msg_type}{self._header}1\x0152={format_utc(now_ns)}\x01{body}"))
        if self.next_out > 2:
            self._stop_being_live(2)

    def skip_to(self, number: int) -> None:
        """Use no number below this one any more: those in between become a gap that a resend fills."""
        skipped = max(0, number - self.next_out)
        self._entries += [entry_bytes(ADMINISTRATIVE, 0, 0, 0)] * skipped
        self.next_out += skipped
        if self.next_out > self._reserved:
            self._reserve(self.next_out)
        self._mark_dirty()
        self._sequencer.schedule_flush()

    def pause(self) -> None:
        """Note that the client does not read as fast as we write."""
        self._writable = False
        self._stop_being_live()

    def resume(self) -> None:
        """Note that the client has caught up with what was written."""
        self._writable = True
        self._progress.set()

    # Batches

    def stage(self) -> Callable[[], None]:
        """Set aside what the current batch has to say, and return what lets it go once the batch is durable."""
        self._is_dirty = False
        entries = b"".join(self._entries)
        frames = b"".join(self._frames)
        count = len(self._entries)
        self._staged_count += count
        self._entries.clear()
        self._frames.clear()
        wire = self._wire

        def release() -> None:
            self._staged_count -= count
            is_transmitted = frames and wire is not None and wire is self._wire and not wire.is_closing()
            self._index.append(entries if is_transmitted or not frames else without_times(entries))
            if is_transmitted and wire is not None:
                wire.write(frames)
            self._progress.set()

        return release

    def _reserve(self, number: int) -> None:
        self._reserved = number + RESERVED_BLOCK
        self._sequencer.submit(ReserveOutbound(self._session.comp_id, self._reserved))
        self._sequencer.require_sync()

    def _mark_dirty(self) -> None:
        if not self._is_dirty:
            self._is_dirty = True
            self._dirty.append(self)

    def _send_administrative(self, msg_type: str, body: str) -> None:
        now_ns = self._sequencer.time_ns
        number = self.next_out
        self.next_out = number + 1
        if number > self._reserved:
            self._reserve(number)
        self._frames.append(self._encode(f"35={msg_type}{self._header}{number}\x0152={format_utc(now_ns)}\x01{body}"))
        self._entries.append(entry_bytes(ADMINISTRATIVE, 0, 0, now_ns))
        self._session.last_sent_ns = now_ns
        self._mark_dirty()
        self._sequencer.schedule_flush()

    # The pump

    def _withdraw_frames(self) -> None:
        """Take back what has not been staged: its numbers stay, as reports never transmitted."""
        if self._frames:
            self._entries = [without_times(entries) for entries in self._entries]
            self._frames.clear()

    def _stop_being_live(self, cursor: int | None = None) -> None:
        if self.live:
            self._cursor = cursor or self.next_out
            self.live = False
        if self._pump_task is None and self._wire is not None:
            self._pump_task = asyncio.get_running_loop().create_task(self._pump(self._wire))
        self._progress.set()

    def _stop_pump(self) -> None:
        if self._pump_task is not None:
            self._pump_task.cancel()
            self._pump_task = None

    async def _pump(self, wire: Wire) -> None:
        """Send what is owed until there is nothing left, then let the session be live again.

        What left with the batches before the cursor goes first: it has been encoded, and may hold our Logon.
        """
        playback = Playback(self._index, self._reports, self._journal, self._known, self._session.version, self._header)
        try:
            while not wire.is_closing() and (
                self._resends or self._cursor < self.next_out or not self._writable or self._replay is not None
            ):
                self._progress.clear()
                count = self._index.count
                may_go_on = self._writable and count >= self._cursor - 1
                if may_go_on and (self._resends or count >= self._cursor):
                    async with self._turn:
                        self._send_piece(wire, playback)
                        await asyncio.sleep(0)
                        await self._sequencer.written()
                elif may_go_on and self._replay is not None and self._cursor >= self._replay_due:
                    async with self._turn:
                        self._go_on_replaying(playback)
                        await asyncio.sleep(0)
                else:
                    await self._progress.wait()
        finally:
            playback.close()
        self._pump_task = None
        if self._wire is wire and not wire.is_closing():
            self.live = True
            deferred, self._deferred = self._deferred, []
            self._sequencer.begin_batch()
            self.answer(deferred)

    def _send_piece(self, wire: Wire, playback: Playback) -> None:
        """Write the next few messages: of what was asked for, if that has been answered of what is owed."""
        now_ns = self._session.last_sent_ns = self._sequencer.begin_batch()
        if self._resends:
            begin, end = self._resends.popleft()
            frames, begin = playback.read(begin, end, PIECE_REPORTS, now_ns, again=True)
            if begin <= end:
                self._resends.appendleft((begin, end))
        else:
            frames, self._cursor = playback.read(self._cursor, self._index.count, PIECE_REPORTS, now_ns, again=False)
        wire.write(frames)

    def _go_on_replaying(self, playback: Playback) -> None:
        """Give numbers to what the replay comes to next; say that it has ended once all of it is in the index."""
        replay = self._replay
        if replay is None:
            return  # the sequence has been reset meanwhile
        self._sequencer.begin_batch()
        if replay.is_done:
            self._replay = None
            self._sequencer.submit(replay.ended(self._session.comp_id))
            return
        entries = replay.next_piece(self._index, playback.cursor)
        if not entries:
            return
        self._entries += [entry_bytes(entry.sequence, entry.part, REPLAYED, 0) for entry in entries]
        self._replay_due = self.next_out = self.next_out + len(entries)
        if self.next_out > self._reserved:
            self._reserve(self.next_out)
        self._mark_dirty()
        self._sequencer.schedule_flush()

    def _encode(self, text: str) -> bytes:
        return encode(text, self._session.version.begin_string)


def _not_in(ranges: Iterable[tuple[int, int]], begin: int, end: int) -> list[tuple[int, int]]:
    """Return what of `begin` to `end` is in none of `ranges`, as ranges."""
    left = [(begin, end)]
    for first, last in ranges:
        pieces = [piece for b, e in left for piece in ((b, min(e, first - 1)), (max(b, last + 1), e))]
        left = [(b, e) for b, e in pieces if b <= e]
    return [(b, e) for b, e in left if b <= e]
