"""The back office's database: SQLite by default, PostgreSQL by one line of the settings.

`Database` opens it, `Base` is what all tables derive from, `migrating` brings an older database up to date.
"""

from backoffice.database.base import Base
from backoffice.database.database import Database

__all__ = ["Base", "Database"]
