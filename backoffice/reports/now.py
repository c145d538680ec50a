"""How far the back office is, and what waits for its people now."""

import msgspec
from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.tables.check import ScreeningHit
from backoffice.payments.states import ACTIVE_DEPOSITS, ACTIVE_WITHDRAWALS, DepositState, WithdrawalState
from backoffice.projector.tables import OrderRow, Position, TradeRow
from backoffice.reconciliation import breaks
from backoffice.reconciliation.tables import Break
from backoffice.reports.payments import standings
from backoffice.staff import approvals
from backoffice.staff.tables import Approval
from backoffice.surveillance.tables import Alert

_FOR_PEOPLE = frozenset((DepositState.UNASSIGNED, DepositState.QUARANTINED, DepositState.RECALLED))
_DEPOSITS = frozenset(state.value for state in ACTIVE_DEPOSITS | _FOR_PEOPLE)
_WITHDRAWALS = frozenset(state.value for state in ACTIVE_WITHDRAWALS | {WithdrawalState.RECALLED})
_OPEN_BREAK = Break.state == literal(breaks.State.OPEN.value, literal_execute=True)
"""In so many words, so that the index of those that are open serves."""


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
    breaks: int
    """differences that are open,"""
    alerts: int
    """what surveillance has found and is in no case,"""
    hits: int
    """hits of screening that nobody has decided on,"""
    deposits: dict[str, int]
    withdrawals: dict[str, int]
    """and payments, by state."""


async def now(session: AsyncSession) -> Now:
    """Return how it stands. It costs some looks by keys, and a walk over what waits."""
    position = (await session.scalars(select(Position))).one_or_none()
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
        await _count(session, Approval.state == approvals.State.PENDING.value),
        await _count(session, _OPEN_BREAK),
        await _count(session, Alert.case_id.is_(None)),
        await _count(session, ScreeningHit.state == "open"),
        waiting["deposit"],
        waiting["withdrawal"],
    )


async def _count(session: AsyncSession, waits: ColumnElement[bool]) -> int:
    return await session.scalar(select(func.count()).where(waits)) or 0
