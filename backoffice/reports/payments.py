"""How many deposits and withdrawals are in which state, and how long the oldest has been there."""

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.base import total
from backoffice.payments.states import DepositState, WithdrawalState
from backoffice.payments.tables import Deposit, Withdrawal


class Standing(msgspec.Struct, frozen=True):
    """The payments of a kind and an asset that are in a state."""

    kind: str
    asset: str
    state: str
    count: int
    amount: int
    oldest_ns: int
    """Since when the one that was changed least lately is in it."""


async def standings(session: AsyncSession, from_ns: int | None, until_ns: int | None) -> list[Standing]:
    """Return how payments stand, of those that were seen or asked for in a time, in the order of their lives."""
    found = []
    for kind, table, began, states in (
        ("deposit", Deposit, Deposit.seen_ns, DepositState),
        ("withdrawal", Withdrawal, Withdrawal.requested_ns, WithdrawalState),
    ):
        query = select(table.asset, table.state, func.count(), total(table.amount), func.min(table.changed_ns))
        if from_ns is not None:
            query = query.where(began >= from_ns)
        if until_ns is not None:
            query = query.where(began < until_ns)
        order = {state.value: number for number, state in enumerate(states)}
        rows = [Standing(kind, *row) for row in await session.execute(query.group_by(table.asset, table.state))]
        found += sorted(rows, key=lambda each: (each.asset, order[each.state]))
    return found
