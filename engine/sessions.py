"""FIX sessions: made, changed, suspended, removed, and where their sequences stand; all of it while the venue runs.

What is done here touches no other session. A command that cannot be carried out is answered by `CommandRejected` with
the reason in words; the gateway acts on the events of those that are.
"""

import base64
import binascii
import re
from ipaddress import ip_network
from typing import Final

from engine.commands import (
    LogOutSession,
    ProvisionSession,
    ReleaseOutbound,
    RemoveSession,
    ReserveOutbound,
    ResetSequence,
    ResumeSession,
    SetCredentials,
    SetSequence,
    SuspendSession,
)
from engine.events import AnyEvent, CommandRejected
from engine.guarding import orders_of_session
from engine.profile import (
    DEFAULT_PROFILE,
    FIX_VERSIONS,
    NEVER_SET,
    NOT_SET_UP,
    CopyScope,
    Credentials,
    SessionProfile,
    SessionRole,
    SessionSetUp,
    Throttle,
)
from engine.reject import unknown_session
from engine.session_events import (
    CredentialsSet,
    LogoutOrdered,
    SequenceReset,
    SequenceSet,
    SessionProvisioned,
    SessionRemoved,
    SessionResumed,
    SessionSuspended,
)
from engine.state import Session, State
from engine.values import GRACE_MS_MAX

SEQUENCE_MAX: Final = 2**31 - 1
"""No MsgSeqNum is greater."""
SKIPPED_MAX: Final = 1_000_000
"""Each skipped number has an entry in the session's index."""
THROTTLE_MAX: Final = 1_000_000
PUBLIC_KEYS_MAX: Final = 8
_PUBLIC_KEY_BYTES: Final = 32
_NAME: Final = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_FINGERPRINT: Final = re.compile("[0-9a-f]{64}")
_ARGON2ID: Final = "$argon2id$"
_TRADING: Final = (SessionRole.ORDER_ENTRY, SessionRole.READ_ONLY)
"""The roles that need an account."""


def provision_session(state: State, command: ProvisionSession) -> list[AnyEvent]:
    """Create a session, or change it; its sequences stay, and so do credentials that the command does not give."""
    profile = command.profile or DEFAULT_PROFILE
    credentials = command.credentials
    if credentials is None and command.password_hash:
        credentials = Credentials(command.password_hash)
    flaw = (
        _flaw_of_names(command.session, profile)
        or _flaw_of_accounts(state, command, profile)
        or _flaw_of_profile(state, command, profile)
        or _flaw_of_throttle(profile.throttle)
    )
    if not flaw and command.credentials is not None:
        flaw = flaw_of_credentials(command.credentials)
    if flaw:
        return [CommandRejected(f"session {command.session}: {flaw}")]
    session = state.sessions.get(command.session)
    if command.based_on is not None and command.based_on != _set_up(session):
        text = "made, changed or removed since it was looked at; look again, and then change what there is"
        return [CommandRejected(f"session {command.session}: {text}")]
    if session is None:
        session = state.sessions[command.session] = Session(command.session)
        session.resets = state.removed_sessions.pop(command.session, 0)
    copied_before = _copies(session.profile)
    session.provision(state.accounts[account] for account in command.accounts)
    session.default_on_disconnect, session.grace_ms = command.on_disconnect, command.grace_ms
    session.profile = profile
    if credentials is not None:
        session.credentials = credentials
    if command.seed:
        session.seed = command.seed
    return [SessionProvisioned(command.session, command.by, command.why, _copies(profile), copied_before)]


def set_credentials(state: State, command: SetCredentials) -> list[AnyEvent]:
    """Let a session prove who it is in other ways from now on."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    known = session.credentials
    credentials = Credentials(
        known.password_hash if command.password_hash is None else command.password_hash,
        known.public_keys if command.public_keys is None else command.public_keys,
        known.sealed_secret if command.sealed_secret is None else command.sealed_secret,
        known.certificates if command.certificates is None else command.certificates,
    )
    flaw = flaw_of_credentials(credentials)
    if flaw:
        return [CommandRejected(f"session {command.session}: {flaw}")]
    session.credentials = credentials
    return [CredentialsSet(command.session, command.by, command.why)]


def suspend_session(state: State, command: SuspendSession) -> list[AnyEvent]:
    """Let a session log on no more."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    was_suspended, session.is_suspended = session.is_suspended, True
    return [SessionSuspended(command.session, command.by, command.why, was_suspended)]


