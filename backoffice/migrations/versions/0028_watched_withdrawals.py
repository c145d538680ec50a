"""Withdrawals that were settled lately are found by when that was."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_withdrawal_state_changed_ns", "withdrawal", ["state", "changed_ns"])
