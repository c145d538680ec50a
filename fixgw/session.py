"""The FIX session layer, incoming side, as a state machine without I/O: messages and time in, answers out.

The states and what leads from one to the next stand in `TRANSITIONS`. What the session wants sent gathers in `answers`
as (MsgType, body); outgoing numbers, encoding and resending belong to `fixgw.outbound`. `accept` tells whether a
message is for the application. An application message counts as received only once; what comes ahead of a gap is
dropped and asked for again, which bounds memory.

Sources: FIX 4.4 Volume 2, "Session Protocol"; FIX Session Layer Test Cases v1.0 (the numbers in comments are theirs).
"""

from enum import IntEnum
from typing import Final, NamedTuple

from engine.values import CancelOnDisconnect
from fixgw.codec import Message
from fixgw.errors import InvalidTimestamp
from fixgw.support import ECHO_CHARS_MAX, GROUPED, NEEDED, UNSUPPORTED
from fixgw.timestamps import parse_utc
from fixgw.validation import NO_TAGS, REASON_TEXTS, Flaw, SessionRejectReason, find_flaw, has_format
from fixgw.version import FIX44, Version

SECOND_NS: Final = 1_000_000_000
SENDING_TIME_TOLERANCE_S: Final = 120
HEARTBEAT_S_MAX: Final = 3_600
MSG_SEQ_NUM_MAX: Final = 2**31 - 1
GOODBYE_S: Final = 2
"""How long the counterparty has to answer our Logout."""

Answer = tuple[str, str]
"""MsgType and body of an administrative message, the body's fields each ended by SOH."""

ON_DISCONNECT: Final = {
    "N": CancelOnDisconnect.NONE,
    "S": CancelOnDisconnect.SESSION,
    "Y": CancelOnDisconnect.ACCOUNTS,
}
"""What CancelOrdersOnDisconnect(8013) of a Logon asks for."""

_DEALT_WITH_HERE: Final = frozenset("012345Aj")
"""The session's own messages, and BusinessMessageReject: an answer to that would ask for another one for ever."""
_ANOTHER_LOGON: Final = "Logon received on an active session"
_NO_MSG_SEQ_NUM: Final = f"MsgSeqNum(34) is missing or not a number up to {MSG_SEQ_NUM_MAX}"
_FRACTIONS: Final = frozenset((17, 21, 24, 27))
"""Lengths of a UTCTimestamp with 0, 3, 6 and 9 digits of fraction."""


class SessionStatus(IntEnum):
    """SessionStatus(1409), which FIXT 1.1 has and the versions before do not."""

    PASSWORD_CHANGED = 1
    WRONG_CREDENTIALS = 5


class SessionState(IntEnum):
    """Where a connection stands."""

    AWAITING_LOGON = 0
    ACTIVE = 1
    LOGGING_OUT = 2
    CLOSED = 3


class Transition(NamedTuple):
    """What leads from one state to another, and what the venue says to it: the MsgTypes of its answers, in order."""

    state: SessionState
    event: str
    answers: tuple[str, ...]
    next_state: SessionState


_AWAITING, _ACTIVE, _LOGGING_OUT, _CLOSED = SessionState

