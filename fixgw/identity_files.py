"""What clients hand in to prove who they are later: public keys and certificates, as `Credentials` have them.

Both come as text, from a file or a command line, and leave in the one form that the journal takes (`engine.profile`).
"""

import base64
import binascii
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from fixgw.errors import IdentityError

_KEY_BYTES: Final = 32
_FINGERPRINT_CHARS: Final = 64


def public_key(text: str) -> str:
    """Return an Ed25519 public key, given as PEM or as its 32 bytes in base64, in base64. Raise `IdentityError`."""
    if "-----BEGIN" in text:
        try:
            key = load_pem_public_key(text.encode())
        except (ValueError, UnsupportedAlgorithm) as error:
            raise IdentityError("not a public key in PEM; a private one stays with the client") from error
        if not isinstance(key, Ed25519PublicKey):
            raise IdentityError("the key is not for Ed25519, the only kind that the venue takes")
        return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode("ascii")
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise IdentityError(f"not an Ed25519 public key: PEM, or {_KEY_BYTES} bytes in base64")
    return base64.b64encode(raw).decode("ascii")


def fingerprint(text: str) -> str:
    """Return the SHA-256 fingerprint of a certificate in PEM, or given as such, with colons or without.

    64 hexadecimal digits. Raise `IdentityError`.
    """
    if "-----BEGIN" in text:
        try:
            return certificate_fingerprint(x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.DER))
        except ValueError as error:
            raise IdentityError("not a certificate in PEM") from error
    digits = text.strip().replace(":", "").lower()
    if len(digits) != _FINGERPRINT_CHARS or not set(digits) <= set("0123456789abcdef"):
        raise IdentityError(f"not a certificate: PEM, or its SHA-256 fingerprint of {_FINGERPRINT_CHARS} digits")
    return digits


def certificate_fingerprint(der: bytes) -> str:
    """Return the SHA-256 fingerprint of a certificate in DER, as a TLS peer shows it: 64 hexadecimal digits."""
    return sha256(der).hexdigest()
