"""What the transfers are worth that belong together with one: thresholds of the Travel Rule hold for all of them.

Several transfers that appear to be linked are one (FATF recommendation 16, interpretive note; Regulation 2023/1113,
Article 2): those of one client with one address, in the same direction, within the hours that the settings say. Each
counts together with those before it; what was refused, has failed, or was not credited is none.
"""

from collections.abc import AsyncIterator
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.house_rules import HouseRules
from backoffice.naming import number_of
from backoffice.payments.clients import Flow, Transfer
from backoffice.payments.states import DepositState, WithdrawalState
from backoffice.payments.tables import Deposit, Destination, Withdrawal
from backoffice.projector.tables import VenueAccount

_D: Final = DepositState
_W: Final = WithdrawalState
_NOT_RECEIVED: Final = tuple(str(state) for state in (_D.RETURNED, _D.SENT_BACK, _D.VANISHED, _D.DEBITED))
_NOT_SENT: Final = tuple(
    str(state)
    for state in (
        *(_W.REFUSED, _W.FAILING, _W.FAILED, _W.CANCELLING, _W.CANCELLED),
        *(_W.GIVING_BACK, _W.GIVEN_BACK),
    )
)


async def cents_before(session: AsyncSession, rules: HouseRules, transfer: Transfer) -> int | None:
    """Return what the others are worth that belong to a transfer and came before it, None if nobody knows."""
    cents = 0
    async for asset, amount in _others(session, transfer, rules.travel.linked_ns):
        if not rules.is_crypto(asset):
            continue
        worth = rules.travel_cents(asset, amount)
        if worth is None:
            return None
        cents += worth
    return cents


async def _others(session: AsyncSession, transfer: Transfer, within_ns: int) -> AsyncIterator[tuple[str, int]]:
    """Yield asset and amount of each."""
    firm = select(VenueAccount.firm).where(VenueAccount.account == transfer.account).scalar_subquery()
    accounts = select(VenueAccount.account).where(VenueAccount.firm == firm)
    if transfer.flow is Flow.IN:
        own = await session.get_one(Deposit, number_of(transfer.name, "D"))
        others = select(Deposit.asset, Deposit.amount).where(
            or_(Deposit.account == transfer.account, Deposit.account.in_(accounts)),
            *(Deposit.sender == own.sender, Deposit.id < own.id, Deposit.seen_ns > own.seen_ns - within_ns),
            *(Deposit.state.not_in(_NOT_RECEIVED), Deposit.returns == ""),
        )
    else:
        asked = await session.get_one(Withdrawal, number_of(transfer.name, "W"))
        others = (
            select(Withdrawal.asset, Withdrawal.amount)
            .join(Destination, Destination.id == Withdrawal.destination_id)
            .where(
                or_(Withdrawal.account == transfer.account, Withdrawal.account.in_(accounts)),
                *(Destination.address == transfer.address, Withdrawal.id < asked.id),
                Withdrawal.requested_ns > asked.requested_ns - within_ns,
                Withdrawal.state.not_in(_NOT_SENT),
            )
        )
    for asset, amount in await session.execute(others):
        yield asset, amount
