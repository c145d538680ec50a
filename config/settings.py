"""The venue's settings: one struct per table of the TOML file, checked as a whole before anything starts.

Prices, quantities and amounts are decimal texts in the file and integers from here on. Every error is a
`SettingsError` of one line that says where in the file, what, and what to do.
"""

import ipaddress
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal, get_args

import msgspec

NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$"
COMP_ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"
DECIMAL_PATTERN: Final = r"^[0-9]{1,18}(\.[0-9]{1,18})?$"
ARGON2ID_PATTERN: Final = r"^\$argon2id\$v=19\$m=[0-9]+,t=[0-9]+,p=[0-9]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$"
PORT_MAX: Final = 65_535
ADDRESS_PATTERN: Final = r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$"
TIME_OF_DAY_PATTERN: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"

Name = Annotated[str, msgspec.Meta(pattern=NAME_PATTERN)]
"""Account, asset and instrument names: short, printable, safe in FIX."""

CompId = Annotated[str, msgspec.Meta(pattern=COMP_ID_PATTERN)]
"""The same without `/`: safe in file names too."""

DecimalText = Annotated[str, msgspec.Meta(pattern=DECIMAL_PATTERN)]

Address = Annotated[str, msgspec.Meta(pattern=ADDRESS_PATTERN)]
"""Host and port; an IPv6 address in brackets."""

PasswordHash = Annotated[str, msgspec.Meta(pattern=ARGON2ID_PATTERN)]

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final = get_args(Weekday)

ScheduledPhase = Literal[
    "continuous", "closed", "pre-open", "opening-auction", "closing-auction", "post-only", "cancel-only"
]
"""Phases that come by a schedule; the others are the staff's, or the price band's."""

Sync = Literal["always", "relaxed"]
SYNC_CHOICES: Final = get_args(Sync)
CancelOnDisconnect = Literal["none", "session", "accounts"]
CANCEL_ON_DISCONNECT_CHOICES: Final = get_args(CancelOnDisconnect)
Lane = Literal["native", "quickfix"]
LANE_CHOICES: Final = get_args(Lane)


Role = Literal["order-entry", "drop-copy", "market-data", "read-only"]
ROLE_CHOICES: Final = get_args(Role)
TlsVersion = Literal["1.2", "1.3"]
TLS_VERSION_CHOICES: Final = get_args(TlsVersion)
ClientCertificates = Literal["none", "optional", "required"]
CLIENT_CERTIFICATES_CHOICES: Final = get_args(ClientCertificates)
Version = Literal["FIX.4.2", "FIX.4.4", "FIX.5.0SP2"]
VERSION_CHOICES: Final = get_args(Version)


class SettingsError(Exception):
    """The settings cannot be used."""


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A certificate, with those that vouch for it, and its key: PEM files, relative to where the venue is started."""

    certificate: str
    key: str


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """TLS on the FIX address. Files that change are taken anew while the venue serves."""

    certificate: str
    key: str
    """PEM files, relative to where the venue is started."""
    minimum_version: TlsVersion = "1.2"
    client_certificates: ClientCertificates = "none"
    """Whether clients are asked for a certificate, and whether they need one. Sessions may have some pinned to them."""
    client_ca: str | None = None
    """PEM file of the certificates that vouch for those of clients."""
    server_names: dict[str, Certificate] = {}
    """Certificates by the name that a client asks for (SNI). If there are any, other names are refused; who asks for
    none gets the certificate above."""


class Fix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where and as whom the venue speaks FIX."""

    comp_id: CompId
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 9878
    plain_tcp_outside_loopback: bool = False
    """Without this, what is not TLS is served on loopback addresses only."""
    tls: Tls | None = None
    networks: tuple[str, ...] = ()
    """The only addresses that connections may come from, such as "192.0.2.0/24"; any if none is named."""
    lane: Lane = "native"
    """Who speaks the session layer: we, or the `quickfix` package (`spec/quickfix-lane.md`)."""
    logon_timeout_s: Annotated[int, msgspec.Meta(ge=1, le=300)] = 10
    slow_reader_timeout_s: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 30
    connections_max: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1_000
    logon_window_s: Annotated[int, msgspec.Meta(ge=1, le=120)] = 5
    """How far the SendingTime of a signed Logon may be from the venue's clock."""
    lockout_after: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 5
    """After how many failures in a row a session must wait before it may try to log on again, 1 s and longer."""


