"""Limits, inherited downwards: what holds for an account are the tightest between its client's rating and itself.

The levels of a chain, from the top: the rating of the client, the firm, the desk, the trader, the account. Each says
what it bounds, and nothing of the rest. A firm's level may have been let beyond the rating, by two people: then it
stands in the rating's place where both say something.

The engine holds orders to the limits of an account and of its firm. Those of a rating are part of the firm's there,
those of desks and traders, which it does not know, part of the account's. Withdrawals are held to theirs by payments.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import asdict

from engine.rules import Limits
from engine.values import AMOUNT_MAX

NOTHING: Final = 1
"""What stands for nothing in the engine, to which 0 is no limit: the smallest unit of an asset."""


class Measure(StrEnum):
    """What a limit bounds, as people read it."""

    OPEN_ORDERS = "open orders"
    ORDER_QUANTITY = "quantity of an order"
    ORDER_NOTIONAL = "notional of an order"
    WITHDRAWN_DAY = "withdrawn in 24 hours"
    WITHDRAWN_MONTH = "withdrawn in 30 days"


class Bounded(NamedTuple):
    """What is bounded, and in what: an asset's smallest unit, or whole dollars' worth of what is withdrawn."""

    measure: Measure
    asset: str = ""


Bounds: TypeAlias = Mapping[Bounded, int]

WITHDRAWN_DAY: Final = Bounded(Measure.WITHDRAWN_DAY, "USD")
WITHDRAWN_MONTH: Final = Bounded(Measure.WITHDRAWN_MONTH, "USD")


class Withdrawn(msgspec.Struct, frozen=True):
    """How much may be withdrawn, in whole dollars' worth; 0 for no limit."""

    day_usd: int = 0
    month_usd: int = 0

    def in_order(self) -> tuple[int, int]:
        return self.day_usd, self.month_usd


NO_BOUND: Final = Withdrawn()


class Level(msgspec.Struct, frozen=True):
    """What one place of the chain says."""

    source: str
    """As people read it: "rating medium", "desk ALPHA/rates"."""
    bounds: Bounds
    is_beyond: bool = False
    """Whether two people have let it go beyond the rating."""


class Held(NamedTuple):
    """A limit that holds, and where it comes from."""

    value: int
    source: str


def hold(levels: Iterable[Level]) -> dict[Bounded, Held]:
    """Return the tightest limits of a chain, from the top down; of equal ones the upper."""
    held: dict[Bounded, Held] = {}
    for level in levels:
        for bounded, value in level.bounds.items():
            if level.is_beyond or bounded not in held or value < held[bounded].value:
                held[bounded] = Held(value, level.source)
    return held


def looser(bounds: Bounds, than: Bounds) -> Sequence[Bounded]:
    """Return what one allows more of than the other, which says something of it."""
    return [bounded for bounded, value in bounds.items() if bounded in than and value > than[bounded]]


def bounds_of(limits: Limits, withdrawn: Withdrawn = NO_BOUND) -> dict[Bounded, int]:
    """Return what limits bound. 0 is no limit, and left out."""
    bounds = {
        Bounded(Measure.OPEN_ORDERS): limits.open_orders_max,
        **{Bounded(Measure.ORDER_QUANTITY, asset): amount for asset, amount in limits.order_base_max.items()},
        **{Bounded(Measure.ORDER_NOTIONAL, asset): amount for asset, amount in limits.order_notional_max.items()},
        WITHDRAWN_DAY: withdrawn.day_usd,
        WITHDRAWN_MONTH: withdrawn.month_usd,
    }
    return {bounded: value for bounded, value in bounds.items() if value}


def engine_limits(held: Mapping[Bounded, Held]) -> Limits:
    """Return what the engine is to hold orders to."""
    amounts: dict[Measure, dict[str, int]] = {Measure.ORDER_QUANTITY: {}, Measure.ORDER_NOTIONAL: {}}
    open_orders_max = 0
    for bounded, limit in held.items():
        if bounded.measure is Measure.OPEN_ORDERS:
            open_orders_max = limit.value
        elif bounded.measure in amounts:
            amounts[bounded.measure][bounded.asset] = min(max(limit.value, NOTHING), AMOUNT_MAX)
    return Limits(open_orders_max, amounts[Measure.ORDER_QUANTITY], amounts[Measure.ORDER_NOTIONAL])


def content_of(limits: Limits, withdrawn: Withdrawn) -> dict[str, Any]:
    """Return limits as they are stored."""
    return {**asdict(limits), **{f"withdrawn_{name}": usd for name, usd in asdict(withdrawn).items()}}


def stored_bounds(content: Mapping[str, Any]) -> dict[Bounded, int]:
    """Return what limits bound that were stored, also by who knew none of withdrawals."""
    limits = Limits(content["open_orders_max"], dict(content["order_base_max"]), dict(content["order_notional_max"]))
    withdrawn = Withdrawn(content.get("withdrawn_day_usd", 0), content.get("withdrawn_month_usd", 0))
    return bounds_of(limits, withdrawn)
