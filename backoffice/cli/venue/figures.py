"""Prices, quantities and rates of fees between the engine's steps and what staff read and write."""

from typing import Final

from engine.decimals import format_decimal, parse_decimal
from engine.errors import DecimalError
from engine.overview import InstrumentShown

_BPS_DECIMALS: Final = 2
"""A hundredth of a basis point is a millionth."""


def price_text(shown: InstrumentShown, ticks: int) -> str:
    """Return a price as a decimal number."""
    return format_decimal(ticks * shown.price_increment, shown.price_decimals)


def qty_text(shown: InstrumentShown, lots: int) -> str:
    """Return a quantity as a decimal number."""
    return format_decimal(lots * shown.qty_increment, shown.qty_decimals)


def ticks(shown: InstrumentShown, text: str) -> int:
    """Return a price in ticks. Raise `DecimalError` if it is no number or not a whole number of them."""
    return _steps("price", text, shown.price_increment, shown.price_decimals)


def lots(shown: InstrumentShown, text: str) -> int:
    """Return a quantity in lots. Raise `DecimalError` if it is no number or not a whole number of them."""
    return _steps("quantity", text, shown.qty_increment, shown.qty_decimals)


def rate_text(ppm: int) -> str:
    """Return a rate, which is in millionths, in basis points."""
    return format_decimal(ppm, _BPS_DECIMALS)


def rate_of(text: str) -> int:
    """Return a rate that is given in basis points in millionths. Raise `DecimalError`."""
    return parse_decimal(text, _BPS_DECIMALS)


def _steps(what: str, text: str, increment: int, decimals: int) -> int:
    try:
        steps, rest = divmod(parse_decimal(text, decimals), increment)
    except DecimalError as error:
        raise DecimalError(f"{what}: {error}") from error
    if rest:
        raise DecimalError(f"{what}: {text} is not a multiple of {format_decimal(increment, decimals)}")
    return steps
