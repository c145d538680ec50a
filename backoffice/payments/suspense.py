"""Keeps in suspense what a rail has and no client is credited with: the books then have what the rail has.

A deposit that waits for people is booked from `suspense` to `omnibus`. That is reversed when it is to be credited,
before the engine is told; when it has left the rail again; and when the rail has taken it back. What is to be booked
follows from how the deposit stands, and is booked in one transaction with its row, which names the entry: so whoever is
killed finds it to be done, or done, and nothing is booked twice.
"""

from typing import Final

from sqlalchemy import and_, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.errors import NotFound
from backoffice.ledger.chart import Kind
from backoffice.ledger.tables import LedgerAccount
from backoffice.ledger.transfers import Transfer, reverse, transfer
from backoffice.payments.states import DepositState
from backoffice.payments.tables import Deposit
from backoffice.staff.actor import BACK_OFFICE

WAITING: Final = frozenset((DepositState.UNASSIGNED, DepositState.QUARANTINED, DepositState.RETURNED))
"""The states in which a deposit is on the rail, deep enough, and nobody's."""


async def book(session: AsyncSession, deposit: Deposit, now_ns: int) -> bool:
    """Book a deposit into suspense or out of it, if it has to be; tell whether it had to."""
    waits = DepositState(deposit.state) in WAITING and not deposit.is_gone
    by, why = BACK_OFFICE.user, f"{deposit.name} is {deposit.state}: {deposit.reason}"
    if waits and deposit.suspense_entry is None:
        # It may come to wait again, as another version.
        key = f"{deposit.name}/suspense/{deposit.version}"
        wanted = Transfer(key, Kind.OMNIBUS, Kind.SUSPENSE, deposit.asset, deposit.amount, by, why)
        try:
            deposit.suspense_entry = (await transfer(session, wanted, now_ns)).id
        except NotFound:
            return False  # No asset of the venue: then the books have no accounts of it either.
        return True
    if not waits and deposit.suspense_entry is not None:
        await reverse(session, deposit.suspense_entry, f"{deposit.name}/suspense/{deposit.version}", by, why, now_ns)
        deposit.suspense_entry = None
        return True
    return False


async def unbooked(session: AsyncSession) -> list[int]:
    """Return the numbers of the deposits that are to be booked into suspense, or out of it."""
    waits = and_(Deposit.state.in_([str(state) for state in WAITING]), not_(Deposit.is_gone))
    account = select(LedgerAccount.id).where(
        *(LedgerAccount.account == "", LedgerAccount.asset == Deposit.asset, LedgerAccount.kind == Kind.SUSPENSE)
    )
    to_come = and_(waits, Deposit.suspense_entry.is_(None), account.exists())
    to_leave = and_(Deposit.suspense_entry.is_not(None), not_(waits))
    return list(await session.scalars(select(Deposit.id).where(or_(to_come, to_leave))))
