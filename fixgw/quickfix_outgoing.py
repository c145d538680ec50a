"""The outgoing side of the QuickFIX lane: which reports a session is owed, and their way into QuickFIX.

QuickFIX numbers, stores and sends; it answers ResendRequests from its store. What it has not been given yet is owed: an
index per session, of the form that the native lane has (`fixgw.outbound_index`), has an entry for each report, which
gets its time once QuickFIX has the report. An entry is marked as a possible resend before QuickFIX is given its report,
so that after a crash what it may have is given again with PossResend(97)=Y, and nothing else is.

While a session is logged on a thread of its own hands its reports over, batch by batch, as they are committed: QuickFIX
writes to the socket at once, and a client that does not read must keep nobody else waiting. What such a client is owed
is not held in memory either, but read back from the journal. What happened while the session was away is handed over at
its Logon, before the answer, so that the client sees the gap and asks; if the Logon resets the sequences, after it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

import quickfix
import structlog

from engine.commands import ReserveOutbound
from engine.events import AnyEvent
from engine.frames import Record
from engine.journal import JournalReader, sync_directory
from engine.sequencer import Sequencer
from fixgw import quickfix_store
from fixgw.delivery import Delivered, Delivery
from fixgw.drop_copy import addressed
from fixgw.outbound import OutgoingSide
from fixgw.outbound_index import NUMBERED, POSSIBLE_RESEND, Entry, OutboundIndex, entry_bytes
from fixgw.replay import sequenced
from fixgw.reports import Reports
from fixgw.session import Session
from fixgw.timestamps import format_utc

RESERVED_BLOCK: Final = 8_192
"""How many outgoing numbers are reserved in the journal at a time,"""
RESERVED_AHEAD: Final = 4_096
"""and how many must be left for what QuickFIX says by itself."""
HANDED_AT_ONCE: Final = 256
WAITING_MAX: Final = 2_048
"""How many encoded reports wait in memory for their session's thread."""
HANDED_AT_LOGON_MAX: Final = 20_000
"""How many reports may be handed over while a client waits for the answer to its Logon."""

_log = structlog.get_logger("quickfix")


class Waiting(NamedTuple):
    """A report that QuickFIX is to be given: its place in the index, what stands there, and its text."""

    number: int
    sequence: int
    part: int
    flags: int
    text: str


class JournalAccess:
    """The journal, read by the threads of all sessions in turn."""

    def __init__(self, journal: JournalReader) -> None:
        self._lock = threading.Lock()
        self._journal = journal

    def records_of(self, entries: list[Entry]) -> dict[int, Record]:
        """Return the records of these reports, which are committed, by their sequence."""
        with self._lock:
            sequences = dict.fromkeys(entry.sequence for entry in entries)
            return {record.sequence: record for record in self._journal.records_at(sequences)}


