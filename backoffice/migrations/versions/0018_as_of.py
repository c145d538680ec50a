"""How sessions were set up after each record that changed them; and what was bought and sold for, by the hour."""

from collections import Counter
from typing import Any

import sqlalchemy as sa
from alembic import op

from backoffice.database.base import Wide

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_HOUR_NS = 3_600_000_000_000
_BUY = 1


def upgrade() -> None:
    steps: tuple[sa.Column[Any], ...] = (
        sa.Column("role", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("accounts", sa.Text(), nullable=False),
        sa.Column("is_connected", sa.Boolean(), nullable=False),
        sa.Column("is_suspended", sa.Boolean(), nullable=False),
        sa.Column("is_removed", sa.Boolean(), nullable=False),
        sa.Column("connected_ns", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "venue_session_steps",
        sa.Column("session", sa.String(64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        *steps,
        sa.PrimaryKeyConstraint("session", "sequence", name=op.f("pk_venue_session_steps")),
        sqlite_with_rowid=False,
    )
    # What came before is not in the database: the past of a session begins with how it is now.
    names = ", ".join(("session", "sequence", *(column.name for column in steps)))
    op.execute(f"INSERT INTO venue_session_steps ({names}) SELECT {names} FROM venue_sessions")  # noqa: S608 - our own names
    for name in ("bought_notional", "sold_notional"):
        op.add_column("activity", sa.Column(name, Wide(), server_default="0", nullable=False))
    count()


def count() -> None:
    """Count what was bought and sold for in each hour, corrections in the hour in which they were made."""
    of: dict[tuple[int, str, str], Counter[str]] = {}

    def add(hour: int, symbol: str, buyer: str, seller: str, notional: int) -> None:
        for account, side in ((buyer, "bought"), (seller, "sold")):
            of.setdefault((hour, account, symbol), Counter())[side] += notional

    connection = op.get_bind()
    trades = connection.execute(
        sa.text(
            "SELECT t.time_ns, t.symbol, t.taker_side, t.maker_account, t.taker_account, COALESCE("
            "(SELECT a.previous_notional FROM trade_amendments a WHERE a.trade_id = t.trade_id"
            " ORDER BY a.sequence, a.number LIMIT 1), t.notional) FROM trades t"
        )
    )
    amendments = connection.execute(
        sa.text(
            "SELECT a.time_ns, t.symbol, t.taker_side, t.maker_account, t.taker_account,"
            " a.notional - a.previous_notional FROM trade_amendments a JOIN trades t ON t.trade_id = a.trade_id"
        )
    )
    for rows in (trades, amendments):
        for time_ns, symbol, taker_side, maker, taker, notional in rows:
            buyer, seller = (taker, maker) if taker_side == _BUY else (maker, taker)
            add(time_ns // _HOUR_NS, symbol, buyer, seller, notional)
    table = sa.table(
        "activity",
        *(sa.column(name) for name in ("hour", "account", "symbol")),
        *(sa.column(name, Wide()) for name in ("bought_notional", "sold_notional")),
    )
    changed = (
        sa.update(table)
        .where(
            table.c.hour == sa.bindparam("of_hour"),
            table.c.account == sa.bindparam("of_account"),
            table.c.symbol == sa.bindparam("of_symbol"),
        )
        .values(bought_notional=sa.bindparam("bought"), sold_notional=sa.bindparam("sold"))
    )
    found = [
        {"of_hour": hour, "of_account": account, "of_symbol": symbol, "bought": sums["bought"], "sold": sums["sold"]}
        for (hour, account, symbol), sums in of.items()
    ]
    if found:
        connection.execute(changed, found)
