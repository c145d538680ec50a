"""Alembic asks here for the connection, which `backoffice.database.migrating` gives it, and for the tables."""

from alembic import context

from backoffice.database import tables

connection = context.config.attributes["connection"]
# SQLite has its transaction already, begun by `Database.writing`; so all steps stand or fall together.
context.configure(
    connection=connection,
    target_metadata=tables.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=False,
)
context.run_migrations()