class Outgoing:
    """One session's outgoing side. `report` and `stage` are called on the loop, the rest on other threads."""

    __slots__ = (
        "_access",
        "_comp_id",
        "_cursor",
        "_dictionaries",
        "_dirty",
        "_encoded",
        "_entries",
        "_has_ended",
        "_index",
        "_is_dirty",
        "_is_handing",
        "_known",
        "_last_out",
        "_numbered",
        "_reports",
        "_reserved",
        "_sequencer",
        "_session",
        "_staged_count",
        "_thread",
        "_unheard",
        "_unheard_last_out",
        "_version",
        "_waiting",
        "_wake",
        "is_up",
    )

    def __init__(
        self,
        session: Session,
        index: OutboundIndex,
        access: JournalAccess,
        *,
        sequencer: Sequencer,
        reports: Reports,
        dirty: list[OutgoingSide],
    ) -> None:
        """`dirty`: where this session puts itself when it has something to leave with the next batch."""
        self._comp_id = session.comp_id
        self._version = session.version
        self._known = sequencer.exchange.state.sessions[session.comp_id]
        self._index = index
        self._access = access
        self._sequencer = sequencer
        self._reports = reports
        self._dirty = dirty
        self._is_dirty = False
        self._entries: list[bytes] = []
        self._encoded: list[Waiting] = []
        self._staged_count = 0
        """Entries that have been set aside and are not in the index yet."""
        self._numbered = index.count
        self._waiting: deque[Waiting] = deque()
        self._unheard, self._cursor = _first_unheard(index)
        """The first report that has a number only, and the next that QuickFIX is to be given."""
        self._unheard_last_out = 0
        """The MsgSeqNum of the last of those that have a number only, if that is known."""
        self._reserved = 0
        self._last_out = 0
        """The last MsgSeqNum that is known to be in use."""
        self._session: Any = None
        self._dictionaries: tuple[Any, ...] = ()
        self.is_up = False
        """The session is logged on, and its thread may hand over."""
        self._is_handing = False
        self._wake = threading.Event()
        self._has_ended = False
        self._thread: threading.Thread | None = None

    # On the loop

    def report(self, event: AnyEvent, sequence: int, part: int, time_ns: int, time: str) -> None:
        """Take in a report; encode it now if it can leave with its batch."""
        self._numbered += 1
        self._entries.append(entry_bytes(sequence, part, 0, 0))
        if self.is_up and len(self._waiting) < WAITING_MAX:
            self._encoded.append(self._waiting_report(self._numbered, event, sequence, part, 0, time))
        if self._last_out + self._numbered - self._cursor + RESERVED_AHEAD > self._reserved:
            self.reserve()
        if not self._is_dirty:
            self._is_dirty = True
            self._dirty.append(self)

    def stage(self) -> Callable[[], None]:
        """Set aside the batch's reports, and return what gives them to the session's thread."""
        self._is_dirty = False
        entries = b"".join(self._entries)
        encoded = self._encoded
        count = len(self._entries)
        self._staged_count += count
        self._entries.clear()
        self._encoded = []

        def release() -> None:
            self._staged_count -= count
            self._waiting.extend(encoded)
            self._index.append(entries)
            self._wake.set()

        return release

    def reserve(self) -> None:
        """Put on record that outgoing numbers are in use: none is used twice, even after a power cut."""
        self._reserved = self._last_out + self._numbered - self._cursor + RESERVED_AHEAD + RESERVED_BLOCK
        self._sequencer.submit(ReserveOutbound(self._comp_id, self._reserved))
        self._sequencer.require_sync()

    def reset(self) -> None:
        """Note that the session's numbers begin again at 1."""
        self._last_out = 0
        self._unheard_last_out = 0
        self.reserve()

    def begin_again(self, resets: int) -> None:
        """Keep of the index what is still owed; the reset is on disk, and nothing is being handed over."""
        assert not self.is_up, "the session is not logged on"
        index = self._index
        owed = [
            entry_bytes(entry.sequence, entry.part, entry.flags & ~NUMBERED, 0)
            for entry in index.read(self._unheard, index.count)
            if not entry.sent_ns
        ]
        index.begin_again(resets, b"".join(owed), index.last_position())
        self._waiting.clear()
        self._unheard = self._cursor = 1
        self._numbered = index.count + self._staged_count + len(self._entries)

    # On QuickFIX's threads

    @property
    def is_handing(self) -> bool:
        """Tell whether a report is on its way into QuickFIX at this moment."""
        return self._is_handing

    def bind(self, session: Any, dictionaries: tuple[Any, ...]) -> None:
        """Hand reports to this session of QuickFIX's; messages with repeating groups are read by `dictionaries`."""
        self._session = session
        self._dictionaries = dictionaries
        self.look_at_numbers()

    def look_at_numbers(self) -> None:
        """Take notice of how many numbers QuickFIX has used."""
        if self._session is not None:
            self._last_out = self._session.getExpectedSenderNum() - 1

    def catch_up(self) -> None:
        """Before the answer to a Logon: hand over what happened while the session was away."""
        last = min(self._index.count, self._cursor + HANDED_AT_LOGON_MAX - 1)
        while self._cursor <= last:
            self._hand_over(self._next(last), lambda: True, NUMBERED)
        self._unheard_last_out = self._last_out

    def sent_again(self, number: int) -> None:
        """Note that QuickFIX sends a message again: after the last that had a number only, all have been heard of."""
        if self._unheard < self._cursor and number >= self._unheard_last_out:
            now_ns = time.time_ns()
            entries = self._index.read(self._unheard, self._cursor - 1)
            heard = [entry_bytes(e.sequence, e.part, e.flags & ~NUMBERED, e.sent_ns or now_ns) for e in entries]
            self._index.rewrite(self._unheard, b"".join(heard))
            self._unheard = self._cursor

    def begin(self) -> None:
        """Note that the session is logged on: its thread hands over from now on."""
        self.is_up = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"to {self._comp_id}", daemon=True)
            self._thread.start()
        self._wake.set()

    def end(self) -> None:
        """Note that the session is logged off."""
        self.is_up = False

    def close(self) -> None:
        """End the thread, when it has given QuickFIX what it is about to."""
        self._has_ended = True
        self.is_up = False
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    # On the session's own thread

    def _run(self) -> None:
        while not self._has_ended:
            self._wake.wait()
            self._wake.clear()
            try:
                while self.is_up and self._cursor <= self._index.count:
                    self._is_handing = True
                    self._hand_over(self._next(self._index.count), lambda: self.is_up, 0)
                    self._is_handing = False
            except Exception as error:  # noqa: BLE001 - whatever it is, the session must not fall silent
                _log.error("reports wait for the next Logon", session=self._comp_id, reason=repr(error))
                self.is_up = False
            finally:
                self._is_handing = False

    def _next(self, last: int) -> list[Waiting]:
        """Return the next reports up to `last`, from memory if they are there, else from the journal."""
        waiting, cursor = self._waiting, self._cursor
        while waiting and waiting[0].number < cursor:
            waiting.popleft()
        batch: list[Waiting] = []
        while waiting and waiting[0].number == cursor + len(batch) <= last and len(batch) < HANDED_AT_ONCE:
            batch.append(waiting.popleft())
        if batch:
            return batch
        entries = self._index.read(cursor, min(last, cursor + HANDED_AT_ONCE - 1))
        records = self._access.records_of(entries)
        for number, (sequence, part, flags, _) in enumerate(entries, cursor):
            record = records[sequence]
            event, time = record.events[part >> 1], format_utc(record.time_ns)
            batch.append(self._waiting_report(number, event, sequence, part, flags, time))
        return batch

    def _waiting_report(self, number: int, event: AnyEvent, sequence: int, part: int, flags: int, time: str) -> Waiting:
        """Return a report as QuickFIX is to be given it."""
        msg_type, body = self._version.render(*self._reports.report(event, sequence, part, time))
        if self._version.is_sequenced:
            body = sequenced(event, sequence, msg_type, body)
        body = addressed(self._known, event, part, msg_type, body)
        if flags & POSSIBLE_RESEND:
            body = f"97=Y\x01{body}"
        return Waiting(number, sequence, part, flags, message_text(msg_type, body))

    def _hand_over(self, batch: list[Waiting], may_go_on: Callable[[], bool], flag: int) -> None:
        """Give QuickFIX a batch, as far as it `may_go_on`, marked before as possibly given and after as given.

        `flag` is `NUMBERED` if they get a number only, as nobody is there to hear.
        """
        first = batch[0].number
        self._index.rewrite(first, b"".join(entry_bytes(w.sequence, w.part, POSSIBLE_RESEND, 0) for w in batch))
        count = 0
        for waiting in batch:
            if not may_go_on():
                break
            self._session.send(self._message(waiting.text))
            count += 1
        now_ns = time.time_ns()
        sent_ns = 0 if flag else now_ns
        entries = [entry_bytes(w.sequence, w.part, w.flags | flag, sent_ns) for w in batch[:count]]
        entries += [entry_bytes(w.sequence, w.part, w.flags, 0) for w in batch[count:]]
        self._index.rewrite(first, b"".join(entries))
        self._cursor = first + count
        if not flag and self._unheard == first:
            self._unheard = self._cursor
        self.look_at_numbers()

    def _message(self, text: str) -> Any:
        """Return QuickFIX's own form of a message; it sorts fields, and knows groups by the dictionary alone."""
        if text[_MSG_TYPE_AT : _MSG_TYPE_AT + 2] in _FLAT:
            return quickfix.Message(text, False)  # noqa: FBT003 (SWIG)
        return quickfix.Message(text, *self._dictionaries, False)  # noqa: FBT003 (SWIG)


