"""Holdings that are no more stay, with when each was known from and until.

Of the ones there are it is known for certain from the last change of owners in the client's file on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_KEPT = "number, client, holder, held, share_ppm, votes_ppm"
_SINCE = """
UPDATE party_holding SET since_ns = COALESCE(
    (SELECT MAX(time_ns) FROM audit_entry
     WHERE subject = 'client/C-' || party_holding.client AND verb IN ('enter', 'add party', 'change party')),
    (SELECT entered_ns FROM client WHERE number = party_holding.client)
)
"""
_OF_NOW = sa.text("until_ns IS NULL")


def upgrade() -> None:
    # SQLite cannot drop a constraint of a table.
    op.execute("CREATE TABLE party_holding_before AS SELECT * FROM party_holding")
    op.drop_table("party_holding")
    op.create_table(
        "party_holding",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=True),
        sa.Column("share_ppm", sa.Integer(), nullable=False),
        sa.Column("votes_ppm", sa.Integer(), nullable=False),
        sa.Column("since_ns", sa.BigInteger(), nullable=False),
        sa.Column("until_ns", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "share_ppm BETWEEN 0 AND 1000000 AND votes_ppm BETWEEN 0 AND 1000000", name=op.f("ck_party_holding_share")
        ),
        *(
            sa.ForeignKeyConstraint([column], [referred], name=op.f(f"fk_party_holding_{column}"), ondelete="RESTRICT")
            for column, referred in (("client", "client.number"), ("held", "party.number"), ("holder", "party.number"))
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_party_holding")),
    )
    op.create_index("ix_party_holding_client", "party_holding", ["client"])
    op.create_index(
        "uq_party_holding_now",
        "party_holding",
        ["holder", "held"],
        unique=True,
        sqlite_where=_OF_NOW,
        postgresql_where=_OF_NOW,
    )
    op.execute(f"INSERT INTO party_holding ({_KEPT}, since_ns) SELECT {_KEPT}, 0 FROM party_holding_before")  # noqa: S608 - our own names
    op.execute(_SINCE)
    op.drop_table("party_holding_before")