def resume_session(state: State, command: ResumeSession) -> list[AnyEvent]:
    """Let a suspended session log on again."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    was_suspended, session.is_suspended = session.is_suspended, False
    return [SessionResumed(command.session, command.by, command.why, was_suspended)]


def remove_session(state: State, command: RemoveSession) -> list[AnyEvent]:
    """End a session that has no open orders. What is remembered is how often its sequences began at 1."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    open_count = len(orders_of_session(state, command.session))
    if open_count:
        text = f"session {command.session} has {open_count} open orders; cancel them first, or block the session"
        return [CommandRejected(text)]
    state.due.remove(session)
    for book in state.books.values():
        book.security_status_to.pop(command.session, None)
        book.session_status_to.pop(command.session, None)
    state.self_trade_sessions.pop(command.session, None)
    del state.sessions[command.session]
    state.removed_sessions[command.session] = session.resets + 1
    return [SessionRemoved(command.session, command.by, command.why)]


def set_sequence(state: State, command: SetSequence) -> list[AnyEvent]:
    """Set which number is expected next, and which is used next."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    if not (0 <= command.next_in <= SEQUENCE_MAX and 0 <= command.next_out <= SEQUENCE_MAX):
        return [CommandRejected(f"session {command.session}: sequence numbers are 1 to {SEQUENCE_MAX}")]
    if command.next_out > session.reserved_out + SKIPPED_MAX:
        return [CommandRejected(f"session {command.session}: at most {SKIPPED_MAX:,} numbers can be skipped at a time")]
    if command.next_in:
        session.last_in = command.next_in - 1
    session.reserved_out = max(session.reserved_out, command.next_out - 1)
    session.sequences_set = session.sequences_set.and_then(command.next_in, command.next_out)
    return [SequenceSet(command.session, command.next_in, command.next_out, command.by, command.why)]


def log_out_session(state: State, command: LogOutSession) -> list[AnyEvent]:
    """Put on record that a session is to be logged out; the gateway does it."""
    if command.session not in state.sessions:
        return unknown_session(command.session)
    return [LogoutOrdered(command.session, command.by, command.why)]


def reset_sequence(state: State, command: ResetSequence) -> list[AnyEvent]:
    """Let both sequences of a session begin again at 1."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = 0
    session.reserved_out = 0
    session.resets += 1
    session.sequences_set = NEVER_SET
    return [SequenceReset(command.session, command.by, command.why)]


def reserve_outbound(state: State, command: ReserveOutbound) -> list[AnyEvent]:
    """Note that outgoing numbers up to `through` may be in use from now on."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.reserved_out = command.through
    return []


def release_outbound(state: State, command: ReleaseOutbound) -> list[AnyEvent]:
    """Note exactly where both sequences stood at a clean stop."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    if command.next_in < 1 or command.next_out < 1:
        return [CommandRejected(f"session {command.session}: sequence numbers begin at 1")]
    session.last_in = command.next_in - 1
    session.reserved_out = command.next_out - 1
    return []


def _set_up(session: Session | None) -> SessionSetUp:
    if session is None:
        return NOT_SET_UP
    return SessionSetUp(session.accounts, session.default_on_disconnect, session.grace_ms, session.profile)


def _copies(profile: SessionProfile) -> CopyScope | None:
    return profile.copies if profile.role is SessionRole.DROP_COPY else None


def _flaw_of_accounts(state: State, command: ProvisionSession, profile: SessionProfile) -> str:
    flaw = _flaw_of_account_names(command.accounts, profile)
    if flaw:
        return flaw
    for account in command.accounts:
        if account not in state.accounts:
            return f"unknown account {account}"
    return _flaw_of_grace(command.grace_ms)


