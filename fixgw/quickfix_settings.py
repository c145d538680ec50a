"""What QuickFIX is told at a start, in its own form, and what it cannot do of what the venue's settings can ask for.

QuickFIX reads its settings and the venue's dictionary from files, which are written to the venue's data directory at
each start. Its sessions never end by the clock (`NonStopSession`): the venue's trading day is the engine's. It passes
fields that its dictionary does not have on to us, as we answer those by tag and reason.
"""

from collections.abc import Iterable
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from config.settings import Fix
from fixgw.errors import LaneError

DICTIONARY: Final = "FONDACO44.xml"
BEGIN_STRING: Final = "FIX.4.4"

_DEFAULTS: Final = """\
# Written by the venue at each start.
[DEFAULT]
ConnectionType=acceptor
BeginString={begin_string}
SenderCompID={comp_id}
SocketAcceptPort={port}
SocketReuseAddress=Y
SocketNodelay=Y
FileStorePath={directory}/store
DataDictionary={directory}/{dictionary}
UseDataDictionary=Y
ValidateLengthAndChecksum=Y
ValidateFieldsOutOfOrder=Y
ValidateFieldsHaveValues=Y
ValidateUserDefinedFields=N
AllowUnknownMsgFields=Y
CheckCompID=Y
CheckLatency=Y
MaxLatency=120
NonStopSession=Y
PersistMessages=Y
ResetOnLogon=N
ResetOnLogout=N
ResetOnDisconnect=N
TimestampPrecision=6
"""
_LOOPBACK: Final = "AllowedRemoteAddresses=127.0.0.1\n"
_SESSION: Final = "\n[SESSION]\nTargetCompID={comp_id}\n"

LIMITS: Final = (
    "no TLS: connections are plain TCP",
    "sessions created while the venue runs are served after its next start",
    "fix.connections_max and fix.logon_timeout_s are not held: QuickFIX keeps any connection open",
    "fix.slow_reader_timeout_s is not held: a client that does not read keeps its session until it goes",
)
"""What the lane cannot do, one line of the log each."""


def check(settings: Fix) -> None:
    """Raise `LaneError` if the package is missing, or cannot do what the settings demand."""
    if find_spec("quickfix") is None:
        raise LaneError(
            'fix.lane = "quickfix" needs the package quickfix: pip install "fondaco[quickfix]" (it compiles for some '
            'minutes), or set fix.lane = "native"'
        )
    if settings.tls is not None or settings.networks:
        raise LaneError(
            '[fix.tls] and fix.networks: QuickFIX serves plain TCP, from any address; fix.lane = "native" can'
        )
    if settings.host != "localhost" and ip_address(settings.host).version != 4:
        raise LaneError(
            f'fix.host {settings.host}: QuickFIX serves IPv4 only; set an IPv4 address, or fix.lane = "native"'
        )


def limits(settings: Fix) -> tuple[str, ...]:
    """Return what the lane does not do, or does otherwise, of what the settings say."""
    listening = "QuickFIX listens on all IPv4 addresses of this machine, not only on fix.host"
    if _is_loopback(settings):
        listening += "; who does not come from 127.0.0.1 is sent away"
    return (listening, *LIMITS)


def write(settings: Fix, comp_ids: Iterable[str], directory: Path) -> Path:
    """Write the dictionary and QuickFIX's settings for these sessions to a directory; return the settings' file."""
    directory.mkdir(parents=True, exist_ok=True)
    dictionary = (Path(__file__).parents[1] / "spec" / DICTIONARY).read_text(encoding="utf-8")
    (directory / DICTIONARY).write_text(dictionary, encoding="utf-8")
    text = _DEFAULTS.format(
        begin_string=BEGIN_STRING,
        comp_id=settings.comp_id,
        port=settings.port,
        directory=directory,
        dictionary=DICTIONARY,
    )
    if _is_loopback(settings):
        text += _LOOPBACK
    text += "".join(_SESSION.format(comp_id=comp_id) for comp_id in comp_ids)
    path = directory / "quickfix.cfg"
    path.write_text(text, encoding="utf-8")
    return path


def _is_loopback(settings: Fix) -> bool:
    return settings.host == "localhost" or ip_address(settings.host).is_loopback
