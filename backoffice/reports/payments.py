"""How many deposits and withdrawals are in which state, and how long the oldest has been there: now, or at a moment.

A payment's row says how it stands, and since when. How one stood that has gone on since is in the audit trail, which
has every step of every payment.
"""

from typing import TypeAlias

import msgspec
from sqlalchemy import ColumnElement, String, cast, func, literal, not_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.base import total
from backoffice.payments.states import DepositState, WithdrawalState
from backoffice.payments.tables import Deposit, Withdrawal
from backoffice.staff.tables import AuditEntry

_Kind: TypeAlias = type[Deposit] | type[Withdrawal]


class Standing(msgspec.Struct, frozen=True):
    """The payments of a kind and an asset that are in a state."""

    kind: str
    asset: str
    state: str
    count: int
    amount: int
    oldest_ns: int
    """Since when the one that was changed least lately is in it."""


class _Stated(msgspec.Struct, frozen=True):
    """What the audit trail has of a payment in a state."""

    state: str


async def standings(
    session: AsyncSession, from_ns: int | None, until_ns: int | None, at_ns: int | None = None
) -> list[Standing]:
    """Return how payments stand, of those that were seen or asked for in a time, in the order of their lives.

    `at_ns`: as they stood at that time, after what happened then; None for now.
    """
    found = []
    for kind, table, began, states in (
        ("deposit", Deposit, Deposit.seen_ns, DepositState),
        ("withdrawal", Withdrawal, Withdrawal.requested_ns, WithdrawalState),
    ):
        chosen: list[ColumnElement[bool]] = []
        if from_ns is not None:
            chosen.append(began >= from_ns)
        if until_ns is not None:
            chosen.append(began < until_ns)
        stands = chosen if at_ns is None else [*chosen, table.changed_ns <= at_ns]
        query = select(table.asset, table.state, func.count(), total(table.amount), func.min(table.changed_ns))
        query = query.where(*stands).group_by(table.asset, table.state)
        rows = {(row[0], row[1]): Standing(kind, *row) for row in await session.execute(query)}
        if at_ns is not None:
            gone_on = [*chosen, began <= at_ns, table.changed_ns > at_ns]
            for asset, amount, state, since_ns in await _as_they_stood(session, table, gone_on, at_ns):
                one = Standing(kind, asset, state, 1, amount, since_ns)
                rows[asset, state] = _together(rows.get((asset, state)), one)
        order = {state.value: number for number, state in enumerate(states)}
        found += sorted(rows.values(), key=lambda each: (each.asset, order[each.state]))
    return found


async def _as_they_stood(
    session: AsyncSession, table: _Kind, chosen: list[ColumnElement[bool]], at_ns: int
) -> list[tuple[str, int, str, int]]:
    """Return asset, amount, state at a time and since when, of the payments chosen. They were there by then."""
    if table is Deposit:
        subject, first, began = "deposit/D-", DepositState.CONFIRMING.value, Deposit.seen_ns
    else:
        subject, first, began = "withdrawal/W-", WithdrawalState.HOLDING.value, Withdrawal.requested_ns
    # Approvals of a payment are about it too, and tell of a state, their own.
    last = select(func.max(AuditEntry.number)).where(
        AuditEntry.subject == literal(subject) + cast(table.id, String),
        AuditEntry.after.contains('"state":'),
        not_(AuditEntry.after.startswith('{"approval":')),
        AuditEntry.time_ns <= at_ns,
    )
    query = select(table.asset, table.amount, began, AuditEntry.after, AuditEntry.time_ns).outerjoin_from(
        table, AuditEntry, AuditEntry.number == last.correlate(table).scalar_subquery()
    )
    return [
        (asset, amount, first, began_ns)
        if after is None
        else (asset, amount, msgspec.json.decode(after, type=_Stated).state, time_ns)
        for asset, amount, began_ns, after, time_ns in await session.execute(query.where(*chosen))
    ]


def _together(some: Standing | None, one: Standing) -> Standing:
    if some is None:
        return one
    return msgspec.structs.replace(
        some,
        count=some.count + one.count,
        amount=some.amount + one.amount,
        oldest_ns=min(some.oldest_ns, one.oldest_ns),
    )
