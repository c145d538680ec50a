"""Positions: what was bought and sold of each instrument, for how much, what is left of it, and what that came to.

It is a matter of trades alone: deposits, withdrawals and transfers are no gain. What was bought is set off against what
was sold at the average price of either (`realised`); what is left over is worth the last price (`unrealised`). Both
together are, to the smallest unit, what was received less what was paid, and the value of what is left.

It is added up from the counts by the hour, and in the last hour from the trades themselves: so it is exact at any
record, and costs no walk over all trades.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.base import total
from backoffice.projector.as_of import position_of
from backoffice.projector.tables import Activity
from backoffice.reports.by import By, Whom
from backoffice.reports.last_prices import last_prices
from backoffice.reports.market import Market
from backoffice.reports.part_of_an_hour import part_of_an_hour
from backoffice.reports.scope import Scope, accounts_in, check_symbol, chosen, keys, time_of
from backoffice.times import HOUR_NS

_SUMS: Final = ("bought_qty", "sold_qty", "bought_notional", "sold_notional", "fees")


class Position(msgspec.Struct):
    """What was traded under one key in one instrument. Quantities are lots, the rest smallest units of the quote."""

    key: str
    symbol: str
    bought_qty: int = 0
    sold_qty: int = 0
    bought_notional: int = 0
    sold_notional: int = 0
    fees: int = 0
    """Paid, less rebates."""
    last_price: int | None = None
    """In ticks; None if it was never traded."""
    value: int = 0
    """What is left, at the last price; below zero if more was sold than bought."""
    realised: int = 0
    """What of the result is from what was both bought and sold, rounded down."""

    @property
    def qty(self) -> int:
        """Return what is left of it: below zero if more was sold than bought."""
        return self.bought_qty - self.sold_qty

    @property
    def gross(self) -> int:
        """Return what it came to before fees: received, less paid, and the value of what is left."""
        return self.sold_notional - self.bought_notional + self.value

    @property
    def net(self) -> int:
        """Return what it came to after fees."""
        return self.gross - self.fees

    @property
    def unrealised(self) -> int:
        """Return what of it is from what is left."""
        return self.gross - self.realised


async def positions(session: AsyncSession, scope: Scope, by: Whom, market: Market) -> list[Position]:
    """Return positions by key and instrument, as of `scope.sequence`, or now."""
    await check_symbol(session, scope.symbol)
    accounts = await accounts_in(session, scope)
    last = (await position_of(session)).sequence
    sequence = last if scope.sequence is None else scope.sequence
    key_of = await keys(session, By(by.value))
    found: dict[tuple[str, str], Position] = {}

    def of(account: str, symbol: str) -> Position:
        key = key_of(account)
        return found.setdefault((key, symbol), Position(key, symbol))

    conditions = chosen(Activity.account, accounts)
    if scope.symbol:
        conditions.append(Activity.symbol == scope.symbol)
    if sequence < last:
        hour = await time_of(session, sequence) // HOUR_NS
        conditions.append(Activity.hour < hour)
        parts = await part_of_an_hour(session, scope.symbol, accounts, hour, sequence)
        for (account, symbol), part in parts.items():
            into = of(account, symbol)
            for name in _SUMS:
                setattr(into, name, getattr(into, name) + getattr(part, name))
    query = select(Activity.account, Activity.symbol, *(total(getattr(Activity, name)) for name in _SUMS))
    query = query.where(*conditions).group_by(Activity.account, Activity.symbol)
    for account, symbol, *figures in await session.execute(query):
        into = of(account, symbol)
        for name, figure in zip(_SUMS, figures, strict=True):
            setattr(into, name, getattr(into, name) + int(figure))
    prices = await last_prices(session, sequence)
    traded = [found[key] for key in sorted(found) if found[key].bought_qty or found[key].sold_qty or found[key].fees]
    for each in traded:
        each.last_price = prices.get(each.symbol)
        each.value = each.qty * (each.last_price or 0) * market.instruments[each.symbol].notional_per_tick_lot
        each.realised = realised(each)
    return traded


def realised(each: Position) -> int:
    """Return what a position has come to by what was both bought and sold, rounded down."""
    if not each.bought_qty or not each.sold_qty:
        return 0
    matched = min(each.bought_qty, each.sold_qty)
    received = Fraction(each.sold_notional * matched, each.sold_qty)
    paid = Fraction(each.bought_notional * matched, each.bought_qty)
    return (received - paid).__floor__()


def since(before: Sequence[Position], after: Sequence[Position]) -> list[Position]:
    """Return what was traded between two moments, and what it came to: all figures are changes, but the last price."""
    earlier = {(each.key, each.symbol): each for each in before}
    found = []
    for each in after:
        was = earlier.get((each.key, each.symbol), Position(each.key, each.symbol))
        changes = {name: getattr(each, name) - getattr(was, name) for name in (*_SUMS, "value", "realised")}
        if any(changes.values()):
            found.append(Position(each.key, each.symbol, last_price=each.last_price, **changes))
    return found
