"""Clients: their files, what was found on them, and what staff have to do with them."""

import sqlalchemy as sa
from alembic import op

from backoffice.database.append_only import forbid_changes

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _file()
    _screening()
    _judging()
    _desk()
    for table in ("screening_list_version", "risk_model", "risk_score"):
        forbid_changes(table)


def _file() -> None:
    op.create_table(
        "client",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("trading_name", sa.Text(), nullable=False),
        sa.Column("entity_type", sa.String(64), nullable=False),
        sa.Column("legal_form", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.String(64), nullable=False),
        sa.Column("registration", sa.Text(), nullable=False),
        sa.Column("lei", sa.String(64), nullable=True),
        sa.Column("industry", sa.String(64), nullable=False),
        sa.Column("volume", sa.String(64), nullable=False),
        sa.Column("firm", sa.String(64), nullable=True),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("suspension", sa.String(64), nullable=True),
        sa.Column("suspended_for", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.String(64), nullable=False),
        sa.Column("entered_ns", sa.BigInteger(), nullable=False),
        sa.Column("editors", sa.Text(), nullable=False),
        sa.Column("edits", sa.Integer(), nullable=False),
        sa.Column("submitted_by", sa.String(64), nullable=True),
        sa.Column("submitted_ns", sa.BigInteger(), nullable=True),
        sa.Column("approved_by", sa.String(64), nullable=True),
        sa.Column("approved_ns", sa.BigInteger(), nullable=True),
        sa.Column("risk_model", sa.Integer(), nullable=True),
        sa.Column("rating", sa.String(64), nullable=True),
        sa.Column("review_due", sa.Date(), nullable=True),
        sa.Column("closed_ns", sa.BigInteger(), nullable=True),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.Column("is_erased", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state <> 'suspended' OR suspension IS NOT NULL", name="ck_client_suspended"),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'screening', 'risk', 'review', 'information-requested', "
            "'approved', 'rejected', 'active', 'suspended', 'offboarding', 'closed')",
            name="ck_client_state",
        ),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'active', 'suspended') OR approved_by IS NOT NULL", name="ck_client_approved"
        ),
        sa.CheckConstraint(
            "suspension IS NULL OR state IN ('suspended', 'offboarding', 'closed')", name="ck_client_suspension"
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR (approved_by <> entered_by AND approved_by <> submitted_by)",
            name="ck_client_four_eyes",
        ),
        sa.CheckConstraint("approved_by IS NULL OR submitted_by IS NOT NULL", name="ck_client_submitted"),
        sa.PrimaryKeyConstraint("number", name="pk_client"),
        sa.UniqueConstraint("firm", name="uq_client_firm"),
        sa.UniqueConstraint("lei", name="uq_client_lei"),
    )
    op.create_index("ix_client_keep_until", "client", ["keep_until"])
    op.create_index("ix_client_review_due", "client", ["review_due"])
    op.create_index("ix_client_state", "client", ["state"])
    op.create_table(
        "client_address",
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["client"], ["client.number"], name="fk_client_address_client", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("client", "kind", name="pk_client_address"),
    )
    op.create_table(
        "client_file_snapshot",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("taken_ns", sa.BigInteger(), nullable=False),
        sa.Column("taken_by", sa.String(64), nullable=False),
        sa.Column("occasion", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["client"], ["client.number"], name="fk_client_file_snapshot_client", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_client_file_snapshot"),
    )
    op.create_index("ix_client_file_snapshot_client", "client_file_snapshot", ["client"])
    op.create_table(
        "client_licence",
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("regulator", sa.String(64), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column("country", sa.String(64), nullable=False),
        sa.Column("expires", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["client"], ["client.number"], name="fk_client_licence_client", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("client", "regulator", "number", name="pk_client_licence"),
    )
    op.create_table(
        "client_tax_id",
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("country", sa.String(64), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["client"], ["client.number"], name="fk_client_tax_id_client", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("client", "country", "number", name="pk_client_tax_id"),
    )
    op.create_table(
        "party",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("birth", sa.Text(), nullable=True),
        sa.Column("birth_place", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("countries", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("is_exposed", sa.Boolean(), nullable=False),
        sa.Column("lei", sa.String(64), nullable=True),
        sa.Column("removed_ns", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('person', 'entity')", name="ck_party_kind"),
        sa.ForeignKeyConstraint(["client"], ["client.number"], name="fk_party_client", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("number", name="pk_party"),
    )
    op.create_index("ix_party_client", "party", ["client"])
    op.create_table(
        "client_document",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("party", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("issued", sa.Date(), nullable=False),
        sa.Column("expires", sa.Date(), nullable=True),
        sa.Column("filed_by", sa.String(64), nullable=False),
        sa.Column("filed_ns", sa.BigInteger(), nullable=False),
        sa.Column("verified_by", sa.String(64), nullable=True),
        sa.Column("verified_ns", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_ns", sa.BigInteger(), nullable=True),
        sa.Column("reminded", sa.Date(), nullable=True),
        sa.CheckConstraint("verified_by IS NULL OR verified_by <> filed_by", name="ck_client_document_four_eyes"),
        sa.ForeignKeyConstraint(["client"], ["client.number"], name="fk_client_document_client", ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["party"], ["party.number"], name="fk_client_document_party", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("number", name="pk_client_document"),
    )
    op.create_index("ix_client_document_client", "client_document", ["client"])
    op.create_index("ix_client_document_expires", "client_document", ["expires"])
    op.create_table(
        "party_holding",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=True),
        sa.Column("share_ppm", sa.Integer(), nullable=False),
        sa.Column("votes_ppm", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "share_ppm BETWEEN 0 AND 1000000 AND votes_ppm BETWEEN 0 AND 1000000", name="ck_party_holding_share"
        ),
        sa.ForeignKeyConstraint(["client"], ["client.number"], name="fk_party_holding_client", ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["held"], ["party.number"], name="fk_party_holding_held", ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["holder"], ["party.number"], name="fk_party_holding_holder", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("number", name="pk_party_holding"),
        sa.UniqueConstraint("holder", "held", name="uq_party_holding_holder_held"),
    )
    op.create_index("ix_party_holding_client", "party_holding", ["client"])


def _screening() -> None:
    op.create_table(
        "screening_list",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("purpose IN ('sanctions', 'pep')", name="ck_screening_list_purpose"),
        sa.PrimaryKeyConstraint("name", name="pk_screening_list"),
    )
    op.create_table(
        "screening",
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("subject_digest", sa.String(64), nullable=False),
        sa.Column("lists_digest", sa.String(64), nullable=False),
        sa.Column("screened_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["client"], ["client.number"], name="fk_screening_client", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("subject", name="pk_screening"),
    )
    op.create_index("ix_screening_client", "screening", ["client"])
    op.create_table(
        "screening_entry",
        sa.Column("list", sa.String(64), nullable=False),
        sa.Column("entry", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["list"], ["screening_list.name"], name="fk_screening_entry_list", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("list", "entry", name="pk_screening_entry"),
    )
    op.create_table(
        "screening_hit",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("list", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("entry", sa.String(64), nullable=False),
        sa.Column("entry_digest", sa.String(64), nullable=False),
        sa.Column("entry_content", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("listed", sa.Text(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("name_score", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("found_ns", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(64), nullable=True),
        sa.Column("decided_ns", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state IN ('open', 'lapsed')) = (decided_by IS NULL)", name="ck_screening_hit_decided"),
        sa.CheckConstraint(
            "state IN ('open', 'false-positive', 'true-match', 'lapsed')", name="ck_screening_hit_state"
        ),
        sa.ForeignKeyConstraint(["client"], ["client.number"], name="fk_screening_hit_client", ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["list"], ["screening_list.name"], name="fk_screening_hit_list", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("number", name="pk_screening_hit"),
        sa.UniqueConstraint(
            "subject", "list", "entry", "entry_digest", name="uq_screening_hit_subject_list_entry_entry_digest"
        ),
    )
    op.create_index("ix_screening_hit_client", "screening_hit", ["client"])
    op.create_index("ix_screening_hit_state", "screening_hit", ["state"])
    op.create_table(
        "screening_list_version",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("list", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("form", sa.String(64), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("imported_by", sa.String(64), nullable=False),
        sa.Column("imported_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list"], ["screening_list.name"], name="fk_screening_list_version_list", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_screening_list_version"),
    )
    op.create_index("ix_screening_list_version_list", "screening_list_version", ["list"])


def _judging() -> None:
    op.create_table(
        "risk_model",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("proposed_by", sa.String(64), nullable=False),
        sa.Column("adopted_by", sa.String(64), nullable=False),
        sa.Column("adopted_ns", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("adopted_by <> proposed_by", name="ck_risk_model_four_eyes"),
        sa.PrimaryKeyConstraint("version", name="pk_risk_model"),
    )
    op.create_table(
        "vasp",
        sa.Column("lei", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.String(64), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("added_by", sa.String(64), nullable=False),
        sa.Column("added_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lei", name="pk_vasp"),
    )
    op.create_table(
        "client_review",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("done_by", sa.String(64), nullable=False),
        sa.Column("done_ns", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["client"], ["client.number"], name="fk_client_review_client", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("number", name="pk_client_review"),
    )
    op.create_index("ix_client_review_client", "client_review", ["client"])
    op.create_table(
        "risk_score",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("rating", sa.String(64), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("scored_by", sa.String(64), nullable=False),
        sa.Column("scored_ns", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", sa.String(64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("proposed_by IS NULL OR proposed_by <> scored_by", name="ck_risk_score_four_eyes"),
        sa.ForeignKeyConstraint(["client"], ["client.number"], name="fk_risk_score_client", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("number", name="pk_risk_score"),
    )
    op.create_index("ix_risk_score_client", "risk_score", ["client"])
    op.create_table(
        "travel_rule_data",
        sa.Column("transfer", sa.String(64), nullable=False),
        sa.Column("direction", sa.String(64), nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("stored_by", sa.String(64), nullable=False),
        sa.Column("stored_ns", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out')", name="ck_travel_rule_data_direction"),
        sa.ForeignKeyConstraint(["client"], ["client.number"], name="fk_travel_rule_data_client", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("transfer", "direction", name="pk_travel_rule_data"),
    )
    op.create_index("ix_travel_rule_data_client", "travel_rule_data", ["client"])


def _desk() -> None:
    op.create_table(
        "client_agreement",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("text_version", sa.String(64), nullable=False),
        sa.Column("signed", sa.Date(), nullable=True),
        sa.Column("hash", sa.String(64), nullable=True),
        sa.Column("entered_by", sa.String(64), nullable=False),
        sa.Column("entered_ns", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["client"], ["client.number"], name="fk_client_agreement_client", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("number", name="pk_client_agreement"),
        sa.UniqueConstraint("client", "kind", "text_version", name="uq_client_agreement_client_kind_text_version"),
    )
    op.create_index("ix_client_agreement_client", "client_agreement", ["client"])
    op.create_table(
        "client_contact",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("removed_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["client"], ["client.number"], name="fk_client_contact_client", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("number", name="pk_client_contact"),
    )
    op.create_index("ix_client_contact_client", "client_contact", ["client"])
    op.create_table(
        "client_note",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.String(64), nullable=False),
        sa.Column("written_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["client"], ["client.number"], name="fk_client_note_client", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("number", name="pk_client_note"),
    )
    op.create_index("ix_client_note_client", "client_note", ["client"])
    op.create_table(
        "client_task",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("assignee", sa.String(64), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("made_ns", sa.BigInteger(), nullable=False),
        sa.Column("ended_by", sa.String(64), nullable=True),
        sa.Column("ended_ns", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'done', 'cancelled')", name="ck_client_task_state"),
        sa.ForeignKeyConstraint(["client"], ["client.number"], name="fk_client_task_client", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("number", name="pk_client_task"),
    )
    op.create_index("ix_client_task_client", "client_task", ["client"])
    op.create_index("ix_client_task_due", "client_task", ["due"])
    op.create_index("ix_client_task_state", "client_task", ["state"])
    op.create_table(
        "client_ticket",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("opened_by", sa.String(64), nullable=False),
        sa.Column("opened_ns", sa.BigInteger(), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'waiting', 'closed')", name="ck_client_ticket_state"),
        sa.ForeignKeyConstraint(["client"], ["client.number"], name="fk_client_ticket_client", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("number", name="pk_client_ticket"),
    )
    op.create_index("ix_client_ticket_client", "client_ticket", ["client"])
    op.create_index("ix_client_ticket_state", "client_ticket", ["state"])
    op.create_table(
        "client_ticket_entry",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("author", sa.String(64), nullable=False),
        sa.Column("written_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket"], ["client_ticket.number"], name="fk_client_ticket_entry_ticket", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_client_ticket_entry"),
    )
    op.create_index("ix_client_ticket_entry_ticket", "client_ticket_entry", ["ticket"])
