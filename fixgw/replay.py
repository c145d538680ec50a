"""Reports asked for once more, where the version has messages for it (FIX 5.0SP2): BW in; BX, the reports, and BY out.

Every report on an order carries ApplID(1180) `REPORTS` and, as ApplSeqNum(1181), the number of its journal record; that
is what a request names. The session's own outbound index says what it has got: for each such report a new entry, marked
as `REPLAYED`, is added, which points to the same event. So what is sent once more has numbers of its own, is owed like
all else, and nothing is stored twice. It carries PossResend(97)=Y and ApplResendFlag(1352)=Y.

A `Replay` walks the index piece by piece, as the session's pump has time for it. If the session goes away in between,
what has a number is owed, and the client asks for the rest again.
"""

from collections.abc import Iterator
from typing import Final

from engine.answer_events import ReplayAnswered, ReplayEnded
from engine.commands import EndReplay, QueryReplay
from engine.events import (
    AnyEvent,
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderDecremented,
    OrderRejected,
    OrderReplaced,
    OrderTriggered,
    Refused,
    Trade,
    TradeAmended,
)
from engine.journal import Cursor
from fixgw.codec import Message
from fixgw.outbound_index import REPLAYED, Entry, OutboundIndex
from fixgw.refusal import Refusal, unsupported_value
from fixgw.reject import GatewayReject

REPLAY: Final = "BW"
REPORTS_ID: Final = "REPORTS"
"""ApplID(1180) of reports on orders."""
SCANNED_AT_ONCE: Final = 1_024
REPLAYED_AT_ONCE: Final = 64
"""How many entries are looked at, and how many are replayed, before others may work."""
REPLAYED_MAX: Final = 10_000
"""When there have been so many reports, a replay ends with the record that it is at, and says where to go on."""
UNKNOWN_APPLICATION: Final = 1
NOT_AVAILABLE: Final = 2
"""ApplResponseType(1348); 0 is for what can be done."""
_RETRANSMISSION: Final = "0"
_COMPLETED: Final = 3
_ERRORS: Final = {UNKNOWN_APPLICATION: 0, NOT_AVAILABLE: 1}
"""ApplResponseError(1354) by ApplResponseType."""
_SEQUENCE_DIGITS_MAX: Final = 18
_REPORTED: Final = (
    OrderAccepted,
    OrderRejected,
    Trade,
    OrderCanceled,
    OrderReplaced,
    OrderDecremented,
    OrderTriggered,
    TradeAmended,
    CancelRejected,
)


def is_sequenced(event: AnyEvent) -> bool:
    """Tell whether the report on an event is one of those that are replayed."""
    return isinstance(event, _REPORTED) or (isinstance(event, Refused) and event.form in ("8", "9"))


def sequenced(event: AnyEvent, sequence: int, msg_type: str, body: str, *, is_replayed: bool = False) -> str:
    """Return the body of a report on record `sequence` with its ApplicationSequenceControl, if FIX has one for it."""
    if msg_type != "8" or not is_sequenced(event):
        return body
    flag = "1352=Y\x01" if is_replayed else ""
    return f"{body}1180={REPORTS_ID}\x011181={sequence}\x01{flag}"


def read_replay_request(session: str, number: int, message: Message) -> QueryReplay:
    """Return the question that an ApplicationMessageRequest is. Raise `Refusal`."""
    fields = message.fields
    if fields["1347"] != _RETRANSMISSION:
        raise unsupported_value(fields, "1347")
    for tag in ("1351", "1355"):
        if tag not in fields:
            raise Refusal(GatewayReject.FIELD_MISSING, tag)
    if fields["1351"] != "1":
        raise unsupported_value(fields, "1351")
    begin, end = _sequence(fields, "1182"), _sequence(fields, "1183")
    if 0 < end < begin:
        raise unsupported_value(fields, "1183")
    return QueryReplay(session, number, fields["1346"], fields["1355"], begin, end)


