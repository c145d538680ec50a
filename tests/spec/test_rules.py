"""What the pages written by hand say in numbers and names is what the code does."""

import re
from pathlib import Path

import pytest

from config.network import Fix
from config.settings import Venue
from engine.feed import HELLO
from engine.frames import HEADER
from engine.journal import MAGIC
from engine.profile import FIX_VERSIONS
from engine.queries import REPORTS_MAX
from engine.recovery import JOURNAL, SNAPSHOTS
from engine.reject import RejectReason
from engine.state import FINISHED_ORDERS_KEPT, TRADES_KEPT
from fixgw.codec import MESSAGE_BYTES_MAX
from fixgw.instruments import _AVERAGE_DECIMALS
from fixgw.outbound import RESERVED_BLOCK
from fixgw.reject import GatewayReject
from fixgw.reports import AFFECTED_LISTED_MAX
from fixgw.session import GOODBYE_S, HEARTBEAT_S_MAX, SENDING_TIME_TOLERANCE_S
from fixgw.support import ID_CHARS_MAX
from fixgw.throttle import REFUSALS_BURST, REFUSALS_PER_S
from fixgw.version import version_named

SPEC = Path(__file__).resolve().parents[2] / "spec"
RULES = " ".join((SPEC / "rules-of-engagement.md").read_text(encoding="utf-8").split())
JOURNAL_PAGE = (SPEC / "journal.md").read_text(encoding="utf-8")
FIX = Fix("VENUE")

PHRASES = (
    f"at most {MESSAGE_BYTES_MAX:,} bytes",
    f"{ID_CHARS_MAX} characters",
    f"within {SENDING_TIME_TOLERANCE_S} seconds of the venue's clock",
    f"from 1 to {HEARTBEAT_S_MAX} seconds",
    f"within {FIX.logon_timeout_s} seconds",
    f"after {FIX.slow_reader_timeout_s} seconds without reading",
    f"the last {FINISHED_ORDERS_KEPT:,} that have finished",
    f"one of the last {TRADES_KEPT:,}",
    f"at most {REPORTS_MAX:,} reports",
    f"{Venue().trading_day_ends} UTC",
    f"up to {RESERVED_BLOCK:,} numbers",
    f"up to {AFFECTED_LISTED_MAX}, lists them",
    f"for {GOODBYE_S} seconds",
    f"more than {REFUSALS_BURST} times",
    f"more than {REFUSALS_PER_S:,} a second",
    {4: "four more decimals"}[_AVERAGE_DECIMALS],
)


@pytest.mark.parametrize("phrase", PHRASES)
def test_number_in_the_rules_is_the_codes(phrase: str) -> None:
    assert phrase in RULES


def test_names_of_fields_in_the_rules_are_those_of_the_standard() -> None:
    named = re.findall(r"\b([A-Z][A-Za-z]+)\(([0-9]+)\)", RULES)
    assert len(named) > 20
    versions = [version_named(name) for name in FIX_VERSIONS]
    known = {(field.name, tag) for version in versions for tag, field in version.fields.items()}
    assert [pair for pair in named if pair not in known] == []


def test_journals_page_has_the_names_and_marks_of_the_files() -> None:
    for mark in (MAGIC, HELLO):
        assert mark.decode().strip() in JOURNAL_PAGE
    for folder in (JOURNAL, SNAPSHOTS):
        assert f"`{folder}/" in JOURNAL_PAGE
    assert HEADER.format == "<IIQQ"
    assert "`length u32, crc u32, sequence u64, durable u64, payload`, little-endian" in JOURNAL_PAGE


def test_every_reason_is_on_the_page_of_rejects() -> None:
    page = (SPEC / "rejects.md").read_text(encoding="utf-8")
    for reason in (*RejectReason, *GatewayReject):
        assert f"| {reason:d} | {reason.text} |" in page
