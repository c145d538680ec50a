"""Public keys and certificates in all the forms that clients hand them in."""

import base64
from hashlib import sha256

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from fixgw.errors import IdentityError
from fixgw.identity_files import certificate_fingerprint, fingerprint, public_key

KEY = Ed25519PrivateKey.generate()
RAW = base64.b64encode(KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
OTHER = Ed448PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize("text", (RAW, f"{RAW}\n", PEM, f"# our key\n{PEM}"), ids=("raw", "line", "PEM", "remark"))
def test_public_key_is_one_text_however_it_comes(text: str) -> None:
    assert public_key(text) == RAW


@pytest.mark.parametrize(
    "text",
    ("", "x", RAW[:-4], PRIVATE, OTHER, PEM.replace("MCow", "MDow"), "ssh-ed25519 AAAA"),
    ids=("nothing", "short", "cut off", "private", "of another kind", "damaged", "of SSH"),
)
def test_what_is_no_public_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(IdentityError) as refused:
        public_key(text)
    assert not text or text.splitlines()[-1] not in str(refused.value)


def test_fingerprint_is_one_text_however_it_comes() -> None:
    pem = trustme.CA().issue_cert("broker.example").cert_chain_pems[0].bytes().decode()
    digits = fingerprint(pem)
    body = "".join(line for line in pem.splitlines() if "-----" not in line)
    assert digits == sha256(base64.b64decode(body)).hexdigest() == certificate_fingerprint(base64.b64decode(body))
    with_colons = ":".join(digits[at : at + 2] for at in range(0, 64, 2)).upper()
    assert fingerprint(digits) == fingerprint(with_colons) == fingerprint(f" {digits}\n") == digits


@pytest.mark.parametrize("text", ("", "ab", "g" * 64, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"))
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(IdentityError):
        fingerprint(text)
