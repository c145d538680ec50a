"""Invoices, which the database lets nobody change, and how they stand.

That there is one for a firm, a month and a schedule, and that it is charged or waived by two people, stands in the
database too.
"""

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import backoffice.outbox  # noqa: F401 - commands to the venue are referred to
from backoffice.database.base import Amount, Base, Id, Int64, Name, Prose, TimeNs, Versioned, Wide, reference
from backoffice.invoices.states import InvoiceState

_STATES = ", ".join(f"'{state}'" for state in InvoiceState)


class Invoice(Base):
    """What is missing to a firm's monthly minimum: INV-1, INV-2 and so on. Append-only."""

    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("firm", "month", "schedule"),
        CheckConstraint("amount > 0", name="amount"),
    )

    id: Mapped[Id]
    firm: Mapped[Name]
    month: Mapped[Name] = mapped_column(index=True)
    """As in 2026-11."""
    schedule: Mapped[Name]
    schedule_version: Mapped[int]
    asset: Mapped[Name]
    monthly: Mapped[Amount]
    """The minimum of a whole month,"""
    days_counted: Mapped[int]
    days_in_month: Mapped[int]
    minimum: Mapped[Amount]
    """and of the days that count."""
    paid: Mapped[int] = mapped_column(Wide)
    """Fees less rebates: below zero if these were more."""
    amount: Mapped[Amount]
    made_by: Mapped[Name]
    made_ns: Mapped[TimeNs]

    @property
    def name(self) -> str:
        return f"INV-{self.id}"

    @property
    def subject(self) -> str:
        return f"invoice/{self.name}"

    @property
    def title(self) -> str:
        """What it is for, as statements tell it."""
        return f"{self.name}: minimum of {self.month}"


class InvoiceStanding(Versioned, Base):
    """How an invoice stands."""

    __tablename__ = "invoice_standing"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("state = 'open' OR approved_by IS NOT NULL", name="approved"),
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
        CheckConstraint("state NOT IN ('charging', 'charged', 'due') OR command IS NOT NULL", name="command"),
    )

    invoice: Mapped[Int64] = mapped_column(reference("invoice.id"), primary_key=True, autoincrement=False)
    state: Mapped[Name] = mapped_column(index=True)
    reason: Mapped[Prose]
    """Why it is in that state."""
    account: Mapped[Name | None]
    """Which it was charged to, or was to be."""
    command: Mapped[Int64 | None] = mapped_column(reference("outgoing_command.id"))
    """What the venue was told last."""
    proposed_by: Mapped[Name | None]
    approved_by: Mapped[Name | None]
    changed_ns: Mapped[TimeNs]


class InvoicedMonth(Base):
    """A month whose invoices have been made. Append-only."""

    __tablename__ = "invoiced_month"

    month: Mapped[Name] = mapped_column(primary_key=True)
    made_ns: Mapped[TimeNs]
