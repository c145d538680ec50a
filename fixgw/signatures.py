"""Signed Logons: what of a Logon is signed, in which of two ways, and whether a signature is right.

    Ed25519         RawData(96) = base64 of the signature over the values of 35, 49, 56, 34, 52
    HMAC-SHA256     RawData(96) = base64 of the code over the values of 52, 35, 34, 49, 56, and of 554 if it is there

each joined by SOH, exactly as they stand in the Logon. The first is the scheme of Binance, the second that of Coinbase
Exchange, so that a broker's code for those signs here too. Which of the two it is shows by the length of what was
signed: 64 bytes or 32.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE_BYTES: Final = 64
CODE_BYTES: Final = 32
_SIGNED: Final = ("35", "49", "56", "34", "52")
_CODED: Final = ("52", "35", "34", "49", "56")


def signature_bytes(raw_data: str) -> bytes:
    """Return what RawData(96) holds; nothing if it is not base64."""
    try:
        return base64.b64decode(raw_data.encode("latin-1"), validate=True)
    except (binascii.Error, ValueError):
        return b""


def is_signed_by(public_keys: Iterable[str], signature: bytes, fields: Mapping[str, str]) -> bool:
    """Tell whether a signature of a Logon was made with one of these keys."""
    payload = _joined(fields, _SIGNED)
    for key in public_keys:
        try:
            Ed25519PublicKey.from_public_bytes(base64.b64decode(key)).verify(signature, payload)
        except (InvalidSignature, ValueError):
            continue
        return True
    return False


def is_coded_with(secret: bytes, code: bytes, fields: Mapping[str, str]) -> bool:
    """Tell whether a code of a Logon was made with this secret."""
    return hmac.compare_digest(_code(secret, fields), code)


def sign(key: Ed25519PrivateKey, fields: Mapping[str, str]) -> str:
    """Return RawData(96) for a Logon with these fields, signed with Ed25519."""
    return base64.b64encode(key.sign(_joined(fields, _SIGNED))).decode("ascii")


def code(secret: bytes, fields: Mapping[str, str]) -> str:
    """Return RawData(96) for a Logon with these fields, with an HMAC-SHA256."""
    return base64.b64encode(_code(secret, fields)).decode("ascii")


def _code(secret: bytes, fields: Mapping[str, str]) -> bytes:
    tags = (*_CODED, "554") if "554" in fields else _CODED
    return hmac.digest(secret, _joined(fields, tags), sha256)


def _joined(fields: Mapping[str, str], tags: tuple[str, ...]) -> bytes:
    return "\x01".join(fields.get(tag, "") for tag in tags).encode("latin-1", "replace")
