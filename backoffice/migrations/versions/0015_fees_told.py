"""By which command the venue was told of a firm's fees."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("fee_in_force", sa.Column("command", sa.BigInteger(), nullable=True))