TRANSITIONS: Final = (
    Transition(_AWAITING, "Logon, its MsgSeqNum as expected", ("A",), _ACTIVE),
    Transition(_AWAITING, "Logon, its MsgSeqNum higher than expected", ("A", "2"), _ACTIVE),
    Transition(_AWAITING, "Logon that cannot be accepted", ("5",), _CLOSED),
    Transition(_ACTIVE, "message as expected", (), _ACTIVE),
    Transition(_ACTIVE, "message ahead of a gap", ("2",), _ACTIVE),
    Transition(_ACTIVE, "nothing to send for HeartBtInt", ("0",), _ACTIVE),
    Transition(_ACTIVE, "nothing received for 1.2 x HeartBtInt", ("1",), _ACTIVE),
    Transition(_ACTIVE, "nothing received for 2 x HeartBtInt + 2 s", ("5",), _CLOSED),
    Transition(_ACTIVE, "Logout received", ("5",), _CLOSED),
    Transition(_ACTIVE, "another Logon, with ResetSeqNumFlag=Y", (), _AWAITING),
    Transition(_ACTIVE, "another Logon, without", ("5",), _CLOSED),
    Transition(_ACTIVE, "BeginString that is not the session's", ("5",), _CLOSED),
    Transition(_ACTIVE, "MsgSeqNum missing or not a number", ("5",), _CLOSED),
    Transition(_ACTIVE, "MsgSeqNum lower than expected, without PossDupFlag", ("5",), _CLOSED),
    Transition(_ACTIVE, "CompID that is not the session's", ("3", "5"), _CLOSED),
    Transition(_ACTIVE, "SendingTime missing, malformed or out of tolerance", ("3", "5"), _CLOSED),
    Transition(_ACTIVE, "OrigSendingTime after SendingTime", ("3", "5"), _CLOSED),
    Transition(_ACTIVE, "the venue ends the session", ("5",), _LOGGING_OUT),
    Transition(_LOGGING_OUT, "message as expected", (), _LOGGING_OUT),
    Transition(_LOGGING_OUT, "Logout received", (), _CLOSED),
    Transition(_LOGGING_OUT, f"no Logout within {GOODBYE_S} s", (), _CLOSED),
    Transition(_CLOSED, "connection gone", (), _AWAITING),
)
"""The life of a session. A connection that breaks leads from every state to AWAITING_LOGON."""


