"""What QuickFIX asks and tells us, on the threads of its connections; and how that gets to the loop.

Application messages go to the `Inbox` as raw text, and wake the loop once for all that are there. A Logon is checked
twice. `look_at` sees it before QuickFIX does anything: one that resets the sequences is turned away there if it is not
welcome, as QuickFIX would reset them first; a session whose Logon is turned away so is *barred*, which makes QuickFIX
hang up. Any other is refused in `fromAdmin`, which QuickFIX asks before it answers; there the thread waits until the
loop has put on record that the session is there, and until QuickFIX has been given what happened meanwhile.

Of Python's exceptions only QuickFIX's own may leave a callback: any other would end the process.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Final, NamedTuple, TypeVar

import quickfix
import structlog

from fixgw.codec import Framer, Message
from fixgw.quickfix_endings import Endings
from fixgw.quickfix_log import raw_bytes
from fixgw.quickfix_outgoing import Outgoing, message_text
from fixgw.session import Session

INBOX_MAX: Final = 4_096
"""With so many messages waiting for the loop, QuickFIX's threads wait, and read no more."""
ANSWER_S: Final = 30.0
"""How long a Logon waits for the loop."""
_REJECTED: Final = "Rejected Logon Attempt: "
"""What QuickFIX puts before the reason of a refused Logon."""
_UNANSWERED: Final = "Tried to send a reject while not logged on"
"""What QuickFIX says when a Logon is not valid: it would leave the connection open, and the session taken."""
_CLOSING: Final = "Disconnecting"
"""What it says before it closes a session's connection,"""
_STRANGE: Final = "Session not found for incoming message: "
"""and before it closes one of no session."""
_ACCEPTED: Final = "Accepted connection from "
"""What it says of a new connection, on the thread that takes them in."""
_NOT_VALID: Final = "Invalid message"
"""How it begins to say that a message is garbled; if nobody is logged on it closes the connection, a Logon's twice."""
_ENDING: Final = ("9", "10")
"""SessionRejectReasons, a wrong CompID or SendingTime, after which QuickFIX logs out."""
_HEADER_CHARS: Final = 256
"""Where in a message its MsgSeqNum is, unless the header is very long."""
_ALLOWED: Final = "Allows connections to the acceptor from "
"""What QuickFIX says of a connection, before its first message; behind it stands the address."""
_LATER: Final = "the venue cannot take this Logon now"

Answer = TypeVar("Answer", str, str | None)

_log = structlog.get_logger("fix")


class Link:
    """One session: what QuickFIX, its own thread and the loop have to do with each other."""

    __slots__ = (
        "address",
        "comp_id",
        "ending",
        "expected",
        "framer",
        "held_back_s",
        "is_admitted",
        "is_barred",
        "logon",
        "outgoing",
        "problem",
        "quickfix",
        "raw",
        "session",
    )

    def __init__(self, session: Session, outgoing: Outgoing) -> None:
        """`session` is there to check Logons; QuickFIX keeps the sequences."""
        self.comp_id = session.comp_id
        self.session = session
        self.outgoing = outgoing
        self.quickfix: Any = None
        """QuickFIX's session; None for one that is served after the next start."""
        self.framer = Framer()
        """Reads messages, on the loop."""
        self.is_admitted = False
        """It is on record that the session is there."""
        self.logon: Message | None = None
        self.problem = ""
        """Why that Logon is not welcome."""
        self.is_barred = False
        self.address = ""
        """Where the connection comes from."""
        self.raw = ""
        """The message that has come in last, as it came."""
        self.ending = ""
        """What was wrong with a message after which QuickFIX ends the session without a word."""
        self.held_back_s = 0.0
        """Until when, on the monotonic clock, the session is not read, as it sends far more than it may."""
        self.expected = 1
        """The number that was expected when the last message came in while the session was not logged on."""

    def is_connected(self) -> bool:
        """Tell whether QuickFIX has a connection for the session, be it one that ends."""
        return bool(quickfix.Session.isSessionRegistered(self.quickfix.getSessionID()))


class Item(NamedTuple):
    """What the loop must hear of: a message, as text, with its MsgSeqNum; or, with 0, the end of a session."""

    link: Link
    number: int
    text: str


