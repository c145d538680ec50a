"""What was found on clients: lists, hits and what was decided on them, scores, reviews."""

import datetime as dt

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backoffice.database.base import Base, Hash, Int64, Json, Name, Prose, TimeNs, reference
from backoffice.staff.sealing import Sealed


class ScreeningList(Base):
    """A list that clients are screened against, in the version that was imported last."""

    __tablename__ = "screening_list"
    __table_args__ = (CheckConstraint("purpose IN ('sanctions', 'pep')", name="purpose"),)

    name: Mapped[Name] = mapped_column(primary_key=True)
    purpose: Mapped[Name]
    digest: Mapped[Hash]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it so


class ScreeningListVersion(Base):
    """A version of a list that was imported. Append-only."""

    __tablename__ = "screening_list_version"

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    list: Mapped[Name] = mapped_column(reference("screening_list.name"), index=True)
    digest: Mapped[Hash]
    form: Mapped[Name]
    entries: Mapped[int]
    added: Mapped[int]
    changed: Mapped[int]
    removed: Mapped[int]
    imported_by: Mapped[Name]
    imported_ns: Mapped[TimeNs]


class ScreeningEntry(Base):
    """An entry of a list as it is now."""

    __tablename__ = "screening_entry"

    list: Mapped[Name] = mapped_column(reference("screening_list.name"), primary_key=True)
    entry: Mapped[Name] = mapped_column(primary_key=True)
    digest: Mapped[Hash]
    content: Mapped[Prose]


class Screening(Base):
    """When somebody in a client's file was screened last: as they were then, against the lists as they were."""

    __tablename__ = "screening"

    subject: Mapped[Name] = mapped_column(primary_key=True)
    """C-1 for the client itself, P-1 for one of its people."""
    client: Mapped[Int64] = mapped_column(reference("client.number"), index=True)
    subject_digest: Mapped[Hash]
    lists_digest: Mapped[Hash]
    screened_ns: Mapped[TimeNs]


class ScreeningHit(Base):
    """Somebody in a client's file who may be on a list, and what was decided. A changed entry is a new hit."""

    __tablename__ = "screening_hit"
    __table_args__ = (
        UniqueConstraint("subject", "list", "entry", "entry_digest"),
        CheckConstraint("state IN ('open', 'false-positive', 'true-match', 'lapsed')", name="state"),
        CheckConstraint("(state IN ('open', 'lapsed')) = (decided_by IS NULL)", name="decided"),
    )

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    client: Mapped[Int64] = mapped_column(reference("client.number"), index=True)
    subject: Mapped[Name]
    list: Mapped[Name] = mapped_column(reference("screening_list.name"))
    purpose: Mapped[Name]
    entry: Mapped[Name]
    entry_digest: Mapped[Hash]
    entry_content: Mapped[Prose]
    """As it was found, so that the decision can be understood when the list has gone on."""
    said: Mapped[str] = mapped_column(Sealed("number"))
    listed: Mapped[Prose]
    score: Mapped[int]
    name_score: Mapped[int]
    state: Mapped[Name] = mapped_column(index=True)
    found_ns: Mapped[TimeNs]
    decided_by: Mapped[Name | None]
    decided_ns: Mapped[TimeNs | None]
    reason: Mapped[Prose]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it so

    @property
    def id(self) -> str:
        return f"H-{self.number}"


class RiskModel(Base):
    """A model of risk that the house has adopted. Append-only."""

    __tablename__ = "risk_model"
    __table_args__ = (CheckConstraint("adopted_by <> proposed_by", name="four_eyes"),)

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[Json]
    proposed_by: Mapped[Name]
    adopted_by: Mapped[Name]
    adopted_ns: Mapped[TimeNs]


class RiskScore(Base):
    """How a client scored, or that its rating was overridden. Append-only; the last one holds."""

    __tablename__ = "risk_score"
    __table_args__ = (CheckConstraint("proposed_by IS NULL OR proposed_by <> scored_by", name="four_eyes"),)

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    client: Mapped[Int64] = mapped_column(reference("client.number"), index=True)
    model: Mapped[int]
    score: Mapped[int]
    rating: Mapped[Name]
    content: Mapped[Json]
    """The parts of the score."""
    scored_by: Mapped[Name]
    scored_ns: Mapped[TimeNs]
    proposed_by: Mapped[Name | None]
    """Who asked for the override; None if it is none."""
    reason: Mapped[Prose]


class Review(Base):
    """A periodic review of a client."""

    __tablename__ = "client_review"

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    client: Mapped[Int64] = mapped_column(reference("client.number"), index=True)
    due: Mapped[dt.date]
    done_by: Mapped[Name]
    done_ns: Mapped[TimeNs]
    model: Mapped[int]
    changes: Mapped[str] = mapped_column(Sealed("number"))
    """What had changed since the last one."""
    conclusion: Mapped[Prose]

    @property
    def id(self) -> str:
        return f"R-{self.number}"
