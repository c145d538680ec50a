"""The Travel Rule: services of others that are checked, who holds an address, where a deposit comes from."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_NAME = sa.String(64)


def upgrade() -> None:
    with op.batch_alter_table("vasp") as vasp:
        vasp.alter_column("lei", new_column_name="id")
        vasp.add_column(sa.Column("status", _NAME, nullable=False, server_default="new"))
        vasp.add_column(sa.Column("checked_on", sa.Date(), nullable=True))
        vasp.add_column(sa.Column("checked_by", _NAME, nullable=True))
    with op.batch_alter_table("vasp") as vasp:
        vasp.alter_column("status", server_default=None)
        vasp.create_check_constraint(op.f("ck_vasp_status"), "status IN ('new', 'checked', 'suspended')")
        vasp.create_check_constraint(op.f("ck_vasp_checked"), "status <> 'checked' OR checked_by IS NOT NULL")
        vasp.create_check_constraint(op.f("ck_vasp_four_eyes"), "checked_by IS NULL OR checked_by <> added_by")
    op.create_table(
        "address_holder",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("destination", sa.BigInteger(), nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("vasp", _NAME, nullable=True),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("proposed_by", _NAME, nullable=False),
        sa.Column("proposed_ns", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", _NAME, nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_address_holder")),
        sa.ForeignKeyConstraint(
            ["destination"], ["destination.id"], name=op.f("fk_address_holder_destination"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["client"], ["client.number"], name=op.f("fk_address_holder_client"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["vasp"], ["vasp.id"], name=op.f("fk_address_holder_vasp"), ondelete="RESTRICT"),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> proposed_by", name=op.f("ck_address_holder_four_eyes")
        ),
    )
    op.create_index("ix_address_holder_destination", "address_holder", ["destination"])
    op.create_index("ix_address_holder_client", "address_holder", ["client"])
    op.create_table(
        "deposit_origin",
        sa.Column("deposit", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("vasp", _NAME, nullable=True),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("given_by", _NAME, nullable=False),
        sa.Column("given_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("deposit", name=op.f("pk_deposit_origin")),
        sa.ForeignKeyConstraint(
            ["deposit"], ["deposit.id"], name=op.f("fk_deposit_origin_deposit"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["vasp"], ["vasp.id"], name=op.f("fk_deposit_origin_vasp"), ondelete="RESTRICT"),
    )
