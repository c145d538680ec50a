"""What a session is set up to be, as options of the command line: each changes one thing, and leaves the rest."""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backoffice.cli.numbers import NUMBER_MAX

if TYPE_CHECKING:
    from engine.profile import OnBehalf, SessionProfile


class Role(Enum):
    """What a session is for."""

    ORDER_ENTRY = "order-entry"
    DROP_COPY = "drop-copy"
    MARKET_DATA = "market-data"
    READ_ONLY = "read-only"


class Version(Enum):
    """What it speaks."""

    FIX42 = "FIX.4.2"
    FIX44 = "FIX.4.4"
    FIX50SP2 = "FIX.5.0SP2"


class OnDisconnect(Enum):
    """Which orders are cancelled when it is gone and its Logon did not say."""

    NONE = "none"
    SESSION = "session"
    ACCOUNTS = "accounts"


def _option(name: str, text: str, metavar: str | None = None) -> Any:  # noqa: ANN401 - typer has no common type
    return typer.Option(name, metavar=metavar, help=text, show_default=False)


AccountsOption = Annotated[
    list[str] | None, _option("--account", "An account; the first is its default. May be repeated.", "NAME")
]
RoleOption = Annotated[Role | None, _option("--role", "What it is for.")]
VersionOption = Annotated[Version | None, _option("--version", "What it speaks.")]
InstrumentsOption = Annotated[
    list[str] | None, _option("--instrument", "The only one permitted, or `all`. May be repeated.", "SYMBOL")
]
NetworksOption = Annotated[
    list[str] | None, _option("--network", "The only one it may come from, or `any`. May be repeated.", "CIDR")
]
ClientsOption = Annotated[
    list[str] | None,
    _option("--on-behalf-of", "A client in whose name it may act, or `none`. May be repeated.", "COMPID=ACCOUNT"),
]
CopiesOption = Annotated[
    list[str] | None, _option("--copy", "An account whose reports it gets, or `none`. May be repeated.", "ACCOUNT")
]
CopyFirmsOption = Annotated[
    list[str] | None, _option("--copy-firm", "A firm whose reports it gets, or `none`. May be repeated.", "FIRM")
]
FillsOption = Annotated[bool | None, _option("--fills-only/--all-reports", "What it gets copies of.")]
OrdersOption = Annotated[
    str | None, _option("--orders", "Orders a second and at once, as 100/200, or `none` for no limit.", "N/BURST")
]
QueriesOption = Annotated[
    str | None, _option("--queries", "Queries a second and at once, or `none` for no limit.", "N/BURST")
]
WarnsOption = Annotated[bool | None, _option("--warn/--no-warn", "Tell it, unasked, when it comes near its limits.")]
ValidatesOption = Annotated[
    bool | None,
    _option("--validate/--no-validate", "Hold its messages to the dictionary, or only what is read."),
]
RecoversOption = Annotated[
    bool | None, _option("--recover/--no-recover", "Send what it missed and its open orders after Logon, unasked.")
]
DisconnectOption = Annotated[
    OnDisconnect | None, _option("--cancel-on-disconnect", "Which orders are cancelled when it is gone.")
]
GraceOption = Annotated[
    int | None,
    typer.Option(
        "--grace-ms",
        metavar="MS",
        min=0,
        max=NUMBER_MAX,
        help="How long it may be gone before that.",
        show_default=False,
    ),
]


@dataclass(frozen=True, kw_only=True)
class SetUp:
    """The options of what a session is set up to be."""

    account: AccountsOption = None
    role: RoleOption = None
    version: VersionOption = None
    instrument: InstrumentsOption = None
    network: NetworksOption = None
    orders: OrdersOption = None
    queries: QueriesOption = None
    warn: WarnsOption = None
    cancel_on_disconnect: DisconnectOption = None
    grace_ms: GraceOption = None
    validate: ValidatesOption = None
    recover: RecoversOption = None
    on_behalf_of: ClientsOption = None
    copy: CopiesOption = None
    copy_firm: CopyFirmsOption = None
    fills_only: FillsOption = None


def changed(profile: "SessionProfile", given: SetUp) -> "SessionProfile":
    """Return a profile as options change it; None changes nothing. Raise `CommandFailed` if one cannot be read."""
    import msgspec

    from engine.profile import CopyScope, SessionRole, Throttle

    throttle, copies = profile.throttle, profile.copies
    orders_per_s, orders_burst = _rate(given.orders, throttle.orders_per_s, throttle.orders_burst)
    queries_per_s, queries_burst = _rate(given.queries, throttle.queries_per_s, throttle.queries_burst)
    return msgspec.structs.replace(
        profile,
        role=profile.role if given.role is None else SessionRole[given.role.name],
        version=profile.version if given.version is None else given.version.value,
        validates=profile.validates if given.validate is None else given.validate,
        recovers_unasked=profile.recovers_unasked if given.recover is None else given.recover,
        instruments=_names(given.instrument, profile.instruments, "all"),
        networks=_names(given.network, profile.networks, "any"),
        on_behalf_of=profile.on_behalf_of if given.on_behalf_of is None else _clients(given.on_behalf_of),
        throttle=Throttle(
            *(orders_per_s, orders_burst, queries_per_s, queries_burst),
            warns=throttle.warns if given.warn is None else given.warn,
        ),
        copies=CopyScope(
            _names(given.copy, copies.accounts, "none"),
            _names(given.copy_firm, copies.firms, "none"),
            copies.fills_only if given.fills_only is None else given.fills_only,
        ),
    )


def _names(given: list[str] | None, before: tuple[str, ...], no_restriction: str) -> tuple[str, ...]:
    if given is None:
        return before
    return () if given == [no_restriction] else tuple(given)


def _clients(given: list[str]) -> "tuple[OnBehalf, ...]":
    from backoffice.cli.failure import CommandFailed
    from engine.profile import OnBehalf

    if given == ["none"]:
        return ()
    clients = []
    for text in given:
        comp_id, sign, account = text.partition("=")
        if not (sign and comp_id and account):
            raise CommandFailed(f"--on-behalf-of {text}: write COMPID=ACCOUNT, or none")
        clients.append(OnBehalf(comp_id, account))
    return tuple(clients)


def _rate(given: str | None, per_s: int, burst: int) -> tuple[int, int]:
    from backoffice.cli.failure import CommandFailed

    if given is None:
        return per_s, burst
    if given == "none":
        return 0, 0
    first, sign, second = given.partition("/")
    if not (sign and first.isdecimal() and second.isdecimal()):
        raise CommandFailed(f"{given}: write N/BURST, as 100/200: so many a second, and so many at once; or none")
    return int(first), int(second)