class Inbox:
    """Messages on their way to the loop, in the order in which they came."""

    def __init__(self, loop: asyncio.AbstractEventLoop, take_in: Callable[[], None]) -> None:
        """`take_in` is called on the loop when something has come, once for all that is there."""
        self._loop = loop
        self._take_in = take_in
        self._items: deque[Item] = deque()
        self._is_woken = False
        self._room = threading.Event()
        self._room.set()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item) -> None:
        """Add an item; wait while there are too many."""
        self._room.wait()
        self._items.append(item)
        if len(self._items) >= INBOX_MAX:
            self._room.clear()
        self.wake()

    def wake(self) -> None:
        """Have the loop look, if it is not about to."""
        if not self._is_woken:
            self._is_woken = True
            self._loop.call_soon_threadsafe(self._take_in)

    def looking(self) -> None:
        """Note, on the loop, that it looks: what comes from now on wakes it again."""
        self._is_woken = False

    def pop(self) -> Item:
        """Return the oldest item, on the loop."""
        item = self._items.popleft()
        if len(self._items) < INBOX_MAX // 2 and not self._room.is_set():
            self._room.set()
        return item

    def close(self) -> None:
        """Keep nobody waiting any more."""
        self._room.set()


def _contained(callback: Callable[[Any, Any], None] | Callable[[Any, Any, Any], None]) -> Callable[..., None]:
    """Return a callback that no exception leaves."""

    @wraps(callback)
    def contained(*arguments: Any) -> None:
        try:
            callback(*arguments)
        except Exception as error:  # noqa: BLE001 - one that crosses a callback ends the process
            _log.error("callback failed", callback=callback.__name__, reason=repr(error))

    return contained


