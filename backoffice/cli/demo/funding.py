"""Funds the demo's brokers: deposits come in over the sandbox rail, and are credited by the back office's process."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.cli.demo.house import House
from backoffice.cli.demo.onboarding import Onboarded
from backoffice.cli.failure import CommandFailed
from backoffice.payments import deposits
from backoffice.payments.states import DepositState
from backoffice.payments.tables import Deposit
from engine.values import Amount

_STUCK: Final = (
    *(DepositState.UNASSIGNED, DepositState.QUARANTINED, DepositState.RETURNED),
    *(DepositState.VANISHED, DepositState.RECALLED),
)
"""Where a deposit would wait for people."""


async def fund(house: House, brokers: Sequence[Onboarded], amounts: Mapping[str, Amount]) -> int:
    """Have each broker pay in so much of each asset, and return how many deposits were credited."""
    async with house.database.writing() as session:
        addresses = {
            (broker, asset): await deposits.give_address(
                *(session, house.mira, house.rail, broker.account, asset),
                why="its deposits",
                now_ns=house.now_ns,
            )
            for broker in brokers
            for asset in amounts
        }
    for (broker, asset), address in addresses.items():
        house.rail.deposit(address.address, asset, amounts[asset], broker.name)

    async def is_credited(session: AsyncSession) -> bool:
        counts = select(Deposit.state, func.count()).group_by(Deposit.state)
        by_state = {DepositState(state): count for state, count in await session.execute(counts)}
        if any(by_state.get(state) for state in _STUCK):
            stuck = await session.scalar(select(Deposit).where(Deposit.state.in_([str(each) for each in _STUCK])))
            assert stuck is not None, "it was counted"
            raise CommandFailed(f"deposit {stuck.name} is {stuck.state}: {stuck.reason}")
        return by_state.get(DepositState.CREDITED, 0) == len(addresses)

    await house.until("all deposits credited", is_credited)
    return len(addresses)
