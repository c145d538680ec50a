"""The market that the demo's brokers see: six instruments, and reference prices that wander.

Each asset has a value in US dollars which takes a seeded random walk; an instrument's reference price is the ratio of
two values, so that the six agree with each other. All of it is integers.
"""

import random
from typing import Final

from config.settings import Settings
from engine.decimals import parse_decimal
from engine.instrument import Instrument
from engine.values import Price, Qty
from fixgw.instruments import InstrumentText

_DOLLAR: Final = 10**8
"""A value of one US dollar."""
_STEPS_PER_ONE: Final = 10**7
"""A walk's step is given in this part of the value."""

_START: Final = {
    "USD": _DOLLAR,
    "BTC": 67_250 * _DOLLAR,
    "ETH": 3_480 * _DOLLAR,
    "LTC": 84 * _DOLLAR,
    "EUR": 108_600_000,
    "USDC": _DOLLAR,
}
"""What one unit of an asset is worth when the demo begins."""
_STEP_MAX: Final = {"USD": 0, "BTC": 350, "ETH": 400, "LTC": 500, "EUR": 40, "USDC": 120}
_PULL_BITS: Final = {"EUR": 10, "USDC": 8}
"""How strongly a value is drawn back to where it began: by 1 part in 2^bits of the distance at each step."""
_PULL_BITS_OTHERS: Final = 14


class Market:
    """Instruments as the settings define them, with the reference prices of the moment."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.decimals = {asset.asset: asset.decimals for asset in settings.assets}
        self.instruments = {
            definition.symbol: _instrument_text(settings, definition.symbol) for definition in settings.instruments
        }
        self._random = random.Random(seed)  # noqa: S311 - a seeded market is no secret
        self._values = {asset: _START[asset] for asset in self.decimals}

    def step(self) -> None:
        """Let every value wander a little."""
        values, randint = self._values, self._random.randint
        for asset, value in values.items():
            step_max = _STEP_MAX[asset]
            if step_max:
                pull = (_START[asset] - value) >> _PULL_BITS.get(asset, _PULL_BITS_OTHERS)
                values[asset] = value + value * randint(-step_max, step_max) // _STEPS_PER_ONE + pull

    def reference_price(self, instrument: Instrument) -> Price:
        """Return what an instrument is worth now, in ticks, rounded down."""
        base, quote = self._values[instrument.base], self._values[instrument.quote]
        return int(base * 10**instrument.price_decimals // (quote * instrument.price_increment))

    def lots_worth(self, instrument: Instrument, dollars: int) -> Qty:
        """Return about as many lots as cost so many US dollars: a number with two digits and zeros behind them."""
        lots = (
            dollars
            * _DOLLAR
            * 10**instrument.qty_decimals
            // (self._values[instrument.base] * instrument.qty_increment)
        )
        unit = 10 ** max(0, len(str(lots)) - 2)
        return int(max(1, lots - lots % unit))


def _instrument_text(settings: Settings, symbol: str) -> InstrumentText:
    definition = next(instrument for instrument in settings.instruments if instrument.symbol == symbol)
    decimals = {asset.asset: asset.decimals for asset in settings.assets}
    price_decimals = len(definition.price_increment.partition(".")[2])
    qty_decimals = len(definition.quantity_increment.partition(".")[2])
    qty_increment = parse_decimal(definition.quantity_increment, qty_decimals)
    instrument = Instrument(
        symbol=symbol,
        base=definition.base,
        quote=definition.quote,
        base_decimals=decimals[definition.base],
        quote_decimals=decimals[definition.quote],
        price_increment=parse_decimal(definition.price_increment, price_decimals),
        price_decimals=price_decimals,
        qty_increment=qty_increment,
        qty_decimals=qty_decimals,
        maker_fee_bps=definition.maker_fee_bps,
        taker_fee_bps=definition.taker_fee_bps,
        order_qty_max=parse_decimal(definition.order_quantity_max, qty_decimals) // qty_increment,
    )
    return InstrumentText(instrument, decimals[definition.quote])
