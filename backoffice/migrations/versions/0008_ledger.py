"""The ledger: accounts, postings, and the chain of entries; the last two are only ever added to."""

import sqlalchemy as sa
from alembic import op

from backoffice.database.append_only import forbid_changes

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_accounts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("asset", sa.String(64), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_accounts"),
        sa.UniqueConstraint("account", "asset", "kind", name="uq_ledger_accounts_account_asset_kind"),
    )
    op.create_table(
        "ledger_postings",
        sa.Column("ledger_account", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_account", "sequence", "entry", name="pk_ledger_postings"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("from_sequence", sa.BigInteger(), nullable=False),
        sa.Column("through_sequence", sa.BigInteger(), nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("debit", sa.BigInteger(), nullable=True),
        sa.Column("credit", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("of", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.CheckConstraint("(kind = 'journal') = (amount IS NULL)", name="ck_ledger_entries_kind"),
        sa.CheckConstraint("amount > 0", name="ck_ledger_entries_amount"),
        sa.CheckConstraint("debit <> credit", name="ck_ledger_entries_accounts"),
        sa.ForeignKeyConstraint(
            ["credit"], ["ledger_accounts.id"], name="fk_ledger_entries_credit", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["debit"], ["ledger_accounts.id"], name="fk_ledger_entries_debit", ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["of"], ["ledger_entries.id"], name="fk_ledger_entries_of", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_entries"),
        sa.UniqueConstraint("key", name="uq_ledger_entries_key"),
        sa.UniqueConstraint("of", "kind", name="uq_ledger_entries_of_kind"),
    )
    for table in ("ledger_postings", "ledger_entries"):
        forbid_changes(table)
