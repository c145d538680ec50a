"""What the settings say that decisions go by; limits beyond a rating, and those that the venue was told last."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_NAME = sa.String(64)


def upgrade() -> None:
    op.create_table(
        "house_rules",
        sa.Column("name", _NAME, nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("taken_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_house_rules")),
    )
    op.create_table(
        "limits_in_force",
        sa.Column("scope", _NAME, nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("told_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "name", name=op.f("pk_limits_in_force")),
    )
    op.add_column("access_limits", sa.Column("beyond_rating", _NAME, nullable=True))
