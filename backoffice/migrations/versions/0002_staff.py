"""Staff: users and roles, the audit trail, approvals."""

import sqlalchemy as sa
from alembic import op

from backoffice.database.append_only import forbid_changes

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _users()
    _audit()
    _approvals()


def _users() -> None:
    op.create_table(
        "staff_user",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("os_user", sa.String(64), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("maker_code_hash", sa.Text(), nullable=True),
        sa.Column("checker_code_hash", sa.Text(), nullable=True),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until_ns", sa.BigInteger(), nullable=False),
        sa.Column("added_ns", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_staff_user"),
        sa.UniqueConstraint("os_user", name="uq_staff_user_os_user"),
    )
    op.create_table(
        "staff_role",
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("user", "role", name="pk_staff_role"),
        sa.ForeignKeyConstraint(["user"], ["staff_user.name"], name="fk_staff_role_user", ondelete="RESTRICT"),
    )


def _audit() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("verb", sa.String(64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_entry"),
    )
    for column in ("time_ns", "actor", "verb", "subject"):
        op.create_index(f"ix_audit_entry_{column}", "audit_entry", [column])
    forbid_changes("audit_entry")


def _approvals() -> None:
    op.create_table(
        "approval",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_version", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("maker", sa.String(64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("made_ns", sa.BigInteger(), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=False),
        sa.Column("expires_ns", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("decided_ns", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_approval"),
        sa.UniqueConstraint("number", "maker", name="uq_approval_number_maker"),
        sa.CheckConstraint("needed >= 1", name="needed"),
        sa.CheckConstraint("state IN ('pending', 'approved', 'rejected', 'withdrawn', 'expired')", name="state"),
    )
    for column in ("subject", "state"):
        op.create_index(f"ix_approval_{column}", "approval", [column])
    pending = sa.text("state = 'pending'")
    op.create_index(
        "uq_approval_pending",
        "approval",
        ["kind", "subject"],
        unique=True,
        sqlite_where=pending,
        postgresql_where=pending,
    )
    op.create_table(
        "approval_decision",
        sa.Column("approval", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("checker", sa.String(64), nullable=False),
        sa.Column("maker", sa.String(64), nullable=False),
        sa.Column("decision", sa.String(64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("approval", "checker", name="pk_approval_decision"),
        sa.CheckConstraint("checker <> maker", name="four_eyes"),
        sa.CheckConstraint("decision IN ('approve', 'reject')", name="decision"),
        sa.ForeignKeyConstraint(
            ["approval", "maker"],
            ["approval.number", "approval.maker"],
            name="fk_approval_decision_approval_maker",
            ondelete="RESTRICT",
        ),
    )
    forbid_changes("approval_decision")
