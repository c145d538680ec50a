"""How the books stood, minute by minute."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "market_samples",
        sa.Column("symbol", sa.String(64), nullable=False),
        sa.Column("minute", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("phase", sa.Integer(), nullable=False),
        sa.Column("bid_price", sa.BigInteger(), nullable=False),
        sa.Column("bid_qty", sa.BigInteger(), nullable=False),
        sa.Column("ask_price", sa.BigInteger(), nullable=False),
        sa.Column("ask_qty", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "minute", name=op.f("pk_market_samples")),
        sqlite_with_rowid=False,
    )
