"""Notes of cases are sealed, cases are merged, and an alert says who found it by looking again.

What was noted in clear cannot be sealed here, without the key: whoever has such notes must take them over by hand.
"""

import sqlalchemy as sa
from alembic import op

from backoffice.database.append_only import forbid_changes
from backoffice.errors import DatabaseFault

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_NAME = sa.String(64)


def upgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT COUNT(*) FROM surveillance_note")):
        raise DatabaseFault(
            "notes of cases are in clear in surveillance_note; copy them, remove its triggers and its rows, upgrade, "
            "and enter them anew"
        )
    op.drop_table("surveillance_note")
    op.create_table(
        "surveillance_note",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("author", _NAME, nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_surveillance_note"),
        sa.ForeignKeyConstraint(
            ["case_id"], ["surveillance_case.id"], name="fk_surveillance_note_case_id", ondelete="RESTRICT"
        ),
    )
    op.create_index("ix_surveillance_note_case_id", "surveillance_note", ["case_id"])
    forbid_changes("surveillance_note", ("number", "case_id", "author", "time_ns"))
    op.add_column("surveillance_case", sa.Column("merged_into", sa.BigInteger(), nullable=True))
    op.create_index("ix_surveillance_case_merged_into", "surveillance_case", ["merged_into"])
    op.add_column("surveillance_alert", sa.Column("rerun_by", _NAME, nullable=True))
