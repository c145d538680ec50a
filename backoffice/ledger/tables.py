"""The ledger's tables. Accounts are opened; entries and their postings are added, and never changed or deleted.

An amount above zero is a credit, below zero a debit: what a client has stands above zero, what a bank or a wallet holds
for it below. The postings of each record of the journal, and those of each entry of the house, add up to zero in every
asset. An entry is a batch of the journal's records, or something that the house has booked; each holds the hash of the
one before it, over all that it says and all its postings. What staff ask to be moved goes through states beside them.
"""

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backoffice.database.base import Amount, Base, Hash, Id, Int64, Name, Prose, TimeNs, Versioned, reference
from backoffice.projector.tables import Number


class LedgerAccount(Base):
    """An account of the ledger. `account` is the client's, empty for the house's own."""

    __tablename__ = "ledger_accounts"
    __table_args__ = (UniqueConstraint("account", "asset", "kind"),)

    id: Mapped[Number]
    kind: Mapped[Name]
    """As `backoffice.ledger.chart.Kind`."""
    asset: Mapped[Name]
    account: Mapped[Name]
    sequence: Mapped[Int64]
    """The record with which it was opened."""


class LedgerPosting(Base):
    """What a record of the journal, or an entry of the house after it, did to an account; and its balance then."""

    __tablename__ = "ledger_postings"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own way to say it

    ledger_account: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    entry: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    """The house's entry, 0 for the record itself."""
    amount: Mapped[Amount]
    balance: Mapped[Amount]


class LedgerEntry(Base):
    """One link of the chain."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        UniqueConstraint("of", "kind"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("debit <> credit", name="accounts"),
        CheckConstraint("(kind = 'journal') = (amount IS NULL)", name="kind"),
    )

    id: Mapped[Number]
    kind: Mapped[Name]
    """As `backoffice.ledger.entries.EntryKind`."""
    key: Mapped[Prose] = mapped_column(unique=True)
    """What is booked once: the journal's first record in it, or the reference of what the house has booked."""
    from_sequence: Mapped[Int64]
    through_sequence: Mapped[Int64]
    """The records that it is made of; of the house's entries, the record after which it stands."""
    time_ns: Mapped[TimeNs]
    debit: Mapped[Int64 | None] = mapped_column(reference("ledger_accounts.id"))
    credit: Mapped[Int64 | None] = mapped_column(reference("ledger_accounts.id"))
    amount: Mapped[Amount | None]
    of: Mapped[Int64 | None] = mapped_column(reference("ledger_entries.id"))
    """The pending entry that this one posts or voids, or the entry that it reverses: once each."""
    by: Mapped[Prose]
    why: Mapped[Prose]
    previous: Mapped[Hash]
    hash: Mapped[Hash]


class HouseTransfer(Versioned, Base):
    """What staff have asked to be moved between accounts of the house: H-1, H-2 and so on."""

    __tablename__ = "house_transfer"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("source <> target", name="accounts"),
        CheckConstraint("approved_by IS NULL OR approved_by <> requested_by", name="four_eyes"),
        CheckConstraint("(state IN ('posted', 'reversed')) = (approved_by IS NOT NULL)", name="approved"),
    )

    id: Mapped[Id]
    key: Mapped[Prose | None] = mapped_column(unique=True)
    """What it is asked for once by: a reference of the bank, a number of one's own."""
    source: Mapped[Name]
    """Where it goes from, which is credited,"""
    target: Mapped[Name]
    """and where to, which is debited."""
    asset: Mapped[Name]
    amount: Mapped[Amount]
    state: Mapped[Name] = mapped_column(index=True)
    reason: Mapped[Prose]
    """Why it is in that state."""
    requested_by: Mapped[Name]
    requested_ns: Mapped[TimeNs]
    approved_by: Mapped[Name | None]
    changed_ns: Mapped[TimeNs]

    @property
    def name(self) -> str:
        """Return what it is called; its entries have keys that begin so."""
        return f"H-{self.id}"

    @property
    def subject(self) -> str:
        return f"transfer/{self.name}"
