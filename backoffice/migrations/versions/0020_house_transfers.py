"""What the house moves between its own accounts, and the two accounts that it had none of: its own money, and costs."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# They get the numbers that come next, in books that were begun without them; in new ones they stand beside the others.
_OPEN = """
INSERT INTO ledger_accounts (id, kind, asset, account, sequence)
SELECT ROW_NUMBER() OVER (ORDER BY suspense.id, added.place) + (SELECT MAX(id) FROM ledger_accounts),
       added.kind, suspense.asset, '', suspense.sequence
FROM ledger_accounts AS suspense
CROSS JOIN (SELECT 'own' AS kind, 1 AS place UNION ALL SELECT 'costs', 2) AS added
WHERE suspense.account = '' AND suspense.kind = 'suspense'
"""


def upgrade() -> None:
    op.execute(_OPEN)
    op.create_table(
        "house_transfer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("asset", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.String(64), nullable=False),
        sa.Column("requested_ns", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", sa.String(64), nullable=True),
        sa.Column("changed_ns", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_house_transfer_amount")),
        sa.CheckConstraint("source <> target", name=op.f("ck_house_transfer_accounts")),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> requested_by", name=op.f("ck_house_transfer_four_eyes")
        ),
        sa.CheckConstraint(
            "(state IN ('posted', 'reversed')) = (approved_by IS NOT NULL)", name=op.f("ck_house_transfer_approved")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_house_transfer"),
        sa.UniqueConstraint("key", name="uq_house_transfer_key"),
    )
    op.create_index("ix_house_transfer_state", "house_transfer", ["state"])
