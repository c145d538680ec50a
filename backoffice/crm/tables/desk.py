"""What staff have to do with clients: whom to call, what was said and agreed, what is asked and is to be done."""

import datetime as dt

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backoffice.database.base import Base, Hash, Int64, Name, Prose, TimeNs, reference
from backoffice.staff.sealing import Sealed


class Contact(Base):
    """Whom to call."""

    __tablename__ = "client_contact"

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    client: Mapped[Int64] = mapped_column(reference("client.number"), index=True)
    purpose: Mapped[Name]
    """Trading, settlement, compliance …"""
    name: Mapped[str] = mapped_column(Sealed("number"))
    email: Mapped[str | None] = mapped_column(Sealed("number"))
    phone: Mapped[str | None] = mapped_column(Sealed("number"))
    removed_ns: Mapped[TimeNs | None]

    @property
    def id(self) -> str:
        return f"K-{self.number}"


class Note(Base):
    """What somebody wrote down about a client."""

    __tablename__ = "client_note"

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    client: Mapped[Int64] = mapped_column(reference("client.number"), index=True)
    text: Mapped[str] = mapped_column(Sealed("number"))
    author: Mapped[Name]
    written_ns: Mapped[TimeNs]


class Task(Base):
    """Something to be done by a day."""

    __tablename__ = "client_task"
    __table_args__ = (CheckConstraint("state IN ('open', 'done', 'cancelled')", name="state"),)

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    client: Mapped[Int64] = mapped_column(reference("client.number"), index=True)
    what: Mapped[Prose]
    due: Mapped[dt.date] = mapped_column(index=True)
    assignee: Mapped[Name]
    """A user, or a role, any of whom may do it."""
    state: Mapped[Name] = mapped_column(index=True)
    made_by: Mapped[Name]
    made_ns: Mapped[TimeNs]
    ended_by: Mapped[Name | None]
    ended_ns: Mapped[TimeNs | None]
    outcome: Mapped[Prose]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it so

    @property
    def id(self) -> str:
        return f"TASK-{self.number}"


class Ticket(Base):
    """Something that a client asks for."""

    __tablename__ = "client_ticket"
    __table_args__ = (CheckConstraint("state IN ('open', 'waiting', 'closed')", name="state"),)

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    client: Mapped[Int64] = mapped_column(reference("client.number"), index=True)
    title: Mapped[Prose]
    state: Mapped[Name] = mapped_column(index=True)
    opened_by: Mapped[Name]
    opened_ns: Mapped[TimeNs]
    answer_by: Mapped[dt.date]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it so

    @property
    def id(self) -> str:
        return f"Q-{self.number}"


class TicketEntry(Base):
    """What was said on a ticket."""

    __tablename__ = "client_ticket_entry"

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    ticket: Mapped[Int64] = mapped_column(reference("client_ticket.number"), index=True)
    text: Mapped[str] = mapped_column(Sealed("number"))
    state: Mapped[Name]
    """What the ticket became by it."""
    author: Mapped[Name]
    written_ns: Mapped[TimeNs]


class Agreement(Base):
    """What was agreed with a client, in one version of it."""

    __tablename__ = "client_agreement"
    __table_args__ = (UniqueConstraint("client", "kind", "text_version"),)

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    client: Mapped[Int64] = mapped_column(reference("client.number"), index=True)
    kind: Mapped[Name]
    text_version: Mapped[Name]
    signed: Mapped[dt.date | None]
    hash: Mapped[Hash | None]
    """SHA-256 of the signed document, if it was given."""
    entered_by: Mapped[Name]
    entered_ns: Mapped[TimeNs]
    ended: Mapped[dt.date | None]

    @property
    def id(self) -> str:
        return f"G-{self.number}"
