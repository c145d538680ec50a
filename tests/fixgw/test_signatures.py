"""Signed Logons: the two schemes, held against ones written by hand from their descriptions."""

import base64
import hmac
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fixgw.signatures import code, is_coded_with, is_signed_by, sign, signature_bytes

FIELDS: Final = {"35": "A", "49": "BROKER1", "56": "FONDACO", "34": "7", "52": "20261118-11:06:40.123"}
KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
SECRET: Final = bytes(range(32))


def public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def test_signature_is_over_type_parties_number_and_time() -> None:
    payload = b"A\x01BROKER1\x01FONDACO\x017\x0120261118-11:06:40.123"
    assert base64.b64decode(sign(KEY, FIELDS)) == KEY.sign(payload)


def test_code_is_over_time_type_number_and_parties_and_a_password_if_there_is_one() -> None:
    payload = b"20261118-11:06:40.123\x01A\x017\x01BROKER1\x01FONDACO"
    assert base64.b64decode(code(SECRET, FIELDS)) == hmac.digest(SECRET, payload, "sha256")
    with_password = code(SECRET, {**FIELDS, "554": "phrase"})
    assert base64.b64decode(with_password) == hmac.digest(SECRET, payload + b"\x01phrase", "sha256")


def test_signature_of_one_of_several_keys_is_right() -> None:
    signature = signature_bytes(sign(KEY, FIELDS))
    assert is_signed_by((public(OTHER), public(KEY)), signature, FIELDS)
    assert not is_signed_by((public(OTHER),), signature, FIELDS)
    assert not is_signed_by((), signature, FIELDS)
    assert not is_signed_by(("AAAA",), signature, FIELDS)


@pytest.mark.parametrize("tag", FIELDS)
def test_what_is_signed_cannot_be_changed(tag: str) -> None:
    changed = {**FIELDS, tag: FIELDS[tag] + "1"}
    assert not is_signed_by((public(KEY),), signature_bytes(sign(KEY, FIELDS)), changed)
    assert not is_coded_with(SECRET, signature_bytes(code(SECRET, FIELDS)), changed)
    without = {other: value for other, value in FIELDS.items() if other != tag}
    assert not is_coded_with(SECRET, signature_bytes(code(SECRET, FIELDS)), without)


@pytest.mark.parametrize("raw_data", ("", "AAA", "not base64", "ü" * 88, "=" * 88))
def test_what_is_no_signature_is_wrong(raw_data: str) -> None:
    assert not is_signed_by((public(KEY),), signature_bytes(raw_data), FIELDS)
    assert not is_coded_with(SECRET, signature_bytes(raw_data), FIELDS)
