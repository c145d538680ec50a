"""QuickFIX's log, into ours: what its sessions do, and at the level DEBUG the messages, secrets masked.

QuickFIX logs a message that has come in before it acts on it, on the thread of its connection; the lane looks at Logons
there (`fixgw.quickfix_callbacks`), as QuickFIX has reset the sequences by the time that it asks whether one is welcome.
An exception in a callback would end the process, so none leaves.
"""

import logging
import re
from collections.abc import Callable
from typing import Any, Final

import quickfix
import structlog

from fixgw.codec import readable

_ROUTINE: Final = (
    "Accepted connection",
    "Allows connections",
    "Already sent ResendRequest",
    "Created session",
    "Disconnecting",
    "Initiated logout request",
    "Logon contains ResetSeqNumFlag",
    "Processing QUEUED message",
    "Received log",
    "Rejected Logon Attempt",
    "Resending Message",
    "Responding to logon request",
    "Sending logout response",
    "Sent SequenceReset",
    "Session is not enabled for logon",
    "Socket Error: Connection reset by peer",
)
"""How the events begin that come with every connection or every message, or that we tell ourselves."""

_QUOTED: Final = re.compile(
    r"((?:Session not found for incoming message|Field tag is invalid|has wrong format): "
    r"(?:8=[^\x01]*\x019=[^\x01]*\x0135=[^\x01]*\x01(?:(?:34|49|52|56)=[^\x01]*\x01)*)?).*",
    re.DOTALL,
)
"""What QuickFIX repeats of a message that it could not read, where anything may be a password: but for its header."""

_log = structlog.get_logger("quickfix")


class SessionLog(quickfix.Log):
    """One session's log, or that of the whole acceptor."""

    def __init__(self, session: str, on_incoming: Callable[[str], None], on_event: Callable[[str], None]) -> None:
        super().__init__()
        self._session = session
        self._on_incoming = on_incoming
        self._on_event = on_event
        self._shows_messages = _log.is_enabled_for(logging.DEBUG)

    def onIncoming(self, text: str) -> None:
        try:
            if self._shows_messages:
                _log.debug("in", session=self._session, message=masked(text))
            self._on_incoming(text)
        except Exception as error:  # noqa: BLE001 - one that crosses the callback ends the process
            _log.error("callback failed", callback="onIncoming", reason=repr(error))

    def onOutgoing(self, text: str) -> None:
        if self._shows_messages:
            _log.debug("out", session=self._session, message=masked(text))

    def onEvent(self, text: str) -> None:
        try:
            level = logging.DEBUG if text.startswith(_ROUTINE) else logging.INFO
            _log.log(level, "quickfix says", session=self._session, text=masked(_QUOTED.sub(r"\1...", text)))
            self._on_event(text)
        except Exception as error:  # noqa: BLE001 - one that crosses the callback ends the process
            _log.error("callback failed", callback="onEvent", reason=repr(error))

    def clear(self) -> None:
        """Forget nothing: logs are somebody else's to clear."""

    def backup(self) -> None:
        """Keep nothing apart."""


class LogFactory(quickfix.LogFactory):
    """Makes the logs. What it has made is QuickFIX's own; if it were not, its memory would be freed twice."""

    def __init__(self, make: Callable[[str], SessionLog]) -> None:
        """`make` is given the session's CompID, or an empty text for the log of the whole acceptor."""
        super().__init__()
        self._make = make

    def create(self, *session_id: Any) -> SessionLog:
        log = self._make(session_id[0].getTargetCompID().getString() if session_id else "")
        log.__disown__()
        return log

    def destroy(self, log: Any) -> None:
        """Leave it to the factory's own end."""


def masked(text: str) -> str:
    """Return what QuickFIX hands over, for our log: one line, without secrets."""
    return readable(raw_bytes(text))


def raw_bytes(text: str) -> bytes:
    """Return the bytes that QuickFIX's binding has made into text: UTF-8, and what is none of it as surrogates."""
    return text.encode("utf-8", "surrogateescape")
