"""The table of the rules of engagement that says what a replace does to an order's priority, row by row."""

from pathlib import Path
from typing import Any

import pytest

from engine.events import OrderReplaced
from engine.terms import Terms
from engine.values import BUY, PostOnly
from tests.engine.builders import DAY, GTD, SYMBOL, Venue, only
from tests.engine.invariants import check_state

RULES = Path(__file__).resolve().parents[2] / "spec" / "rules-of-engagement.md"

ICEBERG = Terms(display_qty=10, display_low_qty=5, display_high_qty=15, display_seed=7)
LARGER_PARTS = Terms(display_qty=10, display_low_qty=10, display_high_qty=30, display_seed=8)
EXPIRES = Terms(display_qty=10, expire_ns=10**9)

CHANGES: dict[str, list[dict[str, Any]]] = {
    "leaves price, quantity and displayed quantity as they are": [{}],
    "asks for less quantity": [{"qty": 99}, {"qty": 30}],
    "displays less of the order, or begins to hide some of it": [
        {"terms": Terms(display_qty=9)},
        {"orig_cl_ord_id": "plain", "terms": Terms(display_qty=99)},
    ],
    "changes the time in force or the expiry": [{"time_in_force": DAY}, {"time_in_force": GTD, "terms": EXPIRES}],
    "changes the size of an iceberg's random parts": [{"terms": LARGER_PARTS}, {"terms": Terms(display_qty=10)}],
    "makes the order post-only, or no longer so": [{"terms": Terms(display_qty=10, post_only=PostOnly.REJECT)}],
    "asks for more quantity": [{"qty": 101}],
    "changes the price, for better or worse": [{"price": 51}, {"price": 49}],
    "displays more of the order, or all of it": [{"terms": Terms(display_qty=11)}, {"terms": None}],
    "does several of these": [
        {"qty": 90, "terms": Terms(display_qty=11)},
        {"qty": 101, "terms": Terms(display_qty=9)},
        {"qty": 50, "price": 49},
    ],
}
"""What each row of the table means: values that a replace gives in place of the order's own."""


def table() -> dict[str, str]:
    """Return the rows of the table: what a replace does, and what becomes of the priority."""
    _, _, rest = RULES.read_text(encoding="utf-8").partition("| a replace that | priority |\n|---|---|\n")
    lines, _, _ = rest.partition("\n\n")
    return dict(line.strip("| ").split(" | ") for line in lines.splitlines())


@pytest.mark.parametrize("traded", (0, 4, 25))
@pytest.mark.parametrize("row", CHANGES)
def test_priority_is_what_the_rules_say(row: str, traded: int) -> None:
    for change in CHANGES[row]:
        venue = Venue()
        venue.order("A", BUY, 100, 50, terms=ICEBERG, cl_ord_id="ice")
        venue.buy(100, 50, cl_ord_id="plain")
        venue.buy(100, 50, cl_ord_id="other")
        if traded:
            venue.sell(traded, 50)
        asked: dict[str, Any] = {"orig_cl_ord_id": "ice", "qty": 100, "price": 50, "terms": ICEBERG, **change}
        before = _queue(venue)
        replaced = only(OrderReplaced, venue.replace(cl_ord_id=asked["orig_cl_ord_id"] + " 2", **asked))
        after = [cl_ord_id.removesuffix(" 2") for cl_ord_id in _queue(venue)]
        others = [cl_ord_id for cl_ord_id in before if cl_ord_id != asked["orig_cl_ord_id"]]
        if table()[row] == "kept":
            assert after == before, change
        elif replaced.price == 50:
            assert after == [*others, asked["orig_cl_ord_id"]], change
        else:
            assert after == others, change
        check_state(venue.state)


def test_table_has_no_other_rows() -> None:
    assert list(table()) == list(CHANGES)
    assert set(table().values()) == {"kept", "lost", "lost if one of them loses it"}


def _queue(venue: Venue) -> list[str]:
    level = venue.state.books[SYMBOL].bids.levels[50]
    return [order.cl_ord_id for order in level]
