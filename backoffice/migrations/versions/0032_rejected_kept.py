"""Applications that were rejected are kept until a day as well: five years from when they were."""

import sqlalchemy as sa
from alembic import op

from backoffice.crm.documents import months_after
from backoffice.times import day_of

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_KEPT_MONTHS = 60
_REJECTED = """
SELECT number, COALESCE(
    (SELECT MAX(time_ns) FROM audit_entry
     WHERE subject = 'client/C-' || client.number AND verb = 'reject' AND after NOT LIKE '{"approval":%'),
    entered_ns
) FROM client WHERE state = 'rejected' AND keep_until IS NULL
"""
_CLIENT = sa.table("client", sa.column("number", sa.BigInteger()), sa.column("keep_until", sa.Date()))


def upgrade() -> None:
    connection = op.get_bind()
    for number, rejected_ns in connection.execute(sa.text(_REJECTED)).all():
        keep_until = months_after(day_of(rejected_ns), _KEPT_MONTHS)
        connection.execute(sa.update(_CLIENT).where(_CLIENT.c.number == number).values(keep_until=keep_until))
