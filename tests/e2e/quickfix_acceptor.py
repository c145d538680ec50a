"""QuickFIX's acceptor as it comes, its own dictionary and every check on: what our session layer is held against.

    python -m tests.e2e.quickfix_acceptor PORT DIRECTORY

It takes application messages and answers none. It ends when its standard input does.
"""

import sys
from pathlib import Path
from typing import Any

import quickfix as fix

_SETTINGS = """\
[DEFAULT]
ConnectionType=acceptor
BeginString=FIX.4.4
SenderCompID=FONDACO
SocketAcceptPort={port}
SocketReuseAddress=Y
SocketNodelay=Y
FileStorePath={directory}/store
FileLogPath={directory}/log
StartTime=00:00:00
EndTime=00:00:00
UseDataDictionary=Y
DataDictionary={dictionary}
ValidateLengthAndChecksum=Y
ValidateFieldsOutOfOrder=Y
ValidateFieldsHaveValues=Y
ValidateUserDefinedFields=Y
CheckCompID=Y
CheckLatency=Y
MaxLatency=120

[SESSION]
TargetCompID=BROKER1
"""


class Silent(fix.Application):
    """Hears everything and says nothing."""

    def onCreate(self, session_id: Any) -> None:
        pass

    def onLogon(self, session_id: Any) -> None:
        pass

    def onLogout(self, session_id: Any) -> None:
        pass

    def toAdmin(self, message: Any, session_id: Any) -> None:
        pass

    def fromAdmin(self, message: Any, session_id: Any) -> None:
        pass

    def toApp(self, message: Any, session_id: Any) -> None:
        pass

    def fromApp(self, message: Any, session_id: Any) -> None:
        pass


def main(port: str, directory: Path) -> None:
    config = directory / "quickfix.cfg"
    dictionary = Path(sys.prefix) / "share" / "quickfix" / "FIX44.xml"
    config.write_text(_SETTINGS.format(port=port, directory=directory, dictionary=dictionary), encoding="ascii")
    settings = fix.SessionSettings(str(config))
    acceptor = fix.SocketAcceptor(Silent(), fix.FileStoreFactory(settings), settings, fix.FileLogFactory(settings))
    acceptor.start()
    try:
        sys.stdin.read()
    finally:
        acceptor.stop(True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
