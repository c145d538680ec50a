"""What rails have booked by their own word, what payments moved in the books, and where these do not agree."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# Of what was booked before, the payments' own records tell which it was.
_BOOKED = """
INSERT INTO payments_booked (sequence, time_ns, reference, payment, account, asset, amount)
SELECT
    posting.sequence, (SELECT min(time_ns) FROM moments WHERE moments.sequence >= posting.sequence),
    payment.name, payment.name, payment.account, payment.asset, -posting.amount
FROM (
    SELECT 'D-' || id AS name, account, asset, credited_sequence AS sequence FROM deposit WHERE state <> 'debited'
    UNION ALL SELECT 'W-' || id, account, asset, ended_sequence FROM withdrawal
) AS payment
JOIN ledger_accounts AS omnibus ON omnibus.account = '' AND omnibus.kind = 'omnibus' AND omnibus.asset = payment.asset
JOIN ledger_postings AS posting
    ON posting.ledger_account = omnibus.id AND posting.sequence = payment.sequence AND posting.entry = 0
"""


def upgrade() -> None:
    op.create_table(
        "rail_statement",
        sa.Column("rail", sa.String(64), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("read_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rail", name=op.f("pk_rail_statement")),
    )
    op.create_table(
        "rail_booking",
        sa.Column("rail", sa.String(64), nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("ours", sa.String(64), nullable=False),
        sa.Column("asset", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("is_gone", sa.Boolean(), nullable=False),
        sa.Column("seen_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rail", "reference", name=op.f("pk_rail_booking")),
    )
    op.create_index("ix_rail_booking_rail_ours", "rail_booking", ["rail", "ours"])
    op.create_table(
        "reconciliation_break",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("rail", sa.String(64), nullable=False),
        sa.Column("asset", sa.String(64), nullable=False),
        sa.Column("here", sa.Text(), nullable=False),
        sa.Column("here_amount", sa.BigInteger(), nullable=True),
        sa.Column("there", sa.Text(), nullable=False),
        sa.Column("there_amount", sa.BigInteger(), nullable=True),
        sa.Column("first_seen_ns", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_ns", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("resolved_ns", sa.BigInteger(), nullable=True),
        sa.Column("resolved_by", sa.String(64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_break")),
    )
    op.create_index("ix_reconciliation_break_first_seen_ns", "reconciliation_break", ["first_seen_ns"])
    op.create_index("ix_reconciliation_break_kind_subject", "reconciliation_break", ["kind", "subject"])
    op.create_index(
        "uq_reconciliation_break_open",
        "reconciliation_break",
        ["kind", "subject"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "payments_booked",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("payment", sa.Text(), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("asset", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_payments_booked")),
    )
    op.create_index("ix_payments_booked_account_sequence", "payments_booked", ["account", "sequence"])
    op.create_index("ix_payments_booked_payment", "payments_booked", ["payment"])
    op.execute(_BOOKED)
