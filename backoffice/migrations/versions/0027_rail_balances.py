"""What rails say that they have of each asset."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rail_balance",
        sa.Column("rail", sa.String(64), nullable=False),
        sa.Column("asset", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("read_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rail", "asset", name=op.f("pk_rail_balance")),
    )
