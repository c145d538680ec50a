"""What has changed in a database, row by row: triggers of SQLite write it down, whoever changes it and however."""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import JSON, LargeBinary, Table

from backoffice.database import tables
from backoffice.database.base import Base

assert tables.__all__, "all tables are known"

LOG = "what_has_changed"
Content = dict[str, Any]


class Row(NamedTuple):
    """A row that has been put in, changed or deleted."""

    table: str
    key: tuple[object, ...]
    before: Content | None
    after: Content | None

    def changed(self) -> list[str]:
        """Return the columns that hold something else than before."""
        before, after = self.before or {}, self.after or {}
        return [name for name in before | after if before.get(name) != after.get(name)]


class Changes:
    """All that changes from now on, until it is taken."""

    def __init__(self, database: Path) -> None:
        self._connection = sqlite3.connect(database)
        with self._connection as connection:
            connection.execute(f"CREATE TABLE {LOG} (id INTEGER PRIMARY KEY, name TEXT, before TEXT, after TEXT)")
            for table in Base.metadata.tables.values():
                for verb, before, after in (("INSERT", "", "NEW"), ("UPDATE", "OLD", "NEW"), ("DELETE", "OLD", "")):
                    values = f"'{table.name}', {_content(table, before)}, {_content(table, after)}"
                    connection.execute(
                        f"CREATE TRIGGER {table.name}_{verb}_seen AFTER {verb} ON {table.name} "
                        f"BEGIN INSERT INTO {LOG} (name, before, after) VALUES ({values}); END"
                    )

    def close(self) -> None:
        self._connection.close()

    def take(self) -> list[Row]:
        """Return the rows that are not as they were when this was asked last."""
        with self._connection as connection:
            found = connection.execute(f"SELECT name, before, after FROM {LOG} ORDER BY id").fetchall()
            connection.execute(f"DELETE FROM {LOG}")
        rows: dict[tuple[str, tuple[object, ...]], Row] = {}
        for name, before_text, after_text in found:
            before, after = (json.loads(text or "null") for text in (before_text, after_text))
            content = before or after
            key = tuple(content[column.name] for column in Base.metadata.tables[name].primary_key)
            first = rows.get((name, key))
            rows[name, key] = Row(name, key, before if first is None else first.before, after)
        return [_decoded(row) for row in rows.values() if row.before != row.after]


def _content(table: Table, row: str) -> str:
    """Return what makes JSON of a row in a trigger; numbers beyond 64 bits are texts anyway."""
    if not row:
        return "NULL"
    columns = (
        f"'{column.name}', "
        + (f"hex({row}.{column.name})" if isinstance(column.type, LargeBinary) else f"{row}.{column.name}")
        for column in table.columns
    )
    return f"json_object({', '.join(columns)})"


def _decoded(row: Row) -> Row:
    names = [column.name for column in Base.metadata.tables[row.table].columns if isinstance(column.type, JSON)]

    def decoded(content: Mapping[str, Any] | None) -> Content | None:
        if content is None:
            return None
        return {**content, **{name: json.loads(content[name]) for name in names if content[name] is not None}}

    return row._replace(before=decoded(row.before), after=decoded(row.after))
