"""Authentication: whether a Logon is from the session that it names, and what it is told if not.

What it carries chooses the scheme: a signature in RawData(96) is held against the session's public keys or its secret
(`fixgw.signatures`), else Password(554) against its hash. Before that comes where it is from: the session's networks,
and the certificates pinned to it.

A Logon between parties, or from a place, that the venue does not know is hung up on, as the standard's case 1S c has it
("Disconnect without sending a message"): from outside, a session with networks or certificates cannot be told from one
that does not exist. All that can be wrong with credentials is answered by one and the same Logout, after one and the
same time, a lock-out (`fixgw.lockout`) too; which it was is for the venue's log. As a Logout takes up one of the
session's numbers, there are only so many in a time, and then silence.

A signature is good for `window_s` around the venue's clock, and once: each signed Logon must have a later SendingTime
than the last, whichever process took that (`fixgw.signed_logons`), and than the venue's start. Passwords are verified
in threads of their own, so that trading does not wait for them, and for sessions that do not exist too: time must not
tell which ones do. If too many wait, more are let go.
"""

import asyncio
import hmac
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple, TypeVar

from engine.state import Session
from fixgw.codec import Message
from fixgw.errors import InvalidTimestamp, SignedLogonsError, VaultError
from fixgw.lockout import SECOND_NS, Lockout
from fixgw.origin import Origin
from fixgw.passwords import decoy, flaw_of_password, hash_password, matches
from fixgw.signatures import CODE_BYTES, SIGNATURE_BYTES, is_coded_with, is_signed_by, signature_bytes
from fixgw.signed_logons import SignedLogons
from fixgw.timestamps import parse_utc
from fixgw.vault import Vault

NOT_OF_THE_SESSION: Final = "the credentials are not those of the session"
"""Text(58) of the Logout, whatever the reason."""
WINDOW_S: Final = 5
LOCKOUT_AFTER: Final = 5
REFUSAL_S: Final = 0.25
"""How long after a Logon it is refused, whatever it takes to find out."""
VERIFICATIONS_AT_ONCE: Final = 2
VERIFICATIONS_WAITING_MAX: Final = 1_024
ANSWERS_AT_ONCE: Final = 20
ANSWERS_EVERY_NS: Final = 10 * SECOND_NS
"""How many refusals of a session are answered at once, and how long until one more is."""

Result = TypeVar("Result")


class Verdict(NamedTuple):
    """What has been found of a Logon's credentials."""

    reason: str = ""
    """Why they are not the session's, for the log alone; empty if they are."""
    answer: str = ""
    """What to say to that; if nothing, hang up."""
    problem: str = ""
    """Why the Logon of the session cannot be accepted all the same."""
    password_hash: str = ""
    """That of the session's NewPassword(925), to be put on record before it is answered."""


