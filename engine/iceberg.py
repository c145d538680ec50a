"""Icebergs: how much of a resting order the market sees, and how much it sees next.

An iceberg rests with its whole quantity at its price, so that matching and auctions find all of it. The market sees a
part; when that is traded, the next part shows, behind all others at the price. Parts are as large as the order asked,
or of random size between two bounds: random to the market, yet made from a seed that came with the order and is in
the journal, so that a replay shows the same parts.
"""

from typing import Final

from engine.terms import Terms
from engine.values import Qty

_MASK: Final = 2**64 - 1


def next_part(terms: Terms, order_id: int, traded_qty: Qty) -> Qty:
    """Return how much an iceberg shows next, if it has so much left.

    What it has traded by then, busts not taken off, tells its parts apart: no two begin at the same.
    """
    low, high = terms.display_low_qty, terms.display_high_qty
    if not low:
        return terms.display_qty
    return low + mixed(mixed(mixed(terms.display_seed) ^ order_id) ^ traded_qty) % (high - low + 1)


def mixed(number: int) -> int:
    """Return a 64-bit number that looks random: a step of SplitMix64 (Steele, Lea, Flood: Fast Splittable PRNGs)."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)
