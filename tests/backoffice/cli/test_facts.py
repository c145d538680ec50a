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
    ),
)
def test_a_fact_is_said_as_people_read_it(name: str, value: object, text: str) -> None:
    assert fact_text(name, value, DECIMALS, "USD") == text
