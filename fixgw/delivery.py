"""Delivery: which event goes to which session, as it happens while the venue runs, from the journal at a start.

Every report that a session is owed has an entry in that session's outbound index. `delivered` (a small file beside the
indexes) says through which record all entries are safely on disk; at a start the journal is read again from there, and
what the indexes lack is added. After an unclean stop the numbers up to the reserved one may have been used, so none of
them is used again: the client sees a gap, asks, and gets what it is owed.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from time import time_ns
from typing import ClassVar, Final

import msgspec

from engine.answer_events import (
    BalanceReported,
    BalancesAnswered,
    InstrumentReported,
    PhaseReported,
    ReplayAnswered,
    ReplayEnded,
    TradeReported,
    TradesAnswered,
)
from engine.events import (
    AnyEvent,
    CancelRejected,
    IndicativePrice,
    ListReported,
    ListRequestRejected,
    MassCanceled,
    OrderAccepted,
    OrderCanceled,
    OrderDecremented,
    OrderRejected,
    OrderReplaced,
    OrderStatusReported,
    OrderTriggered,
    PhaseChanged,
    Refused,
    Trade,
    TradeAmended,
)
from engine.journal import Cursor, JournalReader, sync_directory
from engine.sequencer import Sequencer
from engine.session_events import (
    CredentialsSet,
    LogoutOrdered,
    SequenceReset,
    SequenceSet,
    SessionProvisioned,
    SessionRecovered,
    SessionRemoved,
    SessionResumed,
    SessionSuspended,
    UserReported,
)
from engine.whole_files import write_whole
from fixgw.drop_copy import Copies
from fixgw.errors import OutboundError
from fixgw.outbound import Outbound, OutgoingSide
from fixgw.outbound_index import ADMINISTRATIVE, PART_MAX, POSSIBLE_RESEND, REPLAYED, OutboundIndex, entry_bytes
from fixgw.replay import replayed
from fixgw.reports import Reports
from fixgw.session import Session
from fixgw.timestamps import format_utc

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

Recipient = tuple[str, int]
"""A session, and the low bit of its report's part: 1 for the taker of a trade, for the second session told, or for the
second kind of message."""


def recipients(event: AnyEvent) -> tuple[Recipient, ...]:
    """Return who is told of an event, in the order in which they are told."""
    if isinstance(event, Trade | TradeAmended):
        return ((event.maker_session, 0), (event.taker_session, 1))
    if isinstance(event, OrderCanceled | OrderReplaced) and event.requester != event.session:
        return ((event.requester, 0), (event.session, 1))
    if isinstance(event, PhaseChanged):
        security = [(session, 0) for session in event.security_status_to]
        return (*security, *[(session, 1) for session in event.session_status_to])
    if isinstance(event, IndicativePrice):
        return tuple([(session, 0) for session in event.security_status_to])
    if isinstance(event, SessionRecovered):
        return () if event.after else ((event.session, 0),)
    if isinstance(event, _REPORTED):
        return ((event.session, 0),)
    return ()


_REPORTED: Final = (
    OrderAccepted,
    OrderCanceled,
    OrderDecremented,
    OrderReplaced,
    OrderTriggered,
    OrderRejected,
    CancelRejected,
    MassCanceled,
    ListReported,
    ListRequestRejected,
    OrderStatusReported,
    PhaseReported,
    BalancesAnswered,
    BalanceReported,
    InstrumentReported,
    TradesAnswered,
    TradeReported,
    ReplayAnswered,
    ReplayEnded,
    Refused,
    UserReported,
)


OF_SESSIONS: Final = (
    SessionProvisioned,
    CredentialsSet,
    SessionSuspended,
    SessionResumed,
    SessionRemoved,
    SequenceReset,
    SequenceSet,
    LogoutOrdered,
)
"""What staff do to sessions: the acceptor acts on it."""


class Delivered(msgspec.Struct, frozen=True):
    """Through which record all index entries are on disk, and in which boot of the machine that was written."""

    sequence: int
    boot_id: str
    time_ns: int = 0
    """When that was begun."""


class Delivery:
    """All sessions' outgoing sides."""

    lane: ClassVar = "native"
    """Whose indexes these are."""
    is_numbered: ClassVar = True
    """An index has an entry for each MsgSeqNum, rather than for each report."""

    def __init__(self, directory: Path, sequencer: Sequencer, reports: Reports) -> None:
        """`directory` holds the outbound indexes. The sequencer's batches are delivered from now on."""
        directory.mkdir(parents=True, exist_ok=True)
        sync_directory(directory.parent)  # The names of this directory, and of the journal's.
        self.directory = directory
        self.sequencer = sequencer
        self.reports = reports
        self.outbounds: dict[str, Outbound] = {}
        self.sides: dict[str, OutgoingSide] = {}
        """Who is told of events: the outgoing sides, of whichever lane."""
        self._indexes: dict[str, OutboundIndex] = {}
        self._dirty: list[OutgoingSide] = []
        self._pumps_turn = asyncio.Lock()
        self.on_session_changed: Callable[[AnyEvent], None] = _unnoticed
        """Told of what staff have done to a session, once that is on disk."""
        self._session_events: list[AnyEvent] = []
        self.is_after_power_cut = False
        """The machine has been started since the indexes were last known to be on disk."""
        self.renumbered: list[str] = []
        """Sessions whose numbers the indexes did not have as the journal has them, found by `restore`."""
        self._journal = JournalReader(sequencer.journal.directory)
        self._copies = Copies.now(sequencer.exchange.state)
        self._delivered = 0
        self._time_ns = 0
        self._time = ""
        """The time of the record seen last, as text: the records of a batch have one time."""
        sequencer.observe = self.observe
        sequencer.stage = self.stage

    def add(self, session: Session) -> Outbound:
        """Open a session's index and return its outgoing side."""
        outbound = self.outbounds[session.comp_id] = self.sides[session.comp_id] = Outbound(
            session,
            self._index(session.comp_id),
            sequencer=self.sequencer,
            reports=self.reports,
            journal=self._journal,
            dirty=self._dirty,
            turn=self._pumps_turn,
        )
        return outbound

    def remove(self, comp_id: str) -> None:
        """Drop the outgoing side of a session that is there no more, and its index."""
        self.outbounds.pop(comp_id, None)
        del self.sides[comp_id]
        index = self._indexes.pop(comp_id)
        index.close()
        index.path.unlink()

    def observe(self, sequence: int, time_ns: int, events: list[AnyEvent]) -> None:
        """Hand each report to the sessions it is for."""
        if time_ns != self._time_ns:
            self._time_ns, self._time = time_ns, format_utc(time_ns)
        time = self._time
        part = 0
        sides = self.sides
        for event in events:
            if type(event) is OrderAccepted:  # the way of most events, without detours
                sides[event.session].report(event, sequence, part, time_ns, time)
            else:
                for session, low_bit in recipients(event):
                    if session in sides:  # it may have been removed
                        sides[session].report(event, sequence, part | low_bit, time_ns, time)
                if isinstance(event, OF_SESSIONS):
                    self._session_events.append(event)
                self._copies.observe(event)
            if self._copies.is_needed:
                for session, low_bit in self._copies.recipients(event):
                    if session in sides:
                        sides[session].report(event, sequence, part | low_bit, time_ns, time)
            part += 2

    def stage(self) -> Callable[[], None]:
        """Set aside what all sessions have to say with the current batch."""
        releases = [side.stage() for side in self._dirty]
        self._dirty.clear()
        session_events, self._session_events = self._session_events, []

        def release() -> None:
            for each in releases:
                each()
            for event in session_events:  # later, as it may have more to submit
                asyncio.get_running_loop().call_soon(self.on_session_changed, event)

        return release

    # Start and checkpoints

    def restore(self) -> int:
        """Bring the indexes in line with the journal, before any session is added; return the reports still owed.

        Raise `OutboundError` if an index tells of records that a fully synced journal does not have.
        """
        state = self.sequencer.exchange.state
        last = self.sequencer.sequence
        delivered = _read_delivered(self.directory)
        same_boot = delivered.boot_id == _boot_id()
        self.is_after_power_cut = not same_boot
        trusted = last if same_boot else min(last, delivered.sequence)
        positions: dict[str, tuple[int, int]] = {}
        is_another_lanes = _read_lane(self.directory) != self.lane
        for comp_id, session in state.sessions.items():
            index = self._indexes[comp_id] = OutboundIndex(self.directory / f"{comp_id}.index")
            position = index.last_position()
            if position[0] > last and not self.sequencer.relaxed:
                raise OutboundError(
                    f"{index.path}: a report on record {position[0]} was sent, but the journal ends at record {last}; "
                    "restore the journal's last segment from a copy"
                )
            index.cut_after_sequence(max(trusted, min(last, index.after[0])))
            if not same_boot:
                self._distrust(index, delivered)
            unused = entry_bytes(ADMINISTRATIVE, 0, 0, 0)
            used_count = session.reserved_out if self.is_numbered else 0
            if index.resets != session.resets or is_another_lanes:
                self.renumbered.append(comp_id)
                owed = [entry_bytes(e.sequence, e.part, e.flags, 0) for e in index.owed() if not e.flags & REPLAYED]
                position = min(index.last_position(), (last, PART_MAX))
                index.begin_again(session.resets, unused * used_count + b"".join(owed), position)
            index.append(unused * (used_count - index.count))
            positions[comp_id] = index.last_position()
        owed_count = 0
        first = min(delivered.sequence, trusted) + 1
        copies = self._copies_before(first)
        for record in self._journal.records(first):
            for number, event in enumerate(record.events):
                copies.observe(event)
                for comp_id, low_bit in (*recipients(event), *copies.recipients(event)):
                    position = (record.sequence, number << 1 | low_bit)
                    if comp_id in positions and position > positions[comp_id]:
                        if isinstance(event, ReplayEnded) and not same_boot:
                            self._replay_again(self._indexes[comp_id], event)
                        self._indexes[comp_id].append(entry_bytes(*position, POSSIBLE_RESEND, 0))
                        owed_count += 1
        self.sequencer.journal.sync()  # the indexes must not know more than what a power cut leaves of the journal
        self._delivered = -1
        self.checkpoint(last)
        if is_another_lanes:
            write_whole(self.directory / "lane", self.lane.encode("ascii"))
        return owed_count

    def _replay_again(self, index: OutboundIndex, ended: ReplayEnded) -> None:
        """Add what was replayed, as after a power cut nobody knows how much of it is left in the index."""
        if self.is_numbered:
            cursor = Cursor(self._journal)
            entries = list(replayed(index, cursor, ended.begin, ended.next_sequence))
            cursor.close()
            index.append(b"".join([entry_bytes(entry.sequence, entry.part, REPLAYED, 0) for entry in entries]))

    def _copies_before(self, sequence: int) -> Copies:
        """Return who got copies before a record."""
        copies = Copies.now(self.sequencer.exchange.state)
        copies.take_back(event for record in self._journal.records(sequence) for event in record.events)
        return copies

    def checkpoint(self, sequence: int) -> None:
        """Put the indexes on disk, and note that they tell of all records through `sequence`.

        May run in a thread of its own; `sequence` has been committed and released before.
        """
        if sequence == self._delivered:
            return
        now_ns = time_ns()
        self.sequencer.journal.sync()
        for index in self._indexes.values():
            index.sync()
        write_whole(self.directory / "delivered", msgspec.json.encode(Delivered(sequence, _boot_id(), now_ns)))
        self._delivered = sequence

    def close(self) -> None:
        """Write the last checkpoint, if the journal is sound, and let go of the files."""
        if self.sequencer.failure is None:
            self.checkpoint(self.sequencer.committed)
        for index in self._indexes.values():
            index.close()

    def _distrust(self, index: OutboundIndex, _delivered: Delivered) -> None:
        """Note, after a power cut, that what is not said to have been sent may have been."""
        index.flag_owed()

    def _index(self, comp_id: str) -> OutboundIndex:
        """Return a session's index; that of a session that is new has nothing of one by its name before it."""
        index = self._indexes.get(comp_id)
        if index is None:
            index = self._indexes[comp_id] = OutboundIndex(self.directory / f"{comp_id}.index")
            resets = self.sequencer.exchange.state.sessions[comp_id].resets
            if index.resets != resets:
                index.begin_again(resets, b"", (self.sequencer.sequence, PART_MAX))
        return index


