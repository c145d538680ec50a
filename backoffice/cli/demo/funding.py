"""Funds the demo's brokers: deposits come in over the sandbox rail, and are credited by the back office's process."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.cli.demo.house import House
from backoffice.cli.demo.onboarding import Onboarded
from backoffice.cli.failure import CommandFailed
from backoffice.payments import deposits, destinations, holders
from backoffice.payments.holders import Holding
from backoffice.payments.opening import rule_for
from backoffice.payments.states import DepositState
from backoffice.payments.tables import Deposit
from engine.values import Amount

_WALLET_ASSET: Final = "BTC"
_STUCK: Final = (
    *(DepositState.UNASSIGNED, DepositState.QUARANTINED, DepositState.RETURNED),
    *(DepositState.VANISHED, DepositState.RECALLED),
)
"""Where a deposit would wait for people."""


async def fund(house: House, brokers: Sequence[Onboarded], amounts: Mapping[str, Amount]) -> int:
    """Have each broker pay in so much of each asset, and return how many deposits were credited.

    Crypto assets come from a wallet of the broker's own, of which the house knows that it is.
    """
    await _whitelist(house, brokers)
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
        sender = _wallet(broker) if house.house_rules.is_crypto(asset) else broker.name
        house.rail.deposit(address.address, asset, amounts[asset], sender)

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


async def _whitelist(house: House, brokers: Sequence[Onboarded]) -> None:
    """Have the brokers' wallets approved, with the proof that they are theirs, as the Travel Rule asks for."""
    rule = rule_for(house.rules, _WALLET_ASSET, None)
    proposed = []
    async with house.database.writing() as session:
        for broker in brokers:
            given = (session, house.mira, rule, broker.account, _wallet(broker), broker.name)
            wallet = await destinations.enter(*given, now_ns=house.now_ns)
            own = Holding(None, proof=f"a message signed by {wallet.address}")
            held = await holders.enter(session, house.mira, house.sealer, wallet, own, now_ns=house.now_ns)
            approval = await destinations.propose(
                session, house.mira, rule, wallet, held=held, why="its own wallet", now_ns=house.now_ns
            )
            proposed.append(approval.id)
    await house.decide(proposed, "the signature is right")


def _wallet(broker: Onboarded) -> str:
    return f"WALLET-OF-{broker.comp_id}"
