"""Control: staff's commands come in over it, and get the journal's record of them as the answer. The client's side.

A client connects to a Unix socket, or over TLS from another host, and sends `HELLO`; the venue answers `OK`, newline,
or `ERROR`, the reason, newline, and hangs up. Then each side sends messages, a length (u32, little-endian) and as many
bytes of MessagePack: the client a request, which is a staff command or a question; the venue its answer when the record
is committed. `spec/control.md` has the bytes; `engine.control_server` is the other side.
"""

import socket
import struct
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias, cast

import msgspec

from engine.commands import (
    AddAsset,
    AddInstrument,
    Block,
    BlockWithdrawals,
    BustTrade,
    ChargeFee,
    CorrectTrade,
    Credit,
    Debit,
    HoldWithdrawal,
    LogOutSession,
    OpenAccount,
    ProvisionSession,
    ReleaseWithdrawal,
    RemoveSession,
    ResetSequence,
    ResumeSession,
    SetCredentials,
    SetFees,
    SetIndexPrice,
    SetLimits,
    SetPhase,
    SetRules,
    SetSchedule,
    SetSelfTrade,
    SetSequence,
    SettleWithdrawal,
    SuspendSession,
    Transfer,
    Unblock,
    UnblockWithdrawals,
)
from engine.errors import ControlError
from engine.events import AnyEvent
from engine.overview import (
    FollowersShown,
    SessionsShown,
    ShowFollowers,
    ShowSessions,
    ShowTrade,
    ShowVenue,
    TradeShown,
    VenueShown,
)
from engine.remote import HUNG_UP, Source, connect_blocking, why
from engine.unix_socket import check_length

SOCKET: Final = "control.sock"
"""The socket's name in a venue's data directory."""
HELLO: Final = b"FONDACO CONTROL 1\n"
ANSWER_S: Final = 30.0
"""How long a client waits for its answer."""
_ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
LENGTH: Final = struct.Struct("<I")

StaffCommand: TypeAlias = (
    SetRules
    | SetLimits
    | SetFees
    | Block
    | Unblock
    | SetSelfTrade
    | SetPhase
    | SetSchedule
    | SetIndexPrice
    | BustTrade
    | CorrectTrade
    | ProvisionSession
    | SetCredentials
    | SuspendSession
    | ResumeSession
    | RemoveSession
    | SetSequence
    | ResetSequence
    | LogOutSession
    | Credit
    | Debit
    | Transfer
    | ChargeFee
    | HoldWithdrawal
    | ReleaseWithdrawal
    | SettleWithdrawal
    | BlockWithdrawals
    | UnblockWithdrawals
    | AddAsset
    | AddInstrument
    | OpenAccount
)
"""The commands that come over control. Each has `by`, who asked, which control demands, and `why`."""

Question: TypeAlias = ShowVenue | ShowTrade | ShowSessions | ShowFollowers

Request: TypeAlias = StaffCommand | Question


class Done(msgspec.Struct, tag="done", frozen=True, array_like=True):
    """A command is on record `sequence`, with these events, and `events_left_out` more."""

    sequence: int
    time_ns: int
    events: tuple[AnyEvent, ...]
    events_left_out: int = 0


class Failed(msgspec.Struct, tag="failed", frozen=True, array_like=True):
    """A request is not one that the venue takes; nothing has changed and nothing is on record."""

    text: str


Answer: TypeAlias = Done | Failed | VenueShown | TradeShown | SessionsShown | FollowersShown

encode: Final = msgspec.msgpack.Encoder().encode
_decode_answer: Final = msgspec.msgpack.Decoder(Answer).decode


def ask(source: Source, request: Request, *, timeout_s: float = ANSWER_S) -> Answer:
    """Send one request to the venue that listens at `source`, and return its answer. Blocks.

    Raise `ControlError` if the venue is not there, refuses to listen, or breaks off: then the command may have been
    carried out all the same, and the journal tells.
    """
    payload = encode(request)
    with _connected(source, timeout_s) as connection:
        try:
            with connection.makefile("rb") as incoming:
                _greet(source, connection, incoming)
                connection.sendall(LENGTH.pack(len(payload)) + payload)
                header = incoming.read(LENGTH.size)
                length = LENGTH.unpack(header)[0] if len(header) == LENGTH.size else 0
                answer = incoming.read(length) if length <= _ANSWER_BYTES_MAX else b""
        except OSError as error:
            raise ControlError(
                f"{source}: no answer from the venue ({error}); its journal tells what was done"
            ) from error
    if not length or len(answer) < length:
        raise ControlError(f"{source}: the venue broke off before it answered; its journal tells what was done")
    try:
        return cast("Answer", _decode_answer(answer))
    except msgspec.MsgspecError as error:
        raise ControlError(f"{source}: the answer is not one that this version knows: {error}") from error


def _connected(source: Source, timeout_s: float) -> socket.socket:
    """Return a connection to the venue. Raise `ControlError`."""
    if isinstance(source, Path):
        check_length(source)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout_s)
        try:
            connection.connect(str(source))
        except OSError as error:
            connection.close()
            if isinstance(error, PermissionError):
                raise ControlError(f"{source}: not permitted to control this venue") from error
            raise ControlError(f"{source}: no venue listens here; is it running?") from error
        return connection
    try:
        return connect_blocking(source, timeout_s)
    except OSError as error:
        raise ControlError(f"{source}: no connection to the venue's control: {why(error)}") from error


def _greet(source: Source, connection: socket.socket, incoming: BinaryIO) -> None:
    """Say hello, and hear that the venue listens. Raise `ControlError` if it does not; then it has heard nothing."""
    try:
        connection.sendall(HELLO)
        line = incoming.readline(1024)
    except ConnectionError:
        line = b""
    except OSError as error:
        raise ControlError(f"{source}: the venue does not listen: {why(error)}") from error
    if line.startswith(b"ERROR "):
        raise ControlError(f"{source}: the venue refuses: {line[6:].decode(errors='replace').strip()}")
    if line and line != b"OK\n":
        raise ControlError(f"{source}: who listens here is not a venue's control")
    if not line:
        raise ControlError(f"{source}: {'the venue hung up' if isinstance(source, Path) else HUNG_UP}")
