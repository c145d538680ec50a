"""An instrument: its increments, and the exact arithmetic that follows from them."""

from engine.errors import DefinitionError
from engine.fee_rates import FeeRates
from engine.values import AMOUNT_MAX, DECIMALS_MAX, PRICE_MAX


class Instrument:
    """What is traded against what, in which steps, for which fee.

    One tick is `price_increment` x 10^-`price_decimals` of the quote asset per unit of the base asset; one lot is
    `qty_increment` x 10^-`qty_decimals` of the base asset. `notional_per_tick_lot` (smallest quote units) and
    `base_per_lot` (smallest base units) are whole numbers, so that price x quantity is exact.
    """

    __slots__ = (
        "base",
        "base_per_lot",
        "fees",
        "maker_fee_bps",
        "notional_per_tick_lot",
        "order_qty_max",
        "price_decimals",
        "price_increment",
        "qty_decimals",
        "qty_increment",
        "quote",
        "symbol",
        "taker_fee_bps",
    )

    def __init__(  # noqa: PLR0913 - what defines an instrument, each by its name
        self,
        *,
        symbol: str,
        base: str,
        quote: str,
        base_decimals: int,
        quote_decimals: int,
        price_increment: int,
        price_decimals: int,
        qty_increment: int,
        qty_decimals: int,
        maker_fee_bps: int,
        taker_fee_bps: int,
        order_qty_max: int,
    ) -> None:
        """Raise `DefinitionError` where the increments or fees would not keep amounts exact and balances solvent."""
        if price_increment <= 0 or qty_increment <= 0:
            raise DefinitionError(f"{symbol}: price and quantity increments must be above zero")
        if not (0 <= price_decimals <= DECIMALS_MAX and 0 <= qty_decimals <= DECIMALS_MAX):
            raise DefinitionError(f"{symbol}: decimals must be 0 to {DECIMALS_MAX}")
        if not 0 < order_qty_max <= PRICE_MAX:
            raise DefinitionError(
                f"{symbol}: order_qty_max must be 1 to {PRICE_MAX} quantity increments, not {order_qty_max}"
            )
        if taker_fee_bps >= 10_000 or abs(maker_fee_bps) >= 10_000 or taker_fee_bps + maker_fee_bps < 0:
            raise DefinitionError(
                f"{symbol}: fees of {maker_fee_bps} bp (maker) and {taker_fee_bps} bp (taker) cannot be charged: "
                "each must be below 10000 and the taker's must pay for a maker's rebate"
            )
        self.symbol = symbol
        self.base = base
        self.quote = quote
        self.price_increment = price_increment
        self.price_decimals = price_decimals
        self.qty_increment = qty_increment
        self.qty_decimals = qty_decimals
        self.maker_fee_bps = maker_fee_bps
        self.taker_fee_bps = taker_fee_bps
        self.order_qty_max = order_qty_max
        self.fees = FeeRates(maker_fee_bps * 100, taker_fee_bps * 100)
        """What is paid by those who have no rates of their own."""
        self.base_per_lot = _scaled(symbol, "quantity increment", qty_increment, base_decimals - qty_decimals, base)
        self.notional_per_tick_lot = _scaled(
            symbol,
            "price increment times quantity increment",
            price_increment * qty_increment,
            quote_decimals - price_decimals - qty_decimals,
            quote,
        )


def _scaled(symbol: str, what: str, value: int, exponent: int, asset: str) -> int:
    """Return value x 10^exponent, which must be a whole number that a balance can hold."""
    whole, rest = (value * 10**exponent, 0) if exponent >= 0 else divmod(value, 10**-exponent)
    if rest:
        raise DefinitionError(
            f"{symbol}: {what} is finer than the smallest unit of {asset}; give {asset} more decimals"
        )
    if whole > AMOUNT_MAX:
        raise DefinitionError(f"{symbol}: {what} is more {asset} than the venue can hold; give {asset} fewer decimals")
    return int(whole)
