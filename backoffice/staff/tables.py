"""The tables of staff: users and their roles, the audit trail, approvals and who decided on them."""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, reconstructor, relationship

from backoffice.database.base import Base, Hash, Id, Int64, Json, Name, Prose, TimeNs, Versioned, reference


class StaffUser(Versioned, Base):
    """A member of staff."""

    __tablename__ = "staff_user"

    name: Mapped[Name] = mapped_column(primary_key=True)
    full_name: Mapped[Prose]
    os_user: Mapped[Name | None] = mapped_column(unique=True)
    """Who this is to the operating system, which then vouches for it."""
    password_hash: Mapped[Prose | None]
    """argon2id."""
    maker_code_hash: Mapped[Prose | None]
    checker_code_hash: Mapped[Prose | None]
    """The two halves of the code by which a first password is set; neither who proposed the user nor who approved it
    knows both."""
    code_until_ns: Mapped[TimeNs | None]
    """From then on the code counts no more."""
    is_disabled: Mapped[bool] = mapped_column(default=False)
    failures: Mapped[int] = mapped_column(default=0)
    """Wrong passwords in a row."""
    locked_until_ns: Mapped[TimeNs] = mapped_column(default=0)
    added_ns: Mapped[TimeNs]
    roles: Mapped[list["StaffRole"]] = relationship(lazy="selectin", cascade="all, delete-orphan")


class StaffRole(Base):
    """A role that somebody has."""

    __tablename__ = "staff_role"

    user: Mapped[Name] = mapped_column(reference("staff_user.name"), primary_key=True)
    role: Mapped[Name] = mapped_column(primary_key=True)


class AuditEntry(Base):
    """Something that staff, or the back office itself, have done. Append-only; each holds the hash of the last."""

    __tablename__ = "audit_entry"

    number: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    """From 1 on, without gaps."""
    time_ns: Mapped[TimeNs] = mapped_column(index=True)
    actor: Mapped[Name] = mapped_column(index=True)
    verb: Mapped[Name] = mapped_column(index=True)
    subject: Mapped[Prose] = mapped_column(index=True)
    before: Mapped[Prose | None]
    after: Mapped[Prose | None]
    """JSON, in the very form that the hash is of."""
    why: Mapped[Prose]
    previous: Mapped[Hash]
    hash: Mapped[Hash]


class Approval(Versioned, Base):
    """Something that one member of staff has proposed, and that others must approve before it is done."""

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint("needed >= 1", name="needed"),
        CheckConstraint("state IN ('pending', 'approved', 'rejected', 'withdrawn', 'expired')", name="state"),
        # What a decision refers to, so that it cannot name another maker.
        UniqueConstraint("number", "maker"),
        Index(
            "uq_approval_pending",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )

    number: Mapped[Id]
    kind: Mapped[Name]
    subject: Mapped[Prose] = mapped_column(index=True)
    subject_version: Mapped[Int64]
    """Of what it is about, when it was proposed."""
    payload: Mapped[Json]
    """What is to be done, as the kind's owner understands it."""
    maker: Mapped[Name]
    why: Mapped[Prose]
    made_ns: Mapped[TimeNs]
    needed: Mapped[int]
    """How many must approve it."""
    expires_ns: Mapped[TimeNs | None]
    state: Mapped[Name] = mapped_column(index=True)
    decided_ns: Mapped[TimeNs | None]

    def __init__(self, **columns: object) -> None:
        super().__init__(**columns)
        self._begin()

    @reconstructor
    def _begin(self) -> None:
        self.shown_once: dict[str, str] = {}
        """Secrets made as it was proposed or carried out, by what they are; for whoever did that, and kept nowhere."""

    @property
    def id(self) -> str:
        """Return what staff call it."""
        return f"A-{self.number}"


class ApprovalDecision(Base):
    """What one checker said. Append-only, one for each checker, none of them the maker."""

    __tablename__ = "approval_decision"
    __table_args__ = (
        CheckConstraint("checker <> maker", name="four_eyes"),
        CheckConstraint("decision IN ('approve', 'reject')", name="decision"),
        ForeignKeyConstraint(("approval", "maker"), ("approval.number", "approval.maker"), ondelete="RESTRICT"),
    )

    approval: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    checker: Mapped[Name] = mapped_column(primary_key=True)
    maker: Mapped[Name]
    decision: Mapped[Name]
    why: Mapped[Prose]
    time_ns: Mapped[TimeNs]
