"""Settings of brokers' FIX sessions: how they prove who they are, and what they may do."""

from typing import Annotated, Literal

import msgspec

from config.owners import SelfTrade, SelfTradeScope
from config.texts import CompId, Name, PasswordHash

CancelOnDisconnect = Literal["none", "session", "accounts"]
Role = Literal["order-entry", "drop-copy", "market-data", "read-only"]
Version = Literal["FIX.4.2", "FIX.4.4", "FIX.5.0SP2"]


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
