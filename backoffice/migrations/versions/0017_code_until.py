"""The codes by which first passwords are set count until some time: those that there are, for three days."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_THREE_DAYS_NS = 72 * 3_600 * 1_000_000_000


def upgrade() -> None:
    op.add_column("staff_user", sa.Column("code_until_ns", sa.BigInteger(), nullable=True))
    user = sa.table("staff_user", *map(sa.column, ("added_ns", "maker_code_hash", "code_until_ns")))
    op.execute(
        user.update()
        .where(user.c.maker_code_hash.is_not(None))
        .values(code_until_ns=user.c.added_ns + sa.literal(_THREE_DAYS_NS, sa.BigInteger()))
    )
