"""What the house books itself: an amount from one of its accounts to another, at once or in two steps, and back.

In two steps it is pending first, which posts nothing; then it is posted, or voided, once. What is posted is never
changed: it is reversed, once, by an entry of its own. Each is booked under a key that is booked once: who asks again
for the same gets what was booked, who asks for something else under the key is refused. Clients' accounts are out of
reach, as what clients have changes in the engine alone.

async with database.writing() as session:
    await transfer(session, Transfer("sweep-7", Kind.COLD, Kind.OMNIBUS, "BTC", 10**8, "ann", "to cold storage"), now)
"""

from typing import Final

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.base import total
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.ledger.balances import balances
from backoffice.ledger.chart import CLIENT_KINDS, Kind
from backoffice.ledger.entries import Entry, EntryKind, locked_head, row_of
from backoffice.ledger.tables import LedgerAccount, LedgerEntry, LedgerPosting
from backoffice.projector.as_of import position_of
from engine.values import AMOUNT_MAX, Amount

_POSTS: Final = frozenset((EntryKind.POSTED, EntryKind.POST, EntryKind.REVERSAL))
"""The kinds that change balances."""
_REVERSIBLE: Final = frozenset((EntryKind.POSTED, EntryKind.POST))


class Transfer(msgspec.Struct, frozen=True):
    """What is to be booked: `amount` smallest units, debited to one account and credited to the other."""

    key: str
    debit: Kind
    credit: Kind
    asset: str
    amount: Amount
    by: str
    why: str


async def transfer(session: AsyncSession, wanted: Transfer, now_ns: int, *, is_pending: bool = False) -> LedgerEntry:
    """Book a transfer, or have it pending. Raise `Refused`, `NotFound`, or `Conflict` if the key is taken."""
    if wanted.debit in CLIENT_KINDS or wanted.credit in CLIENT_KINDS:
        raise Refused(f"{wanted.key}: what clients have changes in the engine alone, not in the books")
    if wanted.debit is wanted.credit:
        raise Refused(f"{wanted.key}: from {wanted.debit} to {wanted.credit} moves nothing")
    if not 0 < wanted.amount <= AMOUNT_MAX:
        raise Refused(f"{wanted.key}: amount {wanted.amount} is out of range")
    kind = EntryKind.PENDING if is_pending else EntryKind.POSTED
    debit, credit = [await _account(session, each, wanted.asset) for each in (wanted.debit, wanted.credit)]
    return await _book(session, kind, wanted.key, (debit, credit, wanted.amount), None, wanted.by, wanted.why, now_ns)


async def post(session: AsyncSession, pending: int, key: str, by: str, why: str, now_ns: int) -> LedgerEntry:
    """Post what entry `pending` has pending. Raise `Conflict` if it is posted or voided already."""
    return await _conclude(session, EntryKind.POST, pending, key, by, why, now_ns)


async def void(session: AsyncSession, pending: int, key: str, by: str, why: str, now_ns: int) -> LedgerEntry:
    """Give up what entry `pending` has pending. Raise `Conflict` if it is posted or voided already."""
    return await _conclude(session, EntryKind.VOID, pending, key, by, why, now_ns)


async def reverse(session: AsyncSession, entry: int, key: str, by: str, why: str, now_ns: int) -> LedgerEntry:
    """Take back what an entry has posted. Raise `Conflict` if it is reversed already."""
    before = await _entry(session, entry)
    if before.kind not in _REVERSIBLE:
        raise Refused(f"entry {entry} is {before.kind}: only what the house has posted can be reversed")
    amounts = (before.credit, before.debit, before.amount)
    return await _book(session, EntryKind.REVERSAL, key, amounts, entry, by, why, now_ns)


async def pending(session: AsyncSession) -> list[LedgerEntry]:
    """Return what is pending, the oldest first."""
    done = select(LedgerEntry.of).where(LedgerEntry.kind.in_((EntryKind.POST, EntryKind.VOID)))
    open_ones = select(LedgerEntry).where(LedgerEntry.kind == EntryKind.PENDING, LedgerEntry.id.not_in(done))
    return list(await session.scalars(open_ones.order_by(LedgerEntry.id)))


