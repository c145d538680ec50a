"""What was made to be handed over in the place of a payout that waited too long: append-only."""

import sqlalchemy as sa
from alembic import op

from backoffice.database.append_only import forbid_changes

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "renewed_payout",
        sa.Column("withdrawal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("prepared", sa.LargeBinary(), nullable=False),
        sa.Column("made_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["withdrawal_id"], ["withdrawal.id"], name="fk_renewed_payout_withdrawal_id", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("withdrawal_id", "number", name="pk_renewed_payout"),
    )
    forbid_changes("renewed_payout")