class MarketData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where market data is served, by a process of its own; as `fix` in all else."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 9879
    slow_reader_timeout_s: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 30


Environment = Literal["production", "uat"]
ENVIRONMENT_CHOICES: Final = get_args(Environment)
Rail = Literal["sandbox"]
RAIL_CHOICES: Final = get_args(Rail)


class PaymentTier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What payments up to some amount need."""

    needed: Annotated[int, msgspec.Meta(ge=1, le=1_000)]
    up_to: DecimalText = "0"
    """0: all larger ones."""


class Payment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an asset comes in and goes out over a rail."""

    asset: Name
    rail: Rail
    confirmations: tuple[PaymentTier, ...] = (PaymentTier(1),)
    """How many a deposit needs before it is relied upon; smaller amounts first."""
    approvals: tuple[PaymentTier, ...] = (PaymentTier(1),)
    """How many people must approve a withdrawal, beside the one who asks for it."""
    looked_at_above: DecimalText = "0"
    """Larger deposits are looked at by two people before they are credited; 0: none for its size."""
    withdrawn_a_day_max: DecimalText = "0"
    """How much an account may withdraw in 24 hours; 0: no bound."""
    cooling_minutes: Annotated[int, msgspec.Meta(ge=0, le=43_200)] = 1_440
    """How long after its approval a new destination is not paid to yet."""


class BackOffice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the back office keeps what it knows. With this table, the venue runs one; else commands alone use it."""

    runs: bool = True
    """Whether `fondaco serve` runs it beside trading. It may as well be run for itself."""
    database: str = "sqlite:///backoffice.sqlite"
    """A file in the venue's data directory, or `postgresql://user@host/name`. The password of the latter is best left
    to PGPASSWORD or ~/.pgpass."""
    staff: dict[str, Name] = {}
    """Members of staff by who they are to the operating system, which then vouches for them."""
    environment: Environment = "production"
    """In production a session that enters orders needs a certification; in `uat`, where brokers try, it does not."""
    payments: tuple[Payment, ...] = ()
    """Without any, nothing comes in or goes out."""


class Served(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way in for processes on other hosts: TCP with TLS 1.3, always, and certificates of both sides."""

    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)]
    certificate: str
    key: str
    """The venue's, PEM files, relative to where it is started. Files that change are taken anew while it serves."""
    client_ca: str
    """PEM file of the certificates that vouch for those of the other side: whoever shows one of these is heard."""
    certificates: tuple[str, ...] = ()
    """SHA-256 fingerprints, hexadecimal, of the only certificates that are heard; any if none is named."""
    networks: tuple[str, ...] = ()
    """The only addresses that connections may come from, such as "192.0.2.0/24"; any if none is named."""


class Remote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the venue is, for a process on another host, which has none of its files."""

    certificate: str
    key: str
    """This process's own, PEM files; they are read for each connection."""
    ca: str
    """PEM file of the certificates that vouch for the venue's, which must be for the host that is connected to."""
    feed: Address | None = None
    control: Address | None = None
    """As "venue.example:9880"; without one this process has the other part only."""


class Journal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How durable a record is before anything is said about it."""

    sync: Sync = "always"
    """`always`: on disk (fdatasync). `relaxed`: with the operating system; a power cut may lose the last second."""
    segment_mib: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 64
    snapshot_every_records: Annotated[int, msgspec.Meta(ge=1_000)] = 1_000_000


class Asset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An asset. `decimals`: digits after the point that the venue keeps."""

    asset: Name
    decimals: Annotated[int, msgspec.Meta(ge=0, le=18)]


