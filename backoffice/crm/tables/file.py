"""A client's file: who it is, its people, who owns it, its documents. What is personal is sealed.

Whatever changes in a file counts up the client's own row, so that of two who change it at once one is told.
"""

import datetime as dt

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice.crm.workflow import OVER, State
from backoffice.database.base import Base, Hash, Int64, Json, Name, Prose, TimeNs, reference
from backoffice.staff.sealing import Sealed

_STATES = ", ".join(f"'{state}'" for state in State)
_APPROVED = "'approved', 'active', 'suspended'"
_NOT_OVER = text("state NOT IN ({})".format(", ".join(f"'{state}'" for state in OVER)))


class Client(Base):
    """A legal entity that trades here, or wants to."""

    __tablename__ = "client"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("state <> 'suspended' OR suspension IS NOT NULL", name="suspended"),
        CheckConstraint("suspension IS NULL OR state IN ('suspended', 'offboarding', 'closed')", name="suspension"),
        CheckConstraint(f"state NOT IN ({_APPROVED}) OR approved_by IS NOT NULL", name="approved"),
        # Maker and checker are two.
        CheckConstraint(
            "approved_by IS NULL OR (approved_by <> entered_by AND approved_by <> submitted_by)", name="four_eyes"
        ),
        CheckConstraint("approved_by IS NULL OR submitted_by IS NOT NULL", name="submitted"),
        # Who has left, or was rejected, may come again.
        Index("uq_client_lei", "lei", unique=True, sqlite_where=_NOT_OVER, postgresql_where=_NOT_OVER),
    )

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[Prose]
    trading_name: Mapped[Prose]
    entity_type: Mapped[Name]
    legal_form: Mapped[Prose]
    jurisdiction: Mapped[Name]
    registration: Mapped[Prose]
    """Its number in the register of its jurisdiction."""
    lei: Mapped[Name | None]
    industry: Mapped[Name]
    volume: Mapped[Name]
    """What it expects to trade in a month, as the risk model asks."""
    firm: Mapped[Name | None] = mapped_column(unique=True)
    """What the engine calls it: its accounts are this firm's, and so is what was traded, for ever."""
    state: Mapped[Name] = mapped_column(index=True)
    suspension: Mapped[Name | None]
    suspended_for: Mapped[Prose]
    entered_by: Mapped[Name]
    entered_ns: Mapped[TimeNs]
    editors: Mapped[Prose]
    """Who has changed the file since somebody last looked at all of it, with blanks between them."""
    edits: Mapped[int]
    submitted_by: Mapped[Name | None]
    submitted_ns: Mapped[TimeNs | None]
    approved_by: Mapped[Name | None]
    approved_ns: Mapped[TimeNs | None]
    risk_model: Mapped[int | None]
    """The version that the application, or the review, began with."""
    rating: Mapped[Name | None]
    review_due: Mapped[dt.date | None] = mapped_column(index=True)
    closed_ns: Mapped[TimeNs | None]
    keep_until: Mapped[dt.date | None] = mapped_column(index=True)
    """When what is personal in the file is erased."""
    is_erased: Mapped[bool]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it so

    @property
    def id(self) -> str:
        """Return what staff call it."""
        return f"C-{self.number}"


class ClientAddress(Base):
    """Where a client is registered, or works, or gets its mail."""

    __tablename__ = "client_address"

    client: Mapped[Int64] = mapped_column(reference("client.number"), primary_key=True)
    kind: Mapped[Name] = mapped_column(primary_key=True)
    content: Mapped[Json]
    """In the fields of ISO 20022."""


class ClientTaxId(Base):
    """A client's number with a tax authority."""

    __tablename__ = "client_tax_id"

    client: Mapped[Int64] = mapped_column(reference("client.number"), primary_key=True)
    country: Mapped[Name] = mapped_column(primary_key=True)
    number: Mapped[Name] = mapped_column(primary_key=True)


