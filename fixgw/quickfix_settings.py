"""What QuickFIX is told at a start, in its own form, and what it cannot do of what the venue's settings can ask for.

QuickFIX reads its settings and the venue's dictionary from files, which are written to the venue's data directory at
each start. Its sessions never end by the clock (`NonStopSession`): the venue's trading day is the engine's. It passes
fields that its dictionary does not have on to us, as we answer those by tag and reason.
"""

from collections.abc import Mapping
from importlib.resources import files
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from config.network import Fix
from fixgw.dictionary import ADMIN_MSG_TYPES
from fixgw.errors import LaneError
from fixgw.version import Version

FILES: Final = {
    "FIX.4.2": ("FONDACO42.xml",),
    "FIX.4.4": ("FONDACO44.xml",),
    "FIX.5.0SP2": ("FONDACOT11.xml", "FONDACO50SP2.xml"),
}
"""The venue's dictionaries by version: one, or that of the session and that of the application."""

_DEFAULTS: Final = """\
# Written by the venue at each start.
[DEFAULT]
ConnectionType=acceptor
SenderCompID={comp_id}
SocketAcceptPort={port}
SocketReuseAddress=Y
SocketNodelay=Y
FileStorePath={directory}/store
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
_SESSION: Final = """
[SESSION]
BeginString={version.begin_string}
TargetCompID={comp_id}
"""
_ONE: Final = "DataDictionary={directory}/{files[0]}\n"
_TWO: Final = """\
DefaultApplVerID={version.name}
TransportDataDictionary={directory}/{files[0]}
AppDataDictionary={directory}/{files[1]}
"""

LIMITS: Final = (
    "no TLS: connections are plain TCP",
    "sessions created while the venue runs are served after its next start",
    "fix.connections_max and fix.logon_timeout_s are not held: QuickFIX keeps any connection open",
    "fix.slow_reader_timeout_s is not held: a client that does not read keeps its session until it goes",
    "recovers_unasked is not held, and a session far above its throttle is refused, but not read more slowly",
    "ApplicationMessageRequest (BW) is refused; reports carry ApplSeqNum all the same",
    "who may connect can end the connections of others, by what is garbled: let none but known counterparties connect",
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


def write(settings: Fix, versions: Mapping[str, Version], directory: Path) -> Path:
    """Write dictionaries and QuickFIX's settings to a directory; return the settings' file.

    `versions`: those that the sessions speak, by CompID.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for version in {version.name: version for version in versions.values()}.values():
        *transport, application = FILES[version.name]
        for name in transport:
            (directory / name).write_text(_file(name), encoding="utf-8")
        (directory / application).write_text(dictionary(version), encoding="utf-8")
    text = _DEFAULTS.format(comp_id=settings.comp_id, port=settings.port, directory=directory)
    if _is_loopback(settings):
        text += _LOOPBACK
    for comp_id, version in versions.items():
        names = FILES[version.name]
        form = _SESSION + (_ONE if len(names) == 1 else _TWO)
        text += form.format(version=version, comp_id=comp_id, directory=directory, files=names)
    path = directory / "quickfix.cfg"
    path.write_text(text, encoding="utf-8")
    return path


def dictionary(version: Version) -> str:
    """Return the venue's dictionary, with an empty message for each MsgType that the venue does not take.

    QuickFIX passes those on too, then, and we say what is wrong with them as we always do.
    """
    text = _file(FILES[version.name][-1])
    others = [
        (msg_type, name)
        for msg_type, name in version.dictionary.msg_types.items()
        if f"msgtype='{msg_type}'" not in text and msg_type not in ADMIN_MSG_TYPES
    ]
    messages = "".join(f"  <message name='{name}' msgtype='{msg_type}' msgcat='app'/>\n" for msg_type, name in others)
    values = "".join(f"   <value enum='{msg_type}' description='{name}'/>\n" for msg_type, name in others)
    text = text.replace(" </messages>", f"{messages} </messages>")
    head, field, tail = text.partition("<field number='35'")
    return head + field + (tail.replace("  </field>", f"{values}  </field>", 1) if field else tail)


def _file(name: str) -> str:
    return files("spec").joinpath(name).read_text(encoding="utf-8")


def _is_loopback(settings: Fix) -> bool:
    return settings.host == "localhost" or ip_address(settings.host).is_loopback
