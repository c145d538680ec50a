"""An LEI is one client's only as long as that client's file is not over: who has left may come again."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_NOT_OVER = sa.text("state NOT IN ('rejected', 'closed')")
_UNIQUE = "CONSTRAINT uq_client_lei UNIQUE (lei)"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _make_anew()
    else:
        op.drop_constraint("uq_client_lei", "client")
    op.create_index("uq_client_lei", "client", ["lei"], unique=True, sqlite_where=_NOT_OVER, postgresql_where=_NOT_OVER)


def _make_anew() -> None:
    """Make the table again as it is, but for the constraint, which SQLite cannot drop.

    What refers to the table must find its rows again when the transaction ends, and not before.
    """
    connection = op.get_bind()
    of_client = "SELECT sql FROM sqlite_master WHERE tbl_name = 'client' AND type = "
    table = connection.exec_driver_sql(f"{of_client} 'table'").scalar_one()
    indexes = connection.exec_driver_sql(f"{of_client} 'index' AND sql IS NOT NULL").scalars().all()
    head, constraint, tail = table.partition(_UNIQUE)
    assert constraint, "the table is as 0006 made it"
    for statement in (
        "PRAGMA defer_foreign_keys = ON",
        "CREATE TABLE client_before AS SELECT * FROM client",
        "DROP TABLE client",
        head.rstrip().removesuffix(",") + tail,
        "INSERT INTO client SELECT * FROM client_before",
        "DROP TABLE client_before",
        *indexes,
    ):
        connection.exec_driver_sql(statement)