class Bands(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far an instrument may trade at once; a trade that would go further starts a volatility auction."""

    static_bps: Annotated[int, msgspec.Meta(ge=0, le=9_999)] = 0
    """From the price of the last auction, in basis points of that price; 0 for no such band."""
    dynamic_bps: Annotated[int, msgspec.Meta(ge=0, le=9_999)] = 0
    """From the last price; 0 for no such band."""
    auction_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)] = 300_000
    """How long that auction is, and how much longer if its price would be outside."""


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The trading rules of an instrument. They may change from one start to the next."""

    stop_protection_bps: Annotated[int, msgspec.Meta(ge=0, le=9_999)] = 500
    """How far beyond its StopPx a stop without a limit may trade, in basis points of the StopPx."""
    display_min_bps: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    """The least share of its quantity that an iceberg must display, in basis points."""
    bands: Bands | None = None
    auction_random_end_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)] = 0
    """By how much at most the scheduled end of an auction is put off at random."""
    indicative_every_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)] = 500
    """How often at most an indicative price is published while an auction's orders gather."""
    auction_protection_bps: Annotated[int, msgspec.Meta(ge=0, le=9_999)] = 1_000
    """How far from the reference price a market order may trade in an auction, in basis points of that price."""
    reference_price: DecimalText = "0"
    """What auctions, price bands and the fat-finger check go by before the first trade; 0 for none."""
    order_quantity_min: DecimalText = "0"
    order_quantity_max: DecimalText = "0"
    order_notional_min: DecimalText = "0"
    order_notional_max: DecimalText = "0"
    """What an order's quantity, and its price times quantity, must be within; 0 for no bound."""
    fat_finger_bps: Annotated[int, msgspec.Meta(ge=0, le=9_999)] = 0
    """How far beyond the reference price an order may pay, or sell for, in basis points of that price; 0: no bound."""


class PhaseChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of phase that comes every week."""

    at: Annotated[str, msgspec.Meta(pattern=TIME_OF_DAY_PATTERN)]
    """UTC."""
    phase: ScheduledPhase
    days: Annotated[tuple[Weekday, ...], msgspec.Meta(min_length=1)] = WEEKDAYS
    """All days of the week unless some are named."""


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is traded, in which steps, for which fee."""

    symbol: Name
    base: Name
    quote: Name
    price_increment: DecimalText
    quantity_increment: DecimalText
    maker_fee_bps: Annotated[int, msgspec.Meta(ge=-1_000, le=1_000)]
    taker_fee_bps: Annotated[int, msgspec.Meta(ge=-1_000, le=1_000)]
    order_quantity_max: DecimalText
    rules: Rules | None = None
    """Without this table the rules stay as the journal has them."""
    schedule: tuple[PhaseChange, ...] | None = None
    """Its trading phases; without this the schedule stays as the journal has it: none, trading around the clock."""


SelfTrade = Literal["none", "newest", "oldest", "both", "decrement"]
"""What becomes of an order that would trade with another one of its owner: which of the two is cancelled."""

SelfTradeScope = Literal["account", "firm"]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits on the orders of an account or a firm; without one there is none."""

    open_orders_max: Annotated[int, msgspec.Meta(ge=0)] = 0
    """How many of them may be open; 0 for no limit."""
    order_quantity_max: dict[Name, DecimalText] = {}
    """The largest quantity of one order, by base asset,"""
    order_notional_max: dict[Name, DecimalText] = {}
    """and its largest price times quantity, by quote asset."""


class Firm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A firm that has accounts."""

    firm: Name
    limits: Limits
    """Together with those of the account: an order is held to both."""


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cash account and what it is opened with, as decimal texts by asset."""

    account: Name
    firm: Name | None = None
    """Whose account it is; without this it is a firm of its own."""
    self_trade: SelfTrade | None = None
    """For its orders that do not say; without this it stays as the journal has it."""
    self_trade_scope: SelfTradeScope = "account"
    """Whose orders count as its own."""
    deposits: dict[Name, DecimalText] = {}
    limits: Limits | None = None
    """Without this table the limits stay as the journal has them."""


class Throttle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many messages a session may send: so many at once, and so many more each second. Cancels are free."""

    orders_per_s: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    orders_burst: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    """New orders and replaces; 0 for no limit."""
    queries_per_s: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    queries_burst: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    """Requests that change nothing."""


