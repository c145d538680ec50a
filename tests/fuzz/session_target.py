"""One session's incoming side, whatever comes in: it never raises, goes by its table, and says only what is FIX."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from fixgw.codec import SOH, Framer, Message, encode
from fixgw.session import MSG_SEQ_NUM_MAX, TRANSITIONS, Session, SessionState
from fixgw.timestamps import format_utc
from fixgw.validation import find_flaw
from fixgw.version import Version
from tests.fixgw.venue import NOW_NS
from tests.fuzz.script import Line, framed, read, version_of

ANSWERS_MAX: Final = 3
"""So many administrative messages at most answer one that comes in, or a moment that passes."""
NEXT_OUT: Final = 10
LOGON: Final = f"A{SOH}98=0{SOH}108=30{SOH}"
TABLE: Final = {(each.state, each.next_state) for each in TRANSITIONS}


def check_session(data: bytes) -> None:
    """Let a script be said to a session that is logged on, and that may log on again when it has ended."""
    version = version_of(data)
    conversation = Conversation(version)
    on_top = f"1137={version.appl_ver_id}{SOH}" if version.appl_ver_id else ""
    conversation.hear(Line(b"", is_framed=True, is_whole=False, text=LOGON + on_top))
    assert conversation.session.state is SessionState.ACTIVE
    for line in read(data):
        conversation.hear(line)


class Conversation:
    """A session, and the time."""

    def __init__(self, version: Version) -> None:
        self.session = Session("FONDACO", "BROKER1", version=version)
        self.now_ns = NOW_NS

    def hear(self, line: Line) -> None:
        session = self.session
        if line.pause_ns:
            self.now_ns += line.pause_ns
            with self._checked():
                session.tick(self.now_ns)
        if b"&" in line.marks:
            with self._checked():
                session.log_out("the venue is closing")
        if session.state is SessionState.CLOSED:
            session.disconnected()
        text = line.message(session.comp_id, session.next_in, format_utc(self.now_ns))
        for message in Framer().receive(framed(text, session.version) if line.is_framed else text.encode("latin-1")):
            if session.state is SessionState.AWAITING_LOGON:
                self._log_on(message)
            elif session.state is not SessionState.CLOSED:
                self._take(message)

    def _log_on(self, message: Message) -> None:
        """Do as a connection does whose first message this is."""
        if message.msg_type != "A":
            return
        session = self.session
        with self._checked():
            problem = session.check_logon(message, self.now_ns)
            if not problem and message.fields.get("141") == "Y":
                session.next_in = 1
            problem = problem or session.begin(message, self.now_ns, NEXT_OUT)
            if problem:
                session.refuse(problem)

    def _take(self, message: Message) -> None:
        session = self.session
        expected = session.next_in
        with self._checked():
            is_for_application = session.accept(message, self.now_ns)
        assert expected <= session.next_in <= MSG_SEQ_NUM_MAX + 1, "numbers go on only"
        if is_for_application and session.flaw is None:
            assert session.next_in == expected + 1 == int(message.fields["34"]) + 1, "taken once, in its turn"

    @contextmanager
    def _checked(self) -> Iterator[None]:
        """Check what the session does meanwhile, and do what it wants done."""
        session = self.session
        before = session.state
        yield
        assert (before, session.state) in TABLE or before is session.state, (before, session.state)
        assert bool(session.close_reason) == (session.state is SessionState.CLOSED)
        assert len(session.answers) <= ANSWERS_MAX, session.answers
        for msg_type, body in session.answers:
            _check_answer(msg_type, body, format_utc(self.now_ns), session.version)
        assert len(session.resend_requests) <= 1
        for begin, end in session.resend_requests:
            assert begin >= 1
            assert end == 0 or end >= begin
        session.answers.clear()
        session.resend_requests.clear()


def _check_answer(msg_type: str, body: str, time: str, version: Version) -> None:
    header = f"35={msg_type}\x0149=FONDACO\x0156=BROKER1\x0134={NEXT_OUT}\x0152={time}\x01"
    (message,) = Framer().receive(encode(header + body, version.begin_string))
    assert find_flaw(message, version.dictionary, version.logon_extensions) is None, message
