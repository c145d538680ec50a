"""What the commands of `fondaco qa` have in common: which server, as whom, with which values."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from backoffice.cli.qa.lines import ScriptError
    from backoffice.cli.qa.runner import Run
    from backoffice.cli.qa.values import Value

HostOption = Annotated[str, typer.Option("--host", metavar="HOST", help="Where the server is.")]
PortOption = Annotated[
    int, typer.Option("--port", "-p", metavar="PORT", min=1, max=65_535, help="Its port.", show_default=False)
]
TargetOption = Annotated[str, typer.Option("--target", metavar="COMPID", help="Its CompID.")]
VersionOption = Annotated[
    str, typer.Option("--fix-version", metavar="VERSION", help="BeginString: FIX.4.2, FIX.4.4 or FIXT.1.1.")
]
RoleOption = Annotated[str, typer.Option("--role", metavar="ROLE", help="What the sessions are for.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Give a variable a value; NAME=@FILE takes the first line of a file, and COMPID.NAME speaks of one "
        "session. Passwords go here.",
        show_default=False,
    ),
]
DropCopyOption = Annotated[
    str,
    typer.Option("--drop-copy", metavar="COMPID", help="A drop-copy session, for scripts that name one."),
]
MarketDataOption = Annotated[
    str,
    typer.Option("--market-data", metavar="COMPID", help="A market-data session, for scripts that name one."),
]
MarketDataPortOption = Annotated[
    int | None,
    typer.Option(
        "--market-data-port", metavar="PORT", min=1, max=65_535, help="The port of market data.", show_default="--port"
    ),
]
LogonKeyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--logon-key",
        metavar="[COMPID=]FILE",
        help="Sign Logons with this Ed25519 key (PEM), of one session or of all. May be repeated.",
        show_default="password",
    ),
]
LogonSecretOption = Annotated[
    list[str] | None,
    typer.Option(
        "--logon-secret",
        metavar="[COMPID=]FILE",
        help="Sign Logons by HMAC-SHA256 with this secret (base64), of one session or of all. May be repeated.",
        show_default="password",
    ),
]
LimitOption = Annotated[
    str, typer.Option("--timeout", metavar="TIME", help="How long an expected message may take: 500ms, 10s, 1m.")
]
TlsOption = Annotated[bool, typer.Option("--tls", help="Connect over TLS.")]
CaOption = Annotated[
    Path | None,
    typer.Option("--ca", metavar="FILE", help="Certificates to trust, in PEM.", show_default="the system's"),
]
CertificateOption = Annotated[
    Path | None,
    typer.Option("--certificate", metavar="FILE", help="Our own certificate and key, in PEM.", show_default="none"),
]
ServerNameOption = Annotated[
    str, typer.Option("--server-name", metavar="NAME", help="Name in its certificate.", show_default="the host")
]


@dataclass(frozen=True, kw_only=True)
class Server:
    """The options of which server it is, and how it is spoken to."""

    port: PortOption
    host: HostOption = "127.0.0.1"
    target: TargetOption = "FONDACO"
    fix_version: VersionOption = "FIX.4.4"
    role: RoleOption = "order-entry"
    set_: SetOption = None
    logon_key: LogonKeyOption = None
    logon_secret: LogonSecretOption = None
    timeout: LimitOption = "10s"
    tls: TlsOption = False
    ca: CaOption = None
    certificate: CertificateOption = None
    server_name: ServerNameOption = ""


def run_of(
    server: Server,
    senders: Sequence[str],
    *,
    ignore: Sequence[int] = (),
    drop_copy: str,
    market_data: str,
    market_data_port: int | None,
) -> "Run":
    """Return what scripts are to be run with. Raise `BadParameter` for what cannot be."""
    import msgspec

    from backoffice.cli.qa.logons import SIGNED_LOGON, signers_of
    from backoffice.cli.qa.runner import Run, Seat
    from backoffice.cli.qa.script import ROLES, VERSIONS
    from backoffice.cli.qa.values import BadValue, duration_s
    from backoffice.cli.qa.wire import Address

    for option, value, known in (("--fix-version", server.fix_version, VERSIONS), ("--role", server.role, ROLES)):
        if value not in known:
            raise typer.BadParameter(f"{value!r}; there are {', '.join(known)}", param_hint=option)
    try:
        limit_s = duration_s(server.timeout)
    except BadValue as error:
        raise typer.BadParameter(str(error), param_hint="--timeout") from error
    address = Address(server.host, server.port, server.tls, server.ca, server.certificate, server.server_name)
    signers = signers_of(server.logon_key or (), server.logon_secret or ())
    values = {f"{sender}.logon" if sender else "logon": SIGNED_LOGON for sender in signers}
    values |= dict(_setting(setting) for setting in server.set_ or ())
    seats = {}
    if drop_copy:
        seats["drop-copy"] = Seat(drop_copy, address)
    if market_data:
        its_address = msgspec.structs.replace(address, port=market_data_port or address.port)
        seats["market-data"] = Seat(market_data, its_address)
    ignored = frozenset(map(str, ignore))
    return Run(
        *(address, server.fix_version, server.role, tuple(senders), server.target, values, limit_s),
        *(ignored, seats, signers),
    )


def unread(error: "ScriptError") -> typer.Exit:
    """Tell that scripts cannot be read, a line for each, and return what ends the command with status 2."""
    for line in str(error).splitlines():
        typer.echo(f"fondaco: {line}", err=True)
    return typer.Exit(2)


def _setting(text: str) -> "tuple[str, Value]":
    """Return a variable's name and value from `NAME=VALUE` or `NAME=@FILE`."""
    import re

    from backoffice.cli.qa.values import BadValue, Value, literal, parse_value

    name, equals, value = text.partition("=")
    if not equals or re.fullmatch(r"(?:[^\s{}|=.]+\.)?[a-z_][A-Za-z0-9_]*", name) is None:
        raise typer.BadParameter("write NAME=VALUE, as symbol=LTC/USD", param_hint="--set")
    if value.startswith("@"):
        try:
            lines = Path(value[1:]).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"{name}: cannot read {value[1:]}", param_hint="--set") from error
        return name, literal(lines[0] if lines else "")
    try:
        return name, Value(value, ()) if "|" in value else parse_value(value)
    except BadValue as error:
        raise typer.BadParameter(f"{name}: {error}", param_hint="--set") from error
