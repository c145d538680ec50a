"""What the venue owes to each firm, and what of it is at work in open orders; valued in one asset.

An asset is worth what it was traded for last, against the asset asked for or, if it is not traded against it, over as
few other assets as there need be. Values are for looking at: they are rounded down, and nothing is booked by them.
"""

from collections import Counter
from fractions import Fraction

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.ledger.balances import Holding, holdings
from backoffice.reports.by import By, Whom
from backoffice.reports.last_prices import last_prices
from backoffice.reports.market import Market
from backoffice.reports.scope import Scope, accounts_in, keys


class Exposure(msgspec.Struct):
    """What came together under one key of one asset, in its smallest unit."""

    key: str
    asset: str
    available: int = 0
    reserved: int = 0
    held: int = 0
    value: int | None = None
    """In the smallest unit of the asset asked for; None if the last prices do not tell."""

    @property
    def total(self) -> int:
        return self.available + self.reserved + self.held


async def exposures(
    session: AsyncSession, scope: Scope, by: Whom, market: Market, sequence: int, valued_in: str
) -> list[Exposure]:
    """Return by key and asset what there was after a record, with its value, where there was anything."""
    accounts = await accounts_in(session, scope)
    key_of = await keys(session, By(by.value))
    worth = worths(market, await last_prices(session, sequence), valued_in)
    found: dict[tuple[str, str], Exposure] = {}
    for each in await holdings(session, sequence, account=scope.account or None):
        if accounts is None or each.account in accounts:
            _add(found, key_of(each.account), each)
    shown = [found[key] for key in sorted(found) if found[key].total]
    for one in shown:
        rate = worth.get(one.asset)
        one.value = None if rate is None else (rate * one.total).__floor__()
    return shown


def usual_asset(market: Market) -> str:
    """Return the asset in which most instruments are quoted; of several, the one that comes first by name."""
    quotes = Counter(instrument.quote for instrument in market.instruments.values())
    return min(quotes, key=lambda asset: (-quotes[asset], asset), default=min(market.decimals, default=""))


def worths(market: Market, prices: dict[str, int], valued_in: str) -> dict[str, Fraction]:
    """Return what the smallest unit of each asset is worth in those of another one."""
    rates: dict[tuple[str, str], Fraction] = {}
    for symbol, ticks in prices.items():
        instrument = market.instruments[symbol]
        rate = Fraction(ticks * instrument.notional_per_tick_lot, instrument.base_per_lot)
        if rate > 0:
            rates[instrument.base, instrument.quote] = rate
            rates.setdefault((instrument.quote, instrument.base), 1 / rate)
    found = {valued_in: Fraction(1)}
    nearest = [valued_in]
    while nearest:
        farther = {
            one: rate * found[other]
            for other in nearest
            for (one, against), rate in rates.items()
            if against == other and one not in found
        }
        found |= farther
        nearest = sorted(farther)
    return found


def _add(found: dict[tuple[str, str], Exposure], key: str, holding: Holding) -> None:
    into = found.setdefault((key, holding.asset), Exposure(key, holding.asset))
    into.available += holding.available
    into.reserved += holding.reserved
    into.held += holding.held