class QuickFixDelivery(Delivery):
    """All sessions' outgoing sides in the QuickFIX lane."""

    lane: ClassVar = "quickfix"
    is_numbered: ClassVar = False

    def __init__(self, directory: Path, sequencer: Sequencer, reports: Reports, store: Path) -> None:
        """`store` is where QuickFIX has its files."""
        super().__init__(directory, sequencer, reports)
        self.store = store
        self._synced_ns = 0
        self._access = JournalAccess(self._journal)

    def restore(self) -> int:
        """Bring the indexes in line with the journal."""
        self.store.mkdir(parents=True, exist_ok=True)
        for directory in (self.store.parent, self.store.parent.parent):
            sync_directory(directory)
        return super().restore()

    def open(self, session: Session) -> Outgoing:
        """Open a session's index and return its outgoing side."""
        outgoing = self.sides[session.comp_id] = Outgoing(
            session,
            self._index(session.comp_id),
            self._access,
            sequencer=self.sequencer,
            reports=self.reports,
            dirty=self._dirty,
        )
        return outgoing

    def checkpoint(self, sequence: int) -> None:
        """Put QuickFIX's files on disk before the indexes, which tell what is in them."""
        now_ns = time.time_ns()
        quickfix_store.sync(self.store, self._synced_ns)
        self._synced_ns = now_ns
        super().checkpoint(sequence)

    def _distrust(self, index: OutboundIndex, delivered: Delivered) -> None:
        """Give QuickFIX again what it was given after its files were last known to be on disk."""
        for first in range(1, index.count + 1, _SCANNED_AT_ONCE):
            entries = index.read(first, first + _SCANNED_AT_ONCE - 1)
            if any(entry.sent_ns > delivered.time_ns or not entry.sent_ns for entry in entries):
                doubtful = [
                    entry_bytes(e.sequence, e.part, e.flags, e.sent_ns)
                    if 0 < e.sent_ns <= delivered.time_ns
                    else entry_bytes(e.sequence, e.part, POSSIBLE_RESEND, 0)
                    for e in entries
                ]
                index.rewrite(first, b"".join(doubtful))


