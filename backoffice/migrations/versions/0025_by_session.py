"""What is counted by the hour is counted by FIX session too, and by the volume of orders.

Of the hours before, the sessions are not in the counts: theirs is a session without a name, and no volume of orders.
"""

import sqlalchemy as sa
from alembic import op

from backoffice.database.base import Wide

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_KEPT = (
    "hour, account, symbol, orders, replaces, cancels, maker_trades, taker_trades, bought_qty, sold_qty,"
    " maker_notional, taker_notional, fees, rebates, bought_notional, sold_notional"
)


def upgrade() -> None:
    # SQLite cannot change what the key of a table is.
    op.execute("CREATE TABLE activity_before AS SELECT * FROM activity")
    op.drop_table("activity")
    op.create_table(
        "activity",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("symbol", sa.String(64), nullable=False),
        sa.Column("session", sa.String(64), nullable=False),
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
        sa.Column("rebates", Wide(), server_default="0", nullable=False),
        sa.Column("bought_notional", Wide(), server_default="0", nullable=False),
        sa.Column("sold_notional", Wide(), server_default="0", nullable=False),
        sa.Column("ordered_qty", Wide(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("hour", "account", "symbol", "session", name=op.f("pk_activity")),
        sqlite_with_rowid=False,
    )
    op.execute(f"INSERT INTO activity ({_KEPT}, session) SELECT {_KEPT}, '' FROM activity_before")  # noqa: S608 - our own names
    op.drop_table("activity_before")
