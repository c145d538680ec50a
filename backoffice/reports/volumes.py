"""What was traded, by whom and when, and what it cost: added up from the counts by the hour.

A correction counts in the hour in which it was made. Volumes are of both sides: what a firm makes and what it takes.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

import msgspec
from sqlalchemy import Integer, SQLColumnExpression, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.base import total
from backoffice.errors import Refused
from backoffice.projector.as_of import position_of
from backoffice.projector.tables import Activity
from backoffice.reports.by import By
from backoffice.reports.part_of_an_hour import Part, part_of_an_hour
from backoffice.reports.scope import Scope, accounts_in, check_symbol, chosen, keys, time_of
from backoffice.times import EPOCH, HOUR_NS

_HOURS_A_DAY: Final = 24
_COUNTED: Final = ("orders", "replaces", "cancels", "maker_trades", "taker_trades")
_WIDE: Final = ("bought_qty", "sold_qty", "maker_notional", "taker_notional", "fees", "rebates")


class Volume(msgspec.Struct):
    """What came together under one key in one instrument; quantities are lots, the rest in the quote asset."""

    key: str
    symbol: str
    orders: int = 0
    replaces: int = 0
    cancels: int = 0
    maker_trades: int = 0
    taker_trades: int = 0
    bought_qty: int = 0
    sold_qty: int = 0
    maker_notional: int = 0
    taker_notional: int = 0
    fees: int = 0
    """Paid, less rebates."""
    rebates: int = 0

    @property
    def notional(self) -> int:
        return self.maker_notional + self.taker_notional

    @property
    def trades(self) -> int:
        return self.maker_trades + self.taker_trades

    @property
    def messages(self) -> int:
        return self.orders + self.replaces + self.cancels


async def volumes(session: AsyncSession, scope: Scope, by: By) -> list[Volume]:
    """Return volumes by key and instrument, as of `scope.sequence` or now: then without replaces and cancels.

    Raise `Refused` for times that are no full hours.
    """
    await check_symbol(session, scope.symbol)
    accounts = await accounts_in(session, scope)
    conditions = chosen(Activity.account, accounts)
    if scope.symbol:
        conditions.append(Activity.symbol == scope.symbol)
    if scope.from_ns is not None:
        conditions.append(Activity.hour >= _hour(scope.from_ns))
    if scope.until_ns is not None:
        conditions.append(Activity.hour < _hour(scope.until_ns))
    group = _group(by)
    parts: dict[tuple[str, str], Part] = {}
    hour = 0
    if scope.sequence is not None and scope.sequence < (await position_of(session)).sequence:
        hour = await time_of(session, scope.sequence) // HOUR_NS
        conditions.append(Activity.hour < hour)
        if _is_within(hour, scope):
            parts = await part_of_an_hour(session, scope.symbol, accounts, hour, scope.sequence)
    query = (
        select(
            group,
            Activity.symbol,
            *(func.sum(getattr(Activity, name)) for name in _COUNTED),
            *(total(getattr(Activity, name)) for name in _WIDE),
        )
        .where(*conditions)
        .group_by(*dict.fromkeys((group, Activity.symbol)))
    )
    key_of = await _keys(session, by)
    found: dict[tuple[str, str], Volume] = {}
    for bucket, symbol, *figures in await session.execute(query):
        key = key_of(bucket)
        into = found.setdefault((key, symbol), Volume(key, symbol))
        for name, figure in zip((*_COUNTED, *_WIDE), figures, strict=True):
            setattr(into, name, getattr(into, name) + int(figure))
    for (account, symbol), part in parts.items():
        key = key_of(_bucket(by, account, symbol, hour))
        into = found.setdefault((key, symbol), Volume(key, symbol))
        for name in (*_COUNTED, *_WIDE):
            setattr(into, name, getattr(into, name) + getattr(part, name, 0))
    return [found[key] for key in sorted(found)]


def _is_within(hour: int, scope: Scope) -> bool:
    begins, ends = scope.from_ns, scope.until_ns
    return (begins is None or begins // HOUR_NS <= hour) and (ends is None or hour < ends // HOUR_NS)


def _bucket(by: By, account: str, symbol: str, hour: int) -> int | str:
    """Return what `_group` gives for something."""
    match by:
        case By.MONTH | By.DAY:
            return hour // _HOURS_A_DAY
        case By.HOUR:
            return hour
        case By.INSTRUMENT:
            return symbol
        case _:
            return account


def _group(by: By) -> SQLColumnExpression[Any]:
    """Return what the database groups by; what is coarser than that is put together afterwards."""
    match by:
        case By.MONTH | By.DAY:
            return cast(Activity.hour, Integer) // _HOURS_A_DAY
        case By.HOUR:
            return Activity.hour
        case By.INSTRUMENT:
            return Activity.symbol
        case _:
            return Activity.account


def by_symbol(found: list[Volume]) -> dict[str, int]:
    """Return the whole notional of each instrument, both sides of every trade."""
    whole: dict[str, int] = {}
    for each in found:
        whole[each.symbol] = whole.get(each.symbol, 0) + each.notional
    return whole


async def _keys(session: AsyncSession, by: By) -> "Callable[[int | str], str]":
    match by:
        case By.MONTH:
            return lambda day: _day(int(day))[:7]
        case By.DAY:
            return lambda day: _day(int(day))
        case By.HOUR:
            return lambda hour: f"{_day(int(hour) // _HOURS_A_DAY)}T{int(hour) % _HOURS_A_DAY:02}"
        case By.INSTRUMENT:
            return str
        case _:
            key_of = await keys(session, by)
            return lambda account: key_of(str(account))


def _day(number: int) -> str:
    return (EPOCH + dt.timedelta(days=number)).isoformat()


def _hour(time_ns: int) -> int:
    hour, rest = divmod(time_ns, HOUR_NS)
    if rest:
        raise Refused("volumes and fees are counted by the hour: give times at full hours")
    return hour