class Session:
    """One session's incoming side. It lives on when connections come and go; `next_in` is the number expected next."""

    __slots__ = (
        "_fresh_second",
        "_gap_asked_ns",
        "_gap_through",
        "_last_received_ns",
        "_logging_out_since_ns",
        "_now_second",
        "_test_request_sent",
        "answers",
        "close_reason",
        "comp_id",
        "flaw",
        "heartbeat_s",
        "last_sent_ns",
        "next_in",
        "resend_requests",
        "sent_through",
        "state",
        "validates",
        "venue_comp_id",
        "version",
    )

    def __init__(self, venue_comp_id: str, comp_id: str, next_in: int = 1, version: Version = FIX44) -> None:
        """`comp_id` is the counterparty's."""
        self.version = version
        self.validates = True
        """Application messages are held to the dictionary; else they must only have what the venue needs of them."""
        self.venue_comp_id = venue_comp_id
        self.comp_id = comp_id
        self.next_in = next_in
        self.state = SessionState.AWAITING_LOGON
        self.heartbeat_s = 0
        self.last_sent_ns = 0
        """When anything was last sent; kept by the outgoing side too."""
        self.answers: list[Answer] = []
        """Administrative messages to be sent, in order; emptied by the caller."""
        self.resend_requests: list[tuple[int, int]] = []
        """(BeginSeqNo, EndSeqNo) asked for, EndSeqNo 0 for all; emptied by the caller."""
        self.sent_through = MSG_SEQ_NUM_MAX
        """Number of the last message of ours that the counterparty can know of; kept by the connection."""
        self.flaw: Flaw | None = None
        """Why the message last accepted must be rejected rather than processed."""
        self.close_reason = ""
        """Why the session is CLOSED."""
        self._gap_through = 0
        """Highest number known to be missing something before it; 0: no gap is being filled."""
        self._gap_asked_ns = 0
        self._last_received_ns = 0
        self._logging_out_since_ns = 0
        self._test_request_sent = False
        self._fresh_second = ""
        self._now_second = 0

    # Logon

    def check_logon(self, message: Message, now_ns: int) -> str:
        """Return what is wrong with a Logon, credentials and sequence aside, or an empty text."""
        if message.begin_string != self.version.begin_string:
            return f"Incorrect BeginString: {message.begin_string}, expected {self.version.begin_string}"
        version = self.version
        if message.fields.get("1137", "") != version.appl_ver_id and version.appl_ver_id:
            return f"DefaultApplVerID(1137) must be {version.appl_ver_id} ({version.name})"
        flaw = find_flaw(message, version.dictionary, version.logon_extensions)
        if flaw is not None:
            return f"{flaw.text}: tag {flaw.ref_tag}" if flaw.ref_tag else flaw.text
        fields = message.fields
        for tag in fields:
            if tag not in version.session_supported["A"]:
                return f"{version.field_name(tag)}: {UNSUPPORTED}"
        if not self._is_fresh(fields["52"], now_ns):
            return f"SendingTime(52) must be within {SENDING_TIME_TOLERANCE_S} seconds of the venue's clock"
        return _logon_problem(fields)

    def begin(self, message: Message, now_ns: int, next_out: int) -> str:
        """Start a session with a Logon that was found good; sequences that it resets have been reset.

        `next_out` is the number of the next message of ours. Return an empty text and leave our Logon in `answers`, or
        return why the session cannot start.
        """
        fields = message.fields
        number = int(fields["34"])
        resets = fields.get("141") == "Y"
        their_expected = int(fields.get("789", "0"))
        if number < self.next_in:
            return f"MsgSeqNum too low, expecting {self.next_in} but received {number}"
        if their_expected > next_out:
            return f"NextExpectedMsgSeqNum(789) too high, expecting at most {next_out} but received {their_expected}"
        self.state = SessionState.ACTIVE
        self.close_reason = ""
        self.heartbeat_s = int(fields["108"])
        self._last_received_ns = self.last_sent_ns = now_ns
        self._test_request_sent = False
        self._gap_through = 0
        self._count(number)
        body = f"98=0\x01108={self.heartbeat_s}\x01"
        if self.version.appl_ver_id:
            body += f"1137={self.version.appl_ver_id}\x01"
        if resets:
            body += "141=Y\x01"
        if their_expected:
            body += f"789={self.next_in}\x01"
        if "8013" in fields:
            body += f"8013={fields['8013']}\x01"
        if self.version.appl_ver_id and "925" in fields:
            body += f"1409={SessionStatus.PASSWORD_CHANGED:d}\x01"
        self.answers.append(("A", body))
        if 0 < their_expected < next_out:
            self.resend_requests.append((their_expected, next_out - 1))
        if number > self.next_in:
            if their_expected:
                self._expect_gap_fill(number, now_ns)
            else:
                self._ask_for_gap(number, now_ns)
        return ""

    # Messages

    def accept(self, message: Message, now_ns: int) -> bool:
        """Take in a message. Return True if the application must answer it, for `flaw` if that is set.

        Administrative messages are dealt with here. Messages that came before, or come too early, are not for the
        application. After a True the message counts as received. If the session is AWAITING_LOGON then, the message is
        a Logon that is to be checked, and begun with, as the first one was.
        """
        self._last_received_ns = now_ns
        self._test_request_sent = False
        self.flaw = None
        fields = message.fields
        if message.begin_string != self.version.begin_string:  # 2i
            self._log_out(f"Incorrect BeginString: {message.begin_string}, expected {self.version.begin_string}")
            return False
        number_text = fields.get("34", "")
        if not (number_text.isascii() and number_text.isdigit()) or len(number_text) > len(str(MSG_SEQ_NUM_MAX)):
            self._log_out(_NO_MSG_SEQ_NUM)
            return False
        number = int(number_text)
        msg_type = message.msg_type
        if fields.get("49") != self.comp_id or fields.get("56") != self.venue_comp_id:  # 2k
            self._reject_and_log_out(number, message, SessionRejectReason.COMP_ID_PROBLEM)
            return False
        sending_time = fields.get("52")
        if sending_time is None or not self._is_fresh(sending_time, now_ns):  # 2o
            self._reject_and_log_out(number, message, SessionRejectReason.SENDING_TIME_ACCURACY_PROBLEM)
            return False
        if number != self.next_in:
            return self._accept_out_of_order(message, number, now_ns)
        if "43" in fields and not self._is_repeat_well_formed(message, number):
            return self._has_flaw()
        if msg_type in _DEALT_WITH_HERE:
            return self._accept_administrative(message, number)
        self.next_in = number + 1
        if self._gap_through and number >= self._gap_through:
            self._gap_through = 0
        self.flaw = self.application_flaw(message)
        return True

    def application_flaw(self, message: Message) -> Flaw | None:
        """Return what must be rejected of an application message, as the standard has it."""
        appl_ver_id = self.version.appl_ver_id
        if appl_ver_id and message.fields.get("1128", appl_ver_id) != appl_ver_id:
            return Flaw(SessionRejectReason.INVALID_APPLICATION_VERSION, 1128)
        if message.known:
            return None
        if self.validates or message.msg_type in GROUPED:
            return _application_flaw(message, self.version)
        return _unreadable_flaw(message)

    def tick(self, now_ns: int) -> None:
        """Send what silence asks for: Heartbeat, TestRequest, the repeated ResendRequest; close a dead session."""
        if self.state is SessionState.LOGGING_OUT:
            self._logging_out_since_ns = self._logging_out_since_ns or now_ns
            if now_ns - self._logging_out_since_ns >= GOODBYE_S * SECOND_NS:
                self._close("no answer to our Logout")
        if self.state is not SessionState.ACTIVE:
            return
        interval_ns = self.heartbeat_s * SECOND_NS
        if now_ns - self.last_sent_ns >= interval_ns:  # 4a
            self.answers.append(("0", ""))
            self.last_sent_ns = now_ns  # it may have to wait behind a resend, and one is enough
        silent_ns = now_ns - self._last_received_ns
        if silent_ns > 2 * interval_ns + 2 * SECOND_NS:
            self._log_out("no answer to TestRequest")
            return
        if silent_ns > interval_ns + interval_ns // 5 and not self._test_request_sent:  # 6
            self.answers.append(("1", "112=ARE-YOU-THERE\x01"))
            self._test_request_sent = True
        if self._gap_through and now_ns - self._gap_asked_ns > interval_ns:
            self._ask_for_gap(self._gap_through, now_ns)

    def log_out(self, text: str) -> None:
        """End the session from our side: a Logout, and the counterparty's answer awaited."""
        if self.state is SessionState.ACTIVE:
            self.answers.append(("5", f"58={text}\x01"))
            self.state = SessionState.LOGGING_OUT
            self._logging_out_since_ns = 0

    def refuse(self, problem: str) -> None:
        """End the session, or refuse a Logon, at once: a Logout that says why, and the end of the connection."""
        self._log_out(problem)

    def disconnected(self) -> None:
        """Note that the connection is gone; another may come."""
        self.state = SessionState.AWAITING_LOGON
        self.close_reason = ""
        self.answers.clear()
        self.resend_requests.clear()

    # The rarer paths

    def _accept_out_of_order(self, message: Message, number: int, now_ns: int) -> bool:
        msg_type = message.msg_type
        fields = message.fields
        if number > MSG_SEQ_NUM_MAX:
            self._log_out(_NO_MSG_SEQ_NUM)
            return False
        if msg_type == "4" and fields.get("123") != "Y":
            return self._accept_sequence_reset(message, number)
        if msg_type == "A" and fields.get("43") != "Y":
            self._accept_another_logon(message)
            return False
        if number < self.next_in:
            if fields.get("43") == "Y":  # 2e
                self._is_repeat_well_formed(message, number)
                return self.flaw is not None
            self._log_out(f"MsgSeqNum too low, expecting {self.next_in} but received {number}")  # 2c
            return False
        if (
            msg_type == "2" and find_flaw(message, self.version.dictionary) is None
        ):  # 20: answer theirs, or both sides wait for ever
            self._accept_resend_request(message)
        elif msg_type == "5":
            self._accept_logout()
            return False
        if not self._gap_through:  # 2b
            self._ask_for_gap(number, now_ns)
        else:
            self._gap_through = max(self._gap_through, number)
        return False

    def _accept_administrative(self, message: Message, number: int) -> bool:
        msg_type = message.msg_type
        if msg_type == "4":
            return self._accept_sequence_reset(message, number)
        self._count(number)
        if msg_type in ("3", "j"):  # 7: a Reject is never answered by another
            return False
        if msg_type == "5":
            self._accept_logout()
            return False
        self.flaw = _session_flaw(message, self.version)
        if self.flaw is not None:
            return True
        if msg_type == "1":  # 4b
            self.answers.append(("0", f"112={message.fields['112']}\x01"))
        elif msg_type == "2":
            self.flaw = self._accept_resend_request(message)
        elif msg_type == "A" and message.fields.get("43") != "Y":
            self._accept_another_logon(message)
        return self.flaw is not None

    def _accept_sequence_reset(self, message: Message, number: int) -> bool:
        """10, 11: a gap fill moves the expected number on from itself, a reset to where it says; ahead only."""
        is_gap_fill = message.fields.get("123") == "Y"
        self.flaw = _session_flaw(message, self.version)
        if self.flaw is None:
            new_number = int(message.fields["36"])
            floor = number if is_gap_fill else self.next_in - 1
            if floor < new_number <= MSG_SEQ_NUM_MAX:
                self.next_in = new_number
                if self._gap_through and new_number > self._gap_through:
                    self._gap_through = 0
                return False
            self.flaw = Flaw(SessionRejectReason.VALUE_IS_INCORRECT, 36, f"NewSeqNo(36) must be above {floor}")
        self._count(number)
        return True

    def _accept_resend_request(self, message: Message) -> Flaw | None:
        """Note what to send again; return what is wrong with the range, if anything."""
        begin, end = max(1, int(message.fields["7"])), int(message.fields["16"])
        if 0 < end < begin:
            return Flaw(SessionRejectReason.VALUE_IS_INCORRECT, 16, "EndSeqNo(16) is below BeginSeqNo(7)")
        if begin > self.sent_through:
            text = f"BeginSeqNo(7) is beyond the last message sent, {self.sent_through}"
            return Flaw(SessionRejectReason.VALUE_IS_INCORRECT, 7, text)
        self.resend_requests.append((begin, end))
        return None

    def _accept_logout(self) -> None:
        if self.state is SessionState.ACTIVE:
            self.answers.append(("5", ""))
        self._close("logged out")

    def _accept_another_logon(self, message: Message) -> None:
        """Wait for what comes of a Logon that lets both sequences begin again; without that, it ends the session."""
        if message.fields.get("141") == "Y" and self.state is SessionState.ACTIVE:
            self.state = SessionState.AWAITING_LOGON
        else:
            self._log_out(_ANOTHER_LOGON)

    def _is_repeat_well_formed(self, message: Message, number: int) -> bool:
        """Check a PossDup message; a bad one leaves its flaw in `flaw`."""
        fields = message.fields
        original = fields.get("122")
        if fields["43"] != "Y":
            return True
        if original is None:
            self.flaw = Flaw(SessionRejectReason.REQUIRED_TAG_MISSING, 122)
        else:
            try:
                if parse_utc(original) <= parse_utc(fields["52"]):
                    return True
            except InvalidTimestamp:
                self.flaw = Flaw(SessionRejectReason.INCORRECT_DATA_FORMAT_FOR_VALUE, 122)
            else:  # 2f
                self._reject_and_log_out(number, message, SessionRejectReason.SENDING_TIME_ACCURACY_PROBLEM)
                return False
        self._count(number)
        return False

    def _has_flaw(self) -> bool:
        """Tell whether a check has left a flaw; where `flaw` was last set to None, mypyc would read None again."""
        return self.flaw is not None

    def _count(self, number: int) -> None:
        """Expect the next message if this is the one that was expected."""
        if number == self.next_in:
            self.next_in = number + 1
            if self._gap_through and number >= self._gap_through:
                self._gap_through = 0

    def _is_fresh(self, text: str, now_ns: int) -> bool:
        """Tell whether a SendingTime is well formed and near our clock. One look at each second is enough."""
        now_second = now_ns // SECOND_NS
        if text[:17] == self._fresh_second and now_second == self._now_second:
            fraction = text[18:]
            return not text[17:] or (
                len(text) in _FRACTIONS and text[17] == "." and fraction.isascii() and fraction.isdigit()
            )
        try:
            sent_ns = parse_utc(text)
        except InvalidTimestamp:
            return False
        if abs(sent_ns - now_ns) > SENDING_TIME_TOLERANCE_S * SECOND_NS:
            return False
        self._fresh_second, self._now_second = text[:17], now_second
        return True

    def _ask_for_gap(self, through: int, now_ns: int) -> None:
        self.answers.append(("2", f"7={self.next_in}\x0116=0\x01"))
        self._expect_gap_fill(through, now_ns)

    def _expect_gap_fill(self, through: int, now_ns: int) -> None:
        self._gap_through = through
        self._gap_asked_ns = now_ns

    def _reject_and_log_out(self, number: int, message: Message, reason: SessionRejectReason) -> None:
        text = REASON_TEXTS[reason]
        ref_msg_type = f"372={message.msg_type[:ECHO_CHARS_MAX]}\x01" if message.msg_type else ""
        self.answers.append(("3", f"45={number}\x01{ref_msg_type}373={reason:d}\x0158={text}\x01"))
        self._count(number)
        self._log_out(text)

    def _log_out(self, text: str) -> None:
        """End the session at once for something that cannot be mended."""
        if self.state is not SessionState.LOGGING_OUT:
            self.answers.append(("5", f"58={text}\x01"))
        self._close(text)

    def _close(self, reason: str) -> None:
        self.state = SessionState.CLOSED
        self.close_reason = reason