def _unnoticed(_event: AnyEvent) -> None:
    """Nobody acts on what staff do to sessions."""


def check_journal_end(directory: Path, last: int) -> None:
    """Raise `OutboundError` if a journal that ends at record `last` has lost records that were on disk.

    To be called before the journal's torn tail is cut: damage to the last batch looks like one, and only what was noted
    elsewhere (`directory` holds the outbound indexes) tells that it is not.
    """
    delivered = _read_delivered(directory)
    if delivered.sequence > last:
        raise OutboundError(
            f"the journal's sound part ends at record {last}, but records through {delivered.sequence} were on disk "
            f"({directory / 'delivered'}): its last segment is damaged; restore that from a copy"
        )


def _read_delivered(directory: Path) -> Delivered:
    try:
        return msgspec.json.decode((directory / "delivered").read_bytes(), type=Delivered)
    except (FileNotFoundError, msgspec.DecodeError):
        return Delivered(0, _boot_id())


def _read_lane(directory: Path) -> str:
    """Return which lane the indexes are of; the native one has not always said so."""
    try:
        return (directory / "lane").read_text(encoding="ascii")
    except FileNotFoundError:
        return Delivery.lane


def _boot_id() -> str:
    """Return what is different after each start of the machine: page cache outlives a process, not a boot."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return f"unknown {os.getpid()}"
