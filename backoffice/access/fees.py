"""Fee schedules: what a firm pays as maker and as taker, by its volume of the last 30 days.

A schedule's tiers are read from the top: the last whose volume is reached holds. A maker's fee below zero is a rebate.
Schedules and assignments have dates from which on they hold; of several the latest that has come holds.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

from backoffice.errors import Refused
from engine.decimals import format_decimal
from engine.values import AMOUNT_MAX

PPM_MAX: Final = 100_000
"""1,000 basis points."""
TIERS_MAX: Final = 50
VOLUME_DAYS: Final = 30


class FeeTier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fees from some volume on."""

    volume: int
    """Traded in 30 days, in the smallest unit of the schedule's asset; the first tier's is 0."""
    maker_ppm: int
    taker_ppm: int
    """In millionths of the notional: 100 are a basis point."""


class Fees(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of a schedule."""

    asset: str
    """The quote asset in which the volume is counted."""
    tiers: tuple[FeeTier, ...]
    monthly_minimum: int = 0
    """What a firm pays at least in a month, in that asset; what is missing is invoiced."""


def check(fees: Fees) -> None:
    """Raise `Refused` if a schedule is none."""
    if not fees.tiers or fees.tiers[0].volume != 0:
        raise Refused("the first tier of a fee schedule begins at a volume of 0")
    if len(fees.tiers) > TIERS_MAX:
        raise Refused(f"a fee schedule has {TIERS_MAX} tiers at most, not {len(fees.tiers)}")
    for number, (before, after) in enumerate(pairwise(fees.tiers), 2):
        if after.volume <= before.volume:
            raise Refused(f"tier {number}: begins at no larger volume than the one before it")
    for number, tier in enumerate(fees.tiers, 1):
        for fee in (tier.maker_ppm, tier.taker_ppm):
            if not -PPM_MAX <= fee <= PPM_MAX:
                most = _points(PPM_MAX)
                raise Refused(f"tier {number}: a fee of {_points(fee)} is not between -{most} and {most}")
        if tier.maker_ppm + tier.taker_ppm < 0:
            raise Refused(f"tier {number}: the rebate of {_points(-tier.maker_ppm)} is more than the taker pays")
    if not 0 <= fees.monthly_minimum <= AMOUNT_MAX:
        raise Refused(f"a monthly minimum of {fees.monthly_minimum} is below 0, or more than the venue can hold")


def _points(fee_ppm: int) -> str:
    return f"{format_decimal(fee_ppm, 2)} basis points"


def tier_of(tiers: Sequence[FeeTier], volume: int) -> FeeTier:
    """Return the tier that a volume reaches."""
    return next(tier for tier in reversed(tiers) if volume >= tier.volume)
