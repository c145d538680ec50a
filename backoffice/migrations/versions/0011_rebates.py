"""Rebates are counted by the hour, apart from fees."""

import sqlalchemy as sa
from alembic import op

from backoffice.database.base import Wide

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("activity", sa.Column("rebates", Wide(), server_default="0", nullable=False))