class Authenticator:
    """Judges Logons."""

    def __init__(
        self,
        vault: Vault | None = None,
        *,
        window_s: int = WINDOW_S,
        lockout_after: int = LOCKOUT_AFTER,
        signed_logons: SignedLogons | None = None,
        clock: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """`vault` opens the secrets of sessions. `clock` is the venue's, nanoseconds since the epoch.

        Without `signed_logons`, signed Logons are remembered until the process ends.
        """
        self.lockout = Lockout(lockout_after)
        self.refusal_s = REFUSAL_S
        self._vault = vault
        self._signed_logons = signed_logons
        self._window_ns = window_s * SECOND_NS
        self._clock = clock
        self._monotonic = monotonic
        self._decoy = ""
        self._verifiers = ThreadPoolExecutor(VERIFICATIONS_AT_ONCE, "password")
        """What waits for them is given up when its connection goes."""
        self._waiting_count = 0
        self._started_ns = clock()
        self._signed_ns: dict[str, int] = {}
        """SendingTime of each session's last signed Logon."""
        self._answers: dict[str, tuple[int, int]] = {}
        """How many refusals of a session have been answered, and since when that many."""

    def refresh(self, sessions: Iterable[Session]) -> None:
        """Take notice of the sessions there are."""
        names = set()
        self._decoy = ""
        for session in sessions:
            names.add(session.session)
            self._decoy = self._decoy or decoy(session.credentials.password_hash)
        self._decoy = self._decoy or decoy()
        for table in (self._signed_ns, self._answers):
            for name in table.keys() - names:
                table.pop(name, None)

    def close(self) -> None:
        """Verify no more."""
        self._verifiers.shutdown()

    async def judge(self, known: Session | None, logon: Message, origin: Origin) -> Verdict:
        """Judge a Logon from `origin` in the name of a session; `known` is None if it is none of this venue."""
        due_at = asyncio.get_running_loop().time() + self.refusal_s
        verdict = await self._judge(known, logon.fields, origin)
        if verdict.reason:
            await asyncio.sleep(due_at - asyncio.get_running_loop().time())
        return verdict

    async def _judge(self, known: Session | None, fields: Mapping[str, str], origin: Origin) -> Verdict:
        stranger = _what_is_strange(known, origin)
        name = known.session if known is not None and not stranger else ""
        if not self.lockout.admits(name, origin.place, self._monotonic()):
            return self._refusal(name, "locked out")
        if known is None or stranger:
            if "96" not in fields and "554" in fields:
                await self._in_a_thread(lambda: matches(self._decoy, fields["554"]))
            return Verdict(stranger)
        credentials = known.credentials
        if "96" in fields:
            reason = self._what_is_wrong_with_signature(known, fields)
            reason = reason or await self._what_is_wrong_with_time(name, fields.get("52", ""))
        else:
            reason = await self._what_is_wrong_with_password(credentials.password_hash, name, fields)
        if not reason and known.credentials is not credentials:
            reason = "other credentials were set meanwhile"
        if reason:
            return self._refusal(name, reason)
        self.lockout.succeeded(name, origin.place)
        return await self._welcome(name, fields) if "925" in fields else Verdict()

    async def _welcome(self, name: str, fields: Mapping[str, str]) -> Verdict:
        """Take the new password of a session that has proved who it is."""
        new, old = fields["925"], fields.get("554", "")
        if "96" in fields:
            return Verdict(problem="NewPassword(925) goes with Password(554), not with RawData(96)")
        if hmac.compare_digest(new.encode(), old.encode()):
            return Verdict(problem="NewPassword(925) is the old one")
        flaw = flaw_of_password(new, name)
        if flaw:
            return Verdict(problem=f"NewPassword(925): {flaw}")
        password_hash = await self._in_a_thread(lambda: hash_password(new))
        return Verdict(password_hash=password_hash or "", problem="" if password_hash else "too many Logons at once")

    def _refusal(self, name: str, reason: str) -> Verdict:
        """Return the refusal of a session's Logon, with an answer unless too many were answered lately."""
        if not name:
            return Verdict(reason)
        now_ns = self._monotonic()
        count, since_ns = self._answers.get(name, (0, now_ns))
        given_back = min(count, (now_ns - since_ns) // ANSWERS_EVERY_NS)
        count, since_ns = count - given_back, since_ns + given_back * ANSWERS_EVERY_NS
        if count >= ANSWERS_AT_ONCE:
            return Verdict(reason)
        self._answers[name] = (count + 1, since_ns if count else now_ns)
        return Verdict(reason, NOT_OF_THE_SESSION)

    async def _what_is_wrong_with_password(self, password_hash: str, name: str, fields: Mapping[str, str]) -> str:
        password = fields.get("554", "")
        is_right = await self._in_a_thread(lambda: matches(password_hash or self._decoy, password))
        if is_right is None:
            return "too many Logons at once"
        if not is_right or not password_hash:
            return "wrong Password(554)" if password_hash else "the session has no password"
        return "" if fields.get("553", "") == name else "Username(553) is not the session's"

    def _what_is_wrong_with_signature(self, known: Session, fields: Mapping[str, str]) -> str:
        name, credentials = known.session, known.credentials
        signature = signature_bytes(fields["96"])
        if len(signature) == SIGNATURE_BYTES:
            is_right = is_signed_by(credentials.public_keys, signature, fields)
        elif len(signature) == CODE_BYTES and credentials.sealed_secret and self._vault is not None:
            try:
                secret = self._vault.unseal(name, credentials.sealed_secret)
            except VaultError as error:
                return str(error)
            is_right = is_coded_with(secret, signature, fields)
        else:
            is_right = False
        if not is_right:
            return "wrong signature in RawData(96)"
        if fields.get("553", name) != name:
            return "Username(553) is not the session's"
        return ""

    async def _what_is_wrong_with_time(self, name: str, sending_time: str) -> str:
        """Let each signed Logon be good in its time and once."""
        try:
            sent_ns = parse_utc(sending_time)
        except InvalidTimestamp:
            return "SendingTime(52) is none"
        if abs(sent_ns - self._clock()) > self._window_ns:
            return f"signed more than {self._window_ns // SECOND_NS} s from the venue's clock"
        if sent_ns <= self._signed_ns.get(name, self._started_ns):
            return "signed before the last signed Logon, or before the venue's start"
        self._signed_ns[name] = sent_ns
        taken = self._signed_logons
        if taken is None:
            return ""
        try:
            is_first = await self._in_a_thread(lambda: taken.take(name, sent_ns))
        except SignedLogonsError as error:
            return str(error)
        if is_first is None:
            return "too many Logons at once"
        return "" if is_first else "signed before a signed Logon that another process has taken"

    async def _in_a_thread(self, work: Callable[[], Result]) -> Result | None:
        """Return what comes of slow work, or None if too much of it waits already."""
        if self._waiting_count >= VERIFICATIONS_WAITING_MAX:
            return None
        self._waiting_count += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._verifiers, work)
        finally:
            self._waiting_count -= 1


def _what_is_strange(known: Session | None, origin: Origin) -> str:
    """Return why a Logon is not from a party that the venue knows, or an empty text."""
    if known is None:
        return "unknown SenderCompID(49) or TargetCompID(56)"
    if known.profile.networks and not origin.is_in(known.profile.networks):
        return "the address is in none of the session's networks"
    certificates = known.credentials.certificates
    if certificates and not any(hmac.compare_digest(origin.certificate, each) for each in certificates):
        return "the certificate is none of the session's" if origin.certificate else "no certificate was shown"
    return ""
