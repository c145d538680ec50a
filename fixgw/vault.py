"""The venue's own key, and the secrets that are sealed under it: those that sessions share with the venue for HMAC.

A shared secret cannot be kept as a hash, so the journal has it sealed (ChaCha20-Poly1305), and the key lies beside the
journal in a file of its own, `venue.key`, that only the venue's user may read: a copy of the journal alone gives no
secret away. What was sealed for one session opens for no other. Whoever loses the file gives those sessions new
secrets; nothing else depends on it.
"""

import base64
import binascii
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from engine.whole_files import write_beside_others
from fixgw.errors import VaultError

KEY_FILE: Final = "venue.key"
SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_PURPOSE: Final = b"fondaco session secret\x00"
"""What a sealed text is bound to, together with the session's name."""


def generate_secret() -> str:
    """Return a new secret for HMAC-SHA256: 256 random bits in base64, to be shown once."""
    return base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


class Vault:
    """Seals secrets under the key in a directory, and opens them again."""

    __slots__ = ("_cipher", "_path")

    def __init__(self, directory: Path) -> None:
        self._path = directory / KEY_FILE
        self._cipher: ChaCha20Poly1305 | None = None

    def seal(self, comp_id: str, secret: str) -> str:
        """Return a session's secret as the journal may hold it. The first call in a directory makes the key.

        Raise `VaultError` if the secret is not base64 of 32 bytes, or the key cannot be read or made.
        """
        try:
            raw = base64.b64decode(secret, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != SECRET_BYTES:
            raise VaultError(f"a secret is {SECRET_BYTES} bytes in base64")
        if not self._path.exists():
            _make_key(self._path)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._opened().encrypt(nonce, raw, _PURPOSE + comp_id.encode())
        return base64.b64encode(nonce + sealed).decode("ascii")

    def unseal(self, comp_id: str, sealed: str) -> bytes:
        """Return a session's secret, 32 bytes. Raise `VaultError` if this key did not seal it for this session."""
        try:
            raw = base64.b64decode(sealed, validate=True)
            return self._opened().decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _PURPOSE + comp_id.encode())
        except (binascii.Error, ValueError, InvalidTag) as error:
            raise VaultError(f"the secret of {comp_id} was not sealed with {self._path}; give it a new one") from error

    def _opened(self) -> ChaCha20Poly1305:
        if self._cipher is None:
            self._cipher = ChaCha20Poly1305(_read_key(self._path))
        return self._cipher


def _read_key(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise VaultError(f"{path}: others may read the venue's key; let only its owner (chmod 600)")
            key = base64.b64decode(file.read(), validate=False)
    except OSError as error:
        raise VaultError(f"{path}: the venue's key cannot be read: {error.strerror or error}") from error
    except binascii.Error:
        key = b""
    if len(key) != SECRET_BYTES:
        raise VaultError(f"{path}: not a key of the venue: {SECRET_BYTES} bytes in base64")
    return key


def _make_key(path: Path) -> None:
    """Write a new key, whole and on disk or not at all; another process may be first."""
    try:
        write_beside_others(path, f"{generate_secret()}\n".encode("ascii"), replaces=False)
    except OSError as error:
        raise VaultError(f"{path}: the venue's key cannot be made: {error.strerror or error}") from error
