"""The chain of entries: each holds the hash of the one before it, over all that it says and all its postings.

Who writes an entry does so alone, and writes the chain's last link first: so the chain has no fork. The postings of a
batch are hashed in the order of records, and of accounts within one, as values and not as text.
"""

import hashlib
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.serializing import one_at_a_time
from backoffice.ledger.posting import Posting
from backoffice.ledger.tables import LedgerEntry

FIRST_HASH: Final = "0" * 64
"""What the first entry has in place of a hash before it."""


class EntryKind(StrEnum):
    """What an entry is."""

    JOURNAL = "journal"
    """A batch of the journal's records."""
    POSTED = "posted"
    """The house has moved an amount."""
    PENDING = "pending"
    """It is about to: nothing is posted yet."""
    POST = "post"
    """What was pending is posted,"""
    VOID = "void"
    """or will never be."""
    REVERSAL = "reversal"
    """What was posted is taken back."""


class Entry(msgspec.Struct, frozen=True):
    """What an entry says, without its place in the chain."""

    kind: EntryKind
    key: str
    from_sequence: int
    through_sequence: int
    time_ns: int
    debit: int | None = None
    credit: int | None = None
    amount: int | None = None
    of: int | None = None
    by: str = ""
    why: str = ""


class Head(msgspec.Struct, frozen=True):
    """The end of the chain."""

    id: int
    hash: str


async def head_of(session: AsyncSession) -> Head:
    """Return the end of the chain as this transaction sees it."""
    last = select(LedgerEntry.id, LedgerEntry.hash).order_by(LedgerEntry.id.desc()).limit(1)
    found = (await session.execute(last)).one_or_none()
    return Head(found.id, found.hash) if found else Head(0, FIRST_HASH)


async def locked_head(session: AsyncSession) -> Head:
    """Return the end of the chain, to which nobody else can add until this transaction has ended."""
    await one_at_a_time(session, "ledger")
    return await head_of(session)


def row_of(head: Head, entry: Entry, postings: Sequence[Posting]) -> dict[str, Any]:
    """Return the row that puts an entry at the end of the chain. The postings are sorted."""
    return {
        "id": head.id + 1,
        **msgspec.structs.asdict(entry),
        "previous": head.hash,
        "hash": hash_of(head.hash, head.id + 1, entry, postings),
    }


def entry_of(row: LedgerEntry) -> Entry:
    """Return what a row says."""
    return msgspec.convert(row, Entry, from_attributes=True)


def hash_of(previous: str, number: int, entry: Entry, postings: Iterable[Posting]) -> str:
    """Return the hash of an entry that has this number and follows the one with that hash."""
    said = (previous, number, *msgspec.structs.astuple(entry))
    return hashlib.sha256(_encode(said) + _encode(list(postings))).hexdigest()


_encode: Final = msgspec.msgpack.Encoder().encode