def _flaw_of_account_names(accounts: tuple[str, ...], profile: SessionProfile) -> str:
    if not accounts and profile.role in _TRADING:
        return "needs at least one account"
    if len(set(accounts)) < len(accounts):
        return "an account is named twice"
    return ""


def _flaw_of_grace(grace_ms: int) -> str:
    return "" if 0 <= grace_ms <= GRACE_MS_MAX else f"grace_ms must be 0 to {GRACE_MS_MAX}"


def _flaw_of_profile(state: State, command: ProvisionSession, profile: SessionProfile) -> str:
    if profile.version not in FIX_VERSIONS:
        return f"version {profile.version} is none of {', '.join(FIX_VERSIONS)}"
    for symbol in profile.instruments:
        if symbol not in state.books:
            return f"unknown instrument {symbol}"
    for client in profile.on_behalf_of:
        if client.account not in command.accounts:
            return f"on behalf of {client.comp_id}: {client.account} is none of its accounts"
    flaw = _flaw_of_networks(profile.networks)
    if flaw:
        return flaw
    for account in profile.copies.accounts:
        if account not in state.accounts:
            return f"copies: unknown account {account}"
    for firm in profile.copies.firms:
        if firm not in state.firms:
            return f"copies: unknown firm {firm}"
    return ""


def _flaw_of_networks(networks: tuple[str, ...]) -> str:
    for network in networks:
        try:
            ip_network(network)
        except ValueError:
            return f"{network} is not a network in CIDR notation"
    return ""


def _flaw_of_names(session: str, profile: SessionProfile) -> str:
    """Return what is wrong with the names that FIX messages and files are to have."""
    for name in (session, *(client.comp_id for client in profile.on_behalf_of)):
        if _NAME.fullmatch(name) is None:
            return f"{name!r} is not a name of 1 to 32 letters, digits and . _ -, no sign first"
    return ""


def _flaw_of_throttle(throttle: Throttle) -> str:
    for per_s, burst in (
        (throttle.orders_per_s, throttle.orders_burst),
        (throttle.queries_per_s, throttle.queries_burst),
    ):
        if not (0 <= per_s <= THROTTLE_MAX and 0 <= burst <= THROTTLE_MAX and bool(per_s) == bool(burst)):
            return f"a throttle has a rate and a burst, each 1 to {THROTTLE_MAX}, or 0 and 0 for none"
    return ""


def flaw_of_set_up(session: str, set_up: SessionSetUp) -> str:
    """Return what is wrong with how a session is to be set up, whichever accounts and instruments there are."""
    profile = set_up.profile
    return (
        _flaw_of_names(session, profile)
        or _flaw_of_account_names(set_up.accounts, profile)
        or _flaw_of_grace(set_up.grace_ms)
        or _flaw_of_networks(profile.networks)
        or _flaw_of_throttle(profile.throttle)
    )


def flaw_of_credentials(credentials: Credentials) -> str:
    """Return what is wrong with credentials, without repeating them."""
    if credentials.password_hash and not credentials.password_hash.startswith(_ARGON2ID):
        return "a password is kept as an argon2id hash, never as itself"
    if len(credentials.public_keys) > PUBLIC_KEYS_MAX or len(credentials.certificates) > PUBLIC_KEYS_MAX:
        return f"at most {PUBLIC_KEYS_MAX} public keys and as many certificates"
    for key in credentials.public_keys:
        try:
            is_key = len(base64.b64decode(key, validate=True)) == _PUBLIC_KEY_BYTES
        except (binascii.Error, ValueError):
            is_key = False
        if not is_key:
            return f"a public key is an Ed25519 key: {_PUBLIC_KEY_BYTES} bytes in base64"
    for fingerprint in credentials.certificates:
        if _FINGERPRINT.fullmatch(fingerprint) is None:
            return "a certificate is named by its SHA-256 fingerprint: 64 hexadecimal digits"
    return ""
