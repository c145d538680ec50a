"""Passwords: what one must be, how the venue makes one, and the argon2id hash that it keeps of it.

A hash takes some ten milliseconds of a core and 19 MiB on purpose, which is what makes guessing dear; whoever serves
sessions computes it in a thread of its own. The parameters are OWASP's for argon2id (Password Storage Cheat Sheet).
"""

import secrets
from functools import lru_cache
from typing import Final

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

PASSWORD_CHARS_MIN: Final = 12
PASSWORD_CHARS_MAX: Final = 64
_GENERATED_BYTES: Final = 18
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def generate_password() -> str:
    """Return a new password of 24 characters, 144 random bits, to be shown once."""
    return secrets.token_urlsafe(_GENERATED_BYTES)


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, in the form that the journal and the settings hold."""
    return _HASHER.hash(password)


def matches(password_hash: str, password: str) -> bool:
    """Tell whether a hash is of this password; False too if it is no argon2 hash."""
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def decoy(password_hash: str = "") -> str:
    """Return a hash of no password that takes as long to check as another one, or as ours; "" for one that is none."""
    try:
        like = extract_parameters(password_hash) if password_hash else _HASHER
    except InvalidHashError:
        return ""
    return _decoy(like.time_cost, like.memory_cost, like.parallelism)


@lru_cache(maxsize=16)
def _decoy(time_cost: int, memory_cost: int, parallelism: int) -> str:
    hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_cost, parallelism=parallelism)
    return hasher.hash(generate_password())


def flaw_of_password(password: str, comp_id: str) -> str:
    """Return why a session's password cannot be this one, without repeating it, or an empty text."""
    if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
        return f"a password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters"
    if not (password.isascii() and password.isprintable()) or password.strip() != password:
        return "a password has printable ASCII characters, no space first or last"
    if comp_id.lower() in password.lower():
        return "a password does not contain the name of its session"
    return ""
