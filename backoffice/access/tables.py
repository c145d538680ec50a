"""Desks, traders, trading accounts, FIX sessions; limits and fees. The engine has what follows from them.

That maker and checker are two stands in each table of what opens trading.
"""

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backoffice.database.base import Base, Hash, Id, Int64, Json, Name, Prose, TimeNs, Versioned, Wide, reference
from backoffice.staff.sealing import Sealed


class AccessDesk(Base):
    """A part of a firm: ALPHA/rates."""

    __tablename__ = "access_desk"

    name: Mapped[Name] = mapped_column(primary_key=True)
    firm: Mapped[Name] = mapped_column(index=True)
    added_by: Mapped[Name]
    added_ns: Mapped[TimeNs]


class AccessTrader(Base):
    """Somebody who trades at a desk, by the short code that the firm gives."""

    __tablename__ = "access_trader"

    code: Mapped[Name] = mapped_column(primary_key=True)
    desk: Mapped[Name] = mapped_column(reference("access_desk.name"), index=True)
    full_name: Mapped[str] = mapped_column(Sealed("code"))
    added_by: Mapped[Name]
    added_ns: Mapped[TimeNs]


class AccessAccount(Versioned, Base):
    """A trading account: a firm's, a desk's, or one trader's."""

    __tablename__ = "access_account"
    __table_args__ = (
        CheckConstraint("state IN ('proposed', 'open', 'turned down')", name="state"),
        CheckConstraint("state <> 'open' OR approved_by IS NOT NULL", name="approved"),
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
    )

    account: Mapped[Name] = mapped_column(primary_key=True)
    firm: Mapped[Name] = mapped_column(index=True)
    desk: Mapped[Name | None] = mapped_column(reference("access_desk.name"))
    trader: Mapped[Name | None] = mapped_column(reference("access_trader.code"))
    state: Mapped[Name]
    proposed_by: Mapped[Name]
    proposed_ns: Mapped[TimeNs]
    approved_by: Mapped[Name | None]


class AccessSession(Versioned, Base):
    """A FIX session of a firm, as staff have set it up."""

    __tablename__ = "access_session"
    __table_args__ = (
        CheckConstraint("state IN ('proposed', 'provisioned', 'removed', 'turned down')", name="state"),
        CheckConstraint("state <> 'provisioned' OR approved_by IS NOT NULL", name="approved"),
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
    )

    session: Mapped[Name] = mapped_column(primary_key=True)
    firm: Mapped[Name] = mapped_column(index=True)
    state: Mapped[Name]
    set_up: Mapped[Json]
    """What it is set up to be, credentials aside."""
    proposed_by: Mapped[Name]
    proposed_ns: Mapped[TimeNs]
    approved_by: Mapped[Name | None]


class AccessCertificate(Base):
    """A certification that a firm has passed with a session. Append-only."""

    __tablename__ = "access_certificate"
    __table_args__ = (UniqueConstraint("digest"),)

    id: Mapped[Id]
    session: Mapped[Name] = mapped_column(index=True)
    version: Mapped[Name]
    """Of FIX."""
    role: Mapped[Name]
    digest: Mapped[Hash]
    """Of the signed report's file, which is kept elsewhere."""
    passed_ns: Mapped[TimeNs]
    stored_by: Mapped[Name]
    stored_ns: Mapped[TimeNs]


class AccessLimits(Base):
    """The limits set at one place of the tree; what holds for an account are the tightest on the way down to it."""

    __tablename__ = "access_limits"
    __table_args__ = (
        CheckConstraint("scope IN ('firm', 'desk', 'trader', 'account')", name="scope"),
        CheckConstraint("approved_by <> proposed_by", name="four_eyes"),
    )

    scope: Mapped[Name] = mapped_column(primary_key=True)
    name: Mapped[Name] = mapped_column(primary_key=True)
    content: Mapped[Json]
    beyond_rating: Mapped[Name | None]
    """The rating that two people have let a firm go beyond, None for none; it holds until the client is rated worse."""
    proposed_by: Mapped[Name]
    approved_by: Mapped[Name]
    approved_ns: Mapped[TimeNs]


class LimitsInForce(Base):
    """What the venue was told last of the limits of a firm or an account."""

    __tablename__ = "limits_in_force"

    scope: Mapped[Name] = mapped_column(primary_key=True)
    name: Mapped[Name] = mapped_column(primary_key=True)
    content: Mapped[Json]
    told_ns: Mapped[TimeNs]


class FeeSchedule(Base):
    """What trading costs, by how much a firm has traded in 30 days. One that is to change is a new version."""

    __tablename__ = "fee_schedule"
    __table_args__ = (CheckConstraint("approved_by <> proposed_by", name="four_eyes"),)

    schedule: Mapped[Name] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[Json]
    effective_ns: Mapped[TimeNs]
    """From when on."""
    proposed_by: Mapped[Name]
    approved_by: Mapped[Name]


class FeeAssignment(Base):
    """Which schedule a firm trades by, from when on, for one instrument or for all."""

    __tablename__ = "fee_assignment"
    __table_args__ = (CheckConstraint("approved_by <> proposed_by", name="four_eyes"),)

    id: Mapped[Id]
    firm: Mapped[Name] = mapped_column(index=True)
    symbol: Mapped[Name]
    """Empty: all that have none of their own."""
    schedule: Mapped[Name]
    effective_ns: Mapped[TimeNs]
    proposed_by: Mapped[Name]
    approved_by: Mapped[Name]


class FeeInForce(Base):
    """What the venue was told last that a firm pays for an instrument, or for all; and why."""

    __tablename__ = "fee_in_force"

    firm: Mapped[Name] = mapped_column(primary_key=True)
    symbol: Mapped[Name] = mapped_column(primary_key=True)
    schedule: Mapped[Name]
    version: Mapped[int]
    maker_ppm: Mapped[int]
    taker_ppm: Mapped[int]
    volume: Mapped[int] = mapped_column(Wide)
    """In 30 days, in the schedule's quote asset's smallest unit, when it was decided."""
    since_ns: Mapped[TimeNs]
    why: Mapped[Prose]
    command: Mapped[Int64 | None]
    """What tells the venue so: a row of the outbox."""
