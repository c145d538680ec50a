"""What an order may ask for beyond side, type, quantity, price and time in force.

Most orders ask for none of it and carry no `Terms` at all, which keeps them as cheap as they would be without.
"""

from typing import Final

import msgspec
from msgspec.structs import replace

from engine.values import Amount, OffsetUnit, OnDisconnect, PegReference, PostOnly, Price, Qty, SelfTrade, TriggerSource


class Terms(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The optional terms of an order, as entered or as last replaced; 0 stands for what it does not ask for."""

    post_only: PostOnly = PostOnly.NO
    expire_ns: int = 0
    """When a good-till-date order expires, nanoseconds since the epoch,"""
    expire_day: int = 0
    """or the trading day (YYYYMMDD) with whose end it does."""
    min_qty: Qty = 0
    """How much must trade on entry, or nothing does and the order is cancelled."""
    slippage_unit: OffsetUnit = OffsetUnit.NONE
    slippage_max: int = 0
    """How far from the other side's best price on entry a market order may trade."""
    valid_until_ns: int = 0
    """After this, nanoseconds since the epoch, the order or replace is refused."""
    effective_ns: int = 0
    """When the order is to start, nanoseconds since the epoch; until then it waits off the book."""
    offset_unit: OffsetUnit = OffsetUnit.NONE
    offset: int = 0
    """How far a price that follows the market keeps away from it."""
    display_qty: Qty = 0
    """How much of a resting order the market sees at a time,"""
    display_low_qty: Qty = 0
    display_high_qty: Qty = 0
    """or, after the first time, a random quantity between these,"""
    display_seed: int = 0
    """made from this, 63 bits that nobody knows beforehand."""
    cash_amount: Amount = 0
    """What a market order is to spend or earn, in place of a quantity."""
    on_disconnect: OnDisconnect = OnDisconnect.AS_SESSION
    peg: PegReference = PegReference.NONE
    """The price that a pegged order follows, `offset` ticks above it (below it if negative)."""
    self_trade: SelfTrade = SelfTrade.DEFAULT
    self_trade_group: str = ""
    """Orders of one firm with the same group are of one owner."""
    list_id: str = ""
    """The list that the order is of."""
    trigger: TriggerSource = TriggerSource.NONE
    """The price that an order waits for, if it does: a stop, a take-profit or a trailing stop."""
    stop_price: Price = 0
    """The price that triggers it. A trailing stop's is where it stands; only reports on it have one."""


NO_TERMS: Final = Terms()
"""Those of an order that asks for nothing."""


def of_list(terms: Terms | None, list_id: str) -> Terms:
    """Return the terms of an order of a list, which may ask for nothing else."""
    return replace(terms or Terms(), list_id=list_id)
