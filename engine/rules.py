"""Trading rules and limits: what the house may change while orders rest, unlike an instrument's definition."""

from typing import Final

import msgspec

from engine.values import Phase, SelfTrade, SelfTradeScope


class ScheduledPhase(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A change of phase that comes every week: seconds of the day (UTC), and on which days, bit 0 for Mondays."""

    at_s: int
    phase: Phase
    weekdays: int = 0b1111111


class Bands(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How far an instrument may trade at once, and what comes of it where it would go further; see `engine.bands`."""

    static_bps: int = 0
    """From the price of the last auction, in basis points of that price; 0 for no such band."""
    dynamic_bps: int = 0
    """From the last price; 0 for no such band."""
    auction_ms: int = 300_000
    """How long the auction is that follows; and how much longer it is if its price would be outside."""


class Rules(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Limits and settings of one instrument; 0 stands for none."""

    stop_protection_bps: int = 500
    """How far beyond its StopPx a stop without a limit may trade, in basis points of the StopPx."""
    display_min_bps: int = 0
    """The least share of its quantity that an iceberg must display."""
    reference_price: int = 0
    """In ticks: what prices are held against before the first trade."""
    order_qty_min: int = 0
    order_qty_max: int = 0
    """In lots; what an order's quantity must be within,"""
    order_notional_min: int = 0
    order_notional_max: int = 0
    """and in the quote asset's smallest units its price times quantity."""
    fat_finger_bps: int = 0
    """How far beyond the reference price an order may pay, or sell for, in basis points of that price."""
    auction_protection_bps: int = 1000
    """How far from the reference price a market order may trade in an auction, in basis points of that price."""
    auction_random_end_ms: int = 0
    """By how much at most the scheduled end of an auction is put off at random,"""
    auction_seed: int = 0
    """made from this, 63 bits that nobody knows beforehand."""
    indicative_every_ms: int = 500
    """How often at most an indicative price is published while an auction's orders gather."""
    bands: Bands | None = None


NO_RULES: Final = Rules()
"""Those of an instrument for which the house has set none."""


class Limits(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Limits on the orders of an account, or of a firm; 0, or an asset that is not named, stands for none."""

    open_orders_max: int = 0
    order_base_max: dict[str, int] = {}
    """The largest quantity of an order in a base asset, in its smallest units;"""
    order_notional_max: dict[str, int] = {}
    """the largest price times quantity of one in a quote asset."""


NO_LIMITS: Final = Limits()
"""Those of an account or a firm for which the house has set none."""


class SelfTradeRule(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What becomes of two orders of one owner that would trade, and who is one owner."""

    mode: SelfTrade = SelfTrade.DEFAULT
    scope: SelfTradeScope = SelfTradeScope.ACCOUNT


NO_SELF_TRADE_RULE: Final = SelfTradeRule()
"""That of an account or session for which the house has set none."""
