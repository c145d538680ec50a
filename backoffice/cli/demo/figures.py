"""Figures as people read them: thousands apart, exact to the last digit unless it says otherwise."""

from backoffice.figure import Figure
from backoffice.times import SECOND_NS
from engine.decimals import divide_rounded, format_decimal


def grouped(text: str) -> str:
    """Return a decimal text with its thousands apart: "67,250.01"."""
    return Figure(text).with_commas


def exact(amount: int, decimals: int) -> str:
    """Return an amount with all its decimals."""
    return grouped(format_decimal(amount, decimals))


def trimmed(amount: int, decimals: int) -> str:
    """Return an amount without the zeros at its end."""
    text = exact(amount, decimals)
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(amount: int, decimals: int) -> str:
    """Return a positive amount rounded to two decimals: to be looked at, not to be reckoned with."""
    if decimals <= 2:
        return exact(amount, decimals)
    return exact(divide_rounded(amount, 10 ** (decimals - 2)), 2)


def per_second(count: int, elapsed_ns: int) -> int:
    """Return a rate in whole numbers."""
    return count * SECOND_NS // max(elapsed_ns, 1)
