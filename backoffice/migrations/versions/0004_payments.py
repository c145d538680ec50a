"""Payments: rails, addresses, deposits, destinations, withdrawals."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "rail_position",
        sa.Column("rail", sa.String(64), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("next_number", sa.BigInteger(), nullable=False),
        sa.Column("next_address", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rail", name="pk_rail_position"),
    )
    op.create_table(
        "deposit_address",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("rail", sa.String(64), nullable=False),
        sa.Column("address", sa.String(200), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("asset", sa.String(64), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deposit_address"),
        sa.UniqueConstraint("rail", "address", name="uq_deposit_address_rail_address"),
        sa.UniqueConstraint("rail", "number", name="uq_deposit_address_rail_number"),
    )
    op.create_index("ix_deposit_address_account", "deposit_address", ["account"])
    op.create_table(
        "deposit",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("rail", sa.String(64), nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("address", sa.String(200), nullable=False),
        sa.Column("asset", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("returns", sa.String(64), nullable=False),
        sa.Column("confirmations", sa.BigInteger(), nullable=False),
        sa.Column("is_gone", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account", sa.String(64), nullable=True),
        sa.Column("seen_ns", sa.BigInteger(), nullable=False),
        sa.Column("changed_ns", sa.BigInteger(), nullable=False),
        sa.Column("credited_sequence", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deposit"),
        sa.UniqueConstraint("rail", "reference", name="uq_deposit_rail_reference"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_deposit_amount")),
    )
    op.create_index("ix_deposit_account", "deposit", ["account"])
    op.create_index("ix_deposit_seen_ns", "deposit", ["seen_ns"])
    op.create_index("ix_deposit_state_is_gone", "deposit", ["state", "is_gone"])
    op.create_table(
        "destination",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("rail", sa.String(64), nullable=False),
        sa.Column("asset", sa.String(64), nullable=False),
        sa.Column("address", sa.String(200), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("added_by", sa.String(64), nullable=False),
        sa.Column("added_ns", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", sa.String(64), nullable=True),
        sa.Column("usable_from_ns", sa.BigInteger(), nullable=True),
        sa.Column("removed_ns", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_destination"),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> added_by", name=op.f("ck_destination_four_eyes")),
    )
    op.create_index("ix_destination_account", "destination", ["account"])
    op.create_table(
        "withdrawal",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("rail", sa.String(64), nullable=False),
        sa.Column("asset", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("destination_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.String(64), nullable=False),
        sa.Column("requested_ns", sa.BigInteger(), nullable=False),
        sa.Column("changed_ns", sa.BigInteger(), nullable=False),
        sa.Column("approval", sa.String(64), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("prepared", sa.LargeBinary(), nullable=True),
        sa.Column("confirmations", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("ended_sequence", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_withdrawal"),
        sa.UniqueConstraint("rail", "number", name="uq_withdrawal_rail_number"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_withdrawal_amount")),
        sa.ForeignKeyConstraint(
            ["destination_id"], ["destination.id"], name="fk_withdrawal_destination_id", ondelete="RESTRICT"
        ),
    )
    op.create_index("ix_withdrawal_account", "withdrawal", ["account"])
    op.create_index("ix_withdrawal_requested_ns", "withdrawal", ["requested_ns"])
    op.create_index("ix_withdrawal_state", "withdrawal", ["state"])
