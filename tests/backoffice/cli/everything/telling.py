"""What the audit trail has to say of rows that have changed: what there was, what there is, who did it, when and why.

The trail has words of its own, so what is looked for are the values, whatever they are called in it: what a column had
must stand in the `before` of an entry of the same act, and what it has in an `after`. A name counts for the number of
the row that it names, as DOC-7 does for document 7.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, NamedTuple

from sqlalchemy import Column

from backoffice.database.base import Base
from backoffice.staff.sealing import Sealed
from tests.backoffice.cli.everything.changes import Content, Row

_NAMED: Final = re.compile(r"[A-Z]+-([0-9]+)")
_OF_THE_LAST_CHANGE: Final = re.compile(r".*_(ns|by)|reason|suspended_for")
"""Columns that say who made the last change, when and why: what they had is in the entry of the change before."""


class Entry(NamedTuple):
    """An entry of the trail."""

    actor: str
    verb: str
    subject: str
    before: Content | None
    after: Content | None
    why: str
    time_ns: int


class _Said:
    """What some entries say, of what there was or of what there is."""

    def __init__(self, values: Iterable[object]) -> None:
        self._texts = {text for value in values for text in texts(value)}
        self._numbers = {named[1] for text in self._texts if (named := _NAMED.fullmatch(text))}

    def has(self, column: Column[Any], value: object) -> bool:
        """Tell whether all is said that a column holds."""
        is_key = column.primary_key or column.foreign_keys
        return set(texts(value)) <= (self._texts | self._numbers if is_key else self._texts)

    def names(self, columns: Iterable[Column[Any]], content: Content) -> bool:
        """Tell whether something of a row is said, so that it can be told which one it is."""
        return any(content[each.name] not in (None, "") and self.has(each, content[each.name]) for each in columns)


def untold(rows: Iterable[Row], entries: Sequence[Entry], silent: AbstractSet[str]) -> Iterator[str]:
    """Give, in words, what the entries do not tell of the rows.

    `silent`: tables, columns as "table.column", and columns of any table, that need not be told of.
    """
    subjects = [entry.subject.split("/") for entry in entries]
    was = _Said([*subjects, *(entry.before for entry in entries)])
    now = _Said([*subjects, *([entry.after, entry.actor, entry.why, entry.time_ns] for entry in entries)])
    for row in rows:
        if row.table in silent:
            continue
        place = f"{row.table} {'/'.join(map(str, row.key))}"
        columns = Base.metadata.tables[row.table].columns
        told = [
            columns[name]
            for name in row.changed()
            if not isinstance(columns[name].type, Sealed) and not {name, f"{row.table}.{name}"} & silent
        ]
        if row.before is None:
            if not now.names(told, row.after or {}):
                yield f"{place} is new"
            continue
        if row.after is None:
            if not was.names(told, row.before):
                yield f"{place} is gone"
            continue
        for column in told:
            before, after = row.before[column.name], row.after[column.name]
            if not (_OF_THE_LAST_CHANGE.fullmatch(column.name) or was.has(column, before)):
                yield f"{place}: {column.name} was {before!r}"
            if not now.has(column, after):
                yield f"{place}: {column.name} is {after!r}"


def texts(value: Any) -> Iterator[str]:
    """Return all that is said in JSON, as texts; nothing says nothing."""
    match value:
        case None | "":
            return
        case dict():
            yield from texts([*value.values()])
        case list():
            for each in value:
                yield from texts(each)
        case bool():
            yield str(int(value))
        case _:
            yield str(value)
