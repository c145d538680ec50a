"""Limits are inherited downwards, and only get tighter."""

from hypothesis import given
from hypothesis import strategies as st

from backoffice.access.limits import (
    NOTHING,
    WITHDRAWN_DAY,
    Bounded,
    Held,
    Level,
    Measure,
    Withdrawn,
    bounds_of,
    content_of,
    engine_limits,
    hold,
    looser,
    stored_bounds,
)
from engine.rules import NO_LIMITS, Limits

AMOUNTS = st.dictionaries(st.sampled_from(("BTC", "USD", "EUR")), st.integers(0, 100))
LIMITS = st.builds(Limits, st.integers(0, 50), AMOUNTS, AMOUNTS)
BOUNDED = st.sampled_from(
    [
        Bounded(Measure.OPEN_ORDERS),
        *(Bounded(Measure.ORDER_QUANTITY, asset) for asset in ("BTC", "ETH")),
        *(Bounded(Measure.ORDER_NOTIONAL, asset) for asset in ("USD", "EUR")),
        WITHDRAWN_DAY,
    ]
)
BOUNDS = st.dictionaries(BOUNDED, st.integers(0, 20))


def chain(*bounds: dict[Bounded, int]) -> list[Level]:
    return [Level(f"level {number}", each) for number, each in enumerate(bounds)]


@given(st.lists(BOUNDS, max_size=5))
def test_what_holds_is_the_tightest_of_the_chain_and_says_where_it_comes_from(levels: list[dict[Bounded, int]]) -> None:
    held = hold(chain(*levels))
    assert held.keys() == {bounded for level in levels for bounded in level}
    for bounded, limit in held.items():
        said = [level[bounded] for level in levels if bounded in level]
        assert limit.value == min(said)
        assert levels[int(limit.source.removeprefix("level "))][bounded] == limit.value


@given(BOUNDS, BOUNDS, st.lists(BOUNDS, max_size=3))
def test_two_people_let_a_firm_beyond_its_rating_and_nobody_below_beyond_the_firm(
    rating: dict[Bounded, int], firm: dict[Bounded, int], below: list[dict[Bounded, int]]
) -> None:
    upper = [Level("rating", rating), Level("firm", firm, is_beyond=True)]
    held = hold(upper)
    assert held == {
        **{bounded: Held(value, "rating") for bounded, value in rating.items()},
        **{bounded: Held(value, "firm") for bounded, value in firm.items()},
    }
    lower = hold([*upper, *chain(*below)])
    assert all(lower[bounded].value <= limit.value for bounded, limit in held.items())


def allows(limits: Limits, open_orders: int, asset: str, qty: int, notional: int) -> bool:
    """The engine's own rule: 0, or none, is no bound."""
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
def test_what_the_engine_allows_together_is_what_each_allows(
    levels: list[Limits], open_orders: int, asset: str, qty: int, notional: int
) -> None:
    each = all(allows(limits, open_orders, asset, qty, notional) for limits in levels)
    together = engine_limits(hold(chain(*(bounds_of(limits) for limits in levels))))
    assert allows(together, open_orders, asset, qty, notional) == each


def test_a_rating_that_allows_nothing_is_no_lack_of_a_limit() -> None:
    nothing = hold([Level("rating prohibited", {Bounded(Measure.ORDER_NOTIONAL, "USD"): 0})])
    assert engine_limits(nothing) == Limits(0, {}, {"USD": NOTHING})


def test_no_limits_at_all_are_no_limits() -> None:
    assert engine_limits(hold(())) == NO_LIMITS == engine_limits(hold(chain({}, {})))


@given(LIMITS, st.builds(Withdrawn, st.integers(0, 9), st.integers(0, 9)))
def test_limits_read_back_as_they_were_stored(limits: Limits, withdrawn: Withdrawn) -> None:
    assert stored_bounds(content_of(limits, withdrawn)) == bounds_of(limits, withdrawn)


@given(BOUNDS, BOUNDS)
def test_looser_is_what_would_allow_more(bounds: dict[Bounded, int], than: dict[Bounded, int]) -> None:
    assert set(looser(bounds, than)) == {
        each for each in bounds if each in than and min(bounds[each], than[each]) < bounds[each]
    }
