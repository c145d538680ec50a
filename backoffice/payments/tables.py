"""Deposits, withdrawals, where they come in and go to, and how far each rail has been read.

The database itself holds what must never happen: two deposits of one reference, or sent back by one payment; two
payouts of one number on a rail; a destination approved by who asked for it.
"""

from sqlalchemy import CheckConstraint, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice.database.base import Amount, Base, Id, Int64, Name, Prose, TimeNs, Versioned, reference


class RailPosition(Base):
    """How far a rail has been read, and the next number to give out on it."""

    __tablename__ = "rail_position"

    rail: Mapped[Name] = mapped_column(primary_key=True)
    cursor: Mapped[Prose] = mapped_column(default="")
    next_number: Mapped[Int64] = mapped_column(default=1)
    """For payouts,"""
    next_address: Mapped[Int64] = mapped_column(default=1)
    """and for addresses."""


class DepositAddress(Base):
    """Where an account's deposits of an asset come in."""

    __tablename__ = "deposit_address"
    __table_args__ = (UniqueConstraint("rail", "address"), UniqueConstraint("rail", "number"))

    id: Mapped[Id]
    rail: Mapped[Name]
    address: Mapped[str] = mapped_column(String(200))
    number: Mapped[Int64]
    account: Mapped[Name] = mapped_column(index=True)
    asset: Mapped[Name]
    created_ns: Mapped[TimeNs]


class Deposit(Versioned, Base):
    """Money that has come in: D-1, D-2 and so on."""

    __tablename__ = "deposit"
    __table_args__ = (
        UniqueConstraint("rail", "reference"),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_deposit_state_is_gone", "state", "is_gone"),
        Index("uq_deposit_rail_sent_back_as", "rail", "sent_back_as", unique=True),
        Index(
            "ix_deposit_suspense_entry",
            "suspense_entry",
            sqlite_where=text("suspense_entry IS NOT NULL"),
            postgresql_where=text("suspense_entry IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    rail: Mapped[Name]
    reference: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(200))
    asset: Mapped[Name]
    amount: Mapped[Amount]
    sender: Mapped[Prose]
    returns: Mapped[Name]
    """The withdrawal that comes back with it, or nothing."""
    confirmations: Mapped[Int64]
    is_gone: Mapped[bool]
    """The rail does not know it any more."""
    state: Mapped[Name]
    reason: Mapped[Prose]
    """Why it is in that state, where somebody will ask."""
    account: Mapped[Name | None] = mapped_column(index=True)
    seen_ns: Mapped[TimeNs] = mapped_column(index=True)
    changed_ns: Mapped[TimeNs]
    credited_sequence: Mapped[Int64 | None]
    """The record of the journal that credited it."""
    debits: Mapped[int] = mapped_column(server_default="0")
    """How often it was taken from the account again, as the rail had thought better of it."""
    suspense_entry: Mapped[Int64 | None]
    """The entry by which it is in suspense, while it is."""
    sent_back_as: Mapped[str | None] = mapped_column(String(200))
    """What the rail calls the payment that has sent it back."""

    @property
    def name(self) -> str:
        return f"D-{self.id}"

    @property
    def reference_of_credit(self) -> str:
        """Return what the engine knows the credit by: D-1, and D-1.1 when it is credited a second time."""
        return f"{self.name}.{self.debits}" if self.debits else self.name

    @property
    def subject(self) -> str:
        return f"deposit/{self.name}"


class Destination(Versioned, Base):
    """Where an account may withdraw to: T-1, T-2 and so on."""

    __tablename__ = "destination"
    __table_args__ = (CheckConstraint("approved_by IS NULL OR approved_by <> added_by", name="four_eyes"),)

    id: Mapped[Id]
    account: Mapped[Name] = mapped_column(index=True)
    rail: Mapped[Name]
    asset: Mapped[Name]
    address: Mapped[str] = mapped_column(String(200))
    holder: Mapped[Prose]
    """Whose address it is."""
    added_by: Mapped[Name]
    added_ns: Mapped[TimeNs]
    approved_by: Mapped[Name | None]
    usable_from_ns: Mapped[TimeNs | None]
    """From when on it is paid to: None until it is approved."""
    removed_ns: Mapped[TimeNs | None]

    @property
    def name(self) -> str:
        return f"T-{self.id}"

    @property
    def subject(self) -> str:
        return f"destination/{self.name}"


class RenewedPayout(Base):
    """What was made to be handed over in the place of what waited too long. Append-only."""

    __tablename__ = "renewed_payout"

    withdrawal_id: Mapped[Int64] = mapped_column(reference("withdrawal.id"), primary_key=True, autoincrement=False)
    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    """1 for the first after what was prepared."""
    prepared: Mapped[bytes] = mapped_column(LargeBinary)
    made_ns: Mapped[TimeNs]


class Withdrawal(Versioned, Base):
    """Money that is to go out: W-1, W-2 and so on."""

    __tablename__ = "withdrawal"
    __table_args__ = (
        UniqueConstraint("rail", "number"),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_withdrawal_state_changed_ns", "state", "changed_ns"),
        Index(
            "ix_withdrawal_suspense_entry",
            "suspense_entry",
            sqlite_where=text("suspense_entry IS NOT NULL"),
            postgresql_where=text("suspense_entry IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    account: Mapped[Name] = mapped_column(index=True)
    rail: Mapped[Name]
    asset: Mapped[Name]
    amount: Mapped[Amount]
    destination_id: Mapped[Int64] = mapped_column(reference("destination.id"))
    state: Mapped[Name] = mapped_column(index=True)
    reason: Mapped[Prose]
    requested_by: Mapped[Name]
    requested_ns: Mapped[TimeNs] = mapped_column(index=True)
    changed_ns: Mapped[TimeNs]
    approval: Mapped[Name | None]
    """The approval that it waits for, or had."""
    number: Mapped[Int64 | None]
    """Its own on the rail, from PREPARED on."""
    prepared: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What is sent first, to the byte."""
    confirmations: Mapped[Int64]
    outcome: Mapped[Prose]
    """The rail's own word for how it stands."""
    fee: Mapped[Amount]
    """What the rail took for itself, from the venue's own funds."""
    ended_sequence: Mapped[Int64 | None]
    """The record of the journal that settled or released it, or gave it back."""
    suspense_entry: Mapped[Int64 | None]
    """The entry by which it is in suspense, while it is."""

    @property
    def name(self) -> str:
        return f"W-{self.id}"

    @property
    def reference_of_credit(self) -> str:
        """Return what the engine knows the credit by that gives it back: once, whatever becomes of it."""
        return f"{self.name}/given-back"

    @property
    def subject(self) -> str:
        return f"withdrawal/{self.name}"
