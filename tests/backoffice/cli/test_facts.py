"""Facts of the trail and of proposals, as people read them."""

import pytest

from backoffice.cli.facts import fact_text

DECIMALS = {"BTC": 8, "USD": 2}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    (
        ("amount", "1000000", "amount 10,000.00"),
        ("amount", 0, "amount 0.00"),
        ("amount", "much", "amount much"),
        ("usable_from_ns", 1_800_000_000_123_456_789, "usable from 2027-01-15 08:00:00.123"),
        ("cooling_ns", 86_400_000_000_000, "cooling 86,400 s"),
        ("code_until_ns", None, "code until –"),
        ("order_notional_max", {"BTC": 150_000_000, "EUR": 7}, "order notional max (BTC 1.50000000, EUR 7)"),
        ("fees", {"asset": "BTC", "tiers": [{"volume": 50_000_000}]}, "fees (asset BTC, tiers (volume 0.50000000))"),
        ("is_disabled", False, "is disabled no"),
        ("roles", ["risk", "treasury"], "roles risk, treasury"),
        ("roles", [], "roles none"),
        ("order_base_max", {}, "order base max none"),
        ("withdrawal", 8, "withdrawal 8"),
        ("set_up", [["A", "B"], 0, 0, [1, "FIX.4.4"]], "set up (role order-entry, version FIX.4.4, accounts A, B)"),
        (
            "set_up",
            [["A"], 1, 5000, [4, "FIX.4.2", True, False, ["BTC/USD"], [["X", "A"]], [], [100, 200, 0, 0, False]]],
            (
                "set up (role read-only, version FIX.4.2, accounts A, on disconnect session, grace ms 5000, "
                "instruments BTC/USD, on behalf of (comp id X, account A), "
                "throttle (orders per s 100, orders burst 200))"
            ),
        ),
        ("set_up", {}, "set up none"),
    ),
)
def test_a_fact_is_said_as_people_read_it(name: str, value: object, text: str) -> None:
    assert fact_text(name, value, DECIMALS, "USD") == text
