"""Limits are inherited downwards, and only get tighter."""

from hypothesis import given
from hypothesis import strategies as st

from backoffice.access.limits import tightest
from engine.rules import NO_LIMITS, Limits

AMOUNTS = st.dictionaries(st.sampled_from(("BTC", "USD", "EUR")), st.integers(0, 100))
LIMITS = st.builds(Limits, st.integers(0, 50), AMOUNTS, AMOUNTS)


def allows(limits: Limits, open_orders: int, asset: str, qty: int, notional: int) -> bool:
    """The rule itself: 0, or none, is no bound."""
    return (
        (not limits.open_orders_max or open_orders <= limits.open_orders_max)
        and (not limits.order_base_max.get(asset) or qty <= limits.order_base_max[asset])
        and (not limits.order_notional_max.get(asset) or notional <= limits.order_notional_max[asset])
    )


@given(
    st.lists(LIMITS, max_size=4),
    st.integers(0, 60),
    st.sampled_from(("BTC", "USD", "EUR")),
    st.integers(0, 110),
    st.integers(0, 110),
)
def test_what_they_allow_together_is_what_each_allows(
    levels: list[Limits], open_orders: int, asset: str, qty: int, notional: int
) -> None:
    each = all(allows(limits, open_orders, asset, qty, notional) for limits in levels)
    assert allows(tightest(levels), open_orders, asset, qty, notional) == each


def test_no_limits_at_all_are_no_limits() -> None:
    assert tightest(()) == NO_LIMITS == tightest((NO_LIMITS, NO_LIMITS))
