"""What reports keep for themselves: how the books stood, minute by minute. It is seen, and not derived."""

from sqlalchemy.orm import Mapped, mapped_column

from backoffice.database.base import Base, Int64, Name


class MarketSample(Base):
    """The best prices of an instrument as they were seen once in a minute; 0 stands for none."""

    __tablename__ = "market_samples"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own way to say it

    symbol: Mapped[Name] = mapped_column(primary_key=True)
    minute: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    """Minutes since the epoch."""
    sequence: Mapped[Int64]
    """The record after which it was so."""
    phase: Mapped[int]
    """As `engine.values.Phase`."""
    bid_price: Mapped[Int64]
    bid_qty: Mapped[Int64]
    ask_price: Mapped[Int64]
    ask_qty: Mapped[Int64]
