"""What a FIX session is set up to be and to do, and how it proves who it is. Data; the rules are in `engine.sessions`.

All of it is in the journal, so that sessions can be made, changed and removed while the venue runs. What proves a
client's identity is here in a form that lets nobody pass for the client: a hash, public keys, fingerprints, and a
secret that was sealed under a key of the venue's own, which the journal does not have.
"""

from enum import IntEnum
from typing import Final

import msgspec

from engine.values import CancelOnDisconnect

FIX_VERSIONS: Final = ("FIX.4.2", "FIX.4.4", "FIX.5.0SP2")
"""The versions that a session may speak; the last over FIXT.1.1."""


class SessionRole(IntEnum):
    """What a session is for."""

    ORDER_ENTRY = 1
    DROP_COPY = 2
    """Copies of other sessions' reports."""
    MARKET_DATA = 3
    READ_ONLY = 4
    """Questions about its accounts; no orders, no cancels."""


class Throttle(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How many messages a session may send: a bucket that holds `_burst` of them and gets `_per_s` more each second.

    0 for no limit. Orders are new orders and replaces, those in lists each for itself; cancels are free.
    """

    orders_per_s: int = 0
    orders_burst: int = 0
    queries_per_s: int = 0
    queries_burst: int = 0
    warns: bool = False
    """The session is told, unasked, when a bucket is nearly empty."""


class CopyScope(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Of whom a drop-copy session gets copies: accounts, and all those of firms (a clearing member names several)."""

    accounts: tuple[str, ...] = ()
    firms: tuple[str, ...] = ()
    fills_only: bool = False


class OnBehalf(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A client in whose name a session may act: its OnBehalfOfCompID(115), and the account that it trades for then."""

    comp_id: str
    account: str


class SessionProfile(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a session is set up to be. Empty tuples stand for no restriction."""

    role: SessionRole = SessionRole.ORDER_ENTRY
    version: str = "FIX.4.4"
    validates: bool = True
    """Each message is held to the dictionary; else only what the venue reads of it is."""
    recovers_unasked: bool = False
    """After each Logon it gets the reports that it missed, its open orders, and a News that says when this is over."""
    instruments: tuple[str, ...] = ()
    """The only ones that it may trade, or see."""
    on_behalf_of: tuple[OnBehalf, ...] = ()
    networks: tuple[str, ...] = ()
    """The only addresses that it may come from, in CIDR notation."""
    throttle: Throttle = Throttle()
    copies: CopyScope = CopyScope()


class SessionSetUp(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """All that a session is set up to be, credentials aside."""

    accounts: tuple[str, ...]
    on_disconnect: CancelOnDisconnect
    grace_ms: int
    profile: SessionProfile


class Credentials(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How a session proves who it is: by any one of these that it has; a pinned certificate comes on top."""

    password_hash: str = ""
    """argon2id."""
    public_keys: tuple[str, ...] = ()
    """Ed25519, base64; several, so that one can be replaced while another still works."""
    sealed_secret: str = ""
    """For HMAC-SHA256, sealed under the venue's key."""
    certificates: tuple[str, ...] = ()
    """SHA-256 fingerprints, hexadecimal, of the TLS certificates of which the client must show one."""


DEFAULT_PROFILE: Final = SessionProfile()
NOT_SET_UP: Final = SessionSetUp((), CancelOnDisconnect.NONE, 0, DEFAULT_PROFILE)
"""Stands for no session: there is none for order entry without an account."""
NO_CREDENTIALS: Final = Credentials()


class SequencesSet(msgspec.Struct, frozen=True, array_like=True):
    """What staff have set a session's sequences to since these began at 1; who has followed some of it does the rest.

    In place of every single time it holds the latest for what comes in, and the greatest for what goes out, which
    never goes back.
    """

    count: int = 0
    """How often they have been set."""
    next_in: int = 0
    next_in_count: int = 0
    """The how manieth time that was; 0 for never."""
    next_out: int = 0
    next_out_count: int = 0

    def and_then(self, next_in: int, next_out: int) -> "SequencesSet":
        """Return this with what is set now; 0 leaves a sequence as it is."""
        count = self.count + 1
        ins = (next_in, count) if next_in else (self.next_in, self.next_in_count)
        outs = (next_out, count) if next_out > self.next_out else (self.next_out, self.next_out_count)
        return SequencesSet(count, *ins, *outs)


NEVER_SET: Final = SequencesSet()
