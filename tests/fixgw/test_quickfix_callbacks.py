"""What QuickFIX calls, without QuickFIX's threads: no exception crosses but its own, and no Logon is let in unseen."""

import asyncio
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from fixgw.codec import Message
from fixgw.session import Session

quickfix = pytest.importorskip("quickfix")
pytestmark = pytest.mark.quickfix

from fixgw.quickfix_callbacks import INBOX_MAX, Callbacks, Inbox, Link  # noqa: E402 (needs the package)
from fixgw.quickfix_log import LogFactory, SessionLog, masked  # noqa: E402

SECRET: Final = "HUSH-5d41402abc"
ID: Final = quickfix.SessionID("FIX.4.4", "FONDACO", "BROKER1")


class Outgoing:
    """Stands for the outgoing side: says whether the session is logged on."""

    is_handing = False

    def __init__(self) -> None:
        self.is_up = False

    def begin(self) -> None:
        self.is_up = True

    def end(self) -> None:
        self.is_up = False

    def catch_up(self) -> None:
        pass


class Theirs:
    """Stands for QuickFIX's session: remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.expected = 7
        self.is_logged_on = False

    def getExpectedTargetNum(self) -> int:
        return self.expected

    def setNextTargetMsgSeqNum(self, number: int) -> None:
        self.expected = number

    def send(self, message: Any) -> None:
        self.told.append(f"send {message.getField(58)}")

    def logout(self, *_: str) -> None:
        self.told.append("bar")

    def logon(self) -> None:
        self.told.append("let in")

    def disconnect(self) -> None:
        self.told.append("disconnect")

    def isLoggedOn(self) -> bool:
        return self.is_logged_on

    def getSessionID(self) -> Any:
        return ID

    def setResponder(self, responder: None) -> None:
        self.told.append(f"close by {responder}")


class Gate:
    """Callbacks with a link to BROKER1, on a running loop; `problem` is what the loop says of Logons."""

    def __init__(self, problem: str | None = "") -> None:
        loop = asyncio.get_running_loop()
        self.inbox = Inbox(loop, lambda: None)
        self.link = Link(Session("FONDACO", "BROKER1"), Outgoing())  # type: ignore[arg-type]
        self.theirs = self.link.quickfix = Theirs()
        self.admitted = 0

        async def check(_link: Link, _logon: Message) -> str | None:
            return problem

        async def admit(_link: Link, _logon: Message) -> str:
            self.admitted += 1
            return ""

        self.callbacks = Callbacks(loop, self.inbox, {"BROKER1": self.link}, check=check, admit=admit)
        self.callbacks.onCreate(ID)

    async def log_on(self, more: str = "") -> str:
        """Have a Logon come in as QuickFIX tells it; return why it was refused, or an empty text."""
        text = message("A", f"98=0|108=30|{more}553=BROKER1|554={SECRET}|")

        def come_in() -> str:
            self.callbacks.look_at(self.link, text)
            try:
                self.callbacks.fromAdmin(quickfix.Message(text, False), ID)
            except quickfix.RejectLogon as refusal:
                return str(refusal)
            return ""

        return await asyncio.to_thread(come_in)


def message(msg_type: str, body: str) -> str:
    """Return a message from BROKER1 as QuickFIX hands it over."""
    body = f"35={msg_type}|49=BROKER1|56=FONDACO|34=1|52=20261127-22:00:00|{body}".replace("|", "\x01")
    text = f"8=FIX.4.4\x019={len(body)}\x01{body}"
    return f"{text}10={sum(text.encode()) % 256:03d}\x01"


async def test_welcome_logon_is_put_on_record_before_it_is_answered() -> None:
    gate = Gate()
    assert await gate.log_on() == ""
    assert gate.admitted == 1


async def test_refused_logon_is_told_why() -> None:
    gate = Gate("no")
    assert "no" in await gate.log_on()
    assert (gate.admitted, gate.theirs.told) == (0, [])


async def test_refused_logon_that_would_reset_is_turned_away_before_quickfix_acts_on_it() -> None:
    gate = Gate("no")
    await gate.log_on("141=Y|")
    assert gate.theirs.told == ["send no", "bar"]
    await gate.log_on()
    assert gate.theirs.told == ["send no", "bar", "let in"]


async def test_logon_that_is_not_to_be_answered_is_hung_up_on() -> None:
    gate = Gate(None)
    await gate.log_on()
    assert gate.theirs.told == ["bar"]


async def test_second_logon_of_a_session_is_turned_away() -> None:
    gate = Gate()
    gate.callbacks.onLogon(ID)
    gate.callbacks.look_at(gate.link, message("A", "98=0|108=30|141=Y|"))
    assert gate.theirs.told == ["bar"]


async def test_stranger_may_say_nothing_but_logon() -> None:
    gate = Gate()
    reset = quickfix.Message(message("4", "36=5000|"), False)
    with pytest.raises(quickfix.IncorrectTagValue):
        gate.callbacks.fromAdmin(reset, ID)
    gate.callbacks.onLogon(ID)
    gate.callbacks.fromAdmin(reset, ID)


async def test_what_cannot_be_answered_does_not_count_and_ends_the_connection() -> None:
    gate = Gate()
    gate.callbacks.look_at(gate.link, message("D", ""))
    gate.theirs.expected = 8
    gate.callbacks.hear(gate.link, "Tried to send a reject while not logged on")
    assert (gate.theirs.expected, gate.theirs.told) == (7, ["disconnect"])


async def test_garbled_message_has_the_connection_of_nobody_closed_once() -> None:
    """QuickFIX's session and its connection would close the same descriptor; in between it may be another's."""
    gate = Gate()
    garbled = "Invalid message: Expected CheckSum=1, Received CheckSum=0"
    gate.callbacks.hear(gate.link, garbled)
    assert gate.theirs.told == ["close by None"]
    gate.theirs.is_logged_on = True
    gate.callbacks.hear(gate.link, garbled)
    assert gate.theirs.told == ["close by None"], "who is logged on stays"


async def test_no_exception_of_ours_crosses_a_callback() -> None:
    gate = Gate()
    stranger = quickfix.SessionID("FIX.4.4", "FONDACO", "NOBODY")
    order = quickfix.Message(message("D", "11=A|"), False)
    with capture_logs() as logs:
        gate.callbacks.onLogon(stranger)
        gate.callbacks.onLogout(stranger)
        gate.callbacks.fromApp(order, stranger)
        gate.callbacks.toAdmin(quickfix.Message(message("A", "108=30|"), False), stranger)
        with pytest.raises(quickfix.RejectLogon):
            gate.callbacks.fromAdmin(quickfix.Message(message("A", "108=30|"), False), stranger)
        log = SessionLog("BROKER1", fail, fail)
        log.onIncoming(message("0", ""))
        log.onEvent("Created session")
    failed = [entry["callback"] for entry in logs if entry["event"] == "callback failed"]
    assert failed == ["onLogon", "onLogout", "fromApp", "toAdmin", "fromAdmin", "onIncoming", "onEvent"]


def fail(_text: str) -> None:
    raise ValueError("of ours")


async def test_full_inbox_keeps_quickfix_waiting_and_loses_nothing() -> None:
    gate = Gate()
    order = quickfix.Message(message("D", "11=A|"), False)
    for _ in range(INBOX_MAX):
        gate.callbacks.fromApp(order, ID)
    more = asyncio.create_task(asyncio.to_thread(gate.callbacks.fromApp, order, ID))
    await asyncio.sleep(0)
    assert not more.done()
    for _ in range(INBOX_MAX):
        assert gate.inbox.pop().link is gate.link
    await more
    assert len(gate.inbox) == 1


@pytest.mark.parametrize(
    ("event", "shown"),
    (
        (
            f"Session not found for incoming message: {message('A', f'553={SECRET}|554=x{chr(1)}{SECRET}|')}",
            "49=BROKER1|56=FONDACO|34=1|52=20261127-22:00:00|...",
        ),
        (f"Session not found for incoming message: {message('A', '')[:20]}{SECRET}", "35=A|..."),
        (f"Invalid message: Field tag is invalid: {SECRET}\x0110", "Field tag is invalid: ..."),
        (f"Invalid message: BodyLength has wrong format: {SECRET}", "BodyLength has wrong format: ..."),
    ),
)
def test_log_repeats_nothing_but_the_header_of_what_cannot_be_read(event: str, shown: str) -> None:
    with capture_logs() as logs:
        SessionLog("", lambda _text: None, lambda _event: None).onEvent(event)
    assert logs[0]["text"].endswith(shown)
    assert SECRET not in logs[0]["text"]


def test_log_masks_secrets_and_keeps_to_one_line() -> None:
    text = masked("Session not found for incoming message: " + message("A", f"553=BROKER9|554={SECRET}|925={SECRET}|"))
    assert SECRET not in text
    assert "553=BROKER9" in text
    with capture_logs() as logs:
        log = LogFactory(lambda name: SessionLog(name, lambda _text: None, lambda _text: None)).create(ID)
        log.onEvent(message("A", f"554={SECRET}|58=a\nb|"))
    (entry,) = logs
    assert entry["session"] == "BROKER1"
    assert SECRET not in entry["text"]
    assert "\n" not in entry["text"]
