"""The thresholds of all detectors, in one versioned struct: an alert says which version found it.

Those of the order-to-trade ratio stand in the settings, since each venue has its own (RTS 9).

Whoever changes a threshold gives the struct a new version. Times are nanoseconds; ratios are whole numbers, in
percent or basis points where the name says so.
"""

from typing import Final

import msgspec
from msgspec.structs import asdict, replace

from config.back_office import Surveillance

SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """From where on something is found; each stands for one detector, which its name begins with."""

    version: str

    wash_trades_min: int
    """So many trades of one account with itself,"""
    wash_trades_firm_min: int
    """or of two accounts of one firm with each other, which may be two desks that know nothing of each other."""

    circular_within_ns: int
    """In stretches of this length"""
    circular_accounts_max: int
    """so few accounts"""
    circular_trades_min: int
    """make so many trades, in which"""
    circular_share_min_bps: int
    """so much of what each sells goes to the next, and is what the next buys (more than half),"""
    circular_change_max_bps: int
    """and no position changes by more than this, of all that the account buys and sells."""

    layering_withdraw_within_ns: int
    """How soon after its first trade on the other side an order is withdrawn,"""
    layering_lifetime_max_ns: int
    """how long it has been there, at that price, by then at the most,"""
    layering_size_ratio: int
    """how many times as large what is so withdrawn is as the orders that traded,"""
    layering_episodes_min: int
    """and how often all this happens in the window."""

    close_period_ns: int
    """The last minutes before the close,"""
    close_share_min_percent: int
    """what share of their volume is one firm's, on one side,"""
    close_move_min_bps: int
    """how far the price has moved by the close, in that direction,"""
    close_trades_min: int
    """and how many trades there must be for a share to say anything."""

    order_to_trade_max: int
    """Orders for each trade, less one."""
    order_to_trade_orders_min: int
    """Below so many orders in the window the ratio says nothing."""

    volume_history_hours: int
    """How far back an account's own history is looked at,"""
    volume_history_min: int
    """and how many hours with trades it must have."""
    volume_deviations: int
    """How many median absolute deviations above the median is unusual,"""
    volume_multiple: int
    """if it is also so many times the median."""

    evidence_max: int
    """How many orders or trades an alert names; it counts all."""


PARAMETERS: Final = Parameters(
    version="2026-11",
    wash_trades_min=2,
    wash_trades_firm_min=5,
    circular_within_ns=10 * MINUTE_NS,
    circular_accounts_max=5,
    circular_trades_min=4,
    circular_share_min_bps=7_500,
    circular_change_max_bps=500,
    layering_withdraw_within_ns=5 * SECOND_NS,
    layering_lifetime_max_ns=60 * SECOND_NS,
    layering_size_ratio=3,
    layering_episodes_min=3,
    close_period_ns=10 * MINUTE_NS,
    close_share_min_percent=40,
    close_move_min_bps=50,
    close_trades_min=5,
    order_to_trade_max=Surveillance().order_to_trade_max,
    order_to_trade_orders_min=Surveillance().order_to_trade_orders_min,
    volume_history_hours=30 * 24,
    volume_history_min=20,
    volume_deviations=10,
    volume_multiple=5,
    evidence_max=50,
)


def parameters_of(settings: Surveillance) -> Parameters:
    """Return the thresholds with those of the settings; the version then ends with these, as in 2026-11/200/50."""
    if settings == Surveillance():
        return PARAMETERS
    named = asdict(settings)
    return replace(PARAMETERS, version="/".join((PARAMETERS.version, *map(str, named.values()))), **named)
