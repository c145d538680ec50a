"""What the projector derives from the journal."""

import sqlalchemy as sa
from alembic import op

from backoffice.database.base import Wide

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "activity",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("symbol", sa.String(64), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=False),
        sa.Column("cancels", sa.BigInteger(), nullable=False),
        sa.Column("maker_trades", sa.BigInteger(), nullable=False),
        sa.Column("taker_trades", sa.BigInteger(), nullable=False),
        sa.Column("bought_qty", Wide(), nullable=False),
        sa.Column("sold_qty", Wide(), nullable=False),
        sa.Column("maker_notional", Wide(), nullable=False),
        sa.Column("taker_notional", Wide(), nullable=False),
        sa.Column("fees", Wide(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "account", "symbol", name="pk_activity"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "executions",
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("exec_type", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("cl_ord_id", sa.Text(), nullable=False),
        sa.Column("qty", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("leaves_qty", sa.BigInteger(), nullable=False),
        sa.Column("cum_qty", sa.BigInteger(), nullable=False),
        sa.Column("cum_notional", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Integer(), nullable=False),
        sa.Column("trade_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "sequence", "number", name="pk_executions"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "moments",
        sa.Column("time_ns", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("time_ns", name="pk_moments"),
    )
    op.create_table(
        "orders",
        sa.Column(
            "order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("session", sa.String(64), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("cl_ord_id", sa.Text(), nullable=False),
        sa.Column("symbol", sa.String(64), nullable=False),
        sa.Column("side", sa.Integer(), nullable=False),
        sa.Column("order_type", sa.Integer(), nullable=False),
        sa.Column("time_in_force", sa.Integer(), nullable=False),
        sa.Column("qty", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("leaves_qty", sa.BigInteger(), nullable=False),
        sa.Column("cum_qty", sa.BigInteger(), nullable=False),
        sa.Column("cum_notional", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=True),
        sa.Column("entered_sequence", sa.BigInteger(), nullable=False),
        sa.Column("entered_ns", sa.BigInteger(), nullable=False),
        sa.Column("closed_sequence", sa.BigInteger(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name="pk_orders"),
    )
    op.create_index("ix_orders_account_order_id", "orders", ["account", "order_id"])
    op.create_index(
        "ix_orders_open",
        "orders",
        ["order_id"],
        sqlite_where=sa.text("closed_sequence IS NULL"),
        postgresql_where=sa.text("closed_sequence IS NULL"),
    )
    op.create_table(
        "reject_counts",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("session", sa.String(64), nullable=False),
        sa.Column("reason", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rejects", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "session", "reason", name="pk_reject_counts"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rejects",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("session", sa.String(64), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("cl_ord_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Integer(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", "number", name="pk_rejects"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_rejects_session_sequence", "rejects", ["session", "sequence"])
    op.create_table(
        "trades",
        sa.Column(
            "trade_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("symbol", sa.String(64), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("qty", sa.BigInteger(), nullable=False),
        sa.Column("notional", sa.BigInteger(), nullable=False),
        sa.Column("maker_account", sa.String(64), nullable=False),
        sa.Column("maker_order_id", sa.BigInteger(), nullable=False),
        sa.Column("maker_fee", sa.BigInteger(), nullable=False),
        sa.Column("taker_account", sa.String(64), nullable=False),
        sa.Column("taker_order_id", sa.BigInteger(), nullable=False),
        sa.Column("taker_side", sa.Integer(), nullable=False),
        sa.Column("taker_fee", sa.BigInteger(), nullable=False),
        sa.Column("phase", sa.Integer(), nullable=False),
        sa.Column("amended_sequence", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("trade_id", name="pk_trades"),
    )
    op.create_index("ix_trades_maker_account_trade_id", "trades", ["maker_account", "trade_id"])
    op.create_index("ix_trades_taker_account_trade_id", "trades", ["taker_account", "trade_id"])
    op.create_table(
        "venue_accounts",
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("firm", sa.String(64), nullable=False),
        sa.Column("opened_ns", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_venue_accounts"),
    )
    op.create_index("ix_venue_accounts_firm", "venue_accounts", ["firm"])
    op.create_table(
        "venue_assets",
        sa.Column("asset", sa.String(64), nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("asset", name="pk_venue_assets"),
    )
    op.create_table(
        "venue_instruments",
        sa.Column("symbol", sa.String(64), nullable=False),
        sa.Column("base", sa.String(64), nullable=False),
        sa.Column("quote", sa.String(64), nullable=False),
        sa.Column("price_increment", sa.BigInteger(), nullable=False),
        sa.Column("price_decimals", sa.Integer(), nullable=False),
        sa.Column("qty_increment", sa.BigInteger(), nullable=False),
        sa.Column("qty_decimals", sa.Integer(), nullable=False),
        sa.Column("maker_fee_bps", sa.Integer(), nullable=False),
        sa.Column("taker_fee_bps", sa.Integer(), nullable=False),
        sa.Column("order_qty_max", sa.BigInteger(), nullable=False),
        sa.Column("base_per_lot", sa.BigInteger(), nullable=False),
        sa.Column("notional_per_tick_lot", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("symbol", name="pk_venue_instruments"),
    )
    op.create_table(
        "venue_sessions",
        sa.Column("session", sa.String(64), nullable=False),
        sa.Column("role", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("accounts", sa.Text(), nullable=False),
        sa.Column("is_connected", sa.Boolean(), nullable=False),
        sa.Column("is_suspended", sa.Boolean(), nullable=False),
        sa.Column("is_removed", sa.Boolean(), nullable=False),
        sa.Column("connected_ns", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("session", name="pk_venue_sessions"),
    )
    op.create_table(
        "trade_amendments",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("trade_id", sa.BigInteger(), nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("previous_price", sa.BigInteger(), nullable=False),
        sa.Column("previous_qty", sa.BigInteger(), nullable=False),
        sa.Column("previous_notional", sa.BigInteger(), nullable=False),
        sa.Column("previous_maker_fee", sa.BigInteger(), nullable=False),
        sa.Column("previous_taker_fee", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("qty", sa.BigInteger(), nullable=False),
        sa.Column("notional", sa.BigInteger(), nullable=False),
        sa.Column("maker_fee", sa.BigInteger(), nullable=False),
        sa.Column("taker_fee", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["trade_id"], ["trades.trade_id"], name="fk_trade_amendments_trade_id", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("sequence", "number", name="pk_trade_amendments"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_trade_amendments_trade_id", "trade_amendments", ["trade_id"])
