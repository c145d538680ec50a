"""`fondaco access certify`: which reports count."""

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backoffice.cli.qa.certifying import PLAN
from backoffice.cli.qa.report import Report, Section, Versions, encode, plan_hash
from backoffice.cli.qa.signing import sign
from tests.backoffice.cli.desk import Desk

WHY = ("--why", "they passed")
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"o" * 32)


def report(**changes: Any) -> Report:
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    whole = Report(
        *(1, "passed", (), "MUSTER1", "BROKER8", "COPY1", "MD1", "FONDACO", "127.0.0.1:9878"),
        *("FIX.4.4", "order-entry", now, now, Versions("0.1", plan_hash(PLAN), "3.11", "1.0")),
        (Section("101", "Logon", "101-logon.fix", "passed", now, 1, ""),),
    )
    return msgspec.structs.replace(whole, **changes)


@pytest.fixture
def counter(desk: Desk) -> Desk:
    """A desk where dee works, in a house that signs with `KEY`."""
    keys = f'certification_keys = ["{KEY.public_key().public_bytes_raw().hex()}"]\n'
    desk.config.write_text(desk.config.read_text(encoding="utf-8") + keys, encoding="utf-8")
    desk.done("staff", "add", "dee", "--role", "operations", "--os-user", "dee", *WHY, by="annabel")
    desk.done("approval", "approve", "A-1", *WHY, by="benjamin")
    desk.sit_down("dee")
    return desk


def written(home: Path, found: Report, key: Ed25519PrivateKey = KEY) -> Path:
    path = home / "certification.json"
    path.write_bytes(encode(sign(found, key)))
    return path


def test_a_report_that_the_house_has_signed_counts_once(counter: Desk) -> None:
    path = written(counter.home, report())
    told = counter.done("access", "certify", path, *WHY)
    assert told == "session MUSTER1 has passed the certification for FIX.4.4 as order-entry\n"
    assert "this report of MUSTER1 is stored already" in counter.refused("access", "certify", path, *WHY)


@pytest.mark.parametrize(
    ("changes", "line"),
    (
        ({"outcome": "failed"}, "the certification of MUSTER1 is failed"),
        ({"chapters": ("1",)}, "is passed, and of chapters 1 only"),
        ({"versions": Versions("0.1", "sha256:old", "3.11", "1.0")}, "has passed another version of the plan"),
        ({"ended": "2025-01-01T00:00:00Z"}, "MUSTER1 has passed on 2025-01-01T00:00:00Z; one counts for a year"),
        ({"ended": "2099-01-01T00:00:00Z"}, "MUSTER1 has passed on 2099-01-01T00:00:00Z; one counts for a year"),
    ),
)
def test_a_report_that_does_not_count_is_refused(counter: Desk, changes: dict[str, Any], line: str) -> None:
    assert line in counter.refused("access", "certify", written(counter.home, report(**changes)), *WHY)


def test_a_report_that_was_forged_is_refused(counter: Desk) -> None:
    path = written(counter.home, report(), OTHER_KEY)
    assert "which is no key of the settings" in counter.refused("access", "certify", path, *WHY)
    signed = sign(report(session="OTHER1"), KEY)
    path.write_bytes(encode(msgspec.structs.replace(signed, report=report())))
    assert "is not as it was signed" in counter.refused("access", "certify", path, *WHY)
    path.write_text("{}", encoding="utf-8")
    assert "is no report" in counter.refused("access", "certify", path, *WHY)


def test_a_report_that_is_not_there_is_told_of_as_such(counter: Desk) -> None:
    path = counter.home / "none.json"
    assert counter.refused("access", "certify", path, *WHY) == f"{path}: No such file or directory"


def test_a_house_without_keys_takes_no_report(counter: Desk) -> None:
    counter.config.write_text(counter.config.read_text(encoding="utf-8").partition("certification_keys")[0], "utf-8")
    told = counter.refused("access", "certify", written(counter.home, report()), *WHY)
    assert told == "the settings name no key that certifications are signed with: certification_keys"
