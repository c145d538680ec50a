"""Keeps the books while the journal is followed: loads what the database has, and makes the entry of each batch."""

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.ledger.balances import balances
from backoffice.ledger.chart import CLIENT_KINDS, Kind
from backoffice.ledger.entries import Entry, EntryKind, locked_head, row_of
from backoffice.ledger.posting import Account, Books, Posting
from backoffice.ledger.tables import LedgerEntry
from backoffice.projector.batch import Batch
from backoffice.projector.tables import VenueInstrument
from engine.balance_changes import Pair
from engine.values import Amount


async def load(session: AsyncSession) -> Books:
    """Return the books as the database has them."""
    books = Books()
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


class Keeper:
    """Puts the entries of batches at the end of the chain, where the house puts entries of its own meanwhile."""

    def __init__(self, last_entry: int) -> None:
        """`last_entry`: the last one that is in the balances from which the batches go on."""
        self._last_entry = last_entry
        self._booked: dict[int, Amount] = {}
        """What the house has booked on its accounts since then: batches know of the journal alone."""

    async def add_entry(self, session: AsyncSession, batch: Batch) -> list[Posting]:
        """Put the entry of a batch at the end of the chain; return its postings with the balances after each."""
        head = await locked_head(session)
        if head.id != self._last_entry:
            self._booked = await _booked_since(session, batch)
        postings = batch.postings
        if booked := self._booked:
            postings = [(*row[:4], row[4] + booked.get(row[1], 0)) for row in postings]
        key = f"journal/{batch.first_sequence}"
        entry = Entry(EntryKind.JOURNAL, key, batch.first_sequence, batch.sequence, batch.time_ns)
        await session.execute(insert(LedgerEntry).values(row_of(head, entry, postings)))
        self._last_entry = head.id + 1
        return postings


async def _booked_since(session: AsyncSession, batch: Batch) -> dict[int, Amount]:
    """Return by how much the house's accounts differ now from what the batch goes on from."""
    before = dict(batch.house)
    for _, number, _, amount, _ in batch.postings:
        if number in before:
            before[number] -= amount
    now = {account.id: amount for account, amount in await balances(session, account="")}
    return {number: now[number] - amount for number, amount in before.items() if now[number] != amount}
