"""Passwords of staff: what one must be, and the argon2id hash that the back office keeps of it.

Checking one takes some ten milliseconds of a core and 19 MiB on purpose, which is what makes guessing dear. The
parameters are OWASP's for argon2id (Password Storage Cheat Sheet); it compares in constant time. A first password is
set by a code of two halves, which counts for some days, and once.
"""

import secrets
from functools import lru_cache
from typing import Final

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

PASSWORD_CHARS_MIN: Final = 12
PASSWORD_CHARS_MAX: Final = 128
CODE_HOURS: Final = 72
"""How long a code counts, unless the settings say otherwise."""
_HALF_BYTES: Final = 8
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class Code(msgspec.Struct, frozen=True):
    """What is kept of a code."""

    maker_hash: str
    checker_hash: str
    """Of its two halves."""
    until_ns: int
    """From then on it counts no more."""


def half_code() -> str:
    """Return half of a new code: 64 random bits, in hexadecimal."""
    return secrets.token_hex(_HALF_BYTES)


def hash_secret(secret: str) -> str:
    """Return the argon2id hash of a password, or of half a code."""
    return _HASHER.hash(secret)


def matches(secret_hash: str | None, secret: str) -> bool:
    """Tell whether a hash is of this secret. It takes as long where there is none."""
    try:
        _HASHER.verify(secret_hash or _decoy(), secret)
    except (VerificationError, InvalidHashError):
        return False
    return secret_hash is not None


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _HASHER.hash(secrets.token_hex(_HALF_BYTES))


def flaw_of_password(password: str, user: str) -> str:
    """Return why somebody's password cannot be this one, without repeating it, or an empty text."""
    if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
        return f"a password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters"
    if not password.isprintable() or password.strip() != password:
        return "a password has printable characters, no space first or last"
    if user.lower() in password.lower():
        return "a password does not contain the name of its user"
    return ""
