"""Signs certification reports with an Ed25519 key, and finds out whether one has been changed since.

The key is made at first use, in a file that only its owner may read; the public half lies beside it.
"""

import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from backoffice.cli.failure import CommandFailed
from backoffice.cli.qa.report import Report, Signed

PUBLIC_SUFFIX: Final = ".pub"
_OTHERS: Final = 0o077


def key_in(path: Path) -> Ed25519PrivateKey:
    """Return the key in a file, made if it is not there. Raise `CommandFailed` if it cannot be used."""
    if not path.exists():
        return _made(path)
    if path.stat().st_mode & _OTHERS:
        raise CommandFailed(f"{path}: others may read this key, so it proves nothing; make a new one, with mode 600")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CommandFailed(f"{path}: holds no private key without a password, in PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise CommandFailed(f"{path}: holds another kind of key; reports are signed with Ed25519")
    return key


def sign(report: Report, key: Ed25519PrivateKey) -> Signed:
    """Return a report with its signature."""
    public = key.public_key().public_bytes_raw().hex()
    return Signed(report, public, key.sign(report.signed_bytes()).hex())


def is_genuine(signed: Signed) -> bool:
    """Tell whether a report is as it was signed, by the key that it names."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed.public_key))
        key.verify(bytes.fromhex(signed.signature), signed.report.signed_bytes())
    except (ValueError, InvalidSignature):
        return False
    return True


def public_key_in(path: Path) -> str:
    """Return the public key in a file, as reports name it. Raise `CommandFailed` if there is none."""
    content = path.read_bytes()
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CommandFailed(f"{path}: holds no public key in PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise CommandFailed(f"{path}: holds another kind of key; reports are signed with Ed25519")
    return key.public_bytes_raw().hex()


def _made(path: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(private)
    path.with_name(path.name + PUBLIC_SUFFIX).write_bytes(public)
    return key
