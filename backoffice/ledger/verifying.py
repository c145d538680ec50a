"""Proves the books: against the engine, against themselves, and against whoever could have changed them since.

Four things are checked, each on all there is, and of each the first difference is told:

* the chain: every entry follows the one before it, and says what was hashed, with all its postings;
* the postings: those of each record, and of each entry of the house, add up to zero in every asset, and each balance is
  the one before it and the amount;
* the clients: what the books say that each has available, reserved and held is what the engine says, replayed to the
  same record;
* the assets: what clients have and what fees came to is what was deposited less what was withdrawn.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.base import total
from backoffice.ledger.balances import balances
from backoffice.ledger.chart import CLIENT_KINDS, Kind, name_of
from backoffice.ledger.entries import FIRST_HASH, EntryKind, entry_of, hash_of
from backoffice.ledger.posting import Posting
from backoffice.ledger.tables import LedgerAccount, LedgerEntry, LedgerPosting
from backoffice.ledger.walking import entries_with_postings
from engine.state import State
from engine.values import Amount


class Check(msgspec.Struct, frozen=True):
    """One thing that was compared: how much of it, and the first difference, empty if there is none."""

    what: str
    compared: int
    flaw: str = ""


class AssetCheck(msgspec.Struct, frozen=True):
    """An asset: what came in and has not gone out, by the engine; and what the books have of it."""

    asset: str
    came_in: Amount
    """By the engine: deposits less withdrawals."""
    passed_through: Amount
    """By the books: the same, as it passed through the omnibus account."""
    clients: Amount
    fees: Amount
    """Less rebates."""

    @property
    def is_sound(self) -> bool:
        return self.came_in == self.passed_through == self.clients + self.fees


class Chain:
    """Checks every entry and every posting, in the order in which they were written."""

    def __init__(self, accounts: Iterable[LedgerAccount]) -> None:
        self.entries = self.postings = 0
        self.flaw_of_chain = self.flaw_of_postings = ""
        self._accounts = {account.id: account for account in accounts}
        self._balances: dict[int, Amount] = defaultdict(int)
        self._previous = FIRST_HASH
        self._through = 0

    def add(self, row: LedgerEntry, postings: list[Posting]) -> None:
        """Check the entry that comes next, with the postings that it should have, sorted."""
        self.entries += 1
        self.postings += len(postings)
        self.flaw_of_chain = self.flaw_of_chain or self._flaw_of_entry(row, postings)
        self.flaw_of_postings = self.flaw_of_postings or self._flaw_of(postings)
        self._previous = row.hash

    def _flaw_of_entry(self, row: LedgerEntry, postings: list[Posting]) -> str:
        if row.id != self.entries or row.previous != self._previous:
            return f"entry {row.id} does not follow the one before it"
        entry = entry_of(row)
        if row.hash != hash_of(row.previous, row.id, entry, postings):
            return f"entry {row.id}: it, or one of its postings, is not what was written"
        if entry.kind is EntryKind.JOURNAL:
            if entry.from_sequence <= self._through:
                return f"entry {row.id}: has record {entry.from_sequence} again"
            self._through = entry.through_sequence
        return ""

    def _flaw_of(self, postings: list[Posting]) -> str:
        sums: Counter[tuple[int, str]] = Counter()
        for sequence, number, _, amount, balance in postings:
            account = self._accounts.get(number)
            if account is None:
                return f"record {sequence}: a posting on account {number}, which there is not"
            sums[sequence, account.asset] += amount
            self._balances[number] += amount
            if self._balances[number] != balance:
                name = name_of(Kind(account.kind), account.asset, account.account)
                return f"record {sequence}: {name} is {balance} after it, but adds up to {self._balances[number]}"
        for (sequence, asset), amount in sums.items():
            if amount:
                return f"record {sequence}: its postings in {asset} add up to {amount}, not to zero"
        return ""


async def check_chain(session: AsyncSession) -> list[Check]:
    """Check every entry and every posting."""
    chain = Chain(await session.scalars(select(LedgerAccount)))
    async for row, postings in entries_with_postings(session):
        chain.add(row, postings)
    stray = (await session.scalar(select(func.count()).select_from(LedgerPosting)) or 0) - chain.postings
    flaw = chain.flaw_of_postings or (f"{stray} of them belong to no entry" if stray else "")
    return [
        Check("entries, each with the hash of the one before it", chain.entries, chain.flaw_of_chain),
        Check("postings, zero in every asset at every record", chain.postings, flaw),
    ]


async def check_clients(session: AsyncSession, state: State) -> Check:
    """Check that clients have in the books what they have in the engine, whose state is of the same record."""
    in_books: dict[tuple[str, str], dict[str, Amount]] = {}
    for row, amount in await balances(session):
        if row.account:
            in_books.setdefault((row.account, row.asset), {})[row.kind] = amount
    compared = 0
    for name, account in state.accounts.items():
        for asset, holding in account.holdings.items():
            found = in_books.pop((name, asset), {})
            in_engine = (holding.available, holding.reserved, holding.held)
            for kind, amount in zip(CLIENT_KINDS, in_engine, strict=True):
                compared += 1
                if found.get(kind, 0) != amount:
                    flaw = f"{name_of(kind, asset, name)}: {amount} in the engine, {found.get(kind, 0)} in the books"
                    return Check(_CLIENTS, compared, flaw)
    for name, asset in in_books:
        return Check(_CLIENTS, compared, f"{name} {asset}: in the books, but not in the engine")
    return Check(_CLIENTS, compared)


_CLIENTS: Final = "balances of clients, as the engine has them"


async def check_assets(session: AsyncSession, state: State) -> list[AssetCheck]:
    """Compare, asset by asset, what came in with what is there; the engine's state is of the same record."""
    clients: Counter[str] = Counter()
    for row, amount in await balances(session):
        if row.account:
            clients[row.asset] += amount
    by_journal = (
        select(LedgerAccount.asset, LedgerAccount.kind, total(LedgerPosting.amount))
        .join(LedgerPosting, LedgerPosting.ledger_account == LedgerAccount.id)
        .where(LedgerAccount.account == "", LedgerPosting.entry == 0)
        .group_by(LedgerAccount.asset, LedgerAccount.kind)
    )
    house: Counter[tuple[str, str]] = Counter()
    for asset, kind, amount in await session.execute(by_journal):
        house[asset, kind] = amount
    return [
        AssetCheck(
            asset,
            state.credited[asset] - state.withdrawn[asset],
            -house[asset, Kind.OMNIBUS],
            clients[asset],
            house[asset, Kind.FEES] + house[asset, Kind.REBATES],
        )
        for asset in state.assets
    ]


def check_of_assets(assets: Iterable[AssetCheck]) -> Check:
    """Return what comparing the assets came to."""
    compared = 0
    for each in assets:
        compared += 1
        if not each.is_sound:
            flaw = (
                f"{each.asset}: {each.came_in} came in, {each.passed_through} by the books; "
                f"clients have {each.clients}, fees are {each.fees}"
            )
            return Check(_ASSETS, compared, flaw)
    return Check(_ASSETS, compared)


_ASSETS: Final = "assets: deposits less withdrawals are what clients have, and fees"


async def check_trial_balance(session: AsyncSession) -> Check:
    """Check that all accounts together are zero in every asset."""
    sums: Counter[str] = Counter()
    compared = 0
    for row, amount in await balances(session):
        sums[row.asset] += amount
        compared += 1
    for asset, amount in sums.items():
        if amount:
            return Check(_TRIAL, compared, f"{asset}: debits and credits differ by {amount}")
    return Check(_TRIAL, compared)


_TRIAL: Final = "accounts in the trial balance, which is zero in every asset"
