"""Settings of surveillance: from where on trading looks like abuse, each threshold named for what looks for it."""

from typing import Annotated

import msgspec

_Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
_Hours = Annotated[int, msgspec.Meta(ge=1, le=8_760)]
_Seconds = Annotated[int, msgspec.Meta(ge=1, le=14_400)]
_Times = Annotated[int, msgspec.Meta(ge=1, le=1_000)]


class Surveillance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All thresholds. `_bps` are hundredths of a per cent; each venue finds out its own, for what it trades."""

    wash_trades_min: _Count = 2
    """Trades of an account with itself in an hour."""
    wash_trades_firm_min: _Count = 5
    """Trades of two accounts of a firm with each other in an hour: they may be two desks that know nothing of it."""
    wash_trades_owner_min: _Count = 5
    """Trades in an hour of firms with each other that one person or entity owns."""
    wash_trades_owner_percent: Annotated[int, msgspec.Meta(ge=1, le=100)] = 25
    """What percentage of each firm is that owner's, by share or by votes."""

    circular_within_s: _Seconds = 600
    """How long the stretches are in which a quantity is passed round; what takes half as long is always in one."""
    circular_accounts_max: Annotated[int, msgspec.Meta(ge=2, le=20)] = 5
    """Accounts that it is passed through."""
    circular_trades_min: _Count = 4
    """Trades by which it is."""
    circular_share_min_bps: Annotated[int, msgspec.Meta(ge=5_001, le=10_000)] = 7_500
    """How much of what each account sells goes to the next one, and is what that one buys: more than half."""
    circular_change_max_bps: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 500
    """By how much a position may have changed at the end, of all that the account bought and sold."""

    layering_withdraw_within_s: Annotated[int, msgspec.Meta(ge=1, le=3_600)] = 5
    """How soon after its trade on the other side an account withdraws orders."""
    layering_lifetime_max_s: _Seconds = 60
    """How long these have been there, at that price, by then."""
    layering_size_ratio: _Times = 3
    """How many times as large they are as the orders that traded."""
    layering_episodes_min: _Count = 3
    """How often all this happens in an hour."""

    close_period_s: _Seconds = 600
    """How long before a close it is that trading is looked at."""
    close_share_min_percent: Annotated[int, msgspec.Meta(ge=1, le=100)] = 40
    """What share of the volume is one firm's, on one side."""
    close_move_min_bps: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 50
    """How far the price has moved that way."""
    close_trades_min: _Count = 5
    """How many trades there must be for a share to say anything."""

    order_to_trade_max: _Count = 500
    """Orders for each trade, less one."""
    order_to_trade_volume_max: _Count = 5_000
    """Lots of orders for each lot that is traded, less one."""
    order_to_trade_orders_min: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)] = 1_000
    """Below so many orders in an hour neither ratio says anything."""

    volume_history_hours: _Hours = 720
    """How far back an account's own trading is looked at."""
    volume_history_min: _Hours = 20
    """How many hours with trades it must have in that time."""
    volume_deviations: _Times = 10
    """How many median absolute deviations above the median of these hours is unusual."""
    volume_multiple: _Times = 5
    """How many times the median it must be besides."""
