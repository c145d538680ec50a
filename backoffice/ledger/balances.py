"""What the books say: balances of all accounts as of any record, the postings of one, the trial balance."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, exists, func, not_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.ledger.chart import Kind
from backoffice.ledger.tables import LedgerAccount, LedgerEntry, LedgerPosting
from backoffice.projector.tables import VenueAsset
from engine.values import Amount


class Balance(NamedTuple):
    """An account, and what was on it: above zero a credit, below zero a debit."""

    account: LedgerAccount
    amount: Amount


async def balances(
    session: AsyncSession,
    sequence: int | None = None,
    *,
    at_ns: int | None = None,
    account: str | None = None,
    asset: str | None = None,
) -> list[Balance]:
    """Return the balance of every account after a record, or as it is now; of a client ("": the house), of an asset.

    `at_ns`: without what the house has booked later, though no record came in between. Each costs one look into an
    index, however long its history is.
    """
    last = (
        select(LedgerPosting.balance)
        .where(LedgerPosting.ledger_account == LedgerAccount.id)
        .order_by(LedgerPosting.sequence.desc(), LedgerPosting.entry.desc())
        .limit(1)
    )
    if sequence is not None:
        last = last.where(*_until(sequence, at_ns))
    wanted = select(LedgerAccount, func.coalesce(last.scalar_subquery(), 0)).order_by(LedgerAccount.id)
    if sequence is not None:
        wanted = wanted.where(LedgerAccount.sequence <= sequence)
    if account is not None:
        wanted = wanted.where(LedgerAccount.account == account)
    if asset is not None:
        wanted = wanted.where(LedgerAccount.asset == asset)
    return [Balance(*row) for row in await session.execute(wanted)]


def _until(sequence: int, at_ns: int | None) -> list[ColumnElement[bool]]:
    """Return what is so of postings through a record, without what the house has booked after a time if that is given.

    What is booked between two records stands after the first of them.
    """
    conditions: list[ColumnElement[bool]] = [LedgerPosting.sequence <= sequence]
    if at_ns is not None:
        later = exists().where(LedgerEntry.id == LedgerPosting.entry, LedgerEntry.time_ns > at_ns)
        conditions.append(not_(later.correlate(LedgerPosting)))
    return conditions


async def sums_by_kind(session: AsyncSession, sequence: int, at_ns: int | None = None) -> dict[tuple[str, str], Amount]:
    """Return what was on all accounts of an asset and a kind together, after a record, and at a time as `balances`."""
    sums: dict[tuple[str, str], Amount] = {}
    for row, amount in await balances(session, sequence, at_ns=at_ns):
        sums[row.asset, row.kind] = sums.get((row.asset, row.kind), 0) + amount
    return sums


class Holding(NamedTuple):
    """What a client has of an asset."""

    account: str
    asset: str
    available: Amount
    reserved: Amount
    held: Amount

    @property
    def total(self) -> Amount:
        return self.available + self.reserved + self.held


async def holdings(
    session: AsyncSession, sequence: int | None = None, *, account: str | None = None, asset: str | None = None
) -> list[Holding]:
    """Return what clients had after a record, or have now, by account and asset."""
    found: dict[tuple[str, str], dict[str, Amount]] = {}
    for row, amount in await balances(session, sequence, account=account, asset=asset):
        if row.account:
            found.setdefault((row.account, row.asset), {})[row.kind] = amount
    return [
        Holding(*key, *(by_kind[kind] for kind in (Kind.AVAILABLE, Kind.RESERVED, Kind.HELD)))
        for key, by_kind in sorted(found.items())
    ]


async def postings(
    session: AsyncSession, account: LedgerAccount, *, through: int, count: int, at_ns: int | None = None
) -> Sequence[LedgerPosting]:
    """Return the last `count` postings on an account, of those through a record, oldest first.

    `at_ns` as for `balances`.
    """
    wanted = (
        select(LedgerPosting)
        .where(LedgerPosting.ledger_account == account.id, *_until(through, at_ns))
        .order_by(LedgerPosting.sequence.desc(), LedgerPosting.entry.desc())
        .limit(count)
    )
    return list(await session.scalars(wanted))[::-1]


async def decimals_of(session: AsyncSession) -> dict[str, int]:
    """Return the decimals of each asset of the venue, in the order in which they were admitted."""
    return {row.asset: row.decimals for row in await session.scalars(select(VenueAsset).order_by(VenueAsset.sequence))}
