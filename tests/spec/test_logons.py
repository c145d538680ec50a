"""The rules of engagement's Logons, byte by byte: they are whole, and the venue takes their signatures."""

import base64
import re
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fixgw.codec import SOH, Framer, Message
from fixgw.signatures import is_coded_with, is_signed_by, signature_bytes

PAGE: Final = (Path(__file__).parents[2] / "spec" / "rules-of-engagement.md").read_text(encoding="utf-8")
SECTION: Final = PAGE.partition("### How to log on\n")[2].partition("\n## ")[0]
LOGON: Final = re.compile(r"^    (8=FIX[^\n]*(?:\n      [^\n]+)*)", re.MULTILINE)
KEY: Final = bytes(range(32))


def logons() -> list[Message]:
    texts = [re.sub(r"\n\s+", "", text) for text in LOGON.findall(SECTION)]
    framer = Framer()
    messages = framer.receive("".join(texts).replace("|", SOH).encode())
    assert (len(messages), framer.garbled_count) == (len(texts), 0)
    return messages


def test_password_signature_and_code_are_shown() -> None:
    password, signed, coded = (message.fields for message in logons())
    assert password["554"] == "sandbox-only"
    public_key = base64.b64encode(Ed25519PrivateKey.from_private_bytes(KEY).public_key().public_bytes_raw()).decode()
    assert is_signed_by((public_key,), signature_bytes(signed["96"]), signed)
    assert is_coded_with(KEY, signature_bytes(coded["96"]), coded)


@pytest.mark.parametrize("number", (0, 1))
def test_code_in_python_makes_what_is_shown(number: int) -> None:
    source = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)[number]
    names: dict[str, str] = {}
    exec(source, names)
    assert names["raw_data"] == logons()[number + 1].fields["96"]
