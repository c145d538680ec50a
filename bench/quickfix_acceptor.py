"""The baseline: an acceptor on the `quickfix` package that acknowledges each order, and does nothing else.

    python -m bench.quickfix_acceptor --port N --directory DIR

It keeps no book, no accounts and no journal; it answers NewOrderSingle with New and OrderCancelRequest with Canceled,
whatever they say. It ends when its standard input does.

It is written as well as the package allows. Tried, with QuickFIX 1.16.0 on one core of a two-core Xeon (2.6 GHz,
Python 3.11), one session, pipelined, orders per second:

    typed fields in and out (`m.getField(fix.ClOrdID())`)                   5,000
    integer tags in, a message of `setField(tag, text)` out                19,000
    integer tags in (`m.getField(11)`), raw text out                       25,500
    as before, one Message used again with `setString`                     25,000
    `toString()` split into a dict, raw text out (`fix.Message(raw, False)`)  24,800
    as before, and `Session.lookupSession` once instead of `sendToTarget`  24,500
    `toString()`, each field by `str.index`, raw text out                  26,300
    as before, without the checks below                                    26,700   <- this file
    as before, ThreadedSocketAcceptor                                      27,000   within the noise

The figures are of one sitting; an hour later the same machine gave 20 % less to all of them. Without the file store it
is 32,000, but then nothing could be sent again. The store is QuickFIX's own: it flushes to the operating system and
never syncs, so the baseline is not durable.
"""

import argparse
import sys
from pathlib import Path

import quickfix

_SETTINGS = """\
[DEFAULT]
ConnectionType=acceptor
BeginString=FIX.4.4
SenderCompID=FONDACO
SocketAcceptPort={port}
SocketReuseAddress=Y
SocketNodelay=Y
FileStorePath={directory}
StartTime=00:00:00
EndTime=00:00:00
UseDataDictionary=N
ValidateLengthAndChecksum=N
ValidateFieldsOutOfOrder=N
ValidateFieldsHaveValues=N
ValidateUserDefinedFields=N
CheckCompID=N
CheckLatency=N
"""
_SESSION = "[SESSION]\nTargetCompID=BROKER{number}\n"
_REPORT = (
    "8=FIX.4.4\x019=0\x0135=8\x016=0\x0111=%s\x0114=0\x0117=E%d\x0137=%d\x0138=%s\x0139=%s\x0154=%s\x0155=%s\x01150=%s"
    "\x01151=%s\x0110=000\x01"
)


class Acknowledger(quickfix.Application):
    """Answers each order and each cancel with one execution report. QuickFIX calls it on a thread of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._reports = 0

    def onCreate(self, session_id: quickfix.SessionID) -> None:
        pass

    def onLogon(self, session_id: quickfix.SessionID) -> None:
        pass

    def onLogout(self, session_id: quickfix.SessionID) -> None:
        pass

    def toAdmin(self, message: quickfix.Message, session_id: quickfix.SessionID) -> None:
        pass

    def fromAdmin(self, message: quickfix.Message, session_id: quickfix.SessionID) -> None:
        pass

    def toApp(self, message: quickfix.Message, session_id: quickfix.SessionID) -> None:
        pass

    def fromApp(self, message: quickfix.Message, session_id: quickfix.SessionID) -> None:
        try:
            report = self._acknowledge(message.toString())
            quickfix.Session.sendToTarget(quickfix.Message(report, False), session_id)  # noqa: FBT003 (SWIG)
        except Exception as error:  # noqa: BLE001 (one that crosses the callback ends the process)
            print(f"not answered: {error!r}", file=sys.stderr, flush=True)

    def _acknowledge(self, text: str) -> str:
        self._reports = number = self._reports + 1
        qty = _value(text, "\x0138=")
        status, leaves = ("0", qty) if "\x0135=D\x01" in text else ("4", "0")
        return _REPORT % (
            _value(text, "\x0111="),
            number,
            number,
            qty,
            status,
            _value(text, "\x0154="),
            _value(text, "\x0155="),
            status,
            leaves,
        )


def _value(text: str, tag: str) -> str:
    start = text.index(tag) + len(tag)
    return text[start : text.index("\x01", start)]


def main() -> None:
    parser = argparse.ArgumentParser(description="acknowledge every order, on QuickFIX")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--sessions", type=int, default=8)
    options = parser.parse_args()
    text = _SETTINGS.format(port=options.port, directory=options.directory / "store")
    text += "".join(_SESSION.format(number=number) for number in range(1, options.sessions + 1))
    file = options.directory / "quickfix.cfg"
    file.write_text(text, encoding="ascii")
    settings = quickfix.SessionSettings(str(file))
    acceptor = quickfix.SocketAcceptor(Acknowledger(), quickfix.FileStoreFactory(settings), settings)
    acceptor.start()
    try:
        sys.stdin.read()
    finally:
        acceptor.stop(True)  # noqa: FBT003 (SWIG): at once, without waiting for logouts


if __name__ == "__main__":
    main()
