"""Invoices for what is missing to monthly minimums."""

import sqlalchemy as sa
from alembic import op

from backoffice.database.append_only import forbid_changes
from backoffice.database.base import Wide

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.String(64)


def upgrade() -> None:
    op.create_table(
        "invoice",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("firm", _NAME, nullable=False),
        sa.Column("month", _NAME, nullable=False),
        sa.Column("schedule", _NAME, nullable=False),
        sa.Column("schedule_version", sa.Integer(), nullable=False),
        sa.Column("asset", _NAME, nullable=False),
        sa.Column("monthly", sa.BigInteger(), nullable=False),
        sa.Column("days_counted", sa.Integer(), nullable=False),
        sa.Column("days_in_month", sa.Integer(), nullable=False),
        sa.Column("minimum", sa.BigInteger(), nullable=False),
        sa.Column("paid", Wide(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("made_by", _NAME, nullable=False),
        sa.Column("made_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invoice"),
        sa.UniqueConstraint("firm", "month", "schedule", name="uq_invoice_firm_month_schedule"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_invoice_amount")),
    )
    op.create_index("ix_invoice_month", "invoice", ["month"])
    forbid_changes("invoice")
    op.create_table(
        "invoice_standing",
        sa.Column("invoice", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", _NAME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account", _NAME, nullable=True),
        sa.Column("command", sa.BigInteger(), nullable=True),
        sa.Column("proposed_by", _NAME, nullable=True),
        sa.Column("approved_by", _NAME, nullable=True),
        sa.Column("changed_ns", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("invoice", name="pk_invoice_standing"),
        sa.ForeignKeyConstraint(["invoice"], ["invoice.id"], name="fk_invoice_standing_invoice", ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["command"], ["outgoing_command.id"], name="fk_invoice_standing_command", ondelete="RESTRICT"
        ),
        sa.CheckConstraint(
            "state IN ('open', 'charging', 'due', 'charged', 'waived')", name=op.f("ck_invoice_standing_state")
        ),
        sa.CheckConstraint("state = 'open' OR approved_by IS NOT NULL", name=op.f("ck_invoice_standing_approved")),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> proposed_by", name=op.f("ck_invoice_standing_four_eyes")
        ),
        sa.CheckConstraint(
            "state NOT IN ('charging', 'charged', 'due') OR command IS NOT NULL",
            name=op.f("ck_invoice_standing_command"),
        ),
    )
    op.create_index("ix_invoice_standing_state", "invoice_standing", ["state"])
    op.create_table(
        "invoiced_month",
        sa.Column("month", _NAME, nullable=False),
        sa.Column("made_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month", name="pk_invoiced_month"),
    )
    forbid_changes("invoiced_month")
