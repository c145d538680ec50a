"""The price of an auction: the one price at which a book whose sides overlap is uncrossed.

Pure: ladders in, price and quantity out; who gets what of it is next door (`engine.uncross`). The rules are those that
the exchanges publish, in this order:

1. the price that executes the largest quantity;
2. among those, the one that leaves the smallest surplus on either side;
3. among those, if buyers are left over at all of them, the highest, if sellers are, the lowest;
4. else the one nearest the reference price, of two equally near the higher.

Only prices at which somebody has a limit come into question; where market orders alone can trade, they do so at the
reference price. Source: Deutsche Boerse, Market Model for the Trading Venue Xetra, "Price determination in auctions";
ASX, SGX and Bursa Malaysia publish the same four steps.
"""

from engine.values import Price, Qty


class Uncrossing:
    """What an auction comes to: `qty` trades at `price`.

    `surplus` could have traded there and finds nobody: above zero it is of buyers, below of sellers.
    """

    __slots__ = ("price", "qty", "surplus")

    def __init__(self, price: Price, qty: Qty, surplus: Qty) -> None:
        self.price = price
        self.qty = qty
        self.surplus = surplus


Ladder = list[tuple[Price, Qty]]
"""Prices and the quantity at each, best first."""


def uncrossing(
    bids: Ladder, asks: Ladder, reference: Price, market_bids: Ladder | None = None, market_asks: Ladder | None = None
) -> Uncrossing | None:
    """Return what an auction of these orders comes to, None if nothing trades. A `reference` of 0: there is none.

    Market orders trade at any price up to one of their own, by which their ladders go; that one is not a limit.
    """
    demand = sorted([*bids, *market_bids] if market_bids else bids, reverse=True)
    supply = sorted([*asks, *market_asks] if market_asks else asks)
    if not demand or not supply:
        return None
    lowest, highest = supply[0][0], demand[0][0]
    if lowest > highest:
        return None
    prices = {price for price, _ in bids if price >= lowest}
    prices.update([price for price, _ in asks if price <= highest])
    found = _best(sorted(prices), demand, supply, reference)
    if found is None and lowest <= reference <= highest:
        found = _best([reference], demand, supply, reference)
    return found


def _best(prices: list[Price], demand: Ladder, supply: Ladder, reference: Price) -> Uncrossing | None:
    """Return the best of some prices, given in ascending order; None if nothing trades at any."""
    bought = sum([qty for _, qty in demand])
    sold = 0
    cheapest, next_ask = len(demand) - 1, 0  # the buyer with the lowest limit who is still in; the next seller to come
    best_qty, least = 1, 0
    equal: list[Uncrossing] = []
    for price in prices:
        while cheapest >= 0 and demand[cheapest][0] < price:
            bought -= demand[cheapest][1]
            cheapest -= 1
        while next_ask < len(supply) and supply[next_ask][0] <= price:
            sold += supply[next_ask][1]
            next_ask += 1
        qty, surplus = min(bought, sold), bought - sold
        if qty < best_qty or (equal and qty == best_qty and abs(surplus) > least):
            continue
        if qty > best_qty or abs(surplus) < least:
            equal.clear()
        best_qty, least = qty, abs(surplus)
        equal.append(Uncrossing(price, qty, surplus))
    if not equal:
        return None
    if equal[0].surplus > 0 and equal[-1].surplus > 0:
        return equal[-1]
    if equal[0].surplus < 0 and equal[-1].surplus < 0:
        return equal[0]
    doubled = 2 * reference or equal[0].price + equal[-1].price
    nearest = equal[0]
    for other in equal:
        if abs(2 * other.price - doubled) <= abs(2 * nearest.price - doubled):
            nearest = other
    return nearest
