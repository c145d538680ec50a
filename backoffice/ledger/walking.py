"""Walks through the books from the first entry to the last, each with its postings, however many there are.

Postings lie by account and not by entry, as balances are what is asked for most; so they are read for many entries at
a time, which costs one look at each account for all of them.
"""

from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.ledger.entries import EntryKind
from backoffice.ledger.posting import Posting
from backoffice.ledger.tables import LedgerAccount, LedgerEntry, LedgerPosting

ENTRIES_TOGETHER: Final = 1_000
RECORDS_TOGETHER: Final = 50_000
"""So many entries, or records that they are made of, are looked at together."""
_POSTINGS: Final = select(
    LedgerPosting.sequence,
    LedgerPosting.ledger_account,
    LedgerPosting.entry,
    LedgerPosting.amount,
    LedgerPosting.balance,
)


async def entries_with_postings(session: AsyncSession) -> AsyncGenerator[tuple[LedgerEntry, list[Posting]]]:
    """Yield every entry with its postings, sorted."""
    after, from_sequence = 0, 1
    while rows := await _entries(session, after):
        after, through = rows[-1].id, max(row.through_sequence for row in rows)
        by_sequence: dict[int, list[Posting]] = defaultdict(list)
        for posting in await _postings(session, from_sequence, through):
            by_sequence[posting[0]].append(posting)
        for row in rows:
            if row.kind == EntryKind.JOURNAL:
                records = range(max(row.from_sequence, from_sequence), row.through_sequence + 1)
                yield row, [posting for sequence in records for posting in by_sequence.get(sequence, ())]
            else:
                yield row, await _postings_of_house(session, row)
        session.expunge_all()
        from_sequence = through + 1


async def _entries(session: AsyncSession, after: int) -> list[LedgerEntry]:
    """Return the entries that come next, so many that their postings are not too many."""
    wanted = select(LedgerEntry).where(LedgerEntry.id > after).order_by(LedgerEntry.id).limit(ENTRIES_TOGETHER)
    rows = list(await session.scalars(wanted))
    for place, row in enumerate(rows):
        if place and row.through_sequence - rows[0].from_sequence >= RECORDS_TOGETHER:
            return rows[:place]
    return rows


async def _postings(session: AsyncSession, first: int, last: int) -> list[Posting]:
    """Return the journal's postings of some records, sorted. The index is by account, so each is looked into."""
    of_all = _POSTINGS.join(LedgerAccount, LedgerAccount.id == LedgerPosting.ledger_account)
    places = (LedgerPosting.sequence >= first, LedgerPosting.sequence <= last, LedgerPosting.entry == 0)
    return _sorted(await session.execute(of_all.where(*places)))


async def _postings_of_house(session: AsyncSession, entry: LedgerEntry) -> list[Posting]:
    of_two = _POSTINGS.where(LedgerPosting.ledger_account.in_((entry.debit, entry.credit)))
    place = (LedgerPosting.sequence == entry.through_sequence, LedgerPosting.entry == entry.id)
    return _sorted(await session.execute(of_two.where(*place)))


def _sorted(rows: Iterable[Posting]) -> list[Posting]:
    return sorted((sequence, number, of, amount, after) for sequence, number, of, amount, after in rows)
