"""Order-to-trade ratio: an account, or a firm over all its accounts, sends floods of orders and hardly trades.

Counted as Delegated Regulation (EU) 2017/566 (RTS 9), articles 2 and 3 and annex, has it by number, for each member and
instrument: an order counts one when it is entered, two when it is changed, one when it is cancelled; the ratio is
orders by trades, less one. No trade counts as one. A firm of which one account alone sends all is told by its account.
Sources besides: Directive 2014/65/EU (MiFID II), article 48(6); Regulation (EU) 596/2014 (MAR), article
12(2)(c)(i), on quote stuffing; FINRA rule 5210, supplementary material .03.
"""

from collections.abc import Mapping
from typing import Final

from backoffice.surveillance.parameters import Parameters
from backoffice.surveillance.rows import Finding, HourSeen, Window

DETECTOR: Final = "order-to-trade ratio"
OF_A_FIRM: Final = f"{DETECTOR} of a firm"


class OrderToTrade:
    """Goes through what accounts did in an hour; it holds what each firm did in each instrument."""

    def __init__(self, parameters: Parameters, window: Window, firm_of: Mapping[str, str]) -> None:
        """`firm_of`: the firm of each account."""
        self._parameters = parameters
        self._window = window
        self._firm_of = firm_of
        self._firms: dict[tuple[str, str], tuple[int, HourSeen]] = {}
        """How many accounts of a firm were there, and what they did together."""
        self._found: list[Finding] = []

    def add(self, seen: HourSeen) -> None:
        """Add what the next account did."""
        found = order_to_trade(self._parameters, self._window, seen)
        if found is not None:
            self._found.append(found)
        firm = self._firm_of.get(seen.account, seen.account)
        count, before = self._firms.get((firm, seen.symbol), (0, HourSeen(seen.hour, firm, seen.symbol, 0, 0, 0, 0, 0)))
        together = before._replace(
            orders=before.orders + seen.orders,
            replaces=before.replaces + seen.replaces,
            cancels=before.cancels + seen.cancels,
            trades=before.trades + seen.trades,
        )
        self._firms[firm, seen.symbol] = (count + 1, together)

    def findings(self) -> list[Finding]:
        """Return what there is to find in all that was added."""
        firms = (
            order_to_trade(self._parameters, self._window, together, OF_A_FIRM)
            for _, (count, together) in sorted(self._firms.items())
            if count > 1
        )
        return [*self._found, *(found for found in firms if found is not None)]


def order_to_trade(parameters: Parameters, window: Window, hour: HourSeen, detector: str = DETECTOR) -> Finding | None:
    """Return what there is to find in an hour of an account, or of a firm, None if nothing is."""
    orders = hour.orders + 2 * hour.replaces + hour.cancels
    ratio = orders // max(hour.trades, 1) - 1
    if orders < parameters.order_to_trade_orders_min or ratio <= parameters.order_to_trade_max:
        return None
    evidence = {
        "figures": {
            "ratio": ratio,
            "orders": hour.orders,
            "replaces": hour.replaces,
            "cancels": hour.cancels,
            "trades": hour.trades,
        },
        "thresholds": {
            "order_to_trade_max": parameters.order_to_trade_max,
            "order_to_trade_orders_min": parameters.order_to_trade_orders_min,
        },
    }
    summary = f"{hour.account} sent {orders:,} orders for {hour.trades:,} trades in {hour.symbol}"
    return Finding(detector, hour.account, hour.symbol, window, summary, evidence)
