"""Decimal text to scaled integers and back. The one place where numbers change their form; no float takes part."""

from engine.errors import DecimalError

DIGITS_MAX = 18
"""More digits than this, point aside, are refused: 10^18 is what 64 bits hold."""


def parse_decimal(text: str, decimals: int) -> int:
    """Return `text` as an integer count of 10^-`decimals`.

    Accepts an optional sign, digits and an optional point, as FIX float fields do (no exponent). Trailing zeros beyond
    `decimals` are accepted, other digits are not: nothing is ever rounded. Raises `DecimalError`.
    """
    sign, digits = (-1, text[1:]) if text[:1] == "-" else (1, text)
    whole, _, fraction = digits.partition(".")
    if not (whole + fraction).isdigit() or not digits.isascii():
        raise DecimalError(f"{text[:40]!r} is not a decimal number")
    fraction = fraction.rstrip("0")
    whole = whole.lstrip("0")
    if len(fraction) > decimals:
        raise DecimalError(f"{text[:40]!r} has more than {decimals} decimals")
    if len(whole) + decimals > DIGITS_MAX:
        raise DecimalError(f"{text[:40]!r} is too large")
    return sign * int(whole + fraction.ljust(decimals, "0") or "0")


def format_decimal(value: int, decimals: int) -> str:
    """Return `value` counts of 10^-`decimals` as text with exactly `decimals` digits after the point."""
    if decimals == 0:
        return str(value)
    sign = "-" if value < 0 else ""
    digits = str(abs(value)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


def divide_rounded(numerator: int, denominator: int) -> int:
    """Return the quotient rounded half away from zero; both positive. For averages that are shown, never for money."""
    return (2 * numerator + denominator) // (2 * denominator)
