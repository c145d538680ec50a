"""What is known of transfers of crypto assets: their data, who holds an address, and the services of others."""

import datetime as dt

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

import backoffice.payments.tables  # noqa: F401 - deposits and destinations are referred to
from backoffice.database.base import Base, Int64, Name, Prose, TimeNs, reference
from backoffice.staff.sealing import Sealed


class TravelRuleData(Base):
    """Who sent and who received a transfer, as IVMS101 has it."""

    __tablename__ = "travel_rule_data"
    __table_args__ = (CheckConstraint("direction IN ('in', 'out')", name="direction"),)

    transfer: Mapped[Name] = mapped_column(primary_key=True)
    """The payment's own id, W-1 or D-1 with its rail."""
    direction: Mapped[Name] = mapped_column(primary_key=True)
    client: Mapped[Int64] = mapped_column(reference("client.number"), index=True)
    content: Mapped[str] = mapped_column(Sealed("transfer", "direction"))
    stored_by: Mapped[Name]
    stored_ns: Mapped[TimeNs]


class Vasp(Base):
    """Another service whose customers ours deal with, to which Travel Rule data go."""

    __tablename__ = "vasp"
    __table_args__ = (
        CheckConstraint("status IN ('new', 'checked', 'suspended')", name="status"),
        CheckConstraint("status <> 'checked' OR checked_by IS NOT NULL", name="checked"),
        CheckConstraint("checked_by IS NULL OR checked_by <> added_by", name="four_eyes"),
    )

    id: Mapped[Name] = mapped_column(primary_key=True)
    """Its LEI, or its DID."""
    name: Mapped[Prose]
    country: Mapped[Name]
    endpoint: Mapped[Prose]
    added_by: Mapped[Name]
    """Who said last what is known of it."""
    added_ns: Mapped[TimeNs]
    status: Mapped[Name]
    checked_on: Mapped[dt.date | None]
    checked_by: Mapped[Name | None]


class AddressHolder(Base):
    """Who holds an address that a client withdraws to. The last that was approved is the one that holds."""

    __tablename__ = "address_holder"
    __table_args__ = (CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),)

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    destination: Mapped[Int64] = mapped_column(reference("destination.id"), index=True)
    client: Mapped[Int64] = mapped_column(reference("client.number"), index=True)
    vasp: Mapped[Name | None] = mapped_column(reference("vasp.id"))
    """None for a wallet that no service holds."""
    proof: Mapped[Prose]
    """That such a wallet is the client's: what was signed, or what small transfer came from it."""
    content: Mapped[str] = mapped_column(Sealed("number"))
    """The person, as IVMS101 has it."""
    proposed_by: Mapped[Name]
    proposed_ns: Mapped[TimeNs]
    approved_by: Mapped[Name | None]


class DepositOrigin(Base):
    """Where a deposit comes from, as staff have found out. Its data are kept as those of any transfer."""

    __tablename__ = "deposit_origin"

    deposit: Mapped[Int64] = mapped_column(reference("deposit.id"), primary_key=True, autoincrement=False)
    vasp: Mapped[Name | None] = mapped_column(reference("vasp.id"))
    proof: Mapped[Prose]
    given_by: Mapped[Name]
    given_ns: Mapped[TimeNs]