class ClientLicence(Base):
    """What a supervisor lets a client do."""

    __tablename__ = "client_licence"

    client: Mapped[Int64] = mapped_column(reference("client.number"), primary_key=True)
    regulator: Mapped[Name] = mapped_column(primary_key=True)
    number: Mapped[Name] = mapped_column(primary_key=True)
    country: Mapped[Name]
    expires: Mapped[dt.date | None]


class Party(Base):
    """Somebody who has to do with a client: a person, or an entity that owns it."""

    __tablename__ = "party"
    __table_args__ = (CheckConstraint("kind IN ('person', 'entity')", name="kind"),)

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    client: Mapped[Int64] = mapped_column(reference("client.number"), index=True)
    kind: Mapped[Name]
    name: Mapped[str] = mapped_column(Sealed("number"))
    birth: Mapped[str | None] = mapped_column(Sealed("number"))
    """The day, in ISO 8601."""
    birth_place: Mapped[str | None] = mapped_column(Sealed("number"))
    address: Mapped[str | None] = mapped_column(Sealed("number"))
    countries: Mapped[Prose]
    """Of nationality and residence, or of registration, with blanks between them."""
    roles: Mapped[Prose]
    is_exposed: Mapped[bool]
    """Politically, or close to somebody who is."""
    lei: Mapped[Name | None]
    removed_ns: Mapped[TimeNs | None]

    @property
    def id(self) -> str:
        return f"P-{self.number}"


class PartyHolding(Base):
    """What a party has of the client, or of another party of it; or had, by what was known then."""

    __tablename__ = "party_holding"
    __table_args__ = (
        CheckConstraint("share_ppm BETWEEN 0 AND 1000000 AND votes_ppm BETWEEN 0 AND 1000000", name="share"),
        Index(
            "uq_party_holding_now",
            "holder",
            "held",
            unique=True,
            sqlite_where=text("until_ns IS NULL"),
            postgresql_where=text("until_ns IS NULL"),
        ),
    )

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    client: Mapped[Int64] = mapped_column(reference("client.number"), index=True)
    holder: Mapped[Int64] = mapped_column(reference("party.number"))
    held: Mapped[Int64 | None] = mapped_column(reference("party.number"))
    """None for the client itself."""
    share_ppm: Mapped[int]
    votes_ppm: Mapped[int]
    since_ns: Mapped[TimeNs]
    """When it was entered,"""
    until_ns: Mapped[TimeNs | None]
    """and when it was changed or taken out; None if that is how it is."""


class ClientDocument(Base):
    """A document that was given: what it is, and the hash of its bytes, which lie elsewhere."""

    __tablename__ = "client_document"
    __table_args__ = (CheckConstraint("verified_by IS NULL OR verified_by <> filed_by", name="four_eyes"),)

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    client: Mapped[Int64] = mapped_column(reference("client.number"), index=True)
    party: Mapped[Int64 | None] = mapped_column(reference("party.number"))
    """Whom it is about, None for the client itself."""
    kind: Mapped[Name]
    name: Mapped[str] = mapped_column(Sealed("number"))
    """What the file is called, and where."""
    hash: Mapped[Hash]
    """SHA-256 of the bytes."""
    issued: Mapped[dt.date]
    expires: Mapped[dt.date | None] = mapped_column(index=True)
    filed_by: Mapped[Name]
    filed_ns: Mapped[TimeNs]
    verified_by: Mapped[Name | None]
    verified_ns: Mapped[TimeNs | None]
    withdrawn_ns: Mapped[TimeNs | None]
    reminded: Mapped[dt.date | None]

    @property
    def id(self) -> str:
        return f"DOC-{self.number}"


class FileSnapshot(Base):
    """The whole file as it was when somebody looked at it all: at an approval, and at each review. Sealed."""

    __tablename__ = "client_file_snapshot"

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    client: Mapped[Int64] = mapped_column(reference("client.number"), index=True)
    content: Mapped[str] = mapped_column(Sealed("number"))
    taken_ns: Mapped[TimeNs]
    taken_by: Mapped[Name]
    occasion: Mapped[Name]
