"""The house's rules for payments of one asset: how deep, how many approvals, how much a day, from when on.

They come from the settings, as integers in the asset's smallest unit. What they say of a payment is a reason in words,
empty if they have nothing against it.
"""

from collections.abc import Sequence

import msgspec

from backoffice.times import DAY_NS


class Tier(msgspec.Struct, frozen=True):
    """What amounts up to some size need."""

    up_to: int
    """The largest amount of this tier; 0 for all larger ones."""
    needed: int


class PaymentRules(msgspec.Struct, frozen=True):
    """The rules for one asset on one rail."""

    asset: str
    rail: str
    confirmations: tuple[Tier, ...] = (Tier(0, 1),)
    """How many a deposit needs before it is relied upon."""
    approvals: tuple[Tier, ...] = (Tier(0, 1),)
    """How many people must approve a withdrawal, beside the one who asks for it; at least one."""
    looked_at_above: int = 0
    """Deposits larger than this are looked at by two people before they are credited; 0: none for its size."""
    withdrawn_a_day_max: int = 0
    """How much an account may withdraw in 24 hours; 0: no bound."""
    cooling_ns: int = DAY_NS
    """How long after its approval a destination is not paid to yet."""
    watched_ns: int = 3 * DAY_NS
    """How long a rail is asked about a withdrawal after it was settled, which it may take back."""


def needed(tiers: Sequence[Tier], amount: int) -> int:
    """Return what an amount needs: the first tier's that it is within, the largest of all if it is within none."""
    for tier in tiers:
        if not tier.up_to or amount <= tier.up_to:
            return tier.needed
    return max(tier.needed for tier in tiers)


def over_the_day(rules: PaymentRules, amount: int, withdrawn: int) -> str:
    """Return why an amount may not be withdrawn after `withdrawn` in the last 24 hours, empty if it may."""
    if rules.withdrawn_a_day_max and withdrawn + amount > rules.withdrawn_a_day_max:
        return f"over the limit of 24 hours for {rules.asset}"
    return ""
