"""Keeps the books while the journal is followed: loads what the database has, and makes the entry of each batch."""

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.ledger.balances import balances
from backoffice.ledger.chart import CLIENT_KINDS, Kind
from backoffice.ledger.entries import Entry, EntryKind, head_of, locked_head, row_of
from backoffice.ledger.posting import Account, Books, Posting
from backoffice.ledger.tables import LedgerEntry
from backoffice.projector.tables import VenueInstrument
from engine.balance_changes import Pair


async def load(session: AsyncSession) -> Books:
    """Return the books as the database has them."""
    books = Books()
    books.last_entry = (await head_of(session)).id
    for row in await session.scalars(select(VenueInstrument)):
        books.instruments[row.symbol] = Pair(row.base, row.quote, row.base_per_lot)
    clients: dict[tuple[str, str], dict[Kind, Account]] = {}
    for account, amount in await balances(session):
        books.accounts += 1
        if account.account:
            of_kind = clients.setdefault((account.account, account.asset), {})
        else:
            of_kind = books.house.setdefault(account.asset, {})
        of_kind[Kind(account.kind)] = Account(account.id, amount)
    books.clients = {key: tuple(of_kind[kind] for kind in CLIENT_KINDS) for key, of_kind in clients.items()}
    return books


async def add_entry(
    session: AsyncSession, books: Books, postings: list[Posting], first: int, last: int, time_ns: int
) -> list[Posting]:
    """Put the entry of a batch, records `first` to `last`, at the end of the chain; return its postings in order."""
    head = await locked_head(session)
    if head.id != books.last_entry:
        postings = await _after_others(session, books, postings)
    postings.sort()
    entry = Entry(EntryKind.JOURNAL, f"journal/{first}", first, last, time_ns)
    await session.execute(insert(LedgerEntry).values(row_of(head, entry, postings)))
    books.last_entry = head.id + 1
    return postings


async def _after_others(session: AsyncSession, books: Books, postings: list[Posting]) -> list[Posting]:
    """Return the postings with the balances that they have now that the house has booked something in between."""
    here = {account.id: account for of_kind in books.house.values() for account in of_kind.values()}
    changes: dict[int, int] = {}
    for _, number, _, amount, _ in postings:
        changes[number] = changes.get(number, 0) + amount
    shifts: dict[int, int] = {}
    for account, amount in await balances(session, account=""):
        known = here[account.id]
        shift = amount - (known.balance - changes.get(account.id, 0))
        if shift:
            known.balance += shift
            shifts[account.id] = shift
    return [(*row[:4], row[4] + shifts.get(row[1], 0)) for row in postings]
