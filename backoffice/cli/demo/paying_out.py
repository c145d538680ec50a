"""Pays the demo's brokers out over the sandbox rail: one payout is never answered, and one is lost on the way.

What the rail does not answer for is uncertain. When it is asked again it knows of the one, which settles; of the other
it has never heard, which proves nothing: its funds stay held, and it is never sent again by itself.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.cli.demo.house import House
from backoffice.cli.demo.onboarding import Onboarded
from backoffice.payments import destinations, withdrawals
from backoffice.payments.opening import rule_for
from backoffice.payments.sandbox import Fault
from backoffice.payments.states import WithdrawalState
from backoffice.payments.tables import Withdrawal
from engine.values import Amount

ASSET: Final = "USD"
_DOLLARS: Final = 10_000
"""What the first broker asks for, the second twice as much, and so on."""
_WHY: Final = "its withdrawal"
_APPROVED: Final = "within what it has"


async def pay_out(house: House, brokers: Sequence[Onboarded], decimals: int) -> list[Withdrawal]:
    """Have each broker withdraw dollars, of so many decimals; return how the withdrawals stand in the end."""
    rule = rule_for(house.rules, ASSET, None)
    async with house.database.writing() as session:
        whitelisted = [
            await destinations.add(
                *(session, house.mira, rule, broker.account, f"BANK-OF-{broker.comp_id}", broker.name),
                why=_WHY,
                now_ns=house.now_ns,
            )
            for broker in brokers
        ]
    await house.decide([each.id for each in whitelisted], "its own account, by the bank's letter")
    async with house.database.writing() as session:
        for number, approval in enumerate(whitelisted, start=1):
            destination, amount = approval.subject.removeprefix("destination/"), number * _DOLLARS * 10**decimals
            await withdrawals.request(session, house.mira, destination, amount, why=_WHY, now_ns=house.now_ns)
    count = len(whitelisted)
    await house.until("withdrawals held and checked", lambda session: _are(session, WithdrawalState.APPROVING, count))
    async with house.database.reading() as session:
        waiting = [each.approval or "" for each in await withdrawals.listed(session, None, None)]
    house.rail.switch(Fault.LOSS, 1)
    await house.decide(waiting[:1], _APPROVED)
    await house.until("a payout lost", lambda session: _are(session, WithdrawalState.UNCERTAIN, 1))
    house.rail.switch(Fault.SILENCE, 1)
    await house.decide(waiting[1:2], _APPROVED)
    await house.until("a payout settled", lambda session: _are(session, WithdrawalState.SETTLED, 1))
    await house.decide(waiting[2:], _APPROVED)
    await house.until("payouts settled", lambda session: _are(session, WithdrawalState.SETTLED, count - 1))
    async with house.database.reading() as session:
        return await withdrawals.listed(session, None, None)


def settled(paid: Sequence[Withdrawal], account: str) -> Amount:
    """Return what has left an account for good."""
    return sum(each.amount for each in paid if each.account == account and each.state == WithdrawalState.SETTLED)


async def _are(session: AsyncSession, state: WithdrawalState, count: int) -> bool:
    query = select(func.count()).select_from(Withdrawal).where(Withdrawal.state == str(state))
    return await session.scalar(query) == count
