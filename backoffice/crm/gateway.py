"""Has the engine carry out what was decided on a client: no more orders or withdrawals of its firm, or again.

What the engine is to be told goes into the outbox with the decision, and is given to it as soon as that is committed.
It knows a firm by its first account: what the client may not do then is told with that.
"""

from typing import Final

import msgspec
from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice import outbox
from backoffice.access.tables import AccessAccount
from backoffice.crm.tables.file import Client
from backoffice.crm.workflow import State, Suspension, may_trade, may_withdraw
from backoffice.projector.tables import VenueAccount
from backoffice.staff.actor import Actor
from engine.commands import Block, BlockWithdrawals, Unblock, UnblockWithdrawals
from engine.values import Scope


class Rights(msgspec.Struct, frozen=True):
    """What a client may do."""

    trades: bool
    withdraws: bool


EVERYTHING: Final = Rights(trades=True, withdraws=True)
"""What a firm may do that is new to the engine."""


def rights_of(client: Client) -> Rights:
    """Return what a client may do as it stands."""
    state = State(client.state)
    suspension = None if client.suspension is None else Suspension(client.suspension)
    return Rights(may_trade(state, suspension), may_withdraw(state, suspension))


async def tell(session: AsyncSession, actor: Actor, client: Client, was: Rights, *, why: str, now_ns: int) -> None:
    """Have the engine be told what has changed since a client had other rights, if it has accounts of the client."""
    if client.firm is None or not await _has_accounts(session, client.firm):
        return
    now = rights_of(client)
    reason = outbox.plain(why)
    subject = f"client/{client.id}"
    if now.trades != was.trades:
        order = Unblock if now.trades else Block
        await outbox.put(session, order(Scope.FIRM, client.firm, actor.user, reason), subject, now_ns)
    if now.withdraws != was.withdraws:
        withdrawal = UnblockWithdrawals if now.withdraws else BlockWithdrawals
        await outbox.put(session, withdrawal(Scope.FIRM, client.firm, actor.user, reason), subject, now_ns)


async def _has_accounts(session: AsyncSession, firm: str) -> bool:
    opened = exists().where(AccessAccount.firm == firm, AccessAccount.state == "open")
    known = exists().where(VenueAccount.firm == firm)
    return bool(await session.scalar(select(or_(opened, known))))
