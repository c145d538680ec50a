"""How often a deposit was taken from its account again."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deposit", sa.Column("debits", sa.Integer(), nullable=False, server_default="0"))