async def not_for_staff(session: AsyncSession, asset: str) -> Amount:
    """Return how much of an asset is in suspense that staff have not asked for: deposits, which leave by themselves."""
    others = LedgerEntry.__table__.alias()
    reversed_ones = select(others.c.of).where(others.c.kind == EntryKind.REVERSAL, others.c.of.is_not(None))
    booked = (
        select(total(LedgerEntry.amount))
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.credit)
        .where(LedgerAccount.kind == Kind.SUSPENSE, LedgerAccount.asset == asset)
        .where(LedgerEntry.kind == EntryKind.POSTED, LedgerEntry.id.not_in(reversed_ones))
    )
    return await session.scalar(booked) or 0


async def _conclude(
    session: AsyncSession, kind: EntryKind, number: int, key: str, by: str, why: str, now_ns: int
) -> LedgerEntry:
    before = await _entry(session, number)
    if before.kind != EntryKind.PENDING:
        raise Refused(f"entry {number} is {before.kind}, not pending")
    amounts = (before.debit, before.credit, before.amount)
    return await _book(session, kind, key, amounts, number, by, why, now_ns)


async def _book(
    session: AsyncSession,
    kind: EntryKind,
    key: str,
    amounts: tuple[int | None, int | None, Amount | None],
    of: int | None,
    by: str,
    why: str,
    now_ns: int,
) -> LedgerEntry:
    if not key or not why.strip():
        raise Refused("an entry needs a key under which it is booked once, and a reason")
    head = await locked_head(session)
    debit, credit, amount = amounts
    said = (kind, amounts, of)
    taken = (await session.scalars(select(LedgerEntry).where(LedgerEntry.key == key))).one_or_none()
    if taken is not None:
        if (EntryKind(taken.kind), (taken.debit, taken.credit, taken.amount), taken.of) == said:
            return taken
        raise Conflict(f"{key}: something else is booked under this key, as entry {taken.id}; use another one")
    if of is not None:
        await _check_first(session, kind, of)
    assert debit is not None, "the house's entries have accounts"
    assert credit is not None, "and two of them"
    assert amount is not None, "and an amount"
    sequence = (await position_of(session)).sequence
    rows = await _postings(session, head.id + 1, sequence, debit, credit, amount) if kind in _POSTS else []
    entry = Entry(kind, key, sequence, sequence, now_ns, debit, credit, amount, of, by, why)
    await session.execute(insert(LedgerEntry).values(row_of(head, entry, rows)))
    for row in rows:
        await session.execute(
            insert(LedgerPosting).values(
                sequence=row[0], ledger_account=row[1], entry=row[2], amount=row[3], balance=row[4]
            )
        )
    return await _entry(session, head.id + 1)


async def _check_first(session: AsyncSession, kind: EntryKind, of: int) -> None:
    """Raise `Conflict` if the entry is posted, voided or reversed by now."""
    others = (EntryKind.REVERSAL,) if kind is EntryKind.REVERSAL else (EntryKind.POST, EntryKind.VOID)
    other = select(LedgerEntry).where(LedgerEntry.of == of, LedgerEntry.kind.in_(others))
    found = (await session.scalars(other)).one_or_none()
    if found is not None:
        done = {EntryKind.POST: "posted", EntryKind.VOID: "voided", EntryKind.REVERSAL: "reversed"}
        raise Conflict(f"entry {of} is {done[EntryKind(found.kind)]} already, by entry {found.id}")


async def _postings(
    session: AsyncSession, number: int, sequence: int, debit: int, credit: int, amount: Amount
) -> list[tuple[int, int, int, Amount, Amount]]:
    """Return the rows that an entry posts, sorted."""
    now = {account.id: balance for account, balance in await balances(session, account="")}
    return sorted(
        (sequence, account, number, change, now[account] + change)
        for account, change in ((debit, -amount), (credit, amount))
    )


async def _account(session: AsyncSession, kind: Kind, asset: str) -> int:
    house = select(LedgerAccount.id).where(
        LedgerAccount.account == "", LedgerAccount.asset == asset, LedgerAccount.kind == kind
    )
    found = await session.scalar(house)
    if found is None:
        raise NotFound(f"{asset}: no asset of this venue")
    return found


async def _entry(session: AsyncSession, number: int) -> LedgerEntry:
    found = await session.get(LedgerEntry, number)
    if found is None:
        raise NotFound(f"entry {number}: there is none of that number")
    return found
