"""Withdrawals that a rail has taken back are in suspense in the books, until they are given back or settled again."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_IN_SUSPENSE = sa.text("suspense_entry IS NOT NULL")


def upgrade() -> None:
    op.add_column("withdrawal", sa.Column("suspense_entry", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_withdrawal_suspense_entry",
        "withdrawal",
        ["suspense_entry"],
        sqlite_where=_IN_SUSPENSE,
        postgresql_where=_IN_SUSPENSE,
    )
