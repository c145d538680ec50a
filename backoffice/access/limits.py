"""Limits, inherited downwards: what holds for an account are the tightest between the firm and the account itself.

The engine holds orders to the limits of an account and of its firm. Those of desks and traders, which it does not know,
are part of the account's here.
"""

from collections.abc import Iterable

from engine.rules import Limits


def tightest(limits: Iterable[Limits]) -> Limits:
    """Return limits that hold wherever one of these holds. 0, or an asset that is not named, stands for none."""
    open_orders_max = 0
    order_base_max: dict[str, int] = {}
    order_notional_max: dict[str, int] = {}
    for each in limits:
        open_orders_max = _tighter(open_orders_max, each.open_orders_max)
        for mine, theirs in ((order_base_max, each.order_base_max), (order_notional_max, each.order_notional_max)):
            for asset, amount in theirs.items():
                mine[asset] = _tighter(mine.get(asset, 0), amount)
    return Limits(open_orders_max, order_base_max, order_notional_max)


def _tighter(one: int, other: int) -> int:
    return min(one, other) if one and other else one or other