class Copies(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose reports a drop-copy session gets."""

    accounts: tuple[Name, ...] = ()
    firms: tuple[Name, ...] = ()
    fills_only: bool = False


class Session(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A broker's FIX session. Username(553) is its CompID; the first account is the default for Account(1).

    What staff have changed since the settings were last changed stays as they have it.
    """

    comp_id: CompId
    password_hash: PasswordHash | None = None
    """Without one it needs a public key."""
    accounts: tuple[Name, ...] = ()
    """At least one for a session that enters orders or looks on."""
    self_trade: SelfTrade | None = None
    """For orders that it enters and that do not say; goes before the account's."""
    self_trade_scope: SelfTradeScope = "account"
    cancel_on_disconnect: CancelOnDisconnect = "none"
    """Which orders are cancelled when it is gone and its Logon did not say: its own, its accounts', or none."""
    disconnect_grace_ms: Annotated[int, msgspec.Meta(ge=0, le=3_600_000)] = 0
    """How long it may be gone before that, in milliseconds."""
    role: Role = "order-entry"
    version: Version = "FIX.4.4"
    validates: bool = True
    """Hold each message to the dictionary of that version."""
    recovers_unasked: bool = False
    """After each Logon, send what it missed, its open orders, and a News that says when this is over."""
    instruments: tuple[Name, ...] = ()
    """The only ones that it may trade; all if none is named."""
    on_behalf_of: dict[CompId, Name] = {}
    """Clients in whose name it may act, OnBehalfOfCompID(115), and the account that it trades for then."""
    networks: tuple[str, ...] = ()
    """The only addresses that it may come from, such as "192.0.2.0/24"; any if none is named."""
    throttle: Throttle = Throttle()
    copies: Copies = Copies()
    public_keys: tuple[str, ...] = ()
    """Ed25519 keys, base64, one of which signs its Logons."""
    certificates: tuple[str, ...] = ()
    """SHA-256 fingerprints, hexadecimal, of TLS certificates of which it must show one."""


class Venue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules of the whole venue."""

    trading_day_ends: Annotated[str, msgspec.Meta(pattern=TIME_OF_DAY_PATTERN)] = "00:00"
    """UTC. DAY orders expire then."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings. `assets`, `instruments`, `accounts`, `sessions` seed an empty journal; later starts add to it."""

    fix: Fix
    data: str = "data"
    """Directory of the venue's files, relative to where the venue is started."""
    venue: Venue = Venue()
    journal: Journal = Journal()
    back_office: BackOffice = BackOffice(runs=False)
    market_data: MarketData | None = None
    """Without this table there is no market data."""
    feed: Served | None = None
    """The feed for other hosts; without this table it is for this one only,"""
    control: Served | None = None
    """and so is control."""
    remote: Remote | None = None
    """Without this table the venue is in the data directory."""
    assets: tuple[Asset, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    firms: tuple[Firm, ...] = ()
    accounts: tuple[Account, ...] = ()
    sessions: tuple[Session, ...] = ()


def load(path: Path) -> Settings:
    """Read and check a settings file. Raise `SettingsError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: no such file; name the venue's settings, a TOML file") from error
    except IsADirectoryError as error:
        raise SettingsError(f"{path}: is a directory; name the TOML file in it") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not TOML: not UTF-8 text (byte {error.start})") from error
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}") from error
    return parse(text, str(path))


def parse(text: str, origin: str) -> Settings:
    """Check settings given as TOML text; `origin` names them in errors. Raise `SettingsError`."""
    try:
        settings = msgspec.convert(_tables(text, origin), Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{origin}: {_in_words(error)}") from error
    _check_names(settings, origin)
    _check_limits(settings, origin)
    _check_payments(settings, origin)
    _check_network(settings.fix, "fix", settings.fix.host, origin)
    if settings.market_data is not None:
        _check_network(settings.fix, "market_data", settings.market_data.host, origin)
    _check_tls(settings, origin)
    for table, served in (("feed", settings.feed), ("control", settings.control)):
        if served is not None:
            _check_address(served.host, served.networks, table, origin)
    if settings.remote is not None:
        for name, address in (("feed", settings.remote.feed), ("control", settings.remote.control)):
            if address is not None and not 0 < host_and_port(address)[1] <= PORT_MAX:
                raise SettingsError(f"{origin}: remote.{name}: {address!r} has no port from 1 to {PORT_MAX}")
    return settings


def _tables(text: str, origin: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise SettingsError(f"{origin}: not TOML: nested too deeply") from error
    except ValueError as error:  # tomllib's own error, or a number of thousands of digits
        raise SettingsError(f"{origin}: not TOML: {error}") from error


_WORDS: Final = (
    (f"`str` matching regex {NAME_PATTERN!r}", "a name of 1 to 32 letters, digits and . _ / -, no sign first"),
    (f"`str` matching regex {COMP_ID_PATTERN!r}", "a name of 1 to 32 letters, digits and . _ -, no sign first"),
    (f"`str` matching regex {DECIMAL_PATTERN!r}", 'a decimal text such as "0.01", without a sign'),
    (f"`str` matching regex {ARGON2ID_PATTERN!r}", "an argon2id hash ($argon2id$...), never the password itself"),
    (f"`str` matching regex {ADDRESS_PATTERN!r}", 'a host and a port, such as "venue.example:9880"'),
    (f"`str` matching regex {TIME_OF_DAY_PATTERN!r}", "a time of day, HH:MM"),
    ("`str`", "text in quotes"),
    ("`int`", "a whole number"),
    ("`float`", "a number with a point"),
    ("`bool`", "true or false"),
    ("`array` of length >= 1", "a list with something in it"),
    ("`array`", "a list"),
    ("`object`", "a table"),
    ("Object missing required field", "missing:"),
    ("Object contains unknown field", "unknown setting"),
    ("Invalid enum value", "unknown value"),
    ("Expected ", "must be "),
    (", got ", ", not "),
)


_CHOICES: Final = {
    "sync": SYNC_CHOICES,
    "cancel_on_disconnect": CANCEL_ON_DISCONNECT_CHOICES,
    "lane": LANE_CHOICES,
    "role": ROLE_CHOICES,
    "version": VERSION_CHOICES,
    "minimum_version": TLS_VERSION_CHOICES,
    "client_certificates": CLIENT_CERTIFICATES_CHOICES,
    "rail": RAIL_CHOICES,
    "environment": ENVIRONMENT_CHOICES,
}


def _in_words(error: msgspec.ValidationError) -> str:
    """Return where and what, in the words of the file rather than of the library."""
    what, _, path = str(error).partition(" - at ")
    where = path.removeprefix("`key` in ").strip("`").lstrip("$.")
    for theirs, ours in _WORDS:
        what = what.replace(theirs, ours)
    choices = _CHOICES.get(where.rpartition(".")[2])
    if choices and "unknown value" in what:
        what += f" (choose from: {', '.join(choices)})"
    return f"{where}: {what}" if where else what


def _check_names(settings: Settings, origin: str) -> None:
    assets = _unique(origin, "asset", [asset.asset for asset in settings.assets])
    accounts = _unique(origin, "account", [account.account for account in settings.accounts])
    _unique(origin, "instrument", [instrument.symbol for instrument in settings.instruments])
    sessions = _unique(origin, "session", [session.comp_id for session in settings.sessions])
    for instrument in settings.instruments:
        for asset in (instrument.base, instrument.quote):
            if asset not in assets:
                raise SettingsError(f"{origin}: instrument {instrument.symbol}: unknown asset {asset}")
    for account in settings.accounts:
        for asset in account.deposits:
            if asset not in assets:
                raise SettingsError(f"{origin}: account {account.account}: deposit of unknown asset {asset}")
    for session in settings.sessions:
        flaw = _flaw_of_session(session, accounts)
        if flaw:
            raise SettingsError(f"{origin}: session {session.comp_id}: {flaw}")
    if settings.fix.comp_id in sessions:
        raise SettingsError(f"{origin}: session {settings.fix.comp_id} has the venue's own CompID")


def _flaw_of_session(session: Session, accounts: set[str]) -> str:
    for name in (*session.accounts, *session.on_behalf_of.values(), *session.copies.accounts):
        if name not in accounts:
            return f"unknown account {name}"
    if not session.accounts and session.role in ("order-entry", "read-only"):
        return f"missing: accounts, at least one for the role {session.role}"
    if session.password_hash is None and not session.public_keys:
        return "missing: password_hash, or public_keys"
    return ""


def _check_limits(settings: Settings, origin: str) -> None:
    firms = {account.firm or account.account for account in settings.accounts}
    for name in _unique(origin, "firm", [firm.firm for firm in settings.firms]):
        if name not in firms:
            raise SettingsError(f"{origin}: firm {name}: no account is of this firm")
    limited = [(f"firm {firm.firm}", firm.limits) for firm in settings.firms]
    limited += [(f"account {each.account}", each.limits) for each in settings.accounts if each.limits is not None]
    assets = {asset.asset for asset in settings.assets}
    for who, limits in limited:
        for asset in (*limits.order_quantity_max, *limits.order_notional_max):
            if asset not in assets:
                raise SettingsError(f"{origin}: {who}: limit in unknown asset {asset}")


def _check_payments(settings: Settings, origin: str) -> None:
    payments = settings.back_office.payments
    _unique(origin, "payment", [f"{payment.asset} over {payment.rail}" for payment in payments])
    assets = {asset.asset: asset.decimals for asset in settings.assets}
    for payment in payments:
        who = f"{origin}: payment of {payment.asset} over {payment.rail}"
        if payment.asset not in assets:
            raise SettingsError(f"{who}: unknown asset")
        tiers = {"confirmations": payment.confirmations, "approvals": payment.approvals}
        amounts = [payment.looked_at_above, payment.withdrawn_a_day_max]
        for what, steps in tiers.items():
            bounds = [Decimal(tier.up_to) for tier in steps]
            if not bounds or bounds[-1] != 0 or 0 in bounds[:-1] or bounds[:-1] != sorted(set(bounds[:-1])):
                raise SettingsError(f"{who}: {what} must rise in up_to, and end with one that has none")
            amounts += [tier.up_to for tier in steps]
        for amount in amounts:
            if len(amount.partition(".")[2]) > assets[payment.asset]:
                raise SettingsError(f"{who}: {amount} has more decimals than the asset ({assets[payment.asset]})")


def _unique(origin: str, kind: str, names: list[str]) -> set[str]:
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"{origin}: {kind} {name} is there twice")
    return set(names)


def host_and_port(address: str) -> tuple[str, int]:
    """Return the two parts of an `Address`."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _check_network(fix: Fix, table: str, host: str, origin: str) -> None:
    address = _check_address(host, fix.networks, table, origin)
    if not address.is_loopback and fix.tls is None and not fix.plain_tcp_outside_loopback:
        raise SettingsError(
            f"{origin}: {table}.host {host} is outside loopback, where plain TCP shows passwords and orders to the "
            "network; set up [fix.tls], serve loopback, or set fix.plain_tcp_outside_loopback = true"
        )


def _check_address(
    host: str, networks: tuple[str, ...], table: str, origin: str
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return an address to listen on. Raise `SettingsError` if it is none, or the networks are none."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError as error:
        raise SettingsError(f"{origin}: {table}.host: {host!r} is not an IP address") from error
    for network in networks:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise SettingsError(f"{origin}: {table}.networks: {network!r} is not a network in CIDR notation") from error
    return address


def _check_tls(settings: Settings, origin: str) -> None:
    tls = settings.fix.tls
    asks = tls is not None and tls.client_certificates != "none"
    if tls is not None and asks != (tls.client_ca is not None):
        raise SettingsError(f"{origin}: fix.tls: client_ca goes with client_certificates, optional or required")
    for session in settings.sessions:
        if session.certificates and not asks:
            raise SettingsError(
                f"{origin}: session {session.comp_id}: certificates, but clients are not asked for any; set "
                "fix.tls.client_certificates to optional or required"
            )