class Callbacks(quickfix.Application):
    """Called by QuickFIX."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        inbox: Inbox,
        links: dict[str, Link],
        *,
        check: Callable[[Link, Message], Coroutine[Any, Any, str | None]],
        admit: Callable[[Link, Message], Coroutine[Any, Any, str]],
    ) -> None:
        """`links` by CompID.

        On the loop, `check` returns why a Logon is not welcome, its sequence numbers aside, None if that is not to be
        told; `admit` puts on record that a session is logged on, or returns why it cannot be.
        """
        super().__init__()
        self._loop = loop
        self._inbox = inbox
        self._links = links
        self._by_id: dict[str, Link] = {}
        self._endings = Endings()
        self._check = check
        self._admit = admit

    def onCreate(self, session_id: Any) -> None:
        self._by_id[session_id.toString()] = self._links[session_id.getTargetCompID().getString()]

    @_contained
    def onLogon(self, session_id: Any) -> None:
        self._by_id[session_id.toString()].outgoing.begin()

    @_contained
    def onLogout(self, session_id: Any) -> None:
        link = self._by_id[session_id.toString()]
        link.outgoing.end()
        self._inbox.put(Item(link, 0, ""))

    @_contained
    def fromApp(self, message: Any, session_id: Any) -> None:
        link = self._by_id[session_id.toString()]
        while (wait_s := link.held_back_s - time.monotonic()) > 0:
            time.sleep(wait_s)
        number = message.getHeader().getField(34)
        is_at_hand = f"\x0134={number}\x01" in link.raw[:_HEADER_CHARS]
        text = link.raw if is_at_hand else message.toString()  # it has waited for others to come before it
        self._inbox.put(Item(link, int(number), text))

    @_contained
    def toApp(self, message: Any, session_id: Any) -> None:
        header = message.getHeader()
        if header.isSetField(43):
            self._by_id[session_id.toString()].outgoing.sent_again(int(header.getField(34)))

    def fromAdmin(self, message: Any, session_id: Any) -> None:
        refusal: Exception | None
        try:
            refusal = self._refusal(self._by_id[session_id.toString()], message.getHeader().getField(35))
        except Exception as error:  # noqa: BLE001 - only what QuickFIX knows may cross a callback
            _log.error("callback failed", callback="fromAdmin", reason=repr(error))
            refusal = _refused(quickfix.RejectLogon(_LATER))
        if refusal is not None:
            raise refusal

    @_contained
    def toAdmin(self, message: Any, session_id: Any) -> None:
        msg_type = message.getHeader().getField(35)
        if msg_type == "A":
            self._complete_logon(self._by_id[session_id.toString()], message)
        elif msg_type == "5":
            self._complete_logout(self._by_id[session_id.toString()], message)
        elif msg_type == "3" and message.isSetField(373) and message.getField(373) in _ENDING:
            self._by_id[session_id.toString()].ending = message.getField(58)

    # Logons

    def look_at(self, link: Link, text: str) -> None:
        """See a message before QuickFIX acts on it, which has locked its session's state meanwhile."""
        if link.is_barred:
            link.is_barred = False
            link.quickfix.logon()
        link.raw = text
        if not link.outgoing.is_up:
            link.expected = link.quickfix.getExpectedTargetNum()
        if "\x0135=A\x01" not in text[:40]:
            return
        messages = Framer().receive(raw_bytes(text))
        link.logon = messages[0] if messages else None
        if link.logon is None or link.outgoing.is_up or link.outgoing.is_handing:
            self._bar(link)
            return
        problem = self._on_loop(self._check(link, link.logon))
        link.problem = problem or ""
        if problem is None:
            self._bar(link)
        elif problem and "141=" in text:
            _log.warning("logon refused", session=link.comp_id, reason=problem)
            link.quickfix.send(quickfix.Message(message_text("5", f"58={problem}\x01"), False))  # noqa: FBT003 (SWIG)
            self._bar(link)

    def hear(self, link: Link, event: str) -> None:
        """See what QuickFIX says of a session. It counts even what it cannot answer, from whomever it comes."""
        if event.startswith(_ALLOWED):
            link.address = event.removeprefix(_ALLOWED)
        elif event == _UNANSWERED:
            link.quickfix.setNextTargetMsgSeqNum(link.expected)
            link.quickfix.disconnect()
        elif event == _CLOSING:
            self._endings.begin(link.comp_id, link.is_connected)
        elif event.startswith(_NOT_VALID) and not link.quickfix.isLoggedOn():
            self._endings.begin(link.comp_id, link.is_connected)
            link.quickfix.setResponder(None)  # so it does not close what its connection closes, too

    def hear_acceptor(self, event: str) -> None:
        """See what QuickFIX says of connections whose session it does not know yet."""
        if event.startswith(_ACCEPTED):
            self._endings.let_in()
        elif event.startswith(_STRANGE):
            self._endings.begin_stranger()

    def _bar(self, link: Link) -> None:
        link.is_barred = True
        link.quickfix.logout()

    def _refusal(self, link: Link, msg_type: str) -> Exception | None:
        """Return what QuickFIX is told to do otherwise with a message of the session, if anything."""
        if msg_type != "A":
            # QuickFIX would let strangers set the sequence of a session that is not logged on.
            return None if link.outgoing.is_up else _refused(quickfix.IncorrectTagValue(35))
        assert link.logon is not None, "every Logon has been looked at"
        problem = link.problem or self._on_loop(self._admit(link, link.logon))
        if problem:
            _log.warning("logon refused", session=link.comp_id, reason=problem)
            return _refused(quickfix.RejectLogon(problem))
        if link.logon.fields.get("141") != "Y":
            link.outgoing.catch_up()
        return None

    def _on_loop(self, question: Coroutine[Any, Any, Answer]) -> Answer | str:
        """Return the loop's answer to a Logon."""
        answer = asyncio.run_coroutine_threadsafe(question, self._loop)
        try:
            return answer.result(ANSWER_S)
        except TimeoutError:
            answer.cancel()
            return _LATER

    def _complete_logout(self, link: Link, message: Any) -> None:
        """Put into our Logout why it comes, and nothing else."""
        if message.isSetField(58):
            message.setField(58, message.getField(58).removeprefix(_REJECTED))
        elif link.ending:
            message.setField(58, link.ending)

    def _complete_logon(self, link: Link, message: Any) -> None:
        """Put into our Logon what answers the client's."""
        assert link.logon is not None, "a Logon is answered"
        link.ending = ""
        fields = link.logon.fields
        if "8013" in fields:
            message.setField(8013, fields["8013"])
        if "789" in fields:
            expected = link.quickfix.getExpectedTargetNum()
            message.setField(789, str(expected + 1 if int(fields["34"]) == expected else expected))


def _refused(error: Any) -> Exception:
    """Return one of QuickFIX's exceptions, whose types it does not tell."""
    assert isinstance(error, Exception), "QuickFIX derives them from it"
    return error
