"""Fee schedules: tiers by volume, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.access.fees import Fees, FeeTier, check, tier_of
from backoffice.errors import Refused

TIERS = (FeeTier(0, 2, 5), FeeTier(1_000, 0, 4), FeeTier(50_000, -1, 3))


@pytest.mark.parametrize(("volume", "taker_ppm"), ((0, 5), (999, 5), (1_000, 4), (49_999, 4), (50_000, 3), (10**18, 3)))
def test_the_highest_tier_that_is_reached_holds(volume: int, taker_ppm: int) -> None:
    assert tier_of(TIERS, volume).taker_ppm == taker_ppm


@given(st.integers(min_value=0, max_value=2**62))
def test_more_volume_never_leads_to_a_lower_tier(volume: int) -> None:
    assert TIERS.index(tier_of(TIERS, volume + 1)) >= TIERS.index(tier_of(TIERS, volume))


@pytest.mark.parametrize(
    ("tiers", "what"),
    (
        ((), "begins at a volume of 0"),
        ((FeeTier(5, 0, 1),), "begins at a volume of 0"),
        (
            (FeeTier(0, 0, 1), FeeTier(5, 0, 1), FeeTier(5, 0, 1)),
            "tier 3: begins at no larger volume",
        ),
        ((FeeTier(0, 0, 100_001),), "tier 1: a fee of 1000.01 basis points is not between -1000.00 basis points and"),
        ((FeeTier(0, -3, 2),), "tier 1: the rebate of 0.03 basis points is more than the taker pays"),
        (tuple(FeeTier(volume, 0, 1) for volume in range(51)), "50 tiers at most, not 51"),
    ),
)
def test_what_is_no_schedule_is_refused(tiers: tuple[FeeTier, ...], what: str) -> None:
    with pytest.raises(Refused, match=what):
        check(Fees("USD", tiers))


@pytest.mark.parametrize("minimum", (-1, 2**62 + 1))
def test_a_minimum_is_within_what_the_venue_can_hold(minimum: int) -> None:
    with pytest.raises(Refused, match=f"a monthly minimum of {minimum} is below 0, or more than the venue can hold"):
        check(Fees("USD", TIERS, minimum))


def test_a_schedule_with_rebates_is_one() -> None:
    check(Fees("USD", TIERS))
