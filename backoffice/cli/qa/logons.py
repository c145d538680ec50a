"""Signed Logons: `95=right|96=right` in a script is what the speaking session's key makes of the Logon.

A run names an Ed25519 key, or a secret for HMAC-SHA256, for one session or for all. What is signed stands in the rules
of engagement, "How to log on"; this is an implementation of its own, not the venue's. Keys and secrets are read once,
and shown nowhere.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

import typer
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from backoffice.cli.qa.values import Value, wire_bytes

SIGNED_LOGON: Final = Value("95=right|96=right", ())
"""What stands for {logon} where a session signs."""
KEY_OPTION: Final = "--logon-key"
CODE_OPTION: Final = "--logon-secret"
_SIGNED: Final = ("35", "49", "56", "34", "52")
_CODED: Final = ("52", "35", "34", "49", "56", "554")
_SECRET_BYTES: Final = 32

Signer = Callable[[Mapping[str, str]], bytes]
"""Returns the signature of a Logon with these fields."""


def signers_of(keys: Iterable[str], secrets: Iterable[str]) -> dict[str, Signer]:
    """Return who signs, by SenderCompID, or under an empty one for all sessions that have none of their own.

    Each is written `FILE` or `COMPID=FILE`. Raise `BadParameter` for what is no key, no secret, or one too many.
    """
    signers: dict[str, Signer] = {}
    for option, named, signer_in in ((KEY_OPTION, keys, _ed25519_in), (CODE_OPTION, secrets, _hmac_in)):
        for text in named:
            sender, path = _whose(text)
            if sender in signers:
                whose = f"{sender} signs" if sender else "all sessions sign"
                raise typer.BadParameter(f"{path}: {whose} by another one already", param_hint=option)
            signers[sender] = signer_in(path)
    return signers


def _whose(text: str) -> tuple[str, Path]:
    sender, equals, file = text.partition("=")
    return (sender, Path(file)) if equals and not Path(text).is_file() else ("", Path(text))


def _ed25519_in(path: Path) -> Signer:
    try:
        key = load_pem_private_key(_content(path, KEY_OPTION), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        text = f"{path}: holds no private key without a password, in PEM"
        raise typer.BadParameter(text, param_hint=KEY_OPTION) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise typer.BadParameter(f"{path}: holds another kind of key; it is Ed25519", param_hint=KEY_OPTION)
    return lambda fields: key.sign(_joined(fields, _SIGNED))


def _hmac_in(path: Path) -> Signer:
    try:
        secret = base64.b64decode(_content(path, CODE_OPTION).strip(), validate=True)
    except binascii.Error:
        secret = b""
    if len(secret) != _SECRET_BYTES:
        text = f"{path}: holds no secret: {_SECRET_BYTES} bytes in base64, and nothing else"
        raise typer.BadParameter(text, param_hint=CODE_OPTION)
    return lambda fields: hmac.digest(secret, _joined(fields, _CODED), sha256)


def _content(path: Path, option: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"cannot read {path}: {error.strerror}", param_hint=option) from error


def _joined(fields: Mapping[str, str], tags: tuple[str, ...]) -> bytes:
    """Return the values that are signed: of what a Logon must have, and of a password if it is there."""
    return wire_bytes("\x01".join(fields.get(tag, "") for tag in tags if tag in fields or tag != "554"))
