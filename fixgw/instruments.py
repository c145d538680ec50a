"""Instruments as FIX text sees them: prices and quantities between decimal text and ticks or lots, remembered.

The same few prices and quantities come again and again, so both directions are looked up first and worked out only
when they are new. The memories are bounded: full ones begin again empty.
"""

from typing import Final

from engine.decimals import DIGITS_MAX, divide_rounded, format_decimal, parse_decimal
from engine.errors import DecimalError
from engine.instrument import Instrument

_REMEMBERED_MAX: Final = 65_536
_AVERAGE_DECIMALS: Final = 4
"""An average price that is no whole number of ticks is shown with so many more decimals."""


class Steps(dict[int, str]):
    """Text by number of steps, for one kind of value: `steps[ticks]` is the price as text."""

    __slots__ = ("decimals", "increment")

    def __init__(self, increment: int, decimals: int) -> None:
        """One step is `increment` x 10^-`decimals`."""
        super().__init__()
        self.increment = increment
        self.decimals = decimals

    def __missing__(self, steps: int) -> str:
        if len(self) >= _REMEMBERED_MAX:
            self.clear()
        text = self[steps] = format_decimal(steps * self.increment, self.decimals)
        return text


class InstrumentText:
    """One instrument's prices and quantities as text."""

    __slots__ = ("_lots", "_ticks", "fee_text", "instrument", "price_text", "qty_text")

    def __init__(self, instrument: Instrument, quote_decimals: int) -> None:
        """`quote_decimals` are those of the quote asset, in which fees are paid."""
        self.instrument = instrument
        self.fee_text = Steps(1, quote_decimals)
        """Fee as text, by smallest units of the quote asset."""
        self.price_text = Steps(instrument.price_increment, instrument.price_decimals)
        """Price as text, by ticks."""
        self.qty_text = Steps(instrument.qty_increment, instrument.qty_decimals)
        """Quantity as text, by lots."""
        self._ticks: dict[str, int] = {}
        self._lots: dict[str, int] = {}

    def ticks(self, text: str) -> int:
        """Return a price text in ticks. Raise `DecimalError` if it is no number or not a whole number of them."""
        ticks = self._ticks.get(text)
        if ticks is None:
            ticks = _steps(text, self.price_text, self._ticks)
        return ticks

    def lots(self, text: str) -> int:
        """Return a quantity text in lots. Raise `DecimalError` if it is no number or not a whole number of them."""
        lots = self._lots.get(text)
        if lots is None:
            lots = _steps(text, self.qty_text, self._lots)
        return lots

    def average_price(self, cum_notional: int, cum_qty: int) -> str:
        """Return AvgPx(6) for what has been traded: exact where it is on a tick, else rounded half up."""
        if not cum_qty:
            return "0"
        tick_lots = cum_notional // self.instrument.notional_per_tick_lot
        ticks, rest = divmod(tick_lots, cum_qty)
        if not rest:
            return self.price_text[ticks]
        scaled = tick_lots * self.instrument.price_increment * int(10**_AVERAGE_DECIMALS)
        return format_decimal(divide_rounded(scaled, cum_qty), self.instrument.price_decimals + _AVERAGE_DECIMALS)


def _steps(text: str, kind: Steps, known: dict[str, int]) -> int:
    whole, _, fraction = text.removeprefix("-").partition(".")
    if max(len(whole), len(fraction)) > DIGITS_MAX:  # Zeros too: a text that is remembered must not be long.
        raise DecimalError(f"{text[:40]!r} has more than {DIGITS_MAX} digits on a side of the point")
    steps, rest = divmod(parse_decimal(text, kind.decimals), kind.increment)
    if rest:
        raise DecimalError(f"{text[:40]!r} is not a multiple of {format_decimal(kind.increment, kind.decimals)}")
    if len(known) >= _REMEMBERED_MAX:
        known.clear()
    known[text] = steps
    return steps
