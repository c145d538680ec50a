"""How much may be withdrawn within a time, by whose allowance, and how much of that is left.

An allowance is in whole dollars' worth and covers some accounts: all of a client's by its rating, those of a desk, one
account. What counts against it is what is on its way, whenever it was asked for, and what was paid within the time.
What waits stopped counts for nothing, so it never keeps smaller ones from going; it goes itself once there is room.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.base import total
from backoffice.database.serializing import one_at_a_time
from backoffice.house_rules import CENTS, HouseRules, house_rules
from backoffice.payments.states import WithdrawalState
from backoffice.payments.tables import Withdrawal
from backoffice.times import DAY_NS

_TURN: Final = "velocity"
_ON_ITS_WAY: Final = tuple(
    str(state)
    for state in (
        *(WithdrawalState.APPROVING, WithdrawalState.APPROVED, WithdrawalState.PREPARED, WithdrawalState.SENDING),
        *(WithdrawalState.SENT, WithdrawalState.UNCERTAIN, WithdrawalState.SETTLING),
    )
)


class Allowance(msgspec.Struct, frozen=True):
    """What may be withdrawn from some accounts together within so many days."""

    source: str
    """Where it comes from: "rating medium"."""
    whose: str
    accounts: tuple[str, ...]
    days: int
    usd: int

    def words(self) -> str:
        time = "24 hours" if self.days == 1 else f"{self.days} days"
        return f"{self.source} allows {self.whose} {self.usd:,} USD in {time}"


async def objection(session: AsyncSession, withdrawal: Withdrawal, allowances: Sequence[Allowance], now_ns: int) -> str:
    """Return whose allowance a withdrawal would exceed, and how much of it is left; empty if none's."""
    if not allowances:
        return ""
    # Two that are looked at at once could each find the room that there is for one.
    await one_at_a_time(session, _TURN)
    rules = await house_rules(session)
    worth = rules.usd_cents(withdrawal.asset, withdrawal.amount)
    if worth is None:
        return f"{allowances[0].words()}, and nobody knows what {withdrawal.asset} is worth: give it a usd_price"
    for allowance in allowances:
        left = await left_of(session, rules, allowance, now_ns, besides=withdrawal.id)
        if worth > left:
            return f"{allowance.words()}, of which {_dollars(left)} are left; this is {_dollars(worth)}"
    return ""


async def left_of(
    session: AsyncSession, rules: HouseRules, allowance: Allowance, now_ns: int, *, besides: int | None = None
) -> int:
    """Return how many cents' worth are left of an allowance, at today's prices; 0 if nobody knows."""
    is_on_its_way = Withdrawal.state.in_(_ON_ITS_WAY)
    is_paid = (Withdrawal.state == str(WithdrawalState.SETTLED)) & (
        Withdrawal.changed_ns > now_ns - allowance.days * DAY_NS
    )
    query = (
        select(Withdrawal.asset, total(Withdrawal.amount))
        .where(Withdrawal.account.in_(allowance.accounts), is_on_its_way | is_paid, Withdrawal.id != (besides or 0))
        .group_by(Withdrawal.asset)
    )
    worths = [rules.usd_cents(asset, amount or 0) for asset, amount in await session.execute(query)]
    if any(worth is None for worth in worths):
        return 0
    return max(0, allowance.usd * CENTS - sum(worth or 0 for worth in worths))


def _dollars(cents: int) -> str:
    return f"{cents // CENTS:,}.{cents % CENTS:02} USD"
