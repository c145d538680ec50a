"""Playback: what was said to a session, or should have been, made again from its index and the journal.

Each report is encoded anew from its event; administrative messages become gap fills. The journal is read from where the
last piece ended, so that a long resend reads it once, whatever the size of the pieces.
"""

from typing import Final

from engine import state
from engine.journal import Cursor, JournalReader
from fixgw.codec import encode
from fixgw.drop_copy import addressed
from fixgw.outbound_index import ADMINISTRATIVE, ENTRY, POSSIBLE_RESEND, REPLAYED, OutboundIndex
from fixgw.replay import sequenced
from fixgw.reports import Reports
from fixgw.timestamps import format_utc
from fixgw.version import Version

GAP_MESSAGES_MAX: Final = 4_096
"""No gap fill stands for more messages; so many entries of the index are looked at for one piece."""


class Playback:
    """Reads one session's messages again, in order of their numbers."""

    __slots__ = ("_header", "_index", "_known", "_reports", "_version", "cursor")

    def __init__(
        self,
        index: OutboundIndex,
        reports: Reports,
        journal: JournalReader,
        known: state.Session,
        version: Version,
        header: str,
    ) -> None:
        """`header`: what stands between MsgType and MsgSeqNum, the tag of that included."""
        self._index = index
        self._reports = reports
        self.cursor = Cursor(journal)
        """Where in the journal it is."""
        self._known = known
        self._version = version
        self._header = header

    def close(self) -> None:
        """Let go of the journal."""
        self.cursor.close()

    def read(self, first: int, last: int, reports_max: int, now_ns: int, *, again: bool) -> tuple[bytes, int]:
        """Return the messages `first` to `last`, as far as they are committed, and the number after them.

        No more than `reports_max` reports. What is `again` or was transmitted before carries PossDupFlag; all of it
        counts as transmitted from now on.
        """
        now = format_utc(now_ns)
        frames: list[bytes] = []
        gap_from = reports_count = 0
        has_owed = False
        number = first
        for sequence, part, flags, sent_ns in ENTRY.iter_unpack(
            self._index.read_bytes(first, min(last, first + GAP_MESSAGES_MAX - 1))
        ):
            if sequence == ADMINISTRATIVE:
                gap_from = gap_from or number
                number += 1
                continue
            if reports_count == reports_max:
                break
            if gap_from:
                frames.append(self._gap_fill(gap_from, number, now))
                gap_from = 0
            record = self.cursor.record(sequence)
            event = record.events[part >> 1]
            report = self._reports.report(event, sequence, part, format_utc(record.time_ns))
            msg_type, body = self._version.render(*report)
            if self._version.is_sequenced:
                body = sequenced(event, sequence, msg_type, body, is_replayed=bool(flags & REPLAYED))
            body = addressed(self._known, event, part, msg_type, body)
            if sent_ns:
                times = f"52={now}\x0143=Y\x01122={format_utc(sent_ns)}\x01"
            else:
                has_owed = True
                times = f"52={now}\x0143=Y\x01122={now}\x01" if again else f"52={now}\x01"
            if flags & (POSSIBLE_RESEND | REPLAYED):
                times += "97=Y\x01"
            frames.append(self._encode(f"35={msg_type}{self._header}{number}\x01{times}{body}"))
            reports_count += 1
            number += 1
        if gap_from:
            frames.append(self._gap_fill(gap_from, number, now))
        if has_owed:
            self._index.mark_sent(first, number - 1, now_ns)
        return b"".join(frames), number

    def _gap_fill(self, number: int, new_number: int, now: str) -> bytes:
        times = f"52={now}\x0143=Y\x01122={now}\x01"
        return self._encode(f"35=4{self._header}{number}\x01{times}123=Y\x0136={new_number}\x01")

    def _encode(self, text: str) -> bytes:
        return encode(text, self._version.begin_string)
