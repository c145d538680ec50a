"""Fee rates: what an order pays as maker and as taker, in millionths of the notional, so that 100 are a basis point."""

from typing import Final

FEE_SCALE: Final = 1_000_000
"""Millionths of one."""


class FeeRates:
    """What a maker and a taker pay, in millionths; below zero, are paid. They stay: other rates are another object."""

    __slots__ = ("maker_ppm", "reserve_ppm", "taker_ppm")

    def __init__(self, maker_ppm: int, taker_ppm: int) -> None:
        self.maker_ppm = maker_ppm
        self.taker_ppm = taker_ppm
        self.reserve_ppm = max(maker_ppm, taker_ppm)
        """The dearer of the two: what an order must be able to pay whichever side it turns out to be on."""
