"""Keeps in suspense what a rail has and no client is credited with: the books then have what the rail has.

A deposit that waits for people, and a withdrawal that the rail has taken back, are booked from `suspense` to `omnibus`.
That is reversed when the account is to be credited, before the engine is told; when a deposit has left the rail again;
and when the rail has thought better of it. What is to be booked follows from how the payment stands, and is booked in
one transaction with its row, which names the entry: so whoever is killed finds it to be done, or done, and nothing is
booked twice.
"""

from typing import Final

from sqlalchemy import ColumnElement, and_, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.errors import NotFound
from backoffice.ledger.chart import Kind
from backoffice.ledger.tables import LedgerAccount
from backoffice.ledger.transfers import Transfer, reverse, transfer
from backoffice.payments.states import DepositState, WithdrawalState
from backoffice.payments.tables import Deposit, Withdrawal
from backoffice.staff.actor import BACK_OFFICE

WAITING: Final = frozenset((DepositState.UNASSIGNED, DepositState.QUARANTINED, DepositState.RETURNED))
"""The states in which a deposit is on the rail, deep enough, and nobody's."""


async def book(session: AsyncSession, payment: Deposit | Withdrawal, now_ns: int) -> bool:
    """Book a payment into suspense or out of it, if it has to be; tell whether it had to."""
    waits, by, why = _waits(payment), BACK_OFFICE.user, f"{payment.name} is {payment.state}: {payment.reason}"
    if waits and payment.suspense_entry is None:
        # It may come to wait again, as another version.
        key = f"{payment.name}/suspense/{payment.version}"
        wanted = Transfer(key, Kind.OMNIBUS, Kind.SUSPENSE, payment.asset, payment.amount, by, why)
        try:
            payment.suspense_entry = (await transfer(session, wanted, now_ns)).id
        except NotFound:
            return False  # No asset of the venue: then the books have no accounts of it either.
        return True
    if not waits and payment.suspense_entry is not None:
        await reverse(session, payment.suspense_entry, f"{payment.name}/suspense/{payment.version}", by, why, now_ns)
        payment.suspense_entry = None
        return True
    return False


def _waits(payment: Deposit | Withdrawal) -> bool:
    if isinstance(payment, Withdrawal):
        return payment.state == WithdrawalState.RECALLED
    return DepositState(payment.state) in WAITING and not payment.is_gone


async def unbooked_deposits(session: AsyncSession) -> list[int]:
    """Return the numbers of the deposits that are to be booked into suspense, or out of it."""
    waits = and_(Deposit.state.in_([str(state) for state in WAITING]), not_(Deposit.is_gone))
    return await _unbooked(session, Deposit, waits)


async def unbooked_withdrawals(session: AsyncSession) -> list[int]:
    """Return the same of withdrawals."""
    return await _unbooked(session, Withdrawal, Withdrawal.state == str(WithdrawalState.RECALLED))


async def _unbooked(
    session: AsyncSession, table: type[Deposit] | type[Withdrawal], waits: ColumnElement[bool]
) -> list[int]:
    account = select(LedgerAccount.id).where(
        *(LedgerAccount.account == "", LedgerAccount.asset == table.asset, LedgerAccount.kind == Kind.SUSPENSE)
    )
    to_come = and_(waits, table.suspense_entry.is_(None), account.exists())
    to_leave = and_(table.suspense_entry.is_not(None), not_(waits))
    return list(await session.scalars(select(table.id).where(or_(to_come, to_leave))))
