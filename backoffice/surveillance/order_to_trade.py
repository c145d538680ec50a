"""Order-to-trade ratio: an account floods an instrument with orders and hardly trades.

Counted as Delegated Regulation (EU) 2017/566 (RTS 9), article 3 and annex, has it by number: an order counts one when
it is entered, two when it is changed, one when it is cancelled; the ratio is orders by trades, less one. No trade
counts as one. Sources besides: Directive 2014/65/EU (MiFID II), article 48(6); Regulation (EU) 596/2014 (MAR), article
12(2)(c)(i), on quote stuffing; FINRA rule 5210, supplementary material .03.
"""

from typing import Final

from backoffice.surveillance.parameters import Parameters
from backoffice.surveillance.rows import Finding, HourSeen, Window

DETECTOR: Final = "order-to-trade ratio"


def order_to_trade(parameters: Parameters, window: Window, hour: HourSeen) -> Finding | None:
    """Return what there is to find in an hour of an account, None if nothing is."""
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
    return Finding(DETECTOR, hour.account, hour.symbol, window, summary, evidence)
