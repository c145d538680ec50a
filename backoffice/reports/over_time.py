"""Balances at moments evenly apart, for a drawing."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.ledger.balances import balances
from backoffice.projector.as_of import position_of, sequence_at
from backoffice.projector.tables import Moment
from backoffice.reports.scope import Scope, accounts_in, check_asset


async def balances_over_time(session: AsyncSession, scope: Scope, asset: str, points: int) -> list[tuple[int, int]]:
    """Return times, the first and the last that are asked for among them, and what all accounts in a scope had then."""
    await check_asset(session, asset)
    accounts = await accounts_in(session, scope)
    begin = scope.from_ns if scope.from_ns is not None else await session.scalar(select(func.min(Moment.time_ns)))
    end = scope.until_ns if scope.until_ns is not None else (await position_of(session)).time_ns
    begin = end if begin is None else min(begin, end)
    found = []
    for number in range(points):
        time_ns = begin + (end - begin) * number // max(1, points - 1)
        sequence = await sequence_at(session, time_ns)
        amounts = [
            amount
            for row, amount in await balances(session, sequence, asset=asset)
            if row.account and (accounts is None or row.account in accounts)
        ]
        found.append((time_ns, sum(amounts)))
    return found