def judged(request: QueryReplay, sequence: int, earlier: int, *, is_busy: bool) -> QueryReplay:
    """Return a request with what comes of it, and with its end.

    The journal ends at record `sequence`; reports on records through `earlier` went under numbers of before a reset.
    """
    response, text = 0, ""
    begin, end = request.begin or 1, min(request.end or sequence, sequence)
    if request.appl_id != REPORTS_ID:
        response, text, end = UNKNOWN_APPLICATION, f"the application is {REPORTS_ID}", request.end
    elif is_busy:
        response, text = NOT_AVAILABLE, "one replay after another: wait for the last one's ApplicationMessageReport"
    elif begin <= earlier:
        response, text = NOT_AVAILABLE, f"sent before a sequence reset: ask from ApplBegSeqNum(1182)={earlier + 1}"
    elif begin > sequence:
        response, text, end = NOT_AVAILABLE, f"the last record is {sequence}", request.end
    return QueryReplay(
        request.session,
        request.msg_seq_num,
        request.request_id,
        request.appl_id,
        begin,
        end,
        response,
        text,
    )


def replay_answered(event: ReplayAnswered, exec_id: str, _time: str, _part: int) -> tuple[str, str]:
    """Return ApplicationMessageRequestAck (BX)."""
    error = f"1354={_ERRORS[event.response]}\x01" if event.response else ""
    text = f"58={event.text}\x01" if event.text else ""
    return "BX", (
        f"1353={exec_id}\x011346={event.request_id}\x011347={_RETRANSMISSION}\x011348={event.response}\x011351=1\x01"
        f"1355={event.appl_id}\x011182={event.begin}\x011183={event.end}\x01{error}{text}"
    )


def replay_ended(event: ReplayEnded, exec_id: str, _time: str, _part: int) -> tuple[str, str]:
    """Return ApplicationMessageReport (BY): all has been sent once more that comes before ApplNewSeqNum(1399)."""
    text = "" if event.is_complete else f"58=there may be more: ask again with 1182={event.next_sequence}\x01"
    return "BY", (
        f"1356={exec_id}\x011346={event.request_id}\x011426={_COMPLETED}\x011351=1\x01"
        f"1355={REPORTS_ID}\x011399={event.next_sequence}\x01{text}"
    )


class Replay:
    """One replay, as far as it has got."""

    __slots__ = ("_count", "_is_complete", "_last_number", "_last_sequence", "_next_number", "_request", "is_done")

    def __init__(self, request: QueryReplay, last_number: int) -> None:
        """Replay what `request` asks for, as it was judged, of the reports with numbers up to `last_number`."""
        self._request = request
        self._last_number = last_number
        self._next_number = 1
        self._count = 0
        self._last_sequence = 0
        self._is_complete = True
        self.is_done = False
        """All pieces have been taken."""

    def ended(self, session: str) -> EndReplay:
        """Return the command that says so, and where to go on."""
        request = self._request
        next_sequence = (request.end if self._is_complete else self._last_sequence) + 1
        return EndReplay(session, request.request_id, request.begin, next_sequence, self._is_complete)

    def next_piece(self, index: OutboundIndex, cursor: Cursor) -> list[Entry]:
        """Return the entries that come next, so few, for so little work, that nobody else has to wait long."""
        first, last = self._next_number, min(self._next_number + SCANNED_AT_ONCE - 1, self._last_number)
        begin, end = self._request.begin, self._request.end
        found: list[Entry] = []
        self._next_number = last + 1
        self.is_done = last == self._last_number
        for number, entry in enumerate(index.read(first, last), first):
            sequence = entry.sequence
            if not sequence or sequence < begin or entry.flags & REPLAYED:
                continue
            if sequence > end:
                self.is_done = True
                break
            if self._count >= REPLAYED_MAX and sequence != self._last_sequence:
                self._is_complete = False
                self.is_done = True
                break
            if len(found) == REPLAYED_AT_ONCE:
                self._next_number = number
                self.is_done = False
                break
            found.append(entry)
            self._last_sequence = sequence
        piece = _on_orders(found, cursor)
        self._count += len(piece)
        return piece


def replayed(index: OutboundIndex, cursor: Cursor, begin: int, next_sequence: int) -> Iterator[Entry]:
    """Yield all entries that a replay of the records from `begin` on, and before `next_sequence`, has."""
    replay = Replay(QueryReplay("", 0, "", REPORTS_ID, begin, next_sequence - 1), index.count)
    while not replay.is_done:
        yield from replay.next_piece(index, cursor)


def _on_orders(entries: list[Entry], cursor: Cursor) -> list[Entry]:
    """Return those entries that are of reports on orders."""
    return [entry for entry in entries if is_sequenced(cursor.record(entry.sequence).events[entry.part >> 1])]


def _sequence(fields: dict[str, str], tag: str) -> int:
    text = fields.get(tag, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= _SEQUENCE_DIGITS_MAX):
        raise unsupported_value(fields, tag)
    return int(text)
