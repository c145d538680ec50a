"""Access: desks, traders, accounts, sessions, certificates, limits, fees."""

import sqlalchemy as sa
from alembic import op

from backoffice.database.append_only import forbid_changes
from backoffice.database.base import Wide

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.String(64)


def upgrade() -> None:
    op.create_table(
        "access_desk",
        sa.Column("name", _NAME, nullable=False),
        sa.Column("firm", _NAME, nullable=False),
        sa.Column("added_by", _NAME, nullable=False),
        sa.Column("added_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_access_desk"),
    )
    op.create_index("ix_access_desk_firm", "access_desk", ["firm"])
    op.create_table(
        "access_trader",
        sa.Column("code", _NAME, nullable=False),
        sa.Column("desk", _NAME, nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("added_by", _NAME, nullable=False),
        sa.Column("added_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_access_trader"),
        sa.ForeignKeyConstraint(["desk"], ["access_desk.name"], name="fk_access_trader_desk", ondelete="RESTRICT"),
    )
    op.create_index("ix_access_trader_desk", "access_trader", ["desk"])
    op.create_table(
        "access_account",
        sa.Column("account", _NAME, nullable=False),
        sa.Column("firm", _NAME, nullable=False),
        sa.Column("desk", _NAME, nullable=True),
        sa.Column("trader", _NAME, nullable=True),
        sa.Column("state", _NAME, nullable=False),
        sa.Column("proposed_by", _NAME, nullable=False),
        sa.Column("proposed_ns", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", _NAME, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_access_account"),
        sa.ForeignKeyConstraint(["desk"], ["access_desk.name"], name="fk_access_account_desk", ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["trader"], ["access_trader.code"], name="fk_access_account_trader", ondelete="RESTRICT"
        ),
        sa.CheckConstraint("state IN ('proposed', 'open', 'turned down')", name=op.f("ck_access_account_state")),
        sa.CheckConstraint("state <> 'open' OR approved_by IS NOT NULL", name=op.f("ck_access_account_approved")),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> proposed_by", name=op.f("ck_access_account_four_eyes")
        ),
    )
    op.create_index("ix_access_account_firm", "access_account", ["firm"])
    op.create_table(
        "access_session",
        sa.Column("session", _NAME, nullable=False),
        sa.Column("firm", _NAME, nullable=False),
        sa.Column("state", _NAME, nullable=False),
        sa.Column("set_up", sa.JSON(), nullable=False),
        sa.Column("proposed_by", _NAME, nullable=False),
        sa.Column("proposed_ns", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", _NAME, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("session", name="pk_access_session"),
        sa.CheckConstraint(
            "state IN ('proposed', 'provisioned', 'removed', 'turned down')", name=op.f("ck_access_session_state")
        ),
        sa.CheckConstraint(
            "state <> 'provisioned' OR approved_by IS NOT NULL", name=op.f("ck_access_session_approved")
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> proposed_by", name=op.f("ck_access_session_four_eyes")
        ),
    )
    op.create_index("ix_access_session_firm", "access_session", ["firm"])
    op.create_table(
        "access_certificate",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("session", _NAME, nullable=False),
        sa.Column("version", _NAME, nullable=False),
        sa.Column("role", _NAME, nullable=False),
        sa.Column("digest", _NAME, nullable=False),
        sa.Column("passed_ns", sa.BigInteger(), nullable=False),
        sa.Column("stored_by", _NAME, nullable=False),
        sa.Column("stored_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_access_certificate"),
        sa.UniqueConstraint("digest", name="uq_access_certificate_digest"),
    )
    op.create_index("ix_access_certificate_session", "access_certificate", ["session"])
    forbid_changes("access_certificate")
    op.create_table(
        "access_limits",
        sa.Column("scope", _NAME, nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("proposed_by", _NAME, nullable=False),
        sa.Column("approved_by", _NAME, nullable=False),
        sa.Column("approved_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "name", name="pk_access_limits"),
        sa.CheckConstraint("scope IN ('firm', 'desk', 'trader', 'account')", name=op.f("ck_access_limits_scope")),
        sa.CheckConstraint("approved_by <> proposed_by", name=op.f("ck_access_limits_four_eyes")),
    )
    op.create_table(
        "fee_schedule",
        sa.Column("schedule", _NAME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("effective_ns", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", _NAME, nullable=False),
        sa.Column("approved_by", _NAME, nullable=False),
        sa.PrimaryKeyConstraint("schedule", "version", name="pk_fee_schedule"),
        sa.CheckConstraint("approved_by <> proposed_by", name=op.f("ck_fee_schedule_four_eyes")),
    )
    op.create_table(
        "fee_assignment",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("firm", _NAME, nullable=False),
        sa.Column("symbol", _NAME, nullable=False),
        sa.Column("schedule", _NAME, nullable=False),
        sa.Column("effective_ns", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", _NAME, nullable=False),
        sa.Column("approved_by", _NAME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fee_assignment"),
        sa.CheckConstraint("approved_by <> proposed_by", name=op.f("ck_fee_assignment_four_eyes")),
    )
    op.create_index("ix_fee_assignment_firm", "fee_assignment", ["firm"])
    op.create_table(
        "fee_in_force",
        sa.Column("firm", _NAME, nullable=False),
        sa.Column("symbol", _NAME, nullable=False),
        sa.Column("schedule", _NAME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("maker_ppm", sa.Integer(), nullable=False),
        sa.Column("taker_ppm", sa.Integer(), nullable=False),
        sa.Column("volume", Wide(), nullable=False),
        sa.Column("since_ns", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("firm", "symbol", name="pk_fee_in_force"),
    )
