"""Seals and opens the personal fields of the clients' tables, each bound to its row."""

from backoffice.database.base import Base
from backoffice.staff.sealing import Sealer, place


def seal(sealer: Sealer, table: type[Base], column: str, text: str, *row: object) -> str:
    """Return a text as the column may hold it."""
    return sealer.seal(text, place(table.__tablename__, column, *row))


def seal_if_any(sealer: Sealer, table: type[Base], column: str, text: str, *row: object) -> str | None:
    """Return the same, or None for an empty text."""
    return seal(sealer, table, column, text, *row) if text else None


def opened(sealer: Sealer, table: type[Base], column: str, sealed: str | None, *row: object) -> str:
    """Return what was sealed, an empty text if nothing was."""
    return "" if sealed is None else sealer.open(sealed, place(table.__tablename__, column, *row))