_SCANNED_AT_ONCE: Final = 1_024
_HEAD: Final = "8=FIX.4.4\x019=0\x0135="
_MSG_TYPE_AT: Final = len(_HEAD)
_FLAT: Final = frozenset(("8\x01", "9\x01", "3\x01", "j\x01"))
"""MsgTypes whose fields may be sorted, as none has a repeating group of more than one entry; which is cheaper."""
_TAIL: Final = "10=000\x01"


def message_text(msg_type: str, body: str) -> str:
    """Return a message as text that QuickFIX reads; it puts in the rest of the header, and length and checksum.

    QuickFIX takes text as UTF-8; a character that it could not send as one byte is sent as "?".
    """
    text = f"{_HEAD}{msg_type}\x01{body}{_TAIL}"
    return text if text.isascii() else text.encode("ascii", "replace").decode("ascii")


def _first_unheard(index: OutboundIndex) -> tuple[int, int]:
    """Return the first report that nobody has been sent, and the first that has no number either; they are in order."""
    unheard = cursor = index.count + 1
    while unheard > 1:
        first = max(1, unheard - _SCANNED_AT_ONCE)
        for number, entry in reversed(list(enumerate(index.read(first, unheard - 1), first))):
            if entry.sent_ns:
                return unheard, cursor
            unheard = number
            if not entry.flags & NUMBERED:
                cursor = number
    return unheard, cursor
