"""How far the back office is, and what waits for its people now."""

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.payments.states import ACTIVE_DEPOSITS, ACTIVE_WITHDRAWALS, DepositState, WithdrawalState
from backoffice.projector.tables import OrderRow, Position, TradeRow
from backoffice.reports.payments import standings
from backoffice.staff import approvals
from backoffice.staff.tables import Approval

_FOR_PEOPLE = frozenset((DepositState.UNASSIGNED, DepositState.QUARANTINED, DepositState.RECALLED))
_DEPOSITS = frozenset(state.value for state in ACTIVE_DEPOSITS | _FOR_PEOPLE)
_WITHDRAWALS = frozenset(state.value for state in ACTIVE_WITHDRAWALS | {WithdrawalState.RECALLED})


class Now(msgspec.Struct, frozen=True):
    """The back office at one moment."""

    sequence: int
    """The last record that it has taken in, 0 for none,"""
    time_ns: int
    """and when that was."""
    orders: int
    trades: int
    """All that there ever were."""
    approvals: int
    """What waits: proposals to be approved,"""
    deposits: dict[str, int]
    withdrawals: dict[str, int]
    """and payments, by state."""


async def now(session: AsyncSession) -> Now:
    """Return how it stands. It costs some looks by keys, and a walk over the payments that have not ended."""
    position = (await session.scalars(select(Position))).one_or_none()
    pending = select(func.count()).select_from(Approval).where(Approval.state == approvals.State.PENDING.value)
    waiting: dict[str, dict[str, int]] = {"deposit": {}, "withdrawal": {}}
    for each in await standings(session, None, None):
        if each.state in (_DEPOSITS if each.kind == "deposit" else _WITHDRAWALS):
            of = waiting[each.kind]
            of[each.state] = of.get(each.state, 0) + each.count
    return Now(
        position.sequence if position else 0,
        position.time_ns if position else 0,
        await session.scalar(select(func.max(OrderRow.order_id))) or 0,
        await session.scalar(select(func.max(TradeRow.trade_id))) or 0,
        await session.scalar(pending) or 0,
        waiting["deposit"],
        waiting["withdrawal"],
    )
