"""Deposits that wait for people are in suspense in the books, until they are credited or sent back."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_IN_SUSPENSE = sa.text("suspense_entry IS NOT NULL")


def upgrade() -> None:
    op.add_column("deposit", sa.Column("suspense_entry", sa.BigInteger(), nullable=True))
    op.add_column("deposit", sa.Column("sent_back_as", sa.String(200), nullable=True))
    op.create_index("uq_deposit_rail_sent_back_as", "deposit", ["rail", "sent_back_as"], unique=True)
    op.create_index(
        "ix_deposit_suspense_entry",
        "deposit",
        ["suspense_entry"],
        sqlite_where=_IN_SUSPENSE,
        postgresql_where=_IN_SUSPENSE,
    )
