"""The tables of the clients: their files, what was found on them, and what staff have to do with them."""

from backoffice.crm.tables import check, desk, file, transfers

__all__ = ["check", "desk", "file", "transfers"]
