"""Alerts, cases, what people note down in them, and how far trading has been looked at.

The database itself holds that no alert is there twice, and that no case is closed without action by one person alone.
"""

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backoffice.database.base import Base, Id, Int64, Json, Name, Prose, TimeNs, Versioned, reference
from backoffice.staff.sealing import Sealed


class SurveillancePosition(Base):
    """The next hour (since the epoch) to be looked at, of what is looked at as time goes by."""

    __tablename__ = "surveillance_position"

    follower: Mapped[Name] = mapped_column(primary_key=True)
    hour: Mapped[Int64]


class Case(Versioned, Base):
    """What people look into: CS-1, CS-2 and so on."""

    __tablename__ = "surveillance_case"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'assigned', 'closing', 'closed')", name="state"),
        CheckConstraint("state <> 'closed' OR disposition IS NOT NULL", name="disposition"),
        CheckConstraint(
            "state <> 'closed' OR disposition <> 'no-action' OR (approved_by IS NOT NULL AND approved_by <> closed_by)",
            name="four_eyes",
        ),
    )

    id: Mapped[Id]
    state: Mapped[Name] = mapped_column(index=True)
    assignee: Mapped[Name | None]
    disposition: Mapped[Name | None]
    opened_by: Mapped[Name]
    opened_ns: Mapped[TimeNs]
    changed_ns: Mapped[TimeNs]
    closed_by: Mapped[Name | None]
    """Who says what has come of it,"""
    approved_by: Mapped[Name | None]
    """and who else has said so, where two must."""
    merged_into: Mapped[Int64 | None] = mapped_column(index=True)
    """The case in which it goes on."""

    @property
    def name(self) -> str:
        return f"CS-{self.id}"

    @property
    def subject(self) -> str:
        return f"case/{self.name}"


class CaseNote(Base):
    """What somebody has noted down in a case. Append-only, but that it can be sealed anew."""

    __tablename__ = "surveillance_note"

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    case_id: Mapped[Int64] = mapped_column(reference("surveillance_case.id"), index=True)
    author: Mapped[Name]
    time_ns: Mapped[TimeNs]
    text: Mapped[str] = mapped_column(Sealed("number"))


class Alert(Base):
    """What a detector has found: AL-1, AL-2 and so on."""

    __tablename__ = "surveillance_alert"
    __table_args__ = (UniqueConstraint("detector", "subject", "symbol", "from_ns", "until_ns"),)

    id: Mapped[Id]
    detector: Mapped[Name]
    subject: Mapped[Name]
    """An account, a firm, a FIX session or an owner of firms: the detector says which."""
    symbol: Mapped[Name]
    from_ns: Mapped[TimeNs]
    until_ns: Mapped[TimeNs]
    raised_ns: Mapped[TimeNs]
    parameters: Mapped[Name]
    """The version of the thresholds."""
    summary: Mapped[Prose]
    evidence: Mapped[Json]
    case_id: Mapped[Int64 | None] = mapped_column(reference("surveillance_case.id"), index=True)
    rerun_by: Mapped[Name | None]
    """Who found it by looking again; None if it was found as time went by."""

    @property
    def name(self) -> str:
        return f"AL-{self.id}"

    @property
    def audit_subject(self) -> str:
        return f"alert/{self.name}"
