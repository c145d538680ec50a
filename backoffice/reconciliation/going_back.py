"""Says by which booking of the rail a deposit went back that two people have decided to send back.

People send it by hand. That it has left is proved by the rail's own record: so one of them is enough to say which.
"""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.errors import NotFound, Refused
from backoffice.ledger.tables import HouseTransfer
from backoffice.payments import deposits
from backoffice.payments.moving import move_deposit
from backoffice.payments.states import DepositState, DepositVerb
from backoffice.payments.tables import Deposit
from backoffice.reconciliation.tables import RailBooking
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission


async def went_back(
    session: AsyncSession, actor: Actor, name: str, reference: str, *, why: str, now_ns: int
) -> Deposit:
    """Say what the rail calls the payment that has sent a deposit back. Raise `Refused`, or `NotFound` of none."""
    actor.require(Permission.RESOLVE_BREAKS)
    deposit = await deposits.find(session, name)
    if deposit.state != DepositState.RETURNED:
        raise Refused(f"{deposit.name} is {deposit.state}; `fondaco deposit send-back` proposes to send it back")
    booking = await session.get(RailBooking, (deposit.rail, reference))
    if booking is None or booking.is_gone:
        raise NotFound(
            f"{reference}: {deposit.rail} had booked none, when it was last asked (`fondaco books reconcile`)"
        )
    if (booking.asset, booking.amount) != (deposit.asset, -deposit.amount) or booking.ours:
        raise Refused(f"{reference}: is not what sends {deposit.name} back: it is another amount, or a withdrawal's")
    taken = select(Deposit).where(Deposit.rail == deposit.rail, Deposit.sent_back_as == reference)
    other = await session.scalar(taken)
    if other is not None or await session.scalar(select(func.count()).where(HouseTransfer.key == reference)):
        raise Refused(f"{reference}: has sent {other.name} back" if other else f"{reference}: is a transfer's key")
    also, why = {"sent_back_as": reference}, f"{reference}: {why}"
    await move_deposit(session, actor, deposit, DepositVerb.GO_BACK, also=also, why=why, now_ns=now_ns)
    return deposit
