"""What rails have booked by their own word, how far each has been read, and the differences that were found."""

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice.database.base import Amount, Base, Id, Name, Prose, TimeNs, Versioned


class RailStatement(Base):
    """How far a rail's record has been read."""

    __tablename__ = "rail_statement"

    rail: Mapped[Name] = mapped_column(primary_key=True)
    cursor: Mapped[Prose]
    read_ns: Mapped[TimeNs]


class RailBooking(Base):
    """What a rail has booked, as it says now."""

    __tablename__ = "rail_booking"
    __table_args__ = (Index("ix_rail_booking_rail_ours", "rail", "ours"),)

    rail: Mapped[Name] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(200), primary_key=True)
    ours: Mapped[Name]
    """The withdrawal that it pays, or nothing."""
    asset: Mapped[Name]
    amount: Mapped[Amount]
    """Above zero for what came in, below for what went out."""
    is_gone: Mapped[bool]
    seen_ns: Mapped[TimeNs]
    """When it was first told."""


class RailBalance(Base):
    """What a rail says that it has of an asset, at the moment to which its record has been read."""

    __tablename__ = "rail_balance"

    rail: Mapped[Name] = mapped_column(primary_key=True)
    asset: Mapped[Name] = mapped_column(primary_key=True)
    amount: Mapped[Amount]
    read_ns: Mapped[TimeNs]


class Break(Versioned, Base):
    """A difference that was found: B-1, B-2 and so on. Of a kind and a subject one is open at a time."""

    __tablename__ = "reconciliation_break"
    __table_args__ = (
        Index(
            "uq_reconciliation_break_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_reconciliation_break_kind_subject", "kind", "subject"),
    )

    id: Mapped[Id]
    kind: Mapped[Name]
    subject: Mapped[Prose]
    rail: Mapped[Name]
    asset: Mapped[Name]
    here: Mapped[Prose]
    """How it stands here, and with what amount, if there is one;"""
    here_amount: Mapped[Amount | None]
    there: Mapped[Prose]
    """and there: with the rail, in the engine."""
    there_amount: Mapped[Amount | None]
    first_seen_ns: Mapped[TimeNs] = mapped_column(index=True)
    last_seen_ns: Mapped[TimeNs]
    state: Mapped[Name]
    resolved_ns: Mapped[TimeNs | None]
    resolved_by: Mapped[Name | None]
    """Who said why it may stay; the back office itself where it was gone."""
    reason: Mapped[Prose]

    @property
    def name(self) -> str:
        return f"B-{self.id}"
