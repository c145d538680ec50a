"""Authentication: whether a Logon is from whom it says it is.

Passwords are verified in threads of their own, so that trading does not wait for them, and as slowly for sessions that
do not exist: time must not tell which ones do.
"""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from engine.state import Session
from fixgw.codec import Message

VERIFICATIONS_AT_ONCE: Final = 2
_WRONG: Final = "Username(553) or Password(554) is wrong"


class Authenticator:
    """Checks credentials."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._decoy = ""
        self._verifiers = ThreadPoolExecutor(VERIFICATIONS_AT_ONCE, "password")
        """What waits for them is given up when its connection goes."""

    def refresh(self, sessions: Iterable[Session]) -> None:
        """Take notice of the sessions there are."""
        self._decoy = _decoy([session.credentials.password_hash for session in sessions])

    def close(self) -> None:
        """Verify no more."""
        self._verifiers.shutdown()

    async def problem(self, known: Session | None, logon: Message) -> str:
        """Return why a Logon is not from the session that it names, or an empty text."""
        fields = logon.fields
        password_hash = known.credentials.password_hash if known is not None else self._decoy
        matches = await asyncio.get_running_loop().run_in_executor(
            self._verifiers, self._matches, password_hash, fields.get("554", "")
        )
        is_right = matches and known is not None and fields.get("553", "") == known.session
        return "" if is_right else _WRONG

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def _decoy(password_hashes: list[str]) -> str:
    """Return a hash that takes as long to check as those of the sessions."""
    hasher = PasswordHasher()
    for password_hash in filter(None, password_hashes):
        try:
            hasher = PasswordHasher.from_parameters(extract_parameters(password_hash))
        except InvalidHashError:
            continue
        break
    return hasher.hash("no session has this password")
