"""Price bands: how far from the last price, and from the last auction's, an instrument may trade at once.

The dynamic band lies around the last price when an order comes, and moves once that order is done; the static band
around the price of the last auction, before the first around the reference price that the house gave. A trade outside
either does not happen: it starts a volatility auction. Source: Deutsche Boerse, Market Model for the Trading Venue
Xetra, "Volatility interruption"; the Warsaw Stock Exchange has the like as static and dynamic trading limits.
"""

from engine.book import Book
from engine.rules import Bands
from engine.values import AMOUNT_MAX, BUY, PRICE_MAX, Price, Side


def furthest_key(book: Book, side: Side, bands: Bands) -> int:
    """Return the largest key on the other side at which an order of `side` may trade at once.

    Where the best price itself is outside the bands, be it ever so good, there is none: a key below all others.
    """
    lowest, highest = limits(book, bands)
    best = book.opposite(side).best
    if best is not None and not lowest <= best.price <= highest:
        return -AMOUNT_MAX
    return highest if side is BUY else -lowest


def is_within(book: Book, price: Price) -> bool:
    """Tell whether a price is within both bands; without any it is."""
    bands = book.rules.bands
    if bands is None:
        return True
    lowest, highest = limits(book, bands)
    return lowest <= price <= highest


def limits(book: Book, bands: Bands) -> tuple[Price, Price]:
    """Return the lowest and the highest price within both bands."""
    lowest, highest = 0, PRICE_MAX
    static = book.auction_price or book.rules.reference_price
    dynamic = book.last_price or static
    for reference, bps in ((static, bands.static_bps), (dynamic, bands.dynamic_bps)):
        if reference and bps:
            away = reference * bps // 10_000
            lowest, highest = max(lowest, reference - away), min(highest, reference + away)
    return lowest, highest
