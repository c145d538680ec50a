from collections import Counter
from typing import Any

import pytest

from backoffice.cli.demo.records import Records, conclusions, differences
from backoffice.cli.demo.statement import Line
from backoffice.ledger.verifying import Check
from backoffice.staff.audit import Verified


def records(**changes: Any) -> Records:
    sound: dict[str, Any] = {
        "decimals": {"USD": 2},
        "trail": {"mira": Counter({"enter client": 1})},
        "verified": Verified(7, "hash"),
        "deposits": (),
        "withdrawals": (),
        "once_uncertain": frozenset(),
        "account": "ALPHA-A",
        "statement": (Line("USD", 10, 0, 0, 0, 0, closing=10, held=0),),
        "trial_balance": {},
        "sequence": 99,
        "assets": (),
        "checks": (Check("postings", 12),),
    }
    return Records(**{**sound, **changes})


def test_records_that_agree_show_no_difference() -> None:
    assert differences(records()) == []
    assert conclusions(records()) == [
        "books verify: 12 postings.",
        "The statement of ALPHA-A comes to what the ledger says, in every asset.",
        "7 entries of staff's trail, and every one is as it was written.",
    ]


@pytest.mark.parametrize(
    ("changes", "difference"),
    (
        ({"checks": (Check("postings", 12, "they are off"),)}, "books, postings: they are off"),
        ({"verified": Verified(6, "hash", "entry 7 is missing")}, "staff's trail: entry 7 is missing"),
        (
            {"statement": (Line("USD", 10, 0, 0, 0, 0, closing=9, held=0),)},
            "ALPHA-A: its payments and trades come to 10 USD, the ledger says 9",
        ),
    ),
)
def test_what_does_not_hold_is_told(changes: dict[str, Any], difference: str) -> None:
    assert differences(records(**changes)) == [difference]
