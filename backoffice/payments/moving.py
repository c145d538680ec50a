"""Takes a payment from one state to the next: by its table, with an entry in the audit trail, in one transaction."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.payments.states import (
    DEPOSITS,
    WITHDRAWALS,
    DepositState,
    DepositVerb,
    WithdrawalState,
    WithdrawalVerb,
)
from backoffice.payments.tables import Deposit, Withdrawal
from backoffice.staff import audit
from backoffice.staff.actor import Actor
from backoffice.transitions import after

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


async def move_deposit(
    session: AsyncSession,
    actor: Actor,
    deposit: Deposit,
    verb: DepositVerb,
    *,
    also: Mapping[str, str] = NOTHING,
    why: str,
    now_ns: int,
) -> None:
    """Let something happen to a deposit. Raise `Refused` if it cannot, in the state that it is in.

    `also`: what else of it changes, by its columns.
    """
    state = after(DEPOSITS, DepositState(deposit.state), verb, deposit.name)
    await _record(session, actor, deposit, str(verb), state, why, now_ns, also)


async def move_withdrawal(
    session: AsyncSession, actor: Actor, withdrawal: Withdrawal, verb: WithdrawalVerb, *, why: str, now_ns: int
) -> None:
    """Let something happen to a withdrawal. Raise `Refused` if it cannot, in the state that it is in."""
    state = after(WITHDRAWALS, WithdrawalState(withdrawal.state), verb, withdrawal.name)
    await _record(session, actor, withdrawal, str(verb), state, why, now_ns)


async def _record(
    session: AsyncSession,
    actor: Actor,
    payment: Deposit | Withdrawal,
    verb: str,
    state: str,
    why: str,
    now_ns: int,
    also: Mapping[str, str] = NOTHING,
) -> None:
    now = {"state": state, **also}
    before = {name: getattr(payment, name) for name in now}
    for name, value in now.items():
        setattr(payment, name, value)
    payment.reason = why
    payment.changed_ns = now_ns
    await audit.record(session, actor, verb, payment.subject, before=before, after=now, why=why, now_ns=now_ns)
