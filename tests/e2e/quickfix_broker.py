"""A broker on QuickFIX's own initiator, in a process of its own, steered by lines of JSON.

    python quickfix_broker.py SETTINGS

In: `{"do": "send", "msg_type": "D", "fields": [["11", "A"], …]}` and `{"do": "stop"}`. Out: one object a line: what the
session did (`logon`, `logout`), each message in and out as text, and at the end (`stopped`) the sequence numbers.
QuickFIX validates what comes in with its own dictionary; what it finds wrong it answers with a Reject, which shows.
"""

import json
import sys
import threading
from typing import Any

import quickfix as fix

_lock = threading.Lock()


def say(**what: object) -> None:
    with _lock:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


class Broker(fix.Application):
    """Tells of everything; adds the password to Logons. Callbacks come on QuickFIX's threads and must not raise."""

    def onCreate(self, session_id: Any) -> None:
        self.session_id = session_id

    def onLogon(self, session_id: Any) -> None:
        say(event="logon")

    def onLogout(self, session_id: Any) -> None:
        say(event="logout")

    def toAdmin(self, message: Any, session_id: Any) -> None:
        if message.getHeader().getField(35) == "A":
            message.setField(553, message.getHeader().getField(49))
            message.setField(554, "sandbox-only")
        say(event="out", text=message.toString().replace("\x01", "|"))

    def toApp(self, message: Any, session_id: Any) -> None:
        say(event="out", text=message.toString().replace("\x01", "|"))

    def fromAdmin(self, message: Any, session_id: Any) -> None:
        say(event="in", text=message.toString().replace("\x01", "|"))

    def fromApp(self, message: Any, session_id: Any) -> None:
        say(event="in", text=message.toString().replace("\x01", "|"))


def main(settings_file: str) -> None:
    settings = fix.SessionSettings(settings_file)
    broker = Broker()
    initiator = fix.SocketInitiator(broker, fix.FileStoreFactory(settings), settings)
    initiator.start()
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "send":
            message = fix.Message()
            message.getHeader().setField(35, order["msg_type"])
            for tag, value in order["fields"]:
                message.setField(int(tag), value)
            fix.Session.sendToTarget(message, broker.session_id)
        else:
            break
    initiator.stop()
    session = fix.Session.lookupSession(broker.session_id)
    say(event="stopped", out=session.getExpectedSenderNum(), into=session.getExpectedTargetNum())


if __name__ == "__main__":
    main(sys.argv[1])
