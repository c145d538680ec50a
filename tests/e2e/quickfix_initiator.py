"""A broker on the `quickfix` package, as a process of its own: told what to do by JSON lines, telling what happens.

    python -m tests.e2e.quickfix_initiator SETTINGS

In:  {"do": "send", "body": "35=D|11=…"}   {"do": "state"}   {"do": "stop"}
Out: {"event": "logon"}   {"event": "logout"}   {"event": "in" or "out", "raw": "8=FIX.4.4|…"}
     {"event": "state", "next_out": 7, "next_in": 9}

QuickFIX calls back on threads of its own, a callback's message must not outlive it, and an exception that crosses a
callback ends the process; so each callback prints and no more.
"""

import json
import sys
import threading
from typing import Any, Final

import quickfix

from tests.e2e.venue import PASSWORD

_printing: Final = threading.Lock()


def tell(event: str, **details: object) -> None:
    with _printing:
        sys.stdout.write(json.dumps({"event": event, **details}) + "\n")
        sys.stdout.flush()


class Broker(quickfix.Application):
    """Adds the credentials to Logons, and tells everything."""

    def __init__(self) -> None:
        super().__init__()
        self.session_id: Any = None

    def onCreate(self, session_id: Any) -> None:
        self.session_id = session_id

    def onLogon(self, session_id: Any) -> None:
        tell("logon")

    def onLogout(self, session_id: Any) -> None:
        tell("logout")

    def toAdmin(self, message: Any, session_id: Any) -> None:
        if message.getHeader().getField(35) == "A":
            message.setField(553, session_id.getSenderCompID().getString())
            message.setField(554, PASSWORD)
        tell("out", raw=message.toString().replace("\x01", "|"))

    def fromAdmin(self, message: Any, session_id: Any) -> None:
        tell("in", raw=message.toString().replace("\x01", "|"))

    def toApp(self, message: Any, session_id: Any) -> None:
        tell("out", raw=message.toString().replace("\x01", "|"))

    def fromApp(self, message: Any, session_id: Any) -> None:
        tell("in", raw=message.toString().replace("\x01", "|"))


def main() -> None:
    settings = quickfix.SessionSettings(sys.argv[1])
    broker = Broker()
    initiator = quickfix.SocketInitiator(
        broker, quickfix.FileStoreFactory(settings), settings, quickfix.FileLogFactory(settings)
    )
    initiator.start()
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "send":
            body = order["body"].replace("|", "\x01")
            message = quickfix.Message(f"8=FIX.4.4\x019=0\x01{body}10=000\x01", False)
            quickfix.Session.sendToTarget(message, broker.session_id)
        elif order["do"] == "state":
            session = quickfix.Session.lookupSession(broker.session_id)
            tell("state", next_out=session.getExpectedSenderNum(), next_in=session.getExpectedTargetNum())
        else:
            break
    initiator.stop()  # logs out and waits for the answer


if __name__ == "__main__":
    main()