def _session_flaw(message: Message, version: Version) -> Flaw | None:
    """Return what the standard finds wrong with a message of the session, or what the venue does not take of it."""
    flaw = find_flaw(message, version.dictionary, version.logon_extensions if message.msg_type == "A" else NO_TAGS)
    if flaw is not None:
        return flaw
    for tag in message.fields:
        if tag not in version.session_supported[message.msg_type]:
            return Flaw(SessionRejectReason.OTHER, int(tag), f"{version.field_name(tag)}: {UNSUPPORTED}")
    return None


def _application_flaw(message: Message, version: Version) -> Flaw | None:
    """Return what the standard finds wrong with an application message, quickly if such a one was right before."""
    if not version.shapes.accept(message):
        flaw = version.find_flaw(message)
        if flaw is not None:
            return flaw
    fields = message.fields
    for tag in version.required.get(message.msg_type, ()):
        if tag not in fields:
            return Flaw(SessionRejectReason.REQUIRED_TAG_MISSING, int(tag))
    return None


def _unreadable_flaw(message: Message) -> Flaw | None:
    """Return which field the venue needs, and does not find, of a message that is held to no dictionary."""
    for tag in NEEDED.get(message.msg_type, ()):
        if not message.fields.get(tag):
            return Flaw(SessionRejectReason.REQUIRED_TAG_MISSING, int(tag))
    return None


