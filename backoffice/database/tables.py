"""All tables of the back office: importing this fills `metadata`. A module with tables of its own is listed here."""

from backoffice.database.base import Base
from backoffice.projector import tables as projector

__all__ = ["metadata", "projector"]

metadata = Base.metadata
