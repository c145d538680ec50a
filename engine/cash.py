"""Orders for an amount: how many whole lots an amount of the quote asset buys, or has to be sold for it.

A buyer's amount includes the fee; a seller's is what the sale is worth before the fee.
"""

from collections.abc import Iterable

from engine.fee_rates import FEE_SCALE
from engine.order import Order
from engine.values import BUY, Amount, Price, Qty


def lots_at_entry(trades: Iterable[tuple[Qty, Price]], best_price: Price, order: Order, amount: Amount) -> Qty:
    """Return the quantity of an order for `amount`, which would make `trades` for as long as the amount lasts.

    If they are too little for it, the rest counts at the best price, so that the order is for more than it will get, as
    any market order for more than there is.
    """
    fee_ppm = order.fees.taker_ppm if order.side is BUY else 0
    per_tick = order.instrument.notional_per_tick_lot
    qty = notional = 0
    for there, price in trades:
        lots = _lots(amount, notional, notional * fee_ppm, price * per_tick, fee_ppm)
        if lots < there:
            return qty + lots
        qty += there
        notional += there * price * per_tick
    return qty + _lots(amount, notional, notional * fee_ppm, best_price * per_tick, fee_ppm)


def lots_left(order: Order, price: Price) -> Qty:
    """Return how many lots more an order for an amount may trade at a price."""
    assert order.terms is not None, "an amount is a term"
    is_buy = order.side is BUY
    fee_ppm = order.fees.taker_ppm if is_buy else 0
    lot = price * order.instrument.notional_per_tick_lot
    return _lots(order.terms.cash_amount, order.cum_notional, order.fee_raw if is_buy else 0, lot, fee_ppm)


def _lots(amount: Amount, spent: Amount, fee_raw: int, lot: Amount, fee_ppm: int) -> Qty:
    """Return the most lots, each worth `lot`, for which `spent` and the fee on all of it stay within `amount`.

    The fee, `fee_raw` / FEE_SCALE so far, is rounded up; and rounded up it is within a whole amount just if it is.
    """
    return ((amount - spent) * FEE_SCALE - fee_raw) // (lot * (FEE_SCALE + fee_ppm))