def _logon_problem(fields: dict[str, str]) -> str:
    """Return what the venue does not offer of the terms of a well-formed Logon, or an empty text."""
    next_expected = fields.get("789", "1")
    if not has_format("SEQNUM", next_expected):  # in FIX 4.2 the dictionary does not know it
        return f"NextExpectedMsgSeqNum(789) must be 1 to {MSG_SEQ_NUM_MAX}"
    number, their_expected = int(fields["34"]), int(next_expected)
    if fields["98"] != "0":
        return "EncryptMethod(98) must be 0 (none)"
    if not 1 <= int(fields["108"]) <= HEARTBEAT_S_MAX:
        return f"HeartBtInt(108) must be 1 to {HEARTBEAT_S_MAX} seconds"
    if not 1 <= number <= MSG_SEQ_NUM_MAX:
        return f"MsgSeqNum(34) must be 1 to {MSG_SEQ_NUM_MAX}"
    if not 1 <= their_expected <= MSG_SEQ_NUM_MAX:
        return f"NextExpectedMsgSeqNum(789) must be 1 to {MSG_SEQ_NUM_MAX}"
    if fields.get("141") == "Y" and number != 1:
        return "MsgSeqNum(34) must be 1 when ResetSeqNumFlag(141) is Y"
    if fields.get("141") == "Y" and their_expected != 1:
        return "NextExpectedMsgSeqNum(789) must be 1 when ResetSeqNumFlag(141) is Y"
    if fields.get("8013", "N") not in ON_DISCONNECT:
        return "CancelOrdersOnDisconnect(8013) must be S (the session's orders), Y (its accounts' orders) or N (none)"
    return ""
