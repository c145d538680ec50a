"""Surveillance: alerts, cases, notes, and how far trading has been looked at."""

import sqlalchemy as sa
from alembic import op

from backoffice.database.append_only import forbid_changes

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.String(64)


def upgrade() -> None:
    op.create_table(
        "surveillance_position",
        sa.Column("follower", _NAME, nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("follower", name="pk_surveillance_position"),
    )
    op.create_table(
        "surveillance_case",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("state", _NAME, nullable=False),
        sa.Column("assignee", _NAME, nullable=True),
        sa.Column("disposition", _NAME, nullable=True),
        sa.Column("opened_by", _NAME, nullable=False),
        sa.Column("opened_ns", sa.BigInteger(), nullable=False),
        sa.Column("changed_ns", sa.BigInteger(), nullable=False),
        sa.Column("closed_by", _NAME, nullable=True),
        sa.Column("approved_by", _NAME, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_surveillance_case"),
        sa.CheckConstraint(
            "state IN ('open', 'assigned', 'closing', 'closed')", name=op.f("ck_surveillance_case_state")
        ),
        sa.CheckConstraint(
            "state <> 'closed' OR disposition IS NOT NULL", name=op.f("ck_surveillance_case_disposition")
        ),
        sa.CheckConstraint(
            "state <> 'closed' OR disposition <> 'no-action' OR (approved_by IS NOT NULL AND approved_by <> closed_by)",
            name=op.f("ck_surveillance_case_four_eyes"),
        ),
    )
    op.create_index("ix_surveillance_case_state", "surveillance_case", ["state"])
    op.create_table(
        "surveillance_note",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("author", _NAME, nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_surveillance_note"),
        sa.ForeignKeyConstraint(
            ["case_id"], ["surveillance_case.id"], name="fk_surveillance_note_case_id", ondelete="RESTRICT"
        ),
    )
    op.create_index("ix_surveillance_note_case_id", "surveillance_note", ["case_id"])
    forbid_changes("surveillance_note")
    op.create_table(
        "surveillance_alert",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("detector", _NAME, nullable=False),
        sa.Column("subject", _NAME, nullable=False),
        sa.Column("symbol", _NAME, nullable=False),
        sa.Column("from_ns", sa.BigInteger(), nullable=False),
        sa.Column("until_ns", sa.BigInteger(), nullable=False),
        sa.Column("raised_ns", sa.BigInteger(), nullable=False),
        sa.Column("parameters", _NAME, nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_surveillance_alert"),
        sa.ForeignKeyConstraint(
            ["case_id"], ["surveillance_case.id"], name="fk_surveillance_alert_case_id", ondelete="RESTRICT"
        ),
        sa.UniqueConstraint(
            *("detector", "subject", "symbol", "from_ns", "until_ns"),
            name="uq_surveillance_alert_detector_subject_symbol_from_ns_until_ns",
        ),
    )
    op.create_index("ix_surveillance_alert_case_id", "surveillance_alert", ["case_id"])
