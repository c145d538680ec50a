"""What is cancelled or replaced is found by when that was."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_WITHDRAWING = sa.text("exec_type IN ('4', '5')")


def upgrade() -> None:
    op.create_index(
        "ix_executions_withdrawing",
        "executions",
        ["sequence"],
        sqlite_where=_WITHDRAWING,
        postgresql_where=_WITHDRAWING,
    )
