"""Tables that are only ever added to: the database itself refuses to change or to delete what stands in them.

Migrations call `forbid_changes` for each; SQLite and PostgreSQL each have triggers for it.

Where something is sealed it must be possible to seal it anew, with another key: then the other columns are named, which
never change. Who changes what is sealed, without the key, is found out when it is opened.
"""

from collections.abc import Sequence

from alembic import op

_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$
"""


def forbid_changes(table: str, columns: Sequence[str] = ()) -> None:
    """Let rows of a table neither be changed, in these columns or in any, nor deleted."""
    update = f"UPDATE OF {', '.join(columns)}" if columns else "UPDATE"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_FUNCTION)
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE {update} OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for verb, what in (("update", update), ("delete", "DELETE")):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {what} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
