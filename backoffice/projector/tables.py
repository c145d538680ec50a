"""How far the projector has come. The rows that it derives from the journal stand in modules of their own."""

from sqlalchemy.orm import Mapped, mapped_column

from backoffice.database.base import Base, Hash, Int64, Name, TimeNs


class Position(Base):
    """The last record that is in the database, with all that follows from it."""

    __tablename__ = "position"

    follower: Mapped[Name] = mapped_column(primary_key=True)
    journal: Mapped[Hash]
    """Which journal: the hash of its first record's frame. A database belongs to one journal for ever."""
    sequence: Mapped[Int64]
    time_ns: Mapped[TimeNs]
